import assert from 'node:assert/strict';
import { getEventListeners, setMaxListeners } from 'node:events';
import { describe, test } from 'node:test';
import { createBytesInFlight, readWithin, type BytesInFlight } from '../../../plugin/collect/bytes-in-flight.ts';
import { seededRandom } from '../../../plugin/simulator/random.ts';
import { settled } from '../../support/manual-clock.ts';

const { signal } = new AbortController();
setMaxListeners(0, signal);

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

  test('go to the share that holds least when several wait, and within a share to who came first', async () => {
    const bytes = createBytesInFlight(100);
    const [greedy, modest] = [bytes.share(), bytes.share()];
    const order: number[] = [];
    await greedy.take(70, signal);
    for (const byteCount of [31, 32, 33]) void taking(greedy, byteCount, order);
    for (const byteCount of [21, 22]) void taking(modest, byteCount, order);
    await settled();
    assert.deepEqual(order, [21], 'whoever waited longer holds more');
    greedy.give(70);
    await settled();
    assert.deepEqual(order, [21, 31, 22]);
    assert.equal(bytes.held, 74);
  });

  test('are never all held by one share while there are others, nor by several that hold much', async () => {
    const bytes = createBytesInFlight(100);
    const shares = Array.from({ length: 10 }, () => bytes.share());
    const [first, second, third, fourth] = shares;
    assert.ok(first !== undefined && second !== undefined && third !== undefined && fourth !== undefined);
    const order: number[] = [];
    for (let blob = 0; blob < 20; blob += 1) void taking(first, 8, order);
    await settled();
    assert.equal(bytes.held, 72, 'three quarters');
    for (let blob = 0; blob < 20; blob += 1) void taking(second, 9, order);
    await settled();
    assert.equal(bytes.held, 81, 'what is kept is for shares that hold nothing');
    void taking(third, 10, order);
    await settled();
    assert.equal(bytes.held, 91);
    void taking(fourth, 9, order);
    await settled();
    assert.equal(bytes.held, 100);
  });

  test('of a share alone may be all of them', async () => {
    const share = createBytesInFlight(100).share();
    const order: number[] = [];
    for (let blob = 0; blob < 20; blob += 1) void taking(share, 10, order);
    await settled();
    assert.equal(order.length, 10);
  });

  test('of a blob are held for as long as it is read, and given back however that ends', async () => {
    const bytes = createBytesInFlight(300 * 1024);
    async function* body(): AsyncGenerator<Uint8Array> {
      await Promise.resolve();
      yield Buffer.from('first');
      yield Buffer.from('second');
    }
    const one = readWithin(body(), bytes, signal);
    const other = readWithin(body(), bytes, signal);
    assert.equal(String((await one.next()).value), 'first');
    let isRead = false;
    const reading = other.next().then(() => { isRead = true; });
    await settled();
    assert.equal(isRead, false);
    await one.return();
    await reading;
    await other.return();
    assert.equal(bytes.held, 0);
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
