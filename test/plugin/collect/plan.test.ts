import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { firstWindow, FRESH_MS, LIFE_MS, lostWindow, oldestKept, oldestListable, planFresh, RETENTION_MARGIN_MS, type FreshInput } from '../../../plugin/collect/plan.ts';
import { seededRandom } from '../../../plugin/simulator/random.ts';
import type { Window } from '../../../plugin/types.ts';

const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 8, 10, 12, 30, 15, 678);
const NOW_SECOND = Math.floor(NOW / SECOND) * SECOND;
const INPUT: FreshInput = { nowMs: NOW, listedUntilMs: undefined, maxRetentionMs: 7 * DAY, maxQuerySizeMs: DAY, overlapMs: 3 * HOUR };

const lengthOf = ({ startMs, endMs }: Window): number => endMs - startMs;

describe('the plan for what is new', () => {
  test('of a type that was never listed is the last hours, and leaves the rest to the backlog', () => {
    assert.deepEqual(planFresh(INPUT), { windows: [{ startMs: NOW_SECOND - FRESH_MS, endMs: NOW_SECOND }], gapUntilMs: NOW_SECOND - FRESH_MS, untilMs: NOW_SECOND });
  });

  test('goes on where the last round ended, and lists the overlap once more', () => {
    const listedUntilMs = Date.UTC(2026, 8, 10, 12, 27);
    assert.deepEqual(planFresh({ ...INPUT, listedUntilMs }), { windows: [{ startMs: listedUntilMs - 3 * HOUR, endMs: NOW_SECOND }], gapUntilMs: undefined, untilMs: NOW_SECOND });
  });

  test('after a long outage is the last hours again, and names the gap before them', () => {
    assert.equal(planFresh({ ...INPUT, listedUntilMs: NOW - 2 * DAY }).gapUntilMs, NOW_SECOND - FRESH_MS);
  });

  test('made by a clock that was set back is the overlap before the present, and nothing of the future', () => {
    assert.deepEqual(planFresh({ ...INPUT, listedUntilMs: NOW + 2 * DAY }).windows, [{ startMs: NOW_SECOND - 3 * HOUR, endMs: NOW_SECOND }]);
  });

  test('without overlap and without new time has no window', () => {
    assert.deepEqual(planFresh({ ...INPUT, overlapMs: 0, listedUntilMs: NOW }).windows, []);
  });

  test('begins with the newest window, and reaches no further back than content is wanted', () => {
    const { windows } = planFresh({ ...INPUT, listedUntilMs: NOW - HOUR, overlapMs: 7 * DAY });
    assert.equal(windows.length, 8);
    assert.equal(windows[0]?.endMs, NOW_SECOND);
    assert.equal(windows.at(-1)?.startMs, oldestKept(NOW, 7 * DAY));
    assert.equal(planFresh({ ...INPUT, maxRetentionMs: HOUR }).windows[0]?.startMs, Math.floor((NOW - HOUR) / SECOND) * SECOND);
    assert.equal(planFresh({ ...INPUT, maxRetentionMs: HOUR }).gapUntilMs, undefined, 'nothing lies before it');
  });

  test('takes shorter windows where they are asked for, and never shorter than a second', () => {
    for (const window of planFresh({ ...INPUT, maxQuerySizeMs: HOUR }).windows) assert.ok(lengthOf(window) <= HOUR);
    assert.equal(lengthOf(planFresh({ ...INPUT, listedUntilMs: NOW - 10 * SECOND, overlapMs: 0, maxQuerySizeMs: 1 }).windows[0] ?? { startMs: 0, endMs: 0 }), SECOND);
  });

  test('is without gap and overlap, of whole seconds, within 24 hours and within the retention, whatever it is made of', () => {
    const random = seededRandom(7, 'plans');
    for (let round = 0; round < 3_000; round += 1) {
      const nowMs = NOW + random.integer(0, DAY);
      const input: FreshInput = {
        nowMs,
        listedUntilMs: random.chance(0.2) ? undefined : nowMs - random.integer(-2 * DAY, 10 * DAY),
        maxRetentionMs: random.integer(60 * SECOND, 7 * DAY),
        maxQuerySizeMs: random.integer(60 * SECOND, DAY),
        overlapMs: random.pick([0, 1, HOUR, 3 * HOUR, 7 * DAY]),
      };
      const { windows, gapUntilMs } = planFresh(input);
      const what = JSON.stringify(input);
      windows.forEach((window, index) => {
        assert.ok(window.startMs % SECOND === 0 && window.endMs % SECOND === 0, what);
        // windows of exactly 24 hours have been seen to be refused
        assert.ok(lengthOf(window) > 0 && lengthOf(window) < DAY && lengthOf(window) <= input.maxQuerySizeMs, what);
        assert.ok(window.startMs >= nowMs - Math.min(input.maxRetentionMs + SECOND, 7 * DAY - RETENTION_MARGIN_MS + SECOND), what);
        if (index > 0) assert.equal(window.endMs, windows[index - 1]?.startMs, what);
      });
      if (windows.length > 0) assert.equal(windows[0]?.endMs, Math.floor(nowMs / SECOND) * SECOND, what);
      if (input.listedUntilMs !== undefined && gapUntilMs === undefined && windows.length > 0) assert.ok((windows.at(-1)?.startMs ?? Infinity) <= Math.max(input.listedUntilMs, oldestKept(nowMs, input.maxRetentionMs)), what);
    }
  });
});

