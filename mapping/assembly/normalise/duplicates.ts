/**
 * Keys that stand twice in one object: of these the last counts, as for every reader of JSON. They are left out of a copy; the event itself stays as it
 * came, for its id and for event.original.
 */
import { Member, findEqualKeys, firstMember, membersEnd } from '../json/equal-keys';
import { COMMA, guard } from '../json/scan';
import { Numbers, writeCompact } from '../json/compact';
import { Text, endOf, same, startOf, textOf } from '../json/span';
import { begin, end, exhausted, room } from '../json/write';
import { fromDouble } from '../mode';
import { Word } from '../generated/vocabulary';
import { word } from '../words';
import { isNothing } from './pair';

/** A value that was left out is not the one that stayed: the document has to say so. */
export let lostValue: bool = false;

const DASH: u8 = 0x2d;
const SLASH: u8 = 0x2f;
/** What a scan reads behind a text. */
const SLACK_BYTES: usize = 64;

export function forgetLost(): void {
  lostValue = false;
}

/** A compact copy of the event from `at` to `finish`, without double keys, with a sentinel behind it; 0 when there is no memory for it. */
export function copyWithoutDuplicates(at: usize, finish: usize): usize {
  begin();
  writeCompact(at, finish, fromDouble ? Numbers.printed : Numbers.exact);
  if (!room(SLACK_BYTES) || exhausted) {
    end();
    return 0;
  }
  const copy = end();
  guard(removeDuplicates(startOf(copy), endOf(copy)));
  return startOf(copy);
}

/** Takes double keys out of the compact JSON text from `at` to `finish`; answers where it ends then. */
export function removeDuplicates(at: usize, finish: usize): usize {
  if (!findEqualKeys(at, finish)) return finish;
  let to = at;
  for (let member = firstMember(); member < membersEnd(); member += Member.size) {
    // in the order of the text the first of a group comes first, so a member is judged before it is met
    if (load<u32>(member, Member.next) != 0 && load<u32>(member, Member.isLater) == 0) keepOne(member);
    if (load<u32>(member, Member.isLater) != DROPPED) continue;
    const key = <usize>load<u32>(member, Member.key);
    if (key < at) continue; // it lies in one that is gone
    memory.copy(to, at, key - at);
    to += key - at;
    at = <usize>load<u32>(member, Member.end);
    if (<u32>load<u8>(at) == COMMA) at++;
    else if (<u32>load<u8>(to - 1) == COMMA) to--;
  }
  memory.copy(to, at, finish - at);
  return to + (finish - at);
}

const DROPPED: u32 = 2;

/**
 * Drops all members of a group but the last; of several `QueryTime` but one in ISO form, when those behind it are none: investigations have it twice, once as
 * the United States write it (R015).
 */
function keepOne(first: usize): void {
  let kept = first;
  const isQueryTime = named(first, Word.key_QueryTime);
  for (let member = nextOf(first); member != 0; member = nextOf(member)) {
    const staysKept = isQueryTime && isIsoTime(kept) && !isIsoTime(member);
    const gone = staysKept ? member : kept;
    store<u32>(gone, DROPPED, Member.isLater);
    if (!staysKept) kept = member;
    // the same instant in another form is nothing lost
    if (!(isQueryTime && isIsoTime(kept) && isUnitedStatesTime(gone)) && !isNothing(valueOf(gone)) && !same(textOfValue(gone), textOfValue(kept))) lostValue = true;
  }
}

function valueOf(member: usize): usize {
  return <usize>load<u32>(member, Member.value);
}

function textOfValue(member: usize): Text {
  return textOf(valueOf(member), <usize>load<u32>(member, Member.end));
}

/** Whether the member's key, with its quotes, is that word. */
function named(member: usize, key: Word): bool {
  return same(textOf(<usize>load<u32>(member, Member.key), <usize>load<u32>(member, Member.keyEnd) + 1), word(key));
}

function nextOf(member: usize): usize {
  return <usize>load<u32>(member, Member.next);
}

/** `"2026-…T` */
function isIsoTime(member: usize): bool {
  const value = valueOf(member);
  return load<u8>(value) == 0x22 && load<u8>(value, 5) == DASH && load<u8>(value, 8) == DASH && load<u8>(value, 11) == 0x54;
}

/** `"9/1/2026 8:00:00 AM"` */
function isUnitedStatesTime(member: usize): bool {
  const end = <usize>load<u32>(member, Member.end);
  let at = valueOf(member);
  if (load<u8>(at) != 0x22 || load<u16>(end - 2) != 0x224d) return false;
  for (let i = 0; i < 2; i++) {
    const digits = digitsEnd(++at);
    if (digits == at || digits > at + 2) return false;
    at = load<u8>(digits) == 0x5c ? digits + 1 : digits;
    if (load<u8>(at) != SLASH) return false;
  }
  return digitsEnd(at + 1) == at + 5 && load<u8>(at, 5) == 0x20;
}

function digitsEnd(at: usize): usize {
  while (<u32>load<u8>(at) - 0x30 < 10) at++;
  return at;
}
