/**
 * Somebody deletes one document in a hundred behind the product's back. The ledger knows nothing of it: every event was delivered and acknowledged. The audit
 * asks the service for all that it still has, looks each event up in the store, names exactly those that are gone, and sends them again, and no other.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { audit } from '../../plugin/commands/audit.ts';
import { until } from '../support/manual-clock.ts';
import { prepareStore, preparedStoreIsMissing, type PreparedStore } from '../support/prepared-store.ts';
import { runProgram, type Program } from '../support/program.ts';
import { startForwardHost, type ForwardHost } from '../support/forward-host.ts';
import { realClock, startSimulation, type Simulation } from '../support/simulation.ts';
import { STORE_PRODUCTS } from '../support/store-node.ts';
import { argumentsOf, testSurroundings } from '../support/surroundings.ts';

const EVENTS = 1_000;
const DELETED = EVENTS / 100;

interface Json {
  readonly is_repaired: boolean;
  readonly done: readonly string[];
  readonly store: { readonly events_looked_up: number; readonly events_missing: number; readonly events_still_missing?: number };
  readonly tenants: readonly { readonly content_types: readonly { readonly content_type: string; readonly missing_event_ids: readonly string[]; readonly missing_events_by_hour: Readonly<Record<string, number>> }[] }[];
}

for (const product of STORE_PRODUCTS) suite(`an audit against ${product}`, { skip: preparedStoreIsMissing(product) }, () => {
  let store: PreparedStore;
  let namespace: string;
  let stream: string;
  let simulation: Simulation;
  let host: ForwardHost;

  before(async () => {
    [store, simulation, host] = await Promise.all([prepareStore(product), startSimulation({ eventCount: EVENTS }), startForwardHost()]);
    namespace = store.namespace();
    stream = `logs-o365.audit-${namespace}`;
  });
  after(async () => {
    await host.close();
    await simulation.close();
    await store.close();
  });

  /** What a log agent does with what it got. */
  async function storeFrom(from: number): Promise<void> {
    const documents = host.events.slice(from).map(({ record }) => record as { readonly event: { readonly id: string; readonly created: string } });
    const { statuses, reasons } = await store.create(documents.map((document) => ({ index: stream, id: document.event.id, text: JSON.stringify({ '@timestamp': document.event.created, ...document }) })));
    assert.deepEqual(statuses, { 201: documents.length }, reasons.join('\n'));
    await store.count(stream);
  }

  async function remove(ids: readonly string[]): Promise<void> {
    const documents = await store.documents(stream);
    const lines = ids.map((id) => `${JSON.stringify({ delete: { _index: documents.get(id)?.index, _id: id } })}\n`);
    assert.equal((await store.request('POST', '/_bulk?refresh=true', lines.join(''))).status, 200);
  }

  function run(words: readonly string[] = [], env: Readonly<Record<string, string>> = {}): Promise<Program> {
    return runProgram(['audit', ...simulation.words, '--format', 'ecs', '--output', host.url, '--elasticsearch', store.url, ...words], { env: { O365AUDIT_NAMESPACE: namespace, ...env } });
  }

  test('finds exactly what was deleted, by tenant, type and hour, and brings exactly that back', async () => {
    const collecting = await runProgram(['collect', ...simulation.words, '--once', '--namespace', namespace, '--format', 'ecs', '--output', host.url]);
    assert.equal(collecting.ending?.status, 0, collecting.stderr);
    await storeFrom(0);
    assert.equal(await store.count(stream), EVENTS);
    const complete = await run();
    assert.equal(complete.ending?.status, 0, complete.stdout + complete.stderr);
    assert.match(complete.stdout, new RegExp(`${EVENTS.toLocaleString('en-US')} events were looked up in [^]*✓ Nothing is missing\\.\n$`));

    const deleted = [...simulation.expectedIds()].sort().filter((_id, index) => index % (EVENTS / DELETED) === 0);
    await remove(deleted);
    assert.equal(await store.count(stream), EVENTS - DELETED);

    const found = await run(['--json']);
    const { store: looked, tenants } = JSON.parse(found.stdout) as Json;
    const feeds = tenants.flatMap(({ content_types: types }) => types);
    assert.deepEqual([found.ending?.status, looked.events_looked_up, looked.events_missing], [1, EVENTS, DELETED]);
    assert.deepEqual(feeds.flatMap(({ missing_event_ids: ids }) => ids).sort(), deleted);
    for (const { missing_event_ids: ids, missing_events_by_hour: hours } of feeds) assert.equal(Object.values(hours).reduce((sum, count) => sum + count, 0), ids.length);

    const sent = host.events.length;
    const repairing = run(['--repair', '--json']);
    await until(() => host.events.length >= sent + DELETED, 'what is missing to come again', 60_000);
    await storeFrom(sent);
    const repaired = await repairing;
    const { is_repaired: isRepaired, done, store: afterwards } = JSON.parse(repaired.stdout) as Json;
    assert.deepEqual([repaired.ending?.status, isRepaired, afterwards.events_missing, afterwards.events_still_missing], [0, true, DELETED, 0], repaired.stderr);
    assert.deepEqual(done, [`${DELETED} events were missing in the store, were sent again, and nothing of it is missing there now.`]);
    assert.deepEqual(host.events.slice(sent).map(({ record }) => (record as { event: { id: string } }).event.id).sort(), deleted, 'exactly these were sent');
    assert.equal(await store.count(stream), EVENTS);
    assert.equal((await run()).ending?.status, 0);
    assert.equal((await run([], { O365AUDIT_NAMESPACE: 'another' })).ending?.status, 0, 'what lies in the stream of an earlier namespace is not missing');
  });

  test('does not say that nothing is missing any more, as long as the store does not have what was sent again; and one event that is refused keeps no other back', async () => {
    const ids = [...simulation.expectedIds()].slice(0, 20);
    await remove(ids);
    host.misbehave('refuse-event', { id: ids[7] ?? '' });
    const sent = host.events.length;
    let looks = 0;
    const surroundings = testSurroundings({ clock: { ...realClock, wait: (ms, signal) => {
      if (ms === 5_000) looks += 1;
      return realClock.wait(ms === 5_000 ? 100 : ms, signal);
    } } });
    const status = await audit(await argumentsOf('audit', [...simulation.words, '--format', 'ecs', '--output', host.url, '--elasticsearch', store.url, '--namespace', namespace, '--repair', '--frame-attempts', '2']), surroundings);
    await host.behave();
    assert.deepEqual(new Set(host.events.slice(sent).map(({ record }) => (record as { event: { id: string } }).event.id)), new Set(ids.filter((_, index) => index !== 7)));
    assert.match(surroundings.said.stdout, /20 events were missing in the store, were sent again, and 20 cannot be found there yet\.[^]*1 of these events is not taken by the log agent[^]*! 20 events are missing in the store\.\n$/);
    assert.equal(status, 1);
    assert.equal(looks, 12);
  });
});
