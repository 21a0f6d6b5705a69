/**
 * Finds `DetectedValues`, the name that data loss prevention gives to what it took for secrets, however a text spells it: in capitals or not, with escapes, in JSON
 * within a text, where escapes are escaped again. It costs nothing where detections are kept.
 */
import { escapeStart } from '../json/decode';
import { BACKSLASH, QUOTE, hexUnit } from '../json/scan';
import { mark, provide } from '../memory';
import { out } from '../json/write';
import { withholding } from '../mode';

/** The name in small letters, as it lies in memory. */
const DETECTED: u64 = 0x6465746365746564;
const VALU: u32 = 0x756c6176;
const ES: u32 = 0x7365;
const NAME_BYTES: usize = 14;
/** The bit by which small letters differ from capitals. */
const SMALL: u64 = 0x2020202020202020;
/** Texts within texts that are read in turn. What has escapes even then is taken for what it may hide. */
const LAYER_LIMIT: u32 = 8;
/** What stands for a character beyond ASCII. */
const OTHER: u32 = 0x3f;
/** `\u0056` */
const ESCAPE_BYTES: usize = 6;

/** Whether JSON must not go along as it is: it names detections, and they are to be hashed or dropped. */
export function withholds(start: usize, finish: usize): bool {
  return withholding && isFound(start, finish, false);
}

/** Whether a string's inside is JSON, or a piece of it, that must not go along as it is: the name is that of a member. */
export function withholdsText(start: usize, finish: usize): bool {
  return withholding && isFound(start, finish, true);
}

function isFound(start: usize, finish: usize, asMember: bool): bool {
  if (stands(start, finish, asMember)) return true;
  if (!hasHexEscape(start, finish)) return false;
  // each layer is put behind all that is in use, and those within it in its place
  const place = (max(mark(), out) + 79) & ~<usize>15;
  if (!provide(place + (finish - start))) return true;
  for (let layer: u32 = 0; layer < LAYER_LIMIT; layer++) {
    finish = withoutEscapes(start, finish, place);
    start = place;
    if (stands(start, finish, asMember)) return true;
    if (!hasHexEscape(start, finish)) return false;
  }
  return true;
}

/** Whether the name stands in the text, as it is spelled here; `asMember`: and as a part of a member's name, which a quote follows. */
function stands(start: usize, finish: usize, asMember: bool): bool {
  for (let at = start; at + NAME_BYTES <= finish; at++) {
    if (!isName(at)) continue;
    if (!asMember) return true;
    at += NAME_BYTES;
    while (at < finish && isOfName(<u32>load<u8>(at))) at++;
    while (at < finish && load<u8>(at) == 0x20) at++;
    if (at < finish && !isOfName(<u32>load<u8>(at))) return true;
    at--;
  }
  return false;
}

/** Neither a blank, nor a quote, nor what stands before one in a string. */
function isOfName(letter: u32): bool {
  return letter != 0x20 && letter != QUOTE && letter != BACKSLASH;
}

function isName(at: usize): bool {
  return (load<u64>(at) | SMALL) == DETECTED && (load<u32>(at, 8) | <u32>SMALL) == VALU && (<u32>load<u16>(at, 12) | (<u32>SMALL & 0xffff)) == ES;
}

/** Whether a character is spelled by its number: letters have no other escape. */
function hasHexEscape(start: usize, finish: usize): bool {
  for (let at = escapeStart(start, finish); at + ESCAPE_BYTES <= finish; at = escapeStart(at + 1, finish)) {
    if (load<u8>(at, 1) == 0x75 && hexUnit(at + 2) >= 0) return true;
  }
  return false;
}

/**
 * Writes the text to `to`, which may be `start`, with its escapes resolved once, as far as letters, quotes and backslashes go; what is broken in it does no harm. Answers
 * where it ended.
 */
function withoutEscapes(start: usize, finish: usize, to: usize): usize {
  for (let at = start; at < finish;) {
    const run = escapeStart(at, finish);
    memory.copy(to, at, run - at);
    to += run - at;
    if (run + 1 >= finish) break;
    const letter = <u32>load<u8>(run, 1);
    const unit = letter == 0x75 && run + ESCAPE_BYTES <= finish ? hexUnit(run + 2) : -1;
    // of any other escape the letter stays
    if (unit >= 0 || letter == BACKSLASH) store<u8>(to++, unit < 0 ? letter : unit < 0x80 ? unit : OTHER);
    at = unit >= 0 ? run + ESCAPE_BYTES : letter == BACKSLASH ? run + 2 : run + 1;
  }
  return to;
}
