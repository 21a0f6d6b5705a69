/** What could not be mapped, collected while the event is read: it goes into `error.message`, and the event's own text along with it (R925). */
import { Word } from './generated/vocabulary';
import { Text } from './json/span';
import { word } from './words';

const LIMIT: u32 = 16;
const NOTES: usize = memory.data(16 * 8, 16);
let count: u32 = 0;

export function forgetErrors(): void {
  count = 0;
}

/** Notes what went wrong; each reason once. */
export function note(reason: Word): void {
  const text = word(reason);
  for (let i: u32 = 0; i < count; i++) if (errorAt(i) == text) return;
  if (count < LIMIT) store<u64>(NOTES + (<usize>(count++) << 3), text);
}

export function errorCount(): u32 {
  return count;
}

export function errorAt(index: u32): Text {
  return load<u64>(NOTES + (<usize>index << 3));
}
