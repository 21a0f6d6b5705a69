/** What deliveries need of the memory of delivered ids (plugin/ledger/delivered-ids.ts), and batches without what it knows. */
import { INDEX_WORDS, type Batch, type Claim } from '../types.ts';

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
