import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { consequenceOf } from '../../../plugin/api/classifier.ts';
import type { Carrier } from '../../../plugin/collect/carry.ts';
import { createConcurrency } from '../../../plugin/collect/concurrency.ts';
import type { Collector } from '../../../plugin/collect/run.ts';
import type { ListingRank } from '../../../plugin/collect/feed.ts';
import { LISTING_PATIENCE_MS } from '../../../plugin/collect/new-listings.ts';
import { createTenantCollector, type Listing, type TenantCollector, type TenantOptions } from '../../../plugin/collect/tenant.ts';
import { type AuditError, failure } from '../../../plugin/errors.ts';
import type { LogLine } from '../../../plugin/telemetry/log.ts';
import type { Batch, ContentBlob, ContentType, Window } from '../../../plugin/types.ts';
import { testBlob } from '../../support/blobs.ts';
import { roomsFor, takingOutput } from '../../support/held-output.ts';
import { createManualClock, settled } from '../../support/manual-clock.ts';

const NOW_MS = Date.UTC(2026, 8, 2);
const POLL_MS = 180_000;
const ERROR_RETRY_MS = 300_000;
const unavailable = (): Error => failure('API_UNAVAILABLE', { tenant: 'Brackwater', what: 'reading a blob', detail: 'AF50000' });
const refused = (): AuditError => failure('AUTH_REFUSED', { tenant: 'Brackwater', meaning: 'wrong secret', name: 'AADSTS7000215', repair: 'Mend it.' });

/** One service for a collector: what is listed, what opens, and what became of it. */
class World {
  readonly clock = createManualClock(NOW_MS);
  readonly stop = new AbortController();
  readonly abandon = new AbortController();
  readonly lines: LogLine[] = [];
  readonly committed: string[] = [];
  readonly opened: string[] = [];
  readonly said: string[] = [];
  readonly parked: string[] = [];
  /** What kept types or the tenant from being listed, a list a round. */
  readonly roundEnds: string[][] = [];
  readonly owed = new Map<string, ContentBlob>();
  readonly done = new Set<string>();
  /** What the next listings hold. */
  available: ContentBlob[] = [];
  subscriptionsFail: Error | undefined;
  listingFails: ((type: ContentType, rank: ListingRank) => Error | undefined) = () => undefined;
  /** How long a listing takes. */
  listingWaits: (type: ContentType) => Promise<void> = () => Promise.resolve();
  /** How what was delivered settles. */
  settled: () => Promise<void> = () => Promise.resolve();
  /** What opening a blob meets. */
  opening: (blob: ContentBlob) => Promise<void> = () => Promise.resolve();
  rounds = 0;
  turnsEnded = 0;
  opensNow = 0;
  opensMost = 0;
  readonly listed = new Map<ContentType, number>();

