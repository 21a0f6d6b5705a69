/** An output that delivers nothing until a test says what becomes of each batch. */
import { createBytesInFlight } from '../../plugin/collect/bytes-in-flight.ts';
import type { DeliveryRooms } from '../../plugin/collect/deliveries.ts';
import { Suspicions } from '../../plugin/collect/suspicions.ts';
import type { Batch, Output } from '../../plugin/types.ts';
import { createHurriedClock } from './manual-clock.ts';

export interface HeldOutput extends Output {
  /** Every batch that was handed over, in order. */
  readonly waiting: { readonly batch: Batch; readonly resolve: () => void; readonly reject: (error: Error) => void }[];
}

export function heldOutput(): HeldOutput {
  const waiting: HeldOutput['waiting'] = [];
  return {
    waiting,
    acknowledged: 0,
    deliver: (batch) => new Promise((resolve, reject) => waiting.push({ batch, resolve, reject })),
    watch: () => ({ settled: () => Promise.resolve() }),
    close: () => Promise.resolve(),
  };
}

/** An output that takes every batch at once, or does with it what `act` does. */
export function takingOutput(act: (batch: Batch) => void = () => undefined): Output & { readonly batches: Batch[] } {
  const batches: Batch[] = [];
  return {
    batches,
    get acknowledged() { return batches.length; },
    deliver: async (batch) => {
      await Promise.resolve();
      act(batch);
      batches.push(batch);
    },
    watch: () => ({ settled: () => Promise.resolve() }),
    close: () => Promise.resolve(),
  };
}

/** What deliveries need of the process, for an output; nothing is remembered, and no wait takes time. */
export function roomsFor(output: Output, limitBytes = 1_000): DeliveryRooms {
  return { output, clock: createHurriedClock(), bytesInFlight: createBytesInFlight(limitBytes), suspicions: new Suspicions(), remembersParts: true };
}
