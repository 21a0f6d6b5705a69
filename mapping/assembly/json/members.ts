/** Walks through objects and arrays where they lie, for the few rules that look into one. The text must have been found well formed before. */
import { Word } from '../generated/vocabulary';
import { CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, seen, scalarEnd, skipSpace, stringEnd } from './scan';
import { writeCanonicalNumber } from './number';
import { passValue } from './skip';
import { Text, same, textOf } from './span';
import { canonical } from './text';
import { begin, end } from './write';
import { fromDouble } from '../mode';
import { visible } from '../withhold';
import { word } from '../words';

/** Where the key of the member that a walk through an object has reached lies: its opening quote; its inside, no text for the empty name; and where its value lies. */
export let memberKey: usize = 0;
export let memberName: Text = 0;
export let memberValue: usize = 0;

/** Begins a walk through the object at `open`; false when it has no members, or is no object. */
export function openMembers(open: usize): bool {
  return open != 0 && <u32>load<u8>(open) == OPEN_BRACE && readMember(skipSpace(open + 1));
}

/** Goes on to the next member; false behind the last one. */
export function nextMember(): bool {
  const next = nextBehind(memberValue);
  return next != 0 && readMember(next);
}

function readMember(at: usize): bool {
  if (<u32>load<u8>(at) != QUOTE) return false;
  const finish = stringEnd(at + 1);
  memberKey = at;
  memberName = textOf(at + 1, finish);
  memberValue = skipSpace(skipSpace(finish + 1) + 1);
  return true;
}

/** The value of the object's member with that name; 0 when it has none, or `open` is no object. */
export function memberOf(open: usize, name: Word): usize {
  const wanted = word(name);
  for (let more = openMembers(open); more; more = nextMember()) if (same(memberName, wanted)) return memberValue;
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

/** What `pick` found: where the values lie, 0 for a member that the object does not have. */
export let picked0: usize = 0;
export let picked1: usize = 0;
export let picked2: usize = 0;
export let picked3: usize = 0;
/** The position behind the value that was picked from. */
export let pickedEnd: usize = 0;

/** Finds up to four members of the object at `open` in one walk, for what they hold may be long. Of what is no object only the end is found. */
export function pick(open: usize, name0: Word, name1: Word, name2: Word = 0, name3: Word = 0): void {
  picked0 = 0;
  picked1 = 0;
  picked2 = 0;
  picked3 = 0;
  let at = <u32>load<u8>(open) == OPEN_BRACE ? skipSpace(open + 1) : 0;
  if (at == 0 || <u32>load<u8>(at) != QUOTE) {
    pickedEnd = passValue(open);
    return;
  }
  const text0 = word(name0);
  const text1 = word(name1);
  const text2 = word(name2);
  const text3 = word(name3);
  while (true) {
    const finish = stringEnd(at + 1);
    const name = textOf(at + 1, finish);
    const value = skipSpace(skipSpace(finish + 1) + 1);
    if (picked0 == 0 && same(name, text0)) picked0 = value;
    else if (picked1 == 0 && same(name, text1)) picked1 = value;
    else if (picked2 == 0 && same(name, text2)) picked2 = value;
    else if (picked3 == 0 && same(name, text3)) picked3 = value;
    const behind = skipSpace(passValue(value));
    if (<u32>load<u8>(behind) != COMMA) {
      pickedEnd = behind + 1;
      return;
    }
    at = skipSpace(behind + 1);
  }
}

/** The element behind the one that ends at `end`, in the array that begins at `array`; 0 at its end. */
export function elementBehind(array: usize, end: usize): usize {
  if (<u32>load<u8>(array) != OPEN_BRACKET) return 0;
  const comma = skipSpace(end);
  return <u32>load<u8>(comma) == COMMA ? skipSpace(comma + 1) : 0;
}

function nextBehind(value: usize): usize {
  const comma = skipSpace(passValue(value));
  return <u32>load<u8>(comma) == COMMA ? skipSpace(comma + 1) : 0;
}

/** The canonical text of the scalar at `at`, as far as it may be seen; no text when it is none, or null. */
export function textAt(at: usize): Text {
  if (at == 0) return 0;
  const head = <u32>load<u8>(at);
  if (head == QUOTE) {
    forgetSeen();
    const finish = stringEnd(at + 1);
    return seen == 0 ? textOf(at + 1, finish) : visible(canonical(at + 1, finish, seen));
  }
  if (head != 0x2d && head - 0x30 >= 10) return head == 0x74 || head == 0x66 ? textOf(at, scalarEnd(at)) : 0;
  begin();
  writeCanonicalNumber(textOf(at, scalarEnd(at)), fromDouble);
  return end();
}
