import assert from 'node:assert/strict';
import { getEventListeners, setMaxListeners } from 'node:events';
import { describe, test } from 'node:test';
import { createBytesInFlight, type BytesInFlight } from '../../../plugin/collect/bytes-in-flight.ts';
import { seededRandom } from '../../../plugin/simulator/random.ts';
import { settled } from '../../support/manual-clock.ts';

const { signal } = new AbortController();

/** Takes, and says by a number in `order` when it got them. */
function taking(bytes: BytesInFlight, byteCount: number, order: number[], aborting = signal): Promise<void> {
  return bytes.take(byteCount, aborting).then(() => void order.push(byteCount));
}

describe('the bytes in flight', () => {
  test('are never more than the limit, and who comes first is served first', async () => {
    const bytes = createBytesInFlight(100);
    const order: number[] = [];
    for (const byteCount of [60, 30, 50, 10]) void taking(bytes, byteCount, order);
    await settled();
    assert.deepEqual(order, [60, 30], 'the 10 would fit, but the 50 came before them');
    bytes.give(60);
    await settled();
    assert.deepEqual(order, [60, 30, 50, 10]);
    assert.equal(bytes.held, 90);
  });

  test('may be more for one alone, who else would wait for ever', async () => {
    const bytes = createBytesInFlight(100);
    const order: number[] = [];
    void taking(bytes, 40, order);
    void taking(bytes, 1_000, order);
    void taking(bytes, 1, order);
    await settled();
    assert.deepEqual(order, [40]);
    bytes.give(40);
    await settled();
    assert.deepEqual(order, [40, 1_000]);
    bytes.give(1_000);
    await settled();
    assert.deepEqual(order, [40, 1_000, 1]);
  });

  test('are also limited in the number of their pieces, however small those are', async () => {
    const bytes = createBytesInFlight(1_000, 2);
    const order: number[] = [];
    for (const byteCount of [1, 2, 3, 0]) void taking(bytes, byteCount, order);
    await settled();
    assert.deepEqual(order, [1, 2]);
    bytes.give(1);
    await settled();
    assert.deepEqual(order, [1, 2, 3]);
    bytes.give(2);
    await settled();
    assert.deepEqual(order, [1, 2, 3, 0]);
  });

  test('are not given to who has given up, and the next in line comes forward', async () => {
    const bytes = createBytesInFlight(100);
    const order: number[] = [];
    const controller = new AbortController();
    await bytes.take(80, signal);
    const refused = assert.rejects(taking(bytes, 50, order, controller.signal), /enough/);
    void taking(bytes, 20, order);
    await settled();
    assert.deepEqual(order, []);
    controller.abort(new Error('enough'));
    await refused;
    await settled();
    assert.deepEqual(order, [20]);
    assert.equal(bytes.held, 100);
    await assert.rejects(bytes.take(1, controller.signal), /enough/);
    assert.equal(bytes.held, 100);
  });

  test('add up to nothing when all are given back, in whatever order, and leave no listener behind', async () => {
    const random = seededRandom(5, 'bytes');
    const bytes = createBytesInFlight(1_000, 20);
    const controller = new AbortController();
    setMaxListeners(0, controller.signal);
    let largest = 0;
    await Promise.all(Array.from({ length: 500 }, async () => {
      const byteCount = random.integer(0, 300);
      await bytes.take(byteCount, controller.signal);
      largest = Math.max(largest, bytes.held);
      for (let turns = random.integer(0, 5); turns > 0; turns -= 1) await Promise.resolve();
      bytes.give(byteCount);
    }));
    assert.equal(bytes.held, 0);
    assert.ok(largest <= 1_000 && largest > 500, `${largest} bytes at most`);
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0);
  });
});
