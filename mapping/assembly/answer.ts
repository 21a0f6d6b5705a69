/** The document that is answered for a record: what all have in common, what is said when something went wrong, its text. */
import { forgetCaptured } from './captured';
import { forgetAdditions } from './common/additions';
import { forgetClient } from './common/client';
import { forgetRecordType } from './common/event';
import { writeTime } from './common/time';
import { append, forgetDocument, has, set } from './document';
import { writeFields } from './document-text';
import { errorAt, errorCount, forgetErrors, note } from './errors';
import { Field } from './generated/fields';
import { Word } from './generated/vocabulary';
import { identityOf } from './identity';
import { CLOSE_BRACE, COMMA } from './json/scan';
import { Text, endOf, lengthOf, startOf, textOf } from './json/span';
import { writeEscaped } from './json/text';
import { begin, byte, copy, end, exhausted, forgetExhausted, quoted } from './json/write';
import { mapSurroundings, writeAudit } from './map';
import { closeDocument, openDocument } from './mark';
import { withholds } from './normalise/detection-name';
import { forgetData } from './normalise/embedded';
import { audit, forgetAudit } from './normalise/whole';
import { writeOthers } from './others';
import { mapRecordAround } from './record';
import { word } from './words';

/** What is answered when the host gives no more memory: there is no room for the event in it. */
const EXHAUSTED: Word = Word.no_memory;

/** Begins a new document. */
export function beginAnswer(): void {
  forgetDocument();
  forgetEvent();
  forgetAdditions();
  forgetRecordType();
  forgetClient();
  forgetExhausted();
}

/** Forgets what was read of an event: the one before, of this record or of another one. */
function forgetEvent(): void {
  forgetErrors();
  forgetCaptured();
  forgetAudit();
  forgetData();
}

/** What cannot be mapped at all: its text, and why. */
export function refuse(start: usize, length: usize, reason: Word): void {
  forgetErrors();
  forgetAudit();
  note(reason);
  forgetDocument();
  set(Field.data_stream_type, word(Word.logs));
  set(Field.data_stream_dataset, word(Word.o365_audit));
  set(Field.data_stream_namespace, word(Word.default_));
  append(Field.tags, word(Word.forwarded));
  if (start == 0) return;
  setOriginal(start, start + length);
  setIdentity(start, start + length);
}

/** What stands in an event's place without being an object: its text, with what the record says around it. */
export function mapNoObject(start: usize, finish: usize): void {
  // the record may have had another event before
  forgetEvent();
  mapRecordAround();
  setOriginal(start, finish);
  note(Word.o365audit__not_an_object);
  mapSurroundings();
  setIdentity(start, finish);
}

/** R925: the event's text goes along, unless the record brought it or it holds what is not to be seen. */
export function setOriginal(start: usize, finish: usize): void {
  if (has(Field.event_original) || start >= finish || withholds(start, finish)) return;
  begin();
  writeEscaped(start, finish);
  set(Field.event_original, end());
}

/** A document without id would take the one before it in some outputs; so it has one in any case. */
export function setIdentity(start: usize, finish: usize): void {
  if (!has(Field.event_id)) set(Field.event_id, identityOf(start, finish));
}

/** R002, R925. */
function setConstants(): void {
  set(Field.ecs_version, word(Word._8_17_0));
  set(Field.event_module, word(Word.o365));
  set(Field.event_dataset, word(Word.o365_audit));
  set(Field.service_type, word(Word.o365));
  if (errorCount() == 0) return;
  set(Field.event_kind, word(Word.pipeline_error));
  append(Field.tags, word(Word.preserve_original_event));
  for (let i: u32 = 0; i < errorCount(); i++) append(Field.error_message, errorAt(i));
}

/** Completes the document and writes it, on one line and with a zero byte behind it; with `withTime` its `@timestamp` is `time`, or `sec` and `nsec`. */
export function answer(withTime: bool, time: Text, sec: u32, nsec: u32): Text {
  setConstants();
  begin();
  openDocument();
  if (withTime) {
    writeTimestamp(time, sec, nsec);
    byte(COMMA);
  }
  if (lengthOf(audit) > 2) {
    copyWord(Word.audit_member);
    writeAudit(audit);
    byte(CLOSE_BRACE);
    byte(COMMA);
  }
  writeFields(true);
  writeOthers(true);
  const document = endOfDocument();
  closeDocument(document);
  return document;
}

/** Ends a document's text, on one line and with a zero byte behind it. */
export function endOfDocument(): Text {
  byte(CLOSE_BRACE);
  byte(0);
  const document = exhausted ? word(EXHAUSTED) : end();
  return textOf(startOf(document), endOf(document) - 1);
}

/** Writes the member `@timestamp`: `time`, or `sec` and `nsec` since 1970 where there is none. */
export function writeTimestamp(time: Text, sec: u32, nsec: u32): void {
  copyWord(Word.key__timestamp);
  byte(0x3a);
  if (time != 0) {
    quoted(time);
    return;
  }
  byte(0x22);
  writeTime(sec, nsec);
  byte(0x22);
}

function copyWord(number: Word): void {
  const text = word(number);
  copy(startOf(text), lengthOf(text));
}
