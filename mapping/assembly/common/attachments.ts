/** email.attachments: files with their names, sizes and hashes (R604, R608). */
import { CLOSE_BRACE, COMMA, OPEN_BRACE, OPEN_BRACKET, CLOSE_BRACKET } from '../json/scan';
import { Word } from '../generated/vocabulary';
import { Text, endOf, find, findLast, lengthOf, startOf, textOf } from '../json/span';
import { lower, trim } from '../json/text';
import { begin, byte, copy, end, quoted } from '../json/write';
import { word } from '../words';

/** More attachments of one event are not listed; their texts stay under o365.audit. */
const ATTACHMENTS_LIMIT: u32 = 256;
/** An attachment: name, size in digits, SHA-256, extension, as texts. */
const ROW_BYTES: usize = 32;
const ROWS: usize = memory.data(256 * 32, 16);
let count: u32 = 0;

export function forgetAttachments(): void {
  count = 0;
}

/** Adds one; `size` is a text of digits or no text. */
export function addAttachment(name: Text, size: Text, hash: Text): void {
  if ((name == 0 && hash == 0) || count == ATTACHMENTS_LIMIT) return;
  const row = ROWS + <usize>(count++) * ROW_BYTES;
  store<u64>(row, name);
  store<u64>(row, size, 8);
  store<u64>(row, hash, 16);
  store<u64>(row, extensionOf(name), 24);
}

/** What follows the last dot of a file's name, in lower case; no text when there is no dot, or nothing behind it (R706). */
function extensionOf(name: Text): Text {
  const dot = findLast(name, 0x2e);
  return dot == endOf(name) ? 0 : lower(textOf(dot + 1, endOf(name)));
}

/** Adds those of a text like `name (123b); name2 (45b)`: the last bracket holds the size, for names have brackets too. */
export function addAttachments(list: Text): void {
  let rest = list;
  while (rest != 0) {
    const divider = find(rest, 0x3b);
    const item = trim(textOf(startOf(rest), divider));
    rest = divider == endOf(rest) ? 0 : textOf(divider + 1, endOf(rest));
    if (item != 0) addItem(item);
  }
}

function addItem(item: Text): void {
  const open = findLast(item, 0x28);
  const size = open == endOf(item) ? 0 : sizeIn(open + 1, endOf(item));
  if (size == 0 || open <= startOf(item) + 1 || load<u8>(open - 1) != 0x20) {
    addAttachment(item, 0, 0);
    return;
  }
  addAttachment(textOf(startOf(item), open - 1), size, 0);
}

/** The digits of `123b)`; no text when it is not that. */
function sizeIn(at: usize, finish: usize): Text {
  const end = finish - 2;
  if (finish < at + 3 || load<u8>(end) != 0x62 || load<u8>(end, 1) != 0x29 || end - at > 18) return 0;
  for (let i = at; i < end; i++) if (<u32>load<u8>(i) - 0x30 >= 10) return 0;
  while (at + 1 < end && load<u8>(at) == 0x30) at++;
  return textOf(at, end);
}

/** All that were added, as a JSON array; no text when there are none. */
export function writeAttachments(): Text {
  if (count == 0) return 0;
  begin();
  byte(OPEN_BRACKET);
  for (let i: u32 = 0; i < count; i++) {
    const row = ROWS + <usize>i * ROW_BYTES;
    if (i > 0) byte(COMMA);
    byte(OPEN_BRACE);
    key(Word.key_file);
    byte(OPEN_BRACE);
    let comma = member(Word.key_name, load<u64>(row), false);
    comma = member(Word.key_extension, load<u64>(row, 24), comma);
    if (load<u64>(row, 8) != 0) {
      if (comma) byte(COMMA);
      key(Word.key_size);
      copy(startOf(load<u64>(row, 8)), lengthOf(load<u64>(row, 8)));
      comma = true;
    }
    if (load<u64>(row, 16) != 0) {
      if (comma) byte(COMMA);
      key(Word.key_hash);
      byte(OPEN_BRACE);
      member(Word.key_sha256, load<u64>(row, 16), false);
      byte(CLOSE_BRACE);
    }
    byte(CLOSE_BRACE);
    byte(CLOSE_BRACE);
  }
  byte(CLOSE_BRACKET);
  return end();
}

function key(name: Word): void {
  const text = word(name);
  copy(startOf(text), lengthOf(text));
  byte(0x3a);
}

/** Writes a member if it has a text; answers whether a comma must follow. */
function member(name: Word, text: Text, comma: bool): bool {
  if (text == 0) return comma;
  if (comma) byte(COMMA);
  key(name);
  quoted(text);
  return true;
}
