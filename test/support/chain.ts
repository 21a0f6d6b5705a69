/** The whole way but the store: a simulator, and Fluent Bit with the project's own fluent-bit.conf, which starts the collector. */
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { configurationFor } from '../../plugin/commands/simulate.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import { isRunning, startFluentBit, type FluentBit } from './fluent-bit.ts';
import { until } from './manual-clock.ts';
import { realClock } from './simulation.ts';

const END_LIMIT_MS = 60_000;
/** The longest time that anything on the way may take on a busy machine. */
const LIMIT_MS = 300_000;
const PAUSE_MS = 200;

export interface ChainOptions {
  readonly storePort: number;
  readonly simulator?: Partial<SimulatorOptions>;
  /** Makes another o365.yml of the simulator's. */
  readonly configure?: (configuration: string, simulator: Simulator) => string;
  /** Further variables of fluent-bit.conf. */
  readonly environment?: Readonly<Record<string, string>>;
  /** In place of fluent-bit.conf. */
  readonly configuration?: string;
}

export interface Chain {
  readonly simulator: Simulator;
  /** With o365.yml. */
  readonly folder: string;
  /** Fluent Bit, while it runs. */
  readonly agent: FluentBit;
  /** How many files of undelivered documents Fluent Bit keeps. */
  chunkFileCount(): number;
}

/** Starts all of it, and ends it with the test. */
export async function startChain(t: TestContext, { storePort, simulator: options = {}, configure = (text) => text, environment = {}, configuration = 'fluent-bit.conf' }: ChainOptions): Promise<Chain> {
  const simulator = await startSimulator({ clock: realClock, log: silentLog, ...options });
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-chain-'));
  const stateFolder = join(folder, 'state');
  writeFileSync(join(folder, 'o365.yml'), configure(configurationFor(simulator), simulator), { mode: 0o600 });
  const running: FluentBit[] = [];
  t.after(async () => {
    const collectors = running.flatMap((agent) => agent.collector() ?? []);
    for (const agent of running) await agent.kill();
    // a collector whose agent was killed ends by itself, within a second
    await until(() => collectors.every((id) => !isRunning(id)), 'the end of the collector', END_LIMIT_MS);
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });
  const agent = await startFluentBit({
    configuration, environment: { O365AUDIT_CONFIG: join(folder, 'o365.yml'), O365AUDIT_STATE_DIR: stateFolder, O365AUDIT_STORE_PORT: String(storePort), ...environment },
  });
  running.push(agent);
  return {
    simulator, folder, agent,
    chunkFileCount: () => readdirSync(join(stateFolder, 'fluent-bit'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.flb') && !name.startsWith('rejected')).length,
  };
}

/** The simulator's o365.yml for a collector that asks for new content every second, which stands for the five minutes of a real one. */
export function everySecond(configuration: string): string {
  return `${configuration}    var.api.poll_interval: 1s\n`;
}

/** What Fluent Bit counts, in Prometheus' format. */
export async function metricsOf({ httpUrl }: FluentBit): Promise<string> {
  return await (await fetch(`${httpUrl}/api/v2/metrics/prometheus`)).text();
}

/** Asks again and again until it is so, a few times a second. */
export async function eventually(condition: () => Promise<boolean>, what: string, limitMs = LIMIT_MS): Promise<void> {
  const endMs = performance.now() + limitMs;
  while (!await condition()) {
    if (performance.now() > endMs) throw new Error(`still waiting for ${what} after ${limitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
