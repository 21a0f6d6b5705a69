/** What the host asks of a call of the codec, and where it reads what came of it. */
import { Text, textOf } from '../json/span';

/** A call's settings and results, each a u32, by their offsets. plugin/module/split-call.ts has the same list. */
export const enum At {
  input = 0, inputLength = 4, state = 8, options = 12, outputLimit = 16, eventMembers = 20, eventMembersLength = 24, members = 28, membersLength = 32,
  idSuffix = 36, idSuffixLength = 40, now = 44, nowNanoseconds = 48,
  output = 64, outputLength = 68, eventCount = 72, consumed = 76, status = 80, identifiers = 84, key = 88,
}
export const SETTINGS: usize = memory.data(112, 16);

export const enum Option { packed = 1, ecs = 2, original = 4, time = 8, identifiers = 16, marked = 32 }

/** Where the host finds them. */
export function splitSettings(): usize {
  return SETTINGS;
}

/** A text that the host has put into memory: its address, and behind that its length. */
export function setting(offset: At): Text {
  const start = <usize>load<u32>(SETTINGS + offset);
  return textOf(start, start + <usize>load<u32>(SETTINGS + offset, 4));
}

/** Whether the host has asked for it. */
export function has(option: Option): bool {
  return (load<u32>(SETTINGS, At.options) & option) != 0;
}
