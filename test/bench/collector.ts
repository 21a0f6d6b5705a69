/** The collector as users run it, from a simulator in its own process to a Forward host in its own process. */
import { join } from 'node:path';
import { PROGRAM, withBed, withSink } from './bed.ts';
import type { Figure } from './figures.ts';
import { runMeasured } from './measured-process.ts';

const EVENTS = 100_000;
const FLOOR_CPU_SECONDS = 2.0;

export async function collectorFigures(): Promise<readonly Figure[]> {
  return [
    ...await figuresOf('compressed blobs of 100', 100, true),
    ...await rawFigures('compressed blobs of 1,000', 1000, true),
    ...await rawFigures('plain blobs of 100', 100, false),
  ];
}

/** A collector's runs against one simulator; the first one is not counted, for the simulator compresses each blob when it is asked for first. */
interface Runs {
  readonly collect: (...words: readonly string[]) => ReturnType<typeof runMeasured>;
  readonly forward: readonly string[];
  /** Of all blobs together, as they are before compression. */
  readonly blobBytes: number;
  readonly receivedEvents: () => Promise<number>;
}

async function figuresOf(what: string, eventsPerBlob: number, gzip: boolean): Promise<readonly Figure[]> {
  return withRuns(eventsPerBlob, gzip, async (runs) => {
    const figures = await rawOf(what, runs);
    const lines = await runs.collect('--format', 'raw');
    const documents = await runs.collect('--format', 'ecs');
    const idle = await runMeasured([PROGRAM, '--version']);
    return [
      { what: 'mean event', value: runs.blobBytes / EVENTS, unit: 'bytes' },
      ...figures,
      { what: 'raw to stdout (/dev/null)', value: EVENTS / lines.seconds, unit: 'events/s' },
      { what: 'raw to stdout (/dev/null)', value: lines.cpuSeconds * 100_000 / EVENTS, unit: 'CPU s/100,000 events' },
      { what: 'ECS to stdout (/dev/null)', value: EVENTS / documents.seconds, unit: 'events/s' },
      { what: 'ECS to stdout (/dev/null)', value: documents.cpuSeconds * 100_000 / EVENTS, unit: 'CPU s/100,000 events' },
      { what: 'ECS to stdout, peak RSS', value: documents.peakRssBytes / 1e6, unit: 'MB' },
      { what: '--version, for comparison', value: idle.cpuSeconds, unit: 'CPU s' },
    ];
  });
}

function rawFigures(what: string, eventsPerBlob: number, gzip: boolean): Promise<readonly Figure[]> {
  return withRuns(eventsPerBlob, gzip, (runs) => rawOf(what, runs));
}

async function rawOf(what: string, { collect, forward, receivedEvents }: Runs): Promise<readonly Figure[]> {
  const raw = await collect(...forward);
  const received = await receivedEvents();
  if (received !== EVENTS) throw new Error(`the Forward host has ${received} events instead of ${EVENTS}`);
  return [
    { what: `raw to Forward, ${what}`, value: EVENTS / raw.seconds, unit: 'events/s' },
    { what: `raw to Forward, ${what}`, value: raw.cpuSeconds * 100_000 / EVENTS, unit: 'CPU s/100,000 events', atMost: FLOOR_CPU_SECONDS },
    { what: `raw to Forward, ${what}, peak RSS`, value: raw.peakRssBytes / 1e6, unit: 'MB' },
  ];
}

function withRuns(eventsPerBlob: number, gzip: boolean, use: (runs: Runs) => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  return withBed({ eventCount: EVENTS, eventsPerBlob, gzip }, (bed) => withSink(async (forward, receivedEvents) => {
    let runs = 0;
    const collect: Runs['collect'] = (...words) => runMeasured([...bed.collect, '--once', '--state-dir', join(bed.folder, `state-${++runs}`), ...words]);
    await collect('--format', 'raw');
    const { bytesServed: blobBytes } = await bed.counts();
    return use({ collect, forward, blobBytes, receivedEvents });
  }));
}
