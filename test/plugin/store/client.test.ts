import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createNetwork } from '../../../plugin/network/network.ts';
import { createStore, type Store, type StoreConnection } from '../../../plugin/store/client.ts';
import { describeServer } from '../../../plugin/store/server.ts';
import { silentLog, type Log } from '../../../plugin/telemetry/log.ts';
import { failureOf } from '../../support/failures.ts';
import { json, startFarEnd, startRawFarEnd, type SeenRequest } from '../../support/far-end.ts';
import { createHurriedClock } from '../../support/manual-clock.ts';

type Answer = (request: SeenRequest, count: number) => readonly [status: number, body: unknown, headers?: Record<string, string>];

/** A store whose server answers as told, and what it was asked. */
async function within(answer: Answer, act: (store: Store, requests: readonly SeenRequest[], waits: readonly number[]) => Promise<void>, more: { readonly connection?: Partial<StoreConnection>; readonly log?: Log } = {}): Promise<void> {
  const far = await startFarEnd((request, response) => {
    const [status, body, headers] = answer(request, far.requests.length);
    if (typeof body === 'string') response.writeHead(status, headers).end(body);
    else json(response, status, body, headers);
  });
  const network = createNetwork({}, silentLog);
  const clock = createHurriedClock();
  try {
    await act(createStore({ urls: [far.url], ...more.connection }, network.request, clock, more.log ?? silentLog), far.requests, clock.waits);
  } finally {
    await network.close();
    await far.close();
  }
}

const look = { what: 'looking' };
const notFound = [404, { error: { reason: 'not here' } }] as const;

describe('the client of the store', () => {
  test('signs in by key, given as Kibana shows it or as id and key, before name and password, and not at all without', async () => {
    const header = async (connection: Partial<StoreConnection>): Promise<string | undefined> => {
      let seen: string | undefined;
      await within(({ headers }) => {
        seen = headers.authorization;
        return [200, {}];
      }, async (store) => {
        await store.request('GET', '/', look);
      }, { connection });
      return seen;
    };
    assert.equal(await header({}), undefined);
    assert.equal(await header({ apiKey: 'aWQ6a2V5' }), 'ApiKey aWQ6a2V5');
    assert.equal(await header({ apiKey: 'id:key', username: 'u' }), 'ApiKey aWQ6a2V5');
    assert.equal(await header({ username: 'loom', password: 'ö:x' }), `Basic ${Buffer.from('loom:ö:x').toString('base64')}`);
  });

  test('keeps the path that a proxy has the cluster under', async () => {
    const far = await startFarEnd((_, response) => json(response, 200, {}));
    const network = createNetwork({}, silentLog);
    await createStore({ urls: [new URL('es/', far.url)] }, network.request, createHurriedClock(), silentLog).request('GET', '/_cluster/health', look);
    assert.equal(far.requests[0]?.target, '/es/_cluster/health');
    await network.close();
    await far.close();
  });

  for (const [status, code] of [[401, 'STORE_UNAUTHORIZED'], [403, 'STORE_FORBIDDEN'], [400, 'STORE_REFUSED'], [404, 'STORE_REFUSED'], [500, 'STORE_REFUSED']] as const) {
    test(`says what the server says when it answers ${status}, in its innermost words, and asks once`, () => within(
      () => [status, { error: { reason: 'outer', caused_by: { reason: 'middle', caused_by: { reason: 'the field is odd' } } } }],
      async (store, requests) => {
        const error = await failureOf(store.request('PUT', '/x', { what: 'storing x', body: {} }));
        assert.equal(error.code, code);
        assert.match(error.message, new RegExp(`storing x.*the field is odd \\(HTTP ${status}\\)`));
        assert.equal(requests.length, 1);
      }));
  }

  test('tells a block and what is closed from a right that is lacking, and which index is meant', () => within(({ target }) => target === '/x' ? [403, { error: { type: 'cluster_block_exception', reason: 'index [i-1] blocked by: [FORBIDDEN/7/index read (api)];' } }]
    : [400, { error: { type: 'index_closed_exception', reason: 'closed', index: 'i-2' } }], async (store) => {
    const error = await failureOf(store.request('GET', '/x', look));
    assert.equal(error.code, 'STORE_BLOCKED');
    assert.match(error.message, /blocked there \(looking\): index \[i-1\] blocked by: \[FORBIDDEN\/7\/index read \(api\)\]; \(HTTP 403\)/);
    const closed = await failureOf(store.request('GET', '/y', look));
    assert.equal(closed.code, 'STORE_CLOSED');
    assert.match(closed.message, /: closed \(i-2\) \(HTTP 400\)/);
  }));

  test('takes a status for an answer where it is expected', () => within(() => notFound, async (store) => {
    assert.equal((await store.request('GET', '/x', { ...look, accept: [404] })).status, 404);
  }));

  test('asks a busy server four times, waiting longer each time, and then says that it is busy', () => within(() => [503, 'not now'], async (store, requests, waits) => {
    const error = await failureOf(store.request('GET', '/x', look));
    assert.equal(error.code, 'STORE_BUSY');
    assert.equal(requests.length, 4);
    assert.deepEqual(waits, [1_000, 2_000, 4_000]);
  }));

  test('goes on when a busy server recovers', () => within((_, count) => (count < 3 ? [429, {}] : [200, { fine: true }]), async (store) => {
    assert.deepEqual((await store.request('GET', '/x', look)).body, { fine: true });
  }));

  test('says what is no JSON, such as the page of a proxy', () => within(() => [200, '<html>Sign in</html>'], async (store) => {
    assert.equal((await failureOf(store.request('GET', '/x', look))).code, 'STORE_UNREADABLE');
  }));

  test('asks the next node when one cannot be reached, stays with it, and says so', async () => {
    const raw = await startRawFarEnd((socket) => socket.destroy());
    await raw.close();
    const lines: string[] = [];
    const far = await startFarEnd((_, response) => json(response, 200, {}));
    const network = createNetwork({}, silentLog);
    const store = createStore({ urls: [new URL(raw.url.href.replace(/^\w+:/, 'http:')), far.url] }, network.request, createHurriedClock(), (line) => void lines.push(line));
    await store.request('GET', '/a', look);
    await store.request('GET', '/b', look);
    assert.deepEqual([far.requests.length, lines], [2, ['store.next_node']]);
    await network.close();
    await far.close();
  });

  test('stops waiting when it is told to stop', () => within(() => [503, {}], async (store) => {
    const stop = new AbortController();
    stop.abort(new Error('enough'));
    await assert.rejects(store.request('GET', '/x', { ...look, signal: stop.signal }), /enough/);
  }));
});

