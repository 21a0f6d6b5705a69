/** Values that must be looked at before they are kept: a string where a number belongs, a number where a string belongs, what is broken. */
import { captureScalar, captureString } from '../captured';
import { note } from '../errors';
import { JSON_TEXT_FLAG, Kind, PROPERTY_ROWS, Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { BROKEN, ESCAPED, forgetSeen, seen, stringEnd } from '../json/scan';
import { skipScalar, skipValue } from '../json/skip';
import { writeCanonicalNumber } from '../json/number';
import { lengthOf, startOf, textOf } from '../json/span';
import { writeCanonical } from '../json/text';
import { byte, copy } from '../json/write';
import { withholding } from '../mode';
import { converted, integer } from './conversion';
import { withholds, withholdsText } from './detection-name';
import { quoteHash, quoteHashOfJson, quoteHashOfScalar, quoteHashOfText } from './detections';
import { openText } from './embedded';
import { quoteJson } from './json-text';
import { keyEnd, keyStart, plain } from './keys';
import { DEPTH_LIMIT, Pass, depth, inText, isArray, leaveFor, pass, printedFromDouble } from './levels';
import { breakRun, keep, writeMember } from './run';
import { setSuspect } from './seen-keys';

/**
 * Keeps or converts the string whose inside is from `start` to `finish`; `flags` are what the scanner saw. Answers where to read on: behind it, or
 * inside the JSON that it holds.
 */
export function typedString(start: usize, finish: usize, from: usize, kind: u32, inContext: u32, number: u32, flags: u32): usize {
  const behind = finish + 1;
  if (kind == Kind.keyword || kind == Kind.any) {
    if (number != 0) captureString(number, start, finish, flags);
    if (!takes(Pass.fit)) return behind;
    writeMember(keyStart, keyEnd, Pass.fit);
    quoteString(start, finish);
    return behind;
  }
  if (kind == Kind.hashed) {
    writeMember(keyStart, keyEnd, Pass.fit);
    quoteHash(start, finish, flags);
    return behind;
  }
  if (holdsJson(number) && !inText() && depth + 1 < DEPTH_LIMIT) {
    const inside = openText(start, finish, flags, number, kind, inContext, number == Property.Actions && !isArray());
    if (inside != 0) return inside;
    // an exception's text alone may be something else
    if (!isArray() || (pass() == Pass.fit && number != Property.ExceptionInfo)) note(complaint(number));
  }
  const made = converted(textOf(start, finish), kind, flags);
  if (made == 0) {
    if (kind < <u32>Kind.object && number != 0) captureString(number, start, finish, flags);
    writeRaw(start, finish);
    return behind;
  }
  if (!takes(Pass.fit)) return behind;
  if (number != 0) captureString(number, start, finish, flags);
  const asString = kind == Kind.date || kind == Kind.ip;
  if (asString && plain && made == textOf(start, finish)) {
    keep(from, behind);
    return behind;
  }
  writeMember(keyStart, keyEnd, Pass.fit);
  if (asString) byte(0x22);
  copy(startOf(made), lengthOf(made));
  if (asString) byte(0x22);
  return behind;
}

function holdsJson(number: u32): bool {
  return (<u32>load<u8>(PROPERTY_ROWS + (<usize>number << 2), 1) & JSON_TEXT_FLAG) != 0;
}

/** What to say of a text that should have been JSON. */
function complaint(number: u32): Word {
  switch (number) {
    case Property.AdditionalInfo: return Word.AdditionalInfo__not_JSON;
    case Property.OperationProperties: return Word.OperationProperties__not_JSON;
    case Property.Data: return Word.Data__not_JSON;
    case Property.Actions: return Word.Actions__not_JSON;
    case Property.ReportMetadata: return Word.ReportMetadata__not_JSON;
    default: return Word.ExceptionInfo__not_JSON;
  }
}

/** The context in which the members of a property are looked up. */
export function membersOf(number: u32): u32 {
  return load<u16>(PROPERTY_ROWS + (<usize>number << 2), 2);
}

/** Writes the value at `at` as a string: a string as it is, a number or boolean by its text, anything else by its JSON text. */
export function writeValueAsText(at: usize, number: u32): void {
  const head = <u32>load<u8>(at);
  if (head == 0x22) {
    forgetSeen();
    const finish = stringEnd(at + 1);
    if (number != 0) captureString(number, at + 1, finish, seen);
    if ((seen & BROKEN) != 0 || (withholding && (seen & ESCAPED) != 0)) quoteString(at + 1, finish);
    else copy(at, finish + 1 - at);
  } else if (head == 0x7b || head == 0x5b) {
    // nobody looks at the keys inside
    setSuspect();
    quoteJsonText(at, skipValue(at));
  } else {
    const finish = skipScalar(at);
    if (number != 0) captureScalar(number, at, finish, inText());
    quoteScalar(at, finish, head > 0x39);
  }
}

/** Keeps or converts the number, boolean or null at `at`; answers the position behind it, 0 when it is none of them. */
export function typedScalar(at: usize, from: usize, kind: u32, number: u32): usize {
  const finish = skipScalar(at);
  if (finish == 0) return 0;
  const head = <u32>load<u8>(at);
  if (head == 0x6e) {
    breakRun();
    return finish;
  }
  const isBoolean = head > 0x39;
  if (kind == Kind.hashed) {
    writeMember(keyStart, keyEnd, Pass.fit);
    quoteHashOfScalar(at, finish, isBoolean);
    return finish;
  }
  if (number != 0) captureScalar(number, at, finish, inText());
  if (kind == Kind.keyword || kind == Kind.any) {
    if (!takes(Pass.fit)) return finish;
    writeMember(keyStart, keyEnd, Pass.fit);
    quoteScalar(at, finish, isBoolean);
  } else if (kind == Kind.boolean && isBoolean) {
    if (takes(Pass.fit)) keepOrWrite(from, at, finish);
  } else if (kind == Kind.long && !isBoolean) {
    const made = integer(textOf(at, finish));
    if (made == 0) writeRawScalar(at, finish, isBoolean);
    else if (takes(Pass.fit)) {
      if (made == textOf(at, finish)) keepOrWrite(from, at, finish);
      else {
        writeMember(keyStart, keyEnd, Pass.fit);
        copy(startOf(made), lengthOf(made));
      }
    }
  } else {
    writeRawScalar(at, finish, isBoolean);
  }
  return finish;
}

/** Writes the object or array at `at` as one string of its JSON text: it lies too deep. Answers the position behind it, 0 when malformed. */
export function writeAsText(at: usize, kind: u32): usize {
  const behind = skipValue(at);
  if (behind == 0) return 0;
  // nobody looks at the keys inside
  setSuspect();
  const fits = kind == Kind.keyword || kind >= <u32>Kind.any;
  if (takes(fits ? Pass.fit : Pass.raw)) {
    writeMember(keyStart, keyEnd, fits || isArray() ? Pass.fit : Pass.raw);
    if (kind == Kind.hashed) quoteHash(at, behind, 0);
    else quoteJsonText(at, behind);
  }
  return behind;
}

/** Whether this pass over an array takes what the `wanted` one is for; a member of an object is always taken. */
function takes(wanted: Pass): bool {
  if (!isArray() || pass() == wanted) return true;
  if (pass() == Pass.fit) leaveFor(wanted);
  breakRun();
  return false;
}

function keepOrWrite(from: usize, at: usize, finish: usize): void {
  if (plain) keep(from, finish);
  else {
    writeMember(keyStart, keyEnd, Pass.fit);
    copy(at, finish - at);
  }
}

/** A string that does not fit its path's type: its text at `<name>_raw`. */
function writeRaw(start: usize, finish: usize): void {
  if (!takes(Pass.raw)) return;
  writeMember(keyStart, keyEnd, isArray() ? Pass.fit : Pass.raw);
  quoteString(start, finish);
}

function writeRawScalar(at: usize, finish: usize, isBoolean: bool): void {
  if (!takes(Pass.raw)) return;
  writeMember(keyStart, keyEnd, isArray() ? Pass.fit : Pass.raw);
  quoteScalar(at, finish, isBoolean);
}

/** Writes JSON as one string of its text; its hash, when it has detections in it that are not to be seen. */
function quoteJsonText(at: usize, finish: usize): void {
  if (withholding && withholds(at, finish)) quoteHashOfJson(at, finish);
  else quoteJson(at, finish, printedFromDouble());
}

/** Writes a string from its raw inside; its hash, when that is JSON with detections in it that are not to be seen. */
export function quoteString(start: usize, finish: usize): void {
  if (withholding && withholdsText(start, finish)) {
    quoteHashOfText(start, finish);
    return;
  }
  byte(0x22);
  writeCanonical(start, finish);
  byte(0x22);
}

/** Writes a number or a boolean as a string (R006). */
function quoteScalar(at: usize, finish: usize, isBoolean: bool): void {
  byte(0x22);
  if (isBoolean) copy(at, finish - at);
  else writeCanonicalNumber(textOf(at, finish), printedFromDouble());
  byte(0x22);
}
