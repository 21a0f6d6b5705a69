/**
 * The collector between a service and a log agent that both do everything wrong that anybody has seen or feared, killed again and again, its journals cut off
 * and damaged; then everybody behaves, and the simulator's books tell whether anything is missing. Two tenants, so that one can get in the other's way.
 *
 * The seed fixes what is done wrong, not when a busy machine gets to it: the same seed makes the same trouble, and not exactly the same run.
 */
import { seededRandom } from '../../plugin/simulator/random.ts';
import type { SimulatorOptions } from '../../plugin/simulator/simulator.ts';
import { untilListable } from '../support/backlog.ts';
import { inCopiedLedger } from '../support/earlier-run.ts';
import { startForwardHost, type ReceivedEvent } from '../support/forward-host.ts';
import { DEADLINE_MS, startProgram } from '../support/program.ts';
import { startSimulation, type Simulation } from '../support/simulation.ts';
import { damageJournals, drawDoom } from './doom.ts';
import { LOSING, makeMischief } from './mischief.ts';
import { judge, type Evidence, type Verdict } from './verdict.ts';
import { runToDoom, Sayings } from './watched-run.ts';

export interface ChaosOptions {
  readonly kills: number;
  readonly seed: number;
  /** Learns of each run of the collector as it ends. */
  readonly tell?: (line: string) => void;
}

export interface ChaosReport extends Verdict {
  /** How often the collector was killed, and in which way; and damage done to journals, the log agent's misbehaviour, the service's faults. */
  readonly kills: ReadonlyMap<string, number>;
  readonly damage: ReadonlyMap<string, number>;
  readonly agent: ReadonlyMap<string, number>;
  readonly service: ReadonlyMap<string, number>;
  /** Runs that ended by themselves, by their status. */
  readonly ownEnds: ReadonlyMap<string, number>;
  readonly blobs: number;
  readonly requests: number;
  readonly seconds: number;
}

/** What there is before it begins, and a service that has no quota. */
export const SERVICE: Partial<SimulatorOptions> = { tenants: 2, eventCount: 600, eventsPerBlob: 6, pageSize: 20, latencyMs: 5, requestsPerMinute: 1_000_000 };
/** Nobody may sign in, or the tenants are refused: a supervisor would start it again. */
const REFUSED_STATUS = 3;
const MOST_OWN_ENDS = 1_000;
/** Kills while a note is on its way to the disk. */
const IN_WRITES = /write|sync|rename/;

/** Does all that, and judges. Rejects only when it cannot be done. */
export async function runChaos({ kills, seed, tell = () => undefined }: ChaosOptions): Promise<ChaosReport> {
  const startMs = performance.now();
  const random = seededRandom(seed, 'chaos');
  const arrivals = new Arrivals();
  const simulation = await startSimulation({ ...SERVICE, seed });
  const host = await startForwardHost({ keepEvents: false, onEvent: (event) => arrivals.note(event) });
  const words = ['collect', ...simulation.words, '--output', host.url, '--frame-size', '16KiB', '--ack-timeout', '1s', '--log-level', 'debug', '--log-format', 'json',
    '-M', 'o365.audit.var.api.poll_interval=300ms', '-M', 'o365.audit.var.api.error_retry_interval=300ms'];
  const sayings = new Sayings();
  const counts = { kills: new Map<string, number>(), damage: new Map<string, number>(), ownEnds: new Map<string, number>() };
  const complaints: string[] = [];
  try {
    const mischief = makeMischief(simulation.simulator, host, seededRandom(seed, 'mischief'));
    for (let killed = 0, ends = 0; killed < kills && ends < MOST_OWN_ENDS;) {
      const doom = drawDoom(random);
      const { ending, stderr } = await runToDoom(words, doom, { sayings, arrivals: () => arrivals.total, onArrival: (callback) => arrivals.watch(callback) });
      if (ending.signal === 'SIGKILL') {
        killed += 1;
        count(counts.kills, doom.kind);
        tell(`kill ${killed}, ${doom.kind}: ${arrivals.times.size} events have arrived, ${arrivals.again} again`);
      } else {
        ends += 1;
        count(counts.ownEnds, `status ${ending.status}`);
        if (ending.status !== REFUSED_STATUS) complaints.push(`a run ended by itself: ${JSON.stringify(ending)} ${stderr.slice(-1_000)}`);
      }
      for (const damage of damageJournals(simulation.stateDir, random)) count(counts.damage, damage);
    }
    await mischief.end();
    complaints.push(...await calm(words, sayings, arrivals), ...complaintsAbout(sayings, arrivals, host.complaints), ...await complaintsOfLedger(simulation));
    const { simulator } = simulation;
    const forgotten = [...counts.damage.values(), ...[...counts.kills].filter(([kind]) => IN_WRITES.test(kind)).map(([, times]) => times)].reduce((sum, times) => sum + times, 0);
    const verdict = judge(evidenceOf(simulation, { arrived: arrivals.times, lost: sayings.lost, forgotten }));
    return {
      ...verdict, ...counts, complaints: [...complaints, ...verdict.complaints], agent: mischief.agent, service: servedFaults(simulation),
      blobs: simulator.books.blobs().length, requests: simulator.books.snapshot().requests, seconds: (performance.now() - startMs) / 1000,
    };
  } finally {
    await host.close();
    await simulation.close();
  }
}

