/**
 * What data loss prevention took for secrets, and the text around it: kept, hashed or dropped, as the record asks (R540, option dlp_detections). It stands under one name
 * in several places: of a rule's conditions, of a device's event (EndpointMetaData.SensitiveInfoTypeData), and wherever the service puts it next.
 */
import { writeSha256 } from '../common/sha256';
import { HASHED_CONTEXT, Kind } from '../generated/properties';
import { Word } from '../generated/vocabulary';
import { decoded } from '../json/decode';
import { memberName, memberValue, nextMember, openMembers } from '../json/members';
import { writeCanonicalNumber } from '../json/number';
import { BROKEN, COLON, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, seen, skipSpace, stringEnd } from '../json/scan';
import { skipScalar, skipValue } from '../json/skip';
import { Text, endOf, find, lengthOf, same, startOf, textOf } from '../json/span';
import { trim, writeCanonical } from '../json/text';
import { byte, giveBack, lend, out } from '../json/write';
import { Option, asked } from '../mode';
import { word } from '../words';
import { withholds, withholdsText } from './detection-name';
import { keyEnd, keyStart } from './keys';
import { Pass, printedFromDouble } from './levels';
import { quoteJson } from './json-text';
import { container } from './normalise';
import { isNothing } from './pair';
import { MALFORMED } from './pairs';
import { breakRun, writeMember } from './run';
import { spare } from './texts';

/** Longer numbers are hashed as they stand. */
const NUMBER_LIMIT_BYTES: usize = 64;
const NUMBER: usize = memory.data(256, 16);

/** `Name` and `Key` in small letters, and the bit that makes them small. */
const NAME: u32 = 0x656d616e;
const KEY: u32 = 0x79656b;
const SMALL: u32 = 0x20202020;

/** Whether the key whose opening quote lies at `key` is theirs, or made of theirs by somebody who takes events apart. */
export function namesDetections(key: usize): bool {
  return withholds(key + 1, stringEnd(key + 1));
}

/** Whether the object at `at` is a pair of their name and their value: its `Name` or `Key` is theirs. */
export function isPairOfDetections(at: usize): bool {
  if (skipValue(at) == 0) return false;
  for (let more = openMembers(at); more; more = nextMember()) {
    if (isNameOfPair(memberName) && <u32>load<u8>(memberValue) == QUOTE && isTheirName(memberValue + 1)) return true;
  }
  return false;
}

function isNameOfPair(key: Text): bool {
  const four = load<u32>(startOf(key)) | SMALL;
  return (lengthOf(key) == 4 && four == NAME) || (lengthOf(key) == 3 && (four & 0xffffff) == KEY);
}

/** Whether the string whose inside begins at `start` is a name, and theirs: the word in a sentence is not. */
function isTheirName(start: usize): bool {
  const finish = stringEnd(start);
  const text = trim(textOf(start, finish));
  return withholds(start, finish) && find(text, 0x20) == endOf(text);
}

/**
 * Takes the value at `at` of a member of that name, whose key lies at `key`, which fields.yml does not list; `isFlattened`: its path takes any shape, else the hash of all of it
 * stands at `_raw`.
 */
export function otherDetections(at: usize, key: usize, isFlattened: bool): usize {
  if (isNothing(at)) return 0;
  // a key may be JSON with all of them in it
  if (withholdsText(key + 1, stringEnd(key + 1))) return leaveOut(at);
  const head = <u32>load<u8>(at);
  if (isFlattened || asked(Option.dlp_drop) || (head != OPEN_BRACE && head != OPEN_BRACKET)) return detections(at, head);
  return asOneHash(at);
}

/** Takes the value at `at`; 0 when it is to be kept like any other. */
export function detections(at: usize, head: u32): usize {
  if (asked(Option.dlp_drop)) return leaveOut(at);
  if (!asked(Option.dlp_hash)) return 0;
  if (head == OPEN_BRACKET || head == OPEN_BRACE) return hasOtherKeys(at) ? asOneHash(at) : container(at, head, Kind.hashed, HASHED_CONTEXT, 0);
  const behind = head == QUOTE ? stringEnd(at + 1) + 1 : skipScalar(at);
  if (behind == 0) return MALFORMED;
  writeMember(keyStart, keyEnd, Pass.raw);
  forgetSeen();
  if (head == QUOTE) quoteHash(at + 1, stringEnd(at + 1), seen);
  else quoteHashOfScalar(at, behind, head > 0x39);
  return behind;
}

function leaveOut(at: usize): usize {
  const behind = skipValue(at);
  breakRun();
  return behind == 0 ? MALFORMED : behind;
}

function asOneHash(at: usize): usize {
  const behind = skipValue(at);
  if (behind == 0) return MALFORMED;
  writeMember(keyStart, keyEnd, Pass.raw);
  quoteHashOfJson(at, behind);
  breakRun();
  return behind;
}

/** Whether any key in the value at `at` is not one of theirs: then it may be what was found. Of what is malformed it does not matter. */
function hasOtherKeys(at: usize): bool {
  const behind = skipValue(at);
  while (at < behind) {
    if (<u32>load<u8>(at) != QUOTE) {
      at++;
      continue;
    }
    const finish = stringEnd(at + 1);
    const isKey = <u32>load<u8>(skipSpace(finish + 1)) == COLON;
    if (isKey && !isKnownKey(textOf(at + 1, finish))) return true;
    at = finish + 1;
  }
  return false;
}

function isKnownKey(key: Text): bool {
  return same(key, word(Word.Name)) || same(key, word(Word.Value));
}

/** Writes the hash of a number's canonical text, or of a boolean's. */
export function quoteHashOfScalar(at: usize, finish: usize, isBoolean: bool): void {
  if (isBoolean || finish - at > NUMBER_LIMIT_BYTES) {
    quoteHash(at, finish, 0);
    return;
  }
  lend(NUMBER);
  writeCanonicalNumber(textOf(at, finish), printedFromDouble());
  quoteHash(NUMBER, giveBack(), 0);
}

/** Writes the hash of a string's characters, or of a scalar's text, as a string. */
export function quoteHash(start: usize, finish: usize, flags: u32): void {
  const to: usize = (flags & BROKEN) != 0 ? 0 : spare(finish - start);
  byte(QUOTE);
  if (to != 0) writeSha256(to, decoded(start, finish, to));
  else writeSha256(start, finish);
  byte(QUOTE);
}

/** Behind what is being written, and as far as a hash goes. */
const APART_BYTES: usize = 96;

/** Writes the hash of a string's inside as it would stand in the document. */
export function quoteHashOfText(start: usize, finish: usize): void {
  const made = out + APART_BYTES;
  lend(made);
  writeCanonical(start, finish);
  quoteHash(made, giveBack(), 0);
}

/** Writes the hash of the JSON text from `at` to `finish` as it would stand in the document. */
export function quoteHashOfJson(at: usize, finish: usize): void {
  const made = out + APART_BYTES;
  lend(made);
  quoteJson(at, finish, printedFromDouble());
  quoteHash(made + 1, giveBack() - 1, 0);
}
