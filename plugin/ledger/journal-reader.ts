/** Reads a journal from disk: every line that passes its check, the number of every one that does not, and what a kill left at the end. */
import { open } from 'node:fs/promises';
import { systemCodeOf } from '../errors.ts';
import { decodeLine, LINE_BYTES_MAX } from './line.ts';

const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;

export interface JournalReading {
  /** Bytes of whole lines, good or bad; what lies behind them was cut off while it was written. */
  readonly wholeBytes: number;
  /** Bytes of the cut last line, 0 if there is none. */
  readonly cutBytes: number;
  /** What the cut last line says, if only its newline is missing. */
  readonly cutLine: Readonly<Record<string, unknown>> | undefined;
}

/** Who hears of the lines; numbers count from 1. Returning false from `good` stops the reading. */
export interface LineListener {
  good(value: Readonly<Record<string, unknown>>, line: number): boolean;
  bad(line: number): void;
}

/** Reads a journal, or nothing if there is no such file. Throws what the file system throws. */
export async function readJournal(path: string, listener: LineListener): Promise<JournalReading> {
  const lines = new LineSplitter(listener);
  const file = await open(path, 'r').catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  });
  if (file === undefined) return lines.end();
  try {
    for (;;) {
      const chunk = Buffer.allocUnsafe(CHUNK_BYTES);
      const { bytesRead } = await file.read(chunk, 0, CHUNK_BYTES);
      if (bytesRead === 0 || !lines.take(chunk.subarray(0, bytesRead))) break;
    }
  } finally {
    await file.close();
  }
  return lines.end();
}

class LineSplitter {
  readonly #listener: LineListener;
  /** The beginning of a line that goes on in the next chunk; of a line that is too long only the fact that it is. */
  #rest: Buffer[] = [];
  #restBytes = 0;
  #line = 0;
  #wholeBytes = 0;

  constructor(listener: LineListener) {
    this.#listener = listener;
  }

  /** Takes the next bytes; false if the listener wants no more. */
  take(chunk: Buffer): boolean {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      this.#keep(chunk.subarray(start, end));
      start = end + 1;
      this.#wholeBytes += this.#restBytes + 1;
      if (!this.#tell(this.#takeRest())) return false;
    }
    this.#keep(chunk.subarray(start));
    return true;
  }

  end(): JournalReading {
    const cutBytes = this.#restBytes;
    return { wholeBytes: this.#wholeBytes, cutBytes, cutLine: decodeLine(this.#takeRest()) };
  }

  #keep(bytes: Buffer): void {
    this.#restBytes += bytes.length;
    if (this.#restBytes <= LINE_BYTES_MAX) this.#rest.push(bytes);
    else this.#rest = [];
  }

  #takeRest(): Buffer {
    const [only, ...more] = this.#rest;
    const line = only === undefined ? Buffer.alloc(0) : more.length === 0 ? only : Buffer.concat(this.#rest);
    this.#rest = [];
    this.#restBytes = 0;
    return line;
  }

  #tell(line: Buffer): boolean {
    this.#line += 1;
    const value = decodeLine(line);
    if (value !== undefined) return this.#listener.good(value, this.#line);
    this.#listener.bad(this.#line);
    return true;
  }
}
