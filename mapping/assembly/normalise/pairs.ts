/**
 * Arrays of `{Name, Value}` become objects (R009), arrays of `{Name, OldValue, NewValue}` objects of `{OldValue, NewValue}` (R010): so that a rule can
 * name `Parameters.ForwardTo`. A name that comes twice keeps all its values, in order; what is no pair stays as text at `_raw`.
 */
import { captureString } from '../captured';
import { Kind, OPEN_CONTEXT } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { CLOSE_BRACKET, COMMA, ESCAPED, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpace, stringEnd } from '../json/scan';
import { skipValue } from '../json/skip';
import { endOf, lengthOf, startOf } from '../json/span';
import { byte, out } from '../json/write';
import { lookup } from '../names';
import { Option, asked } from '../mode';
import { word } from '../words';
import { countCompared, seenKey, tooManyKeys } from './duplicates';
import { writeDetails } from './embedded';
import { COMPARED, keyEnd, keyStart, plain, readName, sameKey, takeKey } from './keys';
import { Pass, breakRun, closeNow, context as sidesContext, depth, forgetOpened, openNow, pop, push, startOver, writeMember } from './levels';
import { isNothing, pairHasMore, pairName, pairNew, pairOld, pairValue, readPair } from './pair';
import { membersOf, quoteString, writeValueAsText } from './values';

/** A position at which nothing can be read: the event is malformed. */
export const MALFORMED: usize = memory.data(16, 16);

/** Where an entry's key is made, apart from the level's own. */
let slot: u32 = 0;
let context: u32 = 0;
let modified: bool = false;
/** Some element is no pair, or has more than a pair. */
let strays: bool = false;
/** Some element is a plain string: a name of a property that was modified. */
let names: bool = false;

/** Writes the array at `at` as the object of the property in hand; answers the position behind it. */
export function pairs(at: usize, number: u32, inContext: u32, isModified: bool): usize {
  context = inContext;
  modified = isModified;
  strays = false;
  names = false;
  push(false, Kind.object, inContext, number, keyStart, keyEnd, Pass.fit, at);
  slot = depth + 1;
  forgetOpened();
  const before = openNow();
  const inside = out;
  let behind = entries(at, false);
  if (behind == TWICE) {
    startOver(inside);
    behind = entries(at, true);
  }
  if (behind != MALFORMED && strays) writeStrays(at);
  closeNow(before);
  breakRun();
  return behind;
}

/** Whether the array had plain strings: they are written as an array of their own. */
export function hadNames(): bool {
  return names;
}

const TWICE: usize = 0;

/** Writes each element; TWICE when a name comes twice and values are not being gathered. */
function entries(array: usize, gather: bool): usize {
  let at = skipSpace(array + 1);
  if (<u32>load<u8>(at) == CLOSE_BRACKET) return at + 1;
  while (true) {
    let behind: usize;
    const head = <u32>load<u8>(at);
    if (head == OPEN_BRACE) {
      behind = readPair(at);
      if (behind == 0) return MALFORMED;
      if (pairName == 0 || pairHasMore) strays = true;
      if (pairName != 0 && hasValue()) {
        readName(pairName, slot);
        if (gather) {
          if (!comesBefore(array, at)) gatherEntry(at);
        } else {
          if (seenKey(array)) return TWICE;
          writeEntry(behind - 1);
        }
      }
    } else {
      behind = skipValue(at);
      if (behind == 0) return MALFORMED;
      if (!isNothing(at)) {
        if (head == QUOTE && modified) names = true;
        else strays = true;
      }
    }
    at = skipSpace(behind);
    const next = <u32>load<u8>(at++);
    if (next == CLOSE_BRACKET) return at;
    if (next != COMMA) return MALFORMED;
    at = skipSpace(at);
  }
}

function hasValue(): bool {
  return modified ? isValue(pairNew) || isValue(pairOld) : isValue(pairValue);
}

function isValue(at: usize): bool {
  return at != 0 && !isNothing(at) && !(modified && asked(Option.strip_quotes) && load<u32>(at) == QUOTED_NOTHING && load<u16>(at, 4) == QUOTED_END);
}

/** `"\\"\\""` in two parts: a string of two quotes. */
const QUOTED_NOTHING: u32 = 0x5c225c22;
const QUOTED_END: u16 = 0x2222;

/** R010, option strip_quotes: one pair of quotes around a value goes; the value at `at` is written either way. */
function writeSideValue(at: usize, number: u32): void {
  if (asked(Option.strip_quotes) && load<u16>(at, 1) == 0x225c && <u32>load<u8>(at) == QUOTE) {
    const finish = stringEnd(at + 1);
    if (finish - at > 5 && load<u16>(finish - 2) == 0x225c && load<u8>(finish - 3) != 0x5c) {
      if (number != 0) captureString(number, at + 3, finish - 2, ESCAPED);
      quoteString(at + 3, finish - 2);
      return;
    }
  }
  writeValueAsText(at, number);
}

/** Writes the pair in hand, whose closing brace lies at `close`. */
function writeEntry(close: usize): void {
  const number = lookup(context, keyStart + 1, keyEnd - keyStart - 1);
  if (!modified) {
    if (number != 0 && writeDetails(number, pairValue)) return;
    writeMember(keyStart, keyEnd, Pass.fit);
    writeValueAsText(pairValue, number);
    return;
  }
  openSides(number, close);
  writeSide(Word.key_NewValue, pairNew);
  writeSide(Word.key_OldValue, pairOld);
  pop(close);
}

