/**
 * The collector's codec: a stretch of a content blob (a JSON array of audit events) to finished records, as many events as are whole in it. Each event goes from
 * its text straight to MessagePack, or to a line of JSON, or through the mapping to either; none ever becomes an object of the host.
 *
 * The host fills in a call's settings (settings.ts), calls `split`, and reads the results there.
 */
import { CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, guard, skipSpace } from '../json/scan';
import { Text, endOf, lengthOf, startOf } from '../json/span';
import { exhaust, exhausted, forgetExhausted } from '../json/write';
import { setMarks } from '../mark';
import { mark, release, reserve } from '../memory';
import { setFromDouble, setOptions } from '../mode';
import { compactFailedAt } from './compact';
import { RECORDS_LIMIT, enter, identifiers, prepareIdentifiers, withoutIdentifiers } from './identifiers';
import { mapEventAt, mappedBehind, mappedFailedAt, mappedTime, prepareDocuments } from './mapped';
import { ROOM_FACTOR, failedAt as packFailedAt, pack, packedEnd } from './pack';
import { ENTRY_HEAD_BYTES, entryHead, jsonRecord, packMembers, packedRecord, prepareRecords, readEventTime, recordEnd, surroundings } from './record';
import { At, Option, SETTINGS, has, setting } from './settings';

/** Where the text stands: before the array, behind `[`, behind an event, behind a comma, behind `]`, in a row of events without array. */
const enum State { start, opened, value, comma, closed, row }

/** Why a call ended: the input is used up, the output is full, the text is no such array, the host gives no more memory for the next event. */
const enum Status { wanting, full, malformed, exhausted }

/** The byte order mark that some servers put before UTF-8. */
const BYTE_ORDER_MARK: u32 = 0xbfbbef;
const NULL: u32 = 0x6c6c756e;
const LETTER_N: u32 = 0x6e;
/** Room beside the events for what every record has. */
const RECORD_ROOM_BYTES: usize = 4096;

let at: usize = 0;
let finish: usize = 0;
let state: State = State.start;
let output: usize = 0;
let outputEnd: usize = 0;
/** Room for what every record has. */
let common: usize = 0;
let to: usize = 0;
let count: u32 = 0;

/** Takes as many whole events as the output limit allows; what was consumed need not be given again. */
export function split(): void {
  at = <usize>load<u32>(SETTINGS, At.input);
  finish = at + <usize>load<u32>(SETTINGS, At.inputLength);
  guard(finish);
  setFromDouble(false);
  state = load<u32>(SETTINGS, At.state);
  count = 0;
  const status = prepare() ? run() : Status.exhausted;
  store<u32>(SETTINGS, <u32>output, At.output);
  store<u32>(SETTINGS, <u32>(to - output), At.outputLength);
  store<u32>(SETTINGS, count, At.eventCount);
  store<u32>(SETTINGS, <u32>at - load<u32>(SETTINGS, At.input), At.consumed);
  store<u32>(SETTINGS, state, At.state);
  store<u32>(SETTINGS, status, At.status);
  store<u32>(SETTINGS, <u32>identifiers, At.identifiers);
}

/** Makes room for the output and prepares what all records have in common; false when the host gives no memory for it. */
function prepare(): bool {
  output = 0;
  to = 0;
  setOptions(0);
  withoutIdentifiers();
  if (has(Option.identifiers) && !prepareIdentifiers(SETTINGS + At.key)) return false;
  prepareRecords(setting(At.eventMembers), setting(At.members), setting(At.idSuffix), has(Option.original), load<u32>(SETTINGS, At.now), load<u32>(SETTINGS, At.nowNanoseconds));
  common = RECORD_ROOM_BYTES + (lengthOf(setting(At.eventMembers)) + lengthOf(setting(At.members)) + lengthOf(setting(At.idSuffix))) * (ROOM_FACTOR + 2);
  const scratch = reserve(common);
  if (scratch == 0) return false;
  setMarks(has(Option.marked));
  if (has(Option.ecs)) prepareMapping(scratch);
  else if (has(Option.packed)) packMembers(scratch);
  const size = <u64>load<u32>(SETTINGS, At.outputLimit) + <u64>(finish - at) * ROOM_FACTOR * 2 + common;
  if (size > <u64>u32.MAX_VALUE) return false;
  output = reserve(<usize>size);
  outputEnd = output + <usize>size;
  to = output;
  return output != 0;
}

