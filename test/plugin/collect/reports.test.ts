import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createReports, type Totals } from '../../../plugin/collect/reports.ts';
import type { Collector } from '../../../plugin/collect/run.ts';
import { failure } from '../../../plugin/errors.ts';
import type { LogLine } from '../../../plugin/telemetry/log.ts';
import { FIRST_BLOB_MS, testBlob } from '../../support/blobs.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const refused = failure('AUTH_REFUSED', { tenant: 'Brackwater', meaning: 'wrong secret', name: 'AADSTS7000215', repair: 'Mend it.' });

function setUp(idle: readonly boolean[] = [true]) {
  const said: unknown[] = [];
  const lines: LogLine[] = [];
  const changes: Totals[] = [];
  let started = 0;
  const reports = createReports({
    clock: createManualClock(FIRST_BLOB_MS + 3_600_000), log: (line) => lines.push(line),
    started: () => { started += 1; },
    status: { caughtUp: (fields) => said.push(fields), lag: (fields) => said.push(fields), lostWindow: (fields) => said.push(fields) },
    changed: (totals) => changes.push({ ...totals }),
  });
  reports.opened(idle.map((isIdle): Collector => ({ isIdle, run: () => Promise.resolve(undefined) })));
  return { reports, said, lines, changes, started: () => started };
}

describe('reports', () => {
  test('say that the run has started when the first tenant lets us in, and only once', () => {
    const { reports, started } = setUp([true, true, true]);
    reports.tenant('a').firstRound(refused);
    assert.equal(started(), 0);
    reports.tenant('b').firstRound(undefined);
    reports.tenant('c').firstRound(undefined);
    assert.equal(started(), 1);
  });

  test('end the run when every tenant was refused', () => {
    const { reports, started } = setUp([true, true]);
    reports.tenant('a').firstRound(refused);
    assert.throws(() => reports.tenant('b').firstRound(refused), refused);
    assert.equal(started(), 0);
  });

  test('do not end it when one lets us in, before or after the others refuse', () => {
    const { reports } = setUp([true, true, true]);
    reports.tenant('a').firstRound(refused);
    reports.tenant('b').firstRound(undefined);
    reports.tenant('c').firstRound(refused);
  });

  test('count events by content type, and the blobs, of the run and of each tenant', () => {
    const { reports, changes, said } = setUp();
    const [one, other] = [reports.tenant('one'), reports.tenant('other')];
    one.delivered(10, 'Audit.General', 0, 0);
    one.delivered(5, 'DLP.All', 2, 4);
    other.delivered(1, 'Audit.General', 0, 0);
    other.delivered(7, undefined, 1, 0);
    assert.deepEqual({ ...reports.totals }, { events: 23, blobs: 4, leftOut: 3, duplicates: 4, contentTypes: new Map([['Audit.General', 11], ['DLP.All', 5]]), isIdle: true });
    assert.equal(changes.length, 4);
    one.caughtUp();
    assert.deepEqual(said, [{ tenant: 'one', events: 15, blobs: 2 }]);
  });

  test('call the run idle only when every collector is', () => {
    assert.equal(setUp([true, false]).reports.totals.isIdle, false);
    assert.equal(setUp([]).reports.totals.isIdle, true);
  });

  test('say by content type how far delivery is behind, by the oldest blob that waits', () => {
    const { reports, said } = setUp();
    reports.tenant('Brackwater').listed([testBlob(0), testBlob(60), testBlob(30, { contentType: 'DLP.All' }), testBlob(1, { contentType: 'Audit.Exchange', contentCreated: 'soon' }), testBlob(7_200, { contentType: 'Audit.SharePoint' })]);
    assert.deepEqual(said, [
      { tenant: 'Brackwater', content_type: 'Audit.General', lag_seconds: 3_600, waiting_blobs: 2 },
      { tenant: 'Brackwater', content_type: 'DLP.All', lag_seconds: 3_570, waiting_blobs: 1 },
      { tenant: 'Brackwater', content_type: 'Audit.Exchange', lag_seconds: 0, waiting_blobs: 1 },
      { tenant: 'Brackwater', content_type: 'Audit.SharePoint', lag_seconds: 0, waiting_blobs: 1 },
    ]);
  });

  test('tell of a lost window in the log and in a status record', () => {
    const { reports, said, lines } = setUp();
    reports.tenant('Brackwater').lost('DLP.All', { startMs: FIRST_BLOB_MS, endMs: FIRST_BLOB_MS + 1_000 }, 'out of reach');
    assert.deepEqual(lines, ['tenant.lost_window']);
    assert.deepEqual(said, [{ tenant: 'Brackwater', content_type: 'DLP.All', from: '2026-09-01T00:00:00.000Z', to: '2026-09-01T00:00:01.000Z', reason: 'out of reach' }]);
  });
});
