import { strict as assert } from 'node:assert';
import type { ServerResponse } from 'node:http';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { createRequestBudget, type RequestBudget } from '../../../plugin/api/budget.ts';
import { createManagementApi, type ManagementApi, type ManagementApiOptions } from '../../../plugin/api/management-api.ts';
import { AuditError, failure } from '../../../plugin/errors.ts';
import { createNetwork } from '../../../plugin/network/network.ts';
import { silentLog, type LogLine } from '../../../plugin/telemetry/log.ts';
import type { ContentBlob, HttpRequest, Window } from '../../../plugin/types.ts';
import { failureOf } from '../../support/failures.ts';
import { json, startFarEnd, startRawFarEnd, type FarEnd, type SeenRequest } from '../../support/far-end.ts';
import { createHurriedClock, until } from '../../support/manual-clock.ts';

const TENANT = '7d1c0f5e-2f0a-4a57-9d0a-3a1b5d7e9c11';
const FEED = `/api/v1.0/${TENANT}/activity/feed`;
const NOW_MS = Date.UTC(2026, 8, 1, 12);
const network = createNetwork({}, silentLog);
const closing: (() => Promise<void>)[] = [() => network.close()];
after(async () => {
  for (const close of closing.reverse()) await close();
});

type Answer = (request: SeenRequest, response: ServerResponse, count: number) => unknown;

interface Setup {
  readonly api: ManagementApi;
  readonly service: FarEnd;
  readonly clock: ReturnType<typeof createHurriedClock>;
  readonly budget: RequestBudget;
  readonly lines: LogLine[];
  readonly rejected: string[];
}

async function setUp(answer: Answer, options: Partial<ManagementApiOptions> = {}): Promise<Setup> {
  let count = 0;
  const service = await startFarEnd((request, response) => {
    count += 1;
    return answer(request, response, count);
  });
  closing.push(() => service.close());
  const clock = createHurriedClock(NOW_MS);
  const budget = createRequestBudget({ requestsPerMinute: 2000 }, clock);
  const lines: LogLine[] = [];
  const rejected: string[] = [];
  const tokens = {
    token: () => Promise.resolve(`token-${rejected.length + 1}`),
    reject: (token: string) => void rejected.push(token),
  };
  const api = createManagementApi({ root: service.url, tenantId: () => Promise.resolve(TENANT), random: () => 1, ...options }, network.request, tokens, budget, clock, (line) => lines.push(line));
  return { api, service, clock, budget, lines, rejected };
}

function af(response: ServerResponse, status: number, code: string, headers: Record<string, string> = {}): void {
  json(response, status, { error: { code, message: 'Words of the service.' } }, headers);
}

function blobOf(service: FarEnd, id: string, changes: Partial<ContentBlob> = {}): ContentBlob {
  return {
    contentId: id,
    contentUri: `${service.url.origin}${FEED}/audit/${id}`,
    contentType: 'Audit.General',
    contentCreated: '2026-09-01T08:15:30.123Z',
    contentExpiration: '2026-09-08T08:15:30.123Z',
    ...changes,
  };
}

const WINDOW: Window = { startMs: Date.UTC(2026, 8, 1, 8), endMs: Date.UTC(2026, 8, 1, 9) };
const ID = '20260901081530123004567$20260901081755901000012$audit_general$Audit_General$emea0042';

async function listed(api: ManagementApi, window = WINDOW): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of api.list('Audit.General', window)) ids.push(...page.map(({ contentId }) => contentId));
  return ids;
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

