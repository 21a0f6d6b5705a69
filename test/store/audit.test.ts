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
import { eventIdOf, realClock, startSimulation, type Simulation } from '../support/simulation.ts';
import { failureOf } from '../support/failures.ts';
import { startStoreFront, type FrontAnswer } from '../support/store-front.ts';
import { STORE_PRODUCTS } from '../support/store-node.ts';
import { argumentsOf, testSurroundings } from '../support/surroundings.ts';

const EVENTS = 1_000;
const DELETED = EVENTS / 100;
const KEEPS_MS = 12 * 3_600_000;

interface Json {
  readonly is_repaired: boolean;
  readonly done: readonly string[];
  readonly store: { readonly events_looked_up: number; readonly events_missing: number; readonly events_still_missing?: number; readonly events_older_than_kept: number; readonly retention: readonly object[] };
  readonly tenants: readonly { readonly content_types: readonly { readonly content_type: string; readonly events_older_than_kept: number; readonly missing_event_ids: readonly string[]; readonly missing_events_by_hour: Readonly<Record<string, number>> }[] }[];
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
  async function storeFrom(from: number, to?: number, ids?: ReadonlySet<string>): Promise<void> {
    const documents = host.events.slice(from, to).map(({ record }) => record as { readonly event: { readonly id: string; readonly created: string } }).filter(({ event: { id } }) => ids?.has(id) ?? true);
    const { statuses, reasons } = await store.create(documents.map((document) => ({ index: stream, id: document.event.id, text: JSON.stringify({ '@timestamp': document.event.created, ...document }) })));
    assert.deepEqual(statuses, { 201: documents.length }, reasons.join('\n'));
    await store.count(stream);
  }

