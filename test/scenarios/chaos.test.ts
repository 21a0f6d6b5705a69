/**
 * Everything at once. The service throttles, cuts answers off, lists blobs twice and under wrong links, loses its clock and its mind; the log agent refuses,
 * hangs, dies and forgets; and the collector is killed in the middle of it, also between the two halves of a write to its journal, and started again on what
 * that left. Some events the log agent never takes, sometimes it dies before it has written what it acknowledged, and journals are long enough to be written anew.
 * In such nights peers lose what they had noted as done on receipt, or keep a place in a list that no longer holds (A2, A4, A5, A7, A10, A12, A15,
 * A19). Then everybody behaves, and there is one question: is everything there? Everything that could be had must have arrived; what could not must have been
 * named as lost, blob by blob; what the log agent refused must lie among the dead letters, and arrive once it takes it; nothing may have arrived that never was; and a
 * run afterwards has nothing left to do.
 *
 * These are ten kills with a fixed seed; `npm run chaos` makes a hundred with a new one.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BlobInBooks } from '../../plugin/simulator/books.ts';
import { runChaos } from '../chaos/chaos.ts';
import { judge } from '../chaos/verdict.ts';

const KILLS = 10;
const SEED = 7;

test('a collector that is killed again and again, between a service and a log agent that do everything wrong, loses nothing and makes nothing up', async (t) => {
  const report = await runChaos({ kills: KILLS, seed: SEED });
  assert.deepEqual(report.complaints, []);
  assert.equal([...report.kills.values()].reduce((sum, count) => sum + count, 0), KILLS);
  assert.ok(report.service.size > 5 && report.agent.size > 2, 'hardly anything went wrong');
  const { figures } = report;
  for (const figure of ['events refused for ever', 'journals grown'] as const) assert.ok((figures.get(figure) ?? 0) > 0, `no ${figure}`);
  t.diagnostic(`seed ${SEED}: ${report.arrived} of ${report.expected} events, ${report.again} of them again, ${report.lost} named as lost; ${[...figures].map(([figure, count]) => `${count} ${figure}`).join(', ')}; in ${report.seconds.toFixed(1)} s`);
});

test('its judge sees what is missing, what is made up, and what was given up without a reason', () => {
  const blob = (contentId: string, ids: readonly (string | undefined)[], expiresMs = 100): BlobInBooks => ({ tenantId: 't', contentType: 'Audit.General', contentId, createdMs: 0, expiresMs, ids });
  const evidence = { blobs: [blob('one', ['a', 'b']), blob('two', ['c', undefined])], expected: new Set(['a', 'b', 'c']), lost: new Map<string, string>(), losingFaults: 0, forgotten: 0, nowMs: 50 };
  const times = (...ids: readonly string[]): Map<string, number> => new Map(ids.map((id) => [id, 1]));
  const complaints = (changes: Partial<Parameters<typeof judge>[0]>): readonly string[] => judge({ ...evidence, arrived: times('a', 'b', 'c', 'hash'), ...changes }).complaints;

  assert.deepEqual(complaints({}), []);
  assert.match(complaints({ arrived: times('a', 'c', 'hash') }).join(), /^1 events could be had and have not arrived: b of one$/);
  assert.match(complaints({ arrived: times('a', 'c', 'hash'), nowMs: 200 }).join(), /^1 events have expired and were not named as lost, while at most 0 blobs can have been forgotten: b of one$/);
  assert.deepEqual(complaints({ arrived: times('a', 'c', 'hash'), nowMs: 200, forgotten: 1 }), []);
  assert.match(complaints({ arrived: times('a', 'b', 'c', 'hash', 'other') }).join(), /^2 ids arrived that the service never had, besides those for 1 events/);
  assert.match(complaints({ arrived: times('a', 'b', 'c') }).join(), /^1 events without an Id were to arrive, and 0 have$/);
  assert.match(complaints({ arrived: times('c', 'hash'), lost: new Map([['one', 'why']]) }).join(), /^1 blobs were given up that had not expired, while the service refused 0: one \(why\)$/);
  assert.deepEqual(complaints({ arrived: times('c', 'hash'), lost: new Map([['one', 'why']]), losingFaults: 1 }), []);
  assert.deepEqual(complaints({ arrived: times('c', 'hash'), lost: new Map([['one', 'it expired']]), nowMs: 200 }), []);
});
