import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Feed, type FeedListing, type FeedOptions, type ListingRank, type Relisted } from '../../../plugin/collect/feed.ts';
import { LIFE_MS } from '../../../plugin/collect/plan.ts';
import { failure } from '../../../plugin/errors.ts';
import { seededRandom } from '../../../plugin/simulator/random.ts';
import type { LogLine } from '../../../plugin/telemetry/log.ts';
import type { ContentBlob, Window } from '../../../plugin/types.ts';
import { createManualClock, settled } from '../../support/manual-clock.ts';
import { testBlob } from '../../support/blobs.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW_MS = Date.UTC(2026, 8, 10, 12);
const TYPE = 'Audit.General';
const OLDEST = NOW_MS - LIFE_MS + 5 * MINUTE;
const unavailable = (): Error => failure('API_UNAVAILABLE', { tenant: 'Brackwater', what: 'listing', detail: 'as it says' });

interface Asked extends Window {
  readonly rank: ListingRank;
}

/** A service with blobs, the ledger of a tenant, and collectors of one content type of it. */
class World {
  readonly clock = createManualClock(NOW_MS);
  readonly controller = new AbortController();
  /** When the blobs became available, and from when on the service lists them. */
  blobs: { readonly createdMs: number; readonly listedFromMs?: number }[] = [];
  asked: Asked[] = [];
  readonly found: number[] = [];
  readonly lost: Window[] = [];
  readonly lines: LogLine[] = [];
  listedUntilMs: number | undefined;
  relisted: Relisted | undefined;
  offUntilMs: number | undefined;
  fails: (window: Window) => Error | undefined = () => undefined;
  /** Whatever it answers, it says what time it is. */
  answered: () => void = () => undefined;
  room: () => Promise<void> = () => Promise.resolve();
  readonly #known = new Set<string>();
  readonly #noted: Window[] = [];

  feed(changes: Partial<FeedOptions> = {}): Feed {
    return new Feed(TYPE, this.#listing(), {
      tenant: 'Brackwater', maxRetentionMs: LIFE_MS, maxQuerySizeMs: DAY, overlapMs: 0, relistIntervalMs: 0, nowMs: () => this.clock.nowMs(), serviceNowMs: () => this.clock.nowMs(),
      log: (line) => this.lines.push(line),
      found: (blobs) => {
        for (const { contentCreated } of blobs) this.found.push(Date.parse(contentCreated));
      },
      room: () => this.room(),
      lost: (_type, window) => {
        this.lost.push(window);
      },
      ...changes,
    });
  }

  /** A round, and all that is listed beside it. */
  async round(feed: Feed): Promise<void> {
    await feed.listNew(this.controller.signal);
    await feed.listRest(this.controller.signal);
    assert.deepEqual(this.#noted, this.lost, 'what is said to be lost is in the ledger');
  }

  #listing(): FeedListing {
    return {
      list: async function* (this: World, _type: string, window: Window, _signal: AbortSignal, rank: ListingRank) {
        this.asked.push({ ...window, rank });
        await Promise.resolve();
        this.answered();
        const nowMs = this.clock.nowMs();
        if (window.startMs < nowMs - LIFE_MS && window.endMs - window.startMs === 1000) throw failure('API_WINDOW', { tenant: 'Brackwater', what: 'listing', detail: 'AF20030' });
        assert.ok(window.startMs >= nowMs - LIFE_MS, 'the service refuses windows that begin more than seven days ago');
        const listed = this.blobs.filter(({ createdMs, listedFromMs = createdMs }) => createdMs >= window.startMs && createdMs < window.endMs && listedFromMs <= nowMs);
        if (listed.length > 0) yield listed.map(({ createdMs }) => blobOf(createdMs));
        const error = this.fails(window);
        if (error !== undefined) throw error;
      }.bind(this),
      owe: (blobs) => blobs.filter(({ contentId }) => {
        const isNew = !this.#known.has(contentId);
        this.#known.add(contentId);
        return isNew;
      }),
      listed: (_type, untilMs) => { this.listedUntilMs = untilMs; },
      listedUntilMs: () => this.listedUntilMs,
      loseWindow: (_type, window) => {
        this.#noted.push(window);
        if (window.endMs >= (this.offUntilMs ?? Infinity)) this.offUntilMs = undefined;
      },
      off: (_type, untilMs) => { this.offUntilMs = untilMs; },
      offUntilMs: () => this.offUntilMs,
      relisted: (_type, fromMs, atMs) => { this.relisted = { fromMs, atMs }; },
      relistedOf: () => this.relisted,
    };
  }
}

