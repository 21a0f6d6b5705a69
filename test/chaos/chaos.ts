/**
 * The collector between a service and a log agent that both do everything wrong that anybody has seen or feared, killed again and again, its journals cut off,
 * damaged, and grown until they are written anew; then everybody behaves, and the simulator's books tell whether anything is missing. Two tenants, so that one can
 * get in the other's way. Some events the log agent refuses for ever: they must lie among the dead letters, until it relents and they are sent again. In some runs
 * it acknowledges before it has written, and dies in between; the collector is told so by --ack-settle.
 *
 * The seed fixes what is done wrong, not when a busy machine gets to it: the same seed makes the same trouble, and not exactly the same run.
 */
import { crc32 } from 'node:zlib';
import { listDeadLetters } from '../../plugin/ledger/dead-letters.ts';
import { seededRandom, type Random } from '../../plugin/simulator/random.ts';
import type { SimulatorOptions } from '../../plugin/simulator/simulator.ts';
import { untilListable } from '../support/backlog.ts';
import { inCopiedLedger } from '../support/earlier-run.ts';
import { simulatedEvents } from '../support/events.ts';
import { startForwardHost, type ForwardHost, type ReceivedEvent } from '../support/forward-host.ts';
import { startProgram, type Program } from '../support/program.ts';
import { startSimulation, type Simulation } from '../support/simulation.ts';
import { damageJournals, drawDoom, growJournals, type Doom } from './doom.ts';
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
  /** What else happened. */
  readonly figures: ReadonlyMap<'events refused for ever' | 'events forgotten after their acknowledgement' | 'journals grown' | 'journals written anew', number>;
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
/** Each event that is refused takes some seconds, one after the other. */
const CALM_LIMIT_MS = 900_000;
/** One event in so many is refused for ever, besides one that nothing else can keep out. */
const REFUSED_ONE_IN = 2_000;
/** The share of runs before which journals have grown. */
const GROWN_SHARE = 0.2;
/** How long the log agent holds in memory what it has acknowledged, in the share of runs that know of it, and how long these wait. */
const FORGETFUL_SHARE = 0.3;
const WRITE_AFTER_MS = 500;
const ACK_SETTLE = '2s';
/** Kills while a note is on its way to the disk. */
const IN_WRITES = /write|sync|rename/;

/** What the steps of a chaos share. */
interface Bed {
  readonly simulation: Simulation;
  readonly host: ForwardHost;
  readonly arrivals: Arrivals;
  readonly sayings: Sayings;
  /** The words for whatever reads from the simulation and sends to the host; and for a collector. */
  readonly words: readonly string[];
  readonly collect: readonly string[];
  readonly refuses: (id: string) => boolean;
  /** Events that are refused, whatever their ids. */
  readonly chosen: Set<string>;
}

