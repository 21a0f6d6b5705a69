import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readTime, readWindow } from '../../../plugin/simulator/window.ts';
import { DAY_MS, HOUR_MS, NOON_MS, textTime } from './client.ts';

const RULES = { nowMs: NOON_MS, graceMs: 0, answersWide: false, refusesFullDay: false };
const REFUSAL = 'Start time and end time must both be specified (or both omitted) and must be less than or equal to 24 hours apart, with the start time prior to end time and start time no more than 7 days in the past.';

function refusalOf(start: string | undefined, end: string | undefined, rules = RULES): string | undefined {
  const window = readWindow(start, end, rules);
  return 'body' in window ? (JSON.parse(window.body as string) as { error: { message: string } }).error.message : undefined;
}

describe('the times of a listing', () => {
  for (const [text, iso] of [
    ['2026-09-08', '2026-09-08T00:00:00.000Z'],
    ['2026-09-08T07:30', '2026-09-08T07:30:00.000Z'],
    ['2026-09-08T07:30:15', '2026-09-08T07:30:15.000Z'],
    ['2026-09-08T07:30:15Z', '2026-09-08T07:30:15.000Z'],
    ['2026-09-08T07:30:15.123', '2026-09-08T07:30:15.123Z'],
    ['2026-09-08T07:30:15.123456789Z', '2026-09-08T07:30:15.123Z'],
    ['2026-09-08T07:30:15.619091+00:00', '2026-09-08T07:30:15.619Z'],
    ['2026-09-08T07:30:15-02:00', '2026-09-08T09:30:15.000Z'],
  ] as const) {
    test(`are understood as ${text}`, () => assert.equal(new Date(readTime(text) ?? NaN).toISOString(), iso));
  }

  for (const text of ['', 'yesterday', '2026-09-08 07:30:00', '2026-13-08', '2026-09-08T07', '1788000000', '2026-09-08T07:30:15 00:00']) {
    test(`are not understood as ${JSON.stringify(text)}`, () => assert.equal(readTime(text), undefined));
  }
});

describe('the window of a listing', () => {
  test('is the last 24 hours when neither time is given', () => {
    const window = readWindow(undefined, undefined, RULES);
    assert.ok(!('body' in window));
    assert.deepEqual([window.startMs, window.endMs, window.startText, window.endText], [NOON_MS - DAY_MS, NOON_MS, '2026-09-07T12:00:00', '2026-09-08T12:00:00']);
  });

  const at = (offsetMs: number): string => textTime(NOON_MS + offsetMs);
  for (const [what, start, end] of [
    ['only a start', at(-HOUR_MS), undefined],
    ['only an end', undefined, at(0)],
    ['an end before the start', at(0), at(-HOUR_MS)],
    ['an end at the start', at(-HOUR_MS), at(-HOUR_MS)],
    ['more than 24 hours', at(-DAY_MS - 1000), at(0)],
    ['a start more than 7 days back', at(-7 * DAY_MS - 1000), at(-7 * DAY_MS + HOUR_MS)],
  ] as const) {
    test(`is refused with both times in the text for ${what}`, () => assert.equal(refusalOf(start, end), `${REFUSAL} StartTime:${start ?? ''}, EndTime:${end ?? ''}`));
  }

  test('may be exactly 24 hours long, begin exactly 7 days back, and end in the future', () => {
    assert.equal(refusalOf(at(-DAY_MS), at(0)), undefined);
    assert.equal(refusalOf(at(-7 * DAY_MS), at(-6 * DAY_MS)), undefined);
    assert.equal(refusalOf(at(-HOUR_MS), at(5 * HOUR_MS)), undefined);
  });

  test('may begin an hour earlier, be wide, or may not be a whole day, by its rules', () => {
    assert.equal(refusalOf(at(-7 * DAY_MS - HOUR_MS), at(-7 * DAY_MS), { ...RULES, graceMs: HOUR_MS }), undefined);
    const wide = readWindow(at(-3 * DAY_MS), at(0), { ...RULES, answersWide: true });
    assert.equal('isWide' in wide && wide.isWide, true);
    assert.match(refusalOf(at(-DAY_MS), at(0), { ...RULES, refusesFullDay: true }) ?? '', /24 hours apart/);
  });

  test('names the parameter that is no time', () => {
    assert.equal(refusalOf('x', at(0)), 'Invalid parameter type: startTime. Expected type: datetime');
    assert.equal(refusalOf(at(0), 'x'), 'Invalid parameter type: endTime. Expected type: datetime');
  });
});
