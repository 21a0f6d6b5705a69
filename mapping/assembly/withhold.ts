/**
 * Texts of JSON with detections of data loss prevention in them that rules have taken for fields of the document: they become their hashes, as under o365.audit, where
 * such detections are not to be seen (R540, option dlp_detections).
 */
import { firstItem, get, holdsJson, itemText, nextItem, set, setItemText, unset } from './document';
import { FIELD_COUNT, Field } from './generated/fields';
import { Text, endOf, startOf } from './json/span';
import { withholding } from './mode';
import { hashOf, withholdsText } from './normalise/detections';

/** Looks through all fields that are set; costs nothing where detections are kept. */
export function withholdFields(): void {
  if (!withholding) return;
  for (let field: u32 = 0; field < FIELD_COUNT; field++) {
    let item = firstItem(<Field>field);
    if (item == 0) withholdField(<Field>field, get(<Field>field));
    for (; item != 0; item = nextItem(item)) if (isWithheld(itemText(item))) setItemText(item, hashOf(itemText(item)));
  }
}

function withholdField(field: Field, text: Text): void {
  if (!isWithheld(text)) return;
  // of attachments only their names may have them
  if (holdsJson(field)) unset(field);
  else set(field, hashOf(text));
}

function isWithheld(text: Text): bool {
  return withholdsText(startOf(text), endOf(text));
}
