import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AuditError } from '../../../plugin/errors.ts';
import { splitEvents } from '../../../plugin/simulator/event-source.ts';
import { patchEvent } from '../../../plugin/simulator/event-text.ts';
import { startSimulator } from '../../../plugin/simulator/simulator.ts';
import { silentLog } from '../../../plugin/telemetry/log.ts';
import { CONTENT_TYPES } from '../../../plugin/types.ts';
import { createManualClock, until } from '../../support/manual-clock.ts';
import { createClient, DAY_MS, HOUR_MS, withSimulator, type Client, type Event } from './client.ts';

/** Everything that a client finds in the last two days, by content type. */
async function collect(client: Client): Promise<Map<string, Event[]>> {
  const found = new Map<string, Event[]>();
  for (const contentType of CONTENT_TYPES) {
    await client.start(contentType);
    const events = [];
    for (const blob of await client.listAll(contentType)) events.push(...await client.events(blob));
    found.set(contentType, events);
  }
  return found;
}

describe('a simulated Management Activity API', () => {
  test('hands out every event of its backlog to a client that reads all windows, pages and blobs', () => withSimulator({ tenants: 2, eventCount: 600, pageSize: 2 }, async (simulator) => {
    for (const tenant of [0, 1]) {
      const client = createClient(simulator, { tenant });
      const found = await collect(client);
      const ids = [...found.values()].flat().map(({ Id }) => Id);
      assert.deepEqual(new Set(ids), simulator.books.expectedIds({ tenant: client.tenantId }));
      assert.equal(ids.length, 300);
      for (const contentType of CONTENT_TYPES) {
        assert.deepEqual(new Set(found.get(contentType)?.map(({ Id }) => Id)), simulator.books.expectedIds({ tenant: client.tenantId, contentType }), contentType);
        assert.ok(found.get(contentType)?.every(({ OrganizationId }) => OrganizationId === client.tenantId), contentType);
      }
    }
  }));

  test('makes the same tenants, credentials and events of the same seed, and others of another', async () => {
    const collected = async (seed: number): Promise<unknown> => {
      let result: unknown;
      await withSimulator({ seed, eventCount: 120 }, async (simulator) => {
        result = [simulator.applicationId, simulator.clientSecret, simulator.tenants, [...await collect(createClient(simulator))]];
      });
      return result;
    };
    const [once, again, other] = [await collected(3), await collected(3), await collected(4)];
    assert.deepEqual(once, again);
    assert.notDeepEqual(once, other);
  });

  test('varies the size of blobs around fifty, and shares some contentCreated among blobs of a feed', () => withSimulator({ eventCount: 6000 }, async (simulator) => {
    const client = createClient(simulator);
    await client.start('Audit.Exchange');
    const blobs = await client.listAll('Audit.Exchange');
    const sizes = await Promise.all(blobs.map(async (blob) => (await client.events(blob)).length));
    const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
    assert.ok(mean > 35 && mean < 65, `mean ${mean}`);
    assert.ok(Math.max(...sizes) <= 100 && Math.min(...sizes) >= 1 && sizes.filter((size) => size === 1).length < sizes.length / 10, sizes.join(' '));
    assert.ok(new Set(blobs.map(({ contentCreated }) => contentCreated)).size < blobs.length, 'no two blobs share their contentCreated');
    assert.equal(new Set(blobs.map(({ contentId }) => contentId)).size, blobs.length);
  }));

  test('puts exactly as many events into a blob as it is told to, and serves a large one in full', () => withSimulator({ eventCount: 4000, eventsPerBlob: 4000 }, async (simulator) => {
    const client = createClient(simulator);
    await client.start('Audit.Exchange');
    const [blob, ...others] = await client.listAll('Audit.Exchange');
    assert.ok(blob);
    assert.equal(others.length, 0);
    const answer = await client.blob(blob);
    const text = await answer.text();
    assert.equal(Number(answer.headers.get('content-length')), Buffer.byteLength(text));
    assert.equal((JSON.parse(text) as unknown[]).length, 4000);
    assert.equal(simulator.books.snapshot().tenants[client.tenantId]?.contentTypes['Audit.Exchange']?.bytesServed, Buffer.byteLength(text));
  }));

  test('serves the events of a file with fresh Ids, shifted times and the simulated tenant, every other byte untouched', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'o365audit-simulator-'));
    try {
      const file = join(folder, 'events.ndjson');
      const lines = [
        '{"Workload":"Exchange","Big":36787265537123456789,"Tail":"\\u00e9 é \\/", "Id":"a","CreationTime":"2020-01-01T00:00:00","OrganizationId":"x","RecordType":1}',
        '{"RecordType":11, "Workload":"SharePoint","Id":"b","Nested":{"Id":"keep me","CreationTime":"2020-01-01T00:00:00"}, "Float":1.0}',
        '{"Workload":"Yammer","Id":"c","CreationTime":"2020-01-01T00:00:00Z"}',
      ];
      await writeFile(file, `${lines.join('\r\n')}\n\n`);
      await withSimulator({ eventsFile: file }, async (simulator) => {
        const client = createClient(simulator);
        const found = new Map<string, string>();
        for (const contentType of CONTENT_TYPES) {
          await client.start(contentType);
          for (const blob of await client.listAll(contentType)) found.set(contentType, await (await client.blob(blob)).text());
        }
        const normal = (text: string): string => text.replace(/"Id":"[0-9a-f-]{36}"/, '"Id":"FRESH"').replace(/"CreationTime":"2026-[0-9T:-]{14}/, '"CreationTime":"SHIFTED').replaceAll(client.tenantId, 'TENANT');
        assert.deepEqual([...found].map(([contentType, text]) => [contentType, normal(text)]).sort(), [
          ['Audit.Exchange', '[{"Workload":"Exchange","Big":36787265537123456789,"Tail":"\\u00e9 é \\/", "Id":"FRESH","CreationTime":"SHIFTED","OrganizationId":"TENANT","RecordType":1}]'],
          ['Audit.General', '[{"Workload":"Yammer","Id":"FRESH","CreationTime":"SHIFTEDZ"}]'],
          ['DLP.All', '[{"RecordType":11, "Workload":"SharePoint","Id":"FRESH","Nested":{"Id":"keep me","CreationTime":"2020-01-01T00:00:00"}, "Float":1.0}]'],
        ]);
      });
      await withSimulator({ eventsFile: file, keepIds: true }, (simulator) => {
        assert.deepEqual(simulator.books.expectedIds(), new Set(['a', 'b', 'c']));
        return Promise.resolve();
      });
      await withSimulator({ eventsFile: file, eventCount: 100 }, (simulator) => {
        assert.equal(simulator.books.expectedIds().size, 100);
        return Promise.resolve();
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('names the line of a file of events that is no event', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'o365audit-simulator-'));
    try {
      const file = join(folder, 'events.ndjson');
      await writeFile(file, '{"Id":"a"}\n[1]\n');
      await assert.rejects(startSimulator({ clock: createManualClock(), log: silentLog, eventsFile: file }), (error) => error instanceof AuditError && error.code === 'SIMULATOR_EVENT_BROKEN' && /Line 2 of .*no JSON object/.test(error.message));
      await assert.rejects(startSimulator({ clock: createManualClock(), log: silentLog, eventsFile: join(folder, 'missing') }), (error) => error instanceof AuditError && error.code === 'SIMULATOR_EVENTS_UNREADABLE');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('says so when its port is taken', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as AddressInfo;
    try {
      await assert.rejects(startSimulator({ clock: createManualClock(), log: silentLog, port }), (error) => error instanceof AuditError && error.code === 'SIMULATOR_PORT_TAKEN' && error.message.includes(String(port)));
    } finally {
      other.close();
    }
  });

  test('adds live events at the rate it is given, and stops adding when it is closed', () => withSimulator({ eventCount: 0, ratePerSecond: 50 }, async (simulator, clock) => {
    assert.equal(simulator.books.expectedIds().size, 0);
    for (let second = 0; second < 20; second++) {
      await until(() => clock.waiting() === 1, 'the next live blob');
      await clock.advance(1000);
    }
    assert.equal(simulator.books.expectedIds().size, 1000);
    const client = createClient(simulator, { nowMs: () => clock.nowMs() });
    await client.start('Audit.SharePoint');
    assert.ok((await client.list('Audit.SharePoint')).length > 0);
  }));

  test('compresses blobs for a client that accepts gzip, when it is told to', () => withSimulator({ gzip: true, eventCount: 200 }, async (simulator) => {
    const client = createClient(simulator);
    await client.start('Audit.Exchange');
    const [blob] = await client.listAll('Audit.Exchange');
    assert.ok(blob);
    const answer = await client.blob(blob);
    assert.equal(answer.headers.get('content-encoding'), 'gzip');
    assert.ok((await answer.json() as unknown[]).length > 0);
    const plain = await fetch(blob.contentUri, { headers: { authorization: `Bearer ${await client.token()}`, 'accept-encoding': 'identity' } });
    assert.equal(plain.headers.get('content-encoding'), null);
  }));

  test('waits as long as its latency before it answers', () => withSimulator({ latencyMs: 200 }, async (simulator, clock) => {
    let isAnswered = false;
    const asked = createClient(simulator).token().then(() => { isAnswered = true; });
    await until(() => clock.waiting() === 1, 'the request');
    assert.equal(isAnswered, false);
    await clock.advance(200);
    await asked;
  }));

  test('forgets content seven days after it became available', () => withSimulator({ eventCount: 200 }, async (simulator, clock) => {
    const client = createClient(simulator);
    await client.start('Audit.Exchange');
    const blobs = await client.listAll('Audit.Exchange');
    assert.ok(blobs.length > 0);
    for (const { contentCreated, contentExpiration } of blobs) assert.equal(Date.parse(contentExpiration) - Date.parse(contentCreated), 7 * DAY_MS);
    clock.jump(7 * DAY_MS + HOUR_MS);
    assert.equal(simulator.books.expectedIds().size, 0);
  }));
});

const dataFolder = process.env.O365AUDIT_DATA_DIR;
if (dataFolder !== undefined) describe('real events', () => {
  test('arrive once each and in order, every byte of them but the three values untouched', async () => {
    const folder = join(dataFolder, 'events');
    for (const file of (await readdir(folder)).filter((name) => name.endsWith('.ndjson'))) {
      const lines = splitEvents(await readFile(join(folder, file), 'latin1'), file);
      await withSimulator({ eventsFile: join(folder, file) }, async (simulator) => {
        const client = createClient(simulator);
        for (const contentType of CONTENT_TYPES) {
          await client.start(contentType);
          const own = lines.filter((line) => line.contentType === contentType);
          const served: string[] = [];
          for (const blob of await client.listAll(contentType)) served.push(Buffer.from(await (await client.blob(blob)).arrayBuffer()).toString('latin1').slice(1, -1));
          const events = JSON.parse(`[${served.join(',')}]`) as { Id: string; CreationTime: string; OrganizationId: string }[];
          assert.equal(events.length, own.length, contentType);
          const expected = own.map(({ text }, index) => patchEvent(text, { id: events[index]?.Id ?? '', creationMs: Date.parse(`${events[index]?.CreationTime ?? ''}Z`), organizationId: client.tenantId }));
          assert.ok(served.join(',') === expected.join(','), `${file}, ${contentType}`);
        }
        assert.equal(simulator.books.expectedIds().size, lines.length);
      });
    }
  });
});
