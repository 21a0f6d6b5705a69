/**
 * Numbers by their digits. A number of an event never becomes a float here: it is text, brought to one canonical form, so that `1`, `1.0` and
 * `1e0` are equal and 64-bit ids keep every digit.
 */
import { Text, endOf, lengthOf, startOf, textOf } from './span';
import { byte, copy, out, rewind } from './write';

/** More digits than these in front of or behind the point are written with an exponent. */
const PLAIN_DIGITS_LIMIT: i64 = 40;
/** Fluent Bit prints a double with 16 digits, of which the last is noise where the event had fewer: 15 are sure. */
const SURE_DIGITS: i32 = 15;
/** With a longer exponent than e and so many characters a number stays as it is, but for zero. */
const EXPONENT_CHARACTERS_LIMIT: usize = 15;

const MINUS: u32 = 0x2d;
const POINT: u32 = 0x2e;
const ZERO: u32 = 0x30;
/** `.0` as two bytes in memory. */
const POINT_ZERO: u16 = 0x302e;

/** No number of so few characters, without an exponent, is more than every reader can keep (exact.ts). */
const KEPT_LENGTH: usize = 15;

/** Among the numbers found since this was last set to false was one that not every reader may keep. */
export let sawLarge: bool = false;

export function forgetLarge(): void {
  sawLarge = false;
}

/** Whether the text is a number by JSON's grammar. */
export function isNumber(text: Text): bool {
  let at = startOf(text);
  const finish = endOf(text);
  if (lengthOf(text) > KEPT_LENGTH) sawLarge = true;
  if (at < finish && <u32>load<u8>(at) == MINUS) at++;
  const whole = digitsEnd(at, finish);
  if (whole == at || (<u32>load<u8>(at) == ZERO && whole - at > 1)) return false;
  at = whole;
  if (at < finish && <u32>load<u8>(at) == POINT) {
    const fraction = digitsEnd(at + 1, finish);
    if (fraction == at + 1) return false;
    at = fraction;
  }
  if (at < finish && (<u32>load<u8>(at) | 0x20) == 0x65) {
    sawLarge = true;
    at++;
    if (at < finish && (load<u8>(at) == 0x2b || load<u8>(at) == MINUS)) at++;
    const exponent = digitsEnd(at, finish);
    if (exponent == at) return false;
    at = exponent;
  }
  return at == finish;
}

function digitsEnd(at: usize, finish: usize): usize {
  while (at < finish && <u32>load<u8>(at) - ZERO < 10) at++;
  return at;
}

/** Whether a number has neither point nor exponent: digits only. */
export function isPlainInteger(text: Text): bool {
  let at = startOf(text);
  const finish = endOf(text);
  if (<u32>load<u8>(at) == MINUS) at++;
  return digitsEnd(at, finish) == finish;
}

/** Whether a canonical number is an integer between -2^63 and 2^63 - 1, what a `long` holds. */
export function fitsLong(text: Text): bool {
  if (!isPlainInteger(text)) return false;
  const negative = <u32>load<u8>(startOf(text)) == MINUS;
  return notAbove(textOf(startOf(text) + <usize>negative, endOf(text)), negative ? 9_223_372_036_854_775_808 : 9_223_372_036_854_775_807);
}

/** Whether a number of digits only, without a sign, is at most `limit`. */
export function notAbove(digits: Text, limit: u64): bool {
  const length = lengthOf(digits);
  if (length > 20) return false;
  // the value of 19 digits does not wrap around
  if (length < 20) return parse(digits) <= limit;
  if (load<u8>(startOf(digits)) != 0x31 || limit < 10_000_000_000_000_000_000) return false;
  // 20 digits that begin with 1: below 2 * 10^19, so their value may wrap around, and then it is small
  const value = parse(digits);
  return value >= 10_000_000_000_000_000_000 && value <= limit;
}

/** The value of a text of digits; wraps around above 2^64 - 1. */
export function parse(digits: Text): u64 {
  let value: u64 = 0;
  for (let at = startOf(digits), finish = endOf(digits); at < finish; at++) value = value * 10 + (load<u8>(at) - ZERO);
  return value;
}

