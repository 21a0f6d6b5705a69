/** Every fault of the table, one by one: what a client sees of it, and that the books know what can still be had. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { AuditError } from '../../../plugin/errors.ts';
import { FAULT_NAMES, faultsAsMarkdown, type FaultName } from '../../../plugin/simulator/faults.table.ts';
import type { Simulator } from '../../../plugin/simulator/simulator.ts';
import type { ManualClock } from '../../support/manual-clock.ts';
import { until } from '../../support/manual-clock.ts';
import { askForToken, createClient, DAY_MS, errorOf, HOUR_MS, NOON_MS, textTime, withSimulator, type Client, type Event, type ListedBlob } from './client.ts';

interface Stage {
  readonly simulator: Simulator;
  readonly client: Client;
  readonly clock: ManualClock;
  /** The blobs of Audit.Exchange before the fault. */
  readonly blobs: readonly ListedBlob[];
  readonly first: ListedBlob;
}

const tested = new Set<FaultName>();
const GENERAL = 'Audit.General';

/** A test of one fault, which it switches on itself, on a feed that a client has subscribed to. */
function fault(name: FaultName, title: string, run: (stage: Stage) => Promise<void>, options: { readonly pageSize?: number } = {}): void {
  tested.add(name);
  test(`${name}: ${title}`, () => withSimulator({ eventCount: 900, ...options }, async (simulator, clock) => {
    const client = createClient(simulator, { nowMs: () => clock.nowMs() });
    for (const contentType of ['Audit.Exchange', 'Audit.General', 'Audit.SharePoint', 'DLP.All'] as const) await (await client.start(contentType)).text();
    const blobs = await client.listAll('Audit.Exchange');
    const [first] = blobs;
    assert.ok(first);
    await run({ simulator, client, clock, blobs, first });
  }));
}

/** The blobs that a listing has and an earlier one had not. */
async function newBlobs(client: Client, contentType: typeof GENERAL | 'DLP.All' | 'Audit.SharePoint' | 'Audit.Exchange', action: () => void): Promise<ListedBlob[]> {
  const before = new Set((await client.listAll(contentType)).map(({ contentId }) => contentId));
  action();
  const now = await client.list(contentType);
  return [...now, ...await client.listAll(contentType)].filter(({ contentId }, index, all) => !before.has(contentId) && all.findIndex((one) => one.contentId === contentId) === index);
}

const idsOf = (events: readonly Event[]): (string | undefined)[] => events.map(({ Id }) => Id);
const errorIn = async (answer: Promise<Response>): Promise<[number, string]> => {
  const { status, code } = await errorOf(await answer);
  return [status, code];
};

describe('a fault of the records', () => {
  fault('duplicate-record', 'a blob holds its first record twice', async ({ simulator, client, first }) => {
    const ids = idsOf(await client.events(first));
    simulator.faults.set('duplicate-record', { count: 1 });
    assert.deepEqual(idsOf(await client.events(first)), [ids[0], ...ids]);
    assert.deepEqual(idsOf(await client.events(first)), ids);
  });

  fault('record-in-two-blobs', 'a new blob repeats the oldest one', async ({ simulator, client }) => {
    const [oldest] = (await client.listAll('Audit.Exchange')).sort((a, b) => a.contentCreated.localeCompare(b.contentCreated));
    assert.ok(oldest);
    const expected = simulator.books.expectedIds().size;
    const [again] = await newBlobs(client, 'Audit.Exchange', () => simulator.faults.set('record-in-two-blobs', { contentType: 'Audit.Exchange' }));
    assert.ok(again);
    assert.deepEqual(await client.events(again), await client.events(oldest));
    assert.equal(simulator.books.expectedIds().size, expected);
  });

  fault('dlp-in-both-feeds', 'a record has the same Id in DLP.All and, without detections, in its workload\'s feed', async ({ simulator, client }) => {
    await (await client.start('Audit.AzureActiveDirectory')).text();
    const feeds = ['Audit.Exchange', 'Audit.SharePoint', 'Audit.General'] as const;
    const before = new Set((await Promise.all(feeds.map((feed) => client.listAll(feed)))).flat().map(({ contentId }) => contentId));
    const [rich] = await newBlobs(client, 'DLP.All', () => simulator.faults.set('dlp-in-both-feeds'));
    assert.ok(rich);
    const [plain] = (await Promise.all(feeds.map((feed) => client.list(feed)))).flat().filter(({ contentId }) => !before.has(contentId));
    assert.ok(plain);
    const [inDlp, inFeed] = [(await client.events(rich))[0], (await client.events(plain))[0]];
    assert.equal(inDlp?.Id, inFeed?.Id);
    assert.deepEqual([inDlp?.SensitiveInfoDetectionIsIncluded, inFeed?.SensitiveInfoDetectionIsIncluded], [true, false]);
  });

  fault('event-without-id', 'one record of a new blob has no Id', async ({ simulator, client }) => {
    const [blob] = await newBlobs(client, GENERAL, () => simulator.faults.set('event-without-id'));
    assert.ok(blob);
    const ids = idsOf(await client.events(blob));
    assert.deepEqual([ids.length, ids.filter((id) => id === undefined).length], [5, 1]);
    assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.contentTypes[GENERAL]?.eventsWithoutId, 1);
  });

  fault('reversed-members', 'the same records come with their members in the reverse order', async ({ simulator, client, first }) => {
    const events = await client.events(first);
    simulator.faults.set('reversed-members', { count: 1 });
    const reversed = await client.events(first);
    assert.deepEqual(reversed, events);
    assert.deepEqual(reversed.map((event) => Object.keys(event)), events.map((event) => Object.keys(event).reverse()));
  });

  fault('null-fields', 'every optional field of a new blob is null', async ({ simulator, client }) => {
    const [blob] = await newBlobs(client, GENERAL, () => simulator.faults.set('null-fields'));
    assert.ok(blob);
    for (const event of await client.events(blob)) {
      assert.ok(event.Id && event.Operation && event.CreationTime);
      assert.ok(Object.values(event).filter((value) => value === null).length > 1);
    }
  });

  fault('huge-event', 'one record of a new blob has as many megabytes as asked for', async ({ simulator, client }) => {
    const [blob] = await newBlobs(client, GENERAL, () => simulator.faults.set('huge-event', { mebibytes: 3 }));
    assert.ok(blob);
    assert.deepEqual((await client.events(blob)).map((event) => JSON.stringify(event).length > 3 * 1024 * 1024), [false, false, true, false, false]);
  });
});