describe('subscriptions', () => {
  test('are read whatever their case, and without a status they are not enabled', async () => {
    const { api, service } = await setUp((_request, response) => json(response, 200, [
      { contentType: 'Audit.Exchange', status: 'enabled', webhook: null },
      { contentType: 'audit.general', status: 'Enabled' },
      { contentType: 'DLP.All', status: 'disabled' },
      { contentType: 'Audit.SharePoint', webhook: null },
      { contentType: 'Audit.Something', status: 'enabled' },
      null,
    ]));
    assert.deepEqual([...await api.subscriptions()], [['Audit.Exchange', 'enabled'], ['Audit.General', 'enabled'], ['DLP.All', 'disabled'], ['Audit.SharePoint', 'disabled']]);
    assert.equal(service.requests[0]?.target, `${FEED}/subscriptions/list?PublisherIdentifier=${TENANT}`);
    assert.equal(service.requests[0].headers.authorization, 'Bearer token-1');
  });

  test('are started with an empty POST that says so, and being on already is a success', async () => {
    const { api, service } = await setUp((_request, response, count) => count === 1 ? json(response, 200, { contentType: 'Audit.General', status: 'enabled', webhook: null })
      : json(response, 400, { error: { code: 'AF20024', message: 'The subscription is already enabled. No property change.' } }));
    assert.deepEqual([await api.start('Audit.General'), await api.start('Audit.General')], [true, false], 'whether it was off');
    assert.equal(service.requests.length, 2);
    for (const request of service.requests) {
      assert.deepEqual([request.method, request.target, request.headers['content-length']], ['POST', `${FEED}/subscriptions/start?contentType=Audit.General&PublisherIdentifier=${TENANT}`, '0']);
    }
  });

  test('that were started too soon are not tried again at once, and nothing else of the tenant pauses', async () => {
    const { api, service, budget } = await setUp((_request, response) => response.writeHead(429).end('too many subscription start requests, retry in 15 minutes'));
    assert.equal((await failureOf(api.start('Audit.General'))).code, 'API_START_LIMIT');
    assert.equal(service.requests.length, 1);
    assert.equal(budget.use.pausedUntilMs, -Infinity);
  });

  test('carry the publisher that is configured', async () => {
    const { api, service } = await setUp((_request, response) => json(response, 200, []), { publisherId: '11111111-2222-3333-4444-555555555555' });
    await api.subscriptions();
    assert.match(service.requests[0]?.target ?? '', /PublisherIdentifier=11111111-2222-3333-4444-555555555555$/);
  });
});

