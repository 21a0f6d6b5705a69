/**
 * The member by which a record says that it is a document already, its first one: eight digits, the length of the record's text in bytes. Records of
 * `--format prepared` have it, documents never do.
 */
import { Word } from './generated/vocabulary';
import { OPEN_BRACE } from './json/scan';
import { Text, lengthOf, same, startOf, textOf } from './json/span';
import { byte, copy } from './json/write';
import { word } from './words';

const DIGITS: usize = 8;
/** Behind the digits: a quote and a comma. */
const CLOSING_BYTES: usize = 2;

let marks: bool = false;

/** Whether documents get the mark. */
export function setMarks(value: bool): void {
  marks = value;
}

/** Begins a document's text: its brace, and the mark if it gets one. */
export function openDocument(): void {
  if (marks) copy(startOf(word(Word.mark)), lengthOf(word(Word.mark)));
  else byte(OPEN_BRACE);
}

/** Writes the length into the document's mark, if it has one. */
export function closeDocument(document: Text): void {
  if (!marks || !isMarked(startOf(document), lengthOf(document))) return;
  let rest = <u32>lengthOf(document);
  const digits = startOf(document) + lengthOf(word(Word.mark)) - CLOSING_BYTES;
  for (let digit: usize = 1; digit <= DIGITS; digit++) {
    store<u8>(digits - digit, 0x30 + rest % 10);
    rest /= 10;
  }
}

/** Whether the text at `start` begins as a marked record does. */
export function isMarked(start: usize, length: usize): bool {
  const mark = word(Word.mark);
  const head = lengthOf(mark) - CLOSING_BYTES - DIGITS;
  return length > lengthOf(mark) && same(textOf(start, start + head), textOf(startOf(mark), startOf(mark) + head));
}

/**
 * Takes the mark off a record that is the very text that was marked: no agent has printed it in another way, or put something in. Answers where its document begins, which
 * ends where the record does, with a zero byte behind it; 0 when it is another text.
 */
export function unmarked(start: usize, length: usize): usize {
  const behind = start + lengthOf(word(Word.mark));
  let marked: usize = 0;
  for (let at = behind - CLOSING_BYTES - DIGITS; at < behind - CLOSING_BYTES; at++) {
    const digit = <usize>load<u8>(at) - 0x30;
    if (digit > 9) return 0;
    marked = marked * 10 + digit;
  }
  if (marked != length) return 0;
  store<u8>(behind - 1, OPEN_BRACE);
  store<u8>(start + length, 0);
  return behind - 1;
}
