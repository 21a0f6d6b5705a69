/** Making texts canonical, and the few things done with them. See span.ts for what a text is. */
import { BACKSLASH, BROKEN, ESCAPED, hexUnit, isEscapeLetter, plainEnd, utf8Length } from './scan';
import { Text, endOf, lengthOf, startOf, textOf } from './span';
import { begin, byte, copy, end, out, room } from './write';

/** The canonical form of a scanned string's inside; itself when nothing in it needed a change. */
export function canonical(start: usize, finish: usize, seen: u32): Text {
  if ((seen & (ESCAPED | BROKEN)) == 0) return textOf(start, finish);
  begin();
  writeCanonical(start, finish);
  return end();
}

/** Writes the canonical form of a string's inside: escapes resolved where they may be, what JSON or UTF-8 forbids replaced by U+FFFD. */
export function writeCanonical(start: usize, finish: usize): void {
  let at = start;
  while (at < finish) {
    const plain = min(plainEnd(at), finish);
    if (plain != at) {
      copy(at, plain - at);
      at = plain;
      if (at == finish) return;
    }
    const head = <u32>load<u8>(at);
    if (head == BACKSLASH) at = writeUnescaped(at, finish);
    else at = writeOdd(at, finish, head);
  }
}

/** Writes a byte or a character that is not plain; answers the position behind it. */
function writeOdd(at: usize, finish: usize, head: u32): usize {
  if (head < 0x80) {
    writeAscii(head);
    return at + 1;
  }
  const length = utf8Length(at);
  if (length == 0 || at + length > finish) {
    writeReplacement();
    return at + 1;
  }
  copy(at, length);
  return at + length;
}

/** Writes any bytes as the inside of a JSON string: quotes and backslashes escaped, what is no UTF-8 replaced by U+FFFD. */
export function writeEscaped(start: usize, finish: usize): void {
  let at = start;
  while (at < finish) {
    const plain = min(plainEnd(at), finish);
    if (plain != at) copy(at, plain - at);
    at = plain == finish ? finish : writeOdd(plain, finish, <u32>load<u8>(plain));
  }
}

/** Writes one character by its number, escaped only where JSON demands it. */
function writeCharacter(point: u32): void {
  if (point < 0x80) {
    writeAscii(point);
    return;
  }
  if (!room(16)) return;
  if (point < 0x800) {
    byte(0xc0 | (point >> 6));
  } else {
    if (point < 0x10000) {
      byte(0xe0 | (point >> 12));
    } else {
      byte(0xf0 | (point >> 18));
      byte(0x80 | ((point >> 12) & 63));
    }
    byte(0x80 | ((point >> 6) & 63));
  }
  byte(0x80 | (point & 63));
}

function writeAscii(character: u32): void {
  if (character == 0x22 || character == BACKSLASH) {
    byte(BACKSLASH);
    byte(character);
  } else if (character >= 0x20) {
    byte(character);
  } else {
    writeControl(character);
  }
}

function writeControl(character: u32): void {
  byte(BACKSLASH);
  if (character == 0x0a) byte(0x6e);
  else if (character == 0x0d) byte(0x72);
  else if (character == 0x09) byte(0x74);
  else if (character == 0x08) byte(0x62);
  else if (character == 0x0c) byte(0x66);
  else {
    byte(0x75);
    byte(0x30);
    byte(0x30);
    byte(0x30 + (character >> 4));
    const low = character & 15;
    byte(low < 10 ? 0x30 + low : 0x57 + low);
  }
}

function writeReplacement(): void {
  byte(0xef);
  byte(0xbf);
  byte(0xbd);
}

/** Writes what the escape at `at` stands for; answers the position behind it. */
function writeUnescaped(at: usize, finish: usize): usize {
  const letter = at + 1 < finish ? <u32>load<u8>(at, 1) : 0;
  if (letter == 0x75 && at + 6 <= finish) {
    const unit = hexUnit(at + 2);
    if (unit >= 0) return writeUnit(at, finish, <u32>unit);
  }
  if (!isEscapeLetter(letter)) {
    byte(BACKSLASH);
    byte(BACKSLASH);
    return at + 1;
  }
  writeAscii(unescaped(letter));
  return at + 2;
}

