/** JSON text in the one form in which the collector passes an event on: no blanks, strings canonical, numbers that not every reader keeps as strings. */
import { isExact, isExactInteger } from './exact';
import { isPlainInteger, writeCanonicalNumber } from './number';
import { QUOTE, scalarEnd, stringEnd } from './scan';
import { Text, endOf, lengthOf, startOf, textOf } from './span';
import { writeCanonical } from './text';
import { byte, copy } from './write';

/** What becomes of numbers that not every reader keeps: texts of their digits; so only integers, for a host has printed decimals from doubles; nothing. */
export const enum Numbers { exact, printed, keep }

/** Writes the JSON text from `at` up to `finish`, which is well formed. */
export function writeCompact(at: usize, finish: usize, numbers: Numbers): void {
  while (at < finish) {
    const head = <u32>load<u8>(at);
    if (head == QUOTE) {
      const close = stringEnd(at + 1);
      byte(QUOTE);
      writeCanonical(at + 1, close);
      byte(QUOTE);
      at = close + 1;
    } else if (head == 0x2d || head - 0x30 < 10) {
      const number = textOf(at, scalarEnd(at));
      writeNumber(number, numbers);
      at = endOf(number);
    } else {
      if (head > 0x20) byte(head);
      at++;
    }
  }
}

function writeNumber(number: Text, numbers: Numbers): void {
  if (!becomesText(number, numbers)) {
    copy(startOf(number), lengthOf(number));
    return;
  }
  byte(QUOTE);
  writeCanonicalNumber(number, false);
  byte(QUOTE);
}

/** Whether a number is taken for its text. */
function becomesText(number: Text, numbers: Numbers): bool {
  if (numbers == Numbers.keep) return false;
  return numbers == Numbers.printed ? isPlainInteger(number) && !isExactInteger(number) : !isExact(number);
}

/** Whether there is a number among the JSON text from `at` to `finish` that is taken for its text. */
export function hasNumberAsText(at: usize, finish: usize, numbers: Numbers): bool {
  while (at < finish) {
    const head = <u32>load<u8>(at);
    if (head == QUOTE) {
      at = stringEnd(at + 1) + 1;
    } else if (head == 0x2d || head - 0x30 < 10) {
      const number = textOf(at, scalarEnd(at));
      if (becomesText(number, numbers)) return true;
      at = endOf(number);
    } else {
      at++;
    }
  }
  return false;
}
