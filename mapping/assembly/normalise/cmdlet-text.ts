/**
 * The parameters of a cmdlet that came as one text, `-Name "value" -Other ("a","b")`, written as members beside `_raw` when the record asks for it
 * (R012, option parse_parameters). Read where the text lies, in its escaped form: a quote there is a backslash and a quote.
 */
import { captureString } from '../captured';
import { Context } from '../generated/properties';
import { BACKSLASH, CLOSE_BRACKET, COMMA, ESCAPED, OPEN_BRACKET, QUOTE } from '../json/scan';
import { byte } from '../json/write';
import { Option, asked } from '../mode';
import { lookup } from '../names';
import { keyEnd, keyStart, takeKey } from './keys';
import { Pass } from './levels';
import { writeMember } from './run';
import { noticeName } from './seen-keys';
import { quoteString } from './values';

const NAME_LIMIT_BYTES: usize = 60;
const KEY: usize = memory.data(80, 16);
const DASH: u32 = 0x2d;
const OPEN: u32 = 0x28;
const CLOSE: u32 = 0x29;
/** `True` */
const TRUE: usize = memory.data<u8>([0x54, 0x72, 0x75, 0x65]);
const TRUE_BYTES: usize = 4;

/** The key of the parameter in hand is written. */
let isWritten: bool = false;

/** Writes what it understands of the text from `at` to `finish`, up to the first thing that is no parameter. */
export function writeParameters(at: usize, finish: usize): void {
  if (!asked(Option.parse_parameters)) return;
  const object = at;
  while (true) {
    at = blanksEnd(at, finish);
    if (at >= finish || <u32>load<u8>(at) != DASH) return;
    const nameEnd = wordEnd(at + 1, finish);
    const length = nameEnd - at - 1;
    if (length == 0 || length > NAME_LIMIT_BYTES) return;
    store<u8>(KEY, QUOTE);
    memory.copy(KEY + 1, at + 1, length);
    store<u8>(KEY + 1 + length, QUOTE);
    takeKey(KEY, KEY + 1 + length, false);
    isWritten = false;
    at = value(blanksEnd(nameEnd, finish), finish, object);
  }
}

/** Past one value, which is written unless it is empty; a parameter without a value is a switch. */
function value(at: usize, finish: usize, object: usize): usize {
  if (at >= finish || <u32>load<u8>(at) == DASH) {
    writeItem(TRUE, TRUE + TRUE_BYTES, object, false);
    return at;
  }
  if (<u32>load<u8>(at) != OPEN) return item(at, finish, object, false);
  at++;
  while (at < finish && <u32>load<u8>(at) != CLOSE) {
    at = item(blanksEnd(at, finish), finish, object, true);
    at = blanksEnd(at, finish);
    if (at >= finish || <u32>load<u8>(at) != COMMA) break;
    at = blanksEnd(at + 1, finish);
  }
  if (isWritten) byte(CLOSE_BRACKET);
  return at < finish && <u32>load<u8>(at) == CLOSE ? at + 1 : finish;
}

/** Past one item: between quotes, or up to a blank (or, in a list, a comma or a closing bracket). */
function item(at: usize, finish: usize, object: usize, inList: bool): usize {
  const isQuoted = isQuote(at, finish);
  const start = isQuoted ? at + 2 : at;
  let end = start;
  while (end < finish && !(isQuoted ? isQuote(end, finish) : isItemEnd(<u32>load<u8>(end), !inList))) {
    end += <u32>load<u8>(end) == BACKSLASH ? 2 : 1;
  }
  if (end > finish) end = finish;
  writeItem(start, end, object, inList);
  return isQuoted && end < finish ? end + 2 : end;
}

/** Writes an item, and the key before the first one. */
function writeItem(start: usize, end: usize, object: usize, inList: bool): void {
  if (start == end) return;
  if (isWritten) {
    byte(COMMA);
  } else {
    noticeName(object);
    const number = lookup(Context.Parameters, keyStart + 1, keyEnd - keyStart - 1);
    if (number != 0) captureString(number, start, end, ESCAPED);
    writeMember(keyStart, keyEnd, Pass.fit);
    if (inList) byte(OPEN_BRACKET);
    isWritten = true;
  }
  quoteString(start, end);
}

function isQuote(at: usize, finish: usize): bool {
  return at + 1 < finish && <u32>load<u8>(at) == BACKSLASH && <u32>load<u8>(at, 1) == QUOTE;
}

function isItemEnd(letter: u32, alone: bool): bool {
  return letter == 0x20 || (!alone && (letter == COMMA || letter == CLOSE));
}

function blanksEnd(at: usize, finish: usize): usize {
  while (at < finish && load<u8>(at) == 0x20) at++;
  return at;
}

function wordEnd(at: usize, finish: usize): usize {
  while (at < finish) {
    const letter = <u32>load<u8>(at);
    if ((letter | 0x20) - 0x61 >= 26 && letter - 0x30 >= 10) break;
    at++;
  }
  return at;
}
