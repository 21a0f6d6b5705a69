/** Skips a whole JSON value, and refuses what is not one: for texts that no rule looks into, and before a text inside a string is believed. */
import { BACKSLASH, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, scalarEnd, skipSpace, special, stringEnd } from './scan';
import { isNumber } from './number';
import { textOf } from './span';

/** Open brackets that are kept apart, a bit each; more than these a text may not have inside each other. */
const NESTING_LIMIT: u32 = 4096;
const KINDS: usize = memory.data(4096 / 8, 16);

/** Past the value at `at` (behind blanks); 0 when it is malformed or nested deeper than 4096. The text must be guarded. */
export function skipValue(at: usize): usize {
  let depth: u32 = 0;
  while (true) {
    at = skipSpace(at);
    const head = <u32>load<u8>(at);
    if (head == OPEN_BRACE || head == OPEN_BRACKET) {
      if (depth == NESTING_LIMIT) return 0;
      setKind(depth++, head == OPEN_BRACE);
      at = skipSpace(at + 1);
      if (<u32>load<u8>(at) != head + 2) {
        if (head == OPEN_BRACE && (at = skipKey(at)) == 0) return 0;
        continue;
      }
    } else if (head == QUOTE) {
      at = stringEnd(at + 1) + 1;
    } else if ((at = skipScalar(at)) == 0) {
      return 0;
    }
    // behind a value, or at the closing bracket of an empty object or array
    while (true) {
      if (depth == 0) return at;
      at = skipSpace(at);
      const next = <u32>load<u8>(at);
      const inObject = isObject(depth - 1);
      if (next == COMMA) {
        at++;
        if (inObject && (at = skipKey(skipSpace(at))) == 0) return 0;
        break;
      }
      if (next != (inObject ? CLOSE_BRACE : CLOSE_BRACKET)) return 0;
      depth--;
      at++;
    }
  }
}

/** Past the value at `at`, which has been found well formed: only brackets and strings count. */
export function passValue(at: usize): usize {
  let head = <u32>load<u8>(at);
  if (head == QUOTE) return passString(at + 1);
  // both kinds of brackets differ in one bit
  if ((head | 0x20) != OPEN_BRACE) return scalarEnd(at);
  let depth: u32 = 1;
  at++;
  while (true) {
    head = <u32>load<u8>(at);
    if (head == QUOTE) {
      at = passString(at + 1);
      // a colon or a comma, and the next string
      if (<u32>load<u8>(at, 1) == QUOTE) at++;
      continue;
    }
    head |= 0x20;
    at++;
    if (head == OPEN_BRACE) depth++;
    else if (head == CLOSE_BRACE && --depth == 0) return at;
  }
}

/** From behind a string's opening quote past its closing quote, where it has been found well formed. */
// @ts-ignore: decorator
@inline
function passString(at: usize): usize {
  while (true) {
    const found = special(load<u64>(at));
    if (found == 0) {
      at += 8;
      continue;
    }
    at += <usize>(ctz(found) >> 3);
    const byte = <u32>load<u8>(at);
    if (byte == QUOTE) return at + 1;
    if (byte == BACKSLASH) at += 2;
    else do at++; while (load<u8>(at) >= 0x80);
  }
}

/** Past a key, its colon and blanks; 0 when there is none. */
export function skipKey(at: usize): usize {
  if (<u32>load<u8>(at) != QUOTE) return 0;
  at = skipSpace(stringEnd(at + 1) + 1);
  return <u32>load<u8>(at) == COLON ? at + 1 : 0;
}

/** Past a number, true, false or null; 0 when it is none of them. */
export function skipScalar(at: usize): usize {
  const finish = scalarEnd(at);
  const length = finish - at;
  if (length == 4 && (load<u32>(at) == 0x65757274 || load<u32>(at) == 0x6c6c756e)) return finish;
  if (length == 5 && load<u32>(at) == 0x736c6166 && load<u8>(at, 4) == 0x65) return finish;
  return length != 0 && isNumber(textOf(at, finish)) ? finish : 0;
}

function setKind(depth: u32, object: bool): void {
  const place = KINDS + <usize>(depth >> 3);
  const bit = <u32>1 << (depth & 7);
  store<u8>(place, object ? <u32>load<u8>(place) | bit : <u32>load<u8>(place) & ~bit);
}

function isObject(depth: u32): bool {
  return (<u32>load<u8>(KINDS + <usize>(depth >> 3)) & (<u32>1 << (depth & 7))) != 0;
}
