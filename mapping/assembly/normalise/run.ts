/**
 * What the normaliser writes: untouched input is only remembered as a run and copied in one piece when something else must be written, so an event
 * without oddities costs one copy. What turns out empty was never written: a level's opening is written, at the latest, when the first thing inside it
 * is kept (`openPending`).
 */
import { COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE } from '../json/scan';
import { byte, copy, room } from '../json/write';
import { At, LEVELS, Pass, depth, isArray, leave, level, openFirst, readAgain } from './levels';
import { noticeMade } from './seen-keys';

/** What closes a level that has no bracket of its own in the input, for `pop`. */
export const CLOSING_BRACE: usize = memory.data<u8>([0x7d]);
export const CLOSING_BRACKET: usize = memory.data<u8>([0x5d]);

/** Levels up to this depth have their opening written, or in the run. */
let emittedDepth: u32 = 0;
/** The run of untouched input: from where to where; 0 when there is none. */
let runStart: usize = 0;
let runEnd: usize = 0;
/** What comes next does not follow the run in the input: something was left out or written in another way. */
export let broken: bool = false;

// @ts-ignore: decorator
@inline
export function breakRun(): void {
  broken = true;
}

/** Begins the event, whose opening brace lies at `open`. */
export function openEvent(open: usize): void {
  openFirst(open);
  emittedDepth = 0;
  runStart = open;
  runEnd = open + 1;
  broken = false;
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
  if (key != 0) {
    if (suffix != Pass.fit) noticeMade(key, keyEnd, suffix == Pass.raw);
    writeKey(key, keyEnd, suffix);
  }
  broken = true;
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
  const kept = load<u8>(level, At.kept) != 0;
  const misfits = <u32>load<u8>(level, At.misfits);
  const resume = <usize>load<u32>(level, At.resume);
  if (!kept) {
    broken = true;
  } else if (broken) {
    flush();
    byte(load<u8>(close));
  } else {
    runEnd = close + 1;
  }
  leave();
  if (emittedDepth > depth) emittedDepth = depth;
  if (kept) store<u8>(level, 1, At.kept);
  if (resume != 0 && !broken) {
    flush();
    broken = true;
  }
  if (misfits != 0) {
    if (!isArray()) {
      broken = true;
      return readAgain(misfits);
    }
    store<u8>(level, <u32>load<u8>(level, At.misfits) | misfits, At.misfits);
  }
  return resume != 0 ? resume : close + 1;
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
