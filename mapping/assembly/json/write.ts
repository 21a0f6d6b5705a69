/**
 * The one writer: bytes put behind each other at the top of the arena. Only one piece is written at a time (begin … end); what is written last
 * is the document itself. Copies may overshoot what they copy by up to 31 bytes, which the next write covers: a short copy is then two words, or four.
 */
import { mark, provide, release, SLACK_BYTES } from '../memory';
import { Text, textOf } from './span';

/** Where the next byte goes. */
export let out: usize = 0;
let base: usize = 0;
let limit: usize = 0;

/** The host gave no more memory: what was written is not whole. */
export let exhausted: bool = false;

export function exhaust(): void {
  exhausted = true;
}

export function forgetExhausted(): void {
  exhausted = false;
}

/** Begins a piece of writing at the top of the arena; nothing may be reserved before `end`. */
export function begin(): void {
  base = (mark() + 15) & ~<usize>15;
  out = base;
  limit = (<usize>memory.size() << 16) - SLACK_BYTES;
}

/** Ends the piece and keeps it. */
export function end(): Text {
  release(out);
  return textOf(base, out);
}

let lent: usize = 0;

/** Lets the next writes go to `to`, in the middle of a piece; `giveBack` ends that and answers where they ended. */
export function lend(to: usize): void {
  lent = out;
  out = to;
}

export function giveBack(): usize {
  const reached = out;
  out = lent;
  return reached;
}

/** Goes back to an earlier `out` of the same piece. */
export function rewind(to: usize): void {
  out = to;
}

/** Whether `count` more bytes have room, growing the memory if need be. */
// @ts-ignore: decorator
@inline
export function room(count: usize): bool {
  return out + count <= limit || grow(count);
}

function grow(count: usize): bool {
  if (exhausted) return false;
  if (!provide(out + count + SLACK_BYTES)) {
    exhausted = true;
    return false;
  }
  limit = (<usize>memory.size() << 16) - SLACK_BYTES;
  return true;
}

/** Copies `count` bytes from `from`. */
export function copy(from: usize, count: usize): void {
  if (!room(count + 32)) return;
  const to = out;
  place(to, from, count);
  out = to + count;
}

/** Puts `count` bytes from `from` to `to`, where there is room for them and 31 more. */
// @ts-ignore: decorator
@inline
export function place(to: usize, from: usize, count: usize): void {
  if (count > 32) memory.copy(to, from, count);
  else {
    store<u64>(to, load<u64>(from));
    store<u64>(to, load<u64>(from, 8), 8);
    if (count > 16) {
      store<u64>(to, load<u64>(from, 16), 16);
      store<u64>(to, load<u64>(from, 24), 24);
    }
  }
}

/** Goes on behind what was put at `out`. */
// @ts-ignore: decorator
@inline
export function advance(to: usize): void {
  out = to;
}

/** Writes one byte. */
// @ts-ignore: decorator
@inline
export function byte(value: u32): void {
  if (!room(16)) return;
  store<u8>(out++, value);
}

/** Writes a text as a JSON string, with its quotes. */
export function quoted(text: Text): void {
  const from = <usize>text;
  const count = <usize>(text >> 32);
  if (!room(count + 48)) return;
  const to = out;
  store<u8>(to, 0x22);
  place(to + 1, from, count);
  store<u8>(to + count, 0x22, 1);
  out = to + count + 2;
}

/** Writes an unsigned integer in decimal digits. */
export function decimal(value: u64): void {
  if (!room(32)) return;
  let digits: usize = 1;
  for (let rest = value; rest >= 10; rest /= 10) digits++;
  let at = out + digits;
  out = at;
  do {
    store<u8>(--at, 0x30 + <u32>(value % 10));
    value /= 10;
  } while (value != 0);
}

/** Writes an unsigned integer as exactly `digits` decimal digits. */
export function padded(value: u32, digits: usize): void {
  if (!room(16)) return;
  out += digits;
  for (let at = out, i: usize = 0; i < digits; i++) {
    store<u8>(--at, 0x30 + value % 10);
    value /= 10;
  }
}
