/** Tenants that have a namespace each land in a data stream each, in a real store; what the collector says of itself lands in another and is no event. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { eventually, metricsOf, startChain } from '../support/chain.ts';
import { fluentBitIsMissing } from '../support/fluent-bit.ts';
import { prepareStore, preparedStoreIsMissing, type PreparedStore } from '../support/prepared-store.ts';
import { runProgram } from '../support/program.ts';
import { STORE_PRODUCTS } from '../support/store-node.ts';

interface Found {
  readonly event: { readonly id: string; readonly dataset: string };
  readonly organization?: { readonly id: string };
  readonly data_stream: Readonly<Record<string, string>>;
}

for (const product of STORE_PRODUCTS) suite(product, { skip: fluentBitIsMissing() || preparedStoreIsMissing(product) }, () => {
  let store: PreparedStore;
  before(async () => {
    store = await prepareStore(product);
  });
  after(() => store.close());

  test('Of three tenants two have namespaces of their own, and the third has the collector\'s; nothing is refused, and no status record is among the events.', async (t) => {
    const [first, second, rest] = [store.namespace(), store.namespace(), store.namespace()];
    const { simulator, agent, folder } = await startChain(t, {
      storePort: store.port, simulator: { tenants: 3, eventCount: 900 }, environment: { O365AUDIT_NAMESPACE: rest, O365AUDIT_STORE_STATUS: 'o365.status' },
      configure: (text, { tenants: [one, two] }) => text.replace(`"${one?.name ?? ''}"`, `$&\n        namespace: ${first}`).replace(`"${two?.name ?? ''}"`, `$&\n        namespace: ${second}`),
    });
    const seen = new Set<string>();
    for (const [index, namespace] of [first, second, rest].entries()) {
      const id = simulator.tenants[index]?.id ?? '';
      const books = simulator.books.snapshot().tenants[id] ?? assert.fail();
      const expected = Object.values(books.contentTypes).reduce((sum, { expectedEvents }) => sum + expectedEvents, 0);
      assert.ok(expected > 100);
      await eventually(async () => await store.count(`logs-o365.audit-${namespace}`).catch(() => 0) >= expected, `the events of tenant ${index}`);
      const documents = await store.documents(`logs-o365.audit-${namespace}`);
      assert.equal(documents.size, expected);
      for (const [_id, { source }] of documents) {
        const { event, organization, data_stream: stream } = source as Found;
        assert.deepEqual([event.id, event.dataset, organization?.id, stream], [_id, 'o365.audit', id, { type: 'logs', dataset: 'o365.audit', namespace }]);
        assert.ok(!seen.has(_id));
        seen.add(_id);
      }
      // in the form in which rules and dashboards ask
      assert.equal(await store.count('logs-o365.audit-*', { term: { 'data_stream.namespace': namespace } }), expected);
    }
    await eventually(async () => await store.count(`logs-o365.status-${rest}`, { term: { 'event.action': 'caught_up' } }) === 3, 'a status record of each tenant');
    for (const [id, { source }] of await store.documents(`logs-o365.status-${rest}`)) {
      const { event, data_stream: stream } = source as Found;
      assert.deepEqual([event.id, stream], [id, { type: 'logs', dataset: 'o365.status', namespace: rest }]);
      assert.ok(!seen.has(id));
    }
    assert.equal(await store.count('logs-o365.audit-*', { exists: { field: 'o365.status' } }), 0);
    assert.equal(await store.count('logs-o365.status-*', { exists: { field: 'o365.audit.Id' } }), 0);
    const audit = await runProgram(['audit', '-c', join(folder, 'o365.yml'), '--state-dir', join(folder, 'state'), '--elasticsearch', store.url], { env: { O365AUDIT_NAMESPACE: rest } });
    assert.equal(audit.ending?.status, 0, audit.stdout + audit.stderr);
    assert.match(audit.stdout, /900 events were looked up/);
    assert.match(await metricsOf(agent), /fluentbit_output_dropped_records_total\{name="store"\} 0/);
  });
});
