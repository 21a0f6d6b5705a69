/**
 * There is a backlog, and the service is far away: every answer takes a while. Peers fetch one page a poll, and poll every few minutes, so that a large tenant
 * never catches up (A16, G); go through a content type one request after the other (P4); open a new connection for each request (P5); forget on some of them in
 * whose name they ask (A11); never follow the link to the next page, or follow it as they think that it should look (A12, P1); pass over the second of two
 * blobs with the same contentCreated (P2); end when several listings answer in the same moment (P9); and give up a blob that takes longer than three seconds,
 * or wait for it for ever (P10, P12). Here nobody sleeps while there is something to do, pages are followed as they are given, many calls share few
 * connections, and a blob has as much time as it needs.
 */
import assert from 'node:assert/strict';
import { connect, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { startRawFarEnd } from '../support/far-end.ts';
import { runProgram, startProgram, STOP_DEADLINE_MS } from '../support/program.ts';
import { idsOf, startSimulation } from '../support/simulation.ts';

/** One poll, and the next one long after this test. */
const SELDOM = ['-M', 'o365.audit.var.api.poll_interval=2h'];
const BLOB_SECONDS = 4;
const LATENCY_MS = 40;
/** So many blobs are fetched at once. */
const AT_ONCE = 12;

describe('a backlog at a service that is far away', { concurrency: 2 }, () => {
  test('is fetched without a pause, all content types at once, over few connections, and every blob of it', async () => {
    let target = 0;
    // counts connections, and hands everything on
    let connections = 0;
    const relay = await startRawFarEnd((socket) => {
      connections += 1;
      const onward: Socket = connect(target, '127.0.0.1');
      onward.on('error', () => socket.destroy()).on('close', () => socket.destroy());
      socket.on('close', () => onward.destroy());
      socket.pipe(onward).pipe(socket);
    });
    const simulation = await startSimulation({ eventCount: 1_500, eventsPerBlob: 5, pageSize: 7, latencyMs: LATENCY_MS, resources: [relay.url.origin] });
    try {
      const { simulator } = simulation;
      target = Number(simulator.url.port);
      const words = [...simulation.words, ...SELDOM, '--content-concurrency', String(AT_ONCE), '-M', `o365.audit.var.api.resource=${relay.url.origin}`, '-M', `o365.audit.var.api.authentication_endpoint=${relay.url.href}`];
      const program = startProgram(['collect', ...words]);
      await program.said('Everything that there was has been delivered.');
      program.signal('SIGTERM');
      assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null });
      assert.deepEqual(new Set(idsOf(program.lines())), simulation.expectedIds());

      const moments = simulator.books.blobs().map(({ contentType, createdMs }) => `${contentType} ${createdMs}`);
      assert.ok(new Set(moments).size < moments.length, 'no two blobs share their contentCreated');
      const { log = [], requests } = simulator.books.snapshot({ log: true });
      assert.ok(requests > 300, `${requests} requests`);
      assert.deepEqual(Object.values(simulator.books.snapshot().tenants).map(({ withoutPublisherIdentifier }) => withoutPublisherIdentifier), [0]);
      assert.ok(connections < requests / 4, `${connections} connections for ${requests} requests`);
      // who fetches one blob after the other asks once in the time that an answer takes
      const asked = log.filter(({ path }) => path.includes('/activity/feed/audit/')).map(({ atMs }) => atMs).sort((left, right) => left - right);
      const most = Math.max(...asked.map((fromMs, index) => asked.slice(index).filter((atMs) => atMs < fromMs + LATENCY_MS).length));
      assert.ok(most > AT_ONCE / 2 && most <= 2 * AT_ONCE, `at most ${most} blobs were asked for at once`);
      // all content types are under way before one of them is done
      const listings = log.filter(({ operation }) => operation === 'content').map(({ contentType }) => contentType);
      const [first] = listings;
      assert.equal(new Set(listings.slice(0, listings.lastIndexOf(first))).size, 5);
    } finally {
      await simulation.close();
      await relay.close();
    }
  });

  test(`arrives when all listings answer in the same moment, and a blob takes more than ${BLOB_SECONDS} s`, async () => {
    const simulation = await startSimulation({ eventCount: 100, eventsPerBlob: 4 });
    try {
      const { simulator } = simulation;
      simulator.faults.set('delay', { path: 'subscriptions/content', ms: 1_000 });
      const slow = simulator.books.blobs().slice(-2);
      for (const { ids } of slow) assert.equal(ids.length, 4);
      simulator.faults.set('slow-drip', { path: slow[0]?.contentId ?? '', bytes: 200, everyMs: 200 });
      const startMs = performance.now();
      const program = await runProgram(['collect', ...simulation.words, '--once']);
      assert.equal(program.ending?.status, 0, program.stderr);
      assert.ok(performance.now() - startMs > BLOB_SECONDS * 1000, 'it was not slow');
      assert.deepEqual(new Set(idsOf(program.lines())), simulation.expectedIds());
      assert.deepEqual([simulator.faults.happened('slow-drip'), program.stderr.includes('fetched again')], [1, false]);
    } finally {
      await simulation.close();
    }
  });
});
