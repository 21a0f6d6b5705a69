/**
 * Which blobs are done, in 16 bytes a slot: 96 bits of the SHA-256 of type and contentId, the minute after which the blob cannot be listed any more, and
 * in one bit of that whether it was given up. An open-addressing table in one typed array; a million blobs take 32 MiB. Two different blobs share 96 bits less than once in 10^16 tables
 * of a million.
 */
import { hash } from 'node:crypto';

const WORDS = 4;
const CAPACITY_MIN = 64;
/** The table doubles when it is fuller than this. */
const LOAD_MAX = 0.7;
/** Bytes of a packed entry: three words of hash and one of the minute, little-endian. */
export const ENTRY_BYTES = 16;

const MINUTE_MS = 60_000;
/** The minute of a blob that is to be forgotten, for a slot in the middle of a row cannot be emptied. */
const REMOVED = 1;
/** In the word of the minute: the blob was given up, not delivered. */
const LOST = 0x8000_0000;
const MINUTE = 0x7fff_ffff;

export interface BlobKey {
  readonly first: number;
  readonly second: number;
  readonly third: number;
}

/** The key of a blob. */
export function keyOf(contentType: string, contentId: string): BlobKey {
  const digest = hash('sha256', `${contentType}\n${contentId}`, 'buffer');
  return { first: digest.readUInt32LE(0), second: digest.readUInt32LE(4), third: digest.readUInt32LE(8) };
}

export class DoneIndex {
  #slots = new Uint32Array(CAPACITY_MIN * WORDS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** Memory of the table. */
  get bytes(): number {
    return this.#slots.byteLength;
  }

  has(key: BlobKey): boolean {
    return (this.#slots[this.#find(key) + 3] ?? 0) > REMOVED;
  }

  /** Whether a blob is done because it was given up. */
  isLost(key: BlobKey): boolean {
    return (this.#slots[this.#find(key) + 3] ?? 0) >= LOST;
  }

  /** Forgets a blob, so that it can be added again. */
  remove(key: BlobKey): void {
    const slot = this.#find(key);
    if (this.#slots[slot + 3] !== 0) this.#slots[slot + 3] = REMOVED;
  }

  /** Adds a blob that may be forgotten after `untilMs`, `lost` if it was given up; false if it was there. */
  add(key: BlobKey, untilMs: number, lost = false): boolean {
    return this.#add(key.first, key.second, key.third, Math.min(MINUTE, Math.max(REMOVED + 1, Math.ceil(untilMs / MINUTE_MS))) + (lost ? LOST : 0));
  }

  /** Adds packed entries; a broken rest at the end is ignored. */
  addPacked(packed: Buffer): void {
    for (let at = 0; at + ENTRY_BYTES <= packed.length; at += ENTRY_BYTES) {
      this.#add(packed.readUInt32LE(at), packed.readUInt32LE(at + 4), packed.readUInt32LE(at + 8), Math.max(REMOVED, packed.readUInt32LE(at + 12)));
    }
  }

  /** All entries, packed, so many in a piece. */
  * packed(entriesPerPiece: number): Generator<Buffer, void, undefined> {
    let piece = Buffer.allocUnsafe(entriesPerPiece * ENTRY_BYTES);
    let used = 0;
    for (let slot = 0; slot < this.#slots.length; slot += WORDS) {
      if (this.#slots[slot + 3] === 0) continue;
      for (let word = 0; word < WORDS; word += 1) used = piece.writeUInt32LE(this.#slots[slot + word] ?? 0, used);
      if (used < piece.length) continue;
      yield piece;
      piece = Buffer.allocUnsafe(entriesPerPiece * ENTRY_BYTES);
      used = 0;
    }
    if (used > 0) yield piece.subarray(0, used);
  }

  /** Forgets what may be forgotten at `nowMs`. */
  forgetUntil(nowMs: number): void {
    const minute = Math.floor(nowMs / MINUTE_MS);
    const old = this.#slots;
    let kept = 0;
    for (let slot = 0; slot < old.length; slot += WORDS) if (minuteOf(old[slot + 3]) > minute) kept += 1;
    if (kept < this.#size) this.#refill(old, capacityFor(kept), minute);
  }

  #add(first: number, second: number, third: number, minute: number): boolean {
    const slot = this.#find({ first, second, third });
    const found = this.#slots[slot + 3] ?? 0;
    if (found > REMOVED) return false;
    if (found === REMOVED) {
      this.#slots[slot + 3] = minute;
      return true;
    }
    this.#slots[slot] = first;
    this.#slots[slot + 1] = second;
    this.#slots[slot + 2] = third;
    this.#slots[slot + 3] = minute;
    this.#size += 1;
    const capacity = this.#slots.length / WORDS;
    if (this.#size > capacity * LOAD_MAX) this.#refill(this.#slots, capacity * 2, 0);
    return true;
  }

  /** The slot that holds the key, or the empty one where it belongs: minute 0 marks it. */
  #find({ first, second, third }: BlobKey): number {
    const slots = this.#slots;
    const mask = slots.length / WORDS - 1;
    for (let index = first & mask; ; index = (index + 1) & mask) {
      const slot = index * WORDS;
      if (slots[slot + 3] === 0 || (slots[slot] === first && slots[slot + 1] === second && slots[slot + 2] === third)) return slot;
    }
  }

  /** Moves all entries that outlive `minute` into a new table. */
  #refill(old: Uint32Array, capacity: number, minute: number): void {
    this.#slots = new Uint32Array(capacity * WORDS);
    this.#size = 0;
    for (let slot = 0; slot < old.length; slot += WORDS) {
      const until = old[slot + 3] ?? 0;
      if (minuteOf(until) > minute) this.#add(old[slot] ?? 0, old[slot + 1] ?? 0, old[slot + 2] ?? 0, until);
    }
  }
}

function minuteOf(word = 0): number {
  return word & MINUTE;
}

function capacityFor(size: number): number {
  let capacity = CAPACITY_MIN;
  while (size > capacity * LOAD_MAX) capacity *= 2;
  return capacity;
}
