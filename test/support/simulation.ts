/** A simulator in this process with a folder beside it: configuration and state directory for the collectors that read from it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configurationFor } from '../../plugin/commands/simulate.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import { CONTENT_TYPES, type Clock, type ContentType } from '../../plugin/types.ts';

/** The clock on the wall. */
export const realClock: Clock = {
  nowMs: () => Date.now(),
  wait: (ms, signal) => new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    const giveUp = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', giveUp);
      resolve();
    }, ms);
    signal?.addEventListener('abort', giveUp, { once: true });
  }),
};

export interface Simulation {
  readonly simulator: Simulator;
  readonly folder: string;
  /** An o365.yml for this simulator, and a state directory that does not exist yet. */
  readonly config: string;
  readonly stateDir: string;
  /** The words for a collector that reads from it: configuration and state directory. */
  readonly words: readonly string[];
  /** The ids of everything that is to arrive; of DLP.All those that the collector makes of them. */
  readonly expectedIds: () => Set<string>;
  /** Switches off faults that keep connections, ends the simulator and removes the folder. */
  readonly close: () => Promise<void>;
}

/** Starts it; `change` makes another configuration of the usual one. */
export async function startSimulation(options: Partial<SimulatorOptions> = {}, change: (text: string) => string = (text) => text): Promise<Simulation> {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-simulation-'));
  const simulator = await startSimulator({ clock: realClock, log: silentLog, eventCount: 300, ...options });
  const config = join(folder, 'o365.yml');
  writeFileSync(config, change(configurationFor(simulator)));
  const stateDir = join(folder, 'state');
  return {
    simulator, folder, config, stateDir, words: ['-c', config, '--state-dir', stateDir],
    expectedIds: () => expectedIds(simulator),
    close: async () => {
      simulator.faults.clear();
      await simulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Lends one to `act`, and closes it however that ends. */
export async function withSimulation(options: Partial<SimulatorOptions>, act: (simulation: Simulation) => Promise<void>, change?: (text: string) => string): Promise<void> {
  const simulation = await startSimulation(options, change);
  try {
    await act(simulation);
  } finally {
    await simulation.close();
  }
}

/** The `event.id` of everything that a perfect collector has delivered. */
export function expectedIds({ books }: Simulator): Set<string> {
  return new Set(CONTENT_TYPES.flatMap((contentType) => [...books.expectedIds({ contentType })].map((id) => eventIdOf(contentType, id))));
}

/** The `event.id` of a record with this Id. */
export function eventIdOf(contentType: ContentType, id: string): string {
  return contentType === 'DLP.All' ? `${id}:dlp` : id;
}

/** How often the collector has asked for the first tenant's subscriptions, which it does once a round. */
export function roundsOf({ simulator }: Simulation): number {
  return simulator.books.snapshot().tenants[simulator.tenants[0]?.id ?? '']?.byOperation.list ?? 0;
}

/** The event.id of records or documents in NDJSON. Throws when a line is none. */
export function idsOf(lines: readonly string[]): string[] {
  return lines.map((line) => (JSON.parse(line) as { event: { id: string } }).event.id);
}
