/**
 * Keys that stand twice in one object: of these the last counts, as for every reader of JSON, and the earlier one is blanked out in the input.
 * Elasticsearch refuses a document that has both.
 */
import { COLON, COMMA, QUOTE, skipSpace } from '../json/scan';
import { skipValue } from '../json/skip';
import { COMPARED, keyEnd, keyStart, plain, readKey, sameKey, takeKey } from './keys';

/** Fingerprints of an event's keys, each with its object: open addressing, at most half full. */
const SLOTS: u32 = 4096;
const FINGERPRINTS: usize = memory.data(4096 * 8, 16);
let used: u32 = 0;

/** How much may be read again, in one event, to compare keys; beyond it the event counts as malformed. */
const COMPARED_BYTES_LIMIT: usize = 32 << 20;
let comparedBytes: usize = 0;

const BLANK: u8 = 0x20;
const DOT: u8 = 0x2e;
const DASH: u8 = 0x2d;
const FACTOR: u64 = 0x9e3779b97f4a7c15;

/** Begins a new event. */
export function forgetKeys(): void {
  if (used != 0) memory.fill(FINGERPRINTS, 0, <usize>SLOTS << 3);
  used = 0;
  comparedBytes = 0;
}

/** Whether the event has so many keys that they can no longer be told apart in reasonable time. */
export function tooManyKeys(): bool {
  return comparedBytes > COMPARED_BYTES_LIMIT;
}

/** Counts what was read once more to compare keys. */
export function countCompared(byteCount: usize): void {
  comparedBytes += byteCount;
}

/** Whether the key in hand may have been here before in the object whose brace lies at `open`; remembers it. */
export function seenKey(open: usize): bool {
  if (used >= SLOTS >> 1) return true;
  const print = fingerprint(open);
  let slot = <u32>(print >> 52);
  while (true) {
    const place = FINGERPRINTS + (<usize>slot << 3);
    const held = load<u64>(place);
    if (held == print) return true;
    if (held == 0) {
      store<u64>(place, print);
      used++;
      return false;
    }
    slot = (slot + 1) & (SLOTS - 1);
  }
}

/** 64 bits of the key in hand and its object; never 0. */
function fingerprint(open: usize): u64 {
  let hash: u64 = <u64>open * FACTOR;
  let at = keyStart + 1;
  for (; at + 8 <= keyEnd; at += 8) hash = (rotl(hash, 27) ^ load<u64>(at)) * FACTOR;
  const rest = <u64>(keyEnd - at) << 3;
  hash = (rotl(hash, 27) ^ (load<u64>(at) & ((<u64>1 << rest) - 1)) ^ rest) * FACTOR;
  return (hash ^ (hash >> 29)) * FACTOR | 1;
}

/**
 * Blanks out what stands before `at` under the key in hand, among the members of the object whose brace lies at `open`; true when there was
 * something. Two keys that are only written alike, because of a dot, are told apart instead. The key in hand stays in hand.
 */
export function blankEarlier(open: usize, at: usize): bool {
  const start = keyStart;
  const end = keyEnd;
  const wasPlain = plain;
  let found = false;
  let member = skipSpace(open + 1);
  comparedBytes += at - open;
  while (member < at && !found && !tooManyKeys()) {
    const colon = skipSpace(readKey(member, COMPARED));
    if (<u32>load<u8>(colon) != COLON) break;
    const behind = skipValue(colon + 1);
    const comma = behind == 0 ? <usize>0 : skipSpace(behind);
    if (comma == 0 || <u32>load<u8>(comma) != COMMA) break;
    if (sameKey(start, end)) {
      found = true;
      if (plain == wasPlain || !undot(plain ? at : member)) memory.fill(member, BLANK, <usize>(comma + 1 - member));
    }
    member = skipSpace(comma + 1);
  }
  takeKey(start, end, wasPlain);
  return found;
}

/** Blanks out all earlier members with the same key in the value at `at`, which is well formed (a text that came inside a string). */
export function blankDuplicates(at: usize, finish: usize): void {
  while (at < finish) {
    const head = <u32>load<u8>(at);
    if (head == 0x7b) blankInObject(at);
    at = head == QUOTE ? skipValue(at) : at + 1;
  }
}

function blankInObject(open: usize): void {
  let member = skipSpace(open + 1);
  while (<u32>load<u8>(member) == QUOTE && !tooManyKeys()) {
    const colon = skipSpace(readKey(member, COMPARED - 1));
    if (seenKey(open)) blankOneOf(open, member, skipSpace(colon + 1));
    if (load<u8>(member) == BLANK) {
      member = skipSpace(member);
      continue;
    }
    const comma = skipSpace(skipValue(colon + 1));
    if (<u32>load<u8>(comma) != COMMA) return;
    member = skipSpace(comma + 1);
  }
}

/**
 * Of two equal keys blanks out the earlier one, unless that one's value is a time in ISO form and this one's is not: investigations have their
 * `QueryTime` twice, once as the United States write it (R015).
 */
function blankOneOf(open: usize, member: usize, value: usize): void {
  const earlier = valueBefore(open, member);
  if (earlier != 0 && isIsoTime(earlier) && !isIsoTime(value)) {
    const behind = skipValue(value);
    const comma = skipSpace(behind);
    if (<u32>load<u8>(comma) == COMMA) {
      memory.fill(member, BLANK, comma + 1 - member);
    } else {
      let before = member;
      while (<u32>load<u8>(before) != COMMA) before--;
      memory.fill(before, BLANK, behind - before);
    }
    return;
  }
  blankEarlier(open, member);
}

/** The value that stands under the key in hand before `at`; 0 when there is none. */
function valueBefore(open: usize, at: usize): usize {
  const start = keyStart;
  const end = keyEnd;
  const wasPlain = plain;
  let found: usize = 0;
  let member = skipSpace(open + 1);
  comparedBytes += at - open;
  while (member < at && found == 0) {
    const value = skipSpace(skipSpace(readKey(member, COMPARED)) + 1);
    if (sameKey(start, end)) found = value;
    member = skipSpace(skipSpace(skipValue(value)) + 1);
  }
  takeKey(start, end, wasPlain);
  return found;
}

/** `"2026-…` */
function isIsoTime(value: usize): bool {
  return load<u8>(value) == 0x22 && load<u8>(value, 5) == DASH && load<u8>(value, 8) == DASH && load<u8>(value, 11) == 0x54;
}

/** Writes the first dot of the key at `key` as a dash, so that the key is another one; false when it has none. */
function undot(key: usize): bool {
  for (let at = key + 1; load<u8>(at) != <u8>QUOTE; at++) {
    if (load<u8>(at) == DOT) {
      store<u8>(at, DASH);
      return true;
    }
  }
  return false;
}
