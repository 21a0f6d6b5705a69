/** The text of the document in the making: the fields that are set, in the document's order, each object once. */
import { LIST, MARKS, PLACES, RAW, SET, WORDS } from './document';
import { FIELD_KEYS, FIELD_ROWS, OBJECT_ROWS } from './generated/fields';
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACKET } from './json/scan';
import { lengthOf, startOf } from './json/span';
import { advance, byte, copy, out, place, quoted, room } from './json/write';

/** Writes the members of the document, without the outer braces; `first` says that nothing stands before them. */
export function writeFields(first: bool): void {
  let object: u32 = 0;
  let comma = !first;
  for (let word: usize = 0; word < WORDS; word++) {
    let bits = load<u64>(SET + (word << 3));
    while (bits != 0) {
      const field = (word << 6) + <usize>ctz(bits);
      bits &= bits - 1;
      const row = load<u64>(FIELD_ROWS + (field << 3));
      const wanted = <u32>(row >> 24) & 0xff;
      if (wanted != object) {
        comma = changeObject(object, wanted, comma);
        object = wanted;
      }
      writeField(row, load<u64>(PLACES + (field << 3)), comma);
      comma = true;
    }
  }
  changeObject(object, 0, comma);
}

/** Room for a key, beside its value. */
const KEY_ROOM_BYTES: usize = 320;

/** Writes a field by its row of the table and what its place holds. */
function writeField(row: u64, value: u64, comma: bool): void {
  const length = <usize>(value >> 32) & <usize>(~MARKS >> 32);
  if (!room(length + KEY_ROOM_BYTES)) return;
  let to = out;
  store<u8>(to, COMMA);
  to += <usize>comma;
  const keyLength = <usize>(row >> 16) & 0xff;
  place(to, FIELD_KEYS + (<usize>row & 0xffff), keyLength);
  to += keyLength;
  const always = (row & ARRAY) != 0;
  if ((value & MARKS) != 0 || always) {
    advance(to);
    writeOther(value, always);
    return;
  }
  store<u8>(to, 0x22);
  place(to + 1, <usize>value, length);
  store<u8>(to + length, 0x22, 1);
  advance(to + length + 2);
}

/** In a field's row: it is always an array. */
const ARRAY: u64 = 0xff << 32;

/** Closes objects up to the common one and opens those of the next field; answers whether a comma must follow. */
function changeObject(from: u32, to: u32, comma: bool): bool {
  // nearly always from one object of the document to the next
  if (depthOf(to) == 1 && depthOf(from) <= 1) {
    if (from != 0) byte(CLOSE_BRACE);
    return openObject(to, comma || from != 0);
  }
  let target = to;
  while (depthOf(target) > depthOf(from)) target = parentOf(target);
  while (from != target) {
    byte(CLOSE_BRACE);
    comma = true;
    from = parentOf(from);
    if (depthOf(target) > depthOf(from)) target = parentOf(target);
  }
  return from == to ? comma : openObjects(from, to, comma);
}

function openObjects(from: u32, to: u32, comma: bool): bool {
  const parent = parentOf(to);
  if (parent != from) comma = openObjects(from, parent, comma);
  return openObject(to, comma);
}

function openObject(object: u32, comma: bool): bool {
  if (!room(KEY_ROOM_BYTES)) return false;
  const row = load<u32>(OBJECT_ROWS + (<usize>object << 3));
  const to = out;
  store<u8>(to, COMMA);
  const length = <usize>(row >> 16) & 0xff;
  place(to + <usize>comma, FIELD_KEYS + (<usize>row & 0xffff), length);
  advance(to + <usize>comma + length);
  return false;
}

function parentOf(object: u32): u32 {
  return load<u8>(OBJECT_ROWS + (<usize>object << 3), 3);
}

function depthOf(object: u32): u32 {
  return load<u8>(OBJECT_ROWS + (<usize>object << 3), 4);
}

/** Writes a value that is a list, or JSON, or the only one of an array. */
function writeOther(value: u64, always: bool): void {
  if (value & LIST) {
    byte(OPEN_BRACKET);
    for (let item = <usize>load<u32>(<usize>value); item != 0; item = <usize>load<u32>(item)) {
      quoted(load<u64>(item, 8));
      if (load<u32>(item) != 0) byte(COMMA);
    }
    byte(CLOSE_BRACKET);
  } else if (value & RAW) {
    const json = value & ~MARKS;
    copy(startOf(json), lengthOf(json));
  } else {
    byte(OPEN_BRACKET);
    quoted(value);
    byte(CLOSE_BRACKET);
  }
}
