/** Room for the texts that are decoded while an event is normalised, and for values that are read from a copy of their own. */
import { reserve } from '../memory';

/**
 * A text decoded is not longer than it stands in the event; the body of an alert stands there twice more, in an object with a key of 12 bytes, of which
 * the shortest body makes most.
 */
const ROOM_FACTOR: usize = 4;
const ROOM_BYTES: usize = 4096;

let first: usize = 0;
let limit: usize = 0;
/** Where the next text goes. */
export let next: usize = 0;

/** Makes room for the texts inside an event of `size` bytes; false when there is no memory for it. */
export function prepareTexts(size: usize): bool {
  const room = size * ROOM_FACTOR + ROOM_BYTES;
  first = reserve(room);
  limit = first + room;
  next = first;
  return first != 0;
}

/** Begins the event anew: what was decoded is no longer needed. */
export function forgetTexts(): void {
  next = first;
}

/** Whether `size` bytes more, and what a scan may read behind them, have room. */
export function textRoom(size: usize): bool {
  return next + size + 64 <= limit;
}

/** Keeps what was put where the next text goes, up to `end`. */
export function keepText(end: usize): void {
  next = end;
}

/** Gives back everything from `text` on. */
export function giveBackText(text: usize): void {
  next = text;
}

/** Room for `size` bytes that are needed for a moment; 0 when there is none left. */
export function spare(size: usize): usize {
  return textRoom(size) ? next : 0;
}
