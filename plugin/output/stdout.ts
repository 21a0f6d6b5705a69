import { type AuditError, failure, reasonOf } from '../errors.ts';
import type { Batch, Clock, DeliveryWatch, Output } from '../types.ts';
import { startDeadline } from './deadline.ts';

/** Error codes by which a pipe says that nobody reads it any more. */
const READER_GONE = new Set(['EPIPE', 'ECONNRESET', 'ERR_STREAM_DESTROYED', 'ERR_STREAM_WRITE_AFTER_END']);

/**
 * An output on a stream of this process: `deliver` resolves when the operating system has taken the batch, so whoever awaits it goes at the
 * reader's pace. When the reader goes away, every batch that it has not taken is rejected with OUTPUT_CLOSED, and so is what comes later;
 * another error of the stream (a full disk behind it) rejects with OUTPUT_WRITE. `close` waits at most `closeTimeoutMs` for a slow reader.
 */
export function openStdout(stream: NodeJS.WritableStream, closeTimeoutMs: number, clock: Clock): Output {
  return new StdoutOutput(stream, closeTimeoutMs, clock);
}

class StdoutOutput implements Output {
  acknowledged = 0;
  readonly #stream: NodeJS.WritableStream;
  readonly #closeTimeoutMs: number;
  readonly #clock: Clock;
  /** What the pipe has not taken yet. */
  readonly #pending = new Set<{ readonly batch: Batch; readonly reject: (reason: AuditError) => void }>();
  /** Set once nothing more can be written: makes the failure of any batch. */
  #ended: ((batch: Batch) => AuditError) | undefined;
  #settled: () => void = () => undefined;

  constructor(stream: NodeJS.WritableStream, closeTimeoutMs: number, clock: Clock) {
    this.#stream = stream;
    this.#closeTimeoutMs = closeTimeoutMs;
    this.#clock = clock;
    stream.on('error', this.#onError);
    stream.on('close', this.#onClose);
  }

  deliver(batch: Batch): Promise<void> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended(batch));
    return new Promise((resolve, reject) => {
      const delivery = { batch, reject };
      this.#pending.add(delivery);
      this.#stream.write(batch.bytes, (error) => {
        if (error) this.#onError(error);
        if (this.#pending.delete(delivery)) {
          this.acknowledged += 1;
          resolve();
        }
        if (this.#pending.size === 0) this.#settled();
      });
    });
  }

  watch(): DeliveryWatch {
    return { settled: () => Promise.resolve() };
  }

  async close(): Promise<void> {
    const healthy = this.#ended === undefined;
    this.#ended ??= closed;
    if (this.#pending.size > 0) await this.#settlement();
    const stalled = this.#pending.size > 0;
    this.#end(closed);
    this.#stream.off('close', this.#onClose);
    // A stream that is broken or stalled may still report an error, which without a listener would end the program.
    if (healthy && !stalled) this.#stream.off('error', this.#onError);
  }

  /** Resolves when nothing is pending, or after `closeTimeoutMs`. */
  #settlement(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = startDeadline(this.#clock, this.#closeTimeoutMs, resolve);
      this.#settled = () => {
        cancel();
        resolve();
      };
    });
  }

  readonly #onError = (error: Error & { readonly code?: string }): void => {
    this.#end(READER_GONE.has(error.code ?? '') ? closed : () => failure('OUTPUT_WRITE', { output: 'stdout', reason: reasonOf(error) }, error));
  };

  readonly #onClose = (): void => this.#end(closed);

  /** The first reason counts: what a dying pipe reports afterwards follows from it. */
  #end(reason: (batch: Batch) => AuditError): void {
    this.#ended ??= reason;
    for (const { batch, reject } of this.#pending) reject(this.#ended(batch));
    this.#pending.clear();
    this.#settled();
  }
}

function closed(batch: Batch): AuditError {
  return failure('OUTPUT_CLOSED', { output: 'stdout', events: batch.eventCount });
}
