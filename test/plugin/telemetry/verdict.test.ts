import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { noCounts } from '../../../plugin/telemetry/counts.table.ts';
import { standingAsJson } from '../../../plugin/telemetry/standing-json.ts';
import { standingPage, type LossNote, type StandingReport } from '../../../plugin/telemetry/standing-page.ts';
import type { FeedStanding, Standing, TenantStanding } from '../../../plugin/telemetry/standing.ts';
import { lagOf, problemsOf, spanText, type VerdictOptions } from '../../../plugin/telemetry/verdict.ts';

const NOW_MS = Date.UTC(2026, 8, 1);
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const GOOD: FeedStanding = { counts: { ...noCounts(), blobsDelivered: 12_345_678, eventsDelivered: 9_999_999 }, owed: 0, parked: 0, lastListedMs: NOW_MS - MINUTE, listedUntilMs: NOW_MS - MINUTE, lastDeliveredMs: NOW_MS - MINUTE };
const NO_LETTERS = { count: 0, bytes: 0, countLimit: 100, bytesLimit: 1_000_000 };
const TROUBLE = { reason: 'The service refuses.', repair: 'Ask it.', sinceMs: NOW_MS - MINUTE };

function standing(feed: Partial<FeedStanding> = {}, tenant: Partial<TenantStanding> = {}, run: Partial<Standing> = {}): Standing {
  return {
    version: 1, program: '1.2.3', processId: 42, startedMs: NOW_MS - DAY, writtenMs: NOW_MS - 5_000,
    tenants: { 'contoso.com': { name: 'Contoso', feeds: { 'Audit.AzureActiveDirectory': { ...GOOD, ...feed } }, quota: { used: 2_000, limit: 2_000, waiting: 3 }, ...tenant } }, ...run,
  };
}

function sentences(of: Standing, options: Partial<VerdictOptions> = {}): string[] {
  return problemsOf(of, { nowMs: NOW_MS, lagLimitMs: HOUR, isRunning: true, letters: NO_LETTERS, ...options }).map(({ sentence }) => sentence);
}

describe('all is well', () => {
  test('with a collector that runs, delivers, and has lost nothing lately', () => {
    assert.deepEqual(sentences(standing()), []);
    assert.deepEqual(sentences(standing({ lastLostMs: NOW_MS - 2 * DAY })), [], 'old news are listed, and no alarm');
    assert.deepEqual(sentences(standing({}, { credentialExpiresMs: NOW_MS + 40 * DAY })), []);
  });

  test('with one that was to end when all is delivered, and did, until its next run is overdue', () => {
    const ended = standing({}, {}, { ending: { atMs: NOW_MS - MINUTE, reason: 'everything is delivered', isComplete: true } });
    assert.deepEqual(sentences(ended, { isRunning: false }), []);
    assert.equal(sentences(ended, { isRunning: false, nowMs: NOW_MS + 2 * HOUR }).length, 1);
  });
});

describe('something needs attention', () => {
  const cases: readonly (readonly [what: string, of: Standing, sentence: RegExp, options?: Partial<VerdictOptions>])[] = [
    ['when no collector runs any more', standing({}, {}, { ending: { atMs: NOW_MS, reason: 'the signal SIGTERM', isComplete: false } }), /ended at 2026-09-01T00:00:00.000Z: the signal SIGTERM/, { isRunning: false }],
    ['when the last one came to a sudden end', standing(), /sudden end/, { isRunning: false }],
    ['when nothing is known of the last one', standing({}, {}, { writtenMs: 0 }), /not known/, { isRunning: false }],
    ['when one runs, and says nothing', standing({}, {}, { writtenMs: NOW_MS - HOUR }), /has written nothing about itself for 60 min/],
    ['when delivery is too far behind', standing({ listedUntilMs: NOW_MS - 3 * HOUR }), /^Delivery is 3 h behind: nothing could be listed since$/],
    ['when blobs wait too long', standing({ owed: 7, parked: 2, oldestOwedMs: NOW_MS - 2 * HOUR }), /2 h behind: 7 content blobs wait, 2 of which failed before/],
    ['when something was lost', standing({ lastLostMs: NOW_MS - HOUR }), /lost 60 min ago/],
    ['when events wait in dead letters', standing(), /^2 events in 3,000 bytes wait in dead letters, because the output did not take them$/, { letters: { ...NO_LETTERS, count: 2, bytes: 3_000 } }],
    ['when there is hardly room for more of them', standing(), /^90 events .* there is room for 100 in 1,000,000 bytes, and content blobs with further such events stay owed$/, { letters: { ...NO_LETTERS, count: 90, bytes: 3_000 } }],
    ['when they are few and large', standing(), /there is room for 100 in 1,000,000 bytes/, { letters: { ...NO_LETTERS, count: 2, bytes: 900_000 } }],
    ['when the credential expires in a month or less', standing({}, { credentialExpiresMs: NOW_MS + 30 * DAY }), /expires in 30 d/],
    ['when nothing can be written, which says more than that nothing was', standing({}, {}, { writtenMs: NOW_MS - HOUR }), /cannot be written: ENOSPC$/, { unwritten: 'ENOSPC' }],
    ['when it has expired', standing({}, { credentialExpiresMs: NOW_MS - 1 }), /has expired/],
    ['at once when only a human can mend it', standing({}, { trouble: { ...TROUBLE, code: 'API_FORBIDDEN' } }), /The service refuses/],
    ['of a type, too', standing({ trouble: { ...TROUBLE, code: 'API_PERMISSION' } }), /The service refuses/],
    ['when what passes by itself does not', standing({ trouble: { ...TROUBLE, code: 'API_UNAVAILABLE', sinceMs: NOW_MS - 16 * MINUTE } }), /The service refuses/],
  ];
  for (const [what, of, sentence, options] of cases) {
    test(what, () => {
      const [problem, ...more] = problemsOf(of, { nowMs: NOW_MS, lagLimitMs: HOUR, isRunning: true, letters: NO_LETTERS, ...options });
      assert.match(problem?.sentence ?? '', sentence);
      assert.match(problem?.repair ?? '', /^[A-Z].*\.$/);
      assert.deepEqual(more, []);
    });
  }

  test('but not at once for what mostly passes by itself', () => {
    assert.deepEqual(sentences(standing({ trouble: { ...TROUBLE, code: 'API_UNAVAILABLE' } })), []);
    assert.deepEqual(sentences(standing({ trouble: { ...TROUBLE, code: 'FROM_A_NEWER_VERSION' } })), []);
  });

  test('once for all types of a tenant that are behind', () => {
    const late = { ...GOOD, owed: 5, oldestOwedMs: NOW_MS - 3 * HOUR };
    assert.deepEqual(sentences(standing({}, { feeds: { 'Audit.General': late, 'Audit.Exchange': { ...late, oldestOwedMs: NOW_MS - 5 * HOUR }, 'DLP.All': GOOD } })),
      ['Delivery of 2 content types is up to 5 h behind: 10 content blobs wait']);
  });
});