describe('a listing', () => {
  test('asks with both times in whole seconds without zone, and offers gzip', async () => {
    const { api, service } = await setUp((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(JSON.stringify([{ ...blobOf(service, ID), extra: null }]))));
    const pages = [];
    for await (const page of api.list('Audit.General', { startMs: WINDOW.startMs + 999, endMs: WINDOW.endMs + 1 })) pages.push(...page);
    assert.deepEqual(pages, [blobOf(service, ID)]);
    const [request] = service.requests;
    assert.equal(request?.target, `${FEED}/subscriptions/content?contentType=Audit.General&startTime=2026-09-01T08:00:00&endTime=2026-09-01T09:00:00&PublisherIdentifier=${TENANT}`);
    assert.equal(request.headers['accept-encoding'], 'gzip');
  });

  for (const header of ['NextPageUri', 'nextpageuri', 'NextPageUrl', 'NEXTPAGEURI']) {
    test(`follows ${header} as it is, over empty pages, with the publisher added where it is missing`, async () => {
      const { api, service } = await setUp((_request, response, count) => {
        const next = `${service.url.origin}/api/v1/${TENANT}/activity/feed/subscriptions/content?nextPage=2015$${count + 1}%2B&startTime=x${count === 1 ? '' : '&publisheridentifier=other'}`;
        const ids = [['a', 'b'], [], ['b', 'c']][count - 1] ?? [];
        json(response, 200, ids.map((id) => blobOf(service, id)), count < 3 ? { [header]: next } : {});
      });
      assert.deepEqual(await listed(api), ['a', 'b', 'b', 'c']);
      assert.deepEqual(service.requests.slice(1).map(({ target }) => target.split('?')[1]), [`nextPage=2015$2%2B&startTime=x&PublisherIdentifier=${TENANT}`, 'nextPage=2015$3%2B&startTime=x&publisheridentifier=other']);
      assert.ok(service.requests.every(({ headers }) => headers.authorization === 'Bearer token-1'));
    });
  }

  test('makes the link to a next page at another host, or of another tenant, anew from its token, and sends nothing there', async () => {
    const links = ['http://localhost:1/any/path?nextPage=2015%24R+1', `http://127.0.0.1:1/api/v1.0/11111111-2222-3333-4444-555555555555/activity/feed/subscriptions/content?NEXTPAGE=2015%24R+1&startTime=x`];
    for (const link of links) {
      const { api, service, lines } = await setUp((_request, response, count) => json(response, 200, [blobOf(service, count === 1 ? 'a' : 'b')], count === 1 ? { NextPageUri: link } : {}));
      assert.deepEqual(await listed(api), ['a', 'b']);
      const target = new URL(service.requests[1]?.target ?? '', service.url);
      assert.deepEqual([target.searchParams.get('nextPage'), target.searchParams.get('startTime'), target.searchParams.get('PublisherIdentifier')], ['2015$R 1', '2026-09-01T08:00:00', TENANT]);
      assert.equal(api.counts.relinked, 1);
      assert.ok(lines.includes('api.page_relinked'));
    }
  });

  test('that never ends is given up when a thousand pages in a row are empty or as one before, and not sooner', async () => {
    for (const endless of [() => [] as string[], (count: number) => [`id-${count % 7}`, `id-${(count + 1) % 7}`]]) {
      const { api, service, lines } = await setUp((_request, response, count) => json(response, 200, endless(count).map((id) => blobOf(service, id)), { NextPageUri: `${service.url.origin}${FEED}/subscriptions/content?nextPage=${count}` }));
      const error = await failureOf(listed(api));
      assert.equal(error.code, 'API_LINK');
      assert.match(error.message, /1000 pages in a row held nothing new/);
      assert.ok(service.requests.length >= 1_000 && service.requests.length <= 1_007, `${service.requests.length} pages`);
      assert.ok(lines.includes('api.link_refused'));
    }
    const patient = await setUp((_request, response, count) => json(response, 200, count % 999 === 0 ? [blobOf(patient.service, `id-${count}`)] : [], count < 1_998 ? { NextPageUri: `${patient.service.url.origin}${FEED}/subscriptions/content?nextPage=${count}` } : {}));
    assert.deepEqual(await listed(patient.api), ['id-999', 'id-1998']);
  });

  test('refuses a next page at another host that has no token, and one already seen', async () => {
    const links = [
      (origin: string) => `http://localhost:1/${origin}`,
      (origin: string) => `${origin}.example/`,
      (origin: string) => origin.replace('http:', 'https:'),
      (origin: string) => `${origin}/api/v1.0/11111111-2222-3333-4444-555555555555/activity/feed/subscriptions/content?nextPage=`,
      () => 'http://[broken',
    ];
    for (const link of links) {
      const { api, service, lines } = await setUp((_request, response) => json(response, 200, [blobOf(service, 'a')], { NextPageUri: link(service.url.origin) }));
      assert.equal((await failureOf(listed(api))).code, 'API_LINK');
      assert.equal(service.requests.length, 1);
      assert.equal(api.counts.refusedLinks, 1);
      assert.ok(lines.includes('api.link_refused'));
    }
    const { api, service } = await setUp((request, response) => json(response, 200, [blobOf(service, 'a')], { NextPageUri: `${service.url.origin}${request.target}` }));
    assert.equal((await failureOf(listed(api))).code, 'API_LINK');
    assert.equal(service.requests.length, 1);
  });

  test('begins anew once when the service does not know its own next page any more', async () => {
    const { api, service } = await setUp((request, response, count) => {
      if (request.target.includes('nextPage') && count === 2) af(response, 400, 'AF20031');
      else json(response, 200, [blobOf(service, `blob${count}`)], request.target.includes('nextPage') ? {} : { NextPageUri: `${service.url.origin}${FEED}/subscriptions/content?nextPage=${count}` });
    });
    assert.deepEqual(await listed(api), ['blob1', 'blob3', 'blob4']);
    const stubborn = await setUp((request, response) => {
      if (request.target.includes('nextPage')) af(response, 400, 'AF20031');
      else json(response, 200, [], { NextPageUri: `${stubborn.service.url.origin}${FEED}/subscriptions/content?nextPage=1` });
    });
    assert.equal((await failureOf(listed(stubborn.api))).code, 'API_PAGE');
    assert.equal(stubborn.service.requests.length, 4);
  });

  test('is never asked for more than 24 hours, for a span that runs backwards, or for less than a second', async () => {
    const { api, service } = await setUp((_request, response) => json(response, 200, []));
    assert.equal((await failureOf(listed(api, { startMs: 0, endMs: 86_400_001 }))).code, 'API_WINDOW');
    assert.equal((await failureOf(listed(api, { startMs: 1000, endMs: 0 }))).code, 'API_WINDOW');
    assert.deepEqual(await listed(api, { startMs: 1000, endMs: 1999 }), []);
    assert.equal(service.requests.length, 0);
    assert.deepEqual(await listed(api, { startMs: 999, endMs: 86_400_999 }), []);
    assert.match(service.requests[0]?.target ?? '', /startTime=1970-01-01T00:00:00&endTime=1970-01-02T00:00:00/);
  });

  test('mends elements that lack something, and drops loudly what cannot be used', async () => {
    const { api, service, lines } = await setUp((_request, response) => json(response, 200, [
      { contentUri: `${service.url.origin}${FEED}/audit/from$uri?x=1` },
      { contentId: 'only-id', contentCreated: '2026-09-01T08:00:00.000Z', contentExpiration: 'soon' },
      { contentType: 'Audit.General' },
      null,
      'text',
    ]));
    const blobs = [];
    for await (const page of api.list('Audit.General', WINDOW)) blobs.push(...page);
    assert.deepEqual(blobs.map(({ contentId, contentCreated, contentExpiration }) => [contentId, contentCreated, contentExpiration]), [
      ['from$uri', '2026-09-01T08:00:00.000Z', '2026-09-08T08:00:00.000Z'],
      ['only-id', '2026-09-01T08:00:00.000Z', '2026-09-08T08:00:00.000Z'],
    ]);
    assert.equal(api.counts.unusableElements, 3);
    assert.ok(lines.includes('api.element_unusable'));
  });

  test('that cannot be read is asked for again, and then fails for later', async () => {
    for (const body of ['', '<html>', '{"a":1}', '[{"contentId":"a"']) {
      const healing = await setUp((_request, response, count) => count === 1 ? response.end(body) : json(response, 200, []));
      assert.deepEqual(await listed(healing.api), []);
      const stubborn = await setUp((_request, response) => response.end(body));
      assert.equal((await failureOf(listed(stubborn.api))).code, 'API_UNREADABLE');
      assert.equal(stubborn.service.requests.length, 5);
    }
  });
});

