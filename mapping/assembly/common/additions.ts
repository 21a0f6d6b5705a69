/** Properties that rules add to o365.audit beside what the event had (R012, R015). */
import { Word } from '../generated/vocabulary';
import { CLOSE_BRACKET, COLON, COMMA, OPEN_BRACKET } from '../json/scan';
import { Text, lengthOf, same, startOf } from '../json/span';
import { byte, copy, quoted } from '../json/write';
import { word } from '../words';

/** A value: the key's word (u32), and its text. */
const ROW_BYTES: usize = 16;
const LIMIT: u32 = 64;
const ROWS: usize = memory.data(64 * 16, 16);
let count: u32 = 0;

export function forgetAdditions(): void {
  count = 0;
}

/** Adds a value under a key; several of one key become an array. */
export function addProperty(key: Word, text: Text): void {
  if (text == 0 || count == LIMIT) return;
  for (let i: u32 = 0; i < count; i++) if (keyAt(i) == key && same(textAt(i), text)) return;
  const row = ROWS + <usize>(count++) * ROW_BYTES;
  store<u32>(row, key);
  store<u64>(row, text, 8);
}

/** Writes the members; `comma` says that something stands before them. */
export function writeAdditions(comma: bool): void {
  for (let i: u32 = 0; i < count; i++) {
    const key = keyAt(i);
    if (firstOf(key) != i) continue;
    if (comma) byte(COMMA);
    comma = true;
    const name = word(key);
    copy(startOf(name), lengthOf(name));
    byte(COLON);
    writeValues(key, i);
  }
}

function writeValues(key: Word, first: u32): void {
  let several = false;
  for (let i = first + 1; i < count; i++) if (keyAt(i) == key) several = true;
  if (several) byte(OPEN_BRACKET);
  for (let i = first; i < count; i++) {
    if (keyAt(i) != key) continue;
    if (i != first) byte(COMMA);
    quoted(textAt(i));
  }
  if (several) byte(CLOSE_BRACKET);
}

function firstOf(key: Word): u32 {
  let i: u32 = 0;
  while (keyAt(i) != key) i++;
  return i;
}

function keyAt(index: u32): Word {
  return load<u32>(ROWS + <usize>index * ROW_BYTES);
}

function textAt(index: u32): Text {
  return load<u64>(ROWS + <usize>index * ROW_BYTES, 8);
}

export function additionCount(): u32 {
  return count;
}