describe('the first window of a span', () => {
  test('begins where the service still lists when it is asked for, and is at most as long as wanted', () => {
    const oldestMs = oldestListable(NOW, LIFE_MS);
    assert.deepEqual(firstWindow({ startMs: NOW - 9 * DAY, endMs: NOW_SECOND }, HOUR, oldestMs), { startMs: oldestMs, endMs: oldestMs + HOUR });
    assert.deepEqual(firstWindow({ startMs: NOW - HOUR, endMs: NOW_SECOND }, DAY, oldestMs), { startMs: NOW_SECOND - HOUR, endMs: NOW_SECOND });
    assert.ok(lengthOf(firstWindow({ startMs: NOW - 3 * DAY, endMs: NOW }, DAY, oldestMs) ?? { startMs: 0, endMs: DAY }) < DAY);
  });

  test('leaves no part of a second behind that would be asked for again and again', () => {
    const span = { startMs: NOW_SECOND - HOUR, endMs: NOW };
    const window = firstWindow(span, HOUR, 0);
    assert.deepEqual(window, { startMs: NOW_SECOND - HOUR, endMs: NOW_SECOND });
    const last = firstWindow({ ...span, startMs: NOW_SECOND }, HOUR, 0);
    assert.deepEqual(last, { startMs: NOW_SECOND, endMs: NOW_SECOND + SECOND });
    assert.equal(firstWindow({ ...span, startMs: last.endMs }, HOUR, 0), undefined);
  });

  test('is none when nothing of the span is left that could be listed', () => {
    assert.equal(firstWindow({ startMs: NOW - 9 * DAY, endMs: NOW - 8 * DAY }, HOUR, oldestListable(NOW, LIFE_MS)), undefined);
    assert.equal(firstWindow({ startMs: NOW, endMs: NOW_SECOND }, HOUR, 0), undefined);
  });
});

describe('what is lost', () => {
  test('reaches from where listing ended to where it can begin again, with some minutes for the next request', () => {
    assert.deepEqual(lostWindow(NOW, LIFE_MS, NOW - 9 * DAY), { startMs: NOW - 9 * DAY, endMs: oldestKept(NOW, LIFE_MS) });
    assert.ok(oldestKept(NOW, LIFE_MS) - oldestListable(NOW, LIFE_MS) >= 2 * 60_000);
    assert.ok(oldestListable(NOW, LIFE_MS) - (NOW - LIFE_MS) >= 60_000);
  });

  test('ends where what is new begins', () => {
    assert.deepEqual(lostWindow(NOW, HOUR, NOW - 9 * DAY, NOW - 2 * HOUR), { startMs: NOW - 9 * DAY, endMs: NOW - 2 * HOUR });
  });

  test('is nothing as long as it can be listed, and nothing of a type that never was', () => {
    assert.equal(lostWindow(NOW, LIFE_MS, NOW - 6 * DAY), undefined);
    assert.equal(lostWindow(NOW, LIFE_MS, undefined), undefined);
    assert.equal(lostWindow(NOW, LIFE_MS, oldestListable(NOW, LIFE_MS)), undefined);
  });
});
