/**
 * The members of a record that are neither ours nor of a set of fields that the mapping fills: labels that an agent put on it, say. They pass through, in the
 * form that a document needs: without empty things and double keys, no deeper than the event.
 */
import { COMMA, CLOSE_BRACE, COLON, OPEN_BRACE, OPEN_BRACKET, QUOTE, scalarEnd, skipSpace, stringEnd } from './json/scan';
import { Numbers, writeCompact } from './json/compact';
import { skipKey, skipValue } from './json/skip';
import { Text, endOf, lengthOf, startOf, textOf } from './json/span';
import { writeCanonical } from './json/text';
import { begin, byte, copy, end, exhausted, out, rewind } from './json/write';
import { withholding } from './mode';
import { withEqualKeysJoined } from './normalise/collisions';
import { withholds } from './normalise/detection-name';
import { removeDuplicates } from './normalise/duplicates';
import { quoteJson } from './normalise/json-text';
import { keyEnd, keyStart, readKey } from './normalise/keys';
import { DEPTH_LIMIT } from './normalise/levels';

/** Where the members' keys lie. More of them are left out. */
const LIMIT: u32 = 256;
const KEYS: usize = memory.data(256 * 4, 16);
let count: u32 = 0;
/** The slot in which a key is made, where it must be. */
const KEY_SLOT: u32 = 18;

/** The object of all of them; no text when there are none. */
let others: Text = 0;

export function forgetOthers(): void {
  count = 0;
  others = 0;
}

/** Notes the member whose key lies at `key`. */
export function noteOther(key: usize): void {
  if (count < LIMIT) store<u32>(KEYS + (<usize>(count++) << 2), <u32>key);
}

/** Brings the noted members, which are well formed, into their form. */
export function prepareOthers(): void {
  if (count == 0) return;
  const compact = compactOthers();
  if (exhausted) return;
  const finish = removeDuplicates(startOf(compact), endOf(compact));
  begin();
  const isSome = writeContainer(startOf(compact), 0, false);
  const made = end();
  others = isSome && !exhausted && finish != 0 ? withEqualKeysJoined(made) : 0;
}

function compactOthers(): Text {
  begin();
  byte(OPEN_BRACE);
  let isFirst = true;
  for (let i: u32 = 0; i < count; i++) {
    const key = <usize>load<u32>(KEYS + (<usize>i << 2));
    const value = skipSpace(skipKey(key));
    // an agent may have kept the text of the event
    if (withholding && withholds(key, skipValue(value))) continue;
    if (!isFirst) byte(COMMA);
    isFirst = false;
    byte(QUOTE);
    writeCanonical(key + 1, stringEnd(key + 1));
    byte(QUOTE);
    byte(COLON);
    writeCompact(value, skipValue(value), Numbers.keep);
  }
  byte(CLOSE_BRACE);
  return end();
}

/** Where the value last written ends in the compact text. */
let behind: usize = 0;

/** Writes the object or array at `at`; false, and nothing, when nothing in it is to be kept. */
function writeContainer(at: usize, depth: u32, ofLabels: bool): bool {
  const head = <u32>load<u8>(at++);
  const start = out;
  let isSome = false;
  byte(head);
  while (<u32>load<u8>(at) != head + 2) {
    const before = out;
    if (isSome) byte(COMMA);
    let inLabels = ofLabels;
    if (head == OPEN_BRACE) {
      at = readKey(at, KEY_SLOT) + 1;
      copy(keyStart, keyEnd - keyStart);
      byte(QUOTE);
      byte(COLON);
      if (depth == 0) inLabels = isLabels(textOf(keyStart + 1, keyEnd));
    }
    if (writeValue(at, depth + 1, inLabels)) isSome = true;
    else rewind(before);
    at = <u32>load<u8>(behind) == COMMA ? behind + 1 : behind;
  }
  behind = at + 1;
  if (isSome) byte(head + 2);
  else rewind(start);
  return isSome;
}

/** Writes the value at `at`; false, and nothing, when it is empty. Labels are an object of texts (labels.* of fields.yml), or left out. */
function writeValue(at: usize, depth: u32, ofLabels: bool): bool {
  const head = <u32>load<u8>(at);
  const isObject = head == OPEN_BRACE;
  if (isObject || head == OPEN_BRACKET) {
    if (depth < DEPTH_LIMIT && !(ofLabels && isObject && depth > 1)) {
      if (!ofLabels || isObject || depth > 1) return writeContainer(at, depth, ofLabels);
      behind = skipValue(at);
      return false;
    }
    behind = skipValue(at);
    quoteJson(at, behind, false);
    return true;
  }
  behind = head == QUOTE ? stringEnd(at + 1) + 1 : scalarEnd(at);
  if ((head == QUOTE && behind == at + 2) || head == 0x6e || (ofLabels && depth == 1)) return false;
  const isText = ofLabels && head != QUOTE;
  if (isText) byte(QUOTE);
  copy(at, behind - at);
  if (isText) byte(QUOTE);
  return true;
}

function isLabels(key: Text): bool {
  return lengthOf(key) == 6 && load<u32>(startOf(key)) == 0x6562616c && load<u16>(startOf(key), 4) == 0x736c;
}

/** Writes the members, behind a `comma` where something stands before them. */
export function writeOthers(comma: bool): void {
  if (lengthOf(others) <= 2) return;
  if (comma) byte(COMMA);
  copy(startOf(others) + 1, lengthOf(others) - 2);
}
