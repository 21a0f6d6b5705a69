/**
 * Which keys an object had so far, so that one that comes twice is noticed while it costs nothing: an event in which nothing is suspect is done after one
 * pass. The suspicion may be wrong, an oversight is not possible; duplicates.ts and collisions.ts look closely.
 */
import { lookup } from '../names';
import { keyEnd, keyStart } from './keys';
import { context, opening, seenListed } from './levels';

/**
 * Fingerprints of an event's keys, each with its object: open addressing, at most half full. With more keys than that every event is suspect. The lowest bits
 * are the pass that put it there, so that nothing need be cleared between two; a slot of another pass is free.
 */
const SLOTS: u32 = 4096;
const FINGERPRINTS: usize = memory.data(4096 * 8, 16);
const PASSES: u64 = 0xfff;
let used: u32 = 0;
let passNumber: u64 = 0;

/** A key may stand twice in one object: the event must be read once more, with care. */
export let suspect: bool = false;

const FACTOR: u64 = 0x9e3779b97f4a7c15;
/** A key with its suffix: keys have at most 240 bytes. */
const MADE: usize = memory.data(272, 16);

/** Begins a new event. */
export function forgetKeys(): void {
  if (passNumber == PASSES) {
    memory.fill(FINGERPRINTS, 0, <usize>SLOTS << 3);
    passNumber = 0;
  }
  passNumber++;
  used = 0;
  suspect = false;
}

export function setSuspect(): void {
  suspect = true;
}

/** Remembers the key in hand, which `number` lists or does not (0), for the object in hand. */
// @ts-ignore: decorator
@inline
export function noticeKey(number: u32): void {
  if (number != 0 ? seenListed(number) : seenBefore(opening(), keyStart + 1, keyEnd)) suspect = true;
}

/** Remembers the name in hand for the object that is made of the pairs in the array at `array`. */
export function noticeName(array: usize): void {
  if (seenBefore(array, keyStart + 1, keyEnd)) suspect = true;
}

/** Remembers the key that is made of the one from quote `start` to quote `finish` and `_raw` or `_object`, for the object in hand. */
export function noticeMade(start: usize, finish: usize, raw: bool): void {
  const length = finish - start - 1;
  memory.copy(MADE, start + 1, length);
  const end = MADE + length;
  if (raw) store<u32>(end, 0x7761725f); // _raw
  else store<u64>(end, 0x7463656a626f5f); // _object
  const made = end + (raw ? 4 : 7);
  store<u64>(made, 0);
  const number = lookup(context(), MADE, made - MADE);
  if (number != 0 ? seenListed(number) : seenBefore(opening(), MADE, made)) suspect = true;
}

/** Whether the key from `start` to `end` may have been here before in the object whose brace lies at `open`; remembers it. */
function seenBefore(open: usize, start: usize, end: usize): bool {
  if (used >= SLOTS >> 1) return true;
  const print = fingerprint(open, start, end);
  let slot = <u32>(print >> 52);
  while (true) {
    const place = FINGERPRINTS + (<usize>slot << 3);
    const held = load<u64>(place);
    if (held == print) return true;
    if ((held & PASSES) != passNumber) {
      store<u64>(place, print);
      used++;
      return false;
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
}

/** 52 bits of a key and its object, and the pass. */
function fingerprint(open: usize, at: usize, end: usize): u64 {
  let hash: u64 = <u64>open * FACTOR;
  for (; at + 8 <= end; at += 8) hash = (rotl(hash, 27) ^ load<u64>(at)) * FACTOR;
  const rest = <u64>(end - at) << 3;
  hash = (rotl(hash, 27) ^ (load<u64>(at) & ((<u64>1 << rest) - 1)) ^ rest) * FACTOR;
  return ((hash ^ (hash >> 29)) * FACTOR & ~PASSES) | passNumber;
}
