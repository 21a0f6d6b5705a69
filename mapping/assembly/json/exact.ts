/**
 * Numbers that every reader keeps: integers that 64 bits hold, and decimals that a double holds. Any other number is its text, on every way that an event can
 * take: some host would bend it.
 */
import { isPlainInteger, notAbove } from './number';
import { Text, endOf, startOf, textOf } from './span';

/** A decimal with at most these digits, and an exponent of at most the other limit, is exact to 15 digits as a double. */
const DOUBLE_DIGITS_LIMIT: i32 = 15;
export const DOUBLE_EXPONENT_LIMIT: i32 = 22;
const SIGNED_LIMIT: u64 = 0x8000_0000_0000_0000;
const MINUS: u32 = 0x2d;

/** Whether every reader keeps the number. */
export function isExact(number: Text): bool {
  return isPlainInteger(number) ? isExactInteger(number) : isExactDecimal(number);
}

/** Whether an integer lies between -2^63 and 2^64 - 1. */
export function isExactInteger(number: Text): bool {
  const negative = <u32>load<u8>(startOf(number)) == MINUS;
  return notAbove(textOf(startOf(number) + <usize>negative, endOf(number)), negative ? SIGNED_LIMIT : u64.MAX_VALUE);
}

/** What `isExactDecimal` read: digits without a point, and the power of ten they are to be taken by. */
export let mantissa: u64 = 0;
export let exponent: i32 = 0;
export let isNegative: bool = false;

/** Reads a decimal into mantissa and exponent; false when it has more digits than are exact, or too large an exponent. */
export function isExactDecimal(text: Text): bool {
  let at = startOf(text);
  const finish = endOf(text);
  mantissa = 0;
  exponent = 0;
  isNegative = load<u8>(at) == 0x2d;
  if (isNegative) at++;
  let digits: i32 = 0;
  let zeros: i32 = 0;
  let behindPoint = false;
  for (; at < finish; at++) {
    const digit = <u32>load<u8>(at) - 0x30;
    if (digit == <u32>(0x2e - 0x30)) {
      behindPoint = true;
      continue;
    }
    if (digit > 9) break;
    if (behindPoint) exponent--;
    if (digit == 0 && digits == 0) continue;
    // zeros are kept back until a digit follows: those at the end do not count
    if (digit == 0) {
      zeros++;
      if (zeros > 400) return false;
      continue;
    }
    digits += zeros + 1;
    if (digits > DOUBLE_DIGITS_LIMIT) return false;
    for (; zeros > 0; zeros--) mantissa *= 10;
    mantissa = mantissa * 10 + digit;
  }
  exponent += zeros;
  if (at < finish) exponent += readExponent(at + 1, finish);
  return mantissa == 0 || (exponent >= -DOUBLE_EXPONENT_LIMIT && exponent <= DOUBLE_EXPONENT_LIMIT);
}

function readExponent(at: usize, finish: usize): i32 {
  const negative = load<u8>(at) == 0x2d;
  if (negative || load<u8>(at) == 0x2b) at++;
  let value: i32 = 0;
  for (; at < finish; at++) value = min(value * 10 + <i32>(load<u8>(at) - 0x30), 100_000);
  return negative ? -value : value;
}
