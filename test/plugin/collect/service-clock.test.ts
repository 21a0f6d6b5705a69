import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ServiceClock, ServiceClocks, type ClockOptions } from '../../../plugin/collect/service-clock.ts';
import type { LogValues } from '../../../plugin/telemetry/log.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const NOW_MS = Date.UTC(2026, 8, 1);
const MINUTE = 60_000;

function setUp(options: Partial<ClockOptions> = {}) {
  const said: (LogValues | undefined)[] = [];
  const skew: { ms: number | undefined } = { ms: undefined };
  const seen: { clockSeenMs: number | undefined; readonly clockSkewMs: number | undefined } = { clockSeenMs: undefined, get clockSkewMs() { return skew.ms; } };
  const clock = new ServiceClock(seen, { adjustClock: true, adjustClockMinDifferenceMs: 5 * MINUTE, adjustClockWarn: true, ...options }, 'Brackwater', createManualClock(NOW_MS), (_line, values) => said.push(values));
  return { clock, said, skew, seen };
}

describe('the service\'s clock', () => {
  test('is this machine\'s as long as nothing else is known', () => assert.equal(setUp().clock.nowMs(), NOW_MS));

  for (const skewMs of [10 * MINUTE, -10 * MINUTE, 5 * MINUTE]) {
    test(`is followed where the difference is ${skewMs / MINUTE} minutes, and said once`, () => {
      const { clock, said, skew } = setUp();
      skew.ms = skewMs;
      assert.equal(clock.nowMs(), NOW_MS + skewMs);
      assert.equal(clock.nowMs(), NOW_MS + skewMs);
      assert.deepEqual(said, [{ tenant: 'Brackwater', serviceIsAheadMs: skewMs, adjusted: true }]);
    });
  }

  test('is not followed for small differences', () => {
    const { clock, said, skew } = setUp();
    skew.ms = 5 * MINUTE - 1;
    assert.equal(clock.nowMs(), NOW_MS);
    assert.deepEqual(said, []);
  });

  test('is not followed where the operator does not want it, who is told of the difference all the same', () => {
    const { clock, said, skew } = setUp({ adjustClock: false });
    skew.ms = 60 * MINUTE;
    assert.equal(clock.nowMs(), NOW_MS);
    assert.deepEqual(said, [{ tenant: 'Brackwater', serviceIsAheadMs: 60 * MINUTE, adjusted: false }]);
  });

  test('is followed in silence where the operator wants that', () => {
    const { clock, said, skew } = setUp({ adjustClockWarn: false });
    skew.ms = 60 * MINUTE;
    assert.equal(clock.nowMs(), NOW_MS + 60 * MINUTE);
    assert.deepEqual(said, []);
  });

  test('is told of again when it is off again', () => {
    const { clock, said, skew } = setUp();
    for (const ms of [6 * MINUTE, 0, 6 * MINUTE]) {
      skew.ms = ms;
      clock.nowMs();
    }
    assert.equal(said.length, 2);
  });

  test('tells that a time is over only when the service has said lately what time it is, whatever was done to this machine\'s clock since', () => {
    const { clock, skew, seen } = setUp();
    assert.equal(clock.isOver(NOW_MS - 30 * 86_400_000), false, 'nothing is known yet');
    skew.ms = -8 * 86_400_000;
    seen.clockSeenMs = NOW_MS - MINUTE;
    assert.deepEqual([NOW_MS - 9 * 86_400_000, NOW_MS - 8 * 86_400_000, NOW_MS - 7 * 86_400_000].map((ms) => clock.isOver(ms)), [true, true, false]);
    for (const ms of [-8 * 86_400_000, -11 * MINUTE, 11 * MINUTE, 8 * 86_400_000]) {
      seen.clockSeenMs = NOW_MS + ms;
      assert.equal(clock.isOver(0), false, `it was seen ${ms / MINUTE} minutes from now`);
    }
  });

  test('tells what is over by the service alone, also where spans go by this machine\'s clock', () => {
    for (const adjustClock of [true, false]) {
      const { clock, skew, seen } = setUp({ adjustClock });
      skew.ms = -8 * 86_400_000;
      seen.clockSeenMs = NOW_MS;
      assert.deepEqual([clock.knownMs(), clock.isOver(NOW_MS - 8 * 86_400_000), clock.isOver(NOW_MS - 8 * 86_400_000 + 1)], [NOW_MS - 8 * 86_400_000, true, false]);
    }
  });

  test('is the earliest of all tenants\', of those that have been heard lately', () => {
    const clocks = new ServiceClocks();
    assert.equal(clocks.knownMs(), undefined);
    const [first, second, third] = [setUp(), setUp(), setUp()];
    for (const { clock } of [first, second, third]) clocks.add(clock);
    assert.equal(clocks.knownMs(), undefined);
    for (const [{ skew, seen }, ms, seenMs] of [[first, 0, NOW_MS], [second, -MINUTE, NOW_MS], [third, -60 * MINUTE, NOW_MS - 60 * MINUTE]] as const) {
      skew.ms = ms;
      seen.clockSeenMs = seenMs;
    }
    assert.equal(clocks.knownMs(), NOW_MS - MINUTE);
  });
});
