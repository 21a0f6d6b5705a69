import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { consequenceOf } from '../../../plugin/api/classifier.ts';
import { LISTING_PATIENCE_MS, NewListings } from '../../../plugin/collect/new-listings.ts';
import { round, START_INTERVAL_MS, type RoundResult, type Subscribing } from '../../../plugin/collect/round.ts';
import { AuditError, failure } from '../../../plugin/errors.ts';
import type { LogLine } from '../../../plugin/telemetry/log.ts';
import { CONTENT_TYPES, type ContentType } from '../../../plugin/types.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const DAY = 86_400_000;
const NOW_MS = Date.UTC(2026, 8, 10, 12);
const api = (code: Parameters<typeof failure>[0] & `API_${string}`): Error => failure(code, { tenant: 'Brackwater', what: 'listing', detail: 'as it says' });

interface Setup {
  /** What happened, in order. */
  readonly steps: string[];
  /** Types whose subscription was off. */
  readonly off: ContentType[];
  readonly lines: LogLine[];
  readonly startedAt: Map<ContentType, number>;
  readonly clock: ReturnType<typeof createManualClock>;
  readonly controller: AbortController;
  readonly run: () => Promise<RoundResult>;
}

interface Changes {
  readonly types?: readonly ContentType[];
  readonly enabled?: readonly ContentType[];
  readonly disabled?: readonly ContentType[];
  readonly subscribing?: Partial<Subscribing>;
  /** What listing a type meets. */
  readonly list?: (type: ContentType) => Error | Promise<void> | undefined;
  readonly once?: boolean;
}

function setUp({ types = ['Audit.General'], enabled = types, disabled = [], subscribing = {}, list = () => undefined, once = false }: Changes = {}): Setup {
  const clock = createManualClock(NOW_MS);
  const controller = new AbortController();
  const listings = new NewListings();
  const setup = { steps: [] as string[], off: [] as ContentType[], lines: [] as LogLine[], startedAt: new Map<ContentType, number>(), clock, controller };
  const parts: Subscribing = {
    subscriptions: () => Promise.resolve(new Map([...enabled.map((type) => [type, 'enabled'] as const), ...disabled.map((type) => [type, 'disabled'] as const)])),
    start: (type) => Promise.resolve(setup.steps.push(`start ${type}`) > 0),
    started: (type, atMs) => {
      setup.steps.push(`noted ${type}`);
      setup.startedAt.set(type, atMs);
    },
    startedAtMs: (type) => setup.startedAt.get(type),
    consequenceOf,
    ...subscribing,
  };
  const options = {
    tenant: 'Brackwater', contentTypes: types, clock, listings, once,
    log: (line: LogLine) => void setup.lines.push(line),
    admitted: () => void setup.steps.push('admitted'),
    wasOff: (type: ContentType) => void setup.off.push(type),
    list: (type: ContentType) => {
      setup.steps.push(`list ${type}`);
      const listed = list(type);
      return listed instanceof Error ? Promise.reject(listed) : listed ?? Promise.resolve();
    },
  };
  return { ...setup, run: () => round(parts, options, controller.signal) };
}

/** A listing that goes on until somebody ends it. */
function held(): { readonly promise: Promise<void>; readonly resolve: () => void; readonly reject: (reason: Error) => void } {
  let [resolve, reject]: [() => void, (reason: Error) => void] = [() => undefined, () => undefined];
  const promise = new Promise<void>((...both) => { [resolve, reject] = both; });
  return { promise, resolve, reject };
}

