/**
 * An append-only file that is written in groups: however many facts come while the disk is busy, one sync makes all of them durable. When the file
 * has grown, or a write failed, a new one is written from memory and takes its place by rename; so a half-written line is never followed by another.
 */
import { dirname } from 'node:path';
import { failure, reasonOf, type AuditError } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock } from '../types.ts';
import { writeFailure, type JournalFile, type JournalFiles } from './files.ts';

/** A journal is written anew when it is larger than this, and than so many times its last snapshot. */
export const SNAPSHOT_BYTES_MIN = 4 * 1024 * 1024;
const SNAPSHOT_FACTOR = 2;
/** How much of a snapshot is written at once. */
const SNAPSHOT_CHUNK_BYTES = 1024 * 1024;
/** After a failed write the disk is not asked again sooner than this. */
const MENDING_INTERVAL_MS = 1_000;

export interface JournalOptions {
  readonly path: string;
  /** The whole state as lines, taken at one moment. */
  readonly snapshot: () => Iterable<string>;
  readonly files: JournalFiles;
  readonly clock: Clock;
  readonly log: Log;
  /** For tests: write anew when larger than this. */
  readonly snapshotBytesMin?: number;
}

/** A fact on its way to the disk; `commit` if memory takes it in only when it is there. */
interface Entry {
  readonly line: string;
  readonly commit?: {
    readonly apply: () => void;
    readonly resolve: () => void;
    readonly reject: (error: AuditError) => void;
  };
}

export class Journal {
  readonly #options: JournalOptions;
  readonly #closing = new AbortController();
  #file: JournalFile | undefined;
  #bytes = 0;
  #snapshotAtBytes: number;
  #entries: Entry[] = [];
  #writing: Promise<void> | undefined;
  /** Set while the file may end in half a line, or lacks facts that are in memory; only a snapshot mends that. */
  #brokenSinceMs: number | undefined;

  constructor(options: JournalOptions) {
    this.#options = options;
    this.#snapshotAtBytes = options.snapshotBytesMin ?? SNAPSHOT_BYTES_MIN;
  }

  /** Opens an existing file of `bytes`, or, if there is none or it must be replaced, writes one. A disk that refuses is reported by later commits. */
  async open(bytes: number | undefined): Promise<void> {
    try {
      if (bytes === undefined) await this.#writeSnapshot([]);
      else {
        this.#file = await this.#options.files.open(this.#options.path, false);
        this.#bytes = bytes;
      }
    } catch (error) {
      this.#break(error);
    }
  }

