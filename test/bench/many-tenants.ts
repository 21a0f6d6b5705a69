/** Memory and fairness: a process that serves 500 tenants, at first, when it has nothing to do, and when one of them has as much to hand out as all the others never will. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { withBed, withSink, type ServiceOptions } from './bed.ts';
import { median, type Figure } from './figures.ts';

const TENANTS = 500;
const SERVICE = { eventCount: TENANTS * 20, eventsPerBlob: 20, gzip: true, tenants: TENANTS, requestsPerMinute: 2000 } as const satisfies ServiceOptions;
/** One blob of 140 MB, and as much in others. */
const LARGE_BLOBS_MEBIBYTES = [134, ...Array.from({ length: 67 }, () => 2)];
/** After everything is delivered; tenants look for new content once in three minutes. */
const IDLE_MS = 60_000;
/** An answer of the service may take its time. */
const LATENCY_MS = 1_000;
const CAUGHT_UP = /Everything that there was has been delivered\..* tenant=(".*?"|\S+)/g;

export async function manyTenantsFigures(): Promise<readonly Figure[]> {
  return [...await alone(), ...await besideLarge(), ...await far()];
}

/** From a fresh start to rest. */
function alone(): Promise<readonly Figure[]> {
  return collecting(SERVICE, async ({ caughtUp, memory }) => {
    const seconds = await caughtUp(TENANTS);
    await wait(IDLE_MS);
    return [
      ...startFigures(`${TENANTS} tenants`, [...seconds.values()]),
      { what: `${TENANTS} tenants, peak RSS of the start`, value: memory('VmHWM') / 1e6, unit: 'MB' },
      { what: `${TENANTS} tenants, idle RSS`, value: memory('VmRSS') / 1e6, unit: 'MB', atMost: 150 },
    ];
  });
}

/** The first of them goes in first, too, and has the most to do with. */
function besideLarge(): Promise<readonly Figure[]> {
  return collecting({ ...SERVICE, largeBlobsMebibytes: LARGE_BLOBS_MEBIBYTES }, async ({ caughtUp, memory, first }) => {
    const seconds = new Map(await caughtUp(TENANTS));
    const large = seconds.get(first) ?? Number.NaN;
    seconds.delete(first);
    return [
      ...startFigures(`${TENANTS - 1} tenants beside one with 280 MB`, [...seconds.values()]),
      { what: 'the one with 280 MB, 140 MB of it in one blob', value: large, unit: 's' },
      { what: 'peak RSS of these', value: memory('VmHWM') / 1e6, unit: 'MB' },
    ];
  });
}

/** All of them share the connections of the process, and each answer takes one for a second. */
function far(): Promise<readonly Figure[]> {
  return collecting({ ...SERVICE, latencyMs: LATENCY_MS }, async ({ caughtUp, memory }) => [
    ...startFigures(`${TENANTS} tenants, answers take ${LATENCY_MS / 1000} s`, [...(await caughtUp(TENANTS)).values()]),
    { what: 'peak RSS of these', value: memory('VmHWM') / 1e6, unit: 'MB' },
  ]);
}

function startFigures(what: string, seconds: readonly number[]): readonly Figure[] {
  return [
    { what: `${what}, first events delivered: half of them`, value: median(seconds), unit: 's' },
    { what: `${what}, first events delivered: all of them`, value: Math.max(...seconds), unit: 's' },
  ];
}

interface Collecting {
  /** Resolves when so many tenants have caught up, with when each did, in seconds since the start. */
  readonly caughtUp: (count: number) => Promise<ReadonlyMap<string, number>>;
  /** Bytes, by the name that Linux has for them. */
  readonly memory: (name: string) => number;
  /** The name of the first tenant in the configuration. */
  readonly first: string;
}

function collecting(service: ServiceOptions, measure: (collecting: Collecting) => Promise<readonly Figure[]>): Promise<readonly Figure[]> {
  return withBed(service, ({ folder, collect }) => withSink(async (output) => {
    const child = spawn(process.execPath, [...collect, '--state-dir', join(folder, 'state'), ...output], { stdio: ['ignore', 'ignore', 'pipe'] });
    const caughtUp = watchTenants(child);
    const first = /name: "(.*)"/.exec(readFileSync(join(folder, 'o365.yml'), 'utf8'))?.[1] ?? '';
    const memory = (name: string): number => Number(new RegExp(`${name}:\\s+(\\d+) kB`).exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) * 1024;
    try {
      return await measure({ caughtUp, memory, first });
    } finally {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
    }
  }));
}

function watchTenants(child: ChildProcess): Collecting['caughtUp'] {
  const startMs = performance.now();
  const seconds = new Map<string, number>();
  let rest = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const [, name = ''] of lines.join('\n').matchAll(CAUGHT_UP)) {
      const tenant = name.replaceAll('"', '');
      if (!seconds.has(tenant)) seconds.set(tenant, (performance.now() - startMs) / 1000);
    }
  });
  return async (count) => {
    while (seconds.size < count) {
      if (child.exitCode !== null) throw new Error(`the collector ended after ${seconds.size} tenants:\n${rest}`);
      await wait(100);
    }
    return seconds;
  };
}
