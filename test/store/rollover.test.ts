/**
 * A store keeps one document by an id only within one index: when its data stream has rolled over, it takes the same id again. The collector remembers which
 * events it has delivered, so an event that the service serves again, in another blob, does not come to be stored twice.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import { eventually, everySecond, startChain } from '../support/chain.ts';
import { fluentBitIsMissing } from '../support/fluent-bit.ts';
import { prepareStore, preparedStoreIsMissing, type PreparedStore } from '../support/prepared-store.ts';
import { STORE_PRODUCTS } from '../support/store-node.ts';

const COUNT = 20;

for (const product of STORE_PRODUCTS) suite(product, { skip: fluentBitIsMissing() || preparedStoreIsMissing(product) }, () => {
  let store: PreparedStore;
  before(async () => {
    store = await prepareStore(product);
  });
  after(() => store.close());

  test('After a rollover it holds events twice that are sent twice.', async (t) => {
    assert.equal(await documentsAfterRollover(t, { O365AUDIT_DEDUPE: 'false' }), 2 * COUNT + 1);
  });

  test('The collector does not send them twice.', async (t) => {
    assert.equal(await documentsAfterRollover(t, {}), COUNT + 1);
  });

  /** How many documents there are when the data stream has rolled over, and the service has then served the same events again, with one more. */
  async function documentsAfterRollover(t: TestContext, environment: Readonly<Record<string, string>>): Promise<number> {
    const namespace = store.namespace();
    const index = `logs-o365.audit-${namespace}`;
    const { simulator, agent } = await startChain(t, { storePort: store.port, simulator: { eventCount: 0 }, configure: everySecond, environment: { O365AUDIT_NAMESPACE: namespace, ...environment } });
    const events = Array.from({ length: COUNT }, (_, number) => eventOf(`${namespace}-${number}`));
    const serve = (lines: readonly string[]): unknown => simulator.addEvents({ ndjson: lines.join('\n'), contentType: 'Audit.General', verbatim: true, ageMs: 60_000 });
    serve(events);
    await eventually(async () => await store.count(index).catch(() => 0 /* it is being made */) === COUNT, 'the first time');
    await eventually(() => Promise.resolve(agent.statuses('caught_up').length > 0), 'the end of the first time');
    assert.equal((await store.request('POST', `/${index}/_rollover`)).status, 200);
    serve([...events, eventOf(`${namespace}-more`)]);
    await eventually(async () => await store.count(index, { term: { 'event.id': `${namespace}-more` } }) === 1, 'the event that comes with the second time');
    await eventually(async () => await agent.chunkCount() === 0, 'the end of the second time');
    return store.count(index);
  }
});

function eventOf(id: string): string {
  return JSON.stringify({ Id: id, CreationTime: '2026-09-01T08:15:30', RecordType: 6, Operation: 'FileAccessed', Workload: 'SharePoint', UserId: 'ada.quill@brackwater.example' });
}