describe('a round: subscriptions', () => {
  test('that are missing or off are started, and no others', async () => {
    const { run, steps, lines } = setUp({ types: CONTENT_TYPES, enabled: ['Audit.Exchange', 'Audit.SharePoint', 'DLP.All'], disabled: ['Audit.General'] });
    assert.equal((await run()).size, 0);
    assert.deepEqual(steps.filter((step) => step.startsWith('start')), ['start Audit.AzureActiveDirectory', 'start Audit.General']);
    assert.equal(lines.filter((line) => line === 'subscription.started').length, 2);
  });

  test('are started at most every 15 minutes, whatever run it was that did so; meanwhile listing tells whether they are on', async () => {
    let isOn = true;
    const { run, steps, startedAt, clock } = setUp({ enabled: [], list: () => isOn ? undefined : api('API_SUBSCRIPTION') });
    startedAt.set('Audit.General', NOW_MS - START_INTERVAL_MS + 1);
    assert.equal((await run()).size, 0, 'it is on, though the list of subscriptions does not say so');
    isOn = false;
    assert.match((await run()).get('Audit.General')?.message ?? '', /was started less than 15 minutes ago/);
    assert.deepEqual(steps, ['admitted', 'list Audit.General', 'admitted', 'list Audit.General']);
    await clock.advance(1);
    isOn = true;
    assert.equal((await run()).size, 0);
    assert.deepEqual(steps.slice(4), ['admitted', 'start Audit.General', 'noted Audit.General', 'list Audit.General']);
  });

  test('may be started again when the clock was set back behind the last start', async () => {
    const { run, startedAt } = setUp({ enabled: [] });
    startedAt.set('Audit.General', NOW_MS + DAY);
    assert.equal((await run()).size, 0);
  });

  test('are noted as started although that has failed: the service may have counted a request that seemed to fail', async () => {
    const { run, steps, startedAt } = setUp({ enabled: [], subscribing: { start: () => Promise.reject(api('API_UNAVAILABLE')) } });
    assert.equal((await run()).get('Audit.General')?.code, 'API_UNAVAILABLE');
    assert.deepEqual(steps, ['admitted', 'noted Audit.General']);
    assert.equal(startedAt.get('Audit.General'), NOW_MS);
  });

  test('that turn out to be off while they are listed are started, and listed then', async () => {
    let refusals = 1;
    const { run, steps } = setUp({ list: () => refusals-- > 0 ? api('API_SUBSCRIPTION') : undefined });
    assert.equal((await run()).size, 0);
    assert.deepEqual(steps, ['admitted', 'list Audit.General', 'start Audit.General', 'noted Audit.General', 'list Audit.General']);
  });

  test('that were disabled are told apart from those that never were or that are on all along', async () => {
    const refusal = (afCode: string): Error => new AuditError('API_SUBSCRIPTION', { tenant: 'Brackwater', what: 'listing', detail: 'as it says', afCode });
    for (const [changes, expected] of [
      [{ enabled: [], disabled: ['Audit.General'] }, true], [{ enabled: [] }, false], [{}, false],
      [{ enabled: [], disabled: ['Audit.General'], subscribing: { start: () => Promise.resolve(false) } }, false],
    ] as const satisfies readonly (readonly [Changes, boolean])[]) {
      const { run, off } = setUp(changes);
      await run();
      assert.deepEqual(off, expected ? ['Audit.General'] : [], JSON.stringify(changes));
    }
    for (const [afCode, expected] of [['AF20023', true], ['AF20022', false]] as const) {
      let refusals = 1;
      const { run, off } = setUp({ list: () => refusals-- > 0 ? refusal(afCode) : undefined });
      await run();
      assert.deepEqual(off, expected ? ['Audit.General'] : [], afCode);
    }
  });

  test('that stay off are not started in a loop', async () => {
    const { run, steps } = setUp({ list: () => api('API_SUBSCRIPTION') });
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
  for (const [code, line] of [['API_PERMISSION', 'feed.degraded'], ['API_CONTENT_TYPE', 'feed.degraded'], ['API_UNAVAILABLE', 'feed.failed'], ['API_WINDOW', 'feed.failed']] as const) {
    test(`of other types go on when one meets ${code}`, async () => {
      const { run, lines, steps } = setUp({ types: CONTENT_TYPES, list: (type) => type === 'DLP.All' ? api(code) : undefined });
      const failures = await run();
      assert.deepEqual([...failures.keys()], ['DLP.All']);
      assert.deepEqual(lines.filter((said) => said.startsWith('feed.')), [line]);
      assert.deepEqual(steps.slice(1), CONTENT_TYPES.map((type) => `list ${type}`));
    });
  }

  test('that meet something which concerns the whole tenant end the round', async () => {
    const refusal = api('API_TENANT');
    await assert.rejects(setUp({ types: CONTENT_TYPES, list: (type) => type === 'DLP.All' ? refusal : undefined }).run(), refusal);
  });

  test('are not begun when the subscriptions cannot be had', async () => {
    const refusal = failure('AUTH_REFUSED', { tenant: 'Brackwater', meaning: 'wrong secret', name: 'AADSTS7000215', repair: 'Mend it.' });
    const { run, steps } = setUp({ subscribing: { subscriptions: () => Promise.reject(refusal) } });
    await assert.rejects(run(), refusal);
    assert.deepEqual(steps, []);
  });

  test('go on when the service does not say what is subscribed, unless none of them succeeds either', async () => {
    const unavailable = api('API_UNAVAILABLE');
    const subscribing = { subscriptions: () => Promise.reject(unavailable) };
    const { run, steps, lines } = setUp({ types: CONTENT_TYPES, subscribing, list: (type) => type === 'DLP.All' ? api('API_SUBSCRIPTION') : undefined });
    assert.deepEqual([...(await run()).keys()], ['DLP.All']);
    assert.deepEqual(steps.filter((step) => !step.startsWith('list')), ['start DLP.All', 'noted DLP.All', 'admitted']);
    assert.ok(lines.includes('subscriptions.unknown'));
    const down = setUp({ types: CONTENT_TYPES, subscribing, list: () => api('API_UNAVAILABLE') });
    await assert.rejects(down.run(), unavailable);
    assert.deepEqual(down.lines, [], 'what concerns all of the tenant is said once, by whoever asked for the round');
  });

  test('that take long hold up no other type: they go on beside the next rounds, which tell what became of them', async () => {
    const hanging = held();
    const failing: Error[] = [];
    const { run, steps, clock } = setUp({ types: CONTENT_TYPES, list: (type) => type === 'DLP.All' ? failing[0] ?? hanging.promise : undefined });
    for (let number = 1; number <= 2; number += 1) {
      const first = run();
      await clock.advance(LISTING_PATIENCE_MS);
      assert.equal((await first).size, 0);
      assert.equal(steps.filter((step) => step === 'list Audit.General').length, number);
    }
    assert.equal(steps.filter((step) => step === 'list DLP.All').length, 1);
    hanging.reject(api('API_UNAVAILABLE'));
    await assert.rejects(hanging.promise);
    failing.push(api('API_THROTTLED'));
    assert.equal((await run()).get('DLP.All')?.code, 'API_THROTTLED');
    assert.equal(steps.filter((step) => step === 'list DLP.All').length, 2);
  });

  test('are all waited for where nothing comes after the round', async () => {
    const hanging = held();
    const { run, clock } = setUp({ types: CONTENT_TYPES, once: true, list: (type) => type === 'DLP.All' ? hanging.promise : undefined });
    let isOver = false;
    const over = run().then(() => { isOver = true; });
    await clock.advance(10 * LISTING_PATIENCE_MS);
    assert.equal(isOver, false);
    hanging.resolve();
    await over;
  });

  test('end with the reason of the stop, which is no failure of theirs', async () => {
    const reason = new Error('the signal SIGTERM');
    const setup = setUp({ types: CONTENT_TYPES, list: () => {
      setup.controller.abort(reason);
      return reason;
    } });
    await assert.rejects(setup.run(), reason);
    assert.deepEqual(setup.lines, []);
  });
});
