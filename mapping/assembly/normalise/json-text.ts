/** JSON text in one form whoever printed it, as a string of its own: for values that have no place as a structure. */
import { BACKSLASH, QUOTE, scalarEnd, stringEnd } from '../json/scan';
import { writeCanonicalNumber } from '../json/number';
import { textOf } from '../json/span';
import { writeCanonical } from '../json/text';
import { byte, copy, out, rewind, room } from '../json/write';

/** Writes the JSON text from `at` up to `finish`, which is well formed, as a quoted string; `fromDouble` as for `writeCanonicalNumber`. */
export function quoteJson(at: usize, finish: usize, fromDouble: bool): void {
  byte(QUOTE);
  while (at < finish) {
    const head = <u32>load<u8>(at);
    if (head == QUOTE) {
      const close = stringEnd(at + 1);
      quoteInside(at + 1, close);
      at = close + 1;
    } else if (head == 0x2d || head - 0x30 < 10) {
      const behind = scalarEnd(at);
      writeCanonicalNumber(textOf(at, behind), fromDouble);
      at = behind;
    } else {
      if (head > 0x20) byte(head);
      at++;
    }
  }
  byte(QUOTE);
}

/** Writes a string of the inner text, with its quotes, as it stands inside the outer string. */
function quoteInside(start: usize, finish: usize): void {
  escapedQuote();
  const from = out;
  writeCanonical(start, finish);
  escapeAgain(from);
  escapedQuote();
}

function escapedQuote(): void {
  byte(BACKSLASH);
  byte(QUOTE);
}

/** Puts a backslash before each quote and backslash written since `from`. */
function escapeAgain(from: usize): void {
  let count: usize = 0;
  for (let at = from; at < out; at++) if (isEscaped(at)) count++;
  if (count == 0 || !room(count + 16)) return;
  let read = out;
  let write = out + count;
  rewind(write);
  while (read > from) {
    const letter = load<u8>(--read);
    store<u8>(--write, letter);
    if (letter == BACKSLASH || letter == QUOTE) store<u8>(--write, BACKSLASH);
  }
}

function isEscaped(at: usize): bool {
  const letter = <u32>load<u8>(at);
  return letter == BACKSLASH || letter == QUOTE;
}
