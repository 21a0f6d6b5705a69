import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { consequenceOf } from '../../../plugin/api/classifier.ts';
import { round, START_INTERVAL_MS, type Listing, type RoundOptions, type RoundResult } from '../../../plugin/collect/round.ts';
import { failure } from '../../../plugin/errors.ts';
import type { LogLine } from '../../../plugin/telemetry/log.ts';
import { CONTENT_TYPES, type ContentBlob, type ContentType, type Window } from '../../../plugin/types.ts';
import { testBlob } from '../../support/blobs.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW_MS = Date.UTC(2026, 8, 10, 12);
const api = (code: Parameters<typeof failure>[0] & `API_${string}`): Error => failure(code, { tenant: 'Brackwater', what: 'listing', detail: 'as it says' });

interface Setup {
  /** What happened, in order. */
  readonly steps: string[];
  readonly lines: LogLine[];
  readonly listed: Map<ContentType, number>;
  readonly startedAt: Map<ContentType, number>;
  readonly found: string[];
  readonly lost: Window[];
  /** What the ledger has of that. */
  readonly noted: Window[];
  readonly clock: ReturnType<typeof createManualClock>;
  readonly controller: AbortController;
  readonly run: () => Promise<RoundResult>;
}

interface Changes {
  readonly types?: readonly ContentType[];
  readonly enabled?: readonly ContentType[];
  readonly disabled?: readonly ContentType[];
  readonly listing?: Partial<Listing>;
  readonly options?: Partial<RoundOptions>;
  /** The pages of a window. */
  readonly pages?: (type: ContentType, window: Window) => readonly (readonly ContentBlob[] | Error)[];
}

function setUp({ types = ['Audit.General'], enabled = types, disabled = [], listing = {}, options = {}, pages = () => [] }: Changes = {}): Setup {
  const clock = createManualClock(NOW_MS);
  const controller = new AbortController();
  const known = new Set<string>();
  const setup = { steps: [] as string[], lines: [] as LogLine[], listed: new Map<ContentType, number>(), startedAt: new Map<ContentType, number>(), found: [] as string[], lost: [] as Window[], noted: [] as Window[], clock, controller };
  const parts: Listing = {
    subscriptions: () => Promise.resolve(new Map([...enabled.map((type) => [type, 'enabled'] as const), ...disabled.map((type) => [type, 'disabled'] as const)])),
    start: (type) => Promise.resolve(void setup.steps.push(`start ${type}`)),
    async* list(type, window) {
      setup.steps.push(`list ${type}`);
      for (const page of pages(type, window)) {
        await Promise.resolve();
        if (page instanceof Error) throw page;
        yield page;
      }
    },
    owe: (blobs) => blobs.filter(({ contentId }) => {
      const isNew = !known.has(contentId);
      known.add(contentId);
      return isNew;
    }),
    listed: (type, untilMs) => {
      setup.steps.push(`listed ${type} ${new Date(untilMs).toISOString().slice(5, 16)}`);
      setup.listed.set(type, untilMs);
    },
    listedUntilMs: (type) => setup.listed.get(type),
    loseWindow: (_type, window) => void setup.noted.push(window),
    started: (type, atMs) => {
      setup.steps.push(`noted ${type}`);
      setup.startedAt.set(type, atMs);
    },
    startedAtMs: (type) => setup.startedAt.get(type),
    consequenceOf,
    ...listing,
  };
  const all: RoundOptions = {
    tenant: 'Brackwater', contentTypes: types, maxRetentionMs: 7 * DAY, maxQuerySizeMs: DAY, overlapMs: 0, nowMs: () => clock.nowMs(), clock,
    log: (line) => setup.lines.push(line),
    admitted: () => setup.steps.push('admitted'),
    found: (blobs) => setup.found.push(...blobs.map(({ contentId }) => contentId)),
    lost: (_type, window) => setup.lost.push(window),
    ...options,
  };
  return { ...setup, run: () => round(parts, all, controller.signal) };
}

