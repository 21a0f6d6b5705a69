/**
 * A JSON value where it lies to compact JSON that says the same as MessagePack would (pack.ts). Nearly every event is that already, and is copied in one piece.
 */
import { BROKEN, CLOSE_BRACE, CLOSE_BRACKET, COLON, COMMA, OPEN_BRACE, OPEN_BRACKET, QUOTE, forgetSeen, scalarEnd, seen, skipSpace, stringEnd } from '../json/scan';
import { Numbers, writeCompact } from '../json/compact';
import { isExact } from '../json/exact';
import { forgetLarge, isNumber, sawLarge } from '../json/number';
import { textOf } from '../json/span';
import { giveBack, lend } from '../json/write';
import { forgetNoted, noteMember } from './noted';

/** Open brackets, a bit each; an event nested deeper is malformed. */
const NESTING_LIMIT: u32 = 4096;
const KINDS: usize = memory.data(4096, 16);

/** Where the compacted value ends. */
export let compactEnd: usize = 0;
/** Where the text was wrong; at the end of the text or behind it: the value is cut off. */
export let compactFailedAt: usize = 0;

/** Something in the value must be written in another way than it came. */
let odd: bool = false;

function fail(at: usize): usize {
  compactFailedAt = at;
  return 0;
}

/** Writes the value at `at` to `to`; answers the position behind it, or 0, with `compactFailedAt`. */
export function compact(at: usize, to: usize): usize {
  odd = false;
  forgetSeen();
  const behind = scan(at);
  if (behind == 0) return 0;
  if (!odd && (seen & BROKEN) == 0) {
    memory.copy(to, at, behind - at);
    compactEnd = to + (behind - at);
  } else {
    lend(to);
    writeCompact(at, behind, Numbers.exact);
    compactEnd = giveBack();
  }
  return behind;
}

/** Past the value at `at`, or 0, with `compactFailedAt`. */
export function endOfValue(at: usize): usize {
  return scan(at);
}

/** Past the value at `at`, whose members are noted and whose oddities are remembered. */
function scan(at: usize): usize {
  forgetNoted();
  let depth: u32 = 0;
  while (true) {
    const head = <u32>load<u8>(at);
    if (head == QUOTE) {
      at = stringEnd(at + 1) + 1;
    } else if (head == OPEN_BRACE || head == OPEN_BRACKET) {
      if (depth == NESTING_LIMIT) return fail(at);
      store<u8>(KINDS + depth++, head);
      at = blanksEnd(at + 1);
      if (<u32>load<u8>(at) != head + 2) {
        if (head == OPEN_BRACE && (at = key(at, depth)) == 0) return 0;
        continue;
      }
    } else if (head <= 0x20) {
      at = blanksEnd(at);
      continue;
    } else {
      const finish = scalarEnd(at);
      if (!isScalar(at, finish)) return fail(finish);
      at = finish;
    }
    while (true) {
      if (depth == 0) return at;
      at = blanksEnd(at);
      const next = <u32>load<u8>(at);
      const open = <u32>load<u8>(KINDS + depth - 1);
      if (next == COMMA) {
        at++;
        if (open == OPEN_BRACE && (at = key(at, depth)) == 0) return 0;
        break;
      }
      if (next != open + 2) return fail(at);
      depth--;
      at++;
    }
  }
  return 0;
}

function blanksEnd(at: usize): usize {
  if (<u32>load<u8>(at) > 0x20) return at;
  const behind = skipSpace(at);
  if (behind != at) odd = true;
  return behind;
}

/** Past the key at `at` and its colon; 0 when there is none. */
function key(at: usize, depth: u32): usize {
  at = blanksEnd(at);
  if (<u32>load<u8>(at) != QUOTE) return fail(at);
  const finish = stringEnd(at + 1);
  const colon = blanksEnd(finish + 1);
  if (<u32>load<u8>(colon) != COLON) return fail(colon);
  if (depth == 1) {
    const flags = seen;
    noteMember(at + 1, finish, colon + 1);
    forgetSeen(flags);
  }
  return colon + 1;
}

function isScalar(at: usize, finish: usize): bool {
  const length = finish - at;
  const four = load<u32>(at);
  if (length == 4 && (four == 0x65757274 || four == 0x6c6c756e)) return true;
  if (length == 5 && four == 0x736c6166 && load<u8>(at, 4) == 0x65) return true;
  const digits = textOf(at, finish);
  forgetLarge();
  if (length == 0 || !isNumber(digits)) return false;
  if (sawLarge && !isExact(digits)) odd = true;
  return true;
}
