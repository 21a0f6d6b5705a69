/**
 * The generations of ids of delivered events: each a table in memory and a file of its own. New ids go to the newest; the oldest goes as a whole when its time is
 * over or a limit is reached.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock } from '../types.ts';
import { realFiles, type JournalFile, type JournalFiles } from './files.ts';
import { encodeBlock, ID_BYTES, KEY_BYTES, openIdFile, readIdFile, type IdFileReading } from './id-file.ts';
import { capacityFor, capacityWithin, DELIVERED, IdTable } from './id-table.ts';

/** A generation takes the ids of so long. */
const GENERATION_MS = 86_400_000;
/** So much of the limits is one generation's at most: what is forgotten at once. */
const GENERATIONS_WITHIN_LIMIT = 8;
const NAME = /^\d{15}\.ids$/;

export interface GenerationsOptions {
  /** The state directory, which must be held. */
  readonly directory: string;
  /** Ids are kept for so long at least, unless a limit is reached. */
  readonly retentionMs: number;
  readonly memoryLimitBytes: number;
  readonly diskLimitBytes: number;
  /** The time by the service's clock; undefined while nobody knows it. Only by this ids are too old: this machine's clock may be days ahead. */
  readonly serviceNowMs: () => number | undefined;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests: another file system. */
  readonly files?: JournalFiles;
}

interface Generation {
  readonly path: string;
  readonly createdMs: number;
  readonly table: IdTable;
  /** As far as the file is good. */
  fileBytes: number;
}

interface Found {
  readonly path: string;
  readonly reading: IdFileReading;
}

/** Opens all that earlier runs left. Throws LEDGER_DIRECTORY. */
export async function openGenerations(options: GenerationsOptions): Promise<Generations> {
  const folder = join(options.directory, 'delivered');
  const { files = realFiles, log } = options;
  const found: Found[] = [];
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    for (const name of (await readdir(folder)).filter((each) => NAME.test(each)).sort()) {
      const path = join(folder, name);
      const reading = await readIdFile(path);
      if (reading !== undefined && reading.goodBytes < reading.fileBytes) log('dedupe.cut', { file: path, bytes: reading.fileBytes - reading.goodBytes });
      // those that are too old go when there are new ones: the service has said what time it is by then
      if (reading !== undefined) found.push({ path, reading });
      else await files.remove(path);
    }
  } catch (error) {
    throw failure('LEDGER_DIRECTORY', { directory: folder, reason: reasonOf(error) }, error);
  }
  return new Generations({ ...options, files }, folder, found);
}

/** Whether ids of a generation may still be needed; those from the future are, for the clock may have been set back. */
function isYoung(createdMs: number, nowMs: number, retentionMs: number): boolean {
  return nowMs - createdMs < GENERATION_MS + retentionMs;
}

export class Generations {
  /** Of all hashes; it is lost together with the files. */
  readonly key: Buffer;
  readonly #options: Required<GenerationsOptions>;
  readonly #folder: string;
  readonly #capacityMax: number;
  /** The newest last. */
  readonly #generations: Generation[] = [];
  /** Indexes of batches whose ids are not written. */
  #unwritten: Uint32Array[] = [];
  #writing: Promise<void> | undefined;
  #open: { readonly path: string; readonly file: JournalFile } | undefined;
  #lastName = 0;
  #saidLimit = false;
  #saidFailure = false;

  constructor(options: Required<GenerationsOptions>, folder: string, found: readonly Found[]) {
    this.#options = options;
    this.#folder = folder;
    this.#capacityMax = capacityWithin(options.memoryLimitBytes / GENERATIONS_WITHIN_LIMIT);
    this.key = found.at(-1)?.reading.key ?? randomBytes(KEY_BYTES);
    for (const { path, reading } of found) {
      this.#lastName = Number.parseInt(path.slice(-'000000000000000.ids'.length), 10);
      // hashes under another key are of no use
      if (reading.key.equals(this.key)) this.#take(path, reading);
    }
  }

  get counts(): { readonly ids: number; readonly memoryBytes: number; readonly diskBytes: number } {
    const sum = (of: (generation: Generation) => number): number => this.#generations.reduce((total, generation) => total + of(generation), 0);
    return { ids: sum(({ table }) => table.size), memoryBytes: sum(({ table }) => table.bytes), diskBytes: sum(({ fileBytes }) => fileBytes) };
  }

  /** The table that has the id, and its place there. */
  find(first: number, second: number, third: number): { readonly table: IdTable; readonly place: number } | undefined {
    for (let generation = this.#generations.length - 1; generation >= 0; generation -= 1) {
      const table = this.#generations[generation]?.table;
      const place = table?.find(first, second, third) ?? -1;
      if (table !== undefined && place >= 0) return { table, place };
    }
    return undefined;
  }

