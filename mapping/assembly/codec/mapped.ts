/** An event where it lies in a blob to its document, with the surroundings that a call's records have in common. */
import { answer, beginAnswer, mapNoObject, refuse, setIdentity, setOriginal } from '../answer';
import { textOfProperty } from '../captured';
import { timeOfEvent } from '../common/event';
import { get, set } from '../document';
import { errorCount } from '../errors';
import { Field } from '../generated/fields';
import { Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { OPEN_BRACE, guard } from '../json/scan';
import { Text, endOf, lengthOf, startOf } from '../json/span';
import { begin, copy, end, exhaust } from '../json/write';
import { mapEvent, mapSurroundings, setIdOfEvent } from '../map';
import { setOptions } from '../mode';
import { prepareTexts } from '../normalise/texts';
import { eventEnd, normaliseEvent } from '../normalise/whole';
import { mapRecordAround, optionsOfRecord, putEvent, readSurroundings } from '../record';
import { compactFailedAt, endOfValue } from './compact';
import { identify } from './identifiers';

let withTime: bool = false;
let withOriginal: bool = false;
/** No event is larger. Each gets the same room for its texts, so that all documents are written to the same place, which stays in the processor's cache. */
let largestBytes: usize = 0;
let suffix: Text = 0;
let now: u32 = 0;
let nowNanoseconds: u32 = 0;

/** Where the event last mapped ends; 0 when it is cut off or malformed, which `mappedFailedAt` tells apart. */
export let mappedBehind: usize = 0;
export let mappedFailedAt: usize = 0;

/** Sets what the next documents have in common: a record without event at `at`, in room that may be written behind `finish`. None of their events is larger than the limit. */
export function prepareDocuments(at: usize, finish: usize, idSuffix: Text, original: bool, time: bool, nowSeconds: u32, nanoseconds: u32, eventLimitBytes: usize): void {
  guard(finish);
  readSurroundings(at, finish);
  setOptions(optionsOfRecord());
  suffix = idSuffix;
  withOriginal = original;
  withTime = time;
  now = nowSeconds;
  nowNanoseconds = nanoseconds;
  largestBytes = eventLimitBytes;
}

/** The document of the event at `at`, which ends before `finish` unless it is cut off; its id is identified. It is of no use when the memory is `exhausted`. */
export function mapEventAt(at: usize, finish: usize): Text {
  const document = documentAt(at, finish);
  if (document != 0) identify(startOf(get(Field.event_id)), endOf(get(Field.event_id)));
  return document;
}

function documentAt(at: usize, finish: usize): Text {
  beginAnswer();
  putEvent(at);
  mappedBehind = 0;
  if (!prepareTexts(largestBytes)) {
    exhaust();
    return 0;
  }
  const isObject = <u32>load<u8>(at) == OPEN_BRACE;
  if (isObject && normaliseEvent(at) && eventEnd <= finish) return documentOf(at);
  // not an event yet, or none at all, or one that the mapping gives up
  const behind = endOfValue(at);
  mappedFailedAt = compactFailedAt;
  if (behind == 0) return 0;
  mappedBehind = behind;
  if (!isObject) {
    mapNoObject(at, behind);
    return answer(withTime, 0, now, nowNanoseconds);
  }
  refuse(at, behind - at, Word.record__not_JSON);
  return answer(withTime, 0, now, nowNanoseconds);
}

function documentOf(at: usize): Text {
  mappedBehind = eventEnd;
  mapRecordAround();
  mapEvent();
  if (withOriginal) setOriginal(at, eventEnd);
  setIdOfEvent();
  if (suffix != 0 && get(Field.event_id) != 0) set(Field.event_id, joined(get(Field.event_id), suffix));
  const time = timeOfEvent(withTime);
  mapSurroundings();
  setIdentity(at, eventEnd);
  if (errorCount() != 0) setOriginal(at, eventEnd);
  return answer(withTime, time, now, nowNanoseconds);
}

/** The time of the event last mapped, as it says it. */
export function mappedTime(): Text {
  return textOfProperty(Property.CreationTime);
}

function joined(first: Text, second: Text): Text {
  begin();
  copy(startOf(first), lengthOf(first));
  copy(startOf(second), lengthOf(second));
  return end();
}
