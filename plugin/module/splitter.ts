/**
 * Splits a content blob (a JSON array of audit events) into finished records while it streams in. Memory depends on the largest single event and on the batch
 * size, not on the blob: what is left of a chunk behind its last whole event waits for the next one.
 */
import { failure } from '../errors.ts';
import type { Batch } from '../types.ts';
import { deepElementBytes } from './deep-element.ts';
import type { EnvelopeTexts } from './envelope.ts';
import { createGathering, type Gathering } from './gathering.ts';
import type { EcsModule } from './instance.ts';
import { STATE, STATUS, splitOnce, type SplitCall } from './split-call.ts';

export interface SplitOptions {
  /** `prepared`: the document, with a mark that tells the mapping in an agent that nothing is left to do (mapping/README.md). */
  readonly format: 'raw' | 'prepared' | 'ecs';
  readonly encoding: 'ndjson' | 'msgpack';
  /** The event's own text goes along as `event.original`. */
  readonly preserveOriginalEvent: boolean;
  /** Documents of `ecs` get `@timestamp`: for outputs whose agent does not add it. */
  readonly timestamp: boolean;
  /** Events are put together up to so many bytes; a larger event is a batch of its own. */
  readonly batchBytes: number;
  /**
   * The text is lines of events, and a line that is none travels on as an event that is its text, of which the mapping says what is wrong. Without it
   * such a text is malformed.
   */
  readonly lines?: boolean;
  /** The key of the hashes by which ids are known again, four words; with it batches have an index. */
  readonly idKey?: Uint32Array;
  /** What all splitters together may keep waiting for the sake of larger batches. */
  readonly gathering?: Gathering;
}

export interface Splitter {
  /** Takes the next stretch of the blob, which must not change afterwards; yields batches as they become full. Throws BLOB_MALFORMED. */
  push(chunk: Uint8Array): Generator<Batch>;
  /** Yields what is whole so far, without waiting for more. Throws BLOB_MALFORMED. */
  flush(): Generator<Batch>;
  /** Takes the end of the blob; yields the last batch. Throws BLOB_TRUNCATED when the array is not closed. */
  end(): Generator<Batch>;
  /** To be called when no more will be asked of it, whatever happened. */
  close(): void;
  /** Events yielded so far. */
  readonly eventCount: number;
  /** Bytes that were pushed and are not part of any event yielded: the beginning of the next one. */
  readonly waitingBytes: number;
  /** Whether the text is an array, which only its end makes whole. */
  readonly isArray: boolean;
}

/** An event larger than this is no audit event; the service itself ends far below. */
const EVENT_LIMIT_BYTES = 256 * 1024 * 1024;
const LINE_FEED = 0x0a;
const END_OF_LINE = Buffer.from('\n');

/** A splitter for one blob, whose name failures bear. */
export function createSplitter(module: EcsModule, envelope: EnvelopeTexts, options: SplitOptions, blobName: string, nowMs: () => number): Splitter {
  return new BlobSplitter(module, { envelope, ...options }, blobName, nowMs);
}

class BlobSplitter implements Splitter {
  eventCount = 0;
  waitingBytes = 0;
  isArray = false;
  #state: number = STATE.start;
  #waiting: Uint8Array[] = [];
  /** A large event is tried again only when twice as much of it has come: else the work would grow with the square of its size. */
  #wantedBytes = 0;
  readonly #module: EcsModule;
  readonly #options: SplitOptions & { readonly envelope: EnvelopeTexts };
  readonly #blobName: string;
  readonly #nowMs: () => number;
  readonly #gathered: ReturnType<Gathering['join']>;

  constructor(module: EcsModule, options: SplitOptions & { readonly envelope: EnvelopeTexts }, blobName: string, nowMs: () => number) {
    this.#module = module;
    this.#options = options;
    this.#blobName = blobName;
    this.#nowMs = nowMs;
    this.#gathered = (options.gathering ?? createGathering(options.batchBytes)).join(options.batchBytes);
  }

