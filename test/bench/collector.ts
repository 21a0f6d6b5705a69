/** The collector as users run it, from a simulator in its own process to a Forward host in its own process. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './figures.ts';
import { runMeasured } from './measured-process.ts';
import { startPart } from './part.ts';

const PROGRAM = join(import.meta.dirname, '../../../dist/o365audit.js');
const EVENTS = 100_000;
const EVENTS_PER_BLOB = 100;

export async function collectorFigures(): Promise<readonly Figure[]> {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-bench-'));
  const simulator = await startPart([join(import.meta.dirname, 'service.js'), String(EVENTS), String(EVENTS_PER_BLOB)]);
  const sink = await startPart([join(import.meta.dirname, 'forward-sink.js')]);
  try {
    const configuration = JSON.parse(simulator.firstLine) as string;
    const file = join(folder, 'o365.yml');
    writeFileSync(file, configuration);
    const collect = (state: string, ...words: readonly string[]) => runMeasured([PROGRAM, 'collect', '-c', file, '--once', '--state-dir', join(folder, state), ...words]);
    const idle = await runMeasured([PROGRAM, '--version']);
    const raw = await collect('raw', '--output', `forward://127.0.0.1:${sink.firstLine}`);
    const bytes = Number(await simulator.ask());
    const received = Number(await sink.ask());
    if (received !== EVENTS) throw new Error(`the Forward host has ${received} events instead of ${EVENTS}`);
    const lines = await collect('lines', '--format', 'raw');
    const documents = await collect('documents', '--format', 'ecs');
    return [
      { what: 'mean event', value: bytes / EVENTS, unit: 'bytes' },
      { what: 'raw to Forward', value: EVENTS / raw.seconds, unit: 'events/s' },
      { what: 'raw to Forward', value: raw.cpuSeconds * 100_000 / EVENTS, unit: 'CPU s/100,000 events', atMost: 2.0 },
      { what: 'raw to Forward, peak RSS', value: raw.peakRssBytes / 1e6, unit: 'MB' },
      { what: 'raw to stdout (/dev/null)', value: EVENTS / lines.seconds, unit: 'events/s' },
      { what: 'raw to stdout (/dev/null)', value: lines.cpuSeconds * 100_000 / EVENTS, unit: 'CPU s/100,000 events' },
      { what: 'ECS to stdout (/dev/null)', value: EVENTS / documents.seconds, unit: 'events/s' },
      { what: 'ECS to stdout (/dev/null)', value: documents.cpuSeconds * 100_000 / EVENTS, unit: 'CPU s/100,000 events' },
      { what: 'ECS to stdout, peak RSS', value: documents.peakRssBytes / 1e6, unit: 'MB' },
      { what: '--version, for comparison', value: idle.cpuSeconds, unit: 'CPU s' },
    ];
  } finally {
    await simulator.end();
    await sink.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
