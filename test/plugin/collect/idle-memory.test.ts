import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { giveMemoryBack, processMemory } from '../../../plugin/collect/idle-memory.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const MEBIBYTE = 1024 * 1024;

describe('memory', () => {
  test('is given back in several collections when the heap has grown and there is little to do, and not again before it has grown again', async () => {
    const clock = createManualClock();
    const over = new AbortController();
    let heapBytes = 100 * MEBIBYTE;
    let busy = 1;
    let collections = 0;
    const running = giveMemoryBack({
      clock, heapBytes: () => heapBytes, utilization: () => busy,
      collectGarbage: () => {
        collections += 1;
        heapBytes = 40 * MEBIBYTE;
      },
    }, over.signal);
    await clock.advance(60_000);
    assert.equal(collections, 0, 'whoever has work to do is not held up');
    busy = 0.1;
    await clock.advance(5_000);
    assert.equal(collections, 1);
    busy = 1;
    await clock.advance(60_000);
    assert.equal(collections, 1, 'nor by the further ones');
    busy = 0.1;
    await clock.advance(60_000);
    assert.equal(collections, 4);
    heapBytes = 50 * MEBIBYTE;
    await clock.advance(60_000);
    assert.equal(collections, 4);
    heapBytes = 60 * MEBIBYTE;
    await clock.advance(60_000);
    assert.equal(collections, 8);
    over.abort();
    await running;
  });

  test('of this process can be told and collected', () => {
    const { heapBytes, utilization, collectGarbage } = processMemory();
    // nothing keeps them
    assert.equal(Array.from({ length: 100_000 }, (_, number) => ({ number, list: [number] })).length, 100_000);
    const before = heapBytes();
    // what the first has emptied is given back by the second at the latest
    for (let collection = 1; collection <= 2; collection += 1) collectGarbage();
    assert.ok(heapBytes() < before - MEBIBYTE);
    assert.ok(utilization() >= 0 && utilization() <= 1);
  });
});
