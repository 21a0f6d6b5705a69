/**
 * What the event's typed properties hold, one text each: taken while the event is normalised, read by the rules. Of a property inside an array the
 * first value is kept. Numbers and booleans are kept as their text.
 */
import { PROPERTY_COUNT, Property } from './generated/properties';
import { ESCAPED } from './json/scan';
import { Text, endOf, startOf } from './json/span';
import { canonical } from './json/text';
import { begin, end } from './json/write';
import { writeCanonicalNumber } from './json/number';
import { fromDouble } from './mode';
import { visible } from './withhold';

const VALUES: usize = memory.data((<i32>PROPERTY_COUNT + 1) * 8, 16);

/** Marks in the length of a kept text, which no real length reaches. */
const TO_DECODE: u64 = 1 << 63;
const NUMBER: u64 = 1 << 62;
const IN_TEXT: u64 = 1 << 61;
const MARKS: u64 = TO_DECODE | NUMBER | IN_TEXT;

/** Forgets the last event. */
export function forgetCaptured(): void {
  memory.fill(VALUES, 0, (<usize>PROPERTY_COUNT + 1) << 3);
}

/** Keeps a string's inside as the scanner left it; `flags` are what it saw. */
export function captureString(property: u32, start: usize, finish: usize, flags: u32): void {
  const place = VALUES + (<usize>property << 3);
  if (load<u64>(place) != 0) return;
  store<u64>(place, <u64>start | (<u64>(finish - start) << 32) | (flags != 0 ? TO_DECODE : 0));
}

/** Keeps a number or a boolean; one that came `inText` was not printed by the host. */
export function captureScalar(property: u32, start: usize, finish: usize, inText: bool): void {
  const place = VALUES + (<usize>property << 3);
  if (load<u64>(place) == 0) store<u64>(place, <u64>start | (<u64>(finish - start) << 32) | (inText ? NUMBER | IN_TEXT : NUMBER));
}

/** Keeps where an object or array of the event lies, for rules that look into it. */
export function captureContainer(property: u32, at: usize): void {
  const place = VALUES + (<usize>property << 3);
  if (load<u64>(place) == 0) store<u64>(place, <u64>at);
}

/** Where the object or array of a property lies in the event; 0 when it has none. */
export function containerOf(property: Property): usize {
  const kept = load<u64>(VALUES + (<usize>property << 3));
  return kept >> 32 == 0 ? <usize>kept : 0;
}

/** Whether the event had a value for the property so far. */
export function isCaptured(property: Property): bool {
  return load<u64>(VALUES + (<usize>property << 3)) != 0;
}

/** What a property holds, as it lies in the event: for a look at it before the event is normalised. */
export function rawOfProperty(property: Property): Text {
  return load<u64>(VALUES + (<usize>property << 3)) & ~MARKS;
}

/** Puts a canonical text in the place of what the event said, for rules that come later. */
export function replaceCaptured(property: Property, text: Text): void {
  store<u64>(VALUES + (<usize>property << 3), text);
}

/** The canonical text of a property, or no text. */
// @ts-ignore: decorator
@inline
export function textOfProperty(property: Property): Text {
  const kept = load<u64>(VALUES + (<usize>property << 3));
  return kept == 0 ? 0 : textOfKept(property, kept);
}

function textOfKept(property: Property, kept: u64): Text {
  if ((kept & MARKS) == 0) return kept >> 32 == 0 ? 0 : kept;
  const place = VALUES + (<usize>property << 3);
  const raw = kept & ~MARKS;
  const text = kept & NUMBER ? scalarText(raw, fromDouble && (kept & IN_TEXT) == 0) : visible(canonical(startOf(raw), endOf(raw), ESCAPED));
  store<u64>(place, text);
  return text;
}

/** The canonical text of a number; `true` and `false` are theirs. */
function scalarText(raw: Text, isPrinted: bool): Text {
  const first = <u32>load<u8>(startOf(raw));
  if (first != 0x2d && first - 0x30 >= 10) return raw;
  begin();
  writeCanonicalNumber(raw, isPrinted);
  return end();
}

/** Whether a property is a string, and not a number or anything else; before its text was asked for. */
export function isString(property: Property): bool {
  const kept = load<u64>(VALUES + (<usize>property << 3));
  return kept >> 32 != 0 && (kept & NUMBER) == 0;
}

