/** `o365audit simulate`: a Management Activity API and its login on this machine, until it is stopped. */
import { reasonOf } from '../errors.ts';
import type { ArgumentsOf } from '../config/options.ts';
import { faultName } from '../simulator/faults.ts';
import { startSimulator, type Simulator } from '../simulator/simulator.ts';
import type { Surroundings } from '../types.ts';
import { openLog } from './log.ts';

export type SimulateArguments = ArgumentsOf<'simulate'>;

/** Says on stderr what to do with it, serves until `stop`, and then says what it served. Throws SIMULATOR_… failures. */
export async function simulate(options: SimulateArguments, surroundings: Surroundings): Promise<number> {
  const { port, tenants, count, eventsFile, eventsPerSecond, eventsPerBlob, requestsPerMinute, pageSize, latencyMs, seed, gzip } = options;
  const { clock, stderr, stop } = surroundings;
  const log = openLog(options, surroundings);
  const faults = options.faults.map(readFault);
  const simulator = await startSimulator({
    clock, log, port, tenants, eventsPerBlob, requestsPerMinute, pageSize, latencyMs, seed, gzip, eventsFile,
    ratePerSecond: eventsPerSecond,
    // A file's events are served once each.
    eventCount: eventsFile === undefined ? count * tenants : undefined,
  });
  try {
    for (const { name, setting } of faults) simulator.faults.set(name, setting);
    stderr.write(introduction(simulator));
    await aborted(stop);
    stderr.write(`${summary(simulator)} It ends because of ${reasonOf(stop.reason)}.\n`);
    return 0;
  } finally {
    await simulator.close();
  }
}

/** The o365.yml with which a collector, or Filebeat, reads from this simulator. */
export function configurationFor({ url, applicationId, clientSecret, tenants }: Simulator): string {
  return [
    '- module: o365',
    '  audit:',
    '    enabled: true',
    `    var.application_id: "${applicationId}"`,
    `    var.client_secret: "${clientSecret}"`,
    '    var.tenants:',
    ...tenants.flatMap(({ id, name }) => [`      - id: "${id}"`, `        name: "${name}"`]),
    '    var.api:',
    `      authentication_endpoint: ${url.href}`,
    `      resource: ${url.origin}`,
    '',
  ].join('\n');
}

function readFault(text: string): { readonly name: ReturnType<typeof faultName>; readonly setting: { readonly count?: number } } {
  const [name = '', count] = text.split('=');
  return { name: faultName(name), setting: count === undefined ? {} : { count: Number(count) } };
}

function introduction(simulator: Simulator): string {
  const { url, tenants, books } = simulator;
  const { expectedEvents } = books.snapshot();
  return `A simulated Management Activity API with ${tenants.length} ${tenants.length === 1 ? 'tenant' : 'tenants'} and ${expectedEvents} events is at ${url.href}

Save this as o365.yml:

${configurationFor(simulator)}
and read from it in another terminal:

  o365audit collect -c o365.yml --format ecs --once

What it served and what should have arrived: curl ${url.href}simulator/books
What can go wrong with it: curl ${url.href}simulator/faults
Ctrl-C ends it.
`;
}

function summary({ books }: Simulator): string {
  const { requests, tokens, tenants } = books.snapshot();
  const feeds = Object.values(tenants).flatMap(({ contentTypes }) => Object.values(contentTypes));
  const total = (of: (feed: (typeof feeds)[number]) => number): number => feeds.reduce((sum, feed) => sum + of(feed), 0);
  return `The simulator answered ${requests} requests of the API and issued ${tokens.issued} tokens; ${total((feed) => feed.blobsServed)} of ${total((feed) => feed.blobs)} blobs were fetched, with ${total((feed) => feed.expectedEvents)} events to be had.`;
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