/** The character that a backslash and `letter` stand for. */
export function unescaped(letter: u32): u32 {
  if (letter == 0x6e) return 0x0a;
  if (letter == 0x72) return 0x0d;
  if (letter == 0x74) return 0x09;
  if (letter == 0x62) return 0x08;
  if (letter == 0x66) return 0x0c;
  return letter;
}

function writeUnit(at: usize, finish: usize, unit: u32): usize {
  if ((unit & 0xf800) != 0xd800) {
    writeCharacter(unit);
    return at + 6;
  }
  if (unit < 0xdc00 && at + 12 <= finish && load<u16>(at, 6) == 0x755c) {
    const low = hexUnit(at + 8);
    if (low >= 0xdc00 && low < 0xe000) {
      writeCharacter(0x10000 + ((unit - 0xd800) << 10) + (<u32>low - 0xdc00));
      return at + 12;
    }
  }
  writeReplacement();
  return at + 6;
}

/** The text without blanks, and escaped tabs and line ends, at both ends. */
export function trim(text: Text): Text {
  let start = startOf(text);
  let finish = endOf(text);
  while (start < finish) {
    if (load<u8>(start) == 0x20) start++;
    else if (isEscapedSpace(start, finish)) start += 2;
    else break;
  }
  while (start < finish) {
    if (load<u8>(finish - 1) == 0x20) finish--;
    else if (finish - start >= 2 && isEscapedSpace(finish - 2, finish) && !isEscapedAt(start, finish - 2)) finish -= 2;
    else break;
  }
  return textOf(start, finish);
}

/** Whether the backslash at `at` is itself escaped: an odd number of backslashes stands before it. */
function isEscapedAt(start: usize, at: usize): bool {
  let backslashes = 0;
  while (at > start && load<u8>(at - 1) == BACKSLASH) {
    backslashes++;
    at--;
  }
  return (backslashes & 1) == 1;
}

function isEscapedSpace(at: usize, finish: usize): bool {
  if (at + 2 > finish || load<u8>(at) != BACKSLASH) return false;
  const letter = load<u8>(at, 1);
  return letter == 0x6e || letter == 0x72 || letter == 0x74;
}

const LOW_SEVEN: u64 = 0x7f7f7f7f7f7f7f7f;
const HIGH: u64 = 0x8080808080808080;
/** What lifts a capital, and what follows `Z`, above 127. */
const FROM_A: u64 = 0x3f3f3f3f3f3f3f3f;
const BEHIND_Z: u64 = 0x2525252525252525;

/** The highest bit of each byte that is an ASCII capital. */
// @ts-ignore: decorator
@inline
function capitals(eight: u64): u64 {
  const seven = eight & LOW_SEVEN;
  return ((seven + FROM_A) ^ (seven + BEHIND_Z)) & ~eight & HIGH;
}

/** Whether any ASCII letter of the text, which has some, is a capital. */
function hasCapitals(text: Text): bool {
  let at = startOf(text);
  const last = endOf(text) - 8;
  if (<isize>last >= <isize>at) {
    for (; at < last; at += 8) if (capitals(load<u64>(at)) != 0) return true;
    return capitals(load<u64>(last)) != 0;
  }
  return capitals(load<u64>(at)) << (64 - (<u64>lengthOf(text) << 3)) != 0;
}

/** The text with ASCII capitals in lower case; itself when there are none. */
export function lower(text: Text): Text {
  if (text == 0 || !hasCapitals(text)) return text;
  begin();
  const start = out;
  copy(startOf(text), lengthOf(text));
  for (let at = start, finish = out; at < finish; at += 8) {
    const eight = load<u64>(at);
    // a capital's bit 5 is 0
    store<u64>(at, eight | (capitals(eight) >> 2));
  }
  return end();
}
