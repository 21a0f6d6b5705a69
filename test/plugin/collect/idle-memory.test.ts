import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { giveMemoryBack, processMemory } from '../../../plugin/collect/idle-memory.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const MEBIBYTE = 1024 * 1024;

describe('memory', () => {
  /** A heap of which `aliveMebibytes` live; a collection leaves a part of what is free with the process, the third one nothing. */
  function idling(): { readonly clock: ReturnType<typeof createManualClock>; readonly heap: { held: number; alive: number; stays: number }; readonly process: { busy: number; collections: number }; readonly end: () => Promise<void> } {
    const clock = createManualClock();
    const over = new AbortController();
    const heap = { held: 100, alive: 40, stays: 0 };
    const process = { busy: 1, collections: 0 };
    const running = giveMemoryBack({
      clock, utilization: () => process.busy,
      heap: () => ({ usedBytes: heap.alive * MEBIBYTE, heldBytes: heap.held * MEBIBYTE }),
      collectGarbage: () => {
        process.collections += 1;
        heap.held = Math.max(heap.alive, heap.stays, heap.held - 20);
      },
    }, over.signal);
    return { clock, heap, process, async end() {
      over.abort();
      await running;
    } };
  }

  test('is given back in several collections when there is much of it and little to do, and not again before there is more', async () => {
    const { clock, heap, process, end } = idling();
    await clock.advance(60_000);
    assert.equal(process.collections, 0, 'whoever has work to do is not held up');
    process.busy = 0.1;
    await clock.advance(5_000);
    assert.equal(process.collections, 1);
    process.busy = 1;
    await clock.advance(60_000);
    assert.equal(process.collections, 1, 'nor by the further ones');
    process.busy = 0.1;
    await clock.advance(300_000);
    assert.deepEqual([process.collections, heap.held], [4, 40]);
    heap.held = 50;
    await clock.advance(300_000);
    assert.equal(process.collections, 4);
    heap.held = 60;
    await clock.advance(300_000);
    assert.deepEqual([process.collections, heap.held], [8, 40]);
    await end();
  });

  test('that cannot be given back is asked for seldom', async () => {
    const { clock, heap, process, end } = idling();
    heap.stays = 90;
    process.busy = 0.1;
    await clock.advance(600_000);
    // four at a time, and a minute between
    assert.ok(process.collections >= 20 && process.collections <= 32, `${process.collections} in ten minutes`);
    await end();
  });

  test('of this process can be told and collected', () => {
    const { heap, utilization, collectGarbage } = processMemory();
    // nothing keeps them
    assert.equal(Array.from({ length: 100_000 }, (_, number) => ({ number, list: [number] })).length, 100_000);
    const before = heap();
    collectGarbage();
    const { usedBytes, heldBytes } = heap();
    assert.ok(usedBytes < before.usedBytes - MEBIBYTE);
    assert.ok(heldBytes >= usedBytes);
    assert.ok(utilization() >= 0 && utilization() <= 1);
  });
});
