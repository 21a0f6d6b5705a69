/**
 * The collector's part of a prepared record (prepared.ts): an event is brought into the form in which it stands in its document, and it is noted where in that
 * the values lie that the rules read. What the interpreter of a log agent would take long for is done here by compiled code.
 *
 * Only an event is prepared that says all it has to say in that form: nothing of it is suspect, or an error, or elsewhere than its own path, and what is normalised
 * once more stays as it is. Any other goes as it came.
 */
import { isString, keptOf, rawOfProperty } from '../captured';
import { readTime } from '../common/time';
import { errorCount } from '../errors';
import { PROPERTY_FINGERPRINT, Property, READ_COUNT, READ_PROPERTIES } from '../generated/properties';
import { Numbers, writeCompact } from '../json/compact';
import { ESCAPED, OPEN_BRACE, guard } from '../json/scan';
import { Text, endOf, lengthOf, same, startOf, textOf } from '../json/span';
import { begin, end, exhausted, room } from '../json/write';
import { SLACK_BYTES } from '../memory';
import { dataStart } from '../normalise/embedded';
import { regular } from '../normalise/regular';
import { prepareTexts } from '../normalise/texts';
import { audit, eventEnd, normaliseEvent } from '../normalise/whole';
import { GROUP_BYTES, HEAD_GROUPS, PREPARED_LIMIT_BYTES, SUM_START, added, sumGroup } from '../prepared';
import { noteTexts } from './noted';

/** The prepared event, and its index as a text. */
export let prepared: Text = 0;
export let preparedIndex: Text = 0;
/** Where the event ends that was prepared. */
export let preparedBehind: usize = 0;

/** Room for the index: its head, as many values as rules read, and an alert's body. */
export const INDEX_BYTES: usize = (<usize>READ_COUNT + HEAD_GROUPS + 1) * GROUP_BYTES;
const INDEX: usize = memory.data(<i32>(READ_COUNT + 4) * 8, 16);

/** Prepares the event at `at`, in a text that ends at `finish`; false when it is to go as it came. What was reserved for it must be given back. */
export function prepareEvent(at: usize, finish: usize): bool {
  if (<u32>load<u8>(at) != OPEN_BRACE || !prepareTexts(min(finish - at, PREPARED_LIMIT_BYTES))) return false;
  if (!normaliseEvent(at) || exhausted || eventEnd > finish || !isWhole()) return false;
  preparedBehind = eventEnd;
  const text = canonicalText(audit);
  if (exhausted || lengthOf(text) > PREPARED_LIMIT_BYTES) return false;
  guard(endOf(text));
  if (!normaliseEvent(startOf(text)) || exhausted || !isWhole() || !same(audit, text)) return false;
  prepared = text;
  noteTexts(rawOfProperty(Property.Id), keptOf(Property.Id) >> 62 != 0 ? ESCAPED : 0, rawOfProperty(Property.CreationTime));
  return writeIndex();
}

/** Whether the event normalised last has all that it needs and nothing that would be lost. */
function isWhole(): bool {
  return regular && errorCount() == 0 && isString(Property.Id) && isString(Property.CreationTime) && readTime(rawOfProperty(Property.CreationTime));
}

/** The normalised text with its strings as every printer of JSON writes them, and with room for a sentinel behind it. */
function canonicalText(text: Text): Text {
  begin();
  writeCompact(startOf(text), endOf(text), Numbers.keep);
  room(SLACK_BYTES);
  return end();
}

/** Writes where the values lie; false when one does not lie in the text. */
function writeIndex(): bool {
  const base = startOf(prepared);
  const length = lengthOf(prepared);
  let to = INDEX + HEAD_GROUPS * GROUP_BYTES;
  let sum = added(SUM_START, <u64>length);
  for (let i: usize = 0; i < <usize>READ_COUNT; i++) {
    const property = <usize>load<u16>(READ_PROPERTIES + (i << 1));
    const kept = keptOf(property);
    if (kept == 0) continue;
    const start = <usize>kept - base;
    const size = <usize>(kept >> 32) & 0x1fff_ffff;
    if (start >= length || start + size > length) return false;
    const group = <u64>property | (<u64>start << 10) | (<u64>size << 28) | ((kept >> 62) << 46);
    writeGroup(to, group);
    sum = added(sum, group);
    to += GROUP_BYTES;
  }
  if (dataStart != 0) {
    const group = <u64>Property.Data_flattened | (<u64>(dataStart - base) << 10);
    writeGroup(to, group);
    sum = added(sum, group);
    to += GROUP_BYTES;
  }
  writeGroup(INDEX, PROPERTY_FINGERPRINT);
  writeGroup(INDEX + GROUP_BYTES, sumGroup(sum));
  writeGroup(INDEX + 2 * GROUP_BYTES, <u64>length);
  preparedIndex = textOf(INDEX, to);
  return true;
}

function writeGroup(to: usize, group: u64): void {
  for (let i: usize = 0; i < GROUP_BYTES; i++) {
    const six = <u32>group & 63;
    // the backslash is left out
    store<u8>(to + i, 0x30 + six + <u32>(six >= 0x2c));
    group >>= 6;
  }
}
