/** The record around an event, as it goes to a host (design of the wire in the README): the event, its id and time, and what is known of its tenant. */
import { readTime, nanoseconds, seconds } from '../common/time';
import { canBeId, identityOf } from '../identity';
import { Word } from '../generated/vocabulary';
import { Text, endOf, lengthOf, startOf, textOf } from '../json/span';
import { writeCanonicalNumber } from '../json/number';
import { ESCAPED, guard } from '../json/scan';
import { writeCanonical, writeEscaped } from '../json/text';
import { begin, end, giveBack, lend } from '../json/write';
import { mark, release } from '../memory';
import { word } from '../words';
import { compact, compactEnd } from './compact';
import { identify } from './identifiers';
import { oddString, plainString } from './msgpack';
import { NUMBER_ID, eventId, eventIdFlags, eventTime } from './noted';
import { pack, packedEnd } from './pack';

/** What every record of a call has beside its event: members of `event` and of the record, as JSON and, when they are needed, as MessagePack. */
let eventMembers: Text = 0;
let members: Text = 0;
let packedEventMembers: Text = 0;
let packedEventMemberCount: u32 = 0;
let packedMembers: Text = 0;
let packedMemberCount: u32 = 0;
let suffix: Text = 0;
let withOriginal: bool = false;
let defaultSeconds: u32 = 0;
let defaultNanoseconds: u32 = 0;

/** Sets what the next records have in common: `"created":"…"`, `"organization":{…},…`, a suffix of ids, whether the original goes along. */
export function prepareRecords(inEvent: Text, inRecord: Text, idSuffix: Text, original: bool, now: u32, nowNanoseconds: u32): void {
  eventMembers = inEvent;
  members = inRecord;
  suffix = idSuffix;
  withOriginal = original;
  defaultSeconds = now;
  defaultNanoseconds = nowNanoseconds;
}

/** Packs the common members once, into the room at `to`; answers where they end. `to` must be guarded room for both, six times over. */
export function packMembers(to: usize): usize {
  const end = packed(eventMembers, to);
  packedEventMembers = packedText;
  packedEventMemberCount = packedCount;
  const behind = packed(members, end);
  packedMembers = packedText;
  packedMemberCount = packedCount;
  return behind;
}

let packedText: Text = 0;
let packedCount: u32 = 0;

/** Packs members without their braces: the map's header is left out. */
function packed(text: Text, to: usize): usize {
  store<u8>(to, 0x7b);
  memory.copy(to + 1, startOf(text), lengthOf(text));
  store<u8>(to + 1 + lengthOf(text), 0x7d);
  const from = to + lengthOf(text) + 64;
  guard(to + 2 + lengthOf(text));
  pack(to, from);
  const empty = load<u8>(from) == 0x80;
  packedCount = empty ? 0 : <u32>bswap<u16>(load<u16>(from, 1));
  packedText = empty ? 0 : textOf(from + 3, packedEnd);
  return packedEnd + 64;
}

/** Reads an event's time; the host's when it has none, or one that EventTime's 32 bits (1970 to 2106) do not hold. */
export function readEventTime(text: Text): void {
  const isGood = text != 0 && readTime(text) && seconds >= 0 && seconds <= <i64>u32.MAX_VALUE;
  timeSeconds = isGood ? <u32>seconds : defaultSeconds;
  timeNanoseconds = isGood ? nanoseconds : defaultNanoseconds;
}

let timeSeconds: u32 = 0;
let timeNanoseconds: u32 = 0;

/** Room for an entry's `[EventTime, ` in front of a record. */
export const ENTRY_HEAD_BYTES: usize = 11;

/** Writes the head of a Forward entry: an array of two, EventTime as extension type 0. */
export function entryHead(to: usize): void {
  store<u8>(to, 0x92);
  store<u8>(to, 0xd7, 1);
  store<u8>(to, 0, 2);
  store<u32>(to, bswap<u32>(timeSeconds), 3);
  store<u32>(to, bswap<u32>(timeNanoseconds), 7);
}

/** Writes the record of the event at `at` as a Forward entry; answers the position behind the event, 0 as `pack` does. */
export function packedRecord(at: usize, to: usize): usize {
  const head = to;
  to += ENTRY_HEAD_BYTES;
  to = mapHeader(to, 2 + packedMemberCount);
  to = plainWord(to, Word.o365audit);
  const behind = pack(at, to);
  if (behind == 0) return 0;
  to = packedEnd;
  readEventTime(eventTime);
  entryHead(head);
  to = packedEvent(at, behind, to);
  recordEnd = bytes(packedMembers, to);
  return behind;
}