function openSides(number: u32, close: usize): void {
  push(false, Kind.object, number == 0 ? OPEN_CONTEXT : membersOf(number), 0, keyStart, keyEnd, Pass.fit, close);
  forgetOpened();
  breakRun();
}

function writeSide(side: Word, value: usize): void {
  if (!isValue(value)) return;
  const key = word(side);
  writeMember(startOf(key), endOf(key) - 1, Pass.fit);
  writeSideValue(value, sideNumber(side));
}

/** The number of a side of the name whose object is open, when it is listed. */
function sideNumber(side: Word): u32 {
  const key = word(side);
  return lookup(sidesContext(), startOf(key) + 1, lengthOf(key) - 2);
}

/** Writes all values of the name in hand, whose first pair lies at `first`. */
function gatherEntry(first: usize): void {
  const start = keyStart;
  const end = keyEnd;
  const isPlain = plain;
  const number = lookup(context, start + 1, end - start - 1);
  const close = readPair(first) - 1;
  if (!modified) {
    gatherSide(first, Side.value, start, end, number);
  } else {
    openSides(number, close);
    gatherSide(first, Side.newValue, startOf(word(Word.key_NewValue)), endOf(word(Word.key_NewValue)) - 1, sideNumber(Word.key_NewValue));
    takeKey(start, end, isPlain);
    gatherSide(first, Side.oldValue, startOf(word(Word.key_OldValue)), endOf(word(Word.key_OldValue)) - 1, sideNumber(Word.key_OldValue));
    pop(close);
  }
  takeKey(start, end, isPlain);
}

const enum Side { value, newValue, oldValue }

/** Writes the values of one side under `key`: one as it is, several as an array. */
function gatherSide(first: usize, side: Side, key: usize, end: usize, number: u32): void {
  const name = keyStart;
  const nameEnd = keyEnd;
  const count = walk(first, side, name, nameEnd, number, false);
  if (count == 0) return;
  writeMember(key, end, Pass.fit);
  if (count > 1) byte(OPEN_BRACKET);
  walk(first, side, name, nameEnd, number, true);
  if (count > 1) byte(CLOSE_BRACKET);
  takeKey(name, nameEnd, true);
}

/** Counts, or writes behind each other, the values of one side in the pairs from `at` on that bear the name. */
function walk(at: usize, side: Side, name: usize, nameEnd: usize, number: u32, writing: bool): u32 {
  let count: u32 = 0;
  while (true) {
    const pair = at;
    at = skipSpace(skipValue(at));
    countCompared(at - pair);
    if (<u32>load<u8>(pair) == OPEN_BRACE && readPair(pair) != 0 && pairName != 0) {
      readName(pairName, COMPARED);
      const value = side == Side.value ? pairValue : side == Side.newValue ? pairNew : pairOld;
      if (isValue(value) && sameKey(name, nameEnd)) {
        if (writing) {
          if (count > 0) byte(COMMA);
          if (modified) writeSideValue(value, number);
          else writeValueAsText(value, number);
        }
        count++;
      }
    }
    if (<u32>load<u8>(at) != COMMA || tooManyKeys()) return count;
    at = skipSpace(at + 1);
  }
}

/** Whether the name in hand stands in a pair before `at`. */
function comesBefore(array: usize, at: usize): bool {
  const start = keyStart;
  const end = keyEnd;
  const isPlain = plain;
  let found = false;
  let pair = skipSpace(array + 1);
  while (pair < at && !found && !tooManyKeys()) {
    if (<u32>load<u8>(pair) == OPEN_BRACE && readPair(pair) != 0 && pairName != 0 && hasValue()) {
      readName(pairName, COMPARED);
      found = sameKey(start, end);
    }
    const comma = skipSpace(skipValue(pair));
    countCompared(comma - pair);
    pair = skipSpace(comma + 1);
  }
  takeKey(start, end, isPlain);
  if (!found) readPair(at);
  return found;
}

function writeStrays(array: usize): void {
  const key = word(Word.key__raw);
  writeMember(startOf(key), endOf(key) - 1, Pass.fit);
  byte(OPEN_BRACKET);
  let first = true;
  let at = skipSpace(array + 1);
  while (true) {
    const head = <u32>load<u8>(at);
    const isPair = head == OPEN_BRACE && readPair(at) != 0 && pairName != 0 && !pairHasMore;
    if (!isPair && !isNothing(at) && !(head == QUOTE && modified)) {
      if (!first) byte(COMMA);
      first = false;
      writeValueAsText(at, 0);
    }
    at = skipSpace(skipValue(at));
    if (<u32>load<u8>(at) != COMMA) break;
    at = skipSpace(at + 1);
  }
  byte(CLOSE_BRACKET);
}

/** Writes the plain strings of the array at `array` under the key in hand. */
export function writeNames(array: usize): void {
  push(true, Kind.keyword, 0, 0, keyStart, keyEnd, Pass.fit, array);
  forgetOpened();
  breakRun();
  let at = skipSpace(array + 1);
  while (true) {
    if (<u32>load<u8>(at) == QUOTE && !isNothing(at)) {
      writeMember(0, 0, Pass.fit);
      writeValueAsText(at, 0);
    }
    at = skipSpace(skipValue(at));
    if (<u32>load<u8>(at) != COMMA) break;
    at = skipSpace(at + 1);
  }
  pop(at);
}