/**
 * Writes a number in canonical form: no exponent, no fraction of zeros, no minus before zero. With `fromDouble`, digits beyond the 15th are
 * rounded off when the number has a fraction or an exponent, for then a host has printed it from a double (`1.0` it prints exactly).
 */
export function writeCanonicalNumber(text: Text, fromDouble: bool): void {
  if (isPlainInteger(text)) {
    const start = startOf(text);
    if (lengthOf(text) == 2 && load<u16>(start) == 0x302d) byte(ZERO);
    else copy(start, lengthOf(text));
    return;
  }
  writeDecimal(text, fromDouble);
}

function writeDecimal(text: Text, fromDouble: bool): void {
  let at = startOf(text);
  const finish = endOf(text);
  const start = out;
  if (<u32>load<u8>(at) == MINUS) {
    byte(MINUS);
    at++;
  }
  // the significant digits, without zeros in front, are written first; `point` is how many of them stand before the decimal point
  const first = out;
  let point: i64 = 0;
  let behindPoint = false;
  for (; at < finish; at++) {
    const digit = <u32>load<u8>(at);
    if (digit == POINT) {
      behindPoint = true;
      continue;
    }
    if (digit - ZERO >= 10) break;
    if (out == first && digit == ZERO) {
      if (behindPoint) point--;
      continue;
    }
    if (!behindPoint) point++;
    byte(digit);
  }
  const stays = finish - at > EXPONENT_CHARACTERS_LIMIT + 1;
  if (at < finish && !stays) point += exponent(at + 1, finish);
  const noisy = fromDouble && load<u16>(finish - 2) != POINT_ZERO;
  if (noisy && <i32>(out - first) > SURE_DIGITS && roundUp(first)) point++;
  while (out > first && load<u8>(out - 1) == ZERO) rewind(out - 1);
  if (out == first) {
    rewind(start);
    byte(ZERO);
    return;
  }
  if (stays) {
    rewind(start);
    copy(startOf(text), lengthOf(text));
    return;
  }
  place(first, <i64>(out - first), point);
}

function exponent(at: usize, finish: usize): i64 {
  const negative = <u32>load<u8>(at) == MINUS;
  if (negative || load<u8>(at) == 0x2b) at++;
  let value: i64 = 0;
  for (; at < finish; at++) value = value * 10 + <i64>(load<u8>(at) - ZERO);
  return negative ? -value : value;
}

/** Rounds the digits written since `first` to the sure ones, half up; true when they became one digit longer (999… → 1000…). */
function roundUp(first: usize): bool {
  const up = load<u8>(first + SURE_DIGITS) >= 0x35;
  rewind(first + SURE_DIGITS);
  if (!up) return false;
  let at = first + SURE_DIGITS;
  while (at > first) {
    const digit = load<u8>(--at);
    if (digit != 0x39) {
      store<u8>(at, digit + 1);
      return false;
    }
    store<u8>(at, ZERO);
  }
  store<u8>(first, 0x31);
  return true;
}

/** Puts the decimal point, or zeros, or an exponent, among `count` digits at `first`. */
function place(first: usize, count: i64, point: i64): void {
  if (point > PLAIN_DIGITS_LIMIT || point < -PLAIN_DIGITS_LIMIT) {
    if (count > 1) insert(first + 1, POINT, 1);
    byte(0x65);
    let power = point - 1;
    if (power < 0) {
      byte(MINUS);
      power = -power;
    }
    writeSmall(<u64>power);
  } else if (point <= 0) {
    insert(first, ZERO, <usize>(2 - point));
    store<u8>(first + 1, POINT);
  } else if (point < count) {
    insert(first + <usize>point, POINT, 1);
  } else {
    for (let i = count; i < point; i++) byte(ZERO);
  }
}

/** Makes room for `count` bytes at `at`, before what was written there, and fills it with `value`. */
function insert(at: usize, value: u32, count: usize): void {
  const tail = out - at;
  for (let i: usize = 0; i < count; i++) byte(value);
  memory.copy(at + count, at, tail);
  memory.fill(at, <u8>value, count);
}

function writeSmall(value: u64): void {
  if (value >= 10) writeSmall(value / 10);
  byte(ZERO + <u32>(value % 10));
}
