/** One call of the module's codec: settings in, whole events out. */
import type { EnvelopeTexts } from './envelope.ts';
import { failure } from '../errors.ts';
import { INDEX_WORDS } from '../types.ts';
import { type Exports, epoch, place } from './instance.ts';

export interface SplitCall {
  readonly envelope: EnvelopeTexts;
  readonly format: 'raw' | 'prepared' | 'ecs';
  readonly encoding: 'ndjson' | 'msgpack';
  readonly preserveOriginalEvent: boolean;
  readonly timestamp: boolean;
  /** At most so many bytes come out, unless the first event alone is larger. */
  readonly batchBytes: number;
  readonly input: readonly Uint8Array[];
  /** As the last call left it. */
  readonly state: number;
  readonly nowMs: number;
  /** The key of the hashes of ids, four words; with it an index of the events comes back. */
  readonly idKey?: Uint32Array;
}

export interface SplitResult {
  /** Whole entries or lines, in memory of their own. */
  readonly bytes: Uint8Array;
  readonly eventCount: number;
  readonly index?: Uint32Array;
  /** Bytes of the input that need not be given again. */
  readonly consumed: number;
  readonly state: number;
  readonly status: number;
}

/** Where the text stands: before anything, behind an event of the array, behind the end of the array, in rows without array. */
export const STATE = { start: 0, value: 2, closed: 4, row: 5 } as const;
/** Why a call ended: it wants more input, its output is full, the text is wrong, there was no memory for an event. */
export const STATUS = { wanting: 0, full: 1, malformed: 2, exhausted: 3 } as const;

/** The settings and results of one call, as u32 at these indexes; mapping/assembly/codec/settings.ts has the same list. */
const AT = {
  input: 0, inputLength: 1, state: 2, options: 3, outputLimit: 4, eventMembers: 5, members: 7, idSuffix: 9, now: 11, nowNanoseconds: 12,
  output: 16, outputLength: 17, eventCount: 18, consumed: 19, status: 20, identifiers: 21, key: 22,
} as const;
const WORDS = 28;
const OPTION = { packed: 1, ecs: 2, original: 4, time: 8, identifiers: 16, marked: 32 } as const;

/** Splits as much as is whole. Throws MODULE_NO_MEMORY. */
export function splitOnce(exports: Exports, call: SplitCall): SplitResult {
  const { envelope, input } = call;
  const start = place(exports, [envelope.event, envelope.record, envelope.idSuffix, ...input]);
  const settings = new Uint32Array(exports.memory.buffer, exports.splitSettings(), WORDS);
  let at = start;
  const text = (index: number, byteCount: number): void => {
    settings[index] = at;
    settings[index + 1] = byteCount;
    at += byteCount;
  };
  text(AT.eventMembers, envelope.event.byteLength);
  text(AT.members, envelope.record.byteLength);
  text(AT.idSuffix, envelope.idSuffix.byteLength);
  const inputBytes = input.reduce((sum, piece) => sum + piece.byteLength, 0);
  text(AT.input, inputBytes);
  settings[AT.state] = call.state;
  settings[AT.options] = flagsOf(call);
  settings[AT.outputLimit] = call.batchBytes;
  if (call.idKey !== undefined) settings.set(call.idKey, AT.key);
  const { sec, nsec } = epoch(call.nowMs);
  settings[AT.now] = sec;
  settings[AT.nowNanoseconds] = nsec;
  exports.split();
  // growing the memory has detached the first view
  const results = new Uint32Array(exports.memory.buffer, exports.splitSettings(), WORDS);
  const result = (index: number): number => results[index] ?? 0;
  if (result(AT.status) === STATUS.exhausted) throw failure('MODULE_NO_MEMORY', { bytes: inputBytes });
  const output = new Uint8Array(exports.memory.buffer, result(AT.output), result(AT.outputLength));
  const bytes = Buffer.allocUnsafeSlow(output.byteLength);
  bytes.set(output);
  const eventCount = result(AT.eventCount);
  const index = call.idKey === undefined ? {} : { index: new Uint32Array(exports.memory.buffer, result(AT.identifiers), eventCount * INDEX_WORDS).slice() };
  exports.free(start);
  return { bytes, eventCount, ...index, consumed: result(AT.consumed), state: result(AT.state), status: result(AT.status) };
}

function flagsOf({ encoding, format, preserveOriginalEvent, timestamp, idKey }: SplitCall): number {
  const shape = format === 'raw' ? 0 : format === 'ecs' ? OPTION.ecs : OPTION.ecs | OPTION.marked;
  return (idKey === undefined ? 0 : OPTION.identifiers) | (encoding === 'msgpack' ? OPTION.packed : 0) | shape | (preserveOriginalEvent ? OPTION.original : 0) | (timestamp && format === 'ecs' ? OPTION.time : 0);
}
