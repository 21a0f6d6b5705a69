/**
 * An id for what brings none (R001): 128 bits over all values with their paths, added up, so that the order of keys does not matter. Texts count by their
 * characters and numbers by their value, not by how a host printed them.
 */
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, ESCAPED, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, seen, skipSpace, stringEnd } from './json/scan';
import { writeCanonicalNumber } from './json/number';
import { skipScalar, skipValue } from './json/skip';
import { Text, endOf, find, lengthOf, startOf, textOf } from './json/span';
import { canonical } from './json/text';
import { begin, byte, end } from './json/write';
import { mark, release } from './memory';
import { fromDouble } from './mode';

const FACTOR: u64 = 0x9e3779b97f4a7c15;
const OTHER_FACTOR: u64 = 0xc2b2ae3d27d4eb4f;
/** An id of more than 512 bytes has a store refuse the whole request that it is in; a suffix may come behind this one. */
const ID_LIMIT_BYTES: usize = 500;
/** Of each open object or array (skipValue allows 4096): the hash of its path (u64), the number of its element (u32), whether it is an array (u32). */
const PATHS: usize = memory.data(4097 * 16, 16);

let high: u64 = 0;
let low: u64 = 0;

/**
 * Whether an event's own id, in canonical form, can be its document's (R001). Log agents write ids into their requests as they are, and leave out those in which
 * something would have to be escaped: the store then makes up one, another one each time.
 */
export function canBeId(id: Text): bool {
  return lengthOf(id) <= ID_LIMIT_BYTES && find(id, BACKSLASH) == endOf(id);
}

/** The id, as 32 hexadecimal digits, of the guarded text from `start` to `finish`; of what is no JSON, by its bytes. */
export function identityOf(start: usize, finish: usize): Text {
  high = 0;
  low = 0;
  const at = skipSpace(start);
  const behind = at < finish ? skipValue(at) : 0;
  if (behind != 0) addValues(at, behind);
  else addLeaf(0, textOf(start, finish));
  begin();
  writeHex(high);
  writeHex(low);
  return end();
}

/** Adds every scalar of the value, which is well formed, and every empty object and array: events that hold nothing else are not all one. */
function addValues(at: usize, finish: usize): void {
  let depth: usize = 0;
  let path: u64 = 1;
  while (at < finish) {
    const head = <u32>load<u8>(at);
    const level = PATHS + (depth << 4);
    if (head == OPEN_BRACE || head == OPEN_BRACKET) {
      if (<u32>load<u8>(skipSpace(at + 1)) == head + 2) addLeaf(path, textOf(at, at + 1));
      store<u64>(level, path);
      store<u32>(level, 0, 8);
      store<u32>(level, <u32>(head == OPEN_BRACKET), 12);
      depth++;
      path = inArray(depth) ? mix(path, 0) : path;
      at++;
    } else if (head == CLOSE_BRACE || head == CLOSE_BRACKET) {
      depth--;
      at++;
    } else if (head == COMMA) {
      const parent = PATHS + ((depth - 1) << 4);
      const number = load<u32>(parent, 8) + 1;
      store<u32>(parent, number, 8);
      path = inArray(depth) ? mix(load<u64>(parent), number) : load<u64>(parent);
      at++;
    } else if (head == QUOTE) {
      const close = stringEnd(at + 1);
      const from = mark();
      forgetSeen();
      const text = canonical(at + 1, stringEnd(at + 1), seen | ESCAPED);
      at = skipSpace(close + 1);
      if (<u32>load<u8>(at) == COLON && !inArray(depth)) {
        path = mix(load<u64>(PATHS + ((depth - 1) << 4)), hashOf(text, FACTOR));
        at++;
      } else {
        addLeaf(path, text);
      }
      release(from);
    } else if (head <= 0x20) {
      at++;
    } else {
      at = addScalar(path, at);
    }
  }
}

function inArray(depth: usize): bool {
  return depth != 0 && load<u32>(PATHS + ((depth - 1) << 4), 12) != 0;
}

function addScalar(path: u64, at: usize): usize {
  const behind = skipScalar(at);
  const from = mark();
  const text = textOf(at, behind);
  const first = <u32>load<u8>(at);
  if (first == 0x2d || first - 0x30 < 10) {
    begin();
    writeCanonicalNumber(text, fromDouble);
    addLeaf(path, end());
  } else {
    addLeaf(path, text);
  }
  release(from);
  return behind;
}

function addLeaf(path: u64, text: Text): void {
  high += mix(path, hashOf(text, FACTOR));
  low += mix(path ^ OTHER_FACTOR, hashOf(text, OTHER_FACTOR));
}

function mix(a: u64, b: u64): u64 {
  const mixed = (a ^ rotl<u64>(b, 31)) * FACTOR;
  return (mixed ^ (mixed >> 29)) * OTHER_FACTOR;
}

function hashOf(text: Text, factor: u64): u64 {
  let hash: u64 = factor;
  for (let at = startOf(text), finish = endOf(text); at < finish; at++) hash = (rotl<u64>(hash, 9) ^ load<u8>(at)) * factor;
  return hash ^ (hash >> 32);
}

function writeHex(value: u64): void {
  for (let shift: i32 = 60; shift >= 0; shift -= 4) {
    const digit = <u32>(value >> shift) & 15;
    byte(digit < 10 ? 0x30 + digit : 0x57 + digit);
  }
}
