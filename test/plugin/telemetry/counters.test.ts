import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters } from '../../../plugin/telemetry/counters.ts';
import { readStanding, type Standing } from '../../../plugin/telemetry/standing.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const START_MS = Date.UTC(2026, 8, 1);
const QUOTA = { used: 12, limit: 2_000, waiting: 1 };
const TROUBLE = { code: 'API_FORBIDDEN', reason: 'No.', repair: 'Ask.' };

function setUp() {
  const clock = createManualClock(START_MS);
  const counters = new Counters({ program: '1.2.3', processId: 42, clock });
  return { clock, counters };
}

/** As the next run finds it. */
function kept(counters: Counters): Standing {
  const standing = readStanding(JSON.stringify(counters.standing()));
  assert.ok(standing !== undefined);
  return standing;
}

describe('counters', () => {
  test('count by tenant and type, and what is only looked at is looked at when somebody asks', async () => {
    const { clock, counters } = setUp();
    const tenant = counters.tenant('contoso.com', 'Contoso');
    let oldest = '2026-08-31T23:00:00.000Z';
    tenant.watch(() => ({ owed: new Map([['Audit.General', { blobs: 3, parked: 1, oldest }]]), quota: QUOTA }), ['Audit.General', 'DLP.All']);
    tenant.add('Audit.General', 'blobsListed', 5);
    await clock.advance(1_000);
    tenant.listedUntil('Audit.General', START_MS);
    tenant.delivered('Audit.General');
    tenant.lost('DLP.All', 'windowsLost');
    counters.credentialExpires('contoso.com', START_MS + 5);
    const { name, feeds, quota, credentialExpiresMs } = counters.standing().tenants['contoso.com'] ?? assert.fail();
    assert.deepEqual([name, quota, credentialExpiresMs], ['Contoso', QUOTA, START_MS + 5]);
    const { counts, ...general } = feeds['Audit.General'] ?? assert.fail();
    assert.deepEqual(general, { lastListedMs: START_MS + 1_000, listedUntilMs: START_MS, lastDeliveredMs: START_MS + 1_000, owed: 3, parked: 1, oldestOwedMs: START_MS - 3_600_000 });
    assert.deepEqual([counts.blobsListed, counts.blobsDelivered, counts.eventsDelivered], [5, 1, 0]);
    assert.deepEqual([feeds['DLP.All']?.counts.windowsLost, feeds['DLP.All']?.lastLostMs, feeds['DLP.All']?.owed], [1, START_MS + 1_000, 0]);
    oldest = '';
    assert.equal(counters.standing().tenants['contoso.com']?.feeds['Audit.General']?.oldestOwedMs, undefined);
  });

  test('go on where the last run ended, for the types that are still collected', () => {
    const { counters } = setUp();
    const tenant = counters.tenant('contoso.com');
    tenant.watch(() => ({ owed: new Map(), quota: QUOTA }), ['Audit.General', 'Audit.Exchange']);
    tenant.add('Audit.General', 'eventsDelivered', 100);
    tenant.add('Audit.Exchange', 'eventsDelivered', 7);
    tenant.listedUntil('Audit.General', START_MS);
    const next = setUp().counters;
    next.resume(kept(counters));
    const again = next.tenant('contoso.com');
    again.watch(() => ({ owed: new Map(), quota: QUOTA }), ['Audit.General']);
    again.add('Audit.General', 'eventsDelivered', 1);
    const { feeds } = next.standing().tenants['contoso.com'] ?? assert.fail();
    assert.deepEqual(Object.keys(feeds), ['Audit.General']);
    assert.equal(feeds['Audit.General']?.counts.eventsDelivered, 101);
    assert.equal(feeds['Audit.General'].listedUntilMs, START_MS);
    assert.equal(counters.standing().tenants['contoso.com']?.feeds['Audit.General']?.counts.eventsDelivered, 100, 'what was kept is not touched');
  });

  test('keep what the last run counted of tenants that are not there yet, and drop what is not configured any more once all are', () => {
    const { counters } = setUp();
    for (const id of ['contoso.com', 'fabrikam.com']) {
      const tenant = counters.tenant(id);
      tenant.watch(() => ({ owed: new Map(), quota: QUOTA }), ['Audit.General']);
      tenant.add('Audit.General', 'eventsDelivered', 100);
    }
    const next = setUp().counters;
    next.resume(kept(counters));
    assert.deepEqual(next.standing().tenants, kept(counters).tenants, 'a run that cannot start forgets nothing');
    const again = next.tenant('contoso.com');
    again.watch(() => ({ owed: new Map(), quota: QUOTA }), ['Audit.General']);
    again.add('Audit.General', 'eventsDelivered', 1);
    const eventsOf = (): readonly (number | undefined)[] => ['contoso.com', 'fabrikam.com'].map((id) => next.standing().tenants[id]?.feeds['Audit.General']?.counts.eventsDelivered);
    assert.deepEqual(eventsOf(), [101, 100]);
    next.begun();
    assert.deepEqual(eventsOf(), [101, undefined]);
  });

  test('remember since when something is the matter, across runs, until it is over', async () => {
    const { clock, counters } = setUp();
    const tenant = counters.tenant('contoso.com');
    tenant.watch(() => ({ owed: new Map(), quota: QUOTA }), ['Audit.General']);
    tenant.trouble('Audit.General', TROUBLE);
    tenant.trouble(undefined, TROUBLE);
    await clock.advance(60_000);
    tenant.trouble('Audit.General', { ...TROUBLE, reason: 'No, again.' });
    tenant.trouble(undefined, { ...TROUBLE, code: 'API_UNAVAILABLE' });
    const before = kept(counters);
    assert.deepEqual(before.tenants['contoso.com']?.feeds['Audit.General']?.trouble, { ...TROUBLE, reason: 'No, again.', sinceMs: START_MS });
    assert.equal(before.tenants['contoso.com'].trouble?.sinceMs, START_MS + 60_000, 'another trouble has another beginning');
    const next = setUp().counters;
    next.resume(before);
    const again = next.tenant('contoso.com');
    again.watch(() => ({ owed: new Map(), quota: QUOTA }), ['Audit.General']);
    again.trouble('Audit.General', TROUBLE);
    assert.equal(next.standing().tenants['contoso.com']?.feeds['Audit.General']?.trouble?.sinceMs, START_MS);
    again.trouble('Audit.General', undefined);
    again.trouble(undefined, undefined);
    const { feeds, trouble } = next.standing().tenants['contoso.com'] ?? assert.fail();
    assert.deepEqual([feeds['Audit.General']?.trouble, trouble], [undefined, undefined]);
  });

  test('say how the run ended', () => {
    const { counters } = setUp();
    assert.equal(counters.standing().ending, undefined);
    counters.end('the signal SIGTERM', false);
    assert.deepEqual(kept(counters).ending, { atMs: START_MS, reason: 'the signal SIGTERM', isComplete: false });
  });
});

