/** Makes a failing input small: takes away what the failure does not need. */
import { placesOf } from './places.ts';

/** What may be tried in all, so that a large input does not take minutes. */
const LIMIT_BYTES = 20_000_000;
/** What a try costs besides its bytes. */
const TRY_BYTES = 1000;
/** Of a larger input the places are not looked for. */
const PLACES_LIMIT_BYTES = 20_000;
const SIMPLE = ['1', '"x"', '{}', '[]', 'null', '{"a":1}', '["x"]'];

/** The smallest input found for which `fails` still holds. */
export function minimise(input: Buffer, fails: (input: Buffer) => boolean): Buffer {
  let tried = 0;
  let best = input;
  const attempt = (candidate: Buffer): boolean => {
    if (candidate.length >= best.length || tried > LIMIT_BYTES) return false;
    tried += candidate.length + TRY_BYTES;
    if (!fails(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let before = -1; before !== best.length && tried < LIMIT_BYTES;) {
    before = best.length;
    removePieces(() => best, attempt);
    if (best.length < PLACES_LIMIT_BYTES) shrinkValues(() => best, attempt);
  }
  return best;
}

type Attempt = (candidate: Buffer) => boolean;

/** Members and elements go, values become simple ones. */
function shrinkValues(current: () => Buffer, attempt: Attempt): void {
  for (let index = 0; ; index++) {
    const place = placesOf(current().toString())[index];
    if (place === undefined) return;
    const hole = '\u0000hole\u0000';
    const withHole = place.put(hole);
    const without = [withHole.replace(/"(?:[^"\\]|\\.)*":\0hole\0,/, ''), withHole.replace(/,"(?:[^"\\]|\\.)*":\0hole\0/, ''), withHole.replace('\0hole\0,', ''), withHole.replace(',\0hole\0', '')].filter((text) => !text.includes('\0hole\0'));
    if (without.some((text) => attempt(Buffer.from(text)))) index--;
    else for (const simple of place.kind === 'value' ? SIMPLE : ['"a"']) if (attempt(Buffer.from(place.put(simple)))) break;
  }
}

/** Pieces of bytes go, large ones first. */
function removePieces(current: () => Buffer, attempt: Attempt): void {
  for (let size = current().length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < current().length;) {
      const text = current();
      if (!attempt(Buffer.concat([text.subarray(0, at), text.subarray(at + size)]))) at += size;
    }
  }
}
