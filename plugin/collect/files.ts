/**
 * Events from files instead of the API. Files are looked for again and again, read on as they grow, and known again when they were renamed; one that lately
 * grew stays open, so that nothing written to it before it was rotated away is missed.
 */
import { open } from 'node:fs/promises';
import { AuditError, failure, reasonOf, systemCodeOf } from '../errors.ts';
import { endsTheRun } from './carry.ts';
import { createFileReading, type OpenFile, type ReadingOptions } from './file-reading.ts';
import { matchingFiles } from './paths.ts';
import { quietly, type Collector, type Signals } from './run.ts';

/** How often patterns are looked through for new files and new lines. */
export const SCAN_INTERVAL_MS = 10_000;
/** A file that has not grown for so long is closed; were it rotated away right after it grew again, its new name would have to match. */
const QUIET_MS = 5 * 60_000;
const OPEN_LIMIT = 128;

export interface FileOptions extends ReadingOptions {
  readonly paths: readonly string[];
  /** A file that failed is left alone for so long. */
  readonly errorRetryIntervalMs: number;
  /** Called once files are looked for. */
  readonly started: () => void;
  /** Called when all that there was has been delivered, as often as something was. */
  readonly caughtUp: () => void;
}

/** A collector of files; a file that cannot be read does not stop the others. */
export function createFileCollector(options: FileOptions): Collector {
  return new FileCollector(options);
}

interface Followed extends OpenFile {
  readonly grownAtMs: number;
}

interface Trouble {
  readonly failure: AuditError;
  readonly bytes: number;
  readonly atMs: number;
}

class FileCollector implements Collector {
  isIdle = false;
  readonly #options: FileOptions;
  readonly #reading: ReturnType<typeof createFileReading>;
  /** By device and inode; the one that grew last is the last. */
  readonly #followed = new Map<string, Followed>();
  readonly #troubles = new Map<string, Trouble>();
  /** What this scan and the one before said of a name: the same is said once. */
  #said = new Map<string, string>();
  #saidBefore = new Map<string, string>();

  constructor(options: FileOptions) {
    this.#options = options;
    this.#reading = createFileReading(options);
  }

  async run(signals: Signals): Promise<AuditError | undefined> {
    const { once, clock, log, started, caughtUp } = this.#options;
    started();
    try {
      for (let isFirst = true; ; isFirst = false) {
        this.isIdle = false;
        const { failures, grown } = await this.#scan(signals);
        await this.#reading.save(signals.abandon);
        this.isIdle = true;
        if (failures.length === 0 && (grown > 0 || isFirst) && !signals.stop.aborted) caughtUp();
        if (once || signals.stop.aborted) return failures[0];
        await quietly(clock.wait(SCAN_INTERVAL_MS, signals.stop), signals.stop);
      }
    } finally {
      for (const { handle } of this.#followed.values()) await handle.close();
      // what cannot be saved any more is delivered again by the next run, under the same ids
      await this.#options.positions.save().catch((error: unknown) => log('collect.state_unusable', { reason: reasonOf(error) }));
    }
  }

  /** Looks at every file once; resolves with what failed, and how many bytes were delivered. */
  async #scan(signals: Signals): Promise<{ readonly failures: readonly AuditError[]; readonly grown: number }> {
    const failures: AuditError[] = [];
    const seen = new Set<string>();
    let grown = 0;
    this.#saidBefore = this.#said;
    this.#said = new Map();
    const attempt = async (name: string, look: () => Promise<number>): Promise<void> => {
      try {
        grown += await look();
      } catch (error) {
        signals.abandon.throwIfAborted();
        const failed = this.#failureOf(name, error);
        if (failed !== undefined) failures.push(failed);
      }
    };
    const files = await matchingFiles(this.#options.paths, (folder, error) => void failures.push(this.#say(folder, error)));
    if (files.length === 0 && failures.length === 0) this.#sayOnce('', 'file.none', { paths: this.#options.paths.join(' ') });
    for (const name of files) {
      if (signals.stop.aborted) break;
      await attempt(name, () => this.#look(name, seen, signals));
    }
    for (const { key, name } of [...this.#followed.values()]) {
      const file = this.#followed.get(key);
      if (signals.stop.aborted || file === undefined) continue;
      // its name is gone, or another file's: it was rotated away
      if (!seen.has(key)) await attempt(name, () => this.#readOn(file, signals));
      const isQuiet = this.#options.clock.nowMs() - (this.#followed.get(key)?.grownAtMs ?? 0) >= QUIET_MS;
      if (isQuiet) await this.#letGo(file);
    }
    for (const key of this.#troubles.keys()) if (!seen.has(key)) this.#troubles.delete(key);
    return { failures, grown };
  }

  async #look(name: string, seen: Set<string>, signals: Signals): Promise<number> {
    const handle = await open(name);
    let isKept = false;
    try {
      const { dev, ino } = await handle.stat({ bigint: true });
      const key = `${dev}:${ino}`;
      seen.add(key);
      const file = this.#followed.get(key) ?? { handle, key, name, grownAtMs: this.#options.clock.nowMs() };
      const bytes = await this.#readOn({ ...file, name }, signals);
      isKept = this.#followed.get(key)?.handle === handle;
      return bytes;
    } finally {
      if (!isKept) await handle.close();
    }
  }

  async #readOn(file: Followed, signals: Signals): Promise<number> {
    const { clock, errorRetryIntervalMs } = this.#options;
    const { size } = await file.handle.stat();
    const trouble = this.#troubles.get(file.key);
    // an array that is not whole is no better until it grows; other troubles may pass
    if (trouble !== undefined && (trouble.failure.code.startsWith('BLOB_') ? size === trouble.bytes : clock.nowMs() - trouble.atMs < errorRetryIntervalMs)) throw trouble.failure;
    this.#troubles.delete(file.key);
    try {
      const bytes = await this.#reading.readOn(file, signals);
      if (bytes > 0 && !this.#options.once) await this.#follow({ ...file, grownAtMs: clock.nowMs() });
      return bytes;
    } catch (error) {
      if (error instanceof AuditError) this.#troubles.set(file.key, { failure: error, bytes: size, atMs: clock.nowMs() });
      throw error;
    }
  }

  async #follow(file: Followed): Promise<void> {
    this.#followed.delete(file.key);
    this.#followed.set(file.key, file);
    const [first] = this.#followed.values();
    if (this.#followed.size > OPEN_LIMIT && first !== undefined) await this.#letGo(first);
  }

  async #letGo({ key, handle }: Followed): Promise<void> {
    this.#followed.delete(key);
    await handle.close();
  }

  /** The failure of one file; undefined when it only went away. Throws what concerns the run. */
  #failureOf(name: string, error: unknown): AuditError | undefined {
    const isOfSystem = error instanceof Error && 'syscall' in error;
    if (isOfSystem && systemCodeOf(error) === 'ENOENT') return undefined;
    if (!isOfSystem && (!(error instanceof AuditError) || endsTheRun(error))) throw error;
    return this.#say(name, error);
  }

  #say(name: string, error: unknown): AuditError {
    const failed = error instanceof AuditError && error.code === 'COLLECT_FILE' ? error : failure('COLLECT_FILE', { file: name, reason: reasonOf(error) }, error);
    this.#sayOnce(name, 'file.failed', { file: name, reason: String(failed.values.reason) });
    return failed;
  }

  #sayOnce(name: string, line: 'file.failed' | 'file.none', values: Readonly<Record<string, string>>): void {
    const text = JSON.stringify(values);
    if (this.#saidBefore.get(name) !== text) this.#options.log(line, values);
    this.#said.set(name, text);
  }
}