/** Does all that, and judges. Rejects only when it cannot be done. */
export async function runChaos({ kills, seed, tell = () => undefined }: ChaosOptions): Promise<ChaosReport> {
  const startMs = performance.now();
  const random = seededRandom(seed, 'chaos');
  const arrivals = new Arrivals();
  const simulation = await startSimulation({ ...SERVICE, seed });
  const host = await startForwardHost({ keepEvents: false, onEvent: (event) => arrivals.note(event) });
  const chosen = new Set<string>();
  const refuses = (id: string): boolean => chosen.has(id) || crc32(`${seed}\n${id}`) % REFUSED_ONE_IN === 0;
  host.refuseAlways(refuses);
  const words = [...simulation.words, '--output', host.url, '--log-level', 'debug', '--log-format', 'json'];
  const collect = ['collect', ...words, '--ack-timeout', '1s', '--frame-size', '16KiB', '-M', 'o365.audit.var.api.poll_interval=300ms', '-M', 'o365.audit.var.api.error_retry_interval=300ms'];
  const bed = { simulation, host, arrivals, sayings: new Sayings(), words, collect, refuses, chosen };
  const counts = { kills: new Map<string, number>(), damage: new Map<string, number>(), ownEnds: new Map<string, number>() };
  const complaints: string[] = [];
  let grown = 0;
  try {
    const mischief = makeMischief(simulation.simulator, host, seededRandom(seed, 'mischief'));
    for (let killed = 0, ends = 0; killed < kills && ends < MOST_OWN_ENDS;) {
      // none so far may be a matter of who was quicker
      const isToGrow = random.chance(GROWN_SHARE) || (grown === 0 && killed >= kills / 2);
      const growing = isToGrow ? growJournals(simulation.stateDir) : 0;
      grown += growing;
      const doom = drawDoom(random, growing > 0);
      const { ending, stderr } = await runOnce(bed, doom, random);
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
    const forgotten = [...counts.damage.values(), ...[...counts.kills].filter(([kind]) => IN_WRITES.test(kind)).map(([, times]) => times)].reduce((sum, times) => sum + times, 0);
    const { verdict, ...calmed } = await calm(bed, forgotten);
    complaints.push(...calmed.complaints, ...complaintsAbout(bed), ...await complaintsOfLedger(simulation), ...verdict.complaints);
    const { books } = simulation.simulator;
    return {
      ...verdict, ...counts, complaints, agent: mischief.agent, service: servedFaults(simulation), blobs: books.blobs().length, requests: books.snapshot().requests, seconds: (performance.now() - startMs) / 1000,
      figures: new Map([
        ['events refused for ever', calmed.refused], ['events forgotten after their acknowledgement', host.forgotten], ['journals grown', grown], ['journals written anew', bed.sayings.count('ledger.snapshot')],
      ]),
    };
  } finally {
    await host.close();
    await simulation.close();
  }
}

/** One run to its doom; whether it knows that the log agent forgets, and how soon it takes a batch apart, is drawn. */
function runOnce({ host, collect, sayings, arrivals }: Bed, doom: Doom, random: Random): ReturnType<typeof runToDoom> {
  const isForgetful = random.chance(FORGETFUL_SHARE);
  host.writeAfter(isForgetful ? WRITE_AFTER_MS : 0);
  const words = [...collect, '--ack-settle', isForgetful ? ACK_SETTLE : '0s', '--frame-attempts', random.pick(['2', '8'])];
  return runToDoom(words, doom, { sayings, arrivals: () => arrivals.total, onArrival: (callback) => arrivals.watch(callback) });
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

interface Calmed {
  readonly complaints: readonly string[];
  readonly verdict: Verdict;
  /** Events that were refused for ever, until the log agent relented. */
  readonly refused: number;
}

/** Lets the collector finish in peace; then the log agent relents and dead letters are sent again; and once more, when there is nothing left to do. */
async function calm(bed: Bed, forgotten: number): Promise<Calmed> {
  const { simulation, host, arrivals, sayings, words, collect, refuses, chosen } = bed;
  arrivals.watch(() => undefined);
  sayings.watch(() => undefined);
  host.writeAfter(0);
  const complaints: string[] = [];
  const run = async (occasion: string, program: Program): Promise<void> => {
    const { status } = await program.ended(CALM_LIMIT_MS).catch((error: unknown) => {
      program.child.kill('SIGKILL');
      throw error;
    });
    if (status !== 0) complaints.push(`a run ${occasion} ended with status ${String(status)}: ${program.stderr.slice(-1_000)}`);
  };
  const collecting = (...more: readonly string[]): Program => {
    const program = startProgram([...collect, '--once', ...more]);
    sayings.follow(program);
    return program;
  };
  const letterIds = async (): Promise<readonly string[]> => (await listDeadLetters(simulation.stateDir, (file) => complaints.push(`a dead letter is damaged: ${file}`))).map(({ eventId }) => eventId);
  // a blob that the service has made while its clock was ahead can become listable after a run has listed
  let listable: ReadonlySet<string> = new Set();
  const judged = (kept: readonly string[]): Verdict => {
    const evidence = evidenceOf(simulation, { arrived: new Map([...kept.map((id): [string, number] => [id, 1]), ...arrivals.times]), lost: sayings.lost, forgotten });
    return judge({ ...evidence, expected: new Set([...evidence.expected].filter((id) => listable.has(id))) });
  };

  const { ids: [first] } = simulation.simulator.addEvents({ ndjson: simulatedEvents().slice(0, 20).map(({ text }) => text.toString('latin1')).join('\n') });
  chosen.add(String(first));
  await untilListable();
  listable = simulation.expectedIds();
  await run('in peace', collecting('--frame-attempts', '2'));
  const letters = await letterIds();
  complaints.push(...judged(letters).complaints.map((complaint) => `while some events are refused: ${complaint}`));

  host.refuseAlways(() => false);
  const before = new Map(arrivals.times);
  await run('that sends dead letters again', startProgram(['replay', '--dead-letters', ...words]));
  const left = await letterIds();
  if (left.length > 0) complaints.push(`${left.length} dead letters are left`);
  const wrong = letters.filter((id) => (arrivals.times.get(id) ?? 0) - (before.get(id) ?? 0) !== 1 || (refuses(id) && arrivals.times.get(id) !== 1));
  if (wrong.length > 0) complaints.push(`${wrong.length} dead letters did not arrive once: ${wrong.slice(0, 5).join(', ')}`);

  const again = arrivals.again;
  listable = simulation.expectedIds();
  await run('with nothing left to do', collecting());
  if (arrivals.again > again) complaints.push(`a run with nothing left to do delivered ${arrivals.again - again} events again`);
  return { complaints, verdict: judged([]), refused: letters.filter(refuses).length };
}

/** What the collector says that it never should, and what the log agent could not read. */
function complaintsAbout({ sayings, arrivals, host }: Bed): readonly string[] {
  const never = (['tenant.lost_window', 'letters.full', 'letters.damaged', 'api.element_unusable', 'ledger.newer', 'ledger.write_failed'] as const)
    .filter((line) => sayings.count(line) > 0).map((line) => `it said ${line}, ${sayings.count(line)} times`);
  return [
    ...never,
    ...sayings.strange.slice(0, 5).map((line) => `it said something strange: ${line}`),
    ...arrivals.mixedUp.slice(0, 5).map((text) => `an event came under another one's id: ${text}`),
    ...host.complaints.slice(0, 5).map((text) => `the log agent could not read a frame: ${text}`),
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