  /** The table for so many new ids: a new generation when the newest is old or full; the oldest are forgotten as their time and the limits demand. */
  roomFor(count: number): IdTable {
    const { clock, serviceNowMs, retentionMs, memoryLimitBytes, diskLimitBytes } = this.#options;
    const nowMs = serviceNowMs();
    const last = this.#generations.at(-1);
    const isOver = last === undefined || (nowMs !== undefined && Math.abs(nowMs - last.createdMs) >= GENERATION_MS) || last.fileBytes > diskLimitBytes / GENERATIONS_WITHIN_LIMIT || last.table.isFullWith(count);
    const newest = isOver ? this.#begin(nowMs ?? clock.nowMs(), count) : last;
    for (let oldest = this.#generations[0]; oldest !== undefined && oldest !== newest; oldest = this.#generations[0]) {
      const { memoryBytes, diskBytes } = this.counts;
      const isTooMuch = memoryBytes - newest.table.bytes + newest.table.bytesWith(count) > memoryLimitBytes || diskBytes > diskLimitBytes;
      if (!isTooMuch && (nowMs === undefined || isYoung(oldest.createdMs, nowMs, retentionMs))) break;
      if (isTooMuch && !this.#saidLimit) this.#options.log('dedupe.limit', { forgotten: new Date(oldest.createdMs).toISOString(), memoryLimitBytes, diskLimitBytes });
      this.#saidLimit ||= isTooMuch;
      this.#generations.shift();
      this.#options.files.remove(oldest.path).catch((error: unknown) => this.#say(error));
    }
    return newest.table;
  }

  /** Writes the ids of an index soon, together with others. */
  write(index: Uint32Array): void {
    this.#unwritten.push(index);
    this.#writing ??= this.#writeAll();
  }

  /** Resolves when all is written, though not synced. Never rejects: what cannot be written is said, and forgotten by the next start. */
  async written(): Promise<void> {
    while (this.#writing !== undefined) await this.#writing;
  }

  async close(): Promise<void> {
    await this.written();
    await this.#open?.file.close();
    this.#open = undefined;
  }

  #begin(nowMs: number, count: number): Generation {
    this.#lastName = Math.max(Math.floor(nowMs), this.#lastName + 1);
    const generation: Generation = {
      path: join(this.#folder, `${String(this.#lastName).padStart(15, '0')}.ids`), createdMs: nowMs, fileBytes: 0, table: new IdTable(Math.max(this.#capacityMax, capacityFor(count))),
    };
    this.#generations.push(generation);
    return generation;
  }

  #take(path: string, { createdMs, ids, idCount, goodBytes }: IdFileReading): void {
    const table = new IdTable(Math.max(this.#capacityMax, capacityFor(idCount)), idCount);
    for (const block of ids) {
      for (let at = 0; at < block.length; at += ID_BYTES) {
        const first = block.readUInt32LE(at);
        const second = block.readUInt32LE(at + 4);
        const third = block.readUInt32LE(at + 8);
        if (table.find(first, second, third) < 0) table.add(first, second, third, DELIVERED);
      }
    }
    this.#generations.push({ path, createdMs, table, fileBytes: goodBytes });
  }

  async #writeAll(): Promise<void> {
    await Promise.resolve();
    while (this.#unwritten.length > 0) {
      const block = encodeBlock(this.#unwritten);
      this.#unwritten = [];
      const newest = this.#generations.at(-1);
      if (newest === undefined) break;
      try {
        await (await this.#fileOf(newest)).append(block);
        newest.fileBytes += block.length;
        this.#saidFailure = false;
      } catch (error) {
        this.#say(error);
        // it may end in half a block now, and is cut when it is opened again
        await this.#open?.file.close().catch(() => undefined);
        this.#open = undefined;
      }
    }
    this.#writing = undefined;
  }

  async #fileOf(generation: Generation): Promise<JournalFile> {
    const { path, createdMs, fileBytes } = generation;
    if (this.#open?.path === path) return this.#open.file;
    await this.#open?.file.close();
    this.#open = undefined;
    const opened = await openIdFile(path, fileBytes === 0 ? { head: { key: this.key, createdMs } } : { goodBytes: fileBytes }, this.#options.files);
    generation.fileBytes = opened.fileBytes;
    this.#open = { path, file: opened.file };
    return opened.file;
  }

  /** Ids that cannot be written cost events that are sent twice after the next start, and nothing else. */
  #say(error: unknown): void {
    if (!this.#saidFailure) this.#options.log('dedupe.write_failed', { folder: this.#folder, reason: reasonOf(error) });
    this.#saidFailure = true;
  }
}