describe('a standing', () => {
  test('that is damaged, or of a newer version, is none', () => {
    for (const text of ['', '{', '[]', 'null', '{"version":1}', '{"version":2,"startedMs":1,"writtenMs":1,"tenants":{}}', '{"version":1,"startedMs":"x","writtenMs":1}']) {
      assert.equal(readStanding(text), undefined, text);
    }
  });

  test('of which parts are missing or odd is read as far as it goes, and never makes a wrong type', () => {
    const standing = readStanding(JSON.stringify({
      version: 1, startedMs: 1, writtenMs: 2, processId: 'x', program: 7, ending: 'soon',
      tenants: {
        'a.com': { feeds: { 'Audit.General': { counts: { blobsListed: 'many', eventsDelivered: 4, unheardOf: 1 }, owed: null, lastListedMs: 'now' }, 'Audit.Nothing': {} }, quota: 3, trouble: {} },
        'b.com': null,
      },
    }));
    assert.deepEqual(Object.keys(standing?.tenants ?? {}), ['a.com', 'b.com']);
    const { name, feeds, quota, trouble } = standing?.tenants['a.com'] ?? assert.fail();
    assert.deepEqual([name, Object.keys(feeds), quota, trouble], ['a.com', ['Audit.General'], undefined, undefined]);
    const { counts, ...rest } = feeds['Audit.General'] ?? assert.fail();
    assert.deepEqual([counts.blobsListed, counts.eventsDelivered, 'unheardOf' in counts, rest], [0, 4, false, { owed: 0, parked: 0 }]);
  });
});
