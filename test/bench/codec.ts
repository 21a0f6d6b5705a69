/** The codec and the mapping in this process, beside what JavaScript offers for the same. Rounds are interleaved, so that a busy moment meets all. */
import { Packr } from 'msgpackr';
import { join } from 'node:path';
import { envelopeTexts } from '../../plugin/module/envelope.ts';
import { loadModule } from '../../plugin/module/instance.ts';
import { createSplitter, type SplitOptions } from '../../plugin/module/splitter.ts';
import { makeCompany } from '../../plugin/simulator/company.ts';
import { ownEvents } from '../../plugin/simulator/event-source.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import { CONTENT_TYPES } from '../../plugin/types.ts';
import { median, type Figure } from './figures.ts';

const DIST = join(import.meta.dirname, '../../../dist');
const EVENTS_PER_BLOB = 100;
const BLOBS = 20;
const ROUNDS = 25;
/** As the network room hands over what it has unpacked. */
const CHUNK_BYTES = 64 * 1024;
const NOW_MS = Date.UTC(2026, 0, 1);

/** Blobs of invented events of all content types, each with the same number of events. */
function makeBlobs(): readonly Buffer[] {
  const source = ownEvents(1);
  const company = makeCompany(1, 0);
  return Array.from({ length: BLOBS }, (_, index) => {
    const type = CONTENT_TYPES[index % CONTENT_TYPES.length] ?? 'Audit.General';
    return Buffer.from(`[${source.take(company, type, NOW_MS, EVENTS_PER_BLOB).map(({ bytes }) => bytes.toString()).join(',')}]`);
  });
}

export async function codecFigures(): Promise<readonly Figure[]> {
  const module = await loadModule(DIST, silentLog);
  const blobs = makeBlobs();
  const bytes = blobs.reduce((sum, blob) => sum + blob.length, 0);
  const events = BLOBS * EVENTS_PER_BLOB;
  const envelope = envelopeTexts({ createdMs: NOW_MS, organizationId: '00000000-0000-4000-8000-00000000b001', organizationName: 'contoso.example', namespace: 'default', tags: ['forwarded'] });
  const packr = new Packr({ useRecords: false });
  let kept = 0;

  function split(options: Pick<SplitOptions, 'format' | 'encoding'>): void {
    let count = 0;
    for (const blob of blobs) {
      const splitter = createSplitter(module, envelope, { preserveOriginalEvent: false, timestamp: true, batchBytes: 1024 * 1024, ...options }, 'a blob', () => NOW_MS);
      for (let at = 0; at < blob.length; at += CHUNK_BYTES) for (const batch of splitter.push(blob.subarray(at, at + CHUNK_BYTES))) count += batch.eventCount;
      for (const batch of splitter.end()) count += batch.eventCount;
      splitter.close();
    }
    if (count !== events) throw new Error(`${count} events came out instead of ${events}`);
  }
  const parsed = (use: (event: unknown) => void): void => {
    for (const blob of blobs) for (const event of JSON.parse(blob.toString()) as unknown[]) use(event);
  };

  const contests = {
    packed: () => split({ format: 'raw', encoding: 'msgpack' }),
    parsedAndPacked: () => parsed((event) => { kept += packr.pack(event).length; }),
    lines: () => split({ format: 'raw', encoding: 'ndjson' }),
    prepared: () => split({ format: 'prepared', encoding: 'msgpack' }),
    documents: () => split({ format: 'ecs', encoding: 'ndjson' }),
    packedDocuments: () => split({ format: 'ecs', encoding: 'msgpack' }),
    parsedAndStringified: () => parsed((event) => { kept += JSON.stringify(event).length; }),
  };
  const times = Object.fromEntries(Object.keys(contests).map((name) => [name, [] as number[]])) as Record<keyof typeof contests, number[]>;
  for (let round = 0; round < ROUNDS; round++) {
    for (const [name, run] of Object.entries(contests) as [keyof typeof contests, () => void][]) {
      const startMs = performance.now();
      run();
      times[name].push(performance.now() - startMs);
    }
  }
  if (kept === 0) throw new Error('nothing was compared');
  const perSecond = (name: keyof typeof contests): number => events * 1000 / median(times[name]);
  const ratio = (fast: keyof typeof contests, slow: keyof typeof contests): number => median(times[slow]) / median(times[fast]);
  const speed = (what: string, name: keyof typeof contests): readonly Figure[] => [
    { what, value: perSecond(name), unit: 'events/s' },
    { what, value: perSecond(name) * bytes / events / 1e6, unit: 'MB/s' },
  ];
  return [
    { what: 'mean event', value: bytes / events, unit: 'bytes' },
    ...speed('split and transcode to msgpack', 'packed'),
    { what: 'JSON.parse, msgpackr pack', value: perSecond('parsedAndPacked'), unit: 'events/s' },
    { what: 'split and transcode is faster by', value: ratio('packed', 'parsedAndPacked'), unit: 'times', atLeast: 4 },
    ...speed('split to lines of JSON', 'lines'),
    ...speed('split, map and mark, to msgpack', 'prepared'),
    ...speed('split and map to lines of ECS', 'documents'),
    ...speed('split and map to ECS in msgpack', 'packedDocuments'),
    { what: 'JSON.parse, JSON.stringify', value: perSecond('parsedAndStringified'), unit: 'events/s' },
    { what: 'mapping is faster by', value: ratio('documents', 'parsedAndStringified'), unit: 'times', atLeast: 2 },
  ];
}
