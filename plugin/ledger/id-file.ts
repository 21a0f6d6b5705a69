/**
 * Ids of delivered events on disk, 12 bytes each: a head with the key of the hashes, and blocks that are appended, each with its own check. What is cut off or
 * flipped costs the ids from there on, never an event. Nothing is synced: a power cut forgets the last seconds, and their events are sent once more.
 */
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { INDEX_WORDS } from '../types.ts';
import type { JournalFile, JournalFiles } from './files.ts';

const MAGIC = 'o365ids1';
export const KEY_BYTES = 16;
const HEAD_BYTES = 40;
const BLOCK_HEAD_BYTES = 8;
export const ID_BYTES = 12;
/** Ids in a block at most; more in its head are damage. */
const BLOCK_IDS_MAX = 1_000_000;

export interface IdFileHead {
  readonly key: Buffer;
  readonly createdMs: number;
}

export interface IdFileReading extends IdFileHead {
  /** All ids, one behind the other. */
  readonly ids: readonly Buffer[];
  readonly idCount: number;
  /** How far the file is good, and how long it is. */
  readonly goodBytes: number;
  readonly fileBytes: number;
}

/** The head of a new file. */
function encodeHead({ key, createdMs }: IdFileHead): Buffer {
  const head = Buffer.alloc(HEAD_BYTES);
  head.write(MAGIC, 'latin1');
  key.copy(head, 8);
  head.writeDoubleLE(createdMs, 24);
  head.writeUInt32LE(crc32(head.subarray(0, 32)), 32);
  return head;
}

/** A block of the ids that these indexes of batches hold. */
export function encodeBlock(indexes: readonly Uint32Array[]): Buffer {
  const count = indexes.reduce((sum, index) => sum + index.length / INDEX_WORDS, 0);
  const block = Buffer.allocUnsafe(BLOCK_HEAD_BYTES + count * ID_BYTES);
  let at = BLOCK_HEAD_BYTES;
  for (const index of indexes) {
    for (let event = 0; event < index.length; event += INDEX_WORDS) {
      for (let word = 1; word < INDEX_WORDS; word += 1) at = block.writeUInt32LE(index[event + word] ?? 0, at);
    }
  }
  block.writeUInt32LE(count, 0);
  block.writeUInt32LE(crc32(block.subarray(BLOCK_HEAD_BYTES)), 4);
  return block;
}

/** Reads a file; undefined when it has no good head. Rejects with the system's own error. */
export async function readIdFile(path: string): Promise<IdFileReading | undefined> {
  const bytes = await readFile(path);
  if (bytes.length < HEAD_BYTES || bytes.toString('latin1', 0, 8) !== MAGIC || crc32(bytes.subarray(0, 32)) !== bytes.readUInt32LE(32)) return undefined;
  const ids: Buffer[] = [];
  let idCount = 0;
  let at = HEAD_BYTES;
  while (at + BLOCK_HEAD_BYTES <= bytes.length) {
    const count = bytes.readUInt32LE(at);
    const block = bytes.subarray(at + BLOCK_HEAD_BYTES, at + BLOCK_HEAD_BYTES + count * ID_BYTES);
    if (count > BLOCK_IDS_MAX || block.length < count * ID_BYTES || crc32(block) !== bytes.readUInt32LE(at + 4)) break;
    ids.push(block);
    idCount += count;
    at += BLOCK_HEAD_BYTES + block.length;
  }
  return { key: Buffer.from(bytes.subarray(8, 8 + KEY_BYTES)), createdMs: bytes.readDoubleLE(24), ids, idCount, goodBytes: at, fileBytes: bytes.length };
}

/** Opens a file to append to it: a new one with this head, or an old one behind what is good of it. */
export async function openIdFile(path: string, at: { readonly head: IdFileHead } | { readonly goodBytes: number }, files: JournalFiles): Promise<{ readonly file: JournalFile; readonly fileBytes: number }> {
  if ('goodBytes' in at) {
    await files.truncate(path, at.goodBytes);
    return { file: await files.open(path, false), fileBytes: at.goodBytes };
  }
  const file = await files.open(path, true);
  await file.append(encodeHead(at.head));
  return { file, fileBytes: HEAD_BYTES };
}
