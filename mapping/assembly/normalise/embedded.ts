/**
 * JSON inside a string (R013, R015, R016): decoded into a place of its own and read on as if it stood in the event. What cannot be read stays as
 * text at `<name>_raw`, and the document says so.
 */
import { captureContainer } from '../captured';
import { note } from '../errors';
import { Context, Kind, Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import {
  BROKEN, CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, guard, seen, skipSpace, stringEnd,
} from '../json/scan';
import { Numbers, writeCompact } from '../json/compact';
import { skipKey, skipValue } from '../json/skip';
import { decoded } from '../json/decode';
import { writeCanonical } from '../json/text';
import { exhausted, giveBack, lend, out } from '../json/write';
import { lookup } from '../names';
import { removeDuplicates } from './duplicates';
import { keyEnd, keyStart } from './keys';
import { Pass, depth, forgetOpened, isArray, opened, pass, push, readFromText, resumeAt } from './levels';
import { readOn } from './normalise';
import { breakRun, writeMember } from './run';
import { giveBackText, keepText, next, textRoom } from './texts';
import { writeValueAsText } from './values';

/** A text needs room for itself, and for an object with all of it twice. */
const COPIES: usize = 3;

/** The decoded text of `Data`, for the rules that look into it. */
export let dataStart: usize = 0;

/** Texts may have double keys, which must be taken out of them. */
let careful: bool = false;

export function forgetData(): void {
  dataStart = 0;
}

export function setCareful(value: bool): void {
  careful = value;
}

/**
 * Opens the JSON text inside the string from `start` to `finish`, for the member or element in hand; answers where its first member lies, or, when
 * there is nothing in it, or nothing for this pass over an array, `behind`; 0 when it is no JSON object or array. An object that is to stand `alone` becomes
 * an array of one.
 */
export function openText(start: usize, finish: usize, flags: u32, number: u32, kind: u32, inContext: u32, alone: bool): usize {
  const behind = finish + 1;
  const before = next;
  let at = readText(start, finish, flags);
  if (at == 0) return 0;
  const isObject = <u32>load<u8>(at) == OPEN_BRACE;
  const isTaken = (!isObject && number != Property.Data) || !isArray() || pass() == Pass.fit;
  if (!isTaken || isEmpty(at)) {
    giveBackText(before);
    breakRun();
    return behind;
  }
  if (number == Property.Data) at = withShortKeys(at);
  else if (alone && isObject) at = wrapped(at, skipValue(at));
  return open(at, kind, inContext, number, behind, before);
}

/** Opens what lies at `at`, apart from the event, in which reading goes on at `behind`; `text` is the decoded text that it came from, 0 when it came from none. */
function open(at: usize, kind: u32, inContext: u32, number: u32, behind: usize, text: usize): usize {
  push(<u32>load<u8>(at) == OPEN_BRACKET, kind, inContext, number, keyStart, keyEnd, Pass.fit, at);
  // that there was one is what a rule asks
  if (number == Property.ExceptionInfo) captureContainer(number, at);
  resumeAt(behind);
  if (text != 0) readFromText(text);
  breakRun();
  return skipSpace(at + 1);
}

function isEmpty(at: usize): bool {
  return <u32>load<u8>(skipSpace(at + 1)) == <u32>load<u8>(at) + 2;
}

/** Decodes a string's inside and makes sure that it is one JSON object or array; answers where it begins, or 0. */
function readText(start: usize, finish: usize, flags: u32): usize {
  if ((flags & BROKEN) != 0) {
    // halves of characters become whole ones, behind what is being written
    const made = out + 64;
    lend(made);
    writeCanonical(start, finish);
    finish = giveBack();
    start = made;
  }
  if (exhausted || !textRoom((finish - start) * COPIES)) return 0;
  const to = decoded(start, finish, next);
  guard(to);
  const text = skipSpace(next);
  const head = <u32>load<u8>(text);
  if (head != OPEN_BRACE && head != OPEN_BRACKET) return 0;
  const behind = skipValue(text);
  if (behind == 0 || skipSpace(behind) != to) return 0;
  if (!careful) {
    keepText(to + 1);
    return text;
  }
  return withoutDuplicates(text, to);
}

/** Makes the text from `at` to `finish`, which lies where the next text goes, compact and takes double keys out of it; answers where it begins, 0 when it has no room. */
function withoutDuplicates(at: usize, finish: usize): usize {
  const from = next;
  // it is made behind what is being written, and brought back
  const made = out + 64;
  lend(made);
  writeCompact(at, finish, Numbers.keep);
  const size = giveBack() - made;
  if (!textRoom(size * COPIES)) return 0;
  memory.copy(from, made, size);
  const to = removeDuplicates(from, from + size);
  guard(to);
  keepText(to + 1);
  return from;
}

/** `"flattened":` */
const FLATTENED_KEY: usize = memory.data<u8>([0x22, 0x66, 0x6c, 0x61, 0x74, 0x74, 0x65, 0x6e, 0x65, 0x64, 0x22, 0x3a]);
const FLATTENED_KEY_BYTES: usize = 12;

/** A new object of the known short keys of an alert's data and, as `flattened`, all of it (R015). */
function withShortKeys(data: usize): usize {
  const behind = skipValue(data);
  if (dataStart == 0) dataStart = data;
  const from = next;
  let to = from;
  store<u8>(to++, OPEN_BRACE);
  if (<u32>load<u8>(data) == OPEN_BRACE) {
    let member = skipSpace(data + 1);
    while (<u32>load<u8>(member) == QUOTE) {
      const keyFinish = stringEnd(member + 1);
      const memberEnd = skipValue(skipKey(member));
      const number = lookup(Context.Data, member + 1, keyFinish - member - 1);
      if (number != 0 && number != Property.Data_flattened) {
        memory.copy(to, member, memberEnd - member);
        to += memberEnd - member;
        store<u8>(to++, COMMA);
      }
      member = skipSpace(memberEnd);
      if (<u32>load<u8>(member) != COMMA) break;
      member = skipSpace(member + 1);
    }
  }
  memory.copy(to, FLATTENED_KEY, FLATTENED_KEY_BYTES);
  to += FLATTENED_KEY_BYTES;
  memory.copy(to, data, behind - data);
  to += behind - data;
  store<u8>(to++, CLOSE_BRACE);
  guard(to);
  keepText(to + 1);
  return from;
}

/** The object at `at`, which ends before `finish`, as the only element of an array in a place of its own. */
function wrapped(at: usize, finish: usize): usize {
  const from = next;
  store<u8>(from, OPEN_BRACKET);
  memory.copy(from + 1, at, finish - at);
  const to = from + 1 + (finish - at);
  store<u8>(to, CLOSE_BRACKET);
  guard(to + 1);
  keepText(to + 2);
  return from;
}

/** Opens `Data` that came as an object, at `at`, as if it had come as text (R015); 0 when it is malformed. */
export function openData(at: usize): usize {
  const behind = skipValue(at);
  if (behind == 0 || !textRoom((behind - at) * COPIES)) return 0;
  return open(withShortKeys(at), Kind.object, Context.Data, Property.Data, behind, 0);
}

/** Opens an array of which the object at `at` is the only element; 0 when it is malformed. */
export function openAlone(at: usize, kind: u32, inContext: u32, number: u32): usize {
  const behind = skipValue(at);
  if (behind == 0 || !textRoom((behind - at) * COPIES)) return 0;
  return open(wrapped(at, behind), kind, inContext, number, behind, 0);
}

/** Writes the details of an extended property, which are JSON in its value at `at`, under the key in hand (R013); what is none stays as text at `_raw`. */
export function writeDetails(number: u32, at: usize): void {
  if (<u32>load<u8>(at) == QUOTE) {
    forgetSeen();
    const finish = stringEnd(at + 1);
    const inside = openText(at + 1, finish, seen, number, Kind.object, Context.ExtendedProperties_additionalDetails, false);
    if (opened) {
      forgetOpened();
      readOn(inside, depth);
    }
    if (inside != 0) return;
    note(Word.ExtendedProperties_additionalDetails__not_JSON);
  }
  writeMember(keyStart, keyEnd, Pass.raw);
  writeValueAsText(at, 0);
}
