/** The deliveries of one blob or file, several at a time, within the bytes that the process may hold. */
import { AuditError } from '../errors.ts';
import type { Batch, Output } from '../types.ts';
import type { BytesInFlight } from './bytes-in-flight.ts';

export interface Deliveries {
  /** Hands a batch over; resolves when there is room for it, rejects when an earlier one of these deliveries failed or the signal is aborted. */
  send(batch: Batch): Promise<void>;
  /** Resolves when none is under way any more, whatever became of them. */
  ended(): Promise<void>;
  /** Throws what the first failed delivery failed with. */
  throwFailure(): void;
  /** Resolves when the far side is sure not to lose what was delivered; rejects with OUTPUT_UNSETTLED. */
  settled(signal: AbortSignal): Promise<void>;
}

/** `tooLarge` learns of batches of a single event that the output can never take; they do not stop the others. */
export function createDeliveries(output: Output, bytesInFlight: BytesInFlight, tooLarge: (error: AuditError) => void, signal: AbortSignal): Deliveries {
  let watch = output.watch();
  const pending = new Set<Promise<void>>();
  let failed: unknown;
  const throwFailure = (): void => {
    if (failed !== undefined) throw failed as Error;
  };
  return {
    throwFailure,
    async send(batch) {
      throwFailure();
      const byteCount = batch.bytes.byteLength;
      await bytesInFlight.take(byteCount, signal);
      const delivery = output.deliver(batch)
        .catch((error: unknown) => {
          if (error instanceof AuditError && error.code === 'OUTPUT_BATCH_TOO_LARGE' && batch.eventCount === 1) tooLarge(error);
          else failed ??= error;
        })
        .finally(() => {
          bytesInFlight.give(byteCount);
          pending.delete(delivery);
        });
      pending.add(delivery);
    },
    async ended() {
      await Promise.all(pending);
    },
    async settled(until) {
      await watch.settled(until);
      watch = output.watch();
    },
  };
}