/** Writes the member `event`. */
function packedEvent(at: usize, behind: usize, to: usize): usize {
  to = plainWord(to, Word.event);
  to = mapHeader(to, 1 + packedEventMemberCount + <u32>withOriginal);
  to = plainWord(to, Word.id);
  to = packedId(at, behind, to);
  if (withOriginal) {
    to = plainWord(to, Word.original);
    to = plainString(to, at, behind);
  }
  return bytes(packedEventMembers, to);
}

/** Where the record last written ends. */
export let recordEnd: usize = 0;

/** Writes the record of the event at `at` as JSON; answers the position behind the event, 0 as `compact` does. */
export function jsonRecord(at: usize, to: usize): usize {
  to = bytes(word(Word.record_head), to);
  const behind = compact(at, to);
  if (behind == 0) return 0;
  to = bytes(word(Word.record_event), compactEnd);
  to = jsonEvent(at, behind, to);
  store<u8>(to++, 0x7d);
  recordEnd = to;
  return behind;
}

/** Writes the id and what follows it, of the event and of the record. */
function jsonEvent(at: usize, behind: usize, to: usize): usize {
  to = jsonId(at, behind, to);
  if (withOriginal) {
    to = bytes(word(Word.record_original), to);
    lend(to);
    writeEscaped(at, behind);
    to = giveBack();
    store<u8>(to++, 0x22);
  }
  if (eventMembers != 0) store<u8>(to++, 0x2c);
  to = bytes(eventMembers, to);
  store<u8>(to++, 0x7d);
  if (members != 0) store<u8>(to++, 0x2c);
  return bytes(members, to);
}

/** Writes a record that has everything but an event, as JSON; answers where it ends. */
export function surroundings(to: usize): usize {
  to = bytes(word(Word.surroundings_head), to);
  to = bytes(eventMembers, to);
  store<u8>(to++, 0x7d);
  if (members != 0) store<u8>(to++, 0x2c);
  to = bytes(members, to);
  store<u8>(to++, 0x7d);
  return to;
}

/** Writes the header of a map, whose count fits 16 bits. */
function mapHeader(to: usize, count: u32): usize {
  if (count < 16) {
    store<u8>(to, 0x80 | count);
    return to + 1;
  }
  store<u8>(to, 0xde);
  store<u16>(to, bswap<u16>(<u16>count), 1);
  return to + 3;
}

/** R001: the event's own id with the suffix, or a hash of the event. */
function packedId(at: usize, behind: usize, to: usize): usize {
  const isOwn = hasOwnId();
  if (!isOwn || (suffix == 0 && eventIdFlags == 0)) {
    const id = isOwn ? eventId : identityOf(at, behind);
    identify(startOf(id), endOf(id));
    return plainString(to, startOf(id), endOf(id));
  }
  // the parts are put together behind the place where they go
  const joined = to + lengthOf(eventId) * 6 + lengthOf(suffix) + 64;
  lend(joined);
  writeId();
  const end = bytes(suffix, giveBack());
  identify(joined, end);
  return oddString(to, joined, end, ESCAPED);
}

/** Whether the event has an id of its own that can be its document's. */
function hasOwnId(): bool {
  if (eventId == 0 || eventIdFlags == 0) return eventId != 0 && canBeId(eventId);
  const from = mark();
  begin();
  writeId();
  const isOwn = canBeId(end());
  release(from);
  return isOwn;
}

/** Writes the event's own id, as the inside of a JSON string. */
function writeId(): void {
  if (eventIdFlags == NUMBER_ID) writeCanonicalNumber(eventId, false);
  else writeCanonical(startOf(eventId), endOf(eventId));
}

function jsonId(at: usize, behind: usize, to: usize): usize {
  store<u8>(to++, 0x22);
  const start = to;
  if (!hasOwnId()) to = bytes(identityOf(at, behind), to);
  else {
    lend(to);
    writeId();
    to = bytes(suffix, giveBack());
  }
  identify(start, to);
  store<u8>(to++, 0x22);
  return to;
}

function plainWord(to: usize, number: Word): usize {
  const text = word(number);
  return plainString(to, startOf(text), endOf(text));
}

function bytes(text: Text, to: usize): usize {
  memory.copy(to, startOf(text), lengthOf(text));
  return to + lengthOf(text);
}
