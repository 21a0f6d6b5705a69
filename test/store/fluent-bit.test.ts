/**
 * The whole way with real parts: a simulated Microsoft 365, the collector, Fluent Bit with fluent-bit.conf as it stands, and a real store that `setup` has
 * prepared. What the store then holds is compared with the service's books, and the store misbehaves in the ways that lose events elsewhere.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import type { Simulator } from '../../plugin/simulator/simulator.ts';
import { eventually, everySecond, metricsOf, startChain, type Chain, type ChainOptions } from '../support/chain.ts';
import { fluentBitIsMissing } from '../support/fluent-bit.ts';
import { until } from '../support/manual-clock.ts';
import { prepareStore, preparedStoreIsMissing, type PreparedStore } from '../support/prepared-store.ts';
import { expectedIds } from '../support/simulation.ts';
import { STORE_PRODUCTS } from '../support/store-node.ts';
import { startStoreProxy, type StoreProxy } from '../support/store-proxy.ts';

/** The longest time that anything here may take on a busy machine. */
const LIMIT_MS = 300_000;
/** An hour has so many times the five minutes between two rounds of a collector. */
const ROUNDS_OF_AN_HOUR = 12;

for (const product of STORE_PRODUCTS) suite(product, { skip: fluentBitIsMissing() || preparedStoreIsMissing(product) }, () => {
  let store: PreparedStore;
  before(async () => {
    store = await prepareStore(product);
  });
  after(() => store.close());

  test('holds every event once, in the data stream of the namespace, and the status records in another.', async (t) => {
    const { chain, namespace } = await start(t, { simulator: { eventCount: 2_000 }, environment: { O365AUDIT_STORE_STATUS: 'o365.status' } });
    const ids = expectedIds(chain.simulator);
    await holds(chain, namespace, ids);
    const documents = await store.documents(`logs-o365.audit-${namespace}`);
    assert.deepEqual(new Set(documents.keys()), ids);
    for (const [id, { source }] of documents) assert.equal((source as { event: { id: string } }).event.id, id);
    await until(() => chain.agent.statuses('caught_up').length > 0, 'the end of collecting', LIMIT_MS);
    const said = ['started', 'caught_up'].flatMap((action) => chain.agent.statuses(action).map(({ event }) => event.id));
    await eventually(async () => await store.count(`logs-o365.status-${namespace}`, { terms: { 'event.id': said } }) === said.length, 'the status records');
    const statuses = await store.documents(`logs-o365.status-${namespace}`);
    assert.deepEqual([...statuses.keys()].filter((id) => ids.has(id)), []);
    for (const { event: { id, action } } of chain.agent.statuses('started')) assert.equal((statuses.get(id)?.source as { event: { action: string } } | undefined)?.event.action, action);
    assert.equal(await chain.agent.stop(), 0);
  });

  test('holds every event once after its answers were lost, and nothing is sent for ever.', async (t) => {
    const { chain, namespace, proxy } = await startBehindProxy(t, { simulator: { eventCount: 600 } }, (the) => the.behave('lose-answer', 2));
    const ids = expectedIds(chain.simulator);
    await holds(chain, namespace, ids);
    // whole chunks came again, and the store knew all of each
    assert.ok((proxy.counts.statuses[409] ?? 0) > 0, JSON.stringify(proxy.counts));
    assert.deepEqual(Object.keys(proxy.counts.statuses), ['201', '409']);
    assert.equal(proxy.counts.statuses[201], ids.size);
    const { requests } = proxy.counts;
    await eventually(async () => await chain.agent.chunkCount() === 0, 'the agent to have nothing left by its own account');
    assert.equal(proxy.counts.requests, requests);
    assert.match(await metricsOf(chain.agent), /fluentbit_output_dropped_records_total\{name="store"\} 0/);
  });

  const putOff = { 'throttled half of them': 'throttle-half', 'given up half of them, whose names it had not learnt in time': 'give-up-half' } as const;
  for (const [what, fault] of Object.entries(putOff)) test(`holds every event once after it has ${what}.`, async (t) => {
    const { chain, namespace, proxy } = await startBehindProxy(t, { simulator: { eventCount: 600 } }, (the) => the.behave(fault));
    const ids = expectedIds(chain.simulator);
    await until(() => proxy.counts.putOff >= 100, 'a hundred that are put off', LIMIT_MS);
    proxy.behave();
    await holds(chain, namespace, ids);
    assert.equal(proxy.counts.statuses[201], ids.size);
    assert.match(await metricsOf(chain.agent), /fluentbit_output_dropped_records_total\{name="store"\} 0/);
  });

  test('has refused one event: only its chunk waits, the metrics show it, and when the index is mended it is delivered.', async (t) => {
    const namespace = store.namespace();
    await templateOver(namespace, { o365: { properties: { audit: { properties: { Sluice: { type: 'long', ignore_malformed: false } } } } } });
    const { chain } = await start(t, { simulator: { eventCount: 300 }, configure: everySecond }, namespace);
    const { simulator, agent } = chain;
    await holds(chain, namespace, expectedIds(simulator));
    const [refused = ''] = addEvents(simulator, [{ Operation: 'SluiceOpened', Sluice: 'wide' }, { Operation: 'SluiceOpened', Sluice: '7' }]);
    await eventually(async () => /fluentbit_output_retries_total\{name="store"\} [1-9]/.test(await metricsOf(chain.agent)), 'a retry in the metrics');
    const later = addEvents(simulator, Array.from({ length: 50 }, () => ({ Operation: 'SluiceClosed' })));
    const all = expectedIds(simulator);
    await eventually(async () => await store.count(`logs-o365.audit-${namespace}`) === all.size - 1, 'all events but one');
    await eventually(async () => await agent.chunkCount() === 1, 'one chunk that waits');
    // by its own account of up to five seconds ago
    await until(() => chain.chunkFileCount() === 1, 'one file that waits', LIMIT_MS);
    const found = await store.find(`logs-o365.audit-${namespace}`, { match_all: {} });
    assert.deepEqual([...all].filter((id) => !found.has(id)), [refused]);
    assert.ok(later.every((id) => found.has(id)));

    await templateOver(namespace, { o365: { properties: { audit: { properties: { Sluice: { type: 'keyword' } } } } } });
    assert.equal((await store.request('POST', `/logs-o365.audit-${namespace}/_rollover`)).status, 200);
    await eventually(async () => await store.count(`logs-o365.audit-${namespace}`, { term: { 'event.id': refused } }) === 1, 'the event that was refused', 2 * LIMIT_MS);
    await until(() => chain.chunkFileCount() === 0, 'no chunk that waits', LIMIT_MS);
  });

  test('was away for an hour, and holds every event once a moment after it is back.', { skip: process.env[`O365AUDIT_TEST_${product.toUpperCase()}`] !== undefined && 'a store that the tests cannot stop, for its node is not on PATH' }, async (t) => {
    const { node } = store;
    assert.ok(node !== undefined);
    const { chain, namespace } = await start(t, { simulator: { eventCount: 300 }, configure: everySecond });
    const { simulator } = chain;
    await holds(chain, namespace, expectedIds(simulator));
    await node.stop();
    for (let round = 0; round < ROUNDS_OF_AN_HOUR; round += 1) {
      const served = simulator.books.snapshot().requests;
      addEvents(simulator, Array.from({ length: 40 }, () => ({ Operation: 'SluiceOpened' })));
      await until(() => simulator.books.snapshot().requests > served + 5, 'a round of the collector', LIMIT_MS);
    }
    await node.start();
    const ids = expectedIds(simulator);
    assert.equal(ids.size, 300 + 40 * ROUNDS_OF_AN_HOUR);
    await holds(chain, namespace, ids);
    assert.match(await metricsOf(chain.agent), /fluentbit_output_dropped_records_total\{name="store"\} 0/);
  });

  async function start(t: TestContext, options: Omit<ChainOptions, 'storePort'>, namespace = store.namespace(), storePort = store.port): Promise<{ readonly chain: Chain; readonly namespace: string }> {
    return { chain: await startChain(t, { ...options, storePort, environment: { O365AUDIT_NAMESPACE: namespace, ...options.environment } }), namespace };
  }

  async function startBehindProxy(t: TestContext, options: Omit<ChainOptions, 'storePort'>, prepare: (proxy: StoreProxy) => void): Promise<{ readonly chain: Chain; readonly namespace: string; readonly proxy: StoreProxy }> {
    const proxy = await startStoreProxy(store.url);
    t.after(() => proxy.close());
    prepare(proxy);
    return { ...await start(t, options, store.namespace(), proxy.port), proxy };
  }

  /** Waits until the data stream holds exactly these ids, and the agent has nothing left. */
  async function holds(chain: Chain, namespace: string, ids: ReadonlySet<string>): Promise<void> {
    let found: ReadonlySet<string> = new Set();
    await eventually(async () => {
      found = await store.find(`logs-o365.audit-${namespace}`, { match_all: {} }).catch(() => new Set<string>());
      return found.size >= ids.size;
    }, 'all events in the store').catch((error: unknown) => {
      throw new Error(`${String(error)}: ${found.size} of ${ids.size}\n${chain.agent.said().slice(-5_000)}`);
    });
    assert.deepEqual(found, ids);
    await until(() => chain.chunkFileCount() === 0, 'an agent without chunks', LIMIT_MS);
  }

  /** An operator's own template for a namespace, over that of `setup`. */
  async function templateOver(namespace: string, properties: object): Promise<void> {
    const answer = await store.request('PUT', `/_index_template/${namespace}`, {
      index_patterns: [`logs-o365.audit-${namespace}`], data_stream: {}, priority: 1_000, composed_of: ['o365audit-events@mappings', 'o365audit-events@settings'], template: { mappings: { properties } },
    });
    assert.equal(answer.status, 200, answer.text);
  }
});

/** Adds a blob of events to what the service offers, and tells their ids. */
function addEvents(simulator: Simulator, events: readonly Readonly<Record<string, string>>[]): readonly string[] {
  const ndjson = events.map((event) => JSON.stringify({ Id: '', CreationTime: '2026-09-01T08:15:30', RecordType: 6, Workload: 'SharePoint', UserId: 'ada.quill@brackwater.example', ...event })).join('\n');
  return simulator.addEvents({ ndjson, contentType: 'Audit.General', ageMs: 60_000 }).ids.map((id) => id ?? assert.fail());
}