/** Writes the record without event for the mapping, at `to`. */
function prepareMapping(to: usize): void {
  const end = surroundings(to);
  prepareDocuments(to, end, setting(At.idSuffix), has(Option.original), has(Option.time), load<u32>(SETTINGS, At.now), load<u32>(SETTINGS, At.nowNanoseconds), finish - at);
}

function run(): Status {
  while (true) {
    const next = skipSpace(at);
    if (next >= finish) {
      at = finish;
      return Status.wanting;
    }
    const head = <u32>load<u8>(next);
    if (state == State.start) {
      if ((load<u32>(next) & 0xffffff) == BYTE_ORDER_MARK) {
        at = next + 3;
        continue;
      }
      state = head == OPEN_BRACKET ? State.opened : State.row;
      at = head == OPEN_BRACKET ? next + 1 : next;
    } else if (head == CLOSE_BRACKET && (state == State.opened || state == State.value)) {
      state = State.closed;
      at = next + 1;
    } else if (head == COMMA && (state == State.value || state == State.row)) {
      if (state == State.value) state = State.comma;
      at = next + 1;
    } else if (state == State.closed || state == State.value) {
      return Status.malformed;
    } else if (head == LETTER_N) {
      // null in the place of an event
      if (next + 4 > finish) return Status.wanting;
      if (load<u32>(next) != NULL) return Status.malformed;
      at = next + 4;
      if (state != State.row) state = State.value;
    } else {
      const behind = takeEvent(next);
      if (behind == 0) {
        at = next;
        if (exhausted) return count > 0 ? Status.full : Status.exhausted;
        return full ? Status.full : failedAt >= finish ? Status.wanting : Status.malformed;
      }
      at = behind;
      if (state != State.row) state = State.value;
    }
  }
  return Status.malformed;
}

/** The event did not fit in what is left of the output. */
let full: bool = false;
/** Where an event was wrong; at the input's end or behind it: it is cut off. */
let failedAt: usize = 0;

/** Writes the record of the event (or of what stands in its place) at `start`; answers the position behind it, 0 when it is cut, malformed, or has no more room. */
function takeEvent(start: usize): usize {
  full = false;
  forgetExhausted();
  if (has(Option.ecs)) return takeMapped(start);
  const behind = has(Option.packed) ? packedRecord(start, to) : jsonRecord(start, to);
  if (behind == 0) {
    failedAt = has(Option.packed) ? packFailedAt : compactFailedAt;
    return 0;
  }
  if (mayGoOn(start, behind)) return 0;
  return keep(has(Option.packed) ? recordEnd : lineEnd(recordEnd), behind);
}

/** Whether a value that is no object may go on in the next stretch, as a number can: only what stands behind it says that it ends. */
function mayGoOn(start: usize, behind: usize): bool {
  failedAt = finish;
  return <u32>load<u8>(start) != OPEN_BRACE && behind >= finish;
}

/** Takes over what was written up to `end`, unless it is more than the output may have; an event alone may be larger. */
function keep(end: usize, behind: usize): usize {
  if (count > 0 && (end - output > <usize>load<u32>(SETTINGS, At.outputLimit) || (identifiers != 0 && count == RECORDS_LIMIT))) {
    full = true;
    return 0;
  }
  to = end;
  if (identifiers != 0) enter(count, end - output);
  count++;
  return behind;
}

/** The same, through the mapping. */
function takeMapped(start: usize): usize {
  const from = mark();
  const document = mapEventAt(start, finish);
  if (document == 0 || exhausted) {
    release(from);
    failedAt = mappedFailedAt;
    return 0;
  }
  const behind = mappedBehind;
  if (mayGoOn(start, behind)) {
    release(from);
    return 0;
  }
  const room = lengthOf(document) * (has(Option.packed) ? ROOM_FACTOR : 1) + 64;
  if (to + room <= outputEnd) {
    const end = writeDocument(document);
    release(from);
    return keep(end, behind);
  }
  if (count > 0) {
    release(from);
    full = true;
    return 0;
  }
  // a document larger than the whole output is an output of its own
  output = reserve(room);
  to = output;
  if (output == 0) {
    exhaust();
    return 0;
  }
  return keep(writeDocument(document), behind);
}

function writeDocument(document: Text): usize {
  if (!has(Option.packed)) {
    memory.copy(to, startOf(document), lengthOf(document));
    return lineEnd(to + lengthOf(document));
  }
  readEventTime(mappedTime());
  entryHead(to);
  guard(endOf(document) + 1);
  pack(startOf(document), to + ENTRY_HEAD_BYTES);
  return packedEnd;
}

function lineEnd(end: usize): usize {
  store<u8>(end, 0x0a);
  return end + 1;
}