  collector(changes: Partial<TenantOptions> = {}): TenantCollector {
    const { clock } = this;
    const log = (line: LogLine): void => void this.lines.push(line);
    return createTenantCollector(this.#listing(), this.#carrier(), () => [...this.owed.values()], {
      tenant: 'Brackwater', contentTypes: ['Audit.General'], maxRetentionMs: 7 * 86_400_000, maxQuerySizeMs: 86_400_000, overlapMs: 0, nowMs: () => clock.nowMs(), serviceNowMs: () => clock.nowMs(), clock, log,
      turn: { begin: () => Promise.resolve(), end: () => { this.turnsEnded += 1; } }, pollIntervalMs: POLL_MS, errorRetryIntervalMs: ERROR_RETRY_MS, concurrency: createConcurrency(3), relistIntervalMs: 0, once: false,
      firstRound: (refusal) => this.said.push(refusal === undefined ? 'let in' : refusal.code),
      delivered: (events, type, leftOut) => this.said.push(`delivered ${events} of ${type}, left out ${leftOut}`),
      caughtUp: () => this.said.push('caught up'),
      parked: ({ contentId }) => this.parked.push(contentId),
      roundEnded: (failures, whole) => this.roundEnds.push([...failures.keys(), ...(whole === undefined ? [] : [whole.code])]),
      listed: (waiting) => this.said.push(`${waiting.length} waiting`),
      lost: () => this.said.push('lost window'),
      ...changes,
    });
  }

  run(collector: Collector): Promise<AuditError | undefined> {
    return collector.run({ stop: this.stop.signal, abandon: this.abandon.signal });
  }

  #listing(): Listing {
    return {
      subscriptions: async () => {
        await Promise.resolve();
        this.rounds += 1;
        if (this.subscriptionsFail !== undefined) throw this.subscriptionsFail;
        return new Map([['Audit.General', 'enabled'], ['DLP.All', 'enabled']]);
      },
      start: () => Promise.resolve(true),
      list: async function* (this: World, type: ContentType, _window: Window, _signal: AbortSignal, rank: ListingRank) {
        await this.listingWaits(type);
        const fails = this.listingFails(type, rank);
        if (fails !== undefined) throw fails;
        const blobs = this.available.filter(({ contentType }) => contentType === type);
        if (blobs.length > 0) yield blobs;
      }.bind(this),
      owe: (blobs) => blobs.filter((blob) => {
        if (this.owed.has(blob.contentId) || this.done.has(blob.contentId)) return false;
        this.owed.set(blob.contentId, blob);
        return true;
      }),
      listed: (type, untilMs) => void this.listed.set(type, untilMs),
      listedUntilMs: (type) => this.listed.get(type),
      loseWindow: () => undefined,
      off: () => undefined,
      offUntilMs: () => undefined,
      relisted: () => undefined,
      relistedOf: () => ({ fromMs: 0, atMs: NOW_MS }),
      started: () => undefined,
      startedAtMs: () => undefined,
      consequenceOf,
    };
  }

  #carrier(): Carrier {
    return {
      ...roomsFor({ ...takingOutput(), watch: () => ({ settled: () => this.settled() }) }), leaveOut: () => Promise.resolve(), tenant: 'Brackwater', clock: this.clock, nowMs: () => this.clock.nowMs(), isOver: (ms) => ms <= this.clock.nowMs(), random: () => 1,
      log: (line) => this.lines.push(line),
      open: async (blob) => {
        this.opened.push(blob.contentId);
        this.opensNow += 1;
        this.opensMost = Math.max(this.opensMost, this.opensNow);
        try {
          await this.opening(blob);
        } finally {
          this.opensNow -= 1;
        }
        // eslint-disable-next-line @typescript-eslint/require-await -- a body without bytes
        return (async function* () { yield* []; })();
      },
      splitter: () => ({
        eventCount: 2, close: () => undefined, * push(): Generator<Batch> { yield* []; }, * end(): Generator<Batch> { yield { bytes: Buffer.from('x'), eventCount: 2 }; },
      }),
      commit: (blob) => this.#finish(blob),
      lose: (blob) => this.#finish(blob),
      isHopeless: (error) => consequenceOf(error) === 'skip',
    };
  }

  #finish({ contentId }: ContentBlob): Promise<void> {
    this.owed.delete(contentId);
    this.done.add(contentId);
    this.committed.push(contentId);
    return Promise.resolve();
  }
}

const blobs = (from: number, to: number, changes: Partial<ContentBlob> = {}): ContentBlob[] => Array.from({ length: to - from + 1 }, (_, index) => testBlob(from + index, changes));
const ids = (all: readonly ContentBlob[]): string[] => all.map(({ contentId }) => contentId);

async function ended(world: World, running: Promise<unknown>): Promise<void> {
  world.stop.abort(new Error('the signal SIGTERM'));
  await running;
}