describe('a fault of the blobs', () => {
  fault('big-blob', 'a new blob has as many megabytes as asked for', async ({ simulator, client }) => {
    const [blob] = await newBlobs(client, GENERAL, () => simulator.faults.set('big-blob', { mebibytes: 4 }));
    assert.ok(blob);
    assert.ok(JSON.stringify(await client.events(blob)).length > 4 * 1024 * 1024);
  });

  fault('late-blob', 'a blob appears in a window that was listed before', async ({ simulator, client }) => {
    const window = { start: textTime(NOON_MS - 2 * HOUR_MS), end: textTime(NOON_MS - HOUR_MS) };
    const before = await client.list(GENERAL, window);
    simulator.faults.set('late-blob', { ageMs: 1.5 * HOUR_MS });
    assert.equal((await client.list(GENERAL, window)).length, before.length + 1);
  });

  fault('short-lived-blob', 'a new blob can be had until its time is over', async ({ simulator, client, clock }) => {
    const [blob] = await newBlobs(client, GENERAL, () => simulator.faults.set('short-lived-blob', { seconds: 30 }));
    assert.ok(blob);
    assert.equal(Date.parse(blob.contentExpiration) - Date.parse(blob.contentCreated), 30_000);
    assert.equal((await client.blob(blob)).status, 200);
    await clock.advance(31_000);
    assert.deepEqual(await errorIn(client.blob(blob)), [400, 'AF20051']);
  });

  for (const [name, status, code] of [['blob-unknown', 404, 'AF20050'], ['blob-expired', 400, 'AF20051'], ['blob-invalid', 400, 'AF20052']] as const) {
    fault(name, `a listed blob answers ${code}, and the books do not expect it while that lasts`, async ({ simulator, client, first, blobs }) => {
      const all = simulator.books.expectedIds().size;
      simulator.faults.set(name, { path: first.contentId, status });
      assert.deepEqual(await errorIn(client.blob(first)), [status, code]);
      assert.ok(simulator.books.expectedIds().size < all);
      assert.ok((simulator.books.snapshot().tenants[client.tenantId]?.contentTypes['Audit.Exchange']?.unreachableEvents ?? 0) > 0);
      const [, second] = blobs;
      assert.ok(second);
      await client.events(second);
      simulator.faults.set(name, { count: 1, path: first.contentId });
      assert.equal(simulator.books.expectedIds().size, all);
      simulator.faults.clear(name);
      await client.events(first);
      simulator.faults.set(name, { path: first.contentId });
      assert.equal(simulator.books.expectedIds().size, all, 'what was served whole stays expected');
    });
  }

  fault('blob-missing', 'a listed blob is an unknown route', async ({ simulator, client, first }) => {
    simulator.faults.set('blob-missing', { count: 1 });
    const answer = await client.blob(first);
    assert.equal(answer.status, 404);
    assert.match(await answer.text(), /^\{"Message":"No HTTP resource/);
  });
});

describe('a fault of a listing', () => {
  fault('listed-though-expired', 'a blob is listed that has expired and cannot be had', async ({ simulator, client, blobs }) => {
    simulator.faults.set('listed-though-expired', { count: 1 });
    const ghost = (await client.listAll('Audit.Exchange')).find(({ contentId }) => !blobs.some((blob) => blob.contentId === contentId));
    assert.ok(ghost);
    assert.ok(Date.parse(ghost.contentExpiration) < NOON_MS);
    assert.deepEqual(await errorIn(client.blob(ghost)), [400, 'AF20051']);
  });

  fault('blob-on-two-pages', 'the last blob of a page is the first of the next', async ({ simulator, client, blobs }) => {
    simulator.faults.set('blob-on-two-pages', { count: 1 });
    const listed = (await client.listAll('Audit.Exchange')).map(({ contentId }) => contentId);
    assert.equal(listed.length, blobs.length + 1);
    assert.deepEqual(new Set(listed), new Set(blobs.map(({ contentId }) => contentId)));
  }, { pageSize: 2 });

  fault('shuffled-page', 'the blobs of a page are all there, in no order', async ({ simulator, client, blobs }) => {
    simulator.faults.set('shuffled-page');
    const orders = new Set<string>();
    for (let time = 0; time < 8; time++) {
      const listed = (await client.list('Audit.Exchange')).map(({ contentId }) => contentId);
      orders.add(listed.join(' '));
      assert.ok(listed.every((id) => blobs.some(({ contentId }) => contentId === id)));
    }
    assert.ok(orders.size > 1);
  });

  fault('newest-first', 'the newest blobs come first, on all pages, and none is missing', async ({ simulator, client, blobs }) => {
    const window = { start: textTime(NOON_MS - DAY_MS), end: textTime(NOON_MS) };
    const plain = await client.list('Audit.Exchange', window);
    simulator.faults.set('newest-first', { count: 1 });
    const reversed = await client.list('Audit.Exchange', window);
    assert.deepEqual(reversed, [...plain].reverse());
    assert.ok(blobs.length >= plain.length && plain.length > 2);
  }, { pageSize: 2 });

  fault('empty-page', 'pages without blobs lead on to the others, each by a URL of its own', async ({ simulator, client, blobs }) => {
    simulator.faults.set('empty-page', { count: 3 });
    const urls = new Set<string | null>();
    let answer = await client.page('Audit.Exchange');
    for (let page = 0; page < 3; page++) {
      assert.equal(await answer.text(), '[]');
      const next = answer.headers.get('NextPageUri') ?? '';
      urls.add(next);
      answer = await client.call(next.split('/feed/')[1] ?? '');
    }
    assert.equal(urls.size, 3);
    assert.ok((await answer.json() as unknown[]).length > 0);
    assert.ok(blobs.length > 0);
  });

  fault('next-page-loops', 'the next page is the page itself', async ({ simulator, client }) => {
    simulator.faults.set('next-page-loops', { count: 1 });
    const answer = await client.page('Audit.Exchange');
    assert.equal(answer.headers.get('NextPageUri'), answer.url);
  });

  fault('next-page-refused', 'a next page is refused with AF20031', async ({ simulator, client }) => {
    const next = (await client.page('Audit.Exchange')).headers.get('NextPageUri') ?? '';
    simulator.faults.set('next-page-refused', { count: 1 });
    assert.deepEqual(await errorIn(client.call(next.split('/feed/')[1] ?? '')), [400, 'AF20031']);
    assert.deepEqual(await errorIn(client.call(`${next.split('/feed/')[1] ?? ''}0`)), [400, 'AF20031']);
  }, { pageSize: 1 });

  fault('next-page-header', 'the header has another name', async ({ simulator, client }) => {
    simulator.faults.set('next-page-header', { count: 1 });
    const { headers } = await client.page('Audit.Exchange');
    assert.equal(headers.get('NextPageUri'), null);
    assert.match(headers.get('NextPageUrl') ?? '', /nextPage=/);
  }, { pageSize: 1 });

  fault('next-page-lower-case', 'the parameter has another case, and works', async ({ simulator, client, blobs }) => {
    simulator.faults.set('next-page-lower-case');
    assert.match((await client.page('Audit.Exchange')).headers.get('NextPageUri') ?? '', /[?&]nextpage=/);
    assert.equal((await client.listAll('Audit.Exchange')).length, blobs.length);
  }, { pageSize: 1 });

  fault('next-page-publisher', 'the URL carries the publisher that the request named', async ({ simulator, client }) => {
    assert.doesNotMatch((await client.page('Audit.Exchange')).headers.get('NextPageUri') ?? '', /PublisherIdentifier/);
    simulator.faults.set('next-page-publisher');
    assert.match((await client.page('Audit.Exchange')).headers.get('NextPageUri') ?? '', new RegExp(`&PublisherIdentifier=${client.tenantId}$`));
  }, { pageSize: 1 });

  fault('next-page-without-times', 'the URL lacks the window, and still means it', async ({ simulator, client, blobs }) => {
    simulator.faults.set('next-page-without-times');
    assert.doesNotMatch((await client.page('Audit.Exchange')).headers.get('NextPageUri') ?? '', /Time=/);
    assert.deepEqual(await client.listAll('Audit.Exchange'), blobs);
  }, { pageSize: 1 });

  fault('next-page-other-host', 'the URL points elsewhere', async ({ simulator, client }) => {
    simulator.faults.set('next-page-other-host', { origin: 'http://127.0.0.1:9' });
    assert.match((await client.page('Audit.Exchange')).headers.get('NextPageUri') ?? '', /^http:\/\/127\.0\.0\.1:9\/api\/v1\.0\//);
  }, { pageSize: 1 });

  fault('partial-blob', 'a window that starts inside a blob lists its rest under another id, and in place of it when it starts with it', async ({ simulator, client, blobs }) => {
    const keys = (blob: ListedBlob): number[] => blob.contentId.split('$').slice(0, 2).map((key) => Date.parse(key.replace(/^(....)(..)(..)(..)(..)(..)(...).*/, '$1-$2-$3T$4:$5:$6.$7Z')));
    const blob = blobs.find((one) => (keys(one)[1] ?? 0) - (keys(one)[0] ?? 0) > 20_000);
    assert.ok(blob);
    const [begin = 0, end = 0] = keys(blob);
    assert.equal(begin, Date.parse(blob.contentCreated));
    const whole = await client.events(blob);
    simulator.faults.set('partial-blob');
    for (const startMs of [begin, Math.floor((begin + end) / 2)]) {
      const window = { start: new Date(startMs).toISOString(), end: new Date(begin + HOUR_MS).toISOString() };
      const listed = await client.list('Audit.Exchange', window);
      assert.ok(!listed.some(({ contentId }) => contentId === blob.contentId));
      const part = listed.find(({ contentId }) => contentId.split('$')[1] === blob.contentId.split('$')[1]);
      assert.ok(part);
      const events = await client.events(part);
      assert.ok(events.length > 0 && events.length < whole.length);
      assert.deepEqual(events, whole.slice(-events.length));
    }
    const before = await client.list('Audit.Exchange', { start: new Date(begin - 1).toISOString(), end: new Date(begin + 1).toISOString() });
    assert.ok(before.some(({ contentId }) => contentId === blob.contentId));
  });

  fault('wide-window-answered', 'more than 24 hours are answered with a part, which the books remember', async ({ simulator, client, blobs }) => {
    const window = { start: textTime(NOON_MS - 2 * DAY_MS), end: textTime(NOON_MS) };
    assert.deepEqual(await errorIn(client.page('Audit.Exchange', window)), [400, 'AF20055']);
    simulator.faults.set('wide-window-answered');
    assert.ok((await client.list('Audit.Exchange', window)).length < blobs.length);
    assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.contentTypes['Audit.Exchange']?.widestWindowMs, 2 * DAY_MS);
  });

  fault('full-day-refused', 'exactly 24 hours are too many', async ({ simulator, client }) => {
    simulator.faults.set('full-day-refused');
    assert.deepEqual(await errorIn(client.page('Audit.Exchange', { start: textTime(NOON_MS - DAY_MS), end: textTime(NOON_MS) })), [400, 'AF20055']);
    assert.equal((await client.page('Audit.Exchange', { start: textTime(NOON_MS - DAY_MS + 1000), end: textTime(NOON_MS) })).status, 200);
  });

  fault('window-refused', 'a good window is refused with AF20055', async ({ simulator, client }) => {
    simulator.faults.set('window-refused', { count: 1 });
    assert.deepEqual(await errorIn(client.page('Audit.Exchange')), [400, 'AF20055']);
  });

  fault('retention-grace', 'a start an hour past the seven days is accepted', async ({ simulator, client }) => {
    const window = { start: textTime(NOON_MS - 7 * DAY_MS - HOUR_MS), end: textTime(NOON_MS - 7 * DAY_MS) };
    assert.deepEqual(await errorIn(client.page('Audit.Exchange', window)), [400, 'AF20055']);
    simulator.faults.set('retention-grace');
    assert.equal((await client.page('Audit.Exchange', window)).status, 200);
  });

  fault('content-uri-localhost', 'one element points at localhost and another tenant', async ({ simulator, client, blobs }) => {
    simulator.faults.set('content-uri-localhost', { count: 1 });
    const listed = await client.listAll('Audit.Exchange');
    const [wrong, ...others] = listed.filter(({ contentUri }) => contentUri.startsWith('http://localhost/'));
    assert.ok(wrong);
    assert.equal(others.length, 0);
    assert.match(wrong.contentUri, /^http:\/\/localhost\/[0-9a-f-]{36}\/activity\/feed\/audit\//);
    assert.ok(!wrong.contentUri.includes(client.tenantId) && wrong.contentUri.endsWith(wrong.contentId));
    assert.equal(listed.length, blobs.length);
  });

  fault('content-uri-other-tenant', 'an element names another tenant, where it is refused with AF20052', async ({ simulator, client, first }) => {
    simulator.faults.set('content-uri-other-tenant', { path: first.contentId });
    const wrong = (await client.listAll('Audit.Exchange')).find(({ contentUri }) => !contentUri.includes(client.tenantId));
    assert.equal(wrong?.contentId, first.contentId);
    assert.deepEqual(await errorIn(client.blob(wrong)), [400, 'AF20052']);
  });

  fault('content-uri-nowhere', 'an element points at a path of the same host and tenant where there is nothing', async ({ simulator, client, first }) => {
    simulator.faults.set('content-uri-nowhere', { path: first.contentId });
    const found = (await client.listAll('Audit.Exchange')).find(({ contentId }) => contentId === first.contentId);
    assert.ok(found);
    assert.ok(found.contentUri.startsWith(`${simulator.url.origin}/api/v1.0/${client.tenantId}/`), found.contentUri);
    assert.equal((await client.blob(found)).status, 404);
    assert.equal((await client.blob(first)).status, 200);
  });

  fault('content-uri-other-host', 'an element points at another host', async ({ simulator, client }) => {
    simulator.faults.set('content-uri-other-host', { count: 2, origin: 'http://127.0.0.1:9' });
    assert.equal((await client.listAll('Audit.Exchange')).filter(({ contentUri }) => contentUri.startsWith('http://127.0.0.1:9/api/v1.0/')).length, 2);
  });
});

describe('a fault of a body', () => {
  fault('bare-object', 'a blob is an object and no array', async ({ simulator, client }) => {
    const [blob] = await newBlobs(client, GENERAL, () => simulator.faults.set('bare-object'));
    assert.ok(blob);
    assert.equal(typeof (await (await client.blob(blob)).json() as Event).Id, 'string');
  });

  fault('error-as-blob', 'a blob is an error with 200, which does not count as served', async ({ simulator, client, first }) => {
    simulator.faults.set('error-as-blob', { count: 1 });
    const answer = await client.blob(first);
    assert.equal(answer.status, 200);
    assert.equal((await answer.json() as { error: { code: string } }).error.code, 'AF50000');
    assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.contentTypes['Audit.Exchange']?.blobsServed, 0);
  });

  fault('blob-not-json', 'a blob is a page of HTML with 200, which does not count as served', async ({ simulator, client, first }) => {
    simulator.faults.set('blob-not-json', { count: 1 });
    const answer = await client.blob(first);
    assert.deepEqual([answer.status, answer.headers.get('content-type')], [200, 'text/html']);
    assert.match(await answer.text(), /^<!DOCTYPE html>/);
    assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.contentTypes['Audit.Exchange']?.blobsServed, 0);
  });

  fault('byte-order-mark', 'a blob begins with one', async ({ simulator, client, first }) => {
    simulator.faults.set('byte-order-mark', { count: 1 });
    const bytes = Buffer.from(await (await client.blob(first)).arrayBuffer());
    assert.deepEqual([...bytes.subarray(0, 4)], [0xef, 0xbb, 0xbf, 0x5b]);
  });

  fault('wrong-content-type', 'a blob has another content type', async ({ simulator, client, first }) => {
    simulator.faults.set('wrong-content-type', { count: 1, type: 'text/plain' });
    assert.equal((await client.blob(first)).headers.get('content-type'), 'text/plain');
  });

  fault('gzip-unasked', 'a blob is compressed for a client that did not ask', async ({ simulator, client, first }) => {
    simulator.faults.set('gzip-unasked', { count: 1 });
    const { request } = await import('node:http');
    const token = await client.token();
    const [encoding, body] = await new Promise<[string | undefined, Buffer]>((resolve, reject) => {
      request(first.contentUri, { headers: { authorization: `Bearer ${token}` } }, (response) => {
        const pieces: Buffer[] = [];
        response.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => resolve([response.headers['content-encoding'], Buffer.concat(pieces)]));
      }).on('error', reject).end();
    });
    assert.equal(encoding, 'gzip');
    assert.ok((JSON.parse(gunzipSync(body).toString()) as unknown[]).length > 0);
  });

  for (const name of ['truncated-body', 'connection-reset-in-body'] as const) {
    fault(name, 'a blob ends early with its connection, which does not count as served', async ({ simulator, client, first }) => {
      simulator.faults.set(name, { count: 1, share: 0.3 });
      const answer = await client.blob(first);
      assert.equal(answer.status, 200);
      await assert.rejects(answer.text());
      assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.contentTypes['Audit.Exchange']?.blobsServed, 0);
      await client.events(first);
    });
  }

  fault('truncated-body-no-length', 'a blob ends early and looks whole', async ({ simulator, client, first }) => {
    simulator.faults.set('truncated-body-no-length', { count: 1 });
    const answer = await client.blob(first);
    assert.equal(answer.headers.get('content-length'), null);
    const text = await answer.text();
    assert.ok(text.startsWith('[{'));
    assert.throws(() => JSON.parse(text) as unknown);
    assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.contentTypes['Audit.Exchange']?.blobsServed, 0);
  });

  fault('slow-drip', 'a blob comes drop by drop, and whole', async ({ simulator, client, clock, first }) => {
    simulator.faults.set('slow-drip', { count: 1, bytes: 20_000, everyMs: 1000 });
    const events = client.events(first);
    const progress = { isDone: false };
    void events.finally(() => { progress.isDone = true; });
    while (!progress.isDone) {
      await until(() => progress.isDone || clock.waiting() > 0, 'the next drop');
      await clock.advance(1000);
    }
    assert.ok(clock.nowMs() - NOON_MS > 2000);
    assert.ok((await events).length > 0);
    assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.contentTypes['Audit.Exchange']?.blobsServed, 1);
  });

  fault('stalled-body', 'a blob stops in the middle and nothing more comes', async ({ simulator, client, first }) => {
    simulator.faults.set('stalled-body', { count: 1 });
    const impatience = new AbortController();
    const answer = await fetch(first.contentUri, { headers: { authorization: `Bearer ${await client.token()}` }, signal: impatience.signal });
    const reader = answer.body?.getReader();
    assert.ok((await reader?.read())?.value);
    impatience.abort();
  });

  test('of a body hits other answers too when it is asked to', () => withSimulator({ eventCount: 0 }, async (simulator) => {
    const client = createClient(simulator);
    simulator.faults.set('truncated-body-no-length', { count: 1, of: 'any', share: 0.2 });
    assert.equal(await (await client.start('Audit.General')).text(), '{"contentType');
  }));
});

