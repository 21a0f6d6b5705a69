/**
 * Events from files instead of the API: one event a line, or a JSON array. A file is read on where the last run stopped, followed as it grows, and known again when
 * it was renamed. What lies before a position is delivered.
 */
import { createHash } from 'node:crypto';
import { open, type FileHandle } from 'node:fs/promises';
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, Output } from '../types.ts';
import type { BytesInFlight } from './bytes-in-flight.ts';
import { type BlobSplitter, endsTheRun } from './carry.ts';
import { createDeliveries } from './deliveries.ts';
import { matchingFiles } from './paths.ts';
import type { Collector, Signals } from './run.ts';
import { quietly } from './tenant.ts';

/** How often patterns are looked through for new files and new lines. */
export const SCAN_INTERVAL_MS = 10_000;
const CHUNK_BYTES = 256 * 1024;
/** After so many bytes it is waited until all is delivered, and the position is noted. */
const STRETCH_BYTES = 8 * 1024 * 1024;
const HEAD_BYTES = 1024;

export interface FileSplitter extends BlobSplitter {
  flush(): ReturnType<BlobSplitter['push']>;
  readonly waitingBytes: number;
  readonly isArray: boolean;
}

export interface FilePosition {
  readonly bytes: number;
  readonly head: string;
  readonly headBytes: number;
}

/** What reading files needs from the module, the ledger and the output. */
export interface FileOptions {
  readonly paths: readonly string[];
  /** End at the end of the files. */
  readonly once: boolean;
  readonly splitter: (file: string) => FileSplitter;
  readonly positions: { get(file: string): FilePosition | undefined; set(file: string, position: FilePosition): Promise<void> };
  readonly output: Output;
  readonly bytesInFlight: BytesInFlight;
  readonly clock: Clock;
  readonly log: Log;
  readonly delivered: (events: number) => void;
}

/** A collector of files; a file that cannot be read does not stop the others. */
export function createFileCollector(options: FileOptions): Collector {
  const { paths, once, clock, log } = options;
  let isIdle = false;
  return {
    get isIdle() { return isIdle; },
    async run(signals) {
      for (;;) {
        isIdle = false;
        const failures: AuditError[] = [];
        const files = await matchingFiles(paths, (folder, error) => {
          log('file.failed', { file: folder, reason: reasonOf(error) });
          failures.push(failure('COLLECT_FILE', { file: folder, reason: reasonOf(error) }, error));
        });
        for (const file of files) {
          if (signals.stop.aborted) return undefined;
          const failed = await readFile(file, options, signals);
          if (failed !== undefined) failures.push(failed);
        }
        isIdle = true;
        if (once || signals.stop.aborted) return failures[0];
        await quietly(clock.wait(SCAN_INTERVAL_MS, signals.stop), signals.stop);
      }
    },
  };
}

/** Reads a file from its position to its end; resolves with what failed. Throws what concerns the run. */
async function readFile(file: string, options: FileOptions, signals: Signals): Promise<AuditError | undefined> {
  try {
    const handle = await open(file);
    try {
      await readOn(file, handle, options, signals);
    } finally {
      await handle.close();
    }
    return undefined;
  } catch (error) {
    signals.abandon.throwIfAborted();
    if (endsTheRun(error) && !isOfSystem(error)) throw error;
    options.log('file.failed', { file, reason: reasonOf(error) });
    return error instanceof AuditError && error.code === 'COLLECT_FILE' ? error : failure('COLLECT_FILE', { file, reason: reasonOf(error) }, error);
  }
}

async function readOn(file: string, handle: FileHandle, options: FileOptions, { stop, abandon }: Signals): Promise<void> {
  const { positions, log, once, delivered } = options;
  const { dev, ino, size } = await handle.stat();
  const key = `${dev}:${ino}`;
  let position = await positionIn(handle, size, positions.get(key));
  if (position === size) return;
  const splitter = options.splitter(file);
  const deliveries = createDeliveries(options.output, options.bytesInFlight, (error) => log('event.lost', { file, reason: error.message }), abandon);
  const settle = async (): Promise<void> => {
    await deliveries.settled();
    deliveries.throwFailure();
  };
  let read = position;
  let events = 0;
  const keep = async (): Promise<void> => {
    for (const batch of splitter.flush()) await deliveries.send(batch);
    await settle();
    if (splitter.isArray || position === read - splitter.waitingBytes) return;
    position = read - splitter.waitingBytes;
    await positions.set(key, { bytes: position, ...await headOf(handle, position) });
    delivered(splitter.eventCount - events);
    events = splitter.eventCount;
  };
  try {
    for (let unsettled = 0; !stop.aborted;) {
      const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
      const { bytesRead } = await handle.read(chunk, 0, CHUNK_BYTES, read);
      if (bytesRead === 0) break;
      read += bytesRead;
      for (const batch of splitter.push(chunk.subarray(0, bytesRead))) await deliveries.send(batch);
      unsettled += bytesRead;
      if (unsettled < STRETCH_BYTES) continue;
      await keep();
      unsettled = 0;
    }
    if (!splitter.isArray) {
      await keep();
      if (once && !stop.aborted && splitter.waitingBytes > 0) throw failure('COLLECT_FILE', { file, reason: 'its last line is cut off, or still being written' });
    } else if (!stop.aborted) {
      for (const batch of splitter.end()) await deliveries.send(batch);
      await settle();
      await positions.set(key, { bytes: read, ...await headOf(handle, read) });
      delivered(splitter.eventCount);
    }
    log('file.delivered', { file, events: splitter.eventCount });
  } finally {
    splitter.close();
    await deliveries.settled();
  }
}

/** Where to go on: at the beginning, if the file is another one than the position's, or was cut. */
async function positionIn(handle: FileHandle, size: number, known: FilePosition | undefined): Promise<number> {
  if (known === undefined || known.bytes > size) return 0;
  const { head } = await headOf(handle, known.headBytes);
  return head === known.head ? known.bytes : 0;
}

/** A hash of the file's beginning, of at most `limitBytes`. */
async function headOf(handle: FileHandle, limitBytes: number): Promise<{ readonly head: string; readonly headBytes: number }> {
  const bytes = Buffer.alloc(Math.min(limitBytes, HEAD_BYTES));
  const { bytesRead } = await handle.read(bytes, 0, bytes.length, 0);
  return { head: createHash('sha256').update(bytes.subarray(0, bytesRead)).digest('hex'), headBytes: bytesRead };
}

/** Whether an error is one of the file system. */
function isOfSystem(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}
