/** What deliveries need of the memory of delivered ids (plugin/ledger/delivered-ids.ts), and batches without what it knows. */
import { INDEX_WORDS, type Batch } from '../types.ts';

/** What one batch may send, and whether it was. Either `delivered` or `failed` must be called in the end. */
export interface Claim {
  /** For each event of the batch 1 if it is not to be sent, for it was delivered or is on its way; undefined when all are to be sent. */
  readonly known: Uint8Array | undefined;
  readonly knownCount: number;
  /** The fates of batches that have the known ones on their way: when one of them fails, its events were not delivered. */
  readonly elsewhere: readonly Promise<void>[];
  /** These events of the batch were delivered, whatever becomes of the others; that is written, too. */
  partDelivered(index: Uint32Array): void;
  /** All of them were: nobody sends them again while this process lives. */
  delivered(): void;
  /** Writes that they were, for those who come after. */
  keep(): void;
  failed(reason: unknown): void;
}

export interface Claims {
  /** Claims what a batch holds, by its index; with `all` its events are sent whether they are known or not. */
  claim(index: Uint32Array, all: boolean): Claim;
}

/** Where there is no memory, everything is sent. */
export const noClaim: Claim = {
  known: undefined, knownCount: 0, elsewhere: [], partDelivered: () => undefined, delivered: () => undefined, keep: () => undefined, failed: () => undefined,
};

/** The events of a batch for which `known` is 0, as a batch of their own. */
export function withoutKnown({ bytes, index = new Uint32Array(), eventCount }: Batch, known: Uint8Array): Batch {
  const kept: Uint8Array[] = [];
  const words: number[] = [];
  let start = 0;
  let length = 0;
  for (let event = 0; event < eventCount; event += 1) {
    const at = event * INDEX_WORDS;
    const end = index[at] ?? 0;
    if (known[event] === 0) {
      kept.push(bytes.subarray(start, end));
      length += end - start;
      words.push(length, index[at + 1] ?? 0, index[at + 2] ?? 0, index[at + 3] ?? 0);
    }
    start = end;
  }
  return { bytes: Buffer.concat(kept, length), eventCount: kept.length, index: Uint32Array.from(words) };
}
