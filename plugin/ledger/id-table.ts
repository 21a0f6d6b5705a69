/**
 * Ids of events, 16 bytes a slot: 96 bits of a keyed hash (mapping/assembly/codec/identifiers.ts) and a word for who has the event. An open-addressing table in
 * one typed array; it holds at most three quarters of its slots, so an id costs 21 to 43 bytes while it grows and 21 when it is full.
 */

const WORDS = 4;
const CAPACITY_MIN = 1_024;
const LOAD_MAX = 0.75;
/** Slots of the largest table that fits so many bytes. */
export function capacityWithin(bytes: number): number {
  return Math.max(CAPACITY_MIN, 2 ** Math.floor(Math.log2(bytes / (WORDS * 4))));
}

/** Slots of the smallest table that so many ids fit in. */
export function capacityFor(count: number): number {
  return Math.max(CAPACITY_MIN, 2 ** Math.ceil(Math.log2(count / LOAD_MAX)));
}

/** Nobody has the slot; a delivered event; one whose delivery failed, so that whoever comes next may take it. Other owners are claims. */
export const EMPTY = 0;
export const DELIVERED = 1;
export const GIVEN_BACK = 2;
export const FIRST_CLAIM = 3;

export class IdTable {
  size = 0;
  readonly #capacityMax: number;
  #slots: Uint32Array;

  /** A table for `expected` ids at first, which grows to at most `capacityMax` slots. */
  constructor(capacityMax: number, expected = 0) {
    this.#capacityMax = capacityMax;
    this.#slots = new Uint32Array(Math.min(capacityMax, capacityFor(expected)) * WORDS);
  }

  get bytes(): number {
    return this.#slots.byteLength;
  }

  /** Bytes that it will have when it has taken so many ids more. */
  bytesWith(more: number): number {
    return Math.max(this.bytes, capacityFor(this.size + more) * WORDS * 4);
  }

  /** Whether so many more ids are too many for it. */
  isFullWith(more: number): boolean {
    return this.size + more > this.#capacityMax * LOAD_MAX;
  }

  /** Where the id is; -1 when it is not there. The place holds until the next `add`. */
  find(first: number, second: number, third: number): number {
    const slots = this.#slots;
    const mask = slots.length / WORDS - 1;
    for (let index = first & mask; ; index = (index + 1) & mask) {
      const slot = index * WORDS;
      if (slots[slot + 3] === EMPTY) return -1;
      if (slots[slot] === first && slots[slot + 1] === second && slots[slot + 2] === third) return slot;
    }
  }

  ownerAt(place: number): number {
    return this.#slots[place + 3] ?? EMPTY;
  }

  setOwnerAt(place: number, owner: number): void {
    this.#slots[place + 3] = owner;
  }

  /** Adds an id that is not there; there must be room for it. */
  add(first: number, second: number, third: number, owner: number): void {
    if (this.size + 1 > this.#slots.length / WORDS * LOAD_MAX) this.#grow();
    this.#put(first, second, third, owner);
    this.size += 1;
  }

  #put(first: number, second: number, third: number, owner: number): void {
    const slots = this.#slots;
    const mask = slots.length / WORDS - 1;
    let index = first & mask;
    while (slots[index * WORDS + 3] !== EMPTY) index = (index + 1) & mask;
    const slot = index * WORDS;
    slots[slot] = first;
    slots[slot + 1] = second;
    slots[slot + 2] = third;
    slots[slot + 3] = owner;
  }

  #grow(): void {
    const old = this.#slots;
    this.#slots = new Uint32Array(old.length * 2);
    for (let slot = 0; slot < old.length; slot += WORDS) {
      const owner = old[slot + 3] ?? EMPTY;
      if (owner !== EMPTY) this.#put(old[slot] ?? 0, old[slot + 1] ?? 0, old[slot + 2] ?? 0, owner);
    }
  }
}
