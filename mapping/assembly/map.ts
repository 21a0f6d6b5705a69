/** From a normalised event to the fields of the document: the rules in the order in which they depend on each other. */
import { isCaptured, isString, textOfProperty } from './captured';
import { addProperty, additionCount, forgetAdditions, writeAdditions } from './common/additions';
import { mapClient } from './common/client';
import { mapData } from './common/data';
import { mapDevice } from './common/device';
import { addEffectOfOperation, mapOperation, mapOutcome, mapRecordType, mapSeverityAndReason, overrideOutcomeOfLogon, recordType } from './common/event';
import { mapFile, mapUrl } from './common/file';
import { completeUser, mapUser, splitUsers } from './common/identity';
import { setDefaults } from './common/kind';
import { mapMail } from './common/mail';
import { contains, mapOrganization, mapPlatform } from './common/organization';
import { mapRelated } from './common/related';
import { append, setDefault } from './document';
import { Field } from './generated/fields';
import { Property } from './generated/properties';
import { Word } from './generated/vocabulary';
import { canBeId } from './identity';
import { CLOSE_BRACE } from './json/scan';
import { Text, endOf, find, findLast, lengthOf, startOf, textOf } from './json/span';
import { lower, trim } from './json/text';
import { byte, copy } from './json/write';
import { mapFamily, scopeOf } from './records/families';
import { word } from './words';

/** Sets the fields of the event whose typed properties were captured. */
export function mapEvent(): void {
  forgetAdditions();
  setDefaults();
  mapRecordType();
  mapOperation();
  mapOutcome();
  mapClient();
  mapUser();
  mapFamily(recordType);
  addEffectOfOperation(scopeOf(recordType));
  overrideOutcomeOfLogon();
  splitUsers();
  completeUser();
  mapDevice();
  mapFile();
  mapUrl();
  mapMail();
  mapIdentityParameter();
  mapData();
  mapSeverityAndReason();
  mapPlatform();
}

/** Sets what depends on the record around the event as well as on the event. */
export function mapSurroundings(): void {
  mapOrganization();
  mapRelated();
}

/** R012: `-Identity "<x>"` as the whole text of a cmdlet's parameters names the message that it was about. */
function mapIdentityParameter(): void {
  const raw = textOfProperty(Property.Parameters__raw);
  if (raw == 0 || isCaptured(Property.NetworkMessageId)) return;
  const start = startOf(raw) + <usize>(load<u8>(startOf(raw)) == 0x2d);
  const open = find(raw, 0x22);
  const close = findLast(raw, 0x22);
  if (open == close || close + 1 != endOf(raw)) return;
  // the quotes of the text are escaped in its JSON form
  const name = trim(textOf(start, open - 1));
  const identity = word(Word.identity);
  if (lengthOf(name) != lengthOf(identity) || !contains(lower(name), Word.identity)) return;
  const id = textOf(open + 1, close - 1);
  if (find(id, 0x22) != endOf(id)) return;
  addProperty(Word.key_NetworkMessageId, id);
  append(Field.email_local_id, id);
}

/** Writes the event's text, with what rules added to it; `audit` is a whole object. */
export function writeAudit(audit: Text): void {
  if (additionCount() == 0) {
    copy(startOf(audit), lengthOf(audit));
    return;
  }
  copy(startOf(audit), lengthOf(audit) - 1);
  writeAdditions(lengthOf(audit) > 2);
  byte(CLOSE_BRACE);
}

/** R001, R101: the event's id, unless the record brought one; what is no string, or can be no document's id, is none, as for the records that the collector hands on. */
export function setIdOfEvent(): void {
  if (!isString(Property.Id)) return;
  const id = textOfProperty(Property.Id);
  if (canBeId(id)) setDefault(Field.event_id, id);
}
