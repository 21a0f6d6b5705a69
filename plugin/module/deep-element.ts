/** An element of a blob that is nested deeper than the module follows: valid JSON, and one event that must not cost the others. */

/** As in mapping/assembly/json/skip.ts. */
const NESTING_LIMIT = 4096;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const [OPEN_BRACKET, CLOSE_BRACKET, OPEN_BRACE, CLOSE_BRACE] = [0x5b, 0x5d, 0x7b, 0x7d];

/** How many bytes such an element at the beginning of `text` has; `cut` when it goes on behind it; undefined when there is none, whatever else is there. */
export function deepElementBytes(text: Buffer): number | 'cut' | undefined {
  let depth = 0;
  let deepest = 0;
  let isInString = false;
  for (let at = 0; at < text.length; at += 1) {
    const byte = text[at];
    if (isInString) {
      if (byte === BACKSLASH) at += 1;
      else isInString = byte !== QUOTE;
    } else if (byte === QUOTE) {
      isInString = true;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth += 1;
      deepest = Math.max(deepest, depth);
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth <= 0) return deepest > NESTING_LIMIT && isJson(text.subarray(0, at + 1)) ? at + 1 : undefined;
    }
  }
  return deepest > NESTING_LIMIT ? 'cut' : undefined;
}

function isJson(text: Buffer): boolean {
  try {
    JSON.parse(text.toString());
    return true;
  } catch {
    return false;
  }
}
