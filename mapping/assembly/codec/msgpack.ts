/**
 * MessagePack for Fluent Forward: scalars of JSON text to bytes at a place that has room for them. Integers are exact from -2^63 to 2^64-1; a number
 * that a double could not hold exactly travels as a string of its digits. https://github.com/msgpack/msgpack/blob/master/spec.md
 */
import { giveBack, lend } from '../json/write';
import { DOUBLE_EXPONENT_LIMIT, exponent, isExactDecimal, isExactInteger, isNegative, mantissa } from '../json/exact';
import { isPlainInteger, parse, writeCanonicalNumber } from '../json/number';
import { BROKEN, ESCAPED } from '../json/scan';
import { Text, textOf } from '../json/span';
import { decoded } from '../json/decode';
import { writeCanonical } from '../json/text';

/** Up to so many bytes a loop is faster than a call of the runtime. */
const COPY_LOOP_LIMIT_BYTES: usize = 160;

/** Writes the header of a string of `length` bytes; answers where the bytes go. */
// @ts-ignore: decorator
@inline
function stringHeader(to: usize, length: usize): usize {
  if (length < 32) {
    store<u8>(to, 0xa0 | length);
    return to + 1;
  }
  return longStringHeader(to, length);
}

function longStringHeader(to: usize, length: usize): usize {
  if (length < 256) {
    store<u8>(to, 0xd9);
    store<u8>(to, length, 1);
    return to + 2;
  }
  if (length < 65536) {
    store<u8>(to, 0xda);
    store<u16>(to, bswap<u16>(<u16>length), 1);
    return to + 3;
  }
  store<u8>(to, 0xdb);
  store<u32>(to, bswap<u32>(<u32>length), 1);
  return to + 5;
}

/** Writes a string whose inside is plain. May write up to 15 bytes beyond its end. */
// @ts-ignore: decorator
@inline
export function plainString(to: usize, start: usize, finish: usize): usize {
  const length = finish - start;
  to = stringHeader(to, length);
  if (length > COPY_LOOP_LIMIT_BYTES) {
    memory.copy(to, start, length);
    return to + length;
  }
  const end = to + length;
  do {
    store<u64>(to, load<u64>(start));
    store<u64>(to, load<u64>(start, 8), 8);
    to += 16;
    start += 16;
  } while (to < end);
  return end;
}

/** Writes a string with escapes or with what is broken; `flags` are what the scanner saw. */
export function oddString(to: usize, start: usize, finish: usize, flags: u32): usize {
  if ((flags & BROKEN) != 0) return repairedString(to, start, finish);
  if ((flags & ESCAPED) == 0) return plainString(to, start, finish);
  // decoding only shortens: the header is chosen by the length before it, and filled in after it
  const length = finish - start;
  const body = stringHeader(to, length);
  const end = decoded(start, finish, body);
  patchLength(to, body, end - body);
  return end;
}

function patchLength(to: usize, body: usize, length: usize): void {
  if (body == to + 1) store<u8>(to, 0xa0 | length);
  else if (body == to + 2) store<u8>(to, length, 1);
  else if (body == to + 3) store<u16>(to, bswap<u16>(<u16>length), 1);
  else store<u32>(to, bswap<u32>(<u32>length), 1);
}

/** A broken string is repaired as in a document, then decoded. */
function repairedString(to: usize, start: usize, finish: usize): usize {
  const body = to + 5;
  lend(body);
  writeCanonical(start, finish);
  const repaired = giveBack();
  const end = decoded(body, repaired, body);
  store<u8>(to, 0xdb);
  store<u32>(to, bswap<u32>(<u32>(end - body)), 1);
  return end;
}

/** Writes a number of JSON's grammar. */
export function number(to: usize, start: usize, finish: usize): usize {
  const text = textOf(start, finish);
  if (!isPlainInteger(text)) return decimalNumber(to, text);
  const negative = load<u8>(start) == 0x2d;
  if (!isExactInteger(text)) return plainString(to, start, finish);
  const value = parse(textOf(start + <usize>negative, finish));
  return negative && value != 0 ? negativeInteger(to, value) : positiveInteger(to, value);
}

function positiveInteger(to: usize, value: u64): usize {
  if (value < 128) {
    store<u8>(to, value);
    return to + 1;
  }
  if (value < 256) {
    store<u8>(to, 0xcc);
    store<u8>(to, value, 1);
    return to + 2;
  }
  if (value < 65536) {
    store<u8>(to, 0xcd);
    store<u16>(to, bswap<u16>(<u16>value), 1);
    return to + 3;
  }
  if (value < 0x1_0000_0000) {
    store<u8>(to, 0xce);
    store<u32>(to, bswap<u32>(<u32>value), 1);
    return to + 5;
  }
  store<u8>(to, 0xcf);
  store<u64>(to, bswap<u64>(value), 1);
  return to + 9;
}

function negativeInteger(to: usize, magnitude: u64): usize {
  const value = -<i64>magnitude;
  if (magnitude <= 32) {
    store<u8>(to, <u8>value);
    return to + 1;
  }
  if (magnitude <= 128) {
    store<u8>(to, 0xd0);
    store<u8>(to, <u8>value, 1);
    return to + 2;
  }
  if (magnitude <= 32768) {
    store<u8>(to, 0xd1);
    store<u16>(to, bswap<u16>(<u16>value), 1);
    return to + 3;
  }
  if (magnitude <= 0x8000_0000) {
    store<u8>(to, 0xd2);
    store<u32>(to, bswap<u32>(<u32>value), 1);
    return to + 5;
  }
  store<u8>(to, 0xd3);
  store<u64>(to, bswap<u64>(<u64>value), 1);
  return to + 9;
}

/** A decimal as a double where that keeps its digits, else as a string of them in canonical form. */
function decimalNumber(to: usize, text: Text): usize {
  if (isExactDecimal(text)) {
    let value = <f64>mantissa;
    const power = powerOfTen(exponent < 0 ? -exponent : exponent);
    value = exponent < 0 ? value / power : value * power;
    store<u8>(to, 0xcb);
    store<u64>(to, bswap<u64>(reinterpret<u64>(isNegative ? -value : value)), 1);
    return to + 9;
  }
  const body = to + 5;
  lend(body);
  writeCanonicalNumber(text, false);
  const end = giveBack();
  store<u8>(to, 0xdb);
  store<u32>(to, bswap<u32>(<u32>(end - body)), 1);
  return end;
}

/** 10 to a power of up to 22, which a double holds exactly. */
function powerOfTen(power: i32): f64 {
  let value: f64 = 1;
  for (let i = 0; i < min(power, DOUBLE_EXPONENT_LIMIT); i++) value *= 10;
  return value;
}
