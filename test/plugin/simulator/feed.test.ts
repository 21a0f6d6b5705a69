/** The API's operations and parameters, beyond the bodies pinned in wire.test.ts. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Simulator } from '../../../plugin/simulator/simulator.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { createClient, DAY_MS, errorOf, HOUR_MS, NOON_MS, textTime, withSimulator, type Client } from './client.ts';

const started = (run: (client: Client, simulator: Simulator, clock: ManualClock) => Promise<void>, options = {}) => () => withSimulator({ eventCount: 400, ...options }, async (simulator, clock) => {
  const client = createClient(simulator, { nowMs: () => clock.nowMs() });
  await (await client.start('Audit.Exchange')).text();
  await run(client, simulator, clock);
});
const codeOf = async (answer: Promise<Response>): Promise<[number, string, string]> => {
  const { status, code, message } = await errorOf(await answer);
  return [status, code, message];
};
const window = `startTime=${textTime(NOON_MS - HOUR_MS)}&endTime=${textTime(NOON_MS)}`;

describe('a call of the feed', () => {
  test('takes its parameters, its path and the content type in any case', started(async (client, simulator) => {
    assert.equal((await client.call(`Subscriptions/Content?CONTENTTYPE=audit.exchange&starttime=${textTime(NOON_MS - HOUR_MS)}&EndTime=${textTime(NOON_MS)}&publisheridentifier=${client.tenantId}`)).status, 200);
    assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.withoutPublisherIdentifier, 0);
    const token = await client.token();
    assert.equal((await fetch(`${simulator.url.origin}/API/v1/${client.tenantId.toUpperCase()}/activity/FEED/subscriptions/list`, { headers: { authorization: `bearer ${token}` } })).status, 200);
  }));

  for (const [what, path, method, expected] of [
    ['no content type', 'subscriptions/start', 'POST', [400, 'AF20001', 'Missing parameter: contentType.']],
    ['an unknown content type', 'subscriptions/start?contentType=Audit.Teams', 'POST', [400, 'AF20020', 'The specified content type is not valid.']],
    ['a publisher that is no GUID', 'subscriptions/list?PublisherIdentifier=me', 'GET', [400, 'AF20002', 'Invalid parameter type: PublisherIdentifier. Expected type: guid']],
    ['a subscription that was never started', `subscriptions/content?contentType=Audit.General&${window}`, 'GET', [400, 'AF20022', 'No subscription found for the specified content type.']],
    ['a stop of nothing', 'subscriptions/stop?contentType=Audit.General', 'POST', [400, 'AF20022', 'No subscription found for the specified content type.']],
    ['a next page that is none', `subscriptions/content?contentType=Audit.Exchange&${window}&nextPage=abc`, 'GET', [400, 'AF20031', 'Invalid nextPage Input: abc.']],
    ['a contentId that is none', 'audit/abc', 'GET', [400, 'AF20052', 'Blob key abc in the url is invalid']],
    ['a contentId that nobody listed', 'audit/20260908080000000000001$20260908080000000000001$audit_exchange$Audit_Exchange$emea0001', 'GET',
      [400, 'AF20050', 'The specified content (20260908080000000000001$20260908080000000000001$audit_exchange$Audit_Exchange$emea0001) does not exist.']],
    ['several languages', 'resources/dlpSensitiveTypes', 'GET', [400, 'AF20053', 'Only one language may be present in the Accept-Language header.']],
  ] as const) {
    test(`with ${what} is refused with ${expected[1]}`, started(async (client) => {
      const headers = { 'accept-language': what === 'several languages' ? 'de,en' : 'en-US' };
      assert.deepEqual(await codeOf(client.call(path, { method, headers })), expected);
    }));
  }

  test('with a tenant in the path that is no GUID is refused with AF20013', started(async (client, simulator) => {
    const answer = await fetch(`${simulator.url.origin}/api/v1.0/contoso.example/activity/feed/subscriptions/list`, { headers: { authorization: `Bearer ${await client.token()}` } });
    assert.equal((await errorOf(answer)).message, 'The tenant ID passed in the URL (contoso.example) is not a valid GUID.');
  }));

  test('by another method is refused as ASP.NET does', started(async (client) => {
    const answer = await client.call('subscriptions/list', { method: 'POST' });
    assert.deepEqual([answer.status, await answer.text()], [405, '{"Message":"The requested resource does not support http method \'POST\'."}']);
  }));

  test('with a token of a moment ago ends with it', started(async (client, _, clock) => {
    clock.jump(91 * 60_000);
    assert.equal((await client.call('subscriptions/list')).status, 401);
  }));

  test('names the sensitive types in one language', started(async (client) => {
    const types = await (await client.call('resources/dlpSensitiveTypes', { headers: { 'accept-language': 'en-US' } })).json() as { id: string; name: string }[];
    assert.ok(types.some(({ name }) => name === 'Credit Card Number'));
    assert.equal((await codeOf(client.call('resources/dlpSensitiveTypes', { headers: { 'accept-language': '?' } })))[1], 'AF20054');
  }));

  test('has no notifications to list', started(async (client) => {
    assert.equal(await (await client.call(`subscriptions/notifications?contentType=Audit.Exchange&${window}`)).text(), '[]');
  }));
});

describe('a subscription', () => {
  test('starts without a body, with an empty one and with {}, and calls no webhook', started(async (client) => {
    assert.equal((await client.call('subscriptions/start?contentType=Audit.General', { method: 'POST', body: '{}' })).status, 200);
    const webhook = JSON.stringify({ webhook: { address: 'https://hook.example/o365', authId: 'k' } });
    assert.equal((await codeOf(client.call('subscriptions/start?contentType=DLP.All', { method: 'POST', body: webhook })))[1], 'AF20021');
  }));

  test('sees what was there before it was started', started(async (client) => assert.ok((await client.listAll('Audit.Exchange')).length > 0)));

  test('that is stopped shows nothing, and after a new start only what came since', started(async (client, simulator, clock) => {
    const [blob] = await client.listAll('Audit.Exchange');
    assert.ok(blob);
    assert.equal((await client.call('subscriptions/stop?contentType=Audit.Exchange', { method: 'POST' })).status, 200);
    assert.equal((await codeOf(client.page('Audit.Exchange')))[1], 'AF20023');
    assert.equal((await codeOf(client.blob(blob)))[1], 'AF20023');
    clock.jump(HOUR_MS);
    assert.equal((await client.start('Audit.Exchange')).status, 200);
    assert.deepEqual(await client.listAll('Audit.Exchange'), []);
    assert.equal((await codeOf(client.blob(blob)))[1], 'AF20050');
    simulator.addEvents({ ndjson: '{"Id":"x","Workload":"Exchange","RecordType":1}' });
    assert.equal((await client.list('Audit.Exchange', { start: textTime(clock.nowMs() - HOUR_MS), end: textTime(clock.nowMs() + 1000) })).length, 1);
    assert.equal(simulator.books.expectedIds({ contentType: 'Audit.Exchange' }).size, 1);
  }));
});

describe('a listing', () => {
  test('includes its start and excludes its end', started(async (client) => {
    const [blob] = await client.listAll('Audit.Exchange');
    assert.ok(blob);
    const at = Date.parse(blob.contentCreated);
    const ids = async (startMs: number, endMs: number): Promise<boolean> =>
      (await client.list('Audit.Exchange', { start: new Date(startMs).toISOString(), end: new Date(endMs).toISOString() })).some(({ contentId }) => contentId === blob.contentId);
    assert.deepEqual([await ids(at, at + 1), await ids(at - 1, at), await ids(at + 1, at + 2)], [true, false, false]);
  }));

  test('without times is that of the last 24 hours, and its next page carries them', started(async (client) => {
    const answer = await client.call('subscriptions/content?contentType=Audit.Exchange');
    const next = answer.headers.get('NextPageUri') ?? '';
    assert.match(next, new RegExp(`^http://127\\.0\\.0\\.1:\\d+/api/v1\\.0/${client.tenantId}/activity/feed/subscriptions/content\\?contentType=Audit\\.Exchange&startTime=2026-09-07T12%3A00%3A00&endTime=2026-09-08T12%3A00%3A00&nextPage=\\d{10}R\\d{12}$`));
  }, { pageSize: 1, eventCount: 900 }));

  test('loses and repeats nothing when blobs appear between two pages', started(async (client, simulator) => {
    const before = await client.list('Audit.Exchange');
    const answer = await client.page('Audit.Exchange');
    const [first] = await answer.json() as { contentId: string; contentCreated: string }[];
    assert.ok(first);
    simulator.faults.set('late-blob', { contentType: 'Audit.Exchange', ageMs: NOON_MS - Date.parse(first.contentCreated) + 1000 });
    const rest = await client.call((answer.headers.get('NextPageUri') ?? '').split('/feed/')[1] ?? '');
    const [second] = await rest.json() as { contentId: string }[];
    assert.deepEqual([first.contentId, second?.contentId], before.slice(0, 2).map(({ contentId }) => contentId));
  }, { pageSize: 1, eventCount: 900 }));

  test('of a next page is refused once its start has left the seven days', started(async (client, simulator, clock) => {
    const next = ((await client.page('Audit.Exchange')).headers.get('NextPageUri') ?? '').split('/feed/')[1] ?? '';
    clock.jump(7 * DAY_MS);
    assert.equal((await codeOf(createClient(simulator).call(next)))[1], 'AF20055');
  }, { pageSize: 1, eventCount: 900 }));

  test('and a blob answer under the host by which they were called', started(async (client, simulator) => {
    const token = await client.token();
    const answer = await fetch(`http://localhost:${simulator.url.port}/api/v1.0/${client.tenantId}/activity/feed/subscriptions/content?contentType=Audit.Exchange&${window}`, { headers: { authorization: `Bearer ${token}`, 'x-forwarded-proto': 'https' } });
    for (const { contentUri } of await answer.json() as { contentUri: string }[]) assert.ok(contentUri.startsWith(`https://localhost:${simulator.url.port}/`), contentUri);
  }, { eventCount: 3000 }));
});
