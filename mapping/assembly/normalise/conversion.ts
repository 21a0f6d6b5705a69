/** A text or a number as a value of its path's type (README.md, "One path, one type"). */
import { writeAddress } from '../common/ip';
import { writeDate } from '../common/time';
import { Kind } from '../generated/properties';
import { decoded } from '../json/decode';
import { fitsLong, isNumber, writeCanonicalNumber } from '../json/number';
import { ESCAPED } from '../json/scan';
import { Text, endOf, lengthOf, same, startOf, textOf } from '../json/span';
import { giveBack, lend } from '../json/write';
import { printedFromDouble } from './levels';

/** Numbers, dates and addresses that are longer are none. */
const SHORT_LIMIT_BYTES: usize = 64;
const SHORT: usize = memory.data(256, 16);
/** With each character escaped they are longer. */
const ESCAPED_LIMIT_BYTES: usize = 384;
const PLAIN: usize = memory.data(384 + 64, 16);

const TRUE: u32 = 0x65757274;

/** What a string becomes where a long, a boolean, a date or an address belongs; no text when it is none. */
export function converted(text: Text, kind: u32, flags: u32): Text {
  if (flags == ESCAPED && kind < <u32>Kind.object && lengthOf(text) <= ESCAPED_LIMIT_BYTES) {
    const finish = decoded(startOf(text), endOf(text), PLAIN);
    store<u64>(finish, 0);
    return converted(textOf(PLAIN, finish), kind, 0);
  }
  if (flags != 0 || lengthOf(text) > SHORT_LIMIT_BYTES || kind >= <u32>Kind.object) return 0;
  if (kind == Kind.long) return isNumber(text) ? integer(text) : 0;
  if (kind == Kind.boolean) return truth(text);
  lend(SHORT);
  const good = kind == Kind.date ? writeDate(text) : writeAddress(text);
  const made = textOf(SHORT, giveBack());
  if (!good) return 0;
  return same(made, text) ? text : made;
}

/** The number as an integer, when it is one and fits a long (R007). */
export function integer(text: Text): Text {
  if (fitsLong(text) && load<u16>(startOf(text)) != 0x302d) return text;
  if (lengthOf(text) > SHORT_LIMIT_BYTES) return 0;
  lend(SHORT);
  writeCanonicalNumber(text, printedFromDouble());
  const made = textOf(SHORT, giveBack());
  return fitsLong(made) ? made : 0;
}

/** `true` or `false` for a string that says so in any case (R008). */
function truth(text: Text): Text {
  const start = startOf(text);
  const four = load<u32>(start) | 0x20202020;
  if (lengthOf(text) == 4 && four == TRUE) return lowered(text);
  return lengthOf(text) == 5 && four == 0x736c6166 && (load<u8>(start, 4) | 0x20) == 0x65 ? lowered(text) : 0;
}

function lowered(text: Text): Text {
  for (let i: usize = 0; i < lengthOf(text); i++) store<u8>(SHORT + i, load<u8>(startOf(text) + i) | 0x20);
  return textOf(SHORT, SHORT + lengthOf(text));
}
