/** Properties that are codes, whatever they are written as: a number in any form, or a text. */
import { replaceCaptured } from '../captured';
import { Property } from '../generated/properties';
import { Vocabulary, Word } from '../generated/vocabulary';
import { decoded } from '../json/decode';
import { isNumber, writeCanonicalNumber } from '../json/number';
import { ESCAPED, QUOTE, forgetSeen, scalarEnd, seen, stringEnd } from '../json/scan';
import { Text, endOf, lengthOf, startOf, textOf } from '../json/span';
import { giveBack, lend, quoted } from '../json/write';
import { lookup } from '../names';
import { word } from '../words';
import { keyEnd, keyStart } from './keys';
import { Pass } from './levels';
import { breakRun, writeMember } from './run';

/** The record type of aggregated mailbox events. */
const AGGREGATED: u32 = 50;
const ZERO: u32 = 0x30;
/** Codes that are longer are none. */
const CODE_LIMIT_BYTES: usize = 32;
const CODE: usize = memory.data(160, 16);
/** The name of a record type with each character escaped. */
const ESCAPED_LIMIT_BYTES: usize = 144;
const PLAIN: usize = memory.data(144 + 64, 16);

/** Whether the value at `at` is the number 50, in any form, or the name of that record type. */
export function isFifty(at: usize): bool {
  const isString = <u32>load<u8>(at) == QUOTE;
  let text = isString ? textOf(at + 1, stringEnd(at + 1)) : textOf(at, scalarEnd(at));
  if (isString) {
    if (lengthOf(text) > ESCAPED_LIMIT_BYTES) return false;
    text = textOf(PLAIN, decoded(startOf(text), endOf(text), PLAIN));
  }
  return lengthOf(canonicalNumber(text)) == 2 ? load<u16>(CODE) == 0x3035 : lookup(Vocabulary.record_type, startOf(text), lengthOf(text)) == AGGREGATED;
}

/** R018: the name of a platform's code. */
export function platform(at: usize, head: u32): usize {
  const isString = head == QUOTE;
  const finish = isString ? stringEnd(at + 1) : scalarEnd(at);
  const name = nameOfPlatform(isString ? codeOfText(at + 1, finish) : codeOf(textOf(at, finish)));
  if (name == 0) return 0;
  replaceCaptured(Property.Platform, name);
  writeMember(keyStart, keyEnd, Pass.fit);
  quoted(name);
  breakRun();
  return finish + <usize>isString;
}

/** The name of a platform's code; no text for what is none. */
export function nameOfPlatform(code: u32): Text {
  return code > 5 ? 0 : word(<u32>Word.Unknown + code);
}

/** The digit that a string is, from `start` to `finish`; of any other more than 9. */
function codeOfText(start: usize, finish: usize): u32 {
  forgetSeen();
  stringEnd(start);
  return seen <= ESCAPED && finish - start <= CODE_LIMIT_BYTES && decoded(start, finish, CODE) == CODE + 1 ? <u32>load<u8>(CODE) - ZERO : u32.MAX_VALUE;
}

/** The value of a number of one digit, however it is written; of any other more than 9. */
function codeOf(number: Text): u32 {
  return lengthOf(canonicalNumber(number)) == 1 ? <u32>load<u8>(CODE) - ZERO : u32.MAX_VALUE;
}

/** A number's canonical form, in CODE; no text for what is none, or longer than a code. */
function canonicalNumber(number: Text): Text {
  if (!isNumber(number) || lengthOf(number) > CODE_LIMIT_BYTES) return 0;
  lend(CODE);
  writeCanonicalNumber(number, false);
  return textOf(CODE, giveBack());
}