  /** Notes a fact that memory holds already; it becomes durable with the next group. */
  append(line: string): void {
    if (this.#closing.signal.aborted) return;
    this.#entries.push({ line });
    this.#wake();
  }

  /** Notes a fact and resolves when it is durable; `apply` puts it into memory at that moment. Rejects with LEDGER_DISK_FULL, LEDGER_WRITE or LEDGER_CLOSED. */
  commit(line: string, apply: () => void): Promise<void> {
    if (this.#closing.signal.aborted) return Promise.reject(failure('LEDGER_CLOSED', { file: this.#options.path }));
    return new Promise((resolve, reject) => {
      this.#entries.push({ line, commit: { apply, resolve, reject } });
      this.#wake();
    });
  }

  /** Writes what is waiting, tries once more to mend what is broken, and closes the file. Facts that come later are ignored, commits are rejected. */
  async close(): Promise<void> {
    this.#closing.abort(new Error('the ledger is closing'));
    await this.#writing;
    // That it cannot be written has been said already.
    if (this.#brokenSinceMs !== undefined) await this.#writeSnapshot([]).catch(() => undefined);
    await this.#file?.close();
    this.#file = undefined;
  }

  #wake(): void {
    this.#writing ??= this.#write();
  }

  async #write(): Promise<void> {
    // Whoever adds a fact in this very turn joins the first group.
    await Promise.resolve();
    while (this.#entries.length > 0) {
      if (this.#brokenSinceMs !== undefined) await this.#restUntilMending();
      const group = this.#entries;
      this.#entries = [];
      try {
        await this.#writeGroup(group);
        // Applied in the same turn, so that a snapshot of memory taken next holds them.
        for (const { commit } of group) {
          commit?.apply();
          commit?.resolve();
        }
      } catch (error) {
        const refusal = this.#break(error);
        for (const { commit } of group) commit?.reject(refusal);
      }
    }
    // In the same turn as the last look at the entries: the next fact starts the next writing.
    this.#writing = undefined;
  }

  async #writeGroup(group: readonly Entry[]): Promise<void> {
    const file = this.#file;
    if (file === undefined || this.#brokenSinceMs !== undefined) return this.#writeSnapshot(group);
    if (this.#bytes > this.#snapshotAtBytes && await this.#renew(file, group)) return;
    const bytes = Buffer.from(group.map(({ line }) => line).join(''));
    await file.append(bytes);
    await file.sync();
    this.#bytes += bytes.length;
  }

  /** Writes a grown journal anew; false if that is not possible now and the old file serves on. */
  async #renew(file: JournalFile, group: readonly Entry[]): Promise<boolean> {
    try {
      await this.#writeSnapshot(group);
      return true;
    } catch (error) {
      // Once the new file has the old one's name, there is no way back.
      if (this.#file !== file) throw error;
      this.#snapshotAtBytes = this.#bytes * SNAPSHOT_FACTOR;
      this.#options.log('ledger.snapshot_failed', { file: this.#options.path, reason: reasonOf(error) });
      return false;
    }
  }

  /** Writes memory, and what is not in it yet, into a new file, and puts that in the old one's place. */
  async #writeSnapshot(group: readonly Entry[]): Promise<void> {
    const { path, files, snapshot, log, snapshotBytesMin = SNAPSHOT_BYTES_MIN } = this.#options;
    const newPath = `${path}.new`;
    const chunks = inChunks(snapshot(), group);
    const old = this.#file;
    const file = await files.open(newPath, true);
    try {
      for (const chunk of chunks) await file.append(chunk);
      await file.sync();
      await files.rename(newPath, path);
    } catch (error) {
      await file.close();
      // Its room may be what the old file needs; if it cannot be removed, the next snapshot overwrites it.
      await files.remove(newPath).catch(() => undefined);
      throw error;
    }
    this.#file = file;
    this.#bytes = chunks.reduce((bytes, { length }) => bytes + length, 0);
    this.#snapshotAtBytes = Math.max(snapshotBytesMin, this.#bytes * SNAPSHOT_FACTOR);
    await old?.close();
    await files.syncFolder(dirname(path));
    log('ledger.snapshot', { file: path, bytes: this.#bytes });
    if (this.#brokenSinceMs !== undefined) log('ledger.mended', { file: path });
    this.#brokenSinceMs = undefined;
  }

  #break(error: unknown): AuditError {
    const { path, clock, log } = this.#options;
    if (this.#brokenSinceMs === undefined) log('ledger.write_failed', { file: path, reason: reasonOf(error) });
    this.#brokenSinceMs = clock.nowMs();
    return writeFailure(path, error);
  }

  /** Lets some time pass since the last failure, so that a full disk is not hammered; not when closing, which has one last try. */
  async #restUntilMending(): Promise<void> {
    const { clock } = this.#options;
    const passedMs = clock.nowMs() - (this.#brokenSinceMs ?? 0);
    if (this.#closing.signal.aborted || passedMs < 0 || passedMs >= MENDING_INTERVAL_MS) return;
    await clock.wait(MENDING_INTERVAL_MS - passedMs, this.#closing.signal).catch(() => undefined);
  }
}

/** All lines as bytes, in pieces of a good size to write. They are taken before anything is written: memory goes on changing meanwhile. */
function inChunks(state: Iterable<string>, group: readonly Entry[]): Buffer[] {
  const chunks: Buffer[] = [];
  let part = '';
  const take = (line: string): void => {
    part += line;
    if (part.length < SNAPSHOT_CHUNK_BYTES) return;
    chunks.push(Buffer.from(part));
    part = '';
  };
  for (const line of state) take(line);
  for (const { line, commit } of group) if (commit !== undefined) take(line);
  chunks.push(Buffer.from(part));
  return chunks;
}