function blobOf(createdMs: number): ContentBlob {
  return testBlob(0, { contentId: `${createdMs}`, contentCreated: new Date(createdMs).toISOString() });
}

const spans = (asked: readonly Asked[]): [number, number, ListingRank][] => asked.map(({ startMs, endMs, rank }) => [startMs, endMs, rank]);

describe('a feed', () => {
  test('that was never listed begins with what is new, and lists the past beside that, the oldest first', async () => {
    const world = new World();
    world.blobs = [{ createdMs: NOW_MS - 6 * DAY }, { createdMs: NOW_MS - 2 * DAY }, { createdMs: NOW_MS - HOUR }];
    await world.round(world.feed());
    const [first, ...rest] = spans(world.asked);
    assert.deepEqual(first, [NOW_MS - 3 * HOUR, NOW_MS, 'first']);
    assert.equal(rest[0]?.[0], OLDEST);
    assert.deepEqual(rest.map(([startMs]) => startMs), rest.map(([startMs]) => startMs).sort((left, right) => left - right));
    assert.ok(rest.every(([,, rank]) => rank === 'usual'));
    assert.deepEqual(world.found, [NOW_MS - HOUR, NOW_MS - 6 * DAY, NOW_MS - 2 * DAY]);
    assert.equal(world.listedUntilMs, NOW_MS);
    assert.deepEqual(world.lost, []);
  });

  test('goes on where it was, listing the overlap once more and nothing else', async () => {
    const world = new World();
    world.listedUntilMs = NOW_MS - 10 * MINUTE;
    await world.round(world.feed({ overlapMs: 3 * HOUR }));
    assert.deepEqual(spans(world.asked), [[NOW_MS - 10 * MINUTE - 3 * HOUR, NOW_MS, 'first']]);
    assert.equal(world.listedUntilMs, NOW_MS);
  });

  test('lists what is new in every round while its past takes days to list', async () => {
    const world = new World();
    world.listedUntilMs = NOW_MS - 2 * DAY;
    let goOn: () => void = () => undefined;
    world.room = () => new Promise((resolve) => { goOn = resolve; });
    const feed = world.feed();
    await feed.listNew(world.controller.signal);
    const past = feed.listRest(world.controller.signal);
    for (let round = 1; round <= 5; round += 1) {
      world.blobs.push({ createdMs: world.clock.nowMs() + MINUTE });
      await world.clock.advance(3 * MINUTE);
      await feed.listNew(world.controller.signal);
      assert.equal(world.found.length, round);
      assert.equal(world.listedUntilMs, NOW_MS - 2 * DAY, 'a kill now must not leave a gap');
    }
    world.room = () => Promise.resolve();
    goOn();
    await past;
    assert.equal(world.listedUntilMs, world.clock.nowMs());
    assert.deepEqual(world.lost, []);
  });

  test('leaves no gap when it is killed in the middle of its past', async () => {
    const world = new World();
    world.blobs = Array.from({ length: 7 }, (_, day) => ({ createdMs: NOW_MS - 12 * HOUR - day * DAY }));
    world.fails = ({ startMs }) => startMs > NOW_MS - 4 * DAY && startMs < NOW_MS - 3 * HOUR ? unavailable() : undefined;
    const first = world.feed();
    await first.listNew(world.controller.signal);
    await assert.rejects(first.listRest(world.controller.signal), /API|service/i);
    assert.ok((world.listedUntilMs ?? 0) < NOW_MS - 3 * DAY);
    await world.clock.advance(HOUR);
    world.fails = () => undefined;
    await world.round(world.feed());
    assert.equal(world.found.length, 7);
    assert.equal(world.listedUntilMs, NOW_MS + HOUR);
  });

  test('goes on with its past where it failed, in the same run', async () => {
    const world = new World();
    const feed = world.feed();
    world.fails = ({ startMs }) => startMs > NOW_MS - 4 * DAY && startMs < NOW_MS - 3 * HOUR ? unavailable() : undefined;
    await feed.listNew(world.controller.signal);
    await assert.rejects(feed.listRest(world.controller.signal));
    const failed = world.asked.at(-1);
    world.fails = () => undefined;
    world.asked = [];
    await world.round(feed);
    assert.equal(world.asked[0]?.startMs, failed?.startMs);
  });

  test('names the newest window first where the overlap is long, so that trouble with the past does not hide what is new', async () => {
    const world = new World();
    world.listedUntilMs = NOW_MS - MINUTE;
    world.blobs = [{ createdMs: NOW_MS - 30_000 }];
    world.fails = ({ startMs }) => startMs < NOW_MS - 2 * DAY ? unavailable() : undefined;
    await assert.rejects(world.feed({ overlapMs: 6 * DAY }).listNew(world.controller.signal));
    assert.deepEqual(world.found, [NOW_MS - 30_000]);
    assert.equal(world.listedUntilMs, NOW_MS - MINUTE);
  });

  test('says once what can no longer be listed, even when nothing can be listed for a while', async () => {
    const world = new World();
    const feed = world.feed();
    world.listedUntilMs = NOW_MS - 9 * DAY;
    world.fails = unavailable;
    await assert.rejects(feed.listNew(world.controller.signal));
    await world.clock.advance(2 * MINUTE);
    await assert.rejects(feed.listNew(world.controller.signal));
    await world.clock.advance(4 * MINUTE);
    await assert.rejects(feed.listNew(world.controller.signal));
    // what passes out of reach while the service is down is said, too: no moment twice, and none left out
    assert.deepEqual(world.lost, [
      { startMs: NOW_MS - 9 * DAY, endMs: OLDEST },
      { startMs: OLDEST, endMs: OLDEST + 6 * MINUTE },
    ]);
    world.fails = () => undefined;
    await world.round(feed);
    assert.equal(world.lost.length, 2);
    assert.equal(world.listedUntilMs, world.clock.nowMs());
  });

  test('whose subscription was off has lost what became available since it was listed, as soon as it is listed again, and once', async () => {
    const world = new World();
    const feed = world.feed();
    feed.noteOff();
    await world.round(feed);
    assert.deepEqual(world.lost, [], 'before the first listing nothing was missed');
    await world.clock.advance(DAY);
    feed.noteOff();
    world.fails = () => new Error('still off');
    await assert.rejects(world.round(feed), /still off/);
    assert.deepEqual(world.lost, []);
    await world.clock.advance(HOUR);
    feed.noteOff();
    world.fails = () => undefined;
    await world.clock.advance(HOUR);
    await world.round(feed);
    await world.round(feed);
    assert.deepEqual(world.lost, [{ startMs: NOW_MS, endMs: NOW_MS + DAY + HOUR }]);
  });

  test('whose subscription was off loses that as well when the run ends before the next listing, once', async () => {
    const world = new World();
    await world.round(world.feed());
    await world.clock.advance(DAY);
    world.feed().noteOff();
    await world.clock.advance(HOUR);
    await world.round(world.feed());
    await world.round(world.feed());
    assert.deepEqual(world.lost, [{ startMs: NOW_MS, endMs: NOW_MS + DAY }]);
    assert.equal(world.listedUntilMs, world.clock.nowMs());
  });

  test('that cannot be listed for want of a permission has lost nothing that was ever its business', async () => {
    const world = new World();
    const feed = world.feed();
    world.fails = unavailable;
    for (let day = 0; day < 20; day += 1) {
      await assert.rejects(feed.listNew(world.controller.signal));
      await world.clock.advance(DAY);
    }
    assert.deepEqual(world.lost, []);
  });

  test('by a clock that was set back takes back what lay in its future, which nobody has listed', async () => {
    const world = new World();
    world.listedUntilMs = NOW_MS + 5 * HOUR;
    await world.round(world.feed({ overlapMs: HOUR }));
    assert.equal(world.listedUntilMs, NOW_MS);
    assert.deepEqual(spans(world.asked), [[NOW_MS - HOUR, NOW_MS, 'first']]);
  });

  test('makes windows of the past shorter when they hold many blobs, so that no more wait than memory has room for', async () => {
    const world = new World();
    world.blobs = Array.from({ length: 200_000 }, (_, number) => ({ createdMs: NOW_MS - 5 * DAY + number * 2_000 }));
    await world.round(world.feed());
    assert.equal(world.found.length, 200_000);
    const lengths = world.asked.filter(({ rank }) => rank === 'usual').map(({ startMs, endMs }) => endMs - startMs);
    assert.ok(Math.min(...lengths) <= 6 * HOUR, `${Math.min(...lengths)} ms`);
  });

  test('waits for room before it lists more of the past, and recomputes the window then', async () => {
    const world = new World();
    let goOn: () => void = () => undefined;
    world.room = () => new Promise((resolve) => { goOn = resolve; });
    const feed = world.feed();
    await feed.listNew(world.controller.signal);
    void feed.listRest(world.controller.signal);
    await settled();
    assert.equal(world.asked.length, 1);
    await world.clock.advance(HOUR);
    goOn();
    await settled();
    assert.equal(world.asked[1]?.startMs, OLDEST + HOUR, 'the window begins where the service still lists by then');
    assert.deepEqual(world.lost, [{ startMs: OLDEST, endMs: OLDEST + HOUR }]);
  });

  test('lists everything once more now and then, with requests that nobody else wants, and finds what turned up late', async () => {
    const world = new World();
    const feed = world.feed({ overlapMs: HOUR, relistIntervalMs: DAY });
    await world.round(feed);
    world.blobs.push({ createdMs: NOW_MS - DAY, listedFromMs: NOW_MS + 2 * HOUR });
    for (let round = 0; round < 23; round += 1) {
      await world.clock.advance(HOUR);
      world.asked = [];
      await world.round(feed);
      assert.ok(world.asked.every(({ rank }) => rank === 'first'));
    }
    assert.deepEqual(world.found, []);
    await world.clock.advance(HOUR);
    world.asked = [];
    await world.round(feed);
    assert.deepEqual(world.found, [NOW_MS - DAY]);
    const again = world.asked.filter(({ rank }) => rank === 'last');
    assert.ok(again.length >= 7);
    assert.equal(again.at(-1)?.endMs, NOW_MS + DAY - HOUR);
    assert.deepEqual(world.relisted, { fromMs: OLDEST, atMs: NOW_MS + DAY });
    world.asked = [];
    await world.round(world.feed({ overlapMs: HOUR, relistIntervalMs: DAY }));
    assert.ok(world.asked.every(({ rank }) => rank === 'first'), 'the next run knows when that was');
  });

  test('comes to the end of listing everything once more in the middle of a second, too', async () => {
    const world = new World();
    const feed = world.feed({ overlapMs: HOUR, relistIntervalMs: DAY });
    await world.round(feed);
    await world.clock.advance(DAY + 678);
    await world.round(feed);
    assert.deepEqual(world.relisted, { fromMs: OLDEST, atMs: NOW_MS + DAY + 678 });
  });

  test('never lists again what was there before this ledger began', async () => {
    const world = new World();
    world.listedUntilMs = NOW_MS - DAY;
    world.blobs = [{ createdMs: NOW_MS - 2 * DAY }];
    const feed = world.feed({ relistIntervalMs: HOUR });
    await world.round(feed);
    await world.clock.advance(2 * HOUR);
    await world.round(feed);
    assert.ok(world.asked.some(({ rank }) => rank === 'last'));
    assert.deepEqual(world.found, []);
  });

  test('lists a span that was asked for, beyond what it would reach back to by itself, and takes nothing of it as listed without a gap', async () => {
    const world = new World();
    world.listedUntilMs = NOW_MS - MINUTE;
    world.blobs = [{ createdMs: NOW_MS - 5 * DAY }, { createdMs: NOW_MS - 3 * DAY }, { createdMs: NOW_MS - 30_000 }];
    const feed = world.feed({ maxRetentionMs: DAY, span: { startMs: NOW_MS - 6 * DAY, endMs: NOW_MS - 4 * DAY } });
    await world.round(feed);
    assert.deepEqual(world.found, [NOW_MS - 30_000, NOW_MS - 5 * DAY]);
    world.asked = [];
    await world.round(feed);
    assert.deepEqual(world.asked, [], 'once is enough');
  });

  test('through outages, kills and clocks that are corrected lets no blob through: each is found, or in a span that is said to be lost', async () => {
    const random = seededRandom(11, 'lives');
    for (let life = 0; life < 40; life += 1) {
      const world = new World();
      let feed = world.feed({ overlapMs: HOUR });
      await world.round(feed);
      const beginMs = world.clock.nowMs();
      world.blobs = Array.from({ length: 200 }, () => ({ createdMs: beginMs + random.integer(0, 30 * DAY) }));
      while (world.clock.nowMs() < beginMs + 31 * DAY) {
        await world.clock.advance(random.chance(0.1) ? random.integer(DAY, 10 * DAY) : random.integer(1_000, 8 * HOUR));
        if (random.chance(0.2)) feed = world.feed({ overlapMs: HOUR });
        const isDown = random.chance(0.3);
        world.fails = () => isDown && random.chance(0.5) ? unavailable() : undefined;
        await world.round(feed).catch((error: unknown) => assert.ok(isDown, String(error)));
      }
      world.fails = () => undefined;
      await world.round(feed);
      const missed = world.blobs.filter(({ createdMs }) => !world.found.includes(createdMs) && !world.lost.some(({ startMs, endMs }) => createdMs >= startMs && createdMs < endMs));
      assert.deepEqual(missed.map(({ createdMs }) => new Date(createdMs).toISOString()), []);
      assert.ok(world.found.length > 100);
    }
  });

  test('ends with the reason of the stop, and notes nothing then', async () => {
    const world = new World();
    const reason = new Error('the signal SIGTERM');
    world.fails = () => {
      world.controller.abort(reason);
      return reason;
    };
    await assert.rejects(world.round(world.feed()), reason);
    assert.equal(world.listedUntilMs, undefined);
  });
});

