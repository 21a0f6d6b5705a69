/**
 * Reading JSON text where it lies, 8 bytes at a time. A runtime that interprets pays for every instruction, so a plain stretch of a string costs
 * one test for 8 bytes, and nothing is copied that need not change. https://www.rfc-editor.org/rfc/rfc8259
 *
 * Whoever scans a text first puts a sentinel behind it (`guard`): a string that is cut off then ends at the latest there, and a position past the
 * text's end tells that it was cut.
 */

const LOW: u64 = 0x0101010101010101;
const HIGH: u64 = 0x8080808080808080;
const QUOTES: u64 = 0x2222222222222222;
const BACKSLASHES: u64 = 0x5c5c5c5c5c5c5c5c;
const SPACES: u64 = 0x2020202020202020;

export const QUOTE: u32 = 0x22;
export const BACKSLASH: u32 = 0x5c;
export const COMMA: u32 = 0x2c;
export const COLON: u32 = 0x3a;
export const OPEN_BRACE: u32 = 0x7b;
export const CLOSE_BRACE: u32 = 0x7d;
export const OPEN_BRACKET: u32 = 0x5b;
export const CLOSE_BRACKET: u32 = 0x5d;

/** The string had an escape: its bytes are not its characters. */
export const ESCAPED: u32 = 1;
/** The string had what JSON or UTF-8 forbids (a control character, a lone surrogate, a wrong byte): it must be repaired before it is passed on. */
export const BROKEN: u32 = 2;

/** What the strings scanned since it was last set to 0 were like: ESCAPED, BROKEN. */
export let seen: u32 = 0;

/** Sets `seen` to nothing, or back to what it was. */
export function forgetSeen(flags: u32 = 0): void {
  seen = flags;
}

/** Puts the sentinel behind the text that ends at `end`; SLACK_BYTES of room are needed there. */
export function guard(end: usize): void {
  store<u64>(end, QUOTES);
  store<u64>(end, QUOTES, 8);
  store<u64>(end, 0, 16);
}

/** For the first byte of `eight` that is a quote, a backslash, a control character or not ASCII, the highest bit of that byte; 0 if there is none. */
// @ts-ignore: decorator
@inline
export function special(eight: u64): u64 {
  return (((eight ^ QUOTES) - LOW) | ((eight ^ BACKSLASHES) - LOW) | (eight - SPACES) | eight) & HIGH;
}

/** Past plain bytes: to the first quote, backslash, control character or byte beyond ASCII. */
export function plainEnd(at: usize): usize {
  while (true) {
    const found = special(load<u64>(at));
    if (found != 0) return at + <usize>(ctz(found) >> 3);
    at += 8;
  }
}

/** From behind a string's opening quote to its closing quote. */
export function stringEnd(at: usize): usize {
  while (true) {
    let found = special(load<u64>(at));
    if (found == 0) {
      found = special(load<u64>(at, 8));
      if (found == 0) {
        at += 16;
        continue;
      }
      at += 8;
    }
    at += <usize>(ctz(found) >> 3);
    const byte = <u32>load<u8>(at);
    if (byte == QUOTE) return at;
    at = oddity(at, byte);
  }
}

/** Past what is not plain inside a string: an escape, a control character, one or more characters beyond ASCII. */
function oddity(at: usize, byte: u32): usize {
  if (byte == BACKSLASH) return escape(at);
  if (byte < 0x20) {
    seen |= BROKEN;
    return at + 1;
  }
  do {
    const length = utf8Length(at);
    if (length == 0) {
      seen |= BROKEN;
      at++;
    } else {
      at += length;
    }
  } while (load<u8>(at) >= 0x80);
  return at;
}

function escape(at: usize): usize {
  seen |= ESCAPED;
  const letter = <u32>load<u8>(at, 1);
  if (letter != 0x75) {
    if (!isEscapeLetter(letter)) {
      seen |= BROKEN;
      return at + 1; // the backslash alone is wrong; what follows is read as it is
    }
    return at + 2;
  }
  const unit = hexUnit(at + 2);
  if (unit < 0) {
    seen |= BROKEN;
    return at + 1;
  }
  if ((unit & 0xf800) != 0xd800) return at + 6;
  if (unit < 0xdc00 && load<u16>(at, 6) == 0x755c) {
    const low = hexUnit(at + 8);
    if (low >= 0xdc00 && low < 0xe000) return at + 12;
  }
  seen |= BROKEN;
  return at + 6;
}

/** Whether a backslash may stand before `letter`: one of " \ / b f n r t (u is looked at elsewhere). */
export function isEscapeLetter(letter: u32): bool {
  return letter == QUOTE || letter == BACKSLASH || letter == 0x2f || letter == 0x62 || letter == 0x66
    || letter == 0x6e || letter == 0x72 || letter == 0x74;
}

/** The UTF-16 code unit of four hexadecimal digits, or -1. */
export function hexUnit(at: usize): i32 {
  let unit: i32 = 0;
  for (let i: usize = 0; i < 4; i++) {
    const digit = <u32>load<u8>(at + i);
    if (digit - 0x30 < 10) unit = (unit << 4) | (digit - 0x30);
    else if ((digit | 0x20) - 0x61 < 6) unit = (unit << 4) | ((digit | 0x20) - 0x57);
    else return -1;
  }
  return unit;
}

/** How many bytes the UTF-8 character at `at` has (2 to 4), 0 if it is none: overlong, a surrogate, too large, cut. */
export function utf8Length(at: usize): usize {
  const lead = <u32>load<u8>(at);
  const second = <u32>load<u8>(at, 1);
  if (lead < 0xc2 || lead > 0xf4 || (second & 0xc0) != 0x80) return 0;
  if (lead < 0xe0) return 2;
  if ((load<u8>(at, 2) & 0xc0) != 0x80) return 0;
  if (lead < 0xf0) {
    if ((lead == 0xe0 && second < 0xa0) || (lead == 0xed && second >= 0xa0)) return 0;
    return 3;
  }
  if ((load<u8>(at, 3) & 0xc0) != 0x80 || (lead == 0xf0 && second < 0x90) || (lead == 0xf4 && second >= 0x90)) return 0;
  return 4;
}

/** Past blanks, tabs and line ends. */
export function skipSpace(at: usize): usize {
  let byte = <u32>load<u8>(at);
  while (byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09) byte = <u32>load<u8>(++at);
  return at;
}

/** Past a number, true, false or null: to the first byte that cannot belong to one. */
export function scalarEnd(at: usize): usize {
  let byte = <u32>load<u8>(at);
  // + - . 0-9 A-Z a-z; commas, brackets, quotes and blanks end it
  while ((byte | 0x20) - 0x61 < 26 || byte - 0x30 < 10 || byte == 0x2b || byte == 0x2d || byte == 0x2e) byte = <u32>load<u8>(++at);
  return at;
}
