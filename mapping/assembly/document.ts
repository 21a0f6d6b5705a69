/**
 * The document in the making: one place for each field of fields.yml that rules may set, in the document's order. Rules set places in any order;
 * `writeDocument` writes those that are set, each object once.
 */
import { FIELD_COUNT, FIELD_KEYS, FIELD_ROWS, Field, OBJECT_ROWS } from './generated/fields';
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACKET } from './json/scan';
import { Text, lengthOf, same, startOf, textOf } from './json/span';
import { advance, byte, copy, out, place, quoted, room } from './json/write';
import { reserve } from './memory';

/** What a place holds, beside a text: in the two highest bits of its length. */
const RAW: u64 = 1 << 63; // JSON as it is to be written
const LIST: u64 = 1 << 62; // a list of texts, by its address
const MARKS: u64 = RAW | LIST;

/** A list takes no more values than these; the event's own values stay complete under o365.audit. */
const LIST_LIMIT: u32 = 512;

const PLACES: usize = memory.data(<i32>FIELD_COUNT * 8, 16);
const WORDS: usize = (<usize>FIELD_COUNT + 63) >> 6;
/** Which places are set, a bit each. */
const SET: usize = memory.data(64, 16);

/** An item of a list: the address of the next one (u32), its text. A list begins with: first item (u32), last item (u32), count (u32); it has two items at least. */
const ITEM_BYTES: usize = 16;

/** Begins a new document. */
export function forgetDocument(): void {
  memory.fill(SET, 0, WORDS << 3);
  items = 0;
  itemsEnd = 0;
}

// @ts-ignore: decorator
@inline
function isSet(field: Field): bool {
  return (load<u64>(SET + (<usize>(<u32>field >> 6) << 3)) >> (<u64>field & 63)) & 1 ? true : false;
}

function put(field: Field, value: u64): void {
  const word = SET + (<usize>(<u32>field >> 6) << 3);
  store<u64>(word, load<u64>(word) | (<u64>1 << (<u64>field & 63)));
  store<u64>(PLACES + (<usize>field << 3), value);
}

/** Sets a field to a text, whatever it was; no text leaves it as it is. */
// @ts-ignore: decorator
@inline
export function set(field: Field, text: Text): void {
  if (text != 0) put(field, text);
}

/** Sets a field to a text unless it is set. */
// @ts-ignore: decorator
@inline
export function setDefault(field: Field, text: Text): void {
  if (text != 0 && !isSet(field)) put(field, text);
}

/** Sets a field to a number. */
export function setNumber(field: Field, value: u64): void {
  const place = reserve(32);
  if (place == 0) return;
  let at = place + 24;
  const finish = at;
  do {
    store<u8>(--at, 0x30 + <u32>(value % 10));
    value /= 10;
  } while (value != 0);
  put(field, textOf(at, finish) | RAW);
}

/** Sets a field to JSON that is written as it is. */
export function setJson(field: Field, json: Text): void {
  if (json != 0) put(field, json | RAW);
}

/** Takes a field back. */
export function unset(field: Field): void {
  const word = SET + (<usize>(<u32>field >> 6) << 3);
  store<u64>(word, load<u64>(word) & ~(<u64>1 << (<u64>field & 63)));
}

/** The text of a field (of a list the first); no text when it is not set. */
export function get(field: Field): Text {
  if (!isSet(field)) return 0;
  const value = load<u64>(PLACES + (<usize>field << 3));
  return value & LIST ? load<u64>(<usize>load<u32>(<usize>value), 8) : value & ~MARKS;
}

/** Whether a field is set. */
export function has(field: Field): bool {
  return isSet(field);
}

/** Adds a text to a field of several values, unless it is there already. */
// @ts-ignore: decorator
@inline
export function append(field: Field, text: Text): void {
  if (text != 0) appendItem(field, text);
}

function appendItem(field: Field, text: Text): void {
  if (!isSet(field)) {
    put(field, text);
    return;
  }
  const place = PLACES + (<usize>field << 3);
  const value = load<u64>(place);
  if ((value & LIST) == 0) {
    if (same(value, text)) return;
    const list = newItem();
    if (list == 0) return;
    store<u64>(list, 0);
    store<u64>(list, 0, 8);
    store<u64>(place, <u64>list | LIST);
    addItem(list, value);
    addItem(list, text);
    return;
  }
  const list = <usize>value;
  if (load<u32>(list, 8) >= LIST_LIMIT) return;
  for (let item = <usize>load<u32>(list); item != 0; item = <usize>load<u32>(item)) {
    if (same(load<u64>(item, 8), text)) return;
  }
  addItem(list, text);
}

function addItem(list: usize, text: Text): void {
  const item = newItem();
  if (item == 0) return;
  store<u32>(item, 0);
  store<u64>(item, text, 8);
  const last = <usize>load<u32>(list, 4);
  if (last == 0) store<u32>(list, <u32>item);
  else store<u32>(last, <u32>item);
  store<u32>(list, <u32>item, 4);
  store<u32>(list, load<u32>(list, 8) + 1, 8);
}

/** Items are reserved so many at once; a list's head takes the room of one. */
const ITEMS_AT_ONCE: usize = 32;
let items: usize = 0;
let itemsEnd: usize = 0;

/** Room for an item; 0 when the memory is exhausted. */
function newItem(): usize {
  if (items == itemsEnd) {
    items = reserve(ITEMS_AT_ONCE * ITEM_BYTES);
    itemsEnd = items == 0 ? 0 : items + ITEMS_AT_ONCE * ITEM_BYTES;
    if (items == 0) return 0;
  }
  const item = items;
  items += ITEM_BYTES;
  return item;
}

/** The first item of a field that holds a list, for a walk with `nextItem`; 0 when it holds none. */
export function firstItem(field: Field): usize {
  if (!isSet(field)) return 0;
  const value = load<u64>(PLACES + (<usize>field << 3));
  return value & LIST ? <usize>load<u32>(<usize>value) : 0;
}

export function nextItem(item: usize): usize {
  return <usize>load<u32>(item);
}

export function itemText(item: usize): Text {
  return load<u64>(item, 8);
}

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