describe('a machine whose clock is wrong', () => {
  /** A collector on a machine that is so far ahead, or behind, until the service has said what time it is. */
  function misled(world: World, aheadMs: number): { readonly feed: Feed; isHeard: boolean } {
    const machine = { isHeard: false };
    const feed = world.feed({ nowMs: () => world.clock.nowMs() + (machine.isHeard ? 0 : aheadMs), serviceNowMs: () => machine.isHeard ? world.clock.nowMs() : undefined });
    return Object.assign(machine, { feed });
  }

  for (const aheadMs of [9 * DAY, -9 * DAY]) {
    test(`by ${aheadMs / DAY} days at the start lets the service say what time it is, before anything is out of reach`, async () => {
      const world = new World();
      world.listedUntilMs = NOW_MS - 2 * DAY;
      world.blobs = [{ createdMs: NOW_MS - 2 * DAY + HOUR }, { createdMs: NOW_MS - HOUR }];
      const machine = misled(world, aheadMs);
      world.answered = () => { machine.isHeard = true; };
      await world.round(machine.feed);
      assert.deepEqual([world.lost, world.found.sort()], [[], [NOW_MS - 2 * DAY + HOUR, NOW_MS - HOUR]]);
      assert.equal(world.listedUntilMs, NOW_MS);
    });
  }

  test('learns the time from a refusal as well', async () => {
    const world = new World();
    world.listedUntilMs = NOW_MS - 2 * DAY;
    const machine = misled(world, 9 * DAY);
    world.answered = () => { machine.isHeard = true; };
    world.fails = ({ endMs }) => endMs > NOW_MS ? failure('API_WINDOW', { tenant: 'Brackwater', what: 'listing', detail: 'AF20030' }) : undefined;
    await world.round(machine.feed);
    assert.deepEqual([world.lost, world.listedUntilMs], [[], NOW_MS]);
  });

  test('does not give up its backlog when it was set while there was no room for more', async () => {
    const world = new World();
    world.listedUntilMs = NOW_MS - 2 * DAY;
    const machine = misled(world, 9 * DAY);
    machine.isHeard = true;
    world.answered = () => { machine.isHeard = true; };
    await machine.feed.listNew(world.controller.signal);
    world.room = () => {
      machine.isHeard = false;
      return Promise.resolve();
    };
    await machine.feed.listRest(world.controller.signal);
    assert.deepEqual([world.lost, world.listedUntilMs], [[], NOW_MS]);
  });

  test('is believed where the service never says what time it is, which it is asked once', async () => {
    const world = new World();
    world.listedUntilMs = NOW_MS - 9 * DAY;
    const machine = misled(world, 0);
    await world.round(machine.feed);
    assert.deepEqual(world.lost, [{ startMs: NOW_MS - 9 * DAY, endMs: OLDEST }]);
    assert.equal(world.asked.filter(({ startMs, endMs }) => endMs - startMs === 1000).length, 1);
  });

  for (const minutes of [4, 10]) {
    test(`by ${minutes} minutes behind, without being adjusted, asks for nothing that the service serves no more, and lists all its past`, async () => {
      const world = new World();
      world.blobs = [{ createdMs: OLDEST + MINUTE }, { createdMs: NOW_MS - HOUR }];
      const feed = world.feed({ nowMs: () => world.clock.nowMs() - minutes * MINUTE, overlapMs: 3 * HOUR });
      await world.round(feed);
      assert.deepEqual([world.found.sort(), world.lost], [[OLDEST + MINUTE, NOW_MS - HOUR], []]);
      assert.equal(world.listedUntilMs, NOW_MS - minutes * MINUTE);
    });
  }

  test('and is to be used for spans gives up nothing by it either', async () => {
    const world = new World();
    world.listedUntilMs = NOW_MS - 2 * DAY;
    await world.round(world.feed({ nowMs: () => NOW_MS + 9 * DAY }));
    assert.deepEqual(world.lost, []);
    assert.equal(Math.min(...world.asked.map(({ startMs }) => startMs)), NOW_MS - 2 * DAY);
  });
});