describe('a round: subscriptions', () => {
  test('that are missing or off are started, and no others', async () => {
    const { run, steps, lines } = setUp({ types: CONTENT_TYPES, enabled: ['Audit.Exchange', 'Audit.SharePoint', 'DLP.All'], disabled: ['Audit.General'] });
    assert.equal((await run()).size, 0);
    assert.deepEqual(steps.filter((step) => step.startsWith('start')), ['start Audit.AzureActiveDirectory', 'start Audit.General']);
    assert.equal(lines.filter((line) => line === 'subscription.started').length, 2);
  });

  test('are started at most every 15 minutes, whatever run it was that did so', async () => {
    const { run, steps, startedAt, clock } = setUp({ enabled: [] });
    startedAt.set('Audit.General', NOW_MS - START_INTERVAL_MS + 1);
    const failures = await run();
    assert.match(failures.get('Audit.General')?.message ?? '', /was started less than 15 minutes ago/);
    assert.deepEqual(steps, ['admitted']);
    await clock.advance(1);
    assert.equal((await run()).size, 0);
    assert.ok(steps.includes('start Audit.General'));
  });

  test('may be started again when the clock was set back behind the last start', async () => {
    const { run, startedAt } = setUp({ enabled: [] });
    startedAt.set('Audit.General', NOW_MS + DAY);
    assert.equal((await run()).size, 0);
  });

  test('are noted as started before they are: the service may have counted a request that seemed to fail', async () => {
    const { run, steps, startedAt } = setUp({ enabled: [], listing: { start: () => Promise.reject(api('API_UNAVAILABLE')) } });
    assert.equal((await run()).get('Audit.General')?.code, 'API_UNAVAILABLE');
    assert.deepEqual(steps, ['admitted', 'noted Audit.General']);
    assert.equal(startedAt.get('Audit.General'), NOW_MS);
  });

  test('that turn out to be off while they are listed are started, and listed then', async () => {
    let refusals = 1;
    const { run, steps, found } = setUp({ pages: () => refusals-- > 0 ? [api('API_SUBSCRIPTION')] : [[testBlob(1)]], options: { maxRetentionMs: HOUR } });
    assert.equal((await run()).size, 0);
    assert.deepEqual(steps.slice(0, 4), ['admitted', 'list Audit.General', 'noted Audit.General', 'start Audit.General']);
    assert.deepEqual(found, [testBlob(1).contentId]);
  });

  test('that stay off are not started in a loop', async () => {
    const { run, steps } = setUp({ pages: () => [api('API_SUBSCRIPTION')] });
    assert.equal((await run()).get('Audit.General')?.code, 'API_SUBSCRIPTION');
    assert.equal((await run()).get('Audit.General')?.code, 'COLLECT_START_PENDING');
    assert.equal(steps.filter((step) => step.startsWith('start')).length, 1);
  });

  test('let the tenant in before anything is listed', async () => {
    const { run, steps } = setUp({ enabled: [] });
    await run();
    assert.equal(steps[0], 'admitted');
  });
});

