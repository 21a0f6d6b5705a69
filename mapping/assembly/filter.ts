/**
 * The mapping as its hosts call it: `o365_to_ecs` from Fluent Bit's wasm filter, `mapRecord` by the collector. Any bytes in, one JSON object out, in
 * valid UTF-8 and on one line.
 */
import { answer, beginAnswer, mapNoObject, refuse, setIdentity, setOriginal } from './answer';
import { timeOfEvent } from './common/event';
import { errorCount } from './errors';
import { Word } from './generated/vocabulary';
import { OPEN_BRACE, guard, skipSpace } from './json/scan';
import { skipValue } from './json/skip';
import { Text, lengthOf, startOf } from './json/span';
import { mapEvent, mapSurroundings, setIdOfEvent } from './map';
import { isMarked, setMarks, unmarked } from './mark';
import { options, setFromDouble, setOptions } from './mode';
import { prepareTexts } from './normalise/texts';
import { audit, eventEnd, normaliseEvent } from './normalise/whole';
import { forgetOthers, prepareOthers } from './others';
import { documentIn } from './prepared';
import { event, forgetRecord, isDocument, isWrapped, mapRecordAround, optionsOfRecord, optionsOfText, readRecord } from './record';

/** A larger record becomes an error record with as much of its text as the second limit says. */
const RECORD_LIMIT_BYTES: u32 = 64 << 20;
const ORIGINAL_LIMIT_BYTES: usize = 32 << 10;

/**
 * Fluent Bit's filter function: a record as JSON, with the time of the event, to a document as JSON, ended by a zero byte. The document has no
 * `@timestamp`, for the agent's output adds it.
 * https://docs.fluentbit.io/manual/data-pipeline/filters/wasm
 */
export function o365_to_ecs(tag: usize, tagLength: u32, sec: u32, nsec: u32, record: usize, recordLength: u32): usize {
  if (record != 0 && isMarked(record, recordLength)) {
    const document = unmarked(record, recordLength);
    if (document != 0) return document;
  }
  setFromDouble(true);
  return startOf(mapText(record, recordLength, sec, nsec, false));
}

let lastLength: u32 = 0;

/** The collector's function: the document of a record as text, with `@timestamp`; `resultLength` is its length. */
export function mapRecord(record: usize, recordLength: u32, sec: u32, nsec: u32): usize {
  setFromDouble(false);
  const document = mapText(record, recordLength, sec, nsec, true);
  lastLength = <u32>lengthOf(document);
  return startOf(document);
}

export function resultLength(): u32 {
  return lastLength;
}

/**
 * The document of the record from `start`, `length` bytes, as a text that ends with a zero byte behind it. With `withTime` it has `@timestamp`: the
 * event's time, or `sec` and `nsec` since 1970 when it has none. 32 bytes behind the record are overwritten.
 */
export function mapText(start: usize, length: u32, sec: u32, nsec: u32, withTime: bool): Text {
  beginAnswer();
  forgetRecord();
  setOptions(0);
  setMarks(false);
  let time: Text = 0;
  if (start == 0 || length > RECORD_LIMIT_BYTES || !prepareTexts(length)) {
    setOptions(optionsOfText(start, start + length));
    refuse(start, min(<usize>length, ORIGINAL_LIMIT_BYTES), Word.record__larger_than_the_mapping_takes);
  } else {
    guard(start + length);
    time = mapGuarded(start, start + length, withTime);
  }
  return isDocument() ? documentIn(skipSpace(start), withTime, sec, nsec) : answer(withTime, time, sec, nsec);
}

/** Maps the guarded text; answers the event's time, when it is wanted. */
function mapGuarded(start: usize, finish: usize, withTime: bool): Text {
  const at = skipSpace(start);
  if (<u32>load<u8>(at) != OPEN_BRACE || at >= finish) {
    const behind = at < finish ? skipValue(at) : 0;
    refuseText(start, finish, behind != 0 && skipSpace(behind) == finish ? Word.record__not_an_object : Word.record__not_JSON);
    return 0;
  }
  const isRecord = readRecord(at, finish);
  if (isRecord && isDocument()) return 0;
  if (!isRecord || (!isWrapped && !normaliseEvent(at))) {
    forgetRecord();
    refuseText(start, finish, Word.record__not_JSON);
    return 0;
  }
  const before = options;
  setOptions(optionsOfRecord());
  if (isWrapped) prepareOthers();
  else forgetOthers();
  if (<u32>load<u8>(event) != OPEN_BRACE) {
    mapNoObject(event, skipValue(event));
    return 0;
  }
  if (options != before || audit == 0) normaliseEvent(event);
  mapRecordAround();
  mapEvent();
  setIdOfEvent();
  const time = timeOfEvent(withTime);
  mapSurroundings();
  setIdentity(event, eventEnd);
  if (errorCount() != 0) setOriginal(event, eventEnd);
  return time;
}

function refuseText(start: usize, finish: usize, reason: Word): void {
  setOptions(optionsOfText(start, finish));
  refuse(start, finish - start, reason);
}