describe('a fault of subscriptions, permissions and tokens', () => {
  fault('subscription-forgotten', 'AF20022 until it is started', async ({ simulator, client }) => {
    simulator.faults.set('subscription-forgotten', { count: 1, contentType: 'Audit.Exchange' });
    assert.equal((await client.page(GENERAL)).status, 200);
    assert.deepEqual(await errorIn(client.page('Audit.Exchange')), [400, 'AF20022']);
    assert.deepEqual(await errorIn(client.page('Audit.Exchange')), [400, 'AF20022']);
    assert.equal((await client.start('Audit.Exchange')).status, 200);
    assert.equal((await client.page('Audit.Exchange')).status, 200);
  });

  fault('subscription-disabled', 'AF20023 until it is started, and nothing is lost', async ({ simulator, client, blobs }) => {
    simulator.faults.set('subscription-disabled', { count: 1, contentType: 'Audit.Exchange', message: 'The subscription was disabled by a tenant admin.' });
    assert.equal((await errorOf(await client.page('Audit.Exchange'))).message, 'The subscription was disabled by a tenant admin.');
    assert.deepEqual(await errorIn(client.page('Audit.Exchange')), [400, 'AF20023']);
    assert.equal((await client.start('Audit.Exchange')).status, 200);
    assert.deepEqual(await client.listAll('Audit.Exchange'), blobs);
  });

  fault('subscription-stays-disabled', 'a start answers 200 and changes nothing', async ({ simulator, client }) => {
    simulator.faults.set('subscription-disabled', { count: 1 });
    simulator.faults.set('subscription-stays-disabled');
    assert.deepEqual(await errorIn(client.page('Audit.Exchange')), [400, 'AF20023']);
    assert.equal((await client.start('Audit.Exchange')).status, 200);
    assert.deepEqual(await errorIn(client.page('Audit.Exchange')), [400, 'AF20023']);
  });

  fault('subscription-without-status', 'an element of the list has none', async ({ simulator, client }) => {
    simulator.faults.set('subscription-without-status', { count: 1 });
    const subscriptions = await (await client.call('subscriptions/list')).json() as { status?: string }[];
    assert.deepEqual(subscriptions.map(({ status }) => status), [undefined, 'enabled', 'enabled', 'enabled']);
  });

  fault('start-limit', 'a second start within 15 minutes is refused, one of another type is not', async ({ simulator, client, clock }) => {
    simulator.faults.set('start-limit');
    assert.deepEqual(await errorIn(client.start('Audit.Exchange')), [429, 'AF429']);
    assert.equal((await client.start('Audit.AzureActiveDirectory')).status, 200);
    clock.jump(15 * 60_000);
    assert.deepEqual(await errorIn(client.start('Audit.Exchange')), [400, 'AF20024']);
    assert.deepEqual(simulator.books.snapshot().tenants[client.tenantId]?.contentTypes['Audit.Exchange']?.starts, { started: 1, alreadyEnabled: 1, refused: 1 });
  });

  fault('no-permission', 'AF10001 for everything, until a token after the consent', async ({ simulator }) => {
    simulator.faults.set('no-permission');
    const poor = createClient(simulator);
    assert.deepEqual(await errorIn(poor.page('Audit.Exchange')), [401, 'AF10001']);
    simulator.faults.clear('no-permission');
    assert.deepEqual(await errorIn(poor.page('Audit.Exchange')), [401, 'AF10001']);
    assert.equal((await createClient(simulator).page('Audit.Exchange')).status, 200);
  });

  fault('no-dlp-permission', 'AF10001 for DLP.All only', async ({ simulator }) => {
    simulator.faults.set('no-dlp-permission');
    const poor = createClient(simulator);
    assert.equal((await errorOf(await poor.page('DLP.All'))).message, 'The permission set (ActivityFeed.Read) sent in the request does not include the expected permission.');
    assert.equal((await poor.page('Audit.Exchange')).status, 200);
    assert.deepEqual(await errorIn(poor.start('DLP.All')), [401, 'AF10001']);
  });

  fault('strict-tenant', 'a tenant in the path that is not the token\'s is AF20010; else the token decides', async ({ simulator, client }) => {
    const elsewhere = (): Promise<Response> => client.token().then((token) => fetch(`${simulator.url.origin}/api/v1.0/${simulator.applicationId}/activity/feed/subscriptions/list`, { headers: { authorization: `Bearer ${token}` } }));
    assert.equal((await elsewhere()).status, 200);
    simulator.faults.set('strict-tenant');
    assert.equal((await errorOf(await elsewhere())).message, `The tenant ID passed in the URL (${simulator.applicationId}) does not match the tenant ID passed in the access token (${client.tenantId}).`);
  });

  fault('auditing-off', 'AF20011 that says the tenant does not exist', async ({ simulator, client }) => {
    simulator.faults.set('auditing-off', { count: 5 });
    const { code, message } = await errorOf(await client.call('subscriptions/list'));
    assert.deepEqual([code, message], ['AF20011', `Microsoft.Office.Compliance.Audit.DataServiceException: Tenant ${client.tenantId} does not exist.`]);
  });

  fault('expired-token', '401 for this token from now on, and not for the next', async ({ simulator, client, first }) => {
    simulator.faults.set('expired-token', { count: 1, path: '/audit/' });
    assert.equal((await client.call('subscriptions/list')).status, 200);
    assert.equal((await client.blob(first)).status, 401);
    assert.equal((await client.call('subscriptions/list')).status, 401);
    assert.equal((await createClient(simulator).call('subscriptions/list')).status, 200);
  });

  fault('short-token', 'a token ends soon, and the API knows', async ({ simulator, clock }) => {
    simulator.faults.set('short-token', { count: 1, seconds: 90 });
    const client = createClient(simulator);
    assert.equal((await client.call('subscriptions/list')).status, 200);
    clock.jump(90_000);
    assert.equal((await client.call('subscriptions/list')).status, 401);
  });

  fault('token-error', 'the token endpoint refuses with the number given', async ({ simulator, client }) => {
    simulator.faults.set('token-error', { count: 1, aadsts: 7000222 });
    const answer = await askForToken(simulator, client.tenantId);
    assert.deepEqual([answer.status, (await answer.json() as { error_codes: number[] }).error_codes], [401, [7000222]]);
  });

  fault('token-error-body', 'the token endpoint answers what is given', async ({ simulator, client }) => {
    simulator.faults.set('token-error-body', { count: 1, status: 502, body: '<html>' });
    const answer = await askForToken(simulator, client.tenantId);
    assert.deepEqual([answer.status, await answer.text()], [502, '<html>']);
  });

  // How assertions fare is a matter of the token endpoint's own tests.
  tested.add('sha1-only').add('assertion-once');
});

