/**
 * A record as a host hands it over: the collector's (`{"o365audit": {…}, "event": …}`) or a bare event. What it brings beside the event is
 * kept and completed; settings of the mapping travel in it as `o365audit_options`.
 */
import { append, set } from './document';
import { Field } from './generated/fields';
import { Vocabulary, Word } from './generated/vocabulary';
import { CLOSE_BRACE, COLON, COMMA, OPEN_BRACE, QUOTE, forgetSeen, seen, skipSpace, stringEnd } from './json/scan';
import { firstElement, memberOf, memberText, nextElement, textAt } from './json/members';
import { passValue, skipValue } from './json/skip';
import { Text, endOf, same, startOf } from './json/span';
import { canonical, lower } from './json/text';
import { dateOf } from './common/time';
import { Option } from './mode';
import { lookup } from './names';
import { withholds } from './normalise/detection-name';
import { RECORD_KEY, keyEnd, keyStart, readKey } from './normalise/keys';
import { eventEnd, normaliseEvent } from './normalise/whole';
import { forgetOthers, noteOther, prepareOthers } from './others';
import { visible } from './withhold';
import { word } from './words';

/** The members of a record, as mapping/tables/words.tsv numbers them. */
const enum Member { none, o365audit, event, organization, dataStream, tags, options, original, host, time, mark, o365 }

/** Where the event lies: its first byte. */
export let event: usize = 0;
/** The event is a member of the record. */
export let isWrapped: bool = false;
/** The record has a mark (mark.ts). */
let isMarked: bool = false;
/** Its members `event`, and `o365`, below which documents have the event; 0 for those that it does not have. */
let eventFields: usize = 0;
let o365: usize = 0;

/** Where the record's own members lie; 0 for those that it does not have. */
let tags: usize = 0;
let options: usize = 0;
let original: usize = 0;

/** Forgets the parts of the last record, or of one that turns out malformed: they may end anywhere. */
export function forgetRecord(): void {
  event = 0;
  isWrapped = false;
  isMarked = false;
  eventFields = 0;
  o365 = 0;
  memory.fill(TAKEN, 0, 9 << 3);
  tags = 0;
  options = 0;
  original = 0;
  forgetOthers();
}

/**
 * Finds the parts (of which none is known yet) of the record whose brace lies at `at` and that ends before `finish`, and normalises the event where it is met; false when the record is
 * malformed.
 */
export function readRecord(at: usize, finish: usize): bool {
  event = at;
  let member = skipSpace(at + 1);
  if (<u32>load<u8>(member) == CLOSE_BRACE) return skipSpace(member + 1) == finish;
  while (true) {
    if (<u32>load<u8>(member) != QUOTE) return false;
    const colon = skipSpace(readKey(member, RECORD_KEY));
    if (<u32>load<u8>(colon) != COLON) return false;
    const value = skipSpace(colon + 1);
    const behind = take(lookup(Vocabulary.envelope, keyStart + 1, keyEnd - keyStart - 1), member, value);
    if (behind == 0) return false;
    const next = skipSpace(behind);
    if (<u32>load<u8>(next) == CLOSE_BRACE) return skipSpace(next + 1) == finish;
    if (<u32>load<u8>(next) != COMMA) return false;
    member = skipSpace(next + 1);
  }
}

/**
 * The record is a document already: it has the event where documents have it, or is ours and has none, as that of an error. It need not have a mark, for the collector may have been told
 * to make documents for an agent without this filter. A mark alone makes no document of an event.
 */
export function isDocument(): bool {
  if (isWrapped && !isMarked) return false;
  const isOurs = same(memberText(eventFields, Word.module), word(Word.o365));
  if (isWrapped) return isOurs;
  const audit = memberOf(o365, Word.audit);
  if (audit != 0 && <u32>load<u8>(audit) == OPEN_BRACE) return true;
  return isOurs && (isMarked || same(memberText(eventFields, Word.kind), word(Word.pipeline_error)));
}

/** Takes a record that has no event yet: the surroundings of the events that `putEvent` names. False when it is malformed. */
export function readSurroundings(at: usize, finish: usize): bool {
  forgetRecord();
  const good = readRecord(at, finish);
  isWrapped = true;
  prepareOthers();
  return good;
}

/** The event to which the surroundings apply. */
export function putEvent(at: usize): void {
  event = at;
}

/** Takes a member; answers the position behind it, 0 when it is malformed. */
function take(known: u32, key: usize, value: usize): usize {
  if (known == Member.o365audit) {
    isWrapped = true;
    event = value;
    if (<u32>load<u8>(value) == OPEN_BRACE && normaliseEvent(value)) return eventEnd;
  } else if (known == Member.event) {
    eventFields = value;
    return takeMembers(value, Vocabulary.envelope_event, Taken.eventId, Taken.eventOriginal);
  } else if (known == Member.organization) return takeMembers(value, Vocabulary.envelope_organization, Taken.organizationId, Taken.organizationName);
  else if (known == Member.dataStream) return takeMembers(value, Vocabulary.envelope_data_stream, Taken.streamType, Taken.streamNamespace);
  else if (known == Member.tags) tags = value;
  else if (known == Member.options) options = value;
  else if (known == Member.original) original = value;
  else if (known == Member.mark) isMarked = true;
  else if (known == Member.o365) o365 = value;
  else if (known == Member.none && lookup(Vocabulary.field_set, keyStart + 1, keyEnd - keyStart - 1) == 0) noteOther(key);
  return skipValue(value);
}

