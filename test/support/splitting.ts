/** Blobs through the splitter, for tests: what comes out, as bytes, as lines and as entries. */
import { Unpackr, addExtension } from 'msgpackr';
import { type Envelope, envelopeTexts } from '../../plugin/module/envelope.ts';
import { type EcsModule, loadModule } from '../../plugin/module/instance.ts';
import { type SplitOptions, createSplitter } from '../../plugin/module/splitter.ts';
import type { Log } from '../../plugin/telemetry/log.ts';
import type { Batch } from '../../plugin/types.ts';

export const FETCHED_MS = Date.UTC(2026, 8, 1, 8, 21, 7, 118);
export const ENVELOPE: Envelope = {
  createdMs: FETCHED_MS, organizationId: '7d3c1f52-8e64-4b0a-9c1d-2f6a5b8e9d01', organizationName: 'Brackwater Mills', namespace: 'default', tags: ['forwarded'], contentType: 'Audit.General',
};
export const MODULE_FOLDER = 'dist';

/** The product's module, with its log lines thrown away unless they are asked for. */
export async function testModule(log: Log = () => undefined): Promise<EcsModule> {
  return await loadModule(MODULE_FOLDER, log);
}

export interface SplitTest extends Partial<SplitOptions> {
  readonly envelope?: Envelope;
  readonly nowMs?: number;
}

/** The batches of a blob that comes in these chunks. Throws what the splitter throws. */
export function splitBatches(module: EcsModule, chunks: readonly (string | Uint8Array)[], { envelope = ENVELOPE, nowMs = FETCHED_MS, ...options }: SplitTest = {}): Batch[] {
  const splitter = createSplitter(module, envelopeTexts(envelope), { format: 'raw', encoding: 'ndjson', preserveOriginalEvent: false, timestamp: true, batchBytes: 1 << 20, ...options }, 'The blob', () => nowMs);
  try {
    const batches = [...chunks.flatMap((chunk) => [...splitter.push(typeof chunk === 'string' ? Buffer.from(chunk) : chunk)]), ...splitter.end()];
    const count = batches.reduce((sum, { eventCount }) => sum + eventCount, 0);
    if (count !== splitter.eventCount) throw new Error(`${count} events in batches, ${splitter.eventCount} by the splitter's count`);
    return batches;
  } finally {
    splitter.close();
  }
}

/** All bytes of all batches. */
export function joined(batches: readonly Batch[]): Buffer {
  return Buffer.concat(batches.map(({ bytes }) => bytes));
}

/** The lines of NDJSON output, without their ends. */
export function linesOf(bytes: Buffer): string[] {
  if (bytes.length === 0) return [];
  if (bytes.at(-1) !== 0x0a) throw new Error('the last line does not end');
  return bytes.toString().slice(0, -1).split('\n');
}

export class EventTime {
  readonly seconds: number;
  readonly nanoseconds: number;
  constructor(bytes: Uint8Array) {
    if (bytes.byteLength !== 8) throw new Error(`an EventTime of ${bytes.byteLength} bytes`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    this.seconds = view.getUint32(0);
    this.nanoseconds = view.getUint32(4);
  }
}

addExtension({ type: 0, unpack: (bytes) => new EventTime(bytes) });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'bigint' });

export interface Entry {
  readonly time: EventTime;
  readonly record: Readonly<Record<string, unknown>>;
}

/** The Forward entries of MessagePack output. Throws when it is anything but entries of an EventTime and a map. */
export function entriesOf(bytes: Buffer): Entry[] {
  if (bytes.length === 0) return [];
  return (unpackr.unpackMultiple(bytes) as unknown[]).map((entry) => {
    const [time, record, more] = (Array.isArray(entry) ? entry : []) as unknown[];
    if (!(time instanceof EventTime) || typeof record !== 'object' || record === null || Array.isArray(record) || more !== undefined) throw new Error('an entry of [EventTime, map] expected');
    return { time, record: record as Record<string, unknown> };
  });
}
