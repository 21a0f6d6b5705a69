/** event.kind, event.category and event.type, which a document's rules add to one after the other (R105–R107). The defaults stay first. */
import { set, append } from '../document';
import { Field } from '../generated/fields';
import { Category, FIRST_CATEGORY_WORD, FIRST_TYPE_WORD, Type, Word } from '../generated/vocabulary';
import { Option, asked } from '../mode';
import { word } from '../words';

/** The defaults of every event. */
export function setDefaults(): void {
  set(Field.event_kind, word(Word.event));
  append(Field.event_category, word(Word.web));
  append(Field.event_type, word(Word.info));
}

/** Adds categories (bits), in the order of their bits. */
export function addCategory(categories: u32): void {
  for (let bits = categories; bits != 0; bits &= bits - 1) append(Field.event_category, word(FIRST_CATEGORY_WORD + <u32>ctz(bits)));
}

/** Adds types (bits), in the order of their bits. */
export function addType(types: u32): void {
  for (let bits = types; bits != 0; bits &= bits - 1) append(Field.event_type, word(FIRST_TYPE_WORD + <u32>ctz(bits)));
}

/** The event is an alert for every reader of this schema (R530, R540). */
export function setAlert(): void {
  set(Field.event_kind, word(Word.alert));
}

/** The event is an alert, unless the record asks for those of the older products only (R105). */
export function setOwnAlert(): void {
  if (!asked(Option.alerts_of_peers)) setAlert();
}

/** A logon: R511, R512. */
export function addLogon(): void {
  addCategory(Category.authentication);
  addType(Type.start);
}
