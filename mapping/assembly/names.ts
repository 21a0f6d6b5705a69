/**
 * Recognises a name (a property, an operation, a word) in a context, by length and hash and at most a few 8-byte comparisons. The table is
 * generated; mapping/generate/names.ts holds the same arithmetic.
 */
import { NAME_ENTRIES, NAME_SHIFT, NAME_SLOTS, NAME_TEXT } from './generated/names';
import { Text, lengthOf, startOf } from './json/span';

const FACTOR: u64 = 0x9e3779b97f4a7c15;

/** The value of `name` in `context`, or 0 when the table does not have it. Reads up to 8 bytes behind the name. */
export function lookup(context: u32, start: usize, length: usize): u32 {
  if (length == 0) return 0;
  let first = load<u64>(start);
  let last: u64;
  if (length > 8) {
    last = load<u64>(start + length - 8);
  } else {
    first &= <u64>-1 >> (64 - (<u64>length << 3));
    last = first;
  }
  const mixed = (first ^ rotl<u64>(last, 29) ^ <u64>((context << 8) | (<u32>length & 0xff))) * FACTOR;
  const mask = ((<u32>1 << <u32>(64 - NAME_SHIFT)) - 1);
  let slot = <u32>(mixed >> NAME_SHIFT);
  const lengthAndContext = <u32>length | (context << 16);
  while (true) {
    const index = <usize>load<u16>(NAME_SLOTS + (<usize>slot << 1));
    if (index == 0) return 0;
    const entry = NAME_ENTRIES + ((index - 1) << 5);
    if (load<u64>(entry) == first && load<u64>(entry, 8) == last && load<u32>(entry, 20) == lengthAndContext
      && (length <= 16 || sameMiddle(start, NAME_TEXT + <usize>load<u32>(entry, 16), length))) {
      return load<u32>(entry, 24);
    }
    slot = (slot + 1) & mask;
  }
}

/** The same for a text. */
export function lookupText(context: u32, name: Text): u32 {
  return lookup(context, startOf(name), lengthOf(name));
}

function sameMiddle(left: usize, right: usize, length: usize): bool {
  for (let at: usize = 8; at < length - 8; at += 8) {
    if (load<u64>(left + at) != load<u64>(right + at)) return false;
  }
  return true;
}
