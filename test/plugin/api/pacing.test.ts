import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { createRequestBudget } from '../../../plugin/api/budget.ts';
import { backoffMs, createThrottle, retryAfterMs, type Throttle } from '../../../plugin/api/pacing.ts';
import { createManualClock, type ManualClock } from '../../support/manual-clock.ts';

const NOW_MS = Date.UTC(2026, 8, 1);

function setUp(): { readonly clock: ManualClock; readonly throttle: Throttle; readonly pausedUntilMs: () => number } {
  const clock = createManualClock(NOW_MS);
  const budget = createRequestBudget({ requestsPerMinute: 100 }, clock);
  return { clock, throttle: createThrottle(budget, clock, () => 1), pausedUntilMs: () => budget.use.pausedUntilMs };
}

describe('a back-off', () => {
  test('doubles up to a minute, and is spread over its upper half', () => {
    assert.deepEqual([1, 2, 3, 6, 7, 30].map((attempt) => backoffMs(attempt, () => 1)), [1000, 2000, 4000, 32_000, 60_000, 60_000]);
    assert.deepEqual([1, 2, 7].map((attempt) => backoffMs(attempt, () => 0)), [500, 1000, 30_000]);
  });
});

describe('a Retry-After', () => {
  for (const [what, headers, expected] of [
    ['in seconds', { 'retry-after': '120' }, 120_000],
    ['of nothing', { 'retry-after': '0' }, 0],
    ['as a date, by the server\'s clock', { 'retry-after': 'Tue, 01 Sep 2026 05:00:30 GMT', 'date': 'Tue, 01 Sep 2026 05:00:00 GMT' }, 30_000],
    ['as a date, by our clock if the server names no time', { 'retry-after': 'Tue, 01 Sep 2026 00:00:10 GMT' }, 10_000],
    ['that has passed', { 'retry-after': 'Tue, 01 Sep 2020 00:00:10 GMT' }, 0],
    ['of a week is not believed', { 'retry-after': '604800' }, 3_600_000],
    ['that is no time', { 'retry-after': 'soon' }, undefined],
    ['that is empty', { 'retry-after': ' ' }, undefined],
    ['that is missing', {}, undefined],
  ] as const) {
    test(what, () => assert.equal(retryAfterMs(headers as Readonly<Record<string, string>>, NOW_MS), expected));
  }
});

describe('a throttled tenant', () => {
  test('pauses for half a minute, twice as long each further time, five minutes at most', async () => {
    const { clock, throttle } = setUp();
    const waits = [];
    for (let time = 0; time < 6; time += 1) {
      const waitMs = throttle.refused(clock.nowMs(), undefined);
      waits.push(waitMs);
      await clock.advance(waitMs ?? 0);
    }
    assert.deepEqual(waits, [30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  test('does not pause longer for requests that were on their way when the pause began', async () => {
    const { clock, throttle, pausedUntilMs } = setUp();
    assert.equal(throttle.refused(NOW_MS, undefined), 30_000);
    await clock.advance(5_000);
    assert.equal(throttle.refused(NOW_MS, undefined), undefined);
    assert.equal(pausedUntilMs(), NOW_MS + 30_000);
    assert.equal(throttle.refused(NOW_MS, 60_000), 60_000, 'unless the service asks for longer');
    assert.equal(pausedUntilMs(), NOW_MS + 65_000);
    assert.equal(throttle.refused(NOW_MS, 1_000), undefined);
    await clock.advance(65_000);
    assert.equal(throttle.refused(clock.nowMs(), undefined), 60_000, 'that was all one time');
  });

  test('begins with short pauses again after a request that was sent later succeeded', async () => {
    const { clock, throttle } = setUp();
    throttle.refused(NOW_MS, undefined);
    throttle.accepted(NOW_MS);
    await clock.advance(30_000);
    assert.equal(throttle.refused(clock.nowMs(), undefined), 60_000);
    await clock.advance(60_000);
    throttle.accepted(clock.nowMs());
    assert.equal(throttle.refused(clock.nowMs(), undefined), 30_000);
  });

  test('still pauses after the clock was set back', async () => {
    const { clock, throttle, pausedUntilMs } = setUp();
    throttle.refused(NOW_MS, undefined);
    await clock.advance(60_000);
    clock.jump(-86_400_000);
    assert.equal(throttle.refused(clock.nowMs(), undefined), 60_000);
    assert.equal(pausedUntilMs(), clock.nowMs() + 60_000);
  });
});