describe('a blob', () => {
  test('is asked for in the way that was given for blobs, and nothing else is', async () => {
    const asked: string[] = [];
    const requestBlob: HttpRequest = (url, request) => {
      asked.push(url.pathname);
      return network.request(url, request);
    };
    const { api, service } = await setUp((_request, response, count) => count === 2 ? af(response, 500, 'AF50000') : json(response, 200, []), { requestBlob });
    await listed(api);
    assert.equal(await textOf(await api.open(blobOf(service, ID))), '[]');
    assert.deepEqual(asked, [`${FEED}/audit/${ID}`, `${FEED}/audit/${ID}`], 'each time anew');
    assert.equal(service.requests.length, 3);
  });

  test('is fetched by its own link, with every $ as it is, and streamed', async () => {
    const { api, service } = await setUp((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' }).end(gzipSync('[{"Id":"1"}]')));
    assert.equal(await textOf(await api.open(blobOf(service, ID))), '[{"Id":"1"}]');
    assert.equal(service.requests[0]?.target, `${FEED}/audit/${ID}?PublisherIdentifier=${TENANT}`);
    assert.equal(api.counts.relinked, 0);
  });

  test('with a link that leads elsewhere is fetched by a link made from its id, and the token goes nowhere else', async () => {
    const elsewhere = await startFarEnd((_request, response) => response.end('[]'));
    closing.push(() => elsewhere.close());
    const { api, service, lines } = await setUp((_request, response) => response.end('[]'));
    const links = [
      `http://localhost/${TENANT}/activity/feed/audit/${ID}`,
      `${elsewhere.url.origin}${FEED}/audit/${ID}`,
      `${service.url.origin}/api/v1.0/11111111-2222-3333-4444-555555555555/activity/feed/audit/${ID}`,
      `${service.url.origin.replace('//', '//user@')}.example${FEED}/audit/${ID}`,
      'not a link at all: //',
      '',
    ];
    for (const contentUri of links) await textOf(await api.open(blobOf(service, ID, { contentUri })));
    assert.ok(service.requests.every(({ target }) => target.endsWith(`/audit/${ID}?PublisherIdentifier=${TENANT}`)), JSON.stringify(service.requests.map(({ target }) => target)));
    assert.equal(service.requests.length, links.length);
    assert.equal(elsewhere.requests.length, 0);
    assert.equal(api.counts.relinked, links.length);
    assert.ok(lines.includes('api.relinked'));
  });

  test('that the service does not know by its link is tried once by the link made from its id', async () => {
    const odd = (service: FarEnd): ContentBlob => blobOf(service, ID, { contentUri: `${service.url.origin}/odd/${ID}` });
    const healing = await setUp((request, response) => request.target.startsWith('/odd') ? af(response, 400, 'AF20052') : response.end('[]'));
    assert.equal(await textOf(await healing.api.open(odd(healing.service))), '[]');
    const stubborn = await setUp((_request, response) => af(response, 400, 'AF20052'));
    assert.equal((await failureOf(stubborn.api.open(odd(stubborn.service)))).code, 'API_BLOB_UNKNOWN');
    assert.equal(stubborn.service.requests.length, 2);
    const same = await setUp((_request, response) => af(response, 400, 'AF20052'));
    assert.equal((await failureOf(same.api.open(blobOf(same.service, ID)))).code, 'API_BLOB_UNKNOWN');
    assert.equal(same.service.requests.length, 1);
  });

  test('that is not there under its link is looked for under the link made from its id', async () => {
    for (const [status, code] of [[404, ''], [400, 'AF20050']] as const) {
      const { api, service } = await setUp((request, response) => request.target.startsWith('/odd') ? af(response, status, code) : response.end('[]'));
      assert.equal(await textOf(await api.open(blobOf(service, ID, { contentUri: `${service.url.origin}/odd/${ID}` }))), '[]');
      assert.equal(service.requests.length, 2);
    }
  });

  test('that is an error in place of events fails, whatever its status, and one event alone does not', async () => {
    const errors = ['{"error":{"code":"AF50000","message":"Retry <b>later</b>."}}', ' {"Message":"An error has occurred."}', '\ufeff{}', 'null', '"AF429"', '0'];
    for (const said of errors) {
      const { api, service } = await setUp((_request, response) => response.end(said));
      const body = await api.open(blobOf(service, ID));
      const error = await failureOf(textOf(body));
      assert.deepEqual([error.code, error.retry], ['API_UNREADABLE', 'later'], said);
      assert.equal(service.requests.length, 1);
    }
    const long = `{"Message":"${'x'.repeat(20_000)}"}`;
    for (const given of ['[]', ' \r\n[{"a":1}]', '\ufeff[null]', '{"Id":"1"}', '{"CreationTime":"2026-09-01T08:00:00","error":{}}', '{"Id":"1"}\n{"Id":"2"}', '<html>', '{"Id":', '', long]) {
      const { api, service } = await setUp((_request, response) => {
        for (const piece of given.match(/[^]{1,3000}/g) ?? []) response.write(piece);
        response.end();
      });
      assert.equal(await textOf(await api.open(blobOf(service, ID))), given, given.slice(0, 40));
    }
  });

  test('with an id of strange characters stays below its folder', async () => {
    const { api, service } = await setUp((_request, response) => response.end('[]'));
    await textOf(await api.open(blobOf(service, '../x?y#z/%2e', { contentUri: '' })));
    assert.equal(service.requests[0]?.target, `${FEED}/audit/..%2Fx%3Fy%23z%2F%252e?PublisherIdentifier=${TENANT}`);
  });

  test('that has expired or is not there is given up, the latter after one more look', async () => {
    const expired = await setUp((_request, response) => af(response, 400, 'AF20051'));
    const error = await failureOf(expired.api.open(blobOf(expired.service, ID)));
    assert.deepEqual([error.code, error.retry, error.values.status, error.values.afCode], ['API_BLOB_EXPIRED', 'skip', 400, 'AF20051']);
    assert.equal(expired.service.requests.length, 1);
    const missing = await setUp((_request, response) => response.writeHead(404).end());
    assert.equal((await failureOf(missing.api.open(blobOf(missing.service, ID)))).code, 'API_BLOB_UNKNOWN');
    assert.equal(missing.service.requests.length, 2);
  });

  test('that is cut off fails while it is read', async () => {
    const raw = await startRawFarEnd((socket) => void socket.on('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[{"Id"')));
    closing.push(() => raw.close());
    const { api, service } = await setUp((_request, response) => response.end('[]'), { root: raw.url });
    const body = await api.open(blobOf(service, ID));
    assert.equal((await failureOf(textOf(body))).code, 'NETWORK_BROKEN');
  });
});

describe('a call', () => {
  test('that fails for a moment is made again with growing waits, at most five times', async () => {
    const { api, service, clock } = await setUp((_request, response) => af(response, 500, 'AF50000'));
    assert.equal((await failureOf(api.subscriptions())).code, 'API_UNAVAILABLE');
    assert.equal(service.requests.length, 5);
    assert.deepEqual(clock.waits, [1000, 2000, 4000, 8000]);
  });

  test('waits as long as a Retry-After asks, in seconds or as a date by the server\'s clock', async () => {
    const { api, clock } = await setUp((_request, response, count) => {
      if (count === 1) response.writeHead(503, { 'retry-after': '7' }).end();
      else if (count === 2) response.writeHead(503, { 'retry-after': 'Mon, 01 Sep 2031 00:00:20 GMT', 'date': 'Mon, 01 Sep 2031 00:00:00 GMT' }).end();
      else json(response, 200, []);
    });
    await api.subscriptions();
    assert.deepEqual(clock.waits, [7000, 20_000]);
  });

  test('that is throttled pauses the whole tenant, longer each time, and then succeeds', async () => {
    const { api, service, clock, budget, lines } = await setUp((_request, response, count) => {
      if (count === 1) response.writeHead(403).end('{\'error\':{\'code\':\'AF429\',\'message\':\'Too many requests. Method=GetBlob, PublisherId=0\'}}');
      else if (count === 2) af(response, 429, 'AF429');
      else if (count === 3) af(response, 403, 'AF429', { 'retry-after': '3' });
      else json(response, 200, []);
    });
    await api.subscriptions();
    assert.deepEqual(clock.waits, [30_000, 60_000, 3000]);
    assert.equal(service.requests.length, 4);
    assert.equal(budget.use.pausedUntilMs, NOW_MS + 93_000);
    assert.equal(lines.filter((line) => line === 'api.throttled').length, 3);
  });

  test('throttled together with others makes one pause, not many', async () => {
    let refuse = true;
    const { api, service, clock, lines } = await setUp(async (_request, response) => {
      if (refuse) {
        // All must be on their way before the first is refused.
        await until(() => service.requests.length >= 20, 'all requests');
        af(response, 403, 'AF429');
        refuse = service.requests.length < 20;
      } else json(response, 200, []);
    });
    const calls = Array.from({ length: 20 }, () => api.subscriptions());
    await until(() => service.requests.length >= 20, 'all requests');
    refuse = false;
    await Promise.all(calls);
    assert.equal(lines.filter((line) => line === 'api.throttled').length, 1);
    assert.ok(clock.waits.every((ms) => ms <= 30_000), String(clock.waits));
  });

  test('throttled for ever fails for later', async () => {
    const { api, service } = await setUp((_request, response) => af(response, 403, 'AF429'));
    assert.equal((await failureOf(api.subscriptions())).code, 'API_THROTTLED');
    assert.equal(service.requests.length, 8);
  });

  test('with an expired token is made again at once with a new one', async () => {
    const { api, service, rejected, clock } = await setUp((request, response) => request.headers.authorization === 'Bearer token-1' ? response.writeHead(401).end() : json(response, 200, []));
    await api.subscriptions();
    assert.deepEqual(rejected, ['token-1']);
    assert.equal(service.requests.length, 2);
    assert.deepEqual(clock.waits, []);
  });

  test('renews a token once only, and then says what the code says', async () => {
    for (const [body, code] of [['{"error":{"code":"AF10001","message":"The permission set () sent in the request does not include the expected permission."}}', 'API_PERMISSION'], ['', 'API_UNAUTHORIZED']] as const) {
      const { api, service, rejected } = await setUp((_request, response) => response.writeHead(401).end(body));
      const error = await failureOf(listed(api));
      assert.equal(error.code, code);
      assert.equal(error.retry, 'never');
      assert.equal(service.requests.length, 2);
      assert.deepEqual(rejected, ['token-1']);
    }
  });

  test('survives a reset connection and a dead service as long as it gets better', async () => {
    const { api, service } = await setUp((_request, response, count) => {
      if (count <= 3) response.destroy();
      else json(response, 200, []);
    });
    await api.subscriptions();
    assert.equal(service.requests.length, 4);
    await service.close();
    assert.equal((await failureOf(api.subscriptions())).code, 'NETWORK_UNREACHABLE');
  });

  test('is made again when no token can be had for the moment, and fails at once when a human must act', async () => {
    let attempts = 0;
    const clock = createHurriedClock(NOW_MS);
    const service = await startFarEnd((_request, response) => json(response, 200, []));
    closing.push(() => service.close());
    const apiWith = (error: AuditError): ManagementApi => createManagementApi({ root: service.url, tenantId: () => Promise.resolve(TENANT), random: () => 1 }, network.request, {
      token: () => {
        attempts += 1;
        return attempts < 3 ? Promise.reject(error) : Promise.resolve('token');
      },
      reject: () => undefined,
    }, createRequestBudget({ requestsPerMinute: 2000 }, clock), clock, silentLog);
    await apiWith(new AuditError('AUTH_BUSY', { tenant: 't', meaning: 'm', name: 'n', repair: 'r' })).subscriptions();
    assert.equal(attempts, 3);
    attempts = 0;
    const refused = failure('AUTH_REFUSED', { tenant: 't', meaning: 'm', name: 'n', repair: 'r' });
    assert.equal(await failureOf(apiWith(refused).subscriptions()), refused);
    assert.equal(attempts, 1);
  });

  test('ends with the caller\'s reason when he stops, wherever it is', async () => {
    const reason = new Error('stop');
    const hanging = await setUp(() => undefined);
    const stop = new AbortController();
    const promise = hanging.api.subscriptions(stop.signal);
    await until(() => hanging.service.requests.length === 1, 'the request');
    stop.abort(reason);
    await assert.rejects(promise, reason);
    const { api } = await setUp((_request, response) => af(response, 500, 'AF50000'));
    const again = new AbortController();
    const repeating = api.subscriptions(again.signal);
    again.abort(reason);
    await assert.rejects(repeating, reason);
    assert.equal(hanging.budget.use.counting, 1, 'a request that was sent counts even so');
  });

  test('names tenant, call, code and status in its failure', async () => {
    const { api } = await setUp((_request, response) => af(response, 400, 'AF20011'));
    const error = await failureOf(listed(api));
    assert.equal(error.message, `Tenant ${TENANT}, listing Audit.General: the service does not take this tenant: AF20011: Words of the service (HTTP 400).`);
    assert.deepEqual([error.code, error.values.afCode, error.values.status], ['API_TENANT', 'AF20011', 400]);
  });

  test('measures how far the clocks are apart', async () => {
    const { api, clock } = await setUp((_request, response) => json(response, 200, [], { date: new Date(NOW_MS + 300_000).toUTCString() }));
    assert.deepEqual([api.clockSkewMs, api.clockSeenMs], [undefined, undefined]);
    await api.subscriptions();
    assert.deepEqual([api.clockSkewMs, api.clockSeenMs], [300_000 - (clock.nowMs() - NOW_MS), clock.nowMs()]);
  });

  test('counts against the tenant\'s budget, whatever it is', async () => {
    const { api, service, budget } = await setUp((request, response) => {
      if (request.target.includes('/subscriptions/content') && !request.target.includes('nextPage')) json(response, 200, [], { NextPageUri: `${service.url.origin}${FEED}/subscriptions/content?nextPage=1` });
      else if (request.target.includes('/audit/')) response.end('[]');
      else json(response, 200, []);
    });
    await api.subscriptions();
    await api.start('Audit.General');
    await listed(api);
    await textOf(await api.open(blobOf(service, ID)));
    assert.equal(service.requests.length, 5);
    assert.equal(budget.use.counting, 5);
    assert.equal(api.counts.answers, 5);
    assert.ok(service.requests.every(({ target }) => target.includes(`PublisherIdentifier=${TENANT}`)));
  });
});

test('a root with a path keeps it, and a trailing slash does not double', async () => {
  const { api, service } = await setUp((_request, response) => json(response, 200, []), {});
  const prefixed = createManagementApi({ root: new URL('/mirror/', service.url), tenantId: () => Promise.resolve(TENANT) }, network.request, { token: () => Promise.resolve('t'), reject: () => undefined }, createRequestBudget({ requestsPerMinute: 10 }, createHurriedClock()), createHurriedClock(), silentLog);
  await prefixed.subscriptions();
  await api.subscriptions();
  assert.deepEqual(service.requests.map(({ target }) => target.split('/subscriptions')[0]), [`/mirror${FEED}`, FEED]);
});
