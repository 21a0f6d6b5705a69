/** How much of a tenant's request quota is used: at once by a fresh start, and over two minutes of backlog; and that none is passed, by the simulator's own count. */
import { join } from 'node:path';
import { withBed } from './bed.ts';
import type { Figure } from './figures.ts';
import { runMeasured } from './measured-process.ts';

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

function collect(blobs: number): Promise<{ readonly seconds: number; readonly refused: number }> {
  return withBed({ eventCount: blobs * 10, eventsPerBlob: 10, gzip: true, requestsPerMinute: QUOTA, latencyMs: LATENCY_MS }, async (bed) => {
    const { seconds } = await runMeasured([...bed.collect, '--once', '--state-dir', join(bed.folder, 'state')]);
    return { seconds, refused: (await bed.counts()).refusedByQuota };
  });
}
