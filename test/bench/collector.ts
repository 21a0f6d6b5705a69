/** The collector as users run it, from a simulator in its own process to a Forward host in its own process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './figures.ts';
import { runMeasured } from './measured-process.ts';
import { startPart } from './part.ts';

const PROGRAM = join(import.meta.dirname, '../../../dist/o365audit.js');
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
interface Bed {
  readonly collect: (...words: readonly string[]) => ReturnType<typeof runMeasured>;
  readonly forward: readonly string[];
  /** Of all blobs together, as they are before compression. */
  readonly blobBytes: number;
  readonly receivedEvents: () => Promise<number>;
}

async function figuresOf(what: string, eventsPerBlob: number, gzip: boolean): Promise<readonly Figure[]> {
  return withBed(eventsPerBlob, gzip, async (bed) => {
    const figures = await rawOf(what, bed);
    const lines = await bed.collect('--format', 'raw');
    const documents = await bed.collect('--format', 'ecs');
    const idle = await runMeasured([PROGRAM, '--version']);
    return [
      { what: 'mean event', value: bed.blobBytes / EVENTS, unit: 'bytes' },
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
  return withBed(eventsPerBlob, gzip, (bed) => rawOf(what, bed));
}

async function rawOf(what: string, { collect, forward, receivedEvents }: Bed): Promise<readonly Figure[]> {
  const raw = await collect(...forward);
  const received = await receivedEvents();
  if (received !== EVENTS) throw new Error(`the Forward host has ${received} events instead of ${EVENTS}`);
  return [
    { what: `raw to Forward, ${what}`, value: EVENTS / raw.seconds, unit: 'events/s' },
    { what: `raw to Forward, ${what}`, value: raw.cpuSeconds * 100_000 / EVENTS, unit: 'CPU s/100,000 events', atMost: FLOOR_CPU_SECONDS },
    { what: `raw to Forward, ${what}, peak RSS`, value: raw.peakRssBytes / 1e6, unit: 'MB' },
  ];
}

async function withBed(eventsPerBlob: number, gzip: boolean, use: (bed: Bed) => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-bench-'));
  const simulator = await startPart([join(import.meta.dirname, 'service.js'), String(EVENTS), String(eventsPerBlob), gzip ? 'gzip' : 'plain']);
  const sink = await startPart([join(import.meta.dirname, 'forward-sink.js')]);
  let runs = 0;
  try {
    const file = join(folder, 'o365.yml');
    writeFileSync(file, JSON.parse(simulator.firstLine) as string);
    const collect: Bed['collect'] = (...words) => runMeasured([PROGRAM, 'collect', '-c', file, '--once', '--state-dir', join(folder, `state-${++runs}`), ...words]);
    await collect('--format', 'raw');
    const blobBytes = Number.parseInt(await simulator.ask(), 10);
    return await use({
      collect, forward: ['--output', `forward://127.0.0.1:${sink.firstLine}`], blobBytes, receivedEvents: async () => Number(await sink.ask()),
    });
  } finally {
    await simulator.end();
    await sink.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
