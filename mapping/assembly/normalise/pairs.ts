/**
 * Arrays of `{Name, Value}` become objects (R009), arrays of `{Name, OldValue, NewValue}` objects of `{OldValue, NewValue}` (R010): so that a rule can
 * name `Parameters.ForwardTo`. A name that comes twice is written twice, and joined like any key that does (collisions.ts); what is no pair stays as text
 * at `_raw`.
 */
import { captureString } from '../captured';
import { Kind, OPEN_CONTEXT, Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { CLOSE_BRACKET, COMMA, ESCAPED, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpace, stringEnd } from '../json/scan';
import { skipValue } from '../json/skip';
import { endOf, lengthOf, startOf } from '../json/span';
import { byte } from '../json/write';
import { lookup } from '../names';
import { Option, asked } from '../mode';
import { word } from '../words';
import { writeDetails } from './embedded';
import { endsInObject, endsInRaw, keyEnd, keyStart, readName, takeKey } from './keys';
import { Pass, context as sidesContext, depth, forgetOpened, push } from './levels';
import { isNothing, pairHasMore, pairName, pairNew, pairOld, pairValue, readPair } from './pair';
import { CLOSING_BRACE, breakRun, pop, writeMember } from './run';
import { noticeName } from './seen-keys';
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
  breakRun();
  const behind = entries(at);
  if (behind != MALFORMED && strays) writeStrays(at);
  pop(CLOSING_BRACE);
  breakRun();
  return behind;
}

/** Whether the array had plain strings: they are written as an array of their own. */
export function hadNames(): bool {
  return names;
}

function entries(array: usize): usize {
  let at = skipSpace(array + 1);
  if (<u32>load<u8>(at) == CLOSE_BRACKET) return at + 1;
  while (true) {
    let behind: usize;
    const head = <u32>load<u8>(at);
    if (head == OPEN_BRACE) {
      behind = readPair(at, modified);
      if (behind == 0) return MALFORMED;
      if ((pairName == 0 || pairHasMore) && !isNothing(at)) strays = true;
      if (pairName != 0 && hasValue()) {
        readName(pairName, slot);
        noticeName(array);
        writeEntry(behind - 1);
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

/** Writes the pair in hand, whose closing brace lies at `close`. */
function writeEntry(close: usize): void {
  const number = lookup(context, keyStart + 1, keyEnd - keyStart - 1);
  if (modified) {
    writeSides(number, close);
  } else if (number == Property.ExtendedProperties_additionalDetails) {
    writeDetails(number, pairValue);
  } else {
    // at a name that ends in _object only objects may stand
    writeMember(keyStart, keyEnd, endsInObject() ? Pass.raw : Pass.fit);
    writeValueAsText(pairValue, number);
  }
}

/** Writes the object of the two sides; at a name that ends in _raw only texts may stand. */
function writeSides(number: u32, close: usize): void {
  const suffix = endsInRaw() ? Pass.object : Pass.fit;
  push(false, Kind.object, number == 0 || suffix != Pass.fit ? OPEN_CONTEXT : membersOf(number), 0, keyStart, keyEnd, suffix, close);
  forgetOpened();
  breakRun();
  writeSide(Word.key_NewValue, pairNew);
  writeSide(Word.key_OldValue, pairOld);
  pop(close);
}

function writeSide(side: Word, value: usize): void {
  if (!isValue(value)) return;
  const key = word(side);
  const number = lookup(sidesContext(), startOf(key) + 1, lengthOf(key) - 2);
  writeMember(startOf(key), endOf(key) - 1, Pass.fit);
  if (!writeWithoutQuotes(value, number)) writeValueAsText(value, number);
}

/** R010, option strip_quotes: one pair of quotes around a value goes; false when there is none, or it is to stay. */
function writeWithoutQuotes(at: usize, number: u32): bool {
  if (!asked(Option.strip_quotes) || load<u16>(at, 1) != 0x225c || <u32>load<u8>(at) != QUOTE) return false;
  const finish = stringEnd(at + 1);
  if (finish - at <= 5 || load<u16>(finish - 2) != 0x225c || load<u8>(finish - 3) == 0x5c) return false;
  if (number != 0) captureString(number, at + 3, finish - 2, ESCAPED);
  quoteString(at + 3, finish - 2);
  return true;
}

function writeStrays(array: usize): void {
  const key = word(Word.key__raw);
  takeKey(startOf(key), endOf(key) - 1, false);
  noticeName(array);
  writeMember(keyStart, keyEnd, Pass.fit);
  byte(OPEN_BRACKET);
  let first = true;
  let at = skipSpace(array + 1);
  while (true) {
    const head = <u32>load<u8>(at);
    const isPair = head == OPEN_BRACE && readPair(at, modified) != 0 && pairName != 0 && !pairHasMore;
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
