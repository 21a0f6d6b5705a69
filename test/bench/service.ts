/** The simulator as a far end of a benchmark: EVENTS EVENTS_PER_BLOB gzip|plain. Its first line holds the configuration for a collector; asked, it says how many bytes of blobs it served. */
import { configurationFor } from '../../plugin/commands/simulate.ts';
import { startSimulator } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';

const [events, eventsPerBlob] = process.argv.slice(2, 4).map(Number);
const clock = { nowMs: () => Date.now(), wait: () => Promise.reject(new Error('Nothing here waits.')) };
const simulator = await startSimulator({ clock, log: silentLog, eventCount: events, eventsPerBlob, requestsPerMinute: 1_000_000, gzip: process.argv[4] === 'gzip' });
const configuration = `${configurationFor(simulator)}    var.api.max_requests_per_minute: 1000000\n`;
process.stdout.write(`${JSON.stringify(configuration)}\n`);
process.stdin.on('data', () => process.stdout.write(`${bytesServed()}\n`)).on('end', () => void simulator.close().then(() => process.exit(0)));

function bytesServed(): number {
  return Object.values(simulator.books.snapshot().tenants).flatMap(({ contentTypes }) => Object.values(contentTypes)).reduce((sum, feed) => sum + feed.bytesServed, 0);
}
