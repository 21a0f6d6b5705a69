/**
 * Where the normaliser stands in the event: a level is an object or an array that is open. What is written of them, and when, is the matter of run.ts.
 */
import { ROOT_PROPERTY_COUNT } from '../generated/properties';
import { fromDouble } from '../mode';
import { noticeMade } from './seen-keys';
import { giveBackText } from './texts';

/** Deeper than this a value becomes its JSON text. */
export const DEPTH_LIMIT: u32 = 16;

/** Which of an array's elements a pass over it takes: those that fit, scalars that do not (`_raw`), objects where scalars belong (`_object`). */
export const enum Pass { fit = 0, raw = 1, object = 2 }

/** One level's fields by their offsets; levels lie behind each other. */
export const enum At {
  isArray = 0, // u8
  pass = 1, // u8: Pass
  misfits = 2, // u8: a bit for each Pass that is still to come
  kept = 3, // u8: something inside it was kept
  elementKind = 4, // u8: Kind of an array's elements
  suffix = 5, // u8: Pass by which the key is extended
  context = 6, // u16
  key = 8, // u32: the key's opening quote; 0 for an element
  keyEnd = 12, // u32: the key's closing quote
  open = 16, // u32: the opening bracket in the input
  resume = 20, // u32: where reading goes on after it, when it does not stand in the event itself
  property = 24, // u16
  inText = 26, // u8: it was read from a text inside the event
  text = 28, // u32: the decoded text that is needed no longer when the level closes; 0 when there is none
  listed = 32, // u64: listed members seen, by number
  size = 40,
}

export const LEVELS: usize = memory.data(At.size * 20, 16);
/** Which of the event's own listed properties were seen, a bit each: they are too many for the level's word. */
const SEEN_IN_EVENT: usize = memory.data(<i32>(ROOT_PROPERTY_COUNT >> 3) + 1, 16);

export let depth: u32 = 0;
export let level: usize = 0;
/** A level was opened (or is read once more): what follows is its first member or element, not a comma. */
export let opened: bool = false;

export function forgetOpened(): void {
  opened = false;
}

// @ts-ignore: decorator
@inline
export function isArray(): bool {
  return load<u8>(level, At.isArray) != 0;
}
// @ts-ignore: decorator
@inline
export function pass(): Pass {
  return load<u8>(level, At.pass);
}
// @ts-ignore: decorator
@inline
export function elementKind(): u32 {
  return load<u8>(level, At.elementKind);
}
// @ts-ignore: decorator
@inline
export function context(): u32 {
  return load<u16>(level, At.context);
}
// @ts-ignore: decorator
@inline
export function property(): u32 {
  return load<u16>(level, At.property);
}
// @ts-ignore: decorator
@inline
export function opening(): usize {
  return <usize>load<u32>(level, At.open);
}
/** Whether what is read came inside a text of the event. */
// @ts-ignore: decorator
@inline
export function inText(): bool {
  return load<u8>(level, At.inText) != 0;
}
/** Whether the numbers that are read were printed by the host from doubles: a text's own were not. */
// @ts-ignore: decorator
@inline
export function printedFromDouble(): bool {
  return fromDouble && !inText();
}

/** Notes that a pass over this array has left something for a later pass. */
export function leaveFor(later: Pass): void {
  store<u8>(level, <u32>load<u8>(level, At.misfits) | (1 << later), At.misfits);
}

/** Whether a listed member (by number) may have been here before in this object; remembers it. */
export function seenListed(number: u32): bool {
  if (depth == 0) return seenInEvent(number);
  const bit = <u64>1 << (number & 63);
  const seen = load<u64>(level, At.listed);
  store<u64>(level, seen | bit, At.listed);
  return (seen & bit) != 0;
}

function seenInEvent(number: u32): bool {
  const place = SEEN_IN_EVENT + <usize>(number >> 3);
  const bit = <u32>1 << (number & 7);
  const seen = <u32>load<u8>(place);
  store<u8>(place, seen | bit);
  return (seen & bit) != 0;
}

/** The event's own level, whose opening brace lies at `open`. */
export function openFirst(open: usize): void {
  depth = 0;
  level = LEVELS;
  memory.fill(level, 0, At.size);
  memory.fill(SEEN_IN_EVENT, 0, (<usize>ROOT_PROPERTY_COUNT >> 3) + 1);
  store<u32>(level, <u32>open, At.open);
}

/** Opens an object (bracket `{`) or an array; `key` is its key's opening quote, 0 for an element. */
export function push(array: bool, kind: u32, inContext: u32, ofProperty: u32, key: usize, keyEnd: usize, suffix: Pass, open: usize): void {
  if (suffix != Pass.fit && key != 0) noticeMade(key, keyEnd, suffix == Pass.raw);
  const inherited = isArray() ? <u32>pass() : 0;
  const text = <u32>load<u8>(level, At.inText);
  opened = true;
  depth++;
  level += At.size;
  store<u32>(level, <u32>array | (inherited << 8));
  store<u8>(level, kind, At.elementKind);
  store<u8>(level, suffix, At.suffix);
  store<u16>(level, inContext, At.context);
  store<u32>(level, <u32>key, At.key);
  store<u32>(level, <u32>keyEnd, At.keyEnd);
  store<u32>(level, <u32>open, At.open);
  store<u32>(level, 0, At.resume);
  store<u16>(level, ofProperty, At.property);
  store<u8>(level, text, At.inText);
  store<u32>(level, 0, At.text);
  store<u64>(level, 0, At.listed);
}

/** Says where reading goes on after this level: it does not stand in the event itself. */
export function resumeAt(position: usize): void {
  store<u32>(level, <u32>position, At.resume);
}

/** Says that this level was read from a text inside the event, which was decoded to `text`. Only the first pass over an array keeps what it decodes. */
export function readFromText(text: usize): void {
  store<u8>(level, 1, At.inText);
  if (pass() != Pass.fit) store<u32>(level, <u32>text, At.text);
}

/** Goes back to the level around this one. */
export function leave(): void {
  const text = <usize>load<u32>(level, At.text);
  if (text != 0) giveBackText(text);
  depth--;
  level -= At.size;
}

/** Opens the array that was just left (it still lies behind the level in hand) once more, for elements of another shape; answers where they begin. */
export function readAgain(misfits: u32): usize {
  const closed = level + At.size;
  const next: Pass = misfits & (1 << Pass.raw) ? Pass.raw : Pass.object;
  const again = <usize>load<u32>(closed, At.open);
  const resume = load<u32>(closed, At.resume);
  const text = load<u8>(closed, At.inText);
  push(true, load<u8>(closed, At.elementKind), load<u16>(closed, At.context), load<u16>(closed, At.property), <usize>load<u32>(closed, At.key),
    <usize>load<u32>(closed, At.keyEnd), next, again);
  store<u8>(level, next, At.pass);
  store<u8>(level, misfits & ~(1 << next), At.misfits);
  store<u32>(level, resume, At.resume);
  store<u8>(level, text, At.inText);
  return again + 1;
}