  async function backingIndices(): Promise<Set<string>> {
    return new Set([...(await store.documents(stream)).values()].map(({ index }) => index));
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

  suite('of a data stream that keeps twelve hours', () => {
    let kept: Simulation;
    let old: Set<string>;
    let young: readonly string[];

    before(async () => {
      kept = await startSimulation({ eventCount: 200, eventsPerBlob: 5, seed: 7 });
      namespace = store.namespace();
      stream = `logs-o365.audit-${namespace}`;
      const from = host.events.length;
      const collecting = await runProgram(['collect', ...kept.words, '--once', '--namespace', namespace, '--format', 'ecs', '--output', host.url]);
      assert.equal(collecting.ending?.status, 0, collecting.stderr);
      const limitMs = Date.now() - KEEPS_MS;
      old = new Set(kept.simulator.books.blobs().filter(({ createdMs }) => createdMs < limitMs).flatMap(({ contentType, ids }) => ids.flatMap((id) => id === undefined ? [] : eventIdOf(contentType, id))));
      young = [...kept.expectedIds()].filter((id) => !old.has(id)).sort();
      assert.ok(old.size > 20 && young.length > 20);
      const to = host.events.length;
      await storeFrom(from, to, old);
      assert.equal((await store.request('POST', `/${stream}/_rollover`)).status, 200);
      await storeFrom(from, to, new Set(young));
    });
    after(() => kept.close());

    /** Everything was stored long ago: nobody needs to wait for it. */
    async function auditBefore(instead: Parameters<typeof startStoreFront>[1], words: readonly string[] = ['--json']): Promise<{ readonly status: number; readonly stdout: string }> {
      const front = await startStoreFront(store.url, instead);
      try {
        const surroundings = testSurroundings({ clock: { ...realClock, wait: (_ms, signal) => realClock.wait(10, signal) } });
        const status = await audit(await argumentsOf('audit', [...kept.words, '--format', 'ecs', '--output', host.url, '--namespace', namespace, '--elasticsearch', front.url.href, ...words]), surroundings);
        return { status, stdout: surroundings.said.stdout };
      } finally {
        await front.close();
      }
    }

    /** What the distributions answer, and their test nodes cannot: https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-indices-get-data-stream */
    const ways: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
      'its lifecycle': { '/_data_stream/STREAM': { data_streams: [{ name: 'STREAM', lifecycle: { enabled: true, data_retention: '12h', effective_retention: '12h', retention_determined_by: 'data_stream_configuration' } }] } },
      'a policy of Elasticsearch': {
        '/_data_stream/STREAM': { data_streams: [{ name: 'STREAM', ilm_policy: 'logs-12h', indices: [{ index_name: '.ds-STREAM-000002', ilm_policy: 'logs-12h' }] }] },
        '/_ilm/policy/logs-12h': { 'logs-12h': { policy: { phases: { hot: { min_age: '0ms' }, delete: { min_age: '12h', actions: { delete: {} } } } } } },
      },
      'a policy of OpenSearch': {
        '/_plugins/_ism/explain/STREAM': { '.ds-STREAM-000002': { policy_id: 'logs-12h', enabled: true, policy: {
          default_state: 'hot', states: [{ name: 'hot', actions: [{ rollover: { min_index_age: '6h' } }], transitions: [{ state_name: 'warm', conditions: { min_index_age: '6h' } }] },
            { name: 'warm', actions: [], transitions: [{ state_name: 'gone', conditions: { min_rollover_age: '12h' } }] }, { name: 'gone', actions: [{ delete: {} }], transitions: [] }],
        } }, total_managed_indices: 1 },
      },
    };
    const answering = (answers: Readonly<Record<string, unknown>>) => ({ method, target }: { readonly method: string; readonly target: string }): FrontAnswer | undefined => {
      const body = method === 'GET' ? answers[(target.split('?')[0] ?? '').replaceAll(stream, 'STREAM')] : undefined;
      return body === undefined ? undefined : { status: 200, body: JSON.parse(JSON.stringify(body).replaceAll('STREAM', stream)) as unknown };
    };

    test('calls missing what is old and not there, as long as no index of the data stream has gone', async () => {
      const gone = [...old].sort().slice(0, 5);
      await remove(gone);
      const { store: looked } = JSON.parse((await auditBefore(answering(ways['its lifecycle'] ?? {}))).stdout) as Json;
      assert.deepEqual([looked.events_missing, looked.events_older_than_kept], [5, 0]);
    });

    for (const [way, answers] of Object.entries(ways)) test(`does not call missing what ${way} has deleted, and finds what else is gone`, async () => {
      // as a lifecycle does it
      const [first = ''] = [...await backingIndices()].sort();
      if (first.endsWith('-000001')) assert.equal((await store.request('DELETE', `/${first}`)).status, 200);
      const complete = await auditBefore(answering(answers), []);
      assert.match(complete.stdout, new RegExp(`^${old.size} events are not there and not missing: ${stream} keeps documents for 12h\\.\n(! .*\n)?✓ Nothing is missing\\.\n$`, 'm'));
      assert.equal(complete.status, 0, complete.stdout);
      const removed = young.slice(3, 6);
      const texts = [...await store.documents(stream)].filter(([id]) => removed.includes(id));
      await remove(removed);
      const found = await auditBefore(answering(answers));
      const { store: looked, tenants } = JSON.parse(found.stdout) as Json;
      const feeds = tenants.flatMap(({ content_types: types }) => types);
      assert.deepEqual([found.status, looked.events_missing, looked.events_older_than_kept, looked.retention], [1, 3, old.size, [{ data_stream: stream, exists: true, keeps_seconds: 43_200 }]]);
      assert.deepEqual(feeds.flatMap(({ missing_event_ids: ids }) => ids).sort(), removed);
      assert.equal(feeds.reduce((sum, { events_older_than_kept: count }) => sum + count, 0), old.size);
      const { statuses } = await store.create(texts.map(([id, { source }]) => ({ index: stream, id, text: JSON.stringify(source) })));
      assert.deepEqual(statuses, { 201: 3 });
      await store.count(stream);
    });

    test('says where it cannot be read that this counts as missing, and what it takes to read it', async () => {
      const forbidden = { status: 403, body: { error: { type: 'security_exception', reason: 'action is unauthorized' }, status: 403 } };
      const found = await auditBefore(({ method, target }) => method === 'GET' && target.startsWith('/_data_stream/') ? forbidden : undefined, []);
      assert.match(found.stdout, new RegExp(`^! How long ${stream} keeps documents cannot be read \\(GET /_data_stream/${stream} is not allowed\\).*view_index_metadata`, 'm'));
      assert.match(found.stdout, new RegExp(`! ${old.size} events are missing in the store\\.\n$`));
      // a search of all data streams finds nothing where none may be read
      const unreadable = await failureOf(auditBefore(({ target }) => target.startsWith(`/${stream}/_search`) ? forbidden : undefined));
      assert.equal(unreadable.code, 'STORE_FORBIDDEN');
      assert.match(unreadable.message, new RegExp(`searching ${stream}`));
    });

    /** What a search finds of which nothing may be read: https://www.elastic.co/docs/deploy-manage/security/limitations, and OpenSearch's do_not_fail_on_forbidden_empty. */
    const unseen: FrontAnswer = { status: 200, body: { _shards: { total: 0, successful: 0, skipped: 0, failed: 0 }, hits: { total: { value: 0, relation: 'eq' }, hits: [] } } };
    const absent: FrontAnswer = { status: 404, body: { error: { type: 'index_not_found_exception', reason: 'no such index' }, status: 404 } };
    for (const [what, ofTheStream] of Object.entries({ 'does not have': absent, 'does not show': unseen })) test(`sends nothing again to a data stream that the store ${what}, and says so`, async () => {
      const sent = host.events.length;
      const { status, stdout } = await auditBefore(({ target }) => target.startsWith('/logs-o365.audit-*/_search') ? unseen : target.startsWith(`/${stream}/_search`) ? ofTheStream : undefined, ['--repair', '--json']);
      const { is_repaired: isRepaired, done, store: looked } = JSON.parse(stdout) as Json;
      assert.deepEqual([status, isRepaired, looked.events_missing, looked.events_still_missing], [1, false, 200, 200]);
      assert.match(done.join('\n'), /^200 events were not sent again: 127\.0\.0\.1:\d+ shows no data stream for that\. .*PUT _data_stream\/NAME\)\.$/);
      assert.equal(host.events.length, sent);
    });
  });
});