describe('searches', () => {
  test('read page after page behind the last hit, until one is not full', () => within(({ body }) => {
    const { size, search_after: after = [0] } = JSON.parse(body) as { size: number; search_after?: readonly number[] };
    const numbers = Array.from({ length: size }, (_, index) => (after[0] ?? 0) + index + 1).filter((number) => number <= 7);
    return [200, { hits: { hits: numbers.map((number) => ({ _index: 'i', _id: String(number), _source: { number }, sort: [number] })) } }];
  }, async (store, requests) => {
    const ids: string[] = [];
    for await (const page of store.search('logs-*', { pageSize: 3 })) ids.push(...page.map(({ id }) => id));
    assert.deepEqual(ids, ['1', '2', '3', '4', '5', '6', '7']);
    assert.equal(requests.length, 3);
    // two documents of one id, in two indices, are not parted by a page
    assert.deepEqual((JSON.parse(requests[0]?.body ?? '') as { readonly sort: readonly object[] }).sort.flatMap((field) => Object.keys(field)), ['@timestamp', 'event.id', '_index']);
  }));

  for (const [what, answer] of [['a page that is not found', [404, 'Not Found']], ['JSON of something else', [200, { status: 'ok' }]]] as const) test(`are refused by what is no store, and answers with ${what}`, () => within(() => answer, async (store) => {
    assert.match((await failureOf((async () => { for await (const page of store.search('logs-*', {})) assert.fail(String(page.length)); })())).code, /^STORE_(OTHER|UNREADABLE)$/);
  }));

  test('end at their limit', () => within(({ body }) => [200, { hits: { hits: Array.from({ length: (JSON.parse(body) as { size: number }).size }, (_, number) => ({ _id: String(number), sort: [number] })) } }], async (store) => {
    let count = 0;
    for await (const page of store.search('logs-*', { pageSize: 3, limit: 5 })) count += page.length;
    assert.equal(count, 5);
  }));
});

describe('the server', () => {
  for (const [title, answer, expected] of [
    ['Elasticsearch', () => [200, { version: { number: '9.1.0' }, tagline: 'You Know, for Search' }], { product: 'Elasticsearch', version: '9.1.0' }],
    ['OpenSearch', () => [200, { version: { number: '3.8.0', distribution: 'opensearch' } }], { product: 'OpenSearch', version: '3.8.0' }],
    ['an Elasticsearch that says nothing at its root', ({ target }) => (target === '/' ? [405, {}, { 'x-elastic-product': 'Elasticsearch' }] : [200, { nodes: { a: { version: '9.5.3' } } }]), { product: 'Elasticsearch', version: '9.5.3' }],
  ] as readonly (readonly [string, Answer, object])[]) {
    test(`is known: ${title}`, () => within(answer, async (store) => assert.deepEqual(await describeServer(store), expected)));
  }

  test('is refused when it is another one', () => within(() => [200, { couchdb: 'Welcome' }], async (store) => {
    assert.equal((await failureOf(describeServer(store))).code, 'STORE_OTHER');
  }));
});