test('lag reaches to the oldest of what is owed and of what is not listed, and is never negative', () => {
  assert.equal(lagOf(GOOD, NOW_MS), MINUTE);
  assert.equal(lagOf({ ...GOOD, oldestOwedMs: NOW_MS - HOUR }, NOW_MS), HOUR);
  assert.equal(lagOf({ ...GOOD, listedUntilMs: NOW_MS + HOUR }, NOW_MS), 0);
  assert.equal(lagOf({ counts: noCounts(), owed: 0, parked: 0 }, NOW_MS), undefined);
});

test('spans are told in their largest unit', () => {
  assert.deepEqual([0, -5, 99_400, 100_000, 99 * MINUTE, 100 * MINUTE, 47 * HOUR, 48 * HOUR, 400 * DAY].map(spanText), ['0 s', '0 s', '99 s', '2 min', '99 min', '2 h', '47 h', '2 d', '400 d']);
});

describe('the page', () => {
  const loss = (number: number): LossNote => ({ tenant: 'Contoso', contentType: 'DLP.All', what: `the content blob ${number}`, reason: 'it expired', atMs: NOW_MS - number * HOUR });
  const report = (changes: Partial<StandingReport> = {}): StandingReport => ({ standing: standing(), directory: '/var/lib/o365audit', isRunning: true, problems: [], losses: [], deadLetters: 0, nowMs: NOW_MS, ...changes });

  test('fits 100 columns with large numbers, and its last line says whether all is well', () => {
    const lines = standingPage(report()).trimEnd().split('\n');
    for (const line of lines) assert.ok(line.length <= 100, line);
    assert.equal(lines.at(-1), '✓ All is well.');
    const heads = lines.find((line) => line.startsWith('content type')) ?? '';
    const row = lines.find((line) => line.includes('Audit.AzureActiveDirectory')) ?? '';
    assert.match(row, /^ {2}Audit\.AzureActiveDirectory +60 s +60 s +60 s +0 +0 12,345,678 +9,999,999 +0$/);
    assert.equal(row.length, heads.length);
  });

  test('names what needs attention, with whom it concerns and what to do', () => {
    const text = standingPage(report({ problems: [{ tenant: 'Contoso', contentType: 'DLP.All', sentence: 'It is late.', repair: 'Wait.' }, { sentence: 'So is all', repair: 'Wait, too.' }] }));
    assert.match(text, /! Contoso, DLP\.All: It is late\.\n {4}Wait\.\n! So is all\.\n {4}Wait, too\.\n! 2 things need attention\.\n$/);
  });

  test('shows the last ten losses and says that there are more', () => {
    const text = standingPage(report({ losses: Array.from({ length: 12 }, (_, index) => loss(12 - index)) }));
    assert.match(text, /the last 10 of 12/);
    assert.equal(text.split('the content blob').length - 1, 10);
    assert.match(text, /60 min ago, Contoso, DLP\.All: the content blob 1\n {4}it expired/);
  });

  test('says when the collector was last seen where it does not run', () => {
    assert.match(standingPage(report({ isRunning: false })), /not running; last seen 5 s ago/);
    assert.match(standingPage(report({ isRunning: false, standing: standing({}, {}, { writtenMs: 0 }) })), /, not running\n/);
  });

  test('is for machines one object, with names in snake case, times in RFC 3339 and every count', () => {
    const json = JSON.parse(JSON.stringify(standingAsJson(report({ losses: [loss(1)], problems: [{ sentence: 'x', repair: 'y' }] })))) as Record<string, unknown>;
    assert.deepEqual([json.is_well, (json.losses as unknown[]).length], [false, 1]);
    const [tenant] = json.tenants as { readonly id: string; readonly content_types: readonly { readonly lag_seconds: number; readonly last_listed: string; readonly counts: Record<string, number> }[] }[];
    assert.deepEqual([tenant?.id, tenant?.content_types[0]?.lag_seconds, tenant?.content_types[0]?.last_listed], ['contoso.com', 60, '2026-08-31T23:59:00.000Z']);
    assert.equal(tenant?.content_types[0]?.counts.blobs_delivered, 12_345_678);
  });
});
