/** The simulator as tests in other processes see it: over HTTP alone. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BooksSnapshot } from '../../../plugin/simulator/books.ts';
import { FAULT_NAMES } from '../../../plugin/simulator/faults.table.ts';
import type { FaultState } from '../../../plugin/simulator/faults.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { createClient, NOON_MS, withSimulator, type ListedBlob } from './client.ts';

const ask = async (url: URL, method = 'GET', body?: string): Promise<{ readonly status: number; readonly body: unknown }> => {
  const answer = await fetch(url, { method, ...(body === undefined ? {} : { body }) });
  return { status: answer.status, body: await answer.json() };
};

describe('the simulator\'s own paths', () => {
  test('tell its address, credentials and tenants', () => withSimulator({ eventCount: 0, tenants: 2 }, async ({ url, applicationId, clientSecret, tenants }) => {
    assert.deepEqual((await ask(new URL('/simulator', url))).body, { url: url.href, applicationId, clientSecret, tenants });
  }));

  test('open the books, with ids and the log of requests when asked', () => withSimulator({ eventCount: 60 }, async (simulator) => {
    const client = createClient(simulator);
    await client.call('subscriptions/list');
    const plain = (await ask(new URL('/simulator/books', simulator.url))).body as BooksSnapshot;
    assert.deepEqual([plain.expectedEvents, plain.requests, plain.log], [60, 1, undefined]);
    const full = (await ask(new URL('/simulator/books?ids=1&log=1', simulator.url))).body as BooksSnapshot;
    const ids = Object.values(full.tenants[client.tenantId]?.contentTypes ?? {}).flatMap((feed) => feed.ids ?? []);
    assert.deepEqual(new Set(ids), simulator.books.expectedIds());
    assert.deepEqual(full.log, [{ atMs: NOON_MS, method: 'GET', path: `/api/v1.0/${client.tenantId}/activity/feed/subscriptions/list`, tenant: client.tenantId, operation: 'list', status: 200 }]);
  }));

  test('list, set, switch off and clear faults', () => withSimulator({ eventCount: 0 }, async (simulator) => {
    const faults = new URL('/simulator/faults', simulator.url);
    const list = (await ask(faults)).body as Record<string, FaultState>;
    assert.deepEqual(Object.keys(list), FAULT_NAMES);
    assert.ok(Object.values(list).every(({ sentence, on, happened }) => sentence.endsWith('.') && on === null && happened === 0));
    const set = (await ask(faults, 'PUT', '{"request-timeout":{"count":1},"delay":true}')).body as Record<string, FaultState>;
    assert.deepEqual([set['request-timeout']?.on, set.delay?.on], [{ count: 1 }, {}]);
    assert.equal(((await ask(faults, 'PUT', '{"delay":false}')).body as Record<string, FaultState>).delay?.on, null);
    assert.equal((await createClient(simulator).token().catch(() => 'refused')), 'refused');
    assert.equal(((await ask(faults)).body as Record<string, FaultState>)['request-timeout']?.happened, 1);
    await ask(faults, 'PUT', '{"delay":true}');
    await ask(faults, 'DELETE');
    assert.equal(((await ask(faults)).body as Record<string, FaultState>).delay?.on, null);
  }));

  test('change nothing when one of several faults is unknown, and name those there are', () => withSimulator({ eventCount: 0 }, async (simulator) => {
    const { status, body } = await ask(new URL('/simulator/faults', simulator.url), 'PUT', '{"delay":true,"dely":true}');
    assert.equal(status, 400);
    assert.match(JSON.stringify(body), /SIMULATOR_FAULT_UNKNOWN.*no fault named dely.*slow-drip/);
    assert.equal(simulator.faults.list().delay.on, null);
    for (const wrong of ['[1', '5', '{"delay":{"ms":"x"}}']) assert.equal((await ask(new URL('/simulator/faults', simulator.url), 'PUT', wrong)).status, 400, wrong);
  }));

  test('add a blob of given events, in their own text', () => withSimulator({ eventCount: 0, tenants: 2 }, async (simulator) => {
    const client = createClient(simulator, { tenant: 1 });
    await client.start('Audit.SharePoint');
    await client.start('DLP.All');
    const events = '{"Id":"a","Workload":"OneDrive","Name":"Größe","N":12345678901234567890}\n{"Id":"b", "Workload":"OneDrive","OrganizationId":"x"}\n';
    const post = (query: string): Promise<{ readonly body: unknown }> => ask(new URL(`/simulator/events?tenant=${client.tenantId}${query}`, simulator.url), 'POST', events);
    const added = (await post('')).body as { contentId: string; contentType: string; ids: string[] };
    assert.deepEqual([added.contentType, added.ids.length], ['Audit.SharePoint', 2]);
    const bodyOf = async (contentType: 'Audit.SharePoint' | 'DLP.All', contentId: string): Promise<string> => {
      const blob = (await client.list(contentType)).find((one: ListedBlob) => one.contentId === contentId);
      assert.ok(blob);
      return (await client.blob(blob)).text();
    };
    assert.equal(await bodyOf('Audit.SharePoint', added.contentId), `[{"Id":"${added.ids[0] ?? ''}","Workload":"OneDrive","Name":"Größe","N":12345678901234567890},{"Id":"${added.ids[1] ?? ''}", "Workload":"OneDrive","OrganizationId":"${client.tenantId}"}]`);
    const kept = (await post('&keepIds=1&contentType=DLP.All&ageMs=60000')).body as { contentId: string; ids: string[] };
    assert.deepEqual(kept.ids, ['a', 'b']);
    const verbatim = (await post('&verbatim=1')).body as { contentId: string };
    assert.equal(await bodyOf('Audit.SharePoint', verbatim.contentId), `[${events.trim().replace('\n', ',')}]`);
    assert.deepEqual(simulator.books.expectedIds({ contentType: 'DLP.All' }), new Set(['a', 'b']));
    assert.equal((await ask(new URL('/simulator/events', simulator.url), 'POST', '[]')).status, 400);
    assert.equal((await ask(new URL('/simulator/events?tenant=x', simulator.url), 'POST', events)).status, 400);
  }));

  test('take certificates, secrets and federated issuers', () => withSimulator({ eventCount: 0 }, async (simulator) => {
    const put = (path: string, body: string): Promise<{ readonly status: number; readonly body: unknown }> => ask(new URL(`/simulator/${path}`, simulator.url), 'PUT', body);
    assert.equal(((await put('certificates', makeCertificate().certificate)).body as { certificates: unknown[] }).certificates.length, 1);
    assert.equal((await put('certificates', 'x')).status, 400);
    assert.deepEqual((await put('secrets', '["a","b"]')).body, { secrets: 2 });
    assert.deepEqual((await put('federated', '[]')).body, { federated: [] });
    await assert.rejects(createClient(simulator).token());
  }));

  test('say where they are when asked for something else', () => withSimulator({ eventCount: 0 }, async ({ url }) => {
    const { status, body } = await ask(new URL('/simulator/nothing', url));
    assert.equal(status, 404);
    assert.match(JSON.stringify(body), /GET \/simulator\/nothing/);
  }));
});
