import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createConcurrency, type Concurrency } from '../../../plugin/collect/concurrency.ts';

/** A round trip in which all that may be fetched is. */
function roundTrip(concurrency: Concurrency): number {
  const { limit } = concurrency;
  for (let blob = 0; blob < limit; blob += 1) concurrency.succeeded(limit);
  return concurrency.limit;
}

describe('the number of blobs fetched at once', () => {
  test('doubles with each round trip up to the most', () => {
    const concurrency = createConcurrency(100);
    assert.deepEqual([concurrency.limit, roundTrip(concurrency), roundTrip(concurrency), roundTrip(concurrency), roundTrip(concurrency)], [16, 32, 64, 100, 100]);
  });

  test('is never more than asked for, from the beginning', () => {
    const concurrency = createConcurrency(3);
    assert.deepEqual([concurrency.limit, roundTrip(concurrency)], [3, 3]);
  });

  test('halves when the service throttles, down to one, and grows by about one a round trip after that', () => {
    const concurrency = createConcurrency(64);
    roundTrip(concurrency);
    concurrency.throttled();
    assert.equal(concurrency.limit, 16);
    const afterThat = roundTrip(concurrency);
    assert.ok(afterThat >= 16 && afterThat <= 17, `${afterThat}`);
    assert.ok(roundTrip(concurrency) <= 18);
    for (let pauses = 0; pauses < 10; pauses += 1) concurrency.throttled();
    assert.equal(concurrency.limit, 1);
    for (let trips = 0; trips < 500; trips += 1) roundTrip(concurrency);
    assert.equal(concurrency.limit, 64);
  });

  test('stays as it is where half of it is enough', () => {
    const concurrency = createConcurrency(64);
    for (let blob = 0; blob < 1_000; blob += 1) concurrency.succeeded(8);
    assert.equal(concurrency.limit, 16);
  });
});
