/**
 * Times as the service writes them: `2026-09-01T08:15:30`, with or without a fraction, with or without a zone, which is UTC when it is missing (R100,
 * R019). https://www.rfc-editor.org/rfc/rfc3339
 */
import { Text, endOf, lengthOf, startOf } from '../json/span';
import { begin, byte, copy, end, padded } from '../json/write';

const FRACTION_DIGITS_LIMIT: usize = 9;
const ZERO: u32 = 0x30;
/** 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z: in UTC a time of the first or the last day may lie in a year of another length. */
const EARLIEST: i64 = -62_167_219_200;
const LATEST: i64 = 253_402_300_799;

/** The time last read: seconds since 1970, and nanoseconds. */
export let seconds: i64 = 0;
export let nanoseconds: u32 = 0;

let fractionStart: usize = 0;
let fractionEnd: usize = 0;
let offsetSeconds: i64 = 0;

/** Reads a time into `seconds` and `nanoseconds`; false when the text is none. Leap seconds count as the second after. */
export function readTime(text: Text): bool {
  const at = startOf(text);
  const finish = endOf(text);
  if (lengthOf(text) < 19 || load<u8>(at, 4) != 0x2d || load<u8>(at, 7) != 0x2d || load<u8>(at, 13) != 0x3a || load<u8>(at, 16) != 0x3a) return false;
  const divider = <u32>load<u8>(at, 10);
  if (divider != 0x54 && divider != 0x74 && divider != 0x20) return false;
  const year = two(at) * 100 + two(at + 2);
  const month = two(at + 5);
  const day = two(at + 8);
  const hour = two(at + 11);
  const minute = two(at + 14);
  const second = two(at + 17);
  if (year > 9999 || month - 1 > 11 || day - 1 >= daysOf(year, month) || hour > 23 || minute > 59 || second > 60) return false;
  const zone = fraction(at + 19, finish);
  if (zone == 0 || !readZone(zone, finish)) return false;
  seconds = <i64>days(year, month, day) * 86400 + <i64>(hour * 3600 + minute * 60 + second) - offsetSeconds;
  return seconds >= EARLIEST && seconds <= LATEST;
}

/** Two digits as a number; far out of any range when they are none. */
function two(at: usize): u32 {
  const tens = <u32>load<u8>(at) - ZERO;
  const ones = <u32>load<u8>(at, 1) - ZERO;
  return tens > 9 || ones > 9 ? 1_000_000 : tens * 10 + ones;
}

/** Reads `.1234567`; answers where the zone begins, 0 when there are no digits behind the point. Digits beyond the ninth are dropped. */
function fraction(at: usize, finish: usize): usize {
  nanoseconds = 0;
  fractionStart = 0;
  fractionEnd = 0;
  if (at == finish || load<u8>(at) != 0x2e) return at;
  fractionStart = ++at;
  let unit: u32 = 100_000_000;
  while (at < finish && <u32>load<u8>(at) - ZERO < 10) {
    nanoseconds += (<u32>load<u8>(at++) - ZERO) * unit;
    unit /= 10;
  }
  fractionEnd = min(at, fractionStart + FRACTION_DIGITS_LIMIT);
  return at == fractionStart ? 0 : at;
}

/** Reads nothing, `Z`, `+hh:mm` or `-hhmm`, with a blank before it or not. */
function readZone(at: usize, finish: usize): bool {
  offsetSeconds = 0;
  if (at < finish && load<u8>(at) == 0x20) at++;
  if (at == finish) return true;
  const sign = <u32>load<u8>(at++);
  if ((sign | 0x20) == 0x7a) return at == finish;
  if ((sign != 0x2b && sign != 0x2d) || finish - at < 4) return false;
  const hours = two(at);
  at += load<u8>(at, 2) == 0x3a ? 3 : 2;
  const minutes = finish - at == 2 ? two(at) : 1_000_000;
  if (hours > 23 || minutes > 59) return false;
  const offset = <i64>(hours * 3600 + minutes * 60);
  offsetSeconds = sign == 0x2d ? -offset : offset;
  return true;
}

/** Days since 1970-01-01 in the Gregorian calendar. */
function days(year: u32, month: u32, day: u32): i32 {
  const shifted = <i32>year - <i32>(month <= 2);
  const era = (shifted >= 0 ? shifted : shifted - 399) / 400;
  const yearOfEra = shifted - era * 400;
  const dayOfYear = (153 * (<i32>month + (month > 2 ? -3 : 9)) + 2) / 5 + <i32>day - 1;
  return era * 146097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719468;
}

function daysOf(year: u32, month: u32): u32 {
  if (month == 2) return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

/** Writes the time as RFC 3339 in UTC, with the fraction's digits as they came and at least three; false, and nothing usable, when it is no time. */
export function writeDate(text: Text): bool {
  if (!readTime(text)) return false;
  writeSeconds(seconds);
  byte(0x2e);
  copy(fractionStart, fractionEnd - fractionStart);
  for (let digits = fractionEnd - fractionStart; digits < 3; digits++) byte(ZERO);
  byte(0x5a);
  return true;
}

/** Whether the text is a time as `writeDate` writes it: with three to nine digits of a second, in UTC. */
function isWritten(text: Text): bool {
  const length = lengthOf(text);
  if (length < 24 || length > 30) return false;
  const at = startOf(text);
  // a second that does not count would become the next one
  return load<u8>(endOf(text) - 1) == 0x5a && load<u8>(at, 10) == 0x54 && load<u16>(at, 17) != 0x3036 && readTime(text) && endOf(text) - fractionEnd == 1 && fractionEnd - fractionStart >= 3;
}

/** The text as a time in UTC (RFC 3339); no text when it is none. */
export function dateOf(text: Text): Text {
  if (text == 0) return 0;
  if (isWritten(text)) return text;
  begin();
  const good = writeDate(text);
  const made = end();
  return good ? made : 0;
}

/** Writes seconds and nanoseconds since 1970 as RFC 3339 in UTC, to the millisecond. */
export function writeTime(sinceSeconds: i64, sinceNanoseconds: u32): void {
  writeSeconds(sinceSeconds);
  byte(0x2e);
  padded(sinceNanoseconds / 1_000_000, 3);
  byte(0x5a);
}

/** Writes `2026-09-01T08:15:30`. */
function writeSeconds(since: i64): void {
  let day = since / 86400;
  let rest = since % 86400;
  if (rest < 0) {
    rest += 86400;
    day--;
  }
  const shifted = <i32>day + 719468;
  const era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
  const dayOfEra = shifted - era * 146097;
  const yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365;
  const dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100);
  const monthFromMarch = (5 * dayOfYear + 2) / 153;
  const month = monthFromMarch + (monthFromMarch < 10 ? 3 : -9);
  padded(<u32>(yearOfEra + era * 400 + <i32>(month <= 2)), 4);
  byte(0x2d);
  padded(<u32>month, 2);
  byte(0x2d);
  padded(<u32>(dayOfYear - (153 * monthFromMarch + 2) / 5 + 1), 2);
  byte(0x54);
  padded(<u32>(rest / 3600), 2);
  byte(0x3a);
  padded(<u32>(rest / 60 % 60), 2);
  byte(0x3a);
  padded(<u32>(rest % 60), 2);
}
