/** Memory: one blob of 140 MB through the collector, beside one of 1.4 MB. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './figures.ts';
import { runMeasured } from './measured-process.ts';
import { startPart } from './part.ts';

const PROGRAM = join(import.meta.dirname, '../../../dist/o365audit.js');
/** Of about 2.2 KB each. */
const SMALL_EVENTS = 640;
const LARGE_EVENTS = 64_000;

export async function largeBlobFigures(): Promise<readonly Figure[]> {
  const small = await peakOf(SMALL_EVENTS);
  const large = await peakOf(LARGE_EVENTS);
  return [
    { what: 'the large blob', value: large.bytes / 1e6, unit: 'MB' },
    { what: 'peak RSS with a small blob', value: small.peakRssBytes / 1e6, unit: 'MB' },
    { what: 'peak RSS with the large blob', value: large.peakRssBytes / 1e6, unit: 'MB' },
    { what: 'the large blob adds', value: (large.peakRssBytes - small.peakRssBytes) / 1e6, unit: 'MB', atMost: 64 },
  ];
}

async function peakOf(events: number): Promise<{ readonly bytes: number; readonly peakRssBytes: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-bench-'));
  const simulator = await startPart([join(import.meta.dirname, 'service.js'), String(events), String(events), 'gzip']);
  const sink = await startPart([join(import.meta.dirname, 'forward-sink.js')]);
  try {
    const configuration = JSON.parse(simulator.firstLine) as string;
    writeFileSync(join(folder, 'o365.yml'), configuration);
    const { peakRssBytes } = await runMeasured([PROGRAM, 'collect', '-c', join(folder, 'o365.yml'), '--once', '--output', `forward://127.0.0.1:${sink.firstLine}`]);
    return { bytes: Number.parseInt(await simulator.ask(), 10), peakRssBytes };
  } finally {
    await simulator.end();
    await sink.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
