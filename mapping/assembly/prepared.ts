/**
 * A record that the collector has prepared: its event is normalised already, it is the record's last member, and `o365audit_index` says where in it the
 * values lie that the rules read. Then the event is not read at all. The index holds only for the very text that the collector had in mind; when the agent has
 * printed it in another way (its length tells), or another version of the mapping has made it, it is not used: the event is read like any other, and
 * gives the same document.
 *
 * The index is a string of groups of 8 characters, 6 bits each from `0` on, without the backslash; a group is 48 bits, the lowest first:
 *   - PROPERTY_FINGERPRINT, which tells the numbers of the properties apart
 *   - a sum over all groups behind it
 *   - the length of the event's text
 *   - for each value: its property (10 bits), where it begins (18), its length (18, 0 for an object or array), whether it has escapes or is no string (2)
 */
import { captureAt, containerOf } from './captured';
import { PROPERTY_COUNT, PROPERTY_FINGERPRINT, Property } from './generated/properties';
import { CLOSE_BRACE, OPEN_BRACE, QUOTE } from './json/scan';
import { setData } from './normalise/embedded';
import { takeNormalised } from './normalise/whole';

/** Longer events are not prepared: 18 bits tell where a value lies. */
export const PREPARED_LIMIT_BYTES: usize = (1 << 18) - 1;
/** A group of the index has so many characters. */
export const GROUP_BYTES: usize = 8;
export const HEAD_GROUPS: usize = 3;

const FACTOR: u64 = 0x9e3779b97f4a7c15;
/** What begins the sum. */
export const SUM_START: u64 = 0x6f33363561756469;

/** Adds a group to the sum. */
// @ts-ignore: decorator
@inline
export function added(sum: u64, group: u64): u64 {
  return (rotl<u64>(sum, 23) ^ group) * FACTOR;
}

/** The 48 bits that an index has of a sum. */
// @ts-ignore: decorator
@inline
export function sumGroup(sum: u64): u64 {
  return (sum ^ (sum >> 29)) & 0xffff_ffff_ffff;
}

/** The 48 bits of a group. */
// @ts-ignore: decorator
@inline
function groupAt(at: usize): u64 {
  let bits = load<u64>(at);
  // the characters behind the backslash stand one further
  bits -= ((bits + 0x2323232323232323) >> 7) & 0x0101010101010101;
  bits -= 0x3030303030303030;
  bits = (bits & 0x003f003f003f003f) | ((bits & 0x3f003f003f003f00) >> 2);
  bits = (bits & 0x00000fff00000fff) | ((bits & 0x0fff00000fff0000) >> 4);
  return (bits & 0x0000000000ffffff) | ((bits & 0x00ffffff00000000) >> 8);
}

/**
 * Takes the event whose first byte is at `event`, in a record that ends before `finish`, by the index whose opening quote lies at `index`: it need not be
 * read then. Answers the position behind it, or 0 when it must be.
 */
export function takePrepared(event: usize, finish: usize, index: usize): usize {
  if (<u32>load<u8>(index) != QUOTE || <u32>load<u8>(event) != OPEN_BRACE) return 0;
  let at = index + 1;
  const length = <usize>groupAt(at + 2 * GROUP_BYTES);
  if (length > PREPARED_LIMIT_BYTES || event + length + 1 != finish || groupAt(at) != PROPERTY_FINGERPRINT) return 0;
  if (<u32>load<u8>(finish - 1) != CLOSE_BRACE || <u32>load<u8>(finish - 2) != CLOSE_BRACE) return 0;
  const wanted = groupAt(at + GROUP_BYTES);
  at += HEAD_GROUPS * GROUP_BYTES;
  takeNormalised(event, event + length);
  let sum = added(SUM_START, <u64>length);
  while (<u32>load<u8>(at) != QUOTE) {
    const group = groupAt(at);
    const property = <usize>group & 0x3ff;
    const start = <usize>(group >> 10) & PREPARED_LIMIT_BYTES;
    const size = <usize>(group >> 28) & PREPARED_LIMIT_BYTES;
    if (property > <usize>PROPERTY_COUNT || start + size > length) return 0;
    captureAt(property, event + start, size, group >> 46);
    sum = added(sum, group);
    at += GROUP_BYTES;
  }
  setData(containerOf(Property.Data_flattened));
  return sumGroup(sum) == wanted ? event + length : 0;
}
