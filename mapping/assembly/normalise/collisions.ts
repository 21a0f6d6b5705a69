/**
 * Names that the mapping makes (`X_raw`, `X_object`, a key without its dot, the name of a pair, …) and that the object has already: what stands under both is
 * joined, so that no key stands twice and no value is lost. Both are of the type of their path, so the joined value is, too.
 */
import { Member, findEqualKeys, firstMember, membersEnd } from '../json/equal-keys';
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET } from '../json/scan';
import { Text, endOf, lengthOf, startOf, textOf } from '../json/span';
import { begin, byte, copy, end, exhausted } from '../json/write';
import { mark, release } from '../memory';

/** Objects that were joined may have equal keys in turn, one level further down. */
const ROUNDS_LIMIT: u32 = 20;

/** The compact JSON text with the values of equal keys joined. */
export function withEqualKeysJoined(text: Text): Text {
  const from = mark();
  for (let round: u32 = 0; round < ROUNDS_LIMIT && !exhausted && findEqualKeys(startOf(text), endOf(text)); round++) {
    const made = joined(text);
    if (exhausted) return text;
    // what it was made of is no longer needed
    memory.copy(from, startOf(made), lengthOf(made));
    release(from + lengthOf(made));
    text = textOf(from, from + lengthOf(made));
  }
  return text;
}

/** Joins the outermost members with equal keys. */
function joined(text: Text): Text {
  // the list of the members lies where the writer would begin
  release(membersEnd());
  begin();
  let at = startOf(text);
  for (let member = firstMember(); member < membersEnd(); member += Member.size) {
    const key = <usize>load<u32>(member, Member.key);
    if (key < at) continue; // it lies in one that is joined
    if (load<u32>(member, Member.isLater) != 0) {
      // its value stands with the first one; the comma before it goes, too
      copy(at, key - 1 - at);
    } else if (load<u32>(member, Member.next) != 0) {
      const value = <usize>load<u32>(member, Member.value);
      copy(at, value - at);
      writeJoined(member);
    } else {
      continue;
    }
    at = <usize>load<u32>(member, Member.end);
  }
  copy(at, endOf(text) - at);
  return end();
}

/** Writes the values of all members from `first` on as one: objects become one object, anything else one array. */
function writeJoined(first: usize): void {
  const areObjects = allObjects(first);
  byte(areObjects ? OPEN_BRACE : OPEN_BRACKET);
  for (let member = first; member != 0; member = nextOf(member)) {
    if (member != first) byte(COMMA);
    const value = <usize>load<u32>(member, Member.value);
    const finish = <usize>load<u32>(member, Member.end);
    if (areObjects || <u32>load<u8>(value) == OPEN_BRACKET) copy(value + 1, finish - value - 2);
    else copy(value, finish - value);
  }
  byte(areObjects ? CLOSE_BRACE : CLOSE_BRACKET);
}

function allObjects(first: usize): bool {
  for (let member = first; member != 0; member = nextOf(member)) {
    if (<u32>load<u8>(<usize>load<u32>(member, Member.value)) != OPEN_BRACE) return false;
  }
  return true;
}

function nextOf(member: usize): usize {
  return <usize>load<u32>(member, Member.next);
}
