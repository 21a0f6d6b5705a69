/** What a run knows of events that the log agent refuses, and of what it takes: both outlast the attempts to deliver one blob. */
import type { Batch } from '../types.ts';

/** What speaks against an event: how often something else was acknowledged between two refusals of it. */
export interface Suspicion {
  readonly contrasts: number;
  /** How many acknowledgements there had been at the last refusal. */
  readonly acknowledgedAt: number;
}

/** Events under suspicion that are remembered from one attempt to deliver them to the next. */
const SUSPICIONS_LIMIT = 1_000;
/** A larger event is never the witness: it is held in memory, and sent for no other reason than to be acknowledged. */
const WITNESS_BYTES_LIMIT = 64 * 1024;

/** Of one run: all tenants have one log agent. */
export class Suspicions {
  /** By the hash of the event's id: its blob may be fetched several times before it is sure. */
  readonly #suspicions = new Map<string, Suspicion>();
  #witness: Batch | undefined;

  /** An event that the log agent has taken lately; that it takes it once more shows that it is well. */
  get witness(): Batch | undefined {
    return this.#witness;
  }

  get size(): number {
    return this.#suspicions.size;
  }

  of(event: Batch): Suspicion | undefined {
    return this.#suspicions.get(keyOf(event));
  }

  remember(event: Batch, suspicion: Suspicion): void {
    const key = keyOf(event);
    this.#suspicions.delete(key);
    this.#suspicions.set(key, suspicion);
    for (const oldest of this.#suspicions.keys()) {
      if (this.#suspicions.size <= SUSPICIONS_LIMIT) return;
      this.#suspicions.delete(oldest);
    }
  }

  forget(event: Batch): void {
    this.#suspicions.delete(keyOf(event));
  }

  /** Learns what was acknowledged. The newest is kept: the store knows its id best. */
  acknowledged({ bytes, eventCount, index }: Batch): void {
    const end = eventCount === 1 ? bytes.byteLength : index?.[0] ?? Infinity;
    // a copy, because a batch's memory is not its own once it is delivered
    if (end <= WITNESS_BYTES_LIMIT) this.#witness = { bytes: new Uint8Array(bytes.subarray(0, end)), eventCount: 1 };
  }
}

/** The hash of the event's id. */
function keyOf({ index }: Batch): string {
  return index?.subarray(1).join() ?? '';
}
