/**
 * The document in the making: one place for each field of fields.yml that rules may set, in the document's order. Rules set places in any order;
 * document-text.ts writes those that are set.
 */
import { FIELD_COUNT, Field } from './generated/fields';
import { Text, same, textOf } from './json/span';
import { reserve } from './memory';

/** What a place holds, beside a text: in the two highest bits of its length. */
export const RAW: u64 = 1 << 63; // JSON as it is to be written
export const LIST: u64 = 1 << 62; // a list of texts, by its address
export const MARKS: u64 = RAW | LIST;

/** A list takes no more values than these; the event's own values stay complete under o365.audit. */
const LIST_LIMIT: u32 = 512;

export const PLACES: usize = memory.data(<i32>FIELD_COUNT * 8, 16);
export const WORDS: usize = (<usize>FIELD_COUNT + 63) >> 6;
/** Which places are set, a bit each. */
export const SET: usize = memory.data(64, 16);

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
