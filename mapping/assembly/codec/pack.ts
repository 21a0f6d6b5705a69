/**
 * A JSON value where it lies to MessagePack, in one pass and without a tree: scanned and copied 8 bytes at a time, headers filled in afterwards. What JSON or
 * UTF-8 forbids is repaired, numbers that a double would bend are strings.
 */
import { CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, scalarEnd, seen, skipSpace, special, stringEnd } from '../json/scan';
import { isNumber } from '../json/number';
import { skipValue } from '../json/skip';
import { textOf } from '../json/span';
import { giveBack, lend } from '../json/write';
import { quoteJson } from '../normalise/json-text';
import { number, oddString, plainString } from './msgpack';
import { forgetNoted, noteMember } from './noted';

/** Hosts read MessagePack with a stack of 32 levels, of which the record around the event takes some: deeper values travel as their JSON text. */
const DEPTH_LIMIT: usize = 24;
/** A control character, which JSON does not allow in a string, is repaired to six bytes on the way: so much room is needed. */
export const ROOM_FACTOR: usize = 6;
/** An open object or array: where its header is (u32), how many members it has (u32), whether it is an object (u32). */
const LEVELS: usize = memory.data(26 * 16, 16);

/** Where the value that was packed ends. */
export let packedEnd: usize = 0;
/** Where the text was wrong; at the end of the text or behind it: the value is cut off. */
export let failedAt: usize = 0;

function fail(at: usize): usize {
  failedAt = at;
  return 0;
}

/** Where reading goes on behind the string last packed. */
let behindString: usize = 0;

/** Packs the string whose opening quote lies at `at`; answers where it ends in the output. A short one is copied while it is scanned. */
// @ts-ignore: decorator
@inline
function packString(at: usize, to: usize): usize {
  let from = at + 1;
  let word = load<u64>(from);
  let found = special(word);
  store<u64>(to, word, 1);
  if (found == 0) {
    from += 8;
    word = load<u64>(from);
    found = special(word);
    store<u64>(to, word, 9);
    if (found == 0) return packLongString(at, from + 8, to);
  }
  from += <usize>(ctz(found) >> 3);
  if (<u32>load<u8>(from) != QUOTE) return packLongString(at, from, to);
  const length = from - at - 1;
  store<u8>(to, 0xa0 | length);
  behindString = from + 1;
  return to + 1 + length;
}

/** Packs a string that is longer than 15 bytes or not plain, of which everything before `from` is plain. */
function packLongString(at: usize, from: usize, to: usize): usize {
  forgetSeen();
  const finish = stringEnd(from);
  behindString = finish + 1;
  return seen == 0 ? plainString(to, at + 1, finish) : oddString(to, at + 1, finish, seen);
}

/** Packs the value at `at` to `to`; answers the position behind it, or 0, with `failedAt`. */
export function pack(at: usize, to: usize): usize {
  forgetNoted();
  let depth: usize = 0;
  let level: usize = LEVELS;
  let isObject = false;
  while (true) {
    let head = <u32>load<u8>(at);
    if (head <= 0x20) {
      at = skipSpace(at);
      head = <u32>load<u8>(at);
    }
    if (head == QUOTE) {
      to = packString(at, to);
      at = behindString;
    } else if (head == OPEN_BRACE || head == OPEN_BRACKET) {
      const inside = skipSpace(at + 1);
      if (<u32>load<u8>(inside) == head + 2) {
        store<u8>(to++, head == OPEN_BRACE ? 0x80 : 0x90);
        at = inside + 1;
      } else if (depth == DEPTH_LIMIT) {
        const behind = skipValue(at);
        if (behind == 0) return fail(usize.MAX_VALUE);
        to = packText(at, behind, to);
        at = behind;
      } else {
        depth++;
        level += 16;
        isObject = head == OPEN_BRACE;
        store<u32>(level, <u32>to);
        store<u32>(level, 1, 4);
        store<u32>(level, <u32>isObject, 8);
        to += 3;
        at = inside;
        if (isObject) {
          to = packKey(at, to, depth);
          if (to == 0) return 0;
          at = behindString;
        }
        continue;
      }
    } else {
      const finish = scalarEnd(at);
      to = packScalar(at, finish, to);
      if (to == 0) return fail(finish);
      at = finish;
    }
    // behind a value
    while (true) {
      if (depth == 0) {
        packedEnd = to;
        return at;
      }
      let next = <u32>load<u8>(at);
      if (next <= 0x20) {
        at = skipSpace(at);
        next = <u32>load<u8>(at);
      }
      if (next == COMMA) {
        at++;
        store<u32>(level, load<u32>(level, 4) + 1, 4);
        if (isObject) {
          to = packKey(at, to, depth);
          if (to == 0) return 0;
          at = behindString;
        }
        break;
      }
      if (next != <u32>(isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return fail(at);
      at++;
      to = closeHeader(level, to, isObject);
      depth--;
      level -= 16;
      isObject = load<u32>(level, 8) != 0;
    }
  }
  return 0;
}

/** Packs the key at `at`, of an event's own member or of one below; answers where its value goes, 0 when there is none. */
// @ts-ignore: decorator
@inline
function packKey(at: usize, to: usize, depth: usize): usize {
  if (<u32>load<u8>(at) != QUOTE) {
    at = skipSpace(at);
    if (<u32>load<u8>(at) != QUOTE) return fail(at);
  }
  to = packString(at, to);
  let colon = behindString;
  if (<u32>load<u8>(colon) != COLON) {
    colon = skipSpace(colon);
    if (<u32>load<u8>(colon) != COLON) return fail(colon);
  }
  if (depth == 1) noteMember(at + 1, behindString - 1, colon + 1);
  behindString = colon + 1;
  return to;
}

/** Packs a value that lies too deep, as a string of its JSON text. */
function packText(at: usize, behind: usize, to: usize): usize {
  lend(to + 5);
  quoteJson(at, behind, false);
  return oddString(to, to + 6, giveBack() - 1, 1);
}

/** Packs a number, true, false or null; 0 when it is none of them. */
function packScalar(at: usize, finish: usize, to: usize): usize {
  const length = finish - at;
  const four = load<u32>(at);
  if (length == 4 && four == 0x65757274) return one(to, 0xc3);
  if (length == 5 && four == 0x736c6166 && load<u8>(at, 4) == 0x65) return one(to, 0xc2);
  if (length == 4 && four == 0x6c6c756e) return one(to, 0xc0);
  if (length == 1 && (four & 0xff) - 0x30 < 10) return one(to, (four & 0xff) - 0x30);
  return length != 0 && isNumber(textOf(at, finish)) ? number(to, at, finish) : 0;
}

function one(to: usize, byte: u32): usize {
  store<u8>(to, byte);
  return to + 1;
}

/** Fills in the header of an object or array that ends at `to`, now that its length is known; answers where it ends. */
// @ts-ignore: decorator
@inline
function closeHeader(level: usize, to: usize, isObject: bool): usize {
  const header = <usize>load<u32>(level);
  const count = load<u32>(level, 4);
  if (count >= 65536) return largeHeader(header, to, isObject, count);
  store<u8>(header, isObject ? 0xde : 0xdc);
  store<u16>(header, bswap<u16>(<u16>count), 1);
  return to;
}

function largeHeader(header: usize, to: usize, isObject: bool, count: u32): usize {
  memory.copy(header + 5, header + 3, to - header - 3);
  store<u8>(header, isObject ? 0xdf : 0xdd);
  store<u32>(header, bswap<u32>(count), 1);
  return to + 2;
}
