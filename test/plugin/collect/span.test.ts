import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { spanOf } from '../../../plugin/collect/span.ts';
import { readMoment } from '../../../plugin/config/moment.ts';
import { AuditError } from '../../../plugin/errors.ts';

const HOUR = 3_600_000;
const NOW_MS = Date.UTC(2026, 8, 10, 12, 0, 0, 500);
const span = (since?: string, until?: string): ReturnType<typeof spanOf> => {
  return spanOf({ ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) }, (text) => readMoment(text, NOW_MS), NOW_MS);
};

describe('the span of --since and --until', () => {
  test('is none where neither is given', () => assert.deepEqual(span(), {}));

  test('ends now, and has no beginning, where nothing else is said: what is too old only the service\'s clock tells, when it is listed', () => {
    assert.deepEqual(span('36h'), { span: { startMs: NOW_MS - 36 * HOUR, endMs: NOW_MS } });
    assert.deepEqual(span(undefined, '24h'), { span: { startMs: 0, endMs: Date.UTC(2026, 8, 9, 12, 0, 1) } });
    assert.deepEqual(span('2026-01-01', '2026-09-08T02:00:00+02:00'), { span: { startMs: Date.UTC(2026, 0, 1), endMs: Date.UTC(2026, 8, 8) } });
    assert.deepEqual(span('2026-09-09', '2027-01-01'), { span: { startMs: Date.UTC(2026, 8, 9), endMs: NOW_MS } });
  });

  for (const [since, until] of [['1h', '2h'], ['2027-01-01', undefined], [undefined, '2026-01-01']] as const) {
    test(`is refused when nothing is left of it: ${since} to ${until}`, () => {
      assert.throws(() => span(since, until), (error: unknown) => error instanceof AuditError && error.code === 'USAGE');
    });
  }
});
