/** A simulator in this process with a folder beside it: configuration and state directory for the collectors that read from it. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { configurationFor } from '../../plugin/commands/simulate.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import type { Clock } from '../../plugin/types.ts';

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
    expectedIds: () => {
      const dlp = simulator.books.expectedIds({ contentType: 'DLP.All' });
      const others = (['Audit.AzureActiveDirectory', 'Audit.Exchange', 'Audit.SharePoint', 'Audit.General'] as const).flatMap((contentType) => [...simulator.books.expectedIds({ contentType })]);
      return new Set([...others, ...[...dlp].map((id) => `${id}:dlp`)]);
    },
    close: async () => {
      simulator.faults.clear();
      await simulator.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The event.id of records or documents in NDJSON. Throws when a line is none. */
export function idsOf(lines: readonly string[]): string[] {
  return lines.map((line) => (JSON.parse(line) as { event: { id: string } }).event.id);
}
