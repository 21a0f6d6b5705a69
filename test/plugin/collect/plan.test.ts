import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { planWindows, RETENTION_MARGIN_MS, type PlanInput } from '../../../plugin/collect/plan.ts';
import { seededRandom } from '../../../plugin/simulator/random.ts';
import type { Window } from '../../../plugin/types.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 8, 10, 12, 30, 15, 678);
const INPUT: PlanInput = { nowMs: NOW, listedUntilMs: undefined, maxRetentionMs: 7 * DAY, maxQuerySizeMs: DAY, overlapMs: 3 * HOUR };

const lengthOf = ({ startMs, endMs }: Window): number => endMs - startMs;

describe('a plan', () => {
  test('of a type that was never listed begins as early as the service allows, a few minutes later for the time that a request may wait', () => {
    const { windows, lost } = planWindows(INPUT);
    assert.equal(lost, undefined);
    assert.equal(windows[0]?.startMs, Math.floor((NOW - 7 * DAY + RETENTION_MARGIN_MS) / SECOND) * SECOND);
    assert.equal(windows.at(-1)?.endMs, Math.floor(NOW / SECOND) * SECOND);
    assert.equal(windows.length, 8);
  });

  test('has no window of exactly 24 hours, which the service has been seen to refuse', () => {
    for (const window of planWindows(INPUT).windows) assert.ok(lengthOf(window) < DAY, `${lengthOf(window)} ms`);
  });

  test('goes on where the last round ended, and lists the overlap once more', () => {
    const listedUntilMs = Date.UTC(2026, 8, 10, 12, 27);
    assert.deepEqual(planWindows({ ...INPUT, listedUntilMs }), { windows: [{ startMs: listedUntilMs - 3 * HOUR, endMs: Date.UTC(2026, 8, 10, 12, 30, 15) }] });
  });

  test('names the span that can no longer be listed, and begins right behind it', () => {
    const listedUntilMs = NOW - 9 * DAY;
    const { windows, lost } = planWindows({ ...INPUT, listedUntilMs });
    const oldestMs = Math.floor((NOW - 7 * DAY + RETENTION_MARGIN_MS) / SECOND) * SECOND;
    assert.deepEqual(lost, { startMs: listedUntilMs, endMs: oldestMs });
    assert.equal(windows[0]?.startMs, oldestMs);
  });

  test('loses nothing when only the overlap reaches beyond what the service has', () => {
    const { lost } = planWindows({ ...INPUT, listedUntilMs: NOW - 6 * DAY, overlapMs: 7 * DAY });
    assert.equal(lost, undefined);
  });

  test('made by a clock that was set back lists the overlap before the present, and nothing of the future', () => {
    const { windows, lost } = planWindows({ ...INPUT, listedUntilMs: NOW + 2 * DAY });
    assert.equal(lost, undefined);
    assert.deepEqual(windows, [{ startMs: Math.floor(NOW / SECOND) * SECOND - 3 * HOUR, endMs: Math.floor(NOW / SECOND) * SECOND }]);
  });

  test('without overlap and without new time has no window', () => {
    assert.deepEqual(planWindows({ ...INPUT, overlapMs: 0, listedUntilMs: NOW }).windows, []);
  });

  test('takes shorter windows where they are asked for, and never shorter than a second', () => {
    for (const window of planWindows({ ...INPUT, maxQuerySizeMs: HOUR }).windows) assert.ok(lengthOf(window) <= HOUR);
    assert.equal(lengthOf(planWindows({ ...INPUT, listedUntilMs: NOW - 10 * SECOND, overlapMs: 0, maxQuerySizeMs: 1 }).windows[0] ?? { startMs: 0, endMs: 0 }), SECOND);
  });

  test('is without gap and overlap, of whole seconds, within 24 hours and within the retention, whatever it is made of', () => {
    const random = seededRandom(7, 'plans');
    for (let round = 0; round < 3_000; round += 1) {
      const nowMs = NOW + random.integer(0, DAY);
      const input: PlanInput = {
        nowMs,
        listedUntilMs: random.chance(0.2) ? undefined : nowMs - random.integer(-2 * DAY, 10 * DAY),
        maxRetentionMs: random.integer(HOUR, 7 * DAY),
        maxQuerySizeMs: random.integer(60 * SECOND, DAY),
        overlapMs: random.pick([0, 1, HOUR, 3 * HOUR, 7 * DAY]),
      };
      const { windows, lost } = planWindows(input);
      const what = JSON.stringify(input);
      const oldestMs = Math.floor((nowMs - input.maxRetentionMs + RETENTION_MARGIN_MS) / SECOND) * SECOND;
      windows.forEach((window, index) => {
        assert.ok(window.startMs % SECOND === 0 && window.endMs % SECOND === 0, what);
        assert.ok(lengthOf(window) > 0 && lengthOf(window) <= Math.min(DAY, input.maxQuerySizeMs), what);
        assert.ok(window.startMs >= oldestMs, what);
        if (index > 0) assert.equal(window.startMs, windows[index - 1]?.endMs, what);
      });
      if (windows.length > 0) assert.equal(windows.at(-1)?.endMs, Math.floor(nowMs / SECOND) * SECOND, what);
      assert.equal(lost !== undefined, input.listedUntilMs !== undefined && Math.min(input.listedUntilMs, Math.floor(nowMs / SECOND) * SECOND) < oldestMs, what);
      if (lost !== undefined) assert.deepEqual(lost, { startMs: input.listedUntilMs, endMs: oldestMs }, what);
    }
  });

  test('round after round lets no blob through: each is listed, or in a span that is said to be lost, through outages and clocks that are corrected', () => {
    const random = seededRandom(11, 'rounds');
    for (let life = 0; life < 60; life += 1) {
      const blobs = Array.from({ length: 300 }, () => NOW + random.integer(0, 40 * DAY));
      const fates = new Map<number, string>();
      let listedUntilMs: number | undefined;
      let trueMs = NOW;
      let endMs = 0;
      while (trueMs < NOW + 40 * DAY) {
        // this machine's clock is off by up to two minutes, another way each time
        const nowMs = trueMs + random.integer(-120, 120) * SECOND;
        const { windows, lost } = planWindows({ ...INPUT, nowMs, listedUntilMs });
        for (const createdMs of blobs) {
          if (createdMs > trueMs) continue;
          if (lost !== undefined && createdMs >= lost.startMs && createdMs < lost.endMs && !fates.has(createdMs)) fates.set(createdMs, 'lost');
          // the service has what is at most seven days old
          if (createdMs > trueMs - 7 * DAY && windows.some(({ startMs, endMs: end }) => createdMs >= startMs && createdMs < end)) fates.set(createdMs, 'listed');
        }
        endMs = Math.min(trueMs, windows.at(-1)?.endMs ?? endMs);
        listedUntilMs = windows.at(-1)?.endMs ?? listedUntilMs;
        trueMs += random.chance(0.1) ? random.integer(DAY, 10 * DAY) : random.integer(SECOND, 8 * HOUR);
      }
      const missed = blobs.filter((createdMs) => createdMs < endMs && !fates.has(createdMs));
      assert.deepEqual(missed.map((createdMs) => new Date(createdMs).toISOString()), []);
      assert.ok([...fates.values()].includes('listed'));
    }
  });
});
