/**
 * A text: the inside of a JSON string, without its quotes, where it lies. `Text` packs where it begins (low half) and how many bytes it has (high
 * half); 0 is no text. A text on which rules work is canonical: UTF-8, with only the escapes that JSON demands, so that it can be compared, cut
 * at ASCII characters, and written as it is.
 */
export type Text = u64;

/** The text from `start` up to `finish`; no text when it is empty. */
// @ts-ignore: decorator
@inline
export function textOf(start: usize, finish: usize): Text {
  return start == finish ? 0 : <u64>start | (<u64>(finish - start) << 32);
}

// @ts-ignore: decorator
@inline
export function startOf(text: Text): usize {
  return <usize>text;
}

// @ts-ignore: decorator
@inline
export function lengthOf(text: Text): usize {
  return <usize>(text >> 32);
}

// @ts-ignore: decorator
@inline
export function endOf(text: Text): usize {
  return <usize>text + <usize>(text >> 32);
}

/** Whether two texts are equal, byte for byte. */
export function same(a: Text, b: Text): bool {
  if (a == b) return true;
  if (a >> 32 != b >> 32) return false;
  let left = startOf(a);
  let right = startOf(b);
  let rest = lengthOf(a);
  while (rest > 8) {
    if (load<u64>(left) != load<u64>(right)) return false;
    left += 8;
    right += 8;
    rest -= 8;
  }
  return (load<u64>(left) ^ load<u64>(right)) << (64 - (<u64>rest << 3)) == 0;
}

const LOW: u64 = 0x0101010101010101;
const LOW_SEVEN: u64 = 0x7f7f7f7f7f7f7f7f;
const HIGH: u64 = 0x8080808080808080;

/** Where `character` (ASCII, neither quote nor backslash) first stands, or the text's end. */
export function find(text: Text, character: u32): usize {
  const finish = endOf(text);
  const wanted = LOW * <u64>character;
  for (let at = startOf(text); at < finish; at += 8) {
    const eight = load<u64>(at) ^ wanted;
    const found = (eight - LOW) & ~eight & HIGH;
    if (found != 0) return min(at + <usize>(ctz(found) >> 3), finish);
  }
  return finish;
}

/** Where `character` last stands, or the text's end when it does not. */
export function findLast(text: Text, character: u32): usize {
  const start = startOf(text);
  const finish = endOf(text);
  const wanted = LOW * <u64>character;
  let at = finish;
  while (at > start) {
    at -= 8;
    const eight = load<u64>(at) ^ wanted;
    const found = ~(((eight & LOW_SEVEN) + LOW_SEVEN) | eight) & HIGH;
    if (found != 0) {
      at += 7 - <usize>(clz(found) >> 3);
      return <isize>at >= <isize>start ? at : finish;
    }
  }
  return finish;
}
