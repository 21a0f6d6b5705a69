/** One element of an array of pairs: where its Name and its values lie. */
import { BACKSLASH, CLOSE_BRACE, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, skipSpace, stringEnd } from '../json/scan';
import { skipKey, skipScalar, skipValue } from '../json/skip';
import { withholding } from '../mode';
import { withholds } from './detection-name';
import { setSuspect } from './seen-keys';

/** The opening quote of the name; 0 when there is none, or it is no string, or not to be seen. */
export let pairName: usize = 0;
/** The values, by their first byte; 0 where there is none. */
export let pairValue: usize = 0;
export let pairNew: usize = 0;
export let pairOld: usize = 0;
/** The pair has members beside these, or one of another kind of pair. */
export let pairHasMore: bool = false;

const NAME: u32 = 0x656d614e;
const VALUE_: u64 = 0x2265756c6156; // Value"
const NEW_VALUE: u64 = 0x65756c615677654e;
const OLD_VALUE: u64 = 0x65756c6156646c4f;

/**
 * Reads the object whose brace lies at `at`, of a `modified` property (`NewValue` and `OldValue`) or not (`Value`); answers the position behind it, 0 when it is
 * malformed.
 */
export function readPair(at: usize, modified: bool): usize {
  pairName = 0;
  pairValue = 0;
  pairNew = 0;
  pairOld = 0;
  pairHasMore = false;
  at = skipSpace(at + 1);
  if (<u32>load<u8>(at) == CLOSE_BRACE) return at + 1;
  while (true) {
    const key = at + 1;
    const value = skipSpace(skipKey(at));
    if (value <= key) return 0;
    const eight = load<u64>(key);
    if (<u32>eight == NAME && load<u8>(key, 4) == 0x22) {
      if (pairName != 0) setSuspect();
      if (<u32>load<u8>(value) == QUOTE && !(withholding && withholds(value + 1, stringEnd(value + 1)))) pairName = value;
      else pairHasMore = true;
    } else if (!modified && (eight & 0xffffffffffff) == VALUE_) pairValue = once(pairValue, value);
    else if (modified && eight == NEW_VALUE && load<u8>(key, 8) == 0x22) pairNew = once(pairNew, value);
    else if (modified && eight == OLD_VALUE && load<u8>(key, 8) == 0x22) pairOld = once(pairOld, value);
    else {
      // a key with escapes may be one of these in another spelling
      if (hasEscape(key)) setSuspect();
      if (!isNothing(value)) pairHasMore = true;
    }
    at = behind(value);
    if (at == 0) return 0;
    at = skipSpace(at);
    const next = <u32>load<u8>(at++);
    if (next == CLOSE_BRACE) return at;
    if (next != COMMA) return 0;
    at = skipSpace(at);
  }
}

/** The value that is met; when there was one before, the event has a key twice. */
function once(before: usize, value: usize): usize {
  if (before != 0) setSuspect();
  return value;
}

/** Whether there is an escape in the key that begins behind its quote. */
function hasEscape(key: usize): bool {
  while (<u32>load<u8>(key) != QUOTE && <u32>load<u8>(key) != BACKSLASH) key++;
  return <u32>load<u8>(key) == BACKSLASH;
}

function behind(value: usize): usize {
  return <u32>load<u8>(value) == QUOTE ? stringEnd(value + 1) + 1 : skipValue(value);
}

/** Whether a value is null, `""`, `[]` or `{}`. */
export function isNothing(value: usize): bool {
  const head = <u32>load<u8>(value);
  if (head == OPEN_BRACE || head == OPEN_BRACKET) return <u32>load<u8>(skipSpace(value + 1)) == head + 2;
  return load<u16>(value) == 0x2222 || (head == 0x6e && skipScalar(value) == value + 4);
}
