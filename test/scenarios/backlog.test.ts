/**
 * There is more to fetch than can be fetched soon: a first run, a weekend of outage, a big tenant. What is new must not wait behind that (A16): whoever watches for an
 * attack sees it within minutes, however long the backlog is. The tenant's quota is used to the last request, at once when it is fresh, and never passed by the
 * service's own count (P7); several tenants each have their own. And a span that somebody wants once more is fetched by itself (D4).
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addBacklog, idsIn, untilListable } from '../support/backlog.ts';
import { until } from '../support/manual-clock.ts';
import { runProgram, startProgram, STOP_DEADLINE_MS } from '../support/program.ts';
import { idsOf, startSimulation } from '../support/simulation.ts';

const HOUR_MS = 3_600_000;
const EVENTS_PER_BLOB = 5;

describe('a collector with a long backlog', { concurrency: 2 }, () => {
  test('delivers what is new while most of the backlog still waits', async () => {
    const simulation = await startSimulation({ eventCount: 0, latencyMs: 100 });
    try {
      // over the last four days
      const backlog = addBacklog(simulation.simulator, { blobs: 400, eventsPerBlob: EVENTS_PER_BLOB, stepMs: HOUR_MS / 4 });
      const program = startProgram(['collect', ...simulation.words, '--content-concurrency', '2', '-M', 'o365.audit.var.api.poll_interval=1s']);
      await program.wrote(EVENTS_PER_BLOB * 40);
      // so many that the turns which what is new has in any case are not enough
      const fresh = new Set(addBacklog(simulation.simulator, { blobs: 16, eventsPerBlob: EVENTS_PER_BLOB, stepMs: 1_000 }).flatMap(({ ids }) => ids));
      await program.until(() => idsOf(program.lines()).filter((id) => fresh.has(id)).length === fresh.size, 'what is new');
      assert.ok(program.lineCount < backlog.length * EVENTS_PER_BLOB / 2, `${program.lineCount} lines were written before what is new`);
      program.signal('SIGTERM');
      assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);
    } finally {
      await simulation.close();
    }
  });

  test('uses the whole quota of each of its tenants at once, and passes it in no minute', async () => {
    const [quota, tenants, blobsEach] = [100, 3, 80];
    const simulation = await startSimulation({ tenants, requestsPerMinute: quota, eventsPerBlob: EVENTS_PER_BLOB, eventCount: tenants * blobsEach * EVENTS_PER_BLOB }, (text) => `${text}      max_requests_per_minute: ${quota}\n`);
    try {
      const { simulator, words } = simulation;
      const startedMs = Date.now();
      const program = startProgram(['collect', ...words, '--once']);
      const requests = (): number[] => Object.values(simulator.books.snapshot().tenants).map((tenant) => tenant.requests);
      await until(() => requests().every((count) => count === quota), 'the whole quota of each tenant', 45_000);
      assert.ok(Date.now() - startedMs < 45_000);
      assert.deepEqual(await program.ended(), { status: 0, signal: null }, program.stderr);
      const books = Object.values(simulator.books.snapshot().tenants);
      assert.deepEqual(books.map(({ refusedByQuota, largestMinute }) => [refusedByQuota, largestMinute]), books.map(() => [0, quota]));
      assert.ok(requests().every((count) => count > quota));
      assert.deepEqual(new Set(idsOf(program.lines())), simulation.expectedIds());
    } finally {
      await simulation.close();
    }
  });

  test('delivers a span that is asked for by itself, and afterwards the rest, nothing twice', async () => {
    const simulation = await startSimulation({ eventCount: 0 });
    try {
      const blobs = addBacklog(simulation.simulator, { blobs: 48, eventsPerBlob: EVENTS_PER_BLOB, stepMs: HOUR_MS });
      await untilListable();
      const span = await runProgram(['collect', ...simulation.words, '--once', '--since', '36h30m', '--until', '12h30m']);
      assert.deepEqual(span.ending, { status: 0, signal: null }, span.stderr);
      // blob n became available 48 - n hours ago
      assert.deepEqual(idsOf(span.lines()).sort(), [...idsIn(blobs.slice(12, 36))].sort());
      const rest = await runProgram(['collect', ...simulation.words, '--once']);
      assert.deepEqual(idsOf(rest.lines()).sort(), [...idsIn([...blobs.slice(0, 12), ...blobs.slice(36)])].sort());
      const empty = await runProgram(['collect', ...simulation.words, '--once', '--since', '1h', '--until', '2h']);
      assert.equal(empty.ending?.status, 2);
      assert.match(empty.stderr, /The span of --since and --until is empty/);
    } finally {
      await simulation.close();
    }
  });
});