describe('a tenant\'s collector', () => {
  test('delivers what earlier runs left and what it finds, several blobs at a time, the oldest first, and then looks again at each interval', async () => {
    const world = new World();
    for (const blob of blobs(1, 4)) world.owed.set(blob.contentId, blob);
    world.available = blobs(5, 9).reverse();
    const collector = world.collector({ concurrency: createConcurrency(2) });
    const running = world.run(collector);
    await settled();
    assert.deepEqual(world.opened, ids(blobs(1, 9)));
    assert.equal(world.opensMost, 2);
    assert.deepEqual(world.committed.sort(), ids(blobs(1, 9)));
    assert.equal(world.said[0], 'let in');
    assert.equal(world.said.at(-1), 'caught up');
    assert.ok(world.lines.includes('tenant.resumed'));
    assert.equal(collector.isIdle, true);
    world.available = [];
    await world.clock.advance(POLL_MS - 1);
    assert.equal(world.rounds, 1);
    world.available = blobs(10, 10);
    await world.clock.advance(1);
    assert.equal(world.rounds, 2);
    assert.equal(world.committed.length, 10);
    assert.deepEqual(world.said.filter((text) => text === 'caught up').length, 2, 'it had something to catch up with again');
    await ended(world, running);
  });

  test('begins when it is its turn, and ends that when it has caught up, or cannot', async () => {
    const world = new World();
    world.available = blobs(1, 2);
    let begin = (): void => undefined;
    const turn = { begin: () => new Promise<void>((resolve) => { begin = resolve; }), end: () => { world.turnsEnded += 1; } };
    const held = world.opening;
    let deliver = (): void => undefined;
    world.opening = () => new Promise((resolve) => { deliver = resolve; });
    const collector = world.collector({ turn, concurrency: createConcurrency(1) });
    const running = world.run(collector);
    await settled();
    assert.equal(world.rounds, 0);
    assert.equal(collector.isIdle, false);
    begin();
    await settled();
    assert.deepEqual([world.rounds, world.turnsEnded], [1, 0], 'two blobs are still to be delivered');
    world.opening = held;
    deliver();
    await settled();
    assert.equal(world.committed.length, 2);
    assert.equal(world.turnsEnded, 1);
    await ended(world, running);

    const failing = new World();
    failing.subscriptionsFail = refused();
    const other = failing.run(failing.collector());
    await settled();
    assert.equal(failing.turnsEnded, 1);
    await ended(failing, other);
  });

  test('never begins when it is stopped before its turn', async () => {
    const world = new World();
    const running = world.run(world.collector({ turn: { begin: (signal) => new Promise((_, reject) => { signal.addEventListener('abort', () => reject(signal.reason as Error)); }), end: () => undefined } }));
    await settled();
    await ended(world, running);
    assert.equal(world.rounds, 0);
  });

  test('fetches while it is still listing', async () => {
    const world = new World();
    world.available = blobs(1, 2);
    world.listingFails = (type) => type === 'DLP.All' ? unavailable() : undefined;
    let atOpening = '';
    world.opening = () => Promise.resolve(void (atOpening = world.said.join()));
    const running = world.run(world.collector());
    await settled();
    assert.equal(atOpening, 'let in');
    await ended(world, running);
  });

  test('says that it has caught up only when a whole round found nothing more: not after one that failed, and not while a blob stays owed', async () => {
    const world = new World();
    world.listingFails = unavailable;
    const running = world.run(world.collector());
    await settled();
    assert.ok(!world.said.includes('caught up'));
    world.listingFails = () => undefined;
    world.available = blobs(1, 2);
    world.opening = ({ contentId }) => contentId === testBlob(1).contentId ? Promise.reject(unavailable()) : Promise.resolve();
    await world.clock.advance(POLL_MS);
    assert.deepEqual(world.committed, [testBlob(2).contentId]);
    assert.ok(!world.said.includes('caught up'));
    world.opening = () => Promise.resolve();
    await world.clock.advance(POLL_MS);
    assert.deepEqual(world.committed, [testBlob(2).contentId, testBlob(1).contentId]);
    assert.equal(world.said.at(-1), 'caught up');
    await ended(world, running);
  });

  test('tries a blob that failed again in the next round, behind those that never failed', async () => {
    const world = new World();
    world.available = blobs(1, 3);
    world.opening = () => Promise.reject(unavailable());
    const running = world.run(world.collector({ concurrency: createConcurrency(1) }));
    await settled();
    assert.equal(world.opened.length, 3, 'each once a round');
    assert.deepEqual([...world.parked].sort(), ids(blobs(1, 3)), 'and each is told of');
    world.opening = () => Promise.resolve();
    world.available = blobs(4, 5);
    await world.clock.advance(POLL_MS);
    // The worker was free when the failed ones came, and took the first of them; those that were found then went before the others.
    assert.deepEqual(world.opened.slice(3).sort(), ids(blobs(1, 5)));
    assert.equal(world.owed.size, 0);
    await ended(world, running);
  });

  test('tries what failed again as soon as it is told to, and takes up what is owed since then', async () => {
    const world = new World();
    world.available = blobs(1, 3);
    world.opening = () => Promise.reject(unavailable());
    const collector = world.collector();
    collector.takeUp(blobs(8, 8));
    const running = world.run(collector);
    await settled();
    assert.equal(world.opened.length, 3, 'before the first round nothing is taken up: all that is owed will be');
    world.opening = () => Promise.resolve();
    assert.equal(collector.retryParked([testBlob(2).contentId, 'unknown']), 1);
    assert.equal(collector.retryParked([testBlob(2).contentId]), 0, 'it is on its way already');
    collector.takeUp(blobs(9, 9));
    await settled();
    assert.deepEqual(world.committed, [testBlob(2).contentId, testBlob(9).contentId]);
    assert.equal(collector.retryParked([]), 2);
    await settled();
    assert.deepEqual(world.committed.slice(2), ids([testBlob(1), testBlob(3)]));
    await ended(world, running);
  });

  test('waits longer after a round that failed as a whole, and goes on by itself', async () => {
    const world = new World();
    world.subscriptionsFail = unavailable();
    world.listingFails = () => unavailable();
    const running = world.run(world.collector());
    await settled();
    assert.deepEqual(world.lines, ['tenant.failed']);
    assert.deepEqual(world.said, ['let in'], 'what may pass by itself does not keep the run from starting');
    assert.deepEqual(world.roundEnds, [['API_UNAVAILABLE']], 'and whoever keeps the standing learns it');
    world.subscriptionsFail = undefined;
    world.listingFails = () => undefined;
    world.available = blobs(1, 1);
    await world.clock.advance(ERROR_RETRY_MS - 1);
    assert.equal(world.rounds, 1);
    await world.clock.advance(1);
    assert.equal(world.committed.length, 1);
    assert.deepEqual(world.roundEnds.at(-1), [], 'that it works again, too');
    await ended(world, running);
  });

  test('keeps what is new of other types coming while the listing of one hangs, and ends only when that has', async () => {
    const world = new World();
    let letGo = (): void => undefined;
    const hanging = new Promise<void>((resolve) => { letGo = resolve; });
    const collector = world.collector({ contentTypes: ['Audit.General', 'DLP.All'] });
    world.listingWaits = (type) => type === 'DLP.All' ? hanging : Promise.resolve();
    const running = world.run(collector);
    for (const number of [1, 2, 3]) {
      world.available = blobs(1, number);
      await world.clock.advance(LISTING_PATIENCE_MS);
      await world.clock.advance(POLL_MS);
      assert.equal(world.committed.length, number);
    }
    assert.equal(collector.isIdle, false);
    assert.ok(!world.said.includes('caught up'), 'nobody knows what there is of the other');
    letGo();
    await world.clock.advance(LISTING_PATIENCE_MS + POLL_MS);
    assert.ok(world.said.includes('caught up'));
    await ended(world, running);
  });

  test('that is refused says so, once as its first round and each time in the log, and looks again by itself', async () => {
    const world = new World();
    world.subscriptionsFail = refused();
    const running = world.run(world.collector());
    await settled();
    assert.deepEqual(world.said, ['AUTH_REFUSED']);
    await world.clock.advance(ERROR_RETRY_MS);
    assert.deepEqual(world.said, ['AUTH_REFUSED']);
    assert.deepEqual(world.lines, ['tenant.refused', 'tenant.refused']);
    world.subscriptionsFail = undefined;
    await world.clock.advance(ERROR_RETRY_MS);
    assert.equal(world.said.at(-1), 'caught up');
    await ended(world, running);
  });

  test('asks for no more blobs when one shows that the tenant lets nobody in any more; all stay owed until a round succeeds', async () => {
    const world = new World();
    world.available = blobs(1, 500);
    world.opening = () => Promise.reject(refused());
    const running = world.run(world.collector({ concurrency: createConcurrency(4) }));
    await settled();
    assert.ok(world.opened.length <= 8, `${world.opened.length} requests`);
    assert.equal(world.owed.size, 500);
    assert.ok(world.lines.includes('tenant.set_aside'));
    world.opening = () => Promise.resolve();
    await world.clock.advance(POLL_MS);
    assert.equal(world.owed.size, 0);
    await ended(world, running);
  });

  test('leaves what waits alone while the tenant cannot even be listed', async () => {
    const world = new World();
    for (const blob of blobs(1, 500)) world.owed.set(blob.contentId, blob);
    world.opening = async () => {
      await settled();
      throw unavailable();
    };
    world.subscriptionsFail = unavailable();
    world.listingFails = () => unavailable();
    const running = world.run(world.collector());
    for (let turn = 0; turn < 20; turn += 1) await settled();
    assert.ok(world.opened.length <= 6, `${world.opened.length} requests`);
    await ended(world, running);
  });

  test('lets a failure of one blob be that: the others are delivered', async () => {
    const world = new World();
    world.available = blobs(1, 50);
    world.opening = ({ contentId }) => Number(contentId.slice(17, 23)) % 5 === 0 ? Promise.reject(unavailable()) : Promise.resolve();
    const running = world.run(world.collector());
    await settled();
    assert.equal(world.committed.length, 40);
    assert.equal(world.owed.size, 10);
    await ended(world, running);
  });

  test('carries on with other blobs while acknowledgements settle, and is not done before they have', async () => {
    const world = new World();
    world.available = blobs(1, 20);
    let settle: () => void = () => undefined;
    const settling = new Promise<void>((resolve) => { settle = resolve; });
    world.settled = () => settling;
    const collector = world.collector({ concurrency: createConcurrency(1), once: true });
    const running = world.run(collector);
    await settled();
    assert.equal(world.opened.length, 20);
    assert.deepEqual(world.committed, []);
    assert.equal(collector.isIdle, false);
    settle();
    assert.equal(await running, undefined);
    assert.equal(world.committed.length, 20);
  });

  test('delivers again in the next round what the log agent may have lost', async () => {
    const world = new World();
    world.available = blobs(1, 2);
    world.settled = () => Promise.reject(failure('OUTPUT_UNSETTLED', { output: 'there', seconds: 3 }));
    const running = world.run(world.collector());
    await settled();
    assert.deepEqual([world.opened.length, world.committed.length], [2, 0]);
    world.settled = () => Promise.resolve();
    await world.clock.advance(POLL_MS);
    assert.deepEqual([world.opened.length, world.committed.length], [4, 2]);
    await ended(world, running);
  });

  test('fails as a whole with what concerns the run, and ends its other workers', async () => {
    const world = new World();
    world.available = blobs(1, 50);
    const ending = failure('OUTPUT_CLOSED', { output: 'stdout', events: 1 });
    world.opening = ({ contentId }) => contentId === testBlob(7).contentId ? Promise.reject(ending) : Promise.resolve();
    await assert.rejects(world.run(world.collector()), ending);
    assert.ok(world.opened.length < 20, `${world.opened.length} requests`);
  });

  test('takes no new blob after a stop, and finishes those that it has', async () => {
    const world = new World();
    world.available = blobs(1, 50);
    const gates: (() => void)[] = [];
    world.opening = () => new Promise((resolve) => gates.push(resolve));
    const running = world.run(world.collector());
    await settled();
    assert.equal(gates.length, 3);
    world.stop.abort(new Error('the signal SIGTERM'));
    for (const open of gates) open();
    assert.equal(await running, undefined);
    assert.deepEqual([world.opened.length, world.committed.length], [3, 3]);
  });

  test('does not say that it has caught up when what it had under way is given up after a stop', async () => {
    const world = new World();
    world.available = blobs(1, 2);
    let giveUp: (reason: Error) => void = () => undefined;
    const given = new Promise<void>((_, reject) => { giveUp = reject; });
    world.opening = () => given;
    const running = world.run(world.collector());
    await settled();
    assert.equal(world.opened.length, 2);
    const reason = new Error('the time to end is over');
    world.stop.abort(new Error('the signal SIGTERM'));
    world.abandon.abort(reason);
    giveUp(reason);
    await running;
    assert.deepEqual([world.committed.length, world.said.includes('caught up')], [0, false]);
  });
});

