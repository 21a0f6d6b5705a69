/** Reads a file of events on from where it was left: one event a line, or a JSON array. What lies before its position is delivered. */
import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { failure, type AuditError } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Batch } from '../types.ts';
import { type BlobSplitter, persist } from './carry.ts';
import { createDeliveries, type Deliveries, type DeliveryRooms } from './deliveries.ts';
import type { Signals } from './run.ts';

const CHUNK_BYTES = 256 * 1024;
/** After so many bytes it is waited until all is delivered and settled, and positions are saved: as much is delivered again after a kill. */
const STRETCH_BYTES = 32 * 1024 * 1024;
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

export interface OpenFile {
  readonly handle: FileHandle;
  /** By device and inode: whatever its name is by now. */
  readonly key: string;
  readonly name: string;
}

/** What reading files needs from the module, the ledger and the output. */
export interface ReadingOptions extends DeliveryRooms {
  /** A cut last line is a failure, for nobody comes back to it. */
  readonly once: boolean;
  readonly splitter: (file: string) => FileSplitter;
  readonly positions: { get(file: string): FilePosition | undefined; set(file: string, position: FilePosition): void; save(): Promise<void> };
  /** Keeps an event of a file that the output does not take, durably when it resolves. Rejects with DEAD_LETTERS_FULL when there is no room. */
  readonly leaveOut: (file: string, event: Batch, reason: AuditError) => Promise<void>;
  readonly log: Log;
  /** Learns of events as they are delivered, and how many the output does not take. */
  readonly delivered: (events: number, leftOut: number) => void;
}

export interface FileReading {
  /**
   * Reads to the end of the file, or until `stop`; resolves with how many bytes more are delivered. Throws COLLECT_FILE, BLOB_…, OUTPUT_… and MODULE_…
   * failures, the system's own errors, and the reason of `abandon`.
   */
  readOn(file: OpenFile, signals: Signals): Promise<number>;
  /** Makes the positions durable; waits for as long as the disk is full. */
  save(signal: AbortSignal): Promise<void>;
}

export function createFileReading(options: ReadingOptions): FileReading {
  const { positions, clock, once, log } = options;
  let unsavedBytes = 0;

  async function save(signal: AbortSignal): Promise<void> {
    await persist(() => positions.save(), clock, signal);
    unsavedBytes = 0;
  }

  return {
    save,
    async readOn(file, { stop, abandon }) {
      const { handle, key, name } = file;
      const { size } = await handle.stat();
      const from = await positionIn(handle, size, positions.get(key));
      if (from === size) return 0;
      const passage = new Passage(file, from, options, abandon);
      try {
        for (let stretchBytes = 0; !stop.aborted;) {
          const bytesRead = await passage.read();
          if (bytesRead === 0) break;
          stretchBytes += bytesRead;
          if (stretchBytes < STRETCH_BYTES) continue;
          await passage.note();
          stretchBytes = 0;
          await save(abandon);
        }
        unsavedBytes += stop.aborted ? await passage.note() : await passage.end();
        if (unsavedBytes >= STRETCH_BYTES) await save(abandon);
        log('file.delivered', { file: name, events: passage.eventCount });
        if (once && !stop.aborted && passage.waitingBytes > 0) throw failure('COLLECT_FILE', { file: name, reason: 'its last line is cut off, or still being written' });
        return passage.position - from;
      } finally {
        await passage.close();
      }
    },
  };
}

/** One way through a file, from its position on. */
class Passage {
  position: number;
  readonly #file: OpenFile;
  readonly #options: ReadingOptions;
  readonly #splitter: FileSplitter;
  readonly #deliveries: Deliveries;
  readonly #abandon: AbortSignal;
  #readBytes: number;
  #reported = { events: 0, leftOut: 0 };

  constructor(file: OpenFile, position: number, options: ReadingOptions, abandon: AbortSignal) {
    this.position = position;
    this.#file = file;
    this.#options = options;
    this.#readBytes = position;
    this.#abandon = abandon;
    this.#splitter = options.splitter(file.name);
    this.#deliveries = createDeliveries(options, {
      // who puts a file there wants all of it
      all: true,
      leaveOut: (event, reason) => persist(() => options.leaveOut(file.name, event, reason), options.clock, abandon),
      signal: abandon,
    });
  }

  get eventCount(): number {
    return this.#splitter.eventCount;
  }

  /** Bytes at the end that are no whole line yet. */
  get waitingBytes(): number {
    return this.#splitter.waitingBytes;
  }

  /** Hands over the next piece; resolves with its size, 0 at the end. */
  async read(): Promise<number> {
    // the splitter keeps what it is given
    const chunk = Buffer.allocUnsafeSlow(CHUNK_BYTES);
    const { bytesRead } = await this.#file.handle.read(chunk, 0, CHUNK_BYTES, this.#readBytes);
    this.#readBytes += bytesRead;
    for (const batch of this.#splitter.push(chunk.subarray(0, bytesRead))) await this.#deliveries.send(batch);
    return bytesRead;
  }

  /** Waits until all whole lines are delivered, and notes so; an array is whole only at its end. Resolves with how far the position has moved. */
  async note(): Promise<number> {
    await this.#flush();
    return this.#splitter.isArray ? 0 : this.#move(this.#readBytes - this.waitingBytes);
  }

  /** The file ends here, for now. */
  async end(): Promise<number> {
    await this.#flush();
    if (!this.#splitter.isArray) return this.#move(this.#readBytes - this.waitingBytes);
    for (const batch of this.#splitter.end()) await this.#deliveries.send(batch);
    return this.#move(this.#readBytes);
  }

  /** Only then is it certain what the text is. */
  async #flush(): Promise<void> {
    for (const batch of this.#splitter.flush()) await this.#deliveries.send(batch);
  }

  async close(): Promise<void> {
    this.#splitter.close();
    await this.#deliveries.ended();
  }

  async #move(position: number): Promise<number> {
    await this.#deliveries.ended();
    this.#deliveries.throwFailure();
    const movedBytes = position - this.position;
    if (movedBytes === 0) return 0;
    await this.#deliveries.settled(this.#abandon);
    const { handle, key } = this.#file;
    this.#options.positions.set(key, { bytes: position, ...await headOf(handle, position) });
    this.position = position;
    const { leftOut } = this.#deliveries;
    const events = this.eventCount - leftOut;
    this.#options.delivered(events - this.#reported.events, leftOut - this.#reported.leftOut);
    this.#reported = { events, leftOut };
    return movedBytes;
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
