/** A small text that is kept in a file and replaced as a whole: after a power cut it is the old one or the new one. */
import { readFile } from 'node:fs/promises';
import { reasonOf, systemCodeOf } from '../errors.ts';
import { realFiles, replaceFile, type JournalFiles } from './files.ts';

/** The text, or undefined where there is none. Rejects with the system's own error when it is there and cannot be read. */
export async function readKeptText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Replaces the text; durable when it resolves. Rejects with the system's own error. */
export async function keepText(path: string, text: string, files: JournalFiles = realFiles): Promise<void> {
  await replaceFile(path, [Buffer.from(text)], files);
}

/** The same for a long text in pieces, each of which is only asked for when there is room to write it. */
export async function keepLongText(path: string, pieces: Iterable<string>): Promise<void> {
  await replaceFile(path, inParts(pieces), realFiles);
}

/** So much is written at once. */
const PART_BYTES = 64 * 1024;

/** The text in stretches of the same memory: each must be written before the next is asked for. */
function* inParts(pieces: Iterable<string>): Generator<Uint8Array> {
  const part = new Uint8Array(PART_BYTES);
  const encoder = new TextEncoder();
  let length = 0;
  for (const piece of pieces) {
    for (let rest = piece; rest !== '';) {
      const { read, written } = encoder.encodeInto(rest, part.subarray(length));
      rest = rest.slice(read);
      length += written;
      if (rest === '') break;
      yield part.subarray(0, length);
      length = 0;
    }
  }
  yield part.subarray(0, length);
}

/** The object that a kept text holds, and what was wrong if it holds none. */
export function readKeptObject(text: string): { readonly object: Record<string, unknown> } | { readonly reason: string } {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { object: value as Record<string, unknown> };
    return { reason: 'it is no JSON object' };
  } catch (error) {
    return { reason: reasonOf(error) };
  }
}