  * push(chunk: Uint8Array): Generator<Batch> {
    this.#waiting.push(chunk);
    this.waitingBytes += chunk.byteLength;
    if (this.#gathered.mayWait(chunk.byteLength) || this.waitingBytes < this.#wantedBytes) return;
    yield* this.flush();
  }

  * flush(): Generator<Batch> {
    this.#gathered.leave();
    if (this.waitingBytes === 0) return;
    for (;;) {
      const { batch, status } = this.#split(this.#waiting);
      if (batch !== undefined) yield batch;
      if (status === STATUS.full) continue;
      if (status === STATUS.wanting && this.waitingBytes <= EVENT_LIMIT_BYTES) break;
      const badLine = this.#takeLine(false);
      if (badLine !== undefined) {
        yield* this.#textAsEvent(badLine);
        continue;
      }
      const waiting = Buffer.concat(this.#waiting);
      const deep = this.#state === STATE.value || this.#state === STATE.closed ? undefined : deepElementBytes(waiting);
      if (deep === 'cut' && this.waitingBytes <= EVENT_LIMIT_BYTES) break;
      if (typeof deep !== 'number') throw failure('BLOB_MALFORMED', { blob: this.#blobName, event: this.eventCount + 1 });
      yield* this.#textAsEvent(this.#take(waiting, deep), this.isArray ? STATE.value : STATE.row);
    }
    this.#wantedBytes = this.waitingBytes * 2;
  }

  * end(): Generator<Batch> {
    // a number or a text that ends a line may go on; the end of the line says that it does not
    if (this.#options.lines === true) yield* this.push(END_OF_LINE);
    yield* this.flush();
    while (this.#options.lines === true && !this.isArray && !this.#isBlank()) {
      yield* this.#textAsEvent(this.#takeLine(true) ?? Buffer.alloc(0));
      yield* this.flush();
    }
    const isWhole = this.#state === STATE.closed || (this.#isBlank() && (this.#state === STATE.row || this.#options.lines === true) && !this.isArray);
    this.waitingBytes = 0;
    if (!isWhole) throw failure('BLOB_TRUNCATED', { blob: this.#blobName, event: this.eventCount + 1 });
  }

  close(): void {
    this.#gathered.leave();
    this.#waiting = [];
  }

  #split(input: readonly Uint8Array[]): { readonly batch: Batch | undefined; readonly status: number } {
    const call: SplitCall = { ...this.#options, input, state: this.#state, nowMs: this.#nowMs() };
    const { bytes, eventCount, index, consumed, state, status } = this.#module.use((exports) => splitOnce(exports, call));
    this.#state = state;
    this.isArray ||= state !== STATE.start && state !== STATE.row;
    this.eventCount += eventCount;
    if (input === this.#waiting) {
      this.#waiting = withoutFirst(this.#waiting, consumed);
      this.waitingBytes -= consumed;
    }
    return { batch: eventCount === 0 ? undefined : { bytes, eventCount, ...(index === undefined ? {} : { index }) }, status };
  }

  /** What cannot be read as an event, as the JSON string of its text; the blob goes on in the state `next`. */
  * #textAsEvent(bytes: Buffer, next: number = STATE.row): Generator<Batch> {
    const text = bytes.toString().trim();
    if (text === '') return;
    this.#state = STATE.row;
    const { batch } = this.#split([Buffer.from(`${JSON.stringify(text)}\n`)]);
    this.#state = next;
    if (batch !== undefined) yield batch;
  }

  /** The rest of the line that waits, taken away; undefined when lines are not what this text consists of. */
  #takeLine(isEnd: boolean): Buffer | undefined {
    if (this.#options.lines !== true || this.isArray) return undefined;
    const waiting = Buffer.concat(this.#waiting);
    const found = waiting.indexOf(LINE_FEED);
    if (found < 0 && !isEnd && waiting.length <= EVENT_LIMIT_BYTES) return undefined;
    return this.#take(waiting, found < 0 ? waiting.length : found + 1);
  }

  /** So many bytes of all that waits, taken away. */
  #take(waiting: Buffer, byteCount: number): Buffer {
    this.#waiting = [waiting.subarray(byteCount)];
    this.waitingBytes -= byteCount;
    return waiting.subarray(0, byteCount);
  }

  #isBlank(): boolean {
    return this.#waiting.every((piece) => piece.every((byte) => byte === 0x20 || byte === LINE_FEED || byte === 0x0d || byte === 0x09));
  }
}

/** The pieces without their first bytes. */
function withoutFirst(pieces: readonly Uint8Array[], byteCount: number): Uint8Array[] {
  let left = byteCount;
  const rest: Uint8Array[] = [];
  for (const piece of pieces) {
    if (left >= piece.byteLength) left -= piece.byteLength;
    else {
      rest.push(left === 0 ? piece : piece.subarray(left));
      left = 0;
    }
  }
  return rest;
}
