/** Batches for tests: records as `[EventTime, map]` entries, encoded without the product's codec. */
import { Packr } from 'msgpackr';
import type { Batch } from '../../plugin/types.ts';

const packr = new Packr({ useRecords: false, variableMapSize: true });

/** One entry: array of two, EventTime (extension 0 of eight bytes), record. */
export function encodeEntry(record: Readonly<Record<string, unknown>>, seconds = 1_790_000_000, nanoseconds = 0): Buffer {
  const head = Buffer.alloc(11);
  head.set([0x92, 0xd7, 0x00]);
  head.writeUInt32BE(seconds, 3);
  head.writeUInt32BE(nanoseconds, 7);
  return Buffer.concat([head, packr.pack(record)]);
}

/** A batch of records that carry these ids as event.id, and `padding` more bytes each. */
export function encodeBatch(ids: readonly string[], padding = 0): Batch {
  const bytes = Buffer.concat(ids.map((id) => encodeEntry({ event: { id }, ...(padding > 0 ? { padding: 'x'.repeat(padding) } : {}) })));
  return { bytes, eventCount: ids.length };
}