/** The switches that the record sets (README.md of the golden cases lists them). */
export function optionsOfRecord(): u32 {
  if (!isWrapped || options == 0 || <u32>load<u8>(options) != OPEN_BRACE) return 0;
  let asked: u32 = 0;
  let member = skipSpace(options + 1);
  while (<u32>load<u8>(member) == QUOTE) {
    const value = skipSpace(skipSpace(readKey(member, RECORD_KEY)) + 1);
    asked |= optionOf(lookup(Vocabulary.option, keyStart + 1, keyEnd - keyStart - 1), value);
    const comma = skipSpace(skipValue(value));
    if (<u32>load<u8>(comma) != COMMA) break;
    member = skipSpace(comma + 1);
  }
  return asked;
}

/** The length of its name. */
const DLP_DETECTIONS_BYTES: usize = 14;

/** The switches of what is no record that can be read: if it speaks of detections that are not to be seen, it is taken at its word. */
export function optionsOfText(start: usize, finish: usize): u32 {
  if (start == 0) return 0;
  for (let at = start; at + DLP_DETECTIONS_BYTES + 2 <= finish; at++) {
    const isQuoted = <u32>load<u8>(at) == QUOTE && <u32>load<u8>(at + 1 + DLP_DETECTIONS_BYTES) == QUOTE;
    if (isQuoted && lookup(Vocabulary.option, at + 1, DLP_DETECTIONS_BYTES) == Option.dlp_hash) return Option.dlp_drop;
  }
  return 0;
}

/** The switch and its value as bits: two options have words, the others are on with `true`. */
function optionOf(option: u32, value: usize): u32 {
  if (option == Option.alerts_of_peers) return same(textAt(value), word(Word.peers)) ? option : 0;
  if (option == Option.dlp_hash) {
    const choice = textAt(value);
    return same(choice, word(Word.hash)) ? <u32>Option.dlp_hash : same(choice, word(Word.drop)) ? <u32>Option.dlp_drop : 0;
  }
  return load<u32>(value) == 0x65757274 ? option : 0;
}

/** Sets what the record says: ids, times, whose event it is, where it is to be stored, tags (R101, R110, R401, R002, R930). */
export function mapRecordAround(): void {
  set(Field.data_stream_type, word(Word.logs));
  set(Field.data_stream_dataset, word(Word.o365_audit));
  set(Field.data_stream_namespace, word(Word.default_));
  append(Field.tags, word(Word.forwarded));
  if (!isWrapped) return;
  set(Field.event_id, taken(Taken.eventId));
  set(Field.event_created, dateOf(taken(Taken.eventCreated)));
  setOriginal(kept(Taken.eventOriginal));
  if (original != 0 && !withholds(original, passValue(original))) set(Field.event_original, textAt(original));
  set(Field.organization_id, lower(taken(Taken.organizationId)));
  set(Field.organization_name, taken(Taken.organizationName));
  set(Field.data_stream_type, taken(Taken.streamType));
  set(Field.data_stream_dataset, taken(Taken.streamDataset));
  set(Field.data_stream_namespace, taken(Taken.streamNamespace));
  for (let tag = firstElement(tags); tag != 0; tag = nextElement(tags, tag)) append(Field.tags, textAt(tag));
}

/** The members of the record's objects that are taken over, as mapping/tables/words.tsv numbers them. */
const enum Taken { none, eventId, eventCreated, eventOriginal, organizationId, organizationName, streamType, streamDataset, streamNamespace }

/** Their texts; no text for those that the record does not have. */
const TAKEN: usize = memory.data(9 * 8, 16);

function kept(member: Taken): Text {
  return load<u64>(TAKEN + (<usize>member << 3));
}

/** The text as far as it may be seen: an id may come from the event. */
function taken(member: Taken): Text {
  return visible(kept(member));
}

/** Takes the texts of an object's members over, from `first` to `last` in the list above; answers the position behind it, 0 when it is malformed. */
function takeMembers(open: usize, vocabulary: Vocabulary, first: Taken, last: Taken): usize {
  memory.fill(TAKEN + (<usize>first << 3), 0, <usize>(last - first + 1) << 3);
  if (<u32>load<u8>(open) != OPEN_BRACE) return skipValue(open);
  let member = skipSpace(open + 1);
  if (<u32>load<u8>(member) == CLOSE_BRACE) return member + 1;
  while (true) {
    if (<u32>load<u8>(member) != QUOTE) return 0;
    const finish = stringEnd(member + 1);
    const colon = skipSpace(finish + 1);
    if (<u32>load<u8>(colon) != COLON) return 0;
    const value = skipSpace(colon + 1);
    const known = lookup(vocabulary, member + 1, finish - member - 1);
    const behind = known != Taken.none && <u32>load<u8>(value) == QUOTE ? takeString(known, value) : skipValue(value);
    if (behind == 0) return 0;
    if (known != Taken.none && <u32>load<u8>(value) != QUOTE) keepTaken(known, textAt(value));
    const next = skipSpace(behind);
    if (<u32>load<u8>(next) == CLOSE_BRACE) return next + 1;
    if (<u32>load<u8>(next) != COMMA) return 0;
    member = skipSpace(next + 1);
  }
}

function takeString(known: u32, at: usize): usize {
  forgetSeen();
  const finish = stringEnd(at + 1);
  keepTaken(known, canonical(at + 1, finish, seen));
  return finish + 1;
}

function keepTaken(known: u32, text: Text): void {
  if (text != 0) store<u64>(TAKEN + (<usize>known << 3), text);
}

function setOriginal(text: Text): void {
  if (text != 0 && !withholds(startOf(text), endOf(text))) set(Field.event_original, text);
}