describe('a round: listings', () => {
  test('go from the oldest window to now, and each window counts only when all its pages have come', async () => {
    const { run, steps, found, lines } = setUp({ options: { maxRetentionMs: 3 * DAY }, pages: (_type, { startMs }) => [[testBlob(startMs)], [testBlob(startMs + 1), testBlob(startMs)]] });
    await run();
    assert.deepEqual(steps, ['admitted', 'list Audit.General', 'listed Audit.General 09-08T12:04', 'list Audit.General', 'listed Audit.General 09-09T12:03', 'list Audit.General', 'listed Audit.General 09-10T12:00']);
    assert.equal(found.length, 6, 'a blob that is listed twice is found once');
    assert.equal(lines.filter((line) => line === 'window.listed').length, 3);
  });

  test('end at the window that failed, and its type goes on from there in the next round', async () => {
    let isBroken = true;
    const { run, listed, found } = setUp({ options: { maxRetentionMs: 3 * DAY }, pages: (_type, { startMs, endMs }) => [[testBlob(startMs)], ...(isBroken && endMs === NOW_MS ? [api('API_UNAVAILABLE')] : [])] });
    assert.equal((await run()).get('Audit.General')?.code, 'API_UNAVAILABLE');
    assert.equal(listed.get('Audit.General'), Date.UTC(2026, 8, 9, 12, 3));
    assert.equal(found.length, 3, 'what was on the pages before is not thrown away');
    isBroken = false;
    assert.equal((await run()).size, 0);
    assert.equal(listed.get('Audit.General'), NOW_MS);
    assert.equal(found.length, 3);
  });

  for (const [code, line] of [['API_PERMISSION', 'feed.degraded'], ['API_CONTENT_TYPE', 'feed.degraded'], ['API_UNAVAILABLE', 'feed.failed'], ['API_WINDOW', 'feed.failed']] as const) {
    test(`of other types go on when one meets ${code}`, async () => {
      const { run, lines, listed } = setUp({ types: CONTENT_TYPES, pages: (type) => type === 'DLP.All' ? [api(code)] : [] });
      const failures = await run();
      assert.deepEqual([...failures.keys()], ['DLP.All']);
      assert.deepEqual(lines.filter((said) => said.startsWith('feed.')), [line]);
      assert.deepEqual([...listed.keys()].sort(), CONTENT_TYPES.filter((type) => type !== 'DLP.All').sort());
    });
  }

  test('that meet something which concerns the whole tenant end the round', async () => {
    const refusal = api('API_TENANT');
    await assert.rejects(setUp({ types: CONTENT_TYPES, pages: (type) => type === 'DLP.All' ? [refusal] : [] }).run(), refusal);
  });

  test('are not begun when the subscriptions cannot be had', async () => {
    const refusal = failure('AUTH_REFUSED', { tenant: 'Brackwater', meaning: 'wrong secret', name: 'AADSTS7000215', repair: 'Mend it.' });
    const { run, steps } = setUp({ listing: { subscriptions: () => Promise.reject(refusal) } });
    await assert.rejects(run(), refusal);
    assert.deepEqual(steps, []);
  });

  test('say once what can no longer be listed, even when nothing can be listed for a while', async () => {
    let isBroken = true;
    const { run, listed, lost, noted, clock } = setUp({ pages: () => isBroken ? [api('API_UNAVAILABLE')] : [] });
    listed.set('Audit.General', NOW_MS - 9 * DAY);
    await run();
    await clock.advance(180_000);
    await run();
    isBroken = false;
    await run();
    // what passes out of reach while the service is down is said, too: no moment twice, and none left out
    assert.deepEqual(lost.map(({ startMs, endMs }) => [startMs, endMs]), [
      [NOW_MS - 9 * DAY, NOW_MS - 7 * DAY + 300_000],
      [NOW_MS - 7 * DAY + 300_000, NOW_MS - 7 * DAY + 480_000],
    ]);
    assert.deepEqual(noted, lost);
    assert.equal(listed.get('Audit.General'), clock.nowMs());
  });

  test('of the overlap take nothing back that was listed before, so that a kill in the middle costs nothing', async () => {
    const { run, steps, listed } = setUp({ options: { overlapMs: 3 * DAY } });
    listed.set('Audit.General', NOW_MS - HOUR);
    await run();
    assert.deepEqual(steps.filter((step) => step.startsWith('listed')), ['listed Audit.General 09-10T12:00']);
  });

  test('by a clock that was set back take back what lay in its future, which nobody has listed', async () => {
    const { run, listed } = setUp({ options: { overlapMs: HOUR } });
    listed.set('Audit.General', NOW_MS + 5 * HOUR);
    await run();
    assert.equal(listed.get('Audit.General'), NOW_MS);
  });

  test('go by the clock of the service', async () => {
    const { run, listed } = setUp({ options: { nowMs: () => NOW_MS + 10 * DAY } });
    await run();
    assert.equal(listed.get('Audit.General'), NOW_MS + 10 * DAY);
  });

  test('end with the reason of the stop, and note nothing then', async () => {
    const reason = new Error('the signal SIGTERM');
    const setup = setUp({ types: CONTENT_TYPES, pages: () => {
      setup.controller.abort(reason);
      return [reason];
    } });
    await assert.rejects(setup.run(), reason);
    assert.equal(setup.listed.size, 0);
    assert.deepEqual(setup.lines, []);
  });
});
