/** Answers that have been seen on the wire, byte for byte. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, test } from 'node:test';
import type { Simulator } from '../../../plugin/simulator/simulator.ts';
import { createClient, NOON_MS, textTime, withSimulator } from './client.ts';

const started = (test: (simulator: Simulator, client: ReturnType<typeof createClient>) => Promise<void>) => () => withSimulator({ eventCount: 100 }, async (simulator) => {
  const client = createClient(simulator);
  await (await client.start('Audit.Exchange')).text();
  await test(simulator, client);
});

async function statusAndBody(answer: Promise<Response>): Promise<[number, string]> {
  const { status } = await answer;
  return [status, await (await answer).text()];
}

describe('on the wire', () => {
  test('AF20024 is a 400 of 97 bytes', started(async (_, client) => {
    const [status, body] = await statusAndBody(client.start('Audit.Exchange'));
    assert.deepEqual([status, body], [400, '{"error":{"code":"AF20024","message":"The subscription is already enabled. No property change."}}']);
    assert.equal(Buffer.byteLength(body), 97);
  }));

  test('AF20055 ends with the times as they were sent, offset and microseconds included', started(async (_, client) => {
    const window = { start: '2026-08-05T10:27:13.619091+00:00', end: '2026-08-05T10:57:13.619091+00:00' };
    assert.deepEqual(await statusAndBody(client.page('Audit.Exchange', window)), [400, '{"error":{"code":"AF20055","message":"Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, '
      + 'with the start time prior to end time and start time no more than 7 days in the past. StartTime:2026-08-05T10:27:13.619091+00:00, EndTime:2026-08-05T10:57:13.619091+00:00"}}']);
  }));

  test('AF10001 of a token without roles names none', () => withSimulator({ eventCount: 0 }, async (simulator) => {
    simulator.faults.set('no-permission');
    assert.deepEqual(await statusAndBody(createClient(simulator).start('Audit.Exchange')), [401, '{"error":{"code":"AF10001","message":"The permission set () sent in the request does not include the expected permission."}}']);
  }));

  test('AF20023 and AF20022 are 400', started(async (simulator, client) => {
    simulator.faults.set('subscription-disabled', { count: 1 });
    assert.deepEqual(await statusAndBody(client.page('Audit.Exchange')), [400, '{"error":{"code":"AF20023","message":"The subscription was disabled."}}']);
    assert.deepEqual(await statusAndBody(client.page('Audit.General')), [400, '{"error":{"code":"AF20022","message":"No subscription found for the specified content type."}}']);
  }));

  test('AF429 is a 403 with single quotes and the GUID of nobody when no publisher is named', () => withSimulator({ eventCount: 0, requestsPerMinute: 1 }, async (simulator) => {
    const client = createClient(simulator);
    await (await client.call('subscriptions/list')).text();
    const answer = await client.call('subscriptions/list');
    assert.equal(answer.status, 403);
    assert.equal(await answer.text(), "{'error':{'code':'AF429','message':'Too many requests. Method=ListSubscriptions, PublisherId=00000000-0000-0000-0000-000000000000'}}");
  }));

  test('AF20052 of a blob under another tenant speaks of a blob key', started(async (simulator, client) => {
    const [blob] = await client.listAll('Audit.Exchange');
    assert.ok(blob);
    const elsewhere = { contentUri: blob.contentUri.replace(client.tenantId, '11111111-2222-4333-8444-555555555555') };
    assert.deepEqual(await statusAndBody(client.blob(elsewhere)), [400, `{"error":{"code":"AF20052","message":"Blob key ${blob.contentId} in the url is invalid"}}`]);
    assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.contentTypes['Audit.Exchange']?.blobsServed, 0);
  }));

  test('an unknown route is ASP.NET\'s 404', started(async (simulator, client) => {
    const url = `${simulator.url.origin}/api/v1.0/${client.tenantId}/activity/feed/subscription/list`;
    assert.deepEqual(await statusAndBody(client.call('subscription/list')), [404, `{"Message":"No HTTP resource was found that matches the request URI '${url}'."}`]);
    assert.equal((await fetch(`${simulator.url.origin}/nothing`)).status, 404);
  }));

  test('a request without a good token is ASP.NET\'s 401', started(async (_, client) => {
    for (const authorization of ['', 'Bearer x.y.z', 'Basic abc']) {
      assert.deepEqual(await statusAndBody(client.call('subscriptions/list', { headers: { authorization } })), [401, '{"Message":"Authorization has been denied for this request."}']);
    }
  }));

  test('a POST that does not say how long it is gets the page of IIS', started(async (simulator, client) => {
    const socket = connect(Number(simulator.url.port), '127.0.0.1');
    socket.write(`POST /api/v1.0/${client.tenantId}/activity/feed/subscriptions/start?contentType=Audit.General HTTP/1.1\r\nHost: ${simulator.url.host}\r\nAuthorization: Bearer ${await client.token()}\r\nConnection: close\r\n\r\n`);
    let answer = '';
    for await (const piece of socket) answer += String(piece);
    assert.match(answer, /^HTTP\/1\.1 411 /);
    assert.match(answer, /content-type: text\/html/i);
    assert.match(answer, /<h2>Length Required<\/h2>/);
  }));

  test('the head is the one of IIS and ASP.NET, with the service\'s own date', started(async (simulator, client) => {
    const token = await client.token();
    const headers = await new Promise<NodeJS.Dict<string | string[]>>((resolve, reject) => {
      request(new URL(`/api/v1.0/${client.tenantId}/activity/feed/subscriptions/list`, simulator.url), { headers: { authorization: `Bearer ${token}` } }, (response) => {
        response.resume();
        resolve(response.headers);
      }).on('error', reject).end();
    });
    const expected = {
      'cache-control': 'no-cache', pragma: 'no-cache', expires: '-1', 'content-type': 'application/json; charset=utf-8', server: 'Microsoft-IIS/8.5', 'x-aspnet-version': '4.0.30319', 'x-powered-by': 'ASP.NET',
      date: new Date(NOON_MS).toUTCString(), 'content-length': '68',
    };
    for (const [name, value] of Object.entries(expected)) assert.equal(headers[name], value, name);
  }));

  test('subscriptions are compact JSON with a null webhook, in the order of their starts', started(async (_, client) => {
    assert.deepEqual(await statusAndBody(client.start('Audit.General')), [200, '{"contentType":"Audit.General","status":"enabled","webhook":null}']);
    assert.deepEqual(await statusAndBody(client.call('subscriptions/stop?contentType=Audit.General', { method: 'POST' })), [200, '']);
    assert.deepEqual(await statusAndBody(client.call('subscriptions/list')), [200, '[{"contentType":"Audit.Exchange","status":"enabled","webhook":null},{"contentType":"Audit.General","status":"disabled","webhook":null}]']);
  }));

  test('a listing element has the members of the real one, in their order, and a contentId of today\'s shape', started(async (simulator, client) => {
    const [blob] = await client.listAll('Audit.Exchange');
    assert.ok(blob);
    assert.deepEqual(Object.keys(blob), ['contentUri', 'contentId', 'contentType', 'contentCreated', 'contentExpiration']);
    assert.match(blob.contentId, /^\d{23}\$\d{23}\$audit_exchange\$Audit_Exchange\$[a-z]+\d{4}$/);
    assert.equal(blob.contentId.slice(0, 17), blob.contentCreated.replace(/\D/g, ''));
    assert.equal(blob.contentUri, `${simulator.url.origin}/api/v1.0/${client.tenantId}/activity/feed/audit/${blob.contentId}`);
    assert.deepEqual(await statusAndBody(client.page('Audit.Exchange', { start: textTime(NOON_MS), end: textTime(NOON_MS + 1000) })), [200, '[]']);
  }));
});
