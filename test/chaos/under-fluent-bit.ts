/**
 * The same with the real Fluent Bit between the collector and a store: fluent-bit.conf as it stands. Kills hit the collector, which Fluent Bit starts again, or
 * Fluent Bit itself, whose collector ends with it; the store throttles, fails, forgets to answer and goes away. What counts is what the store has in the end.
 */
import { seededRandom, type Random } from '../../plugin/simulator/random.ts';
import { untilListable } from '../support/backlog.ts';
import { startBulkEndpoint, type BulkEndpoint, type StoreFault } from '../support/bulk-endpoint.ts';
import { isRunning, startFluentBit, type FluentBit } from '../support/fluent-bit.ts';
import { until } from '../support/manual-clock.ts';
import { realClock, startSimulation } from '../support/simulation.ts';
import { complaintsOfLedger, count, evidenceOf, servedFaults, SERVICE, type ChaosOptions, type ChaosReport } from './chaos.ts';
import { makeMischief } from './mischief.ts';
import { judge } from './verdict.ts';

/** How long a kill is waited for, and a misbehaviour of the store lasts. */
const LIFE_MS = [300, 5_000] as const;
const STORE_MS = [200, 2_500] as const;
/** Fluent Bit starts the collector again after a second; one that cannot start waits longer. */
const START_LIMIT_MS = 60_000;
/** The longest that everything may take to arrive when nobody disturbs it any more. */
const CALM_LIMIT_MS = 300_000;
const LOST = /A content blob can no longer be had: its events are lost\..* contentId=(\S+) reason=(.*)$/gm;

const STORE: readonly (StoreFault | 'leave')[] = [
  { kind: 'status', status: 429 }, { kind: 'status', status: 500 }, { kind: 'status', status: 503 }, { kind: 'throttle-some', nth: 3 }, { kind: 'lose-answer' }, { kind: 'slow', ms: 500 }, 'leave',
];

/** Does all that, and judges. Rejects only when it cannot be done. */
export async function runUnderFluentBit({ kills, seed, tell = () => undefined }: ChaosOptions): Promise<ChaosReport> {
  const startMs = performance.now();
  const random = seededRandom(seed, 'chaos');
  const simulation = await startSimulation({ ...SERVICE, seed }, (text) => `${text}      poll_interval: 300ms\n      error_retry_interval: 300ms\n`);
  const store = await startBulkEndpoint();
  const lost = new Map<string, string>();
  const counts = { kills: new Map<string, number>(), damage: new Map<string, number>(), ownEnds: new Map<string, number>() };
  const start = (): Promise<FluentBit> => startFluentBit({
    configuration: 'fluent-bit.conf', environment: { O365AUDIT_CONFIG: simulation.config, O365AUDIT_STATE_DIR: simulation.stateDir, O365AUDIT_STORE_PORT: String(store.port) },
  });
  const listen = (agent: FluentBit): void => {
    for (const [, contentId = '', reason = ''] of agent.said().matchAll(LOST)) lost.set(contentId, reason);
  };
  let agent = await start();
  try {
    const mischief = makeMischief(simulation.simulator, undefined, seededRandom(seed, 'mischief'));
    const trouble = makeStoreTrouble(store, seededRandom(seed, 'store'));
    for (let killed = 1; killed <= kills; killed += 1) {
      await realClock.wait(random.integer(...LIFE_MS));
      await until(() => agent.collector() !== undefined, 'a collector', START_LIMIT_MS);
      const whom = random.pick(['the collector', 'Fluent Bit']);
      const collector = agent.collector();
      if (whom === 'Fluent Bit') {
        await agent.kill();
        await until(() => !isRunning(collector), 'the end of the collector', START_LIMIT_MS);
      } else if (collector !== undefined && isRunning(collector)) process.kill(collector, 'SIGKILL');
      listen(agent);
      if (whom === 'Fluent Bit') agent = await start();
      count(counts.kills, whom);
      tell(`kill ${killed}, ${whom}: ${store.documents.size} documents, ${store.counts.duplicates} came again`);
    }
    await mischief.end();
    await trouble.end();
    // a chunk that the store has refused waits for up to five minutes; a fresh start sends it at once
    await agent.stop();
    listen(agent);
    agent = await start();
    await untilListable();
    const evidence = () => evidenceOf(simulation, { arrived: new Map([...store.documents.keys()].map((id) => [id, 1])), lost, forgotten: kills });
    await until(() => {
      listen(agent);
      return agent.statuses('caught_up').length >= simulation.simulator.tenants.length && judge(evidence()).complaints.length === 0;
    }, 'everything in the store', CALM_LIMIT_MS).catch(() => undefined /* the verdict says what is missing */);
    await agent.stop();
    listen(agent);
    const verdict = judge(evidence());
    const complaints = [...verdict.complaints, ...await complaintsOfLedger(simulation), ...store.complaints.slice(0, 5).map((text) => `the store could not read a request: ${text}`)];
    const { books } = simulation.simulator;
    return {
      ...verdict, ...counts, complaints, again: store.counts.duplicates, agent: trouble.happened, figures: new Map(), service: servedFaults(simulation),
      blobs: books.blobs().length, requests: books.snapshot().requests, seconds: (performance.now() - startMs) / 1000,
    };
  } finally {
    await agent.kill();
    await store.close();
    await simulation.close();
  }
}

/** Has the store misbehave now and then. */
function makeStoreTrouble(store: BulkEndpoint, random: Random): { readonly happened: ReadonlyMap<string, number>; end(): Promise<void> } {
  const stop = new AbortController();
  const happened = new Map<string, number>();
  const ended = (async () => {
    while (!stop.signal.aborted) {
      const fault = random.pick(STORE);
      count(happened, `store: ${fault === 'leave' ? fault : fault.kind}`);
      if (fault === 'leave') await store.leave();
      else store.behave(fault);
      await realClock.wait(random.integer(...STORE_MS));
      if (fault === 'leave') await store.listen();
      store.behave();
      await realClock.wait(random.integer(...STORE_MS));
    }
  })();
  // whoever calls end() learns of it
  ended.catch(() => undefined);
  return {
    happened,
    async end() {
      stop.abort();
      await ended;
    },
  };
}