describe('a tenant\'s collector with --once', () => {
  test('ends when everything is delivered', async () => {
    const world = new World();
    world.available = blobs(1, 9);
    assert.equal(await world.run(world.collector({ once: true })), undefined);
    assert.equal(world.committed.length, 9);
    assert.equal(world.rounds, 1);
  });

  test('looks twice more for what did not work, a few seconds apart', async () => {
    const world = new World();
    world.available = blobs(1, 2);
    let attempts = 0;
    world.opening = () => ++attempts < 5 ? Promise.reject(unavailable()) : Promise.resolve();
    const running = world.run(world.collector({ once: true }));
    await world.clock.advance(10_000);
    assert.equal(await running, undefined);
    assert.equal(world.owed.size, 0);
  });

  test('says how many blobs it leaves owed', async () => {
    const world = new World();
    world.available = blobs(1, 5);
    world.opening = ({ contentId }) => contentId <= testBlob(2).contentId ? Promise.reject(unavailable()) : Promise.resolve();
    const running = world.run(world.collector({ once: true }));
    await world.clock.advance(10_000);
    const missing = await running;
    assert.equal(missing?.code, 'COLLECT_INCOMPLETE');
    assert.match(missing.message, /^2 of the content blobs/);
    assert.equal(world.rounds, 3);
  });

  test('and a span delivers what lies in the span, and leaves the rest of what is listed and owed alone', async () => {
    const world = new World();
    for (const blob of blobs(1, 4)) world.owed.set(blob.contentId, blob);
    world.available = blobs(5, 9);
    const span = { startMs: Date.parse(testBlob(3).contentCreated), endMs: Date.parse(testBlob(7).contentCreated) };
    assert.equal(await world.run(world.collector({ once: true, span })), undefined);
    assert.deepEqual(world.committed.sort(), ids(blobs(3, 6)));
    assert.equal(world.listed.size, 0, 'what lies before and behind it may never have been listed');
  });

  test('fails when the past could not be listed, and says so only after everything else was delivered', async () => {
    const world = new World();
    world.available = blobs(1, 2);
    world.listingFails = (_type, rank) => rank === 'usual' ? unavailable() : undefined;
    const running = world.run(world.collector({ once: true }));
    await world.clock.advance(10_000);
    assert.equal((await running)?.code, 'API_UNAVAILABLE');
    assert.equal(world.committed.length, 2);
    assert.ok(!world.said.includes('caught up'));
  });

  test('ends at once with what only a human can mend', async () => {
    const world = new World();
    world.subscriptionsFail = refused();
    assert.equal((await world.run(world.collector({ once: true })))?.code, 'AUTH_REFUSED');
    assert.equal(world.rounds, 1);
  });

  test('is complete without a content type that somebody has to switch on first', async () => {
    const world = new World();
    world.available = blobs(1, 3);
    world.listingFails = (type) => type === 'DLP.All' ? failure('API_PERMISSION', { tenant: 'Brackwater', what: 'listing DLP.All', detail: 'AF10001' }) : undefined;
    assert.equal(await world.run(world.collector({ once: true, contentTypes: ['Audit.General', 'DLP.All'] })), undefined);
    assert.equal(world.committed.length, 3);
    assert.ok(world.lines.includes('feed.degraded'));
    assert.ok(world.said.includes('caught up'));
  });

  test('fails when that is the only one', async () => {
    const world = new World();
    world.listingFails = () => failure('API_PERMISSION', { tenant: 'Brackwater', what: 'listing DLP.All', detail: 'AF10001' });
    assert.equal((await world.run(world.collector({ once: true, contentTypes: ['DLP.All'] })))?.code, 'API_PERMISSION');
  });

  test('leaves owed blobs of a content type alone that is no longer configured', async () => {
    const world = new World();
    const [other] = blobs(1, 1, { contentType: 'DLP.All' });
    assert.ok(other);
    world.owed.set(other.contentId, other);
    assert.equal(await world.run(world.collector({ once: true })), undefined);
    assert.deepEqual(world.opened, []);
    assert.equal(world.owed.size, 1);
  });

  test('ends a wait between rounds when it is stopped', async () => {
    const world = new World();
    world.subscriptionsFail = unavailable();
    const running = world.run(world.collector({ once: true }));
    await settled();
    await ended(world, running);
    assert.equal(world.rounds, 1);
  });
});
