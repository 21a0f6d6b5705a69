/** How much of a tenant's request quota is used: at once by a fresh start, and over two minutes of backlog; and that none is passed, by the simulator's own count. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Figure } from './figures.ts';
import { runMeasured } from './measured-process.ts';
import { startPart } from './part.ts';

const PROGRAM = join(import.meta.dirname, '../../../dist/o365audit.js');
const LATENCY_MS = 200;
const QUOTA = 2000;
/** What two minutes' quota holds beside the listings: the run is over soon after its second minute has begun. */
const LONG_BACKLOG = 2 * QUOTA - 100;

export async function quotaFigures(): Promise<readonly Figure[]> {
  const fresh = await collect(1000);
  const long = await collect(LONG_BACKLOG);
  return [
    { what: `1,000 blobs at ${LATENCY_MS} ms`, value: fresh.seconds, unit: 's', atMost: 5 },
    { what: `${LONG_BACKLOG.toLocaleString('en-US')} blobs, 97.5% of two minutes' quota`, value: long.seconds, unit: 's', atMost: 120 },
    { what: 'requests that the quota refused', value: fresh.refused + long.refused, unit: 'requests', atMost: 0 },
  ];
}

async function collect(blobs: number): Promise<{ readonly seconds: number; readonly refused: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-bench-'));
  const simulator = await startPart([join(import.meta.dirname, 'service.js'), String(blobs * 10), '10', 'gzip', '1', String(QUOTA), String(LATENCY_MS)]);
  try {
    const file = join(folder, 'o365.yml');
    writeFileSync(file, JSON.parse(simulator.firstLine) as string);
    const { seconds } = await runMeasured([PROGRAM, 'collect', '-c', file, '--once', '--state-dir', join(folder, 'state')]);
    return { seconds, refused: Number((await simulator.ask()).split(' ')[1]) };
  } finally {
    await simulator.end();
    rmSync(folder, { recursive: true, force: true });
  }
}