describe('a fault of errors, connections and the service', () => {
  fault('api-error', 'an AF code of the table or any other, in every form', async ({ simulator, client }) => {
    const answerFor = async (setting: Record<string, string | number>): Promise<[number, string]> => {
      simulator.faults.set('api-error', { count: 1, ...setting });
      const answer = await client.call('subscriptions/list');
      return [answer.status, await answer.text()];
    };
    assert.deepEqual(await answerFor({}), [500, '{"error":{"code":"AF50000","message":"An internal error occurred. Retry the request."}}']);
    assert.deepEqual(await answerFor({ code: 'AF20012', status: 403, form: 'single-quoted' }), [403, "{'error':{'code':'AF20012','message':'Specified tenant ID ({0}) is incorrectly configured in the system.'}}"]);
    assert.deepEqual(await answerFor({ code: 'AF50099', message: 'm', form: 'cut-off' }), [500, '{"error":{"code":"AF50099"']);
    assert.deepEqual(await answerFor({ code: 'AF20099', form: 'empty' }), [400, '']);
    assert.match((await answerFor({ form: 'html' }))[1], /<p>AF50000 An internal error/);
  });

  fault('throttled', 'AF429 with single quotes as 403, or as asked for', async ({ simulator, client, first }) => {
    simulator.faults.set('throttled', { count: 1 });
    const answer = await client.blob(first);
    assert.deepEqual([answer.status, await answer.text()], [403, "{'error':{'code':'AF429','message':'Too many requests. Method=GetBlob, PublisherId=00000000-0000-0000-0000-000000000000'}}"]);
    simulator.faults.set('throttled', { count: 1, status: 429, form: 'json', retryAfter: '7' });
    const other = await client.page('Audit.Exchange');
    assert.deepEqual([other.headers.get('retry-after'), await errorOf(other)], ['7', { status: 429, code: 'AF429', message: `Too many requests. Method=GetContents, PublisherId=${client.tenantId}` }]);
  });

  fault('throttle-answer', 'the quota itself answers in another form', () => withSimulator({ eventCount: 0, requestsPerMinute: 1 }, async (simulator) => {
    simulator.faults.set('throttle-answer');
    const client = createClient(simulator);
    await (await client.call('subscriptions/list')).text();
    const answer = await client.call('subscriptions/list');
    assert.equal(answer.headers.get('retry-after'), '30');
    assert.deepEqual(await errorIn(Promise.resolve(answer)), [429, 'AF429']);
  }));

  fault('unavailable', 'the front door has a page of HTML, for the login too', async ({ simulator, client }) => {
    simulator.faults.set('unavailable', { count: 2, status: 502, retryAfter: '3' });
    const answer = await client.call('subscriptions/list');
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [502, '3']);
    assert.match(await answer.text(), /<html>/);
    assert.equal((await askForToken(simulator, client.tenantId)).status, 502);
  });

  fault('request-timeout', '408', async ({ simulator, client }) => {
    simulator.faults.set('request-timeout', { count: 1 });
    assert.equal((await client.call('subscriptions/list')).status, 408);
  });

  fault('empty-error', 'a status and nothing else', async ({ simulator, client }) => {
    simulator.faults.set('empty-error', { count: 1 });
    const answer = await client.call('subscriptions/list');
    assert.deepEqual([answer.status, await answer.text()], [401, '']);
  });

  fault('redirect', 'another host is named', async ({ simulator, client }) => {
    simulator.faults.set('redirect', { count: 1, location: 'http://127.0.0.1:9/' });
    const answer = await client.call('subscriptions/list');
    assert.deepEqual([answer.status, answer.headers.get('location')], [302, 'http://127.0.0.1:9/']);
  });

  fault('connection-reset', 'nothing is answered, and the books have it', async ({ simulator, client }) => {
    simulator.faults.set('connection-reset', { count: 1 });
    await assert.rejects(client.call('subscriptions/list'));
    assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.byStatus['0'], 1);
    assert.equal((await client.call('subscriptions/list')).status, 200);
  });

  fault('no-answer', 'a request is read and left alone', async ({ simulator, client }) => {
    simulator.faults.set('no-answer', { count: 1 });
    const impatience = new AbortController();
    const asked = client.call('subscriptions/list', { signal: impatience.signal });
    await until(() => simulator.faults.happened('no-answer') === 1, 'the request');
    impatience.abort();
    await assert.rejects(asked);
  });

  fault('delay', 'an answer comes after its time', async ({ simulator, client, clock }) => {
    simulator.faults.set('delay', { count: 1, ms: 3000 });
    const asked = client.call('subscriptions/list');
    await until(() => clock.waiting() === 1, 'the request');
    await clock.advance(3000);
    assert.equal((await asked).status, 200);
  });

  fault('clock-skew', 'the service has another time, in its heads, windows and tokens', async ({ simulator, client }) => {
    simulator.faults.set('clock-skew', { ms: 8 * DAY_MS });
    assert.equal((await client.call('subscriptions/list')).status, 401);
    const later = createClient(simulator);
    assert.deepEqual(await errorIn(later.page('Audit.Exchange')), [400, 'AF20055']);
    assert.equal((await later.call('subscriptions/list')).headers.get('date'), new Date(NOON_MS + 8 * DAY_MS).toUTCString());
  });
});

