/**
 * What data loss prevention took for secrets, and the text around it: kept, hashed or dropped, as the record asks (R540, option dlp_detections). It stands under one name
 * in several places: of a rule's conditions, of a device's event (EndpointMetaData.SensitiveInfoTypeData), and wherever the service puts it next.
 */
import { writeSha256 } from '../common/sha256';
import { HASHED_CONTEXT, Kind } from '../generated/properties';
import { decoded } from '../json/decode';
import { writeCanonicalNumber } from '../json/number';
import { BACKSLASH, BROKEN, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, seen, stringEnd } from '../json/scan';
import { skipScalar, skipValue } from '../json/skip';
import { Text, endOf, lengthOf, startOf, textOf } from '../json/span';
import { writeCanonical } from '../json/text';
import { begin, byte, end, giveBack, lend, out } from '../json/write';
import { Option, asked, withholding } from '../mode';
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

/** `DetectedValues`, as it lies in memory. */
const DETECTED: u64 = 0x6465746365746544;
const VALU: u32 = 0x756c6156;
const ES: u32 = 0x7365;
const NAME_BYTES: usize = 14;

/** Whether a text must not go along as it is: it names detections, and they are to be hashed or dropped. */
export function withholds(start: usize, finish: usize): bool {
  if (!withholding) return false;
  for (let at = start; at + NAME_BYTES <= finish; at++) if (isName(at)) return true;
  return false;
}

/** Whether a string's inside is JSON that must not go along as it is: there a quote is escaped. */
export function withholdsText(start: usize, finish: usize): bool {
  if (!withholding) return false;
  for (let at = start; at + NAME_BYTES < finish; at++) if (isName(at) && <u32>load<u8>(at, NAME_BYTES) == BACKSLASH) return true;
  return false;
}

function isName(at: usize): bool {
  return load<u64>(at) == DETECTED && load<u32>(at, 8) == VALU && <u32>load<u16>(at, 12) == ES;
}

/** Whether the key in hand is theirs. */
export function namesDetections(): bool {
  return keyEnd - keyStart - 1 == NAME_BYTES && isName(keyStart + 1);
}

/** Takes the value at `at` of a member of that name which fields.yml does not list; `isFlattened`: its path takes any shape, else the hash of all of it stands at `_raw`. */
export function otherDetections(at: usize, isFlattened: bool): usize {
  if (isNothing(at)) return 0;
  const head = <u32>load<u8>(at);
  if (isFlattened || asked(Option.dlp_drop) || (head != OPEN_BRACE && head != OPEN_BRACKET)) return detections(at, head);
  const behind = skipValue(at);
  if (behind == 0) return MALFORMED;
  writeMember(keyStart, keyEnd, Pass.raw);
  quoteHashOfJson(at, behind);
  breakRun();
  return behind;
}

/** Takes the value at `at`; 0 when it is to be kept like any other. */
export function detections(at: usize, head: u32): usize {
  if (asked(Option.dlp_drop)) {
    const behind = skipValue(at);
    breakRun();
    return behind == 0 ? MALFORMED : behind;
  }
  if (!asked(Option.dlp_hash)) return 0;
  if (head == OPEN_BRACKET || head == OPEN_BRACE) return container(at, head, Kind.hashed, HASHED_CONTEXT, 0);
  const behind = head == QUOTE ? stringEnd(at + 1) + 1 : skipScalar(at);
  if (behind == 0) return MALFORMED;
  writeMember(keyStart, keyEnd, Pass.raw);
  forgetSeen();
  if (head == QUOTE) quoteHash(at + 1, stringEnd(at + 1), seen);
  else quoteHashOfScalar(at, behind, head > 0x39);
  return behind;
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

/** The hash of a string's inside that stands as it would in the document. */
export function hashOf(text: Text): Text {
  const to = spare(lengthOf(text));
  begin();
  if (to != 0) writeSha256(to, decoded(startOf(text), endOf(text), to));
  else writeSha256(startOf(text), endOf(text));
  return end();
}

/** Writes the hash of the JSON text from `at` to `finish` as it would stand in the document. */
export function quoteHashOfJson(at: usize, finish: usize): void {
  const made = out + APART_BYTES;
  lend(made);
  quoteJson(at, finish, printedFromDouble());
  quoteHash(made + 1, giveBack() - 1, 0);
}
