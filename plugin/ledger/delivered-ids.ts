/**
 * Which events were delivered, and which are on their way, so that none is sent twice: by 96 bits of a keyed hash of tenant and id. That an event which was
 * never delivered is taken for one that was has a probability of the number of ids kept over 2^96: with ten million ids kept and a thousand million events a
 * year, once in some 10^12 years.
 */
import { createHash } from 'node:crypto';
import { INDEX_WORDS, type Claim } from '../types.ts';
import { openGenerations, type Generations, type GenerationsOptions } from './id-generations.ts';
import { DELIVERED, FIRST_CLAIM, GIVEN_BACK } from './id-table.ts';

/** As many claims there are before their numbers are used again. */
const CLAIMS = 2 ** 32 - FIRST_CLAIM;

export interface DeliveredIds {
  /** The key under which ids of a tenant are hashed, four words. */
  keyOf(tenantId: string): Uint32Array;
  /** Claims what a batch holds, by its index; with `all` its events are sent whether they are known or not. */
  claim(index: Uint32Array, all: boolean): Claim;
  /** Resolves when all that was delivered is written, though not synced. Never rejects: ids that cannot be written are said, and forgotten by the next start. */
  written(): Promise<void>;
  /** Ids that are kept, those on their way included, and what they take in memory and on disk. */
  readonly counts: { readonly ids: number; readonly memoryBytes: number; readonly diskBytes: number };
  close(): Promise<void>;
}

/** A batch on its way. */
interface Holder {
  readonly fate: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (reason: unknown) => void;
}

/** Opens what earlier runs left in the state directory. Throws LEDGER_DIRECTORY. */
export async function openDeliveredIds(options: GenerationsOptions): Promise<DeliveredIds> {
  return new Ids(await openGenerations(options));
}

class Ids implements DeliveredIds {
  readonly #generations: Generations;
  readonly #holders = new Map<number, Holder>();
  #claims = 0;

  constructor(generations: Generations) {
    this.#generations = generations;
  }

  get counts(): DeliveredIds['counts'] {
    return this.#generations.counts;
  }

  keyOf(tenantId: string): Uint32Array {
    const hash = createHash('sha256').update(this.#generations.key).update(tenantId.toLowerCase()).digest();
    return Uint32Array.from({ length: 4 }, (_, word) => hash.readUInt32LE(word * 4));
  }

  written(): Promise<void> {
    return this.#generations.written();
  }

  close(): Promise<void> {
    return this.#generations.close();
  }

  claim(index: Uint32Array, all: boolean): Claim {
    const table = this.#generations.roomFor(index.length / INDEX_WORDS);
    const number = FIRST_CLAIM + this.#claims;
    this.#claims = (this.#claims + 1) % CLAIMS;
    const known = new Uint8Array(index.length / INDEX_WORDS);
    const elsewhere = new Set<Promise<void>>();
    let knownCount = 0;
    for (let at = 0, event = 0; at < index.length; at += INDEX_WORDS, event += 1) {
      const first = index[at + 1] ?? 0;
      const second = index[at + 2] ?? 0;
      const third = index[at + 3] ?? 0;
      const found = this.#generations.find(first, second, third);
      const owner = found === undefined ? GIVEN_BACK : found.table.ownerAt(found.place);
      if (found === undefined) table.add(first, second, third, number);
      else if (owner === GIVEN_BACK) found.table.setOwnerAt(found.place, number);
      else if (!all) {
        known[event] = 1;
        knownCount += 1;
        const holder = owner === number ? undefined : this.#holders.get(owner);
        if (holder !== undefined) elsewhere.add(holder.fate);
      }
    }
    const holder = this.#hold(number);
    return {
      known: knownCount === 0 ? undefined : known, knownCount, elsewhere: [...elsewhere],
      partDelivered: (part) => {
        this.#setOwner(part, number, DELIVERED);
        this.#generations.write(part);
      },
      delivered: () => {
        // an owner that is not on its way any more has delivered
        this.#holders.delete(number);
        holder.resolve();
      },
      keep: () => this.#generations.write(knownCount === 0 ? index : withoutKnown(index, known)),
      failed: (reason) => {
        this.#holders.delete(number);
        this.#setOwner(index, number, GIVEN_BACK);
        holder.reject(reason);
      },
    };
  }

  #hold(number: number): Holder {
    const { promise, resolve, reject } = deferred();
    // whoever waits for it learns it; that nobody does is no accident
    promise.catch(() => undefined);
    const holder = { fate: promise, resolve, reject };
    this.#holders.set(number, holder);
    return holder;
  }

  /** Passes events on from one owner to another; those that another has are left alone. */
  #setOwner(index: Uint32Array, from: number, to: number): void {
    for (let at = 0; at < index.length; at += INDEX_WORDS) {
      const found = this.#generations.find(index[at + 1] ?? 0, index[at + 2] ?? 0, index[at + 3] ?? 0);
      if (found?.table.ownerAt(found.place) === from) found.table.setOwnerAt(found.place, to);
    }
  }

}

/** The index of those events only that are not known. */
function withoutKnown(index: Uint32Array, known: Uint8Array): Uint32Array {
  return index.filter((_, at) => known[Math.floor(at / INDEX_WORDS)] === 0);
}

function deferred(): { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (reason: unknown) => void } {
  let resolve: () => void = () => undefined;
  let reject: (reason: unknown) => void = () => undefined;
  const promise = new Promise<void>((done, failed) => {
    resolve = done;
    reject = failed;
  });
  return { promise, resolve, reject };
}
