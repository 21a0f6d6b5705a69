/** What every event says of itself: record type, operation, outcome, severity, time (R100–R111). */
import { containerOf, textOfProperty } from '../captured';
import { get, set, setDefault, setNumber, has } from '../document';
import { note } from '../errors';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { LAST_RECORD_TYPE, RECORD_TYPE_WORDS, Vocabulary, Word } from '../generated/vocabulary';
import { isPlainInteger, notAbove, parse } from '../json/number';
import { Text, endOf, lengthOf, startOf, textOf } from '../json/span';
import { lower, trim } from '../json/text';
import { lookupText } from '../names';
import { word } from '../words';
import { addCategory, addType } from './kind';
import { dateOf, readTime } from './time';

const MINUS: u32 = 0x2d;

/** The event's record type; 0 when it has none, or one that is no number and no known name. */
export let recordType: u32 = 0;
/** The event's operation, trimmed and without its final dot. */
export let operation: Text = 0;

/** Forgets the last event's. */
export function forgetRecordType(): void {
  recordType = 0;
}

/** R104: the record type's name, its number where it has none; a name is taken as it is. */
export function mapRecordType(): void {
  const text = textOfProperty(Property.RecordType);
  if (text == 0) return;
  set(Field.event_code, text);
  if (!isPlainInteger(text)) {
    recordType = lookupText(Vocabulary.record_type, text);
    return;
  }
  if (<u32>load<u8>(startOf(text)) == MINUS || !notAbove(text, LAST_RECORD_TYPE)) return;
  recordType = <u32>parse(text);
  const name = load<u16>(RECORD_TYPE_WORDS + (<usize>recordType << 1));
  if (name != 0) set(Field.event_code, word(name));
}

/** R102, R103 and, by the table of operations, R510–R560: the action, the service, what kind of thing was done. */
export function mapOperation(): void {
  const raw = textOfProperty(Property.Operation);
  set(Field.event_action, raw);
  set(Field.event_provider, textOfProperty(Property.Workload));
  operation = bare(raw);
}

/** Adds what the operation means in this record type, or else in any. */
export function addEffectOfOperation(scope: Vocabulary): void {
  if (operation == 0) return;
  let effect: u32 = scope == Vocabulary.operation ? 0 : lookupText(scope, operation);
  if (effect == 0) effect = lookupText(Vocabulary.operation, operation);
  if (effect == 0) return;
  addCategory(effect & 0xff);
  addType((effect >> 8) & 0xfff);
  if (effect >> 20 != 0) set(Field.event_action, word(effect >> 20));
}

function bare(text: Text): Text {
  const trimmed = trim(text);
  const last = endOf(trimmed);
  return trimmed != 0 && load<u8>(last - 1) == 0x2e ? textOf(startOf(trimmed), last - 1) : trimmed;
}

const SUCCESS: u32 = 1;

/** R108: a missing status means success, an unknown one, or one that is no word, is unknown. */
export function mapOutcome(): void {
  const status = trim(textOfProperty(Property.ResultStatus));
  let outcome = Word.success;
  if (status != 0) {
    const known = lookupText(Vocabulary.outcome, lower(status));
    outcome = known == SUCCESS ? Word.success : known != 0 ? Word.failure : Word.unknown;
  } else if (containerOf(Property.ResultStatus) != 0) {
    outcome = Word.unknown;
  }
  set(Field.event_outcome, word(outcome));
}

/** R108, last: a failed logon failed, whatever the status of the HTTP exchange says. */
export function overrideOutcomeOfLogon(): void {
  if (operation != 0 && lengthOf(operation) == 15 && isFailedLogon(startOf(operation))) set(Field.event_outcome, word(Word.failure));
}

function isFailedLogon(at: usize): bool {
  const name = startOf(word(Word.UserLoginFailed));
  return load<u64>(at) == load<u64>(name) && load<u64>(at, 7) == load<u64>(name, 7);
}

/** R109: 1 to 4 for the words of alerts. */
export function severityOf(text: Text): u32 {
  return text == 0 ? 0 : lookupText(Vocabulary.severity, lower(trim(text)));
}

/** R109, R111: severity, reason, link. */
export function mapSeverityAndReason(): void {
  let severity = severityOf(textOfProperty(Property.Severity));
  if (severity == 0) severity = severityOf(textOfProperty(Property.Data_sev));
  if (severity != 0 && !has(Field.event_severity)) setNumber(Field.event_severity, severity);
  setDefault(Field.event_reason, textOfProperty(Property.LogonError));
  setDefault(Field.event_reason, textOfProperty(Property.ExceptionInfo_Reason));
  set(Field.event_url, textOfProperty(Property.EventDeepLink));
  setDefault(Field.event_url, textOfProperty(Property.DeepLinkUrl));
  setDefault(Field.event_url, textOfProperty(Property.DeeplinkURL));
}

/** When it happened, in UTC; no text when the event does not say (R100). `isWanted`: else it is only made sure that it does. */
export function timeOfEvent(isWanted: bool): Text {
  const text = textOfProperty(Property.CreationTime);
  if (text == 0) {
    note(Word.CreationTime__missing);
    return 0;
  }
  const date = isWanted ? dateOf(text) : readTime(text) ? text : 0;
  if (date == 0) note(Word.CreationTime__not_a_date);
  return date;
}
