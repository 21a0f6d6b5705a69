import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { createEntrance, type Turn } from '../../../plugin/collect/entrance.ts';
import { createManualClock, settled } from '../../support/manual-clock.ts';

const { signal } = new AbortController();
const PLACES = 16;

/** An entrance for so many, who all want to go in now; `begun` has the numbers of those who may. */
async function crowd(tenants: number, giveUp: AbortSignal = signal): Promise<{ readonly clock: ReturnType<typeof createManualClock>; readonly turns: readonly Turn[]; readonly begun: number[] }> {
  const clock = createManualClock();
  const entrance = createEntrance(tenants, clock);
  const begun: number[] = [];
  const turns = Array.from({ length: tenants }, (_, number) => {
    const turn = entrance.turn();
    turn.begin(giveUp).then(() => begun.push(number), () => undefined);
    return turn;
  });
  await settled();
  return { clock, turns, begun };
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, number) => number);

describe('the entrance for tenants', () => {
  test('lets few in at once, and waits for nothing', async () => {
    const { clock, begun } = await crowd(PLACES);
    assert.deepEqual(begun, upTo(PLACES));
    assert.equal(clock.waiting(), 0);
  });

  test('lets many in one behind the other, each as soon as one before it has settled in', async () => {
    const { turns, begun } = await crowd(40);
    assert.deepEqual(begun, upTo(PLACES));
    turns[3]?.end();
    turns[9]?.end();
    await settled();
    assert.deepEqual(begun, upTo(PLACES + 2));
    // who ends its turn twice makes room once, and who ends it without having begun makes none
    turns[3]?.end();
    turns[30]?.end();
    await settled();
    assert.deepEqual(begun, upTo(PLACES + 2));
    for (const turn of turns.slice(0, PLACES)) turn.end();
    await settled();
    assert.deepEqual(begun, upTo(2 * PLACES));
  });

  test('does not wait for those who take long: five hundred have begun after half a minute, and five thousand after one', async () => {
    for (const [tenants, seconds] of [[500, 32], [5_000, 61]] as const) {
      const { clock, begun } = await crowd(tenants);
      await clock.advance(seconds * 1000 / 2);
      assert.ok(begun.length < tenants * 0.6, `${begun.length} have begun in half of the time`);
      await clock.advance(seconds * 1000 / 2);
      assert.deepEqual(begun, upTo(tenants));
      await clock.advance(1_000);
      assert.equal(clock.waiting(), 0);
    }
  });

  test('is left by who is told to stop, whose place in the line nobody takes', async () => {
    const stop = new AbortController();
    const { turns, begun } = await crowd(40, stop.signal);
    const late = turns[0]?.begin(AbortSignal.abort(new Error('too late')));
    await assert.rejects(late ?? Promise.resolve(), /too late/);
    stop.abort(new Error('stopped'));
    await settled();
    for (const turn of turns) turn.end();
    await settled();
    assert.deepEqual(begun, upTo(PLACES));
    assert.equal(getEventListeners(stop.signal, 'abort').length, 0);
  });
});