/** What the books know, beside what came out at the other end. */
export function evidenceOf(simulation: Simulation, outcome: Pick<Evidence, 'arrived' | 'lost' | 'forgotten'>): Evidence {
  const happened = servedFaults(simulation);
  return {
    ...outcome, blobs: simulation.simulator.books.blobs(), expected: simulation.expectedIds(), nowMs: Date.now(),
    losingFaults: LOSING.reduce((sum, name) => sum + (happened.get(name) ?? 0), 0),
  };
}

/** The service's faults that have happened, with how often. */
export function servedFaults({ simulator }: Simulation): ReadonlyMap<string, number> {
  return new Map(Object.entries(simulator.faults.list()).flatMap(([name, { happened }]) => happened === 0 ? [] : [[name, happened]]));
}

/** How often each event arrived at the log agent. */
class Arrivals {
  readonly times = new Map<string, number>();
  /** Events that came under an id which is not theirs. */
  readonly mixedUp: string[] = [];
  total = 0;

  /** Arrivals of what had arrived before. */
  get again(): number {
    return this.total - this.times.size;
  }

  #onArrival: () => void = () => undefined;

  note({ id = '', record }: ReceivedEvent): void {
    const { Id } = (record as { readonly o365audit?: { readonly Id?: string } }).o365audit ?? {};
    if (id === '' || (Id !== undefined && id !== Id && id !== `${Id}:dlp`)) this.mixedUp.push(`${id} for ${String(Id)}`);
    this.times.set(id, (this.times.get(id) ?? 0) + 1);
    this.total += 1;
    this.#onArrival();
  }

  /** Calls back upon arrivals from now on, and nobody else. */
  watch(onArrival: () => void): void {
    this.#onArrival = onArrival;
  }
}

/** Lets the collector finish in peace, and once more, when there is nothing left to do. */
async function calm(words: readonly string[], sayings: Sayings, arrivals: Arrivals): Promise<readonly string[]> {
  arrivals.watch(() => undefined);
  sayings.watch(() => undefined);
  await untilListable();
  const complaints: string[] = [];
  for (const occasion of ['in peace', 'with nothing left to do']) {
    const before = arrivals.again;
    const program = startProgram([...words, '--once']);
    sayings.follow(program);
    const { status } = await program.ended(DEADLINE_MS).catch((error: unknown) => {
      program.child.kill('SIGKILL');
      throw error;
    });
    if (status !== 0) complaints.push(`a run ${occasion} ended with status ${String(status)}: ${program.stderr.slice(-1_000)}`);
    if (occasion !== 'in peace' && arrivals.again > before) complaints.push(`a run ${occasion} delivered ${arrivals.again - before} events again`);
  }
  return complaints;
}

/** What the collector says that it never should, and what the log agent could not read. */
function complaintsAbout(sayings: Sayings, arrivals: Arrivals, agentComplaints: readonly string[]): readonly string[] {
  const never = (['tenant.lost_window', 'event.dead_lettered', 'api.element_unusable', 'ledger.newer', 'ledger.write_failed'] as const)
    .filter((line) => sayings.count(line) > 0).map((line) => `it said ${line}, ${sayings.count(line)} times`);
  return [
    ...never,
    ...sayings.strange.slice(0, 5).map((line) => `it said something strange: ${line}`),
    ...arrivals.mixedUp.slice(0, 5).map((text) => `an event came under another one's id: ${text}`),
    ...agentComplaints.slice(0, 5).map((text) => `the log agent could not read a frame: ${text}`),
  ];
}

/** Nothing is owed any more. */
export function complaintsOfLedger({ stateDir, simulator }: Simulation): Promise<readonly string[]> {
  return inCopiedLedger(stateDir, async (ledger) => {
    const complaints: string[] = [];
    for (const { id } of simulator.tenants) {
      const owed = (await ledger.tenant(id)).owed();
      if (owed.length > 0) complaints.push(`the ledger still owes ${owed.length} blobs: ${owed.slice(0, 5).map(({ contentId }) => contentId).join(', ')}`);
    }
    return complaints;
  });
}

/** Counts one more. */
export function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
