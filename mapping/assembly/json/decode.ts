/** Texts as their characters, without JSON's escapes: for JSON inside a string, and for hashes. */
import { BACKSLASH, hexUnit } from './scan';
import { unescaped } from './text';

const BACKSLASHES: u64 = 0x5c5c5c5c5c5c5c5c;
const LOW: u64 = 0x0101010101010101;
const HIGH: u64 = 0x8080808080808080;

/** Decodes a string's inside, in which nothing is broken, to `to`; answers where it ended. It never becomes longer. */
export function decoded(start: usize, finish: usize, to: usize): usize {
  while (start < finish) {
    if (<u32>load<u8>(start) != BACKSLASH) {
      const run = escapeStart(start, finish);
      memory.copy(to, start, run - start);
      to += run - start;
      start = run;
    } else if (load<u8>(start, 1) != 0x75) {
      store<u8>(to++, unescaped(load<u8>(start, 1)));
      start += 2;
    } else {
      let point = <u32>hexUnit(start + 2);
      start += 6;
      if ((point & 0xfc00) == 0xd800) {
        point = 0x10000 + ((point - 0xd800) << 10) + (<u32>hexUnit(start + 2) - 0xdc00);
        start += 6;
      }
      to = encode(to, point);
    }
  }
  return to;
}

/** Past everything up to the next backslash, or to `finish`. */
export function escapeStart(at: usize, finish: usize): usize {
  while (at < finish) {
    const eight = load<u64>(at) ^ BACKSLASHES;
    const found = (eight - LOW) & ~eight & HIGH;
    if (found != 0) return min(at + <usize>(ctz(found) >> 3), finish);
    at += 8;
  }
  return finish;
}

function encode(to: usize, point: u32): usize {
  if (point < 0x80) {
    store<u8>(to, point);
    return to + 1;
  }
  if (point < 0x800) {
    store<u8>(to, 0xc0 | (point >> 6));
    store<u8>(to, 0x80 | (point & 63), 1);
    return to + 2;
  }
  if (point < 0x10000) {
    store<u8>(to, 0xe0 | (point >> 12));
    store<u8>(to, 0x80 | ((point >> 6) & 63), 1);
    store<u8>(to, 0x80 | (point & 63), 2);
    return to + 3;
  }
  store<u8>(to, 0xf0 | (point >> 18));
  store<u8>(to, 0x80 | ((point >> 12) & 63), 1);
  store<u8>(to, 0x80 | ((point >> 6) & 63), 2);
  store<u8>(to, 0x80 | (point & 63), 3);
  return to + 4;
}
