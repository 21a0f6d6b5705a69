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

/** Where `character` (ASCII, neither quote nor backslash) first stands, or the text's end. */
export function find(text: Text, character: u32): usize {
  const finish = endOf(text);
  let at = startOf(text);
  while (at < finish && <u32>load<u8>(at) != character) at++;
  return at;
}

/** Where `character` last stands, or the text's end when it does not. */
export function findLast(text: Text, character: u32): usize {
  const finish = endOf(text);
  let at = finish;
  while (at > startOf(text)) {
    if (<u32>load<u8>(--at) == character) return at;
  }
  return finish;
}
