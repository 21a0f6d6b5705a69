/**
 * The parameters of a cmdlet that came as one text, `-Name "value" -Other ("a","b")`, written as members beside `_raw` when the record asks for it
 * (R012, option parse_parameters). Read where the text lies, in its escaped form: a quote there is a backslash and a quote.
 */
import { BACKSLASH, CLOSE_BRACKET, COMMA, OPEN_BRACKET, QUOTE } from '../json/scan';
import { byte } from '../json/write';
import { Option, asked } from '../mode';
import { seenKey } from './duplicates';
import { takeKey } from './keys';
import { Pass, writeMember } from './levels';
import { quoteString } from './values';

const NAME_LIMIT_BYTES: usize = 60;
const KEY: usize = memory.data(80, 16);
const DASH: u32 = 0x2d;
const OPEN: u32 = 0x28;
const CLOSE: u32 = 0x29;

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
    at = blanksEnd(nameEnd, finish);
    const isNew = !seenKey(object);
    if (isNew) writeMember(KEY, KEY + 1 + length, Pass.fit);
    at = value(at, finish, isNew);
  }
}

/** Past one value, which is written or not; a parameter without a value is a switch. */
function value(at: usize, finish: usize, write: bool): usize {
  if (at >= finish || <u32>load<u8>(at) == DASH) {
    if (write) writeTrue();
    return at;
  }
  if (<u32>load<u8>(at) != OPEN) return item(at, finish, write, true);
  if (write) byte(OPEN_BRACKET);
  at++;
  while (at < finish && <u32>load<u8>(at) != CLOSE) {
    at = item(blanksEnd(at, finish), finish, write, false);
    at = blanksEnd(at, finish);
    if (at >= finish || <u32>load<u8>(at) != COMMA) break;
    if (write) byte(COMMA);
    at = blanksEnd(at + 1, finish);
  }
  if (write) byte(CLOSE_BRACKET);
  return at < finish && <u32>load<u8>(at) == CLOSE ? at + 1 : finish;
}

/** Past one item: between quotes, or up to a blank (or, in a list, a comma or a closing bracket). */
function item(at: usize, finish: usize, write: bool, alone: bool): usize {
  const isQuoted = isQuote(at, finish);
  const start = isQuoted ? at + 2 : at;
  let end = start;
  while (end < finish && !(isQuoted ? isQuote(end, finish) : isItemEnd(<u32>load<u8>(end), alone))) {
    end += <u32>load<u8>(end) == BACKSLASH ? 2 : 1;
  }
  if (end > finish) end = finish;
  if (write) quoteString(start, end);
  return isQuoted && end < finish ? end + 2 : end;
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

function writeTrue(): void {
  byte(QUOTE);
  byte(0x54);
  byte(0x72);
  byte(0x75);
  byte(0x65);
  byte(QUOTE);
}
