/** Memory: one blob of 140 MB through the collector, beside one of 1.4 MB. */
import { withBed, withSink } from './bed.ts';
import type { Figure } from './figures.ts';
import { runMeasured } from './measured-process.ts';

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

function peakOf(events: number): Promise<{ readonly bytes: number; readonly peakRssBytes: number }> {
  return withBed({ eventCount: events, eventsPerBlob: events, gzip: true }, ({ collect, counts }) => withSink(async (output) => {
    const { peakRssBytes } = await runMeasured([...collect, '--once', ...output]);
    return { bytes: (await counts()).bytesServed, peakRssBytes };
  }));
}
