/** Keys of the event: read quickly where they are plain, made harmless where they are not, and compared where one may stand twice. */
import { QUOTE, stringEnd } from '../json/scan';
import { endOf, startOf, textOf } from '../json/span';
import { trim, writeCanonical } from '../json/text';
import { giveBack, lend } from '../json/write';

const LOW: u64 = 0x0101010101010101;
const HIGH: u64 = 0x8080808080808080;
const QUOTES: u64 = 0x2222222222222222;
const BACKSLASHES: u64 = 0x5c5c5c5c5c5c5c5c;
const SPACES: u64 = 0x2020202020202020;
const DOTS: u64 = 0x2e2e2e2e2e2e2e2e;
/** One above the blank: in a name it is as unwelcome as a control character. */
const NAME_LOWEST: u64 = 0x2121212121212121;

/** Longer keys are cut: Elasticsearch keeps a name in a term, which has a limit. Two that are then equal are joined (collisions.ts). */
const KEY_LIMIT_BYTES: usize = 240;
/** As much of a key is decoded: six bytes for each that may stay. */
const KEY_READ_BYTES: usize = 1440;
const DECODED: usize = memory.data(1440 * 3 + 64, 16);
/** Made keys, one for each level that may be waiting for its key to be written, and one for the member in hand. */
const MADE: usize = memory.data(256 * 20, 16);
/** The slot in which a record's own key is made, where it must be. */
export const RECORD_KEY: u32 = 17;

/** The key in hand: its opening quote and its closing quote; 0 for an element, which has none. */
export let keyStart: usize = 0;
export let keyEnd: usize = 0;
/** The member or element in hand can be taken over as it lies in the input, if its value can. */
export let plain: bool = false;

/** An element is in hand. */
export function takeElement(): void {
  keyStart = 0;
  keyEnd = 0;
  plain = true;
}

/** Puts an earlier key in hand again. */
export function takeKey(start: usize, end: usize, isPlain: bool): void {
  keyStart = start;
  keyEnd = end;
  plain = isPlain;
}

/** There are blanks between the key in hand and its value. */
export function takeApart(): void {
  plain = false;
}

/**
 * Reads the key whose opening quote lies at `at`; answers the position behind its closing quote. A key with a dot, a control character,
 * an escape, of blanks, or without a name is made anew for the level `depth`.
 */
// @ts-ignore: decorator
@inline
export function readKey(at: usize, depth: u32): usize {
  return read(at, depth, SPACES);
}

/** Reads a name that is to become a key (R020): as `readKey`, and blanks in it become `_`, around it they go. */
export function readName(at: usize, depth: u32): usize {
  return read(at, depth, NAME_LOWEST);
}

function read(at: usize, depth: u32, lowest: u64): usize {
  keyStart = at;
  plain = true;
  let scan = at + 1;
  let found: u64;
  while (true) {
    const eight = load<u64>(scan);
    found = (((eight ^ QUOTES) - LOW) | ((eight ^ BACKSLASHES) - LOW) | ((eight ^ DOTS) - LOW) | (eight - lowest) | eight) & HIGH;
    if (found != 0) break;
    scan += 8;
  }
  scan += <usize>(ctz(found) >> 3);
  // what begins with a blank may be nothing else
  if (<u32>load<u8>(scan) == QUOTE && scan - at - 2 < KEY_LIMIT_BYTES && load<u8>(at + 1) != 0x20) {
    keyEnd = scan;
    return scan + 1;
  }
  return makeKey(at, depth, lowest == NAME_LOWEST);
}

function makeKey(at: usize, depth: u32, isName: bool): usize {
  const finish = stringEnd(at + 1);
  // the writer is in the middle of the event: it is lent out and put back
  lend(DECODED);
  writeCanonical(at + 1, min(finish, at + 1 + KEY_READ_BYTES));
  let end = giveBack();
  let from = DECODED;
  if (isName) {
    const trimmed = trim(textOf(from, end));
    from = startOf(trimmed);
    end = endOf(trimmed);
  }
  end = min(end, from + KEY_LIMIT_BYTES);
  let to = MADE + (<usize>depth << 8);
  keyStart = to;
  plain = false;
  store<u8>(to++, QUOTE);
  if (from == end) store<u8>(to++, 0x5f);
  while (from < end) {
    let letter = <u32>load<u8>(from++);
    if (letter == 0x5c) {
      // what JSON would have to escape has no place in a name
      letter = 0x5f;
      from += load<u8>(from) == 0x75 ? 5 : 1;
    }
    store<u8>(to++, letter == 0x2e || (letter == 0x20 && isName) ? 0x5f : letter);
  }
  while (isCutCharacter(to)) to--;
  if (isBlank(keyStart + 1, to)) {
    to = keyStart + 1;
    store<u8>(to++, 0x5f);
  }
  keyEnd = to;
  store<u8>(to, QUOTE);
  store<u64>(to + 1, 0);
  return finish + 1;
}

/** Whether all characters are blanks of any script: Elasticsearch and OpenSearch refuse a document with such a name. */
function isBlank(from: usize, end: usize): bool {
  while (from < end) {
    if (load<u8>(from) == 0x20) {
      from++;
      continue;
    }
    // the others are U+1680, U+2000 to U+200A, U+2028, U+2029, U+202F, U+205F and U+3000, of three bytes each
    const three = <u32>load<u16>(from) | (<u32>load<u8>(from + 2) << 16);
    const isSpace = three == 0x809ae1 || three == 0x9f81e2 || three == 0x8080e3 || (three & 0xffff) == 0x80e2 && isSpaceAfter2000(three >> 16);
    if (!isSpace) return false;
    from += 3;
  }
  return true;
}

function isSpaceAfter2000(last: u32): bool {
  return last <= 0x8a || last == 0xa8 || last == 0xa9 || last == 0xaf;
}

/** Whether a UTF-8 character before `to` was cut by the limit. */
function isCutCharacter(to: usize): bool {
  let lead = to;
  let count: usize = 0;
  do {
    lead--;
    count++;
  } while (count < 4 && (load<u8>(lead) & 0xc0) == 0x80);
  const head = <u32>load<u8>(lead);
  if (head < 0x80) return false;
  return count < <usize>(head >= 0xf0 ? 4 : head >= 0xe0 ? 3 : 2);
}

/** `_object` in two parts that overlap, and `_raw`. */
const OBJECT_START: u32 = 0x6a626f5f;
const OBJECT_END: u32 = 0x7463656a;
const RAW: u32 = 0x7761725f;

/** Whether the key in hand ends in `_object`: what stands there is flattened. */
// @ts-ignore: decorator
@inline
export function endsInObject(): bool {
  return load<u32>(keyEnd - 4) == OBJECT_END && load<u32>(keyEnd - 7) == OBJECT_START;
}

/** Whether the key in hand ends in `_raw`: what stands there is text. */
export function endsInRaw(): bool {
  return load<u32>(keyEnd - 4) == RAW;
}
