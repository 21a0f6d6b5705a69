/** Walks through objects and arrays where they lie, for the few rules that look into one. The text must have been found well formed before. */
import { Word } from '../generated/vocabulary';
import { CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, seen, scalarEnd, skipSpace, stringEnd } from './scan';
import { writeCanonicalNumber } from './number';
import { skipKey, skipValue } from './skip';
import { Text, same, textOf } from './span';
import { canonical } from './text';
import { begin, end } from './write';
import { fromDouble } from '../mode';
import { word } from '../words';

/** The value of the object's member with that name; 0 when it has none, or `open` is no object. */
export function memberOf(open: usize, name: Word): usize {
  if (open == 0 || <u32>load<u8>(open) != OPEN_BRACE) return 0;
  const wanted = word(name);
  let member = skipSpace(open + 1);
  while (<u32>load<u8>(member) == QUOTE) {
    const finish = stringEnd(member + 1);
    const value = skipSpace(skipKey(member));
    if (same(textOf(member + 1, finish), wanted)) return value;
    member = nextBehind(value);
    if (member == 0) return 0;
  }
  return 0;
}

/** The canonical text of the object's member with that name; no text when it has none, or one that is no string or number. */
export function memberText(open: usize, name: Word): Text {
  return textAt(memberOf(open, name));
}

/** The first element of the array at `at`; what is no array is its own only element. 0 when there is none. */
export function firstElement(at: usize): usize {
  if (at == 0 || <u32>load<u8>(at) != OPEN_BRACKET) return at;
  const first = skipSpace(at + 1);
  return <u32>load<u8>(first) == CLOSE_BRACKET ? 0 : first;
}

/** The element behind the one at `at`, in the array that begins at `array`; 0 at its end. */
export function nextElement(array: usize, at: usize): usize {
  return <u32>load<u8>(array) == OPEN_BRACKET ? nextBehind(at) : 0;
}

function nextBehind(value: usize): usize {
  const behind = skipValue(value);
  if (behind == 0) return 0;
  const comma = skipSpace(behind);
  return <u32>load<u8>(comma) == COMMA ? skipSpace(comma + 1) : 0;
}

/** The canonical text of the string or number at `at`; no text when it is neither. */
export function textAt(at: usize): Text {
  if (at == 0) return 0;
  const head = <u32>load<u8>(at);
  if (head == QUOTE) {
    forgetSeen();
    const finish = stringEnd(at + 1);
    return canonical(at + 1, finish, seen);
  }
  if (head != 0x2d && head - 0x30 >= 10) return 0;
  begin();
  writeCanonicalNumber(textOf(at, scalarEnd(at)), fromDouble);
  return end();
}
