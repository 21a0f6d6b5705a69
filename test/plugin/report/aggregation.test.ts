import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createAggregation } from '../../../plugin/report/aggregation.ts';
import type { Picture } from '../../../plugin/report/picture.ts';

const hostileTexts = ['__proto__', 'constructor', '</script>', '\u2028', '\0', '\ud800', ''];
const about = { version: '1.2.3', madeAtMs: 0, sources: ['a test'] };

function pictureOf(...documents: readonly unknown[]): Picture {
  const aggregation = createAggregation();
  for (const document of documents) aggregation.add(document);
  return aggregation.picture(about);
}

const signIn = (user: string, outcome: string, atHour: number): object => ({
  '@timestamp': new Date(Date.UTC(2026, 8, 1, atHour)).toISOString(), user: { id: user }, source: { ip: `192.0.2.${atHour}`, geo: { country_name: 'Sweden' }, as: { organization: { name: 'Brackwater Net' } } },
  event: { action: 'UserLoggedIn', provider: 'AzureActiveDirectory', category: ['web', 'authentication'], type: ['info', 'start'], outcome, ...outcome === 'failure' ? { reason: 'IdsLocked' } : {} },
  organization: { id: 'x', name: 'Brackwater' },
});

describe('the picture of documents', () => {
  test('counts sign-ins, by user, outcome, reason and place', () => {
    const { counts, signIns, signInFailures, countries, addresses, signInTimeline, span, tenants } = pictureOf(signIn('ada', 'success', 1), signIn('ada', 'failure', 2), signIn('ben', 'failure', 3));
    assert.deepEqual([counts.events, counts.signIns, counts.failedSignIns], [3, 3, 2]);
    assert.deepEqual(signIns.rows.map(({ name, events, failures, partners }) => [name, events, failures, partners]), [['ada', 2, 1, 2], ['ben', 1, 1, 1]]);
    assert.deepEqual(signInFailures.rows.map(({ name, events, partners }) => [name, events, partners]), [['IdsLocked', 2, 2]]);
    assert.deepEqual(countries.rows.map(({ name, events, failedSignIns, partners }) => [name, events, failedSignIns, partners]), [['Sweden', 3, 2, 2]]);
    assert.equal(addresses.rows[0]?.detail, 'Sweden · Brackwater Net');
    assert.deepEqual(signInTimeline.series.map(({ name, events }) => [name, events]), [['Failed', 2], ['Succeeded', 1]]);
    assert.deepEqual(span, { fromMs: Date.UTC(2026, 8, 1, 1), toMs: Date.UTC(2026, 8, 1, 3) });
    assert.deepEqual(tenants, [{ name: 'Brackwater', events: 3 }]);
  });

  test('does not take a sign-out for a sign-in', () => {
    assert.equal(pictureOf({ event: { category: ['authentication'], type: ['start', 'end'] } }).counts.signIns, 0);
  });

  test('lists shares and alerts, with words for what they are', () => {
    const { counts, shares, alerts, alertNames } = pictureOf(
      { '@timestamp': '2026-09-01T08:00:00Z', event: { action: 'AnonymousLinkCreated' }, file: { name: 'plan.xlsx' }, user: { id: 'ada' } },
      { '@timestamp': '2026-09-01T09:00:00Z', event: { action: 'SharingSet' }, url: { original: 'https://x.example/site' }, user: { id: 'ada' }, o365: { audit: { TargetUserOrGroupType: 'Guest', TargetUserOrGroupName: 'ben_b.example#ext#' } } },
      { '@timestamp': '2026-09-01T10:00:00Z', event: { kind: 'alert', action: 'DlpRuleMatch', severity: 4, provider: 'Exchange' }, rule: { name: ['Cards', 'Passports'] } },
      { '@timestamp': '2026-09-01T11:00:00Z', event: { kind: 'alert', action: 'RiskDetection' }, o365: { audit: { RiskLevel: 'medium', RiskEventType: 'unlikelyTravel' } } },
    );
    assert.deepEqual(shares.rows.map(({ item, sharedWith, user }) => [item, sharedWith, user]), [['https://x.example/site', 'ben_b.example#ext#', 'ada'], ['plan.xlsx', 'anyone with the link', 'ada']]);
    assert.deepEqual(alerts.rows.map(({ name, severity, workload }) => [name, severity, workload]), [['unlikelyTravel', 3, '(none)'], ['Cards, Passports', 4, 'Exchange']]);
    assert.deepEqual([counts.alerts, counts.highAlerts, counts.sharedOutside], [2, 1, 2]);
    assert.deepEqual(alertNames.rows.map(({ name }) => name).sort(), ['Cards, Passports', 'unlikelyTravel']);
  });

  test('takes the event\'s own time where there is no @timestamp, and says how many have none', () => {
    const { counts, span, timeline } = pictureOf({ o365: { audit: { CreationTime: '2026-09-01T08:00:00' } } }, { '@timestamp': '0001-01-01T00:00:00Z' }, { '@timestamp': 'soon' }, {});
    assert.deepEqual(span, { fromMs: Date.UTC(2026, 8, 1, 8), toMs: Date.UTC(2026, 8, 1, 8) });
    assert.deepEqual([counts.events, counts.withoutTime], [4, 3]);
    assert.equal(timeline.series.reduce((sum, { events }) => sum + events, 0), 1);
  });

  test('survives documents of any shape, and cuts texts without end', () => {
    const odd = [null, 7, 'text', [], [[]], { event: 'text' }, { event: { category: { a: 1 }, action: ['a', 1, null], outcome: [] }, user: { id: { deep: 1 } } }, { '@timestamp': 7 }, ...hostileTexts.map((text) => ({ user: { id: text }, event: { action: text } }))];
    const { counts, users } = pictureOf(...odd, { user: { id: 'x'.repeat(10_000) } });
    assert.equal(counts.events, odd.length + 1);
    assert.ok(users.rows.every(({ name }) => name.length <= 512));
  });

  test('of nothing is empty', () => {
    const { counts, span, users, timeline } = pictureOf();
    assert.deepEqual([counts.events, span, users.rowCount, timeline.series], [0, undefined, 0, []]);
  });
});
