/**
 * JSON inside a string (R013, R015, R016): decoded into a place of its own and read on as if it stood in the event. What cannot be read stays as
 * text at `<name>_raw`, and the document says so.
 */
import { note } from '../errors';
import { Context, Kind, Property } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import {
  BROKEN, CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, guard, seen, skipSpace, stringEnd,
} from '../json/scan';
import { skipKey, skipValue } from '../json/skip';
import { decoded } from '../json/decode';
import { lookup } from '../names';
import { reserve } from '../memory';
import { blankDuplicates } from './duplicates';
import { keyEnd, keyStart, takeKey } from './keys';
import { Pass, breakRun, depth, forgetOpened, opened, push, resumeAt, writeMember } from './levels';
import { readOn } from './normalise';
import { quoteString } from './values';

let first: usize = 0;
let next: usize = 0;
let limit: usize = 0;
/** The decoded text of `Data`, for the rules that look into it. */
export let dataStart: usize = 0;

/** Makes room to decode the texts inside an event of `size` bytes. */
export function prepareEmbedded(size: usize): bool {
  first = reserve(size * 3 + 4096);
  limit = first + size * 3 + 4096;
  forgetEmbedded();
  return first != 0;
}

/** Begins the event anew: what was decoded is no longer needed. */
export function forgetEmbedded(): void {
  dataStart = 0;
  next = first;
}

/**
 * Opens the JSON text inside the string from `start` to `finish`, for the member or element in hand; answers where its first member lies, or, when
 * there is nothing in it, `behind`; 0 when it is no JSON object or array.
 */
export function openText(start: usize, finish: usize, flags: u32, number: u32, kind: u32, inContext: u32): usize {
  const behind = finish + 1;
  const from = readText(start, finish, flags);
  if (from == 0) return 0;
  let head = <u32>load<u8>(from);
  let at = from;
  if (number == Property.Data) {
    at = withShortKeys(from);
    head = OPEN_BRACE;
  }
  const inside = skipSpace(at + 1);
  if (<u32>load<u8>(inside) == head + 2) {
    breakRun();
    return behind;
  }
  push(head == OPEN_BRACKET, kind, inContext, number, keyStart, keyEnd, Pass.fit, at);
  resumeAt(behind);
  breakRun();
  return inside;
}

/** Decodes a string's inside and makes sure that it is one JSON object or array, without double keys; answers where it begins, or 0. */
function readText(start: usize, finish: usize, flags: u32): usize {
  if ((flags & BROKEN) != 0 || next + (finish - start) + 64 > limit) return 0;
  const from = next;
  const to = decoded(start, finish, from);
  guard(to);
  next = to + 32;
  const text = skipSpace(from);
  const head = <u32>load<u8>(text);
  if (head != OPEN_BRACE && head != OPEN_BRACKET) return 0;
  const behind = skipValue(text);
  if (behind == 0 || skipSpace(behind) != to) return 0;
  const key = keyStart;
  const keyFinish = keyEnd;
  blankDuplicates(text, to);
  takeKey(key, keyFinish, false);
  return text;
}

/** Room for `size` bytes that are needed for a moment; 0 when there is none left. */
export function spare(size: usize): usize {
  return next + size + 64 > limit ? 0 : next;
}

/** Whether the string holds JSON that can be read; what was decoded to see it is forgotten. */
export function holdsText(start: usize, finish: usize, flags: u32): bool {
  const before = next;
  const found = readText(start, finish, flags) != 0;
  next = before;
  return found;
}

/** `"flattened":` */
const FLATTENED_KEY: usize = memory.data<u8>([0x22, 0x66, 0x6c, 0x61, 0x74, 0x74, 0x65, 0x6e, 0x65, 0x64, 0x22, 0x3a]);
const FLATTENED_KEY_BYTES: usize = 12;

/** A new object of the known short keys of an alert's data and, as `flattened`, all of it (R015). */
function withShortKeys(data: usize): usize {
  const behind = skipValue(data);
  dataStart = data;
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
  next = to + 32;
  return from;
}

/** Opens `Data` that came as an object, at `at`, as if it had come as text (R015); 0 when it is malformed. */
export function openData(at: usize): usize {
  const behind = skipValue(at);
  if (behind == 0 || next + (behind - at) * 2 + 64 > limit) return 0;
  const made = withShortKeys(at);
  push(false, Kind.object, Context.Data, Property.Data, keyStart, keyEnd, Pass.fit, made);
  resumeAt(behind);
  breakRun();
  return skipSpace(made + 1);
}

/** Opens an array of which the value at `at` is the only element; 0 when it is malformed. */
export function openAlone(at: usize, kind: u32, inContext: u32, number: u32): usize {
  const behind = skipValue(at);
  if (behind == 0 || next + (behind - at) + 64 > limit) return 0;
  const from = next;
  store<u8>(from, OPEN_BRACKET);
  memory.copy(from + 1, at, behind - at);
  const to = from + 1 + (behind - at);
  store<u8>(to, CLOSE_BRACKET);
  guard(to + 1);
  next = to + 64;
  push(true, kind, inContext, number, keyStart, keyEnd, Pass.fit, from);
  resumeAt(behind);
  breakRun();
  return from + 1;
}

/** Writes the details of an extended property, which are JSON in its value at `at`, under the key in hand (R013); false when they are not meant. */
export function writeDetails(number: u32, at: usize): bool {
  if (number != Property.ExtendedProperties_additionalDetails || <u32>load<u8>(at) != QUOTE) return false;
  forgetSeen();
  const finish = stringEnd(at + 1);
  const inside = openText(at + 1, finish, seen, number, Kind.object, Context.ExtendedProperties_additionalDetails);
  if (inside == 0) {
    note(Word.ExtendedProperties_additionalDetails__not_JSON);
    writeMember(keyStart, keyEnd, Pass.raw);
    quoteString(at + 1, finish);
  } else if (opened) {
    forgetOpened();
    readOn(inside, depth);
  }
  return true;
}
