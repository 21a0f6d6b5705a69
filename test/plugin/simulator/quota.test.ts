import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createMinuteCounter, createQuota } from '../../../plugin/simulator/quota.ts';
import { createClient, NOON_MS, withSimulator } from './client.ts';

describe('the quota of a tenant', () => {
  test('lets its number in at once, and one more for each that is a minute old', () => {
    const quota = createQuota(3);
    assert.deepEqual([0, 1000, 2000, 3000, 59_999, 60_000, 60_001, 61_000].map((at) => quota.admits(NOON_MS + at)), [true, true, true, false, false, true, false, true]);
  });

  test('of nothing lets nobody in', () => assert.equal(createQuota(0).admits(NOON_MS), false));

  test('is one for all calls of the tenant, and each tenant has its own', () => withSimulator({ tenants: 2, eventCount: 100, requestsPerMinute: 4 }, async (simulator, clock) => {
    const [one, two] = [createClient(simulator), createClient(simulator, { tenant: 1 })];
    await one.start('Audit.Exchange');
    const [blob] = await one.listAll('Audit.Exchange');
    assert.ok(blob);
    await one.events(blob);
    assert.equal((await one.blob(blob)).status, 403);
    assert.equal((await one.call('subscriptions/list')).status, 403);
    assert.equal((await two.call('subscriptions/list')).status, 200);
    const books = simulator.books.snapshot().tenants[one.tenantId];
    assert.deepEqual([books?.refusedByQuota, books?.largestMinute, books?.requests, books?.byStatus], [2, 6, 6, { 200: 4, 403: 2 }]);
    clock.jump(60_000);
    assert.equal((await one.blob(blob)).status, 200);
  }));
});

describe('the count of the busiest minute', () => {
  test('slides: it is not cut at the minutes of the clock', () => {
    const counter = createMinuteCounter();
    for (const at of [-20_000, -10_000, 0, 10_000, 39_999, 41_000, 200_000]) counter.note(NOON_MS + at);
    assert.equal(counter.largest, 5);
    assert.deepEqual(counter.byMinute(), { '2026-09-08T11:59Z': 2, '2026-09-08T12:00Z': 4, '2026-09-08T12:03Z': 1 });
  });

  test('stays right over many thousands', () => {
    const counter = createMinuteCounter();
    for (let index = 0; index < 30_000; index++) counter.note(NOON_MS + index * 30);
    assert.equal(counter.largest, 2000);
  });
});
