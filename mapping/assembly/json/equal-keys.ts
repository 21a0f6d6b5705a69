/**
 * Finds the keys that stand more than once in one object, over a whole JSON text, by sorting: however many there are, n keys cost n log n. The text must be
 * well formed, and its keys must be canonical, so that equal ones are equal byte for byte.
 */
import { mark, provide } from '../memory';
import { CLOSE_BRACE, CLOSE_BRACKET, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, stringEnd, scalarEnd } from './scan';
import { exhaust, out } from './write';

/** A member, by the offsets of what is known of it; all u32. Members lie behind each other in the order of the text. */
export const enum Member { object = 0, key = 4, keyEnd = 8, value = 12, end = 16, next = 20, isLater = 24, size = 28 }

/** What may be open at a time: of each its number, and the member whose value it is. */
const NESTING_LIMIT: usize = 4200;
const OPEN: usize = memory.data(4200 * 8, 16);

let members: usize = 0;
let count: usize = 0;

/** The first member, and the end of the last. */
export function firstMember(): usize {
  return members;
}

export function membersEnd(): usize {
  return members + count * Member.size;
}

/**
 * Lists the members of the text from `at` to `finish` in memory above all that is in use, where they stay until something is written or reserved. Of
 * members with equal keys, each has the `next` one, and all but the first are `isLater`. False when there are none with equal keys.
 */
export function findEqualKeys(at: usize, finish: usize): bool {
  members = (max(mark(), out) + 79) & ~<usize>15;
  count = 0;
  if (!list(at, finish)) return false;
  const order = membersEnd();
  if (!provide(order + (count << 3))) {
    exhaust();
    return false;
  }
  for (let i: usize = 0; i < count; i++) store<u32>(order + (i << 2), <u32>(members + i * Member.size));
  return link(sorted(order, order + (count << 2)));
}

/** Lists all members; false when the memory does not suffice. */
function list(at: usize, finish: usize): bool {
  let depth: usize = 0;
  let objects: u32 = 0;
  // the member whose value comes next, 0 for an element
  let member: usize = 0;
  while (at < finish) {
    const head = <u32>load<u8>(at);
    if (head == OPEN_BRACE || head == OPEN_BRACKET) {
      if (depth == NESTING_LIMIT) return false;
      const open = OPEN + (depth++ << 3);
      store<u32>(open, head == OPEN_BRACE ? ++objects : 0);
      store<u32>(open, <u32>member, 4);
      member = 0;
      at++;
      if (<u32>load<u8>(at) == QUOTE && head == OPEN_BRACE) {
        member = newMember(load<u32>(open), at);
        if (member == 0) return false;
        at = <usize>load<u32>(member, Member.value);
      }
      continue;
    }
    if (head == CLOSE_BRACE || head == CLOSE_BRACKET) {
      member = <usize>load<u32>(OPEN + (--depth << 3), 4);
      at++;
    } else {
      at = head == QUOTE ? stringEnd(at + 1) + 1 : max(scalarEnd(at), at + 1);
    }
    // behind a value
    if (member != 0) store<u32>(member, <u32>at, Member.end);
    member = 0;
    if (<u32>load<u8>(at) != COMMA || depth == 0) continue;
    at++;
    const object = load<u32>(OPEN + ((depth - 1) << 3));
    if (object == 0) continue;
    member = newMember(object, at);
    if (member == 0) return false;
    at = <usize>load<u32>(member, Member.value);
  }
  return true;
}

/** Lists the member whose key lies at `at`; 0 when there is no memory for it. */
function newMember(object: u32, at: usize): usize {
  const member = membersEnd();
  if (!provide(member + Member.size)) {
    exhaust();
    return 0;
  }
  const keyEnd = stringEnd(at + 1);
  store<u32>(member, object, Member.object);
  store<u32>(member, <u32>at, Member.key);
  store<u32>(member, <u32>keyEnd, Member.keyEnd);
  store<u32>(member, <u32>keyEnd + 2, Member.value);
  store<u32>(member, 0, Member.next);
  store<u32>(member, 0, Member.isLater);
  count++;
  return member;
}

/** Sorts the members at `order` by merging, with room for as many at `other`; answers where the sorted ones are. Equal ones keep their order. */
function sorted(order: usize, other: usize): usize {
  for (let width: usize = 1; width < count; width <<= 1) {
    for (let from: usize = 0; from < count; from += width << 1) {
      merge(order, other, from, min(from + width, count), min(from + (width << 1), count));
    }
    const swapped = order;
    order = other;
    other = swapped;
  }
  return order;
}

function merge(order: usize, other: usize, from: usize, middle: usize, finish: usize): void {
  let left = from;
  let right = middle;
  for (let to = from; to < finish; to++) {
    const takesRight = left == middle || (right < finish && compare(memberAt(order, right), memberAt(order, left)) < 0);
    store<u32>(other + (to << 2), <u32>memberAt(order, takesRight ? right++ : left++));
  }
}

function memberAt(order: usize, index: usize): usize {
  return <usize>load<u32>(order + (index << 2));
}

/** Orders members by their object, then by their key. */
function compare(a: usize, b: usize): i32 {
  const objects = <i32>(load<u32>(a, Member.object) - load<u32>(b, Member.object));
  if (objects != 0) return objects;
  let left = <usize>load<u32>(a, Member.key);
  let right = <usize>load<u32>(b, Member.key);
  const finish = <usize>load<u32>(a, Member.keyEnd);
  const lengths = <i32>((finish - left) - (<usize>load<u32>(b, Member.keyEnd) - right));
  if (lengths != 0) return lengths;
  while (left + 8 <= finish) {
    const one = load<u64>(left);
    const other = load<u64>(right);
    if (one != other) return one < other ? -1 : 1;
    left += 8;
    right += 8;
  }
  for (; left < finish; left++, right++) {
    const difference = <i32>load<u8>(left) - <i32>load<u8>(right);
    if (difference != 0) return difference;
  }
  return 0;
}

/** Links the sorted members that are equal; false when there are none. */
function link(order: usize): bool {
  let found = false;
  for (let i: usize = 1; i < count; i++) {
    const member = memberAt(order, i);
    const before = memberAt(order, i - 1);
    if (compare(before, member) != 0) continue;
    found = true;
    store<u32>(before, <u32>member, Member.next);
    store<u32>(member, 1, Member.isLater);
  }
  return found;
}