describe('the switchboard of faults', () => {
  test('counts, waits, ends and filters as it is told', () => withSimulator({ eventCount: 0, tenants: 2 }, async (simulator, clock) => {
    const [one, two] = [createClient(simulator), createClient(simulator, { tenant: 1 })];
    const status = async (client: Client): Promise<number> => (await client.call('subscriptions/list')).status;
    await one.token();
    await two.token();
    simulator.faults.set('request-timeout', { after: 1, count: 2 });
    assert.deepEqual(simulator.faults.list()['request-timeout'].on, { after: 1, count: 2 });
    assert.deepEqual([await status(one), await status(one), await status(one), await status(one)], [200, 408, 408, 200]);
    assert.equal(simulator.faults.list()['request-timeout'].on, null);
    simulator.faults.set('request-timeout', { tenant: two.tenantId.toUpperCase() });
    assert.deepEqual([await status(one), await status(two)], [200, 408]);
    simulator.faults.set('request-timeout', { forMs: 1000 });
    assert.equal(await status(one), 408);
    clock.jump(1000);
    assert.equal(await status(one), 200);
    simulator.faults.set('request-timeout', { chance: 0.5 });
    const statuses = [];
    for (let time = 0; time < 40; time++) statuses.push(await status(one));
    assert.ok(statuses.includes(200) && statuses.includes(408));
    assert.equal(simulator.faults.happened('request-timeout'), 4 + statuses.filter((one) => one === 408).length);
  }));

  test('refuses names and settings that it does not know, and says what it takes', () => withSimulator({ eventCount: 0 }, (simulator) => {
    const refused = (code: string, words: RegExp) => (error: unknown): boolean => error instanceof AuditError && error.code === code && words.test(`${error.message} ${error.repair}`);
    assert.throws(() => simulator.faults.set('delay', { seconds: 3 }), refused('SIMULATOR_FAULT_SETTING', /seconds.*one of ms, count/));
    assert.throws(() => simulator.faults.set('delay', { ms: '3' }), refused('SIMULATOR_FAULT_SETTING', /ms.*a number/));
    assert.throws(() => simulator.faults.set('throttled', { form: 'htlm' }), refused('SIMULATOR_FAULT_SETTING', /form.*one of json, single-quoted, html/));
    assert.throws(() => simulator.faults.set('late-blob', { tenant: 'x' }), refused('SIMULATOR_FAULT_SETTING', /tenant.*one of /));
    assert.throws(() => simulator.faults.set('late-blob', { contentType: 'Audit.Teams' }), refused('SIMULATOR_FAULT_SETTING', /contentType.*DLP\.All/));
    return Promise.resolve();
  }));

  test('sends nothing of its own accord: a listing that points elsewhere is only text', () => withSimulator({ eventCount: 50 }, async (simulator) => {
    let visits = 0;
    const other = createServer((_, response) => { visits++; response.end(); }).listen(0, '127.0.0.1');
    await once(other, 'listening');
    after(() => other.close());
    simulator.faults.set('content-uri-other-host', { origin: `http://127.0.0.1:${(other.address() as AddressInfo).port}` });
    const client = createClient(simulator);
    await client.start('Audit.Exchange');
    await client.listAll('Audit.Exchange');
    assert.equal(visits, 0);
    other.close();
  }));

  test('stays up when clients go away in the middle of anything', () => withSimulator({ eventCount: 1500 }, async (simulator, clock) => {
    const client = createClient(simulator);
    await client.start('Audit.Exchange');
    const [blob] = await client.listAll('Audit.Exchange');
    assert.ok(blob);
    const headers = { authorization: `Bearer ${await client.token()}` };
    simulator.faults.set('big-blob', { contentType: 'Audit.Exchange' });
    const big = (await client.list('Audit.Exchange')).at(-1);
    assert.ok(big);
    for (const name of [undefined, 'slow-drip', 'truncated-body', 'stalled-body', 'connection-reset-in-body', 'no-answer', 'delay'] as const) {
      if (name !== undefined) simulator.faults.set(name, { path: '/audit/' });
      await Promise.all(Array.from({ length: 12 }, async (_, index) => {
        const impatience = new AbortController();
        const read = async (): Promise<void> => {
          const answer = await fetch((index % 2 === 0 ? big : blob).contentUri, { headers, signal: impatience.signal });
          if (index % 3 === 0) await answer.text();
          else await answer.body?.getReader().read();
        };
        // Broken or whole, as the moment would have it.
        const asked = read().catch(() => undefined);
        for (let turn = 0; turn < index * 3; turn++) await new Promise((resolve) => setImmediate(resolve));
        impatience.abort();
        await asked;
      }));
      await clock.advance(60_000);
      simulator.faults.clear();
    }
    assert.ok((await client.events(big)).length > 1000);
  }));

  test('is listed for the documentation, every fault once', () => {
    const lines = faultsAsMarkdown().split('\n').filter((line) => line.startsWith('- '));
    assert.equal(lines.length, FAULT_NAMES.length);
    for (const name of FAULT_NAMES) assert.equal(lines.filter((line) => line.startsWith(`- \`${name}\`: `)).length, 1, name);
  });

  test('is tested in full', () => assert.deepEqual(FAULT_NAMES.filter((name) => !tested.has(name)), []));
});
