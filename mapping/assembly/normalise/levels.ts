/**
 * Where the normaliser stands in the event, and how it writes: untouched input is only remembered as a run and copied in one piece when something
 * else must be written, so an event without oddities costs one copy. What turns out empty was never written.
 *
 * A level is an object or an array that is open. Its opening is written, at the latest, when the first thing inside it is kept (`openPending`).
 */
import { ROOT_PROPERTY_COUNT } from '../generated/properties';
import { CLOSE_BRACE, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../json/scan';
import { byte, copy, out, rewind, room } from '../json/write';

/** Deeper than this a value becomes its JSON text. */
export const DEPTH_LIMIT: u32 = 16;

/** Which of an array's elements a pass over it takes: those that fit, scalars that do not (`_raw`), objects where scalars belong (`_object`). */
export const enum Pass { fit = 0, raw = 1, object = 2 }

/** One level's fields by their offsets; levels lie behind each other. */
const enum At {
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
  resume = 20, // u32: where reading goes on after it, when it was a text inside a string
  property = 24, // u16
  listed = 32, // u64: listed members seen, by number
  size = 40,
}

const LEVELS: usize = memory.data(At.size * 20, 16);
/** Which of the event's own listed properties were seen, a bit each: they are too many for the level's word. */
const SEEN_IN_EVENT: usize = memory.data(<i32>(ROOT_PROPERTY_COUNT >> 3) + 1, 16);

export let depth: u32 = 0;
export let level: usize = 0;
/** Levels up to this depth have their opening written, or in the run. */
let emittedDepth: u32 = 0;
/** The run of untouched input: from where to where; 0 when there is none. */
let runStart: usize = 0;
let runEnd: usize = 0;
/** What comes next does not follow the run in the input: something was left out or written in another way. */
export let broken: bool = false;
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
// @ts-ignore: decorator
@inline
export function breakRun(): void {
  broken = true;
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

/** Begins the event, whose opening brace lies at `open`. */
export function openEvent(open: usize): void {
  depth = 0;
  level = LEVELS;
  memory.fill(level, 0, At.size);
  memory.fill(SEEN_IN_EVENT, 0, (<usize>ROOT_PROPERTY_COUNT >> 3) + 1);
  store<u32>(level, <u32>open, At.open);
  emittedDepth = 0;
  runStart = open;
  runEnd = open + 1;
  broken = false;
}

/** Opens an object (bracket `{`) or an array; `key` is its key's opening quote, 0 for an element. */
export function push(array: bool, kind: u32, inContext: u32, ofProperty: u32, key: usize, keyEnd: usize, suffix: Pass, open: usize): void {
  const inherited = isArray() ? <u32>pass() : 0;
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
  store<u64>(level, 0, At.listed);
}

/** Says where reading goes on after this level: it was a text of its own. */
export function resumeAt(position: usize): void {
  store<u32>(level, <u32>position, At.resume);
}

/** Keeps a piece of untouched input: a member or an element. */
// @ts-ignore: decorator
@inline
export function keep(from: usize, to: usize): void {
  if (broken) startRun(from);
  runEnd = to;
  emittedDepth = depth;
  store<u8>(level, 1, At.kept);
}

function startRun(from: usize): void {
  separate();
  runStart = from;
  broken = false;
}

/** Writes what is pending and the comma, so that a member or element can follow. */
function separate(): void {
  flush();
  openPending();
  if (load<u8>(level, At.kept)) byte(COMMA);
}

/** Begins a member (or an element, when `key` is 0) that is written in another way than it came; its value must follow. */
export function writeMember(key: usize, keyEnd: usize, suffix: Pass): void {
  separate();
  store<u8>(level, 1, At.kept);
  if (key != 0) writeKey(key, keyEnd, suffix);
  broken = true;
}

/** Writes what is pending, and the opening of the level in hand, though nothing in it is kept yet; answers where `takeBack` would go. */
export function openNow(): usize {
  flush();
  const before = out;
  openPending();
  broken = true;
  return before;
}

/** Forgets what was kept in the level in hand, whose opening is written; the writer goes back behind the opening. */
export function startOver(inside: usize): void {
  rewind(inside);
  store<u8>(level, 0, At.kept);
}

/** Closes the object that `openNow` opened, or takes its opening back when nothing was kept. */
export function closeNow(before: usize): void {
  const kept = load<u8>(level, At.kept) != 0;
  depth--;
  level -= At.size;
  if (emittedDepth > depth) emittedDepth = depth;
  if (kept) {
    byte(CLOSE_BRACE);
    store<u8>(level, 1, At.kept);
  } else {
    rewind(before);
  }
}

function writeKey(key: usize, keyEnd: usize, suffix: Pass): void {
  copy(key, keyEnd - key);
  if (!room(16)) return;
  if (suffix == Pass.raw) {
    byte(0x5f); // _raw
    byte(0x72);
    byte(0x61);
    byte(0x77);
  } else if (suffix == Pass.object) {
    byte(0x5f); // _object
    byte(0x6f);
    byte(0x62);
    byte(0x6a);
    byte(0x65);
    byte(0x63);
    byte(0x74);
  }
  byte(QUOTE);
  byte(COLON);
}

function flush(): void {
  if (runStart != 0) copy(runStart, runEnd - runStart);
  runStart = 0;
}

function openPending(): void {
  while (emittedDepth < depth) {
    const parent = LEVELS + <usize>emittedDepth * At.size;
    const child = parent + At.size;
    if (load<u8>(parent, At.kept)) byte(COMMA);
    const key = <usize>load<u32>(child, At.key);
    if (key != 0) writeKey(key, <usize>load<u32>(child, At.keyEnd), load<u8>(child, At.suffix));
    byte(load<u8>(child, At.isArray) ? OPEN_BRACKET : OPEN_BRACE);
    emittedDepth++;
  }
}

/**
 * Closes the level whose closing bracket lies at `close`, and answers where reading goes on: behind it, behind the string it came from, or
 * at the array's beginning, when elements of another shape are still to be taken.
 */
export function pop(close: usize): usize {
  const closed = level;
  const kept = load<u8>(closed, At.kept) != 0;
  if (!kept) {
    broken = true;
  } else if (broken) {
    flush();
    byte(load<u8>(close));
  } else {
    runEnd = close + 1;
  }
  depth--;
  level -= At.size;
  if (emittedDepth > depth) emittedDepth = depth;
  if (kept) store<u8>(level, 1, At.kept);
  const resume = <usize>load<u32>(closed, At.resume);
  if (resume != 0) {
    if (!broken) flush();
    broken = true;
    return resume;
  }
  const misfits = <u32>load<u8>(closed, At.misfits);
  if (misfits == 0) return close + 1;
  if (isArray()) {
    store<u8>(level, <u32>load<u8>(level, At.misfits) | misfits, At.misfits);
    return close + 1;
  }
  const next: Pass = misfits & (1 << Pass.raw) ? Pass.raw : Pass.object;
  const again = <usize>load<u32>(closed, At.open);
  push(true, load<u8>(closed, At.elementKind), load<u16>(closed, At.context), load<u16>(closed, At.property), <usize>load<u32>(closed, At.key),
    <usize>load<u32>(closed, At.keyEnd), next, again);
  store<u8>(level, next, At.pass);
  store<u8>(level, misfits & ~(1 << next), At.misfits);
  broken = true;
  return again + 1;
}

/** Ends the event, whose closing brace lies at `close`. */
export function closeEvent(close: usize): void {
  if (broken || !load<u8>(level, At.kept)) {
    flush();
    byte(load<u8>(close));
  } else {
    runEnd = close + 1;
    flush();
  }
}

