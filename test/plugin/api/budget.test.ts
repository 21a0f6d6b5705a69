import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { createRequestBudget, type Permit, type RequestBudget } from '../../../plugin/api/budget.ts';
import { createManualClock, settled } from '../../support/manual-clock.ts';

/** The most that lie in any 60 seconds (start inclusive, end exclusive). */
function mostInAMinute(timesMs: readonly number[]): number {
  const sorted = [...timesMs].sort((left, right) => left - right);
  let most = 0;
  let first = 0;
  sorted.forEach((time, index) => {
    while (time - (sorted[first] ?? time) >= 60_000) first += 1;
    most = Math.max(most, index - first + 1);
  });
  return most;
}

/** Numbers between 0 and 1 that are the same in every run. */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

async function takeAndAnswer(budget: RequestBudget): Promise<Permit> {
  const permit = await budget.take();
  permit.answered();
  return permit;
}

describe('a request budget', () => {
  test('gives a fresh start the whole minute at once', async () => {
    const clock = createManualClock();
    const budget = createRequestBudget({ requestsPerMinute: 2000 }, clock);
    const permits = await Promise.all(Array.from({ length: 2000 }, () => takeAndAnswer(budget)));
    assert.equal(new Set(permits.map(({ takenAtMs }) => takenAtMs)).size, 1);
    assert.equal(budget.use.counting, 2000);
  });

  test('gives what is urgent before what is usual, and the rest only what nobody else waits for', async () => {
    const clock = createManualClock();
    const budget = createRequestBudget({ requestsPerMinute: 1 }, clock);
    await takeAndAnswer(budget);
    const order: string[] = [];
    for (const rank of ['last', 'usual', 'first', 'last', 'usual', 'first'] as const) {
      void budget.take(undefined, rank).then((permit) => {
        order.push(rank);
        permit.answered();
      });
    }
    assert.equal(budget.use.waiting, 6);
    for (let minute = 0; minute < 7; minute += 1) await clock.advance(60_100);
    assert.deepEqual(order, ['first', 'first', 'usual', 'usual', 'last', 'last']);
  });

  test('lets no 60 seconds see more than allowed, however long requests are on their way', async () => {
    const random = createRandom(7);
    for (const limit of [1, 3, 50]) {
      const clock = createManualClock();
      const startMs = clock.nowMs();
      const budget = createRequestBudget({ requestsPerMinute: limit }, clock);
      const seenMs: number[] = [];
      const work = async (): Promise<void> => {
        for (;;) {
          const permit = await budget.take();
          // The service sees the request somewhere between the permit and the answer.
          const onTheWayMs = random() * 20_000;
          const backMs = random() * 20_000;
          await clock.wait(onTheWayMs);
          seenMs.push(clock.nowMs());
          await clock.wait(backMs);
          permit.answered();
        }
      };
      for (let worker = 0; worker < limit * 2; worker += 1) void work();
      await clock.advance(600_000);
      assert.ok(mostInAMinute(seenMs) <= limit, `${mostInAMinute(seenMs)} of ${limit}`);
      assert.ok(seenMs.length > limit * 5, `${seenMs.length} in ${(clock.nowMs() - startMs) / 1000} s`);
    }
  });

  test('is used by at least 95% over two minutes of backlog', async () => {
    const clock = createManualClock();
    const startMs = clock.nowMs();
    const budget = createRequestBudget({ requestsPerMinute: 200 }, clock);
    const seenMs: number[] = [];
    const work = async (): Promise<void> => {
      for (;;) {
        const permit = await budget.take();
        await clock.wait(200);
        seenMs.push(clock.nowMs());
        permit.answered();
      }
    };
    for (let worker = 0; worker < 16; worker += 1) void work();
    await clock.advance(240_000);
    const used = seenMs.filter((ms) => ms - startMs >= 60_000 && ms - startMs < 180_000).length;
    assert.ok(used >= 2 * 200 * 0.95, `${used} of 400`);
    assert.ok(mostInAMinute(seenMs) <= 200);
  });

  test('serves who came first first', async () => {
    const clock = createManualClock();
    const budget = createRequestBudget({ requestsPerMinute: 1 }, clock);
    const order: number[] = [];
    for (let number = 0; number < 5; number += 1) void takeAndAnswer(budget).then(() => order.push(number));
    await clock.advance(301_000);
    assert.deepEqual(order, [0, 1, 2, 3, 4]);
  });

  test('counts a request that is never answered as long as it is on its way, and lets the next go when it ends', async () => {
    const clock = createManualClock();
    const budget = createRequestBudget({ requestsPerMinute: 1 }, clock);
    const permit = await budget.take();
    let given = false;
    void budget.take().then(() => {
      given = true;
    });
    await clock.advance(600_000);
    assert.equal(given, false);
    permit.answered();
    permit.answered();
    await clock.advance(60_049);
    assert.equal(given, false);
    await clock.advance(2);
    assert.equal(given, true);
  });

  test('forgets who gave up, and leaves no timer behind', async () => {
    const clock = createManualClock();
    const budget = createRequestBudget({ requestsPerMinute: 1 }, clock);
    await takeAndAnswer(budget);
    const quitters = Array.from({ length: 20 }, () => new AbortController());
    const reason = new Error('stop');
    const waiting = quitters.map(({ signal }) => assert.rejects(budget.take(signal), reason));
    const next = budget.take();
    await settled();
    assert.equal(clock.waiting(), 1);
    quitters.forEach((quitter) => quitter.abort(reason));
    await Promise.all(waiting);
    assert.equal(budget.use.waiting, 1);
    await clock.advance(61_000);
    (await next).answered();
    assert.equal(clock.waiting(), 0);
    const last = new AbortController();
    const lastWaiting = assert.rejects(budget.take(last.signal), reason);
    await settled();
    assert.equal(clock.waiting(), 1);
    last.abort(reason);
    await lastWaiting;
    assert.equal(clock.waiting(), 0);
    await assert.rejects(budget.take(last.signal), reason);
  });

  test('pauses for the whole tenant, and no longer than the longest pause asked for', async () => {
    const clock = createManualClock();
    const budget = createRequestBudget({ requestsPerMinute: 100 }, clock);
    const startMs = clock.nowMs();
    budget.pause(startMs + 30_000);
    budget.pause(startMs + 10_000);
    const permits = [budget.take(), budget.take()];
    await clock.advance(29_000);
    budget.pause(startMs + 45_000);
    await clock.advance(60_000);
    assert.deepEqual((await Promise.all(permits)).map(({ takenAtMs }) => takenAtMs - startMs), [45_000, 45_000]);
  });

  test('is not locked by a clock that is set back', async () => {
    const clock = createManualClock();
    const budget = createRequestBudget({ requestsPerMinute: 2 }, clock);
    await takeAndAnswer(budget);
    await takeAndAnswer(budget);
    budget.pause(clock.nowMs() + 30_000);
    clock.jump(-86_400_000);
    const jumpedMs = clock.nowMs();
    const next = budget.take();
    await clock.advance(120_000);
    assert.ok((await next).takenAtMs - jumpedMs <= 61_000);
  });
});
