/** The simulator as a far end of a benchmark, with these options as JSON. Its first line holds the configuration for a collector; asked, it says what it counted, as ServiceCounts. */
import { configurationFor } from '../../plugin/commands/simulate.ts';
import { startSimulator } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import type { ServiceCounts, ServiceOptions } from './bed.ts';

const { largeBlobsMebibytes = [], ...options } = { requestsPerMinute: 1_000_000, ...JSON.parse(process.argv[2] ?? '{}') as ServiceOptions };
const clock = { nowMs: () => Date.now(), wait: (ms: number) => new Promise<void>((resolve) => { setTimeout(resolve, ms); }) };
const simulator = await startSimulator({ clock, log: silentLog, ...options });
for (const mebibytes of largeBlobsMebibytes) simulator.faults.set('big-blob', { mebibytes });
const configuration = `${configurationFor(simulator)}    var.api.max_requests_per_minute: ${options.requestsPerMinute}\n`;
process.stdout.write(`${JSON.stringify(configuration)}\n`);
process.stdin.on('data', () => process.stdout.write(`${JSON.stringify(counts())}\n`)).on('end', () => void simulator.close().then(() => process.exit(0)));

function counts(): ServiceCounts {
  const tenants = Object.values(simulator.books.snapshot().tenants);
  return {
    bytesServed: tenants.flatMap(({ contentTypes }) => Object.values(contentTypes)).reduce((sum, feed) => sum + feed.bytesServed, 0),
    refusedByQuota: tenants.reduce((sum, { refusedByQuota }) => sum + refusedByQuota, 0),
  };
}
