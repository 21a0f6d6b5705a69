/** Of the event in hand what its record needs: `Id` and `CreationTime`, as their strings' insides, wherever they stand among its own members. */
import { isExact } from '../json/exact';
import { isNumber } from '../json/number';
import { QUOTE, forgetSeen, scalarEnd, seen, skipSpace, stringEnd } from '../json/scan';
import { Text, textOf } from '../json/span';

/** No text when the event has none, or one that is no string; a number that is taken for its text is an id, too. */
export let eventId: Text = 0;
export let eventTime: Text = 0;
/** What the scanner saw in the id; NUMBER_ID when it is a number. */
export let eventIdFlags: u32 = 0;

const ID: u16 = 0x6449; // Id
const CREATION: u64 = 0x6e6f697461657243; // Creation
const TIME: u32 = 0x656d6954; // Time

export function forgetNoted(): void {
  eventId = 0;
  eventTime = 0;
  eventIdFlags = 0;
}

/** Looks at a member by its key's inside and where its value begins. */
// @ts-ignore: decorator
@inline
export function noteMember(key: usize, keyEnd: usize, value: usize): void {
  const length = keyEnd - key;
  if (length == 2) {
    if (load<u16>(key) == ID) noteId(value);
  } else if (length == 12) {
    if (load<u64>(key) == CREATION && load<u32>(key, 8) == TIME) noteTime(value);
  }
}

export const NUMBER_ID: u32 = 4;

function noteId(at: usize): void {
  const value = skipSpace(at);
  if (<u32>load<u8>(value) != QUOTE) {
    const number = textOf(value, scalarEnd(value));
    eventId = isNumber(number) && !isExact(number) ? number : 0;
    eventIdFlags = NUMBER_ID;
    return;
  }
  forgetSeen();
  eventId = textOf(value + 1, stringEnd(value + 1));
  eventIdFlags = seen;
}

function noteTime(at: usize): void {
  const value = skipSpace(at);
  eventTime = <u32>load<u8>(value) == QUOTE ? textOf(value + 1, stringEnd(value + 1)) : 0;
}
