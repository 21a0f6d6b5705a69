import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { OTHERS, stepFor, TimeSeries } from '../../../plugin/report/time-series.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.UTC(2026, 8, 1);

describe('counts over time', () => {
  test('have steps that suit the span', () => {
    for (const [spanMs, stepMs] of [[0, 60_000], [HOUR_MS, 60_000], [DAY_MS, HOUR_MS / 4], [7 * DAY_MS, 3 * HOUR_MS], [30 * DAY_MS, 6 * HOUR_MS], [365 * DAY_MS, 7 * DAY_MS]] as const) {
      assert.equal(stepFor(START_MS, START_MS + spanMs), stepMs, String(spanMs / HOUR_MS));
    }
  });

  test('lose nothing while the steps grow, whatever order the events come in', () => {
    const series = new TimeSeries();
    const events = Array.from({ length: 20_000 }, (_, index) => ({ atMs: START_MS + index * 7919 % 20_000 * 131_000, name: index % 3 === 0 ? 'A' : 'B' }));
    for (const { atMs, name } of events) series.add(atMs, name);
    const toMs = Math.max(...events.map(({ atMs }) => atMs));
    const { startMs, stepMs, series: [first, second, ...others] } = series.timeline(START_MS, toMs);
    assert.equal(others.length, 0);
    for (const [name, found] of [['B', first], ['A', second]] as const) {
      assert.ok(found?.name === name);
      const expected = found.values.map((_, index) => events.filter((event) => event.name === name && Math.floor((event.atMs - startMs) / stepMs) === index).length);
      assert.deepEqual(found.values, expected);
      assert.equal(found.events, expected.reduce((sum, value) => sum + value, 0));
    }
  });

  test('put small series together, and names without end', () => {
    const series = new TimeSeries();
    for (let index = 0; index < 3000; index++) {
      series.add(START_MS, `name ${index}`);
      series.add(START_MS, `frequent ${index % 3}`);
    }
    const { series: shown } = series.timeline(START_MS, START_MS);
    assert.equal(shown.length, 8);
    assert.deepEqual(shown.slice(0, 3).map(({ name, events }) => [name, events]), [['frequent 0', 1000], ['frequent 1', 1000], ['frequent 2', 1000]]);
    assert.equal(shown.at(-1)?.name, OTHERS);
    assert.equal(shown.reduce((sum, { events }) => sum + events, 0), 6000);
  });
});
