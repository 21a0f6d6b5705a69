/** The simulator as a far end of a benchmark: EVENTS EVENTS_PER_BLOB gzip|plain [TENANTS [REQUESTS_PER_MINUTE [LATENCY_MS]]]. Its first line holds the configuration for a collector; asked, it says how many bytes of blobs it served, and how many requests its quotas refused. */
import { configurationFor } from '../../plugin/commands/simulate.ts';
import { startSimulator } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';

const [events, eventsPerBlob] = process.argv.slice(2, 4).map(Number);
const [tenants = 1, requestsPerMinute = 1_000_000, latencyMs = 0] = process.argv.slice(5).map(Number);
const clock = { nowMs: () => Date.now(), wait: (ms: number) => new Promise<void>((resolve) => { setTimeout(resolve, ms); }) };
const simulator = await startSimulator({ clock, log: silentLog, eventCount: events, eventsPerBlob, tenants, requestsPerMinute, latencyMs, gzip: process.argv[4] === 'gzip' });
const configuration = `${configurationFor(simulator)}    var.api.max_requests_per_minute: ${requestsPerMinute}\n`;
process.stdout.write(`${JSON.stringify(configuration)}\n`);
process.stdin.on('data', () => process.stdout.write(`${bytesServed()} ${refused()}\n`)).on('end', () => void simulator.close().then(() => process.exit(0)));

function bytesServed(): number {
  return Object.values(simulator.books.snapshot().tenants).flatMap(({ contentTypes }) => Object.values(contentTypes)).reduce((sum, feed) => sum + feed.bytesServed, 0);
}

function refused(): number {
  return Object.values(simulator.books.snapshot().tenants).reduce((sum, { refusedByQuota }) => sum + refusedByQuota, 0);
}
