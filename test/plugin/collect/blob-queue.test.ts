import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { createBlobQueue, type BlobQueue } from '../../../plugin/collect/blob-queue.ts';
import { seededRandom } from '../../../plugin/simulator/random.ts';
import type { ContentBlob } from '../../../plugin/types.ts';
import { testBlob } from '../../support/blobs.ts';
import { settled } from '../../support/manual-clock.ts';

function drained(queue: BlobQueue): string[] {
  const taken: ContentBlob[] = [];
  for (let blob = queue.shift(); blob !== undefined; blob = queue.shift()) taken.push(blob);
  return taken.map(({ contentCreated }) => contentCreated);
}

describe('the queue of blobs', () => {
  test('gives the oldest first, of whatever type and in whatever order they came', () => {
    const random = seededRandom(3, 'queue');
    for (const length of [0, 1, 2, 3, 10, 1000]) {
      const blobs = Array.from({ length }, () => testBlob(random.integer(0, 500), { contentType: random.pick(['Audit.General', 'Audit.Exchange', 'DLP.All']) }));
      const queue = createBlobQueue();
      queue.push(blobs.slice(0, length / 2));
      queue.push(blobs.slice(length / 2));
      assert.equal(queue.size, length);
      assert.deepEqual(drained(queue), blobs.map(({ contentCreated }) => contentCreated).sort());
      assert.equal(queue.size, 0);
    }
  });

  test('keeps the order when blobs come while others are taken', () => {
    const random = seededRandom(4, 'queue');
    const queue = createBlobQueue();
    let inside: string[] = [];
    for (let step = 0; step < 5_000; step += 1) {
      if (random.chance(0.5)) {
        const blob = testBlob(random.integer(0, 1_000));
        queue.push([blob]);
        inside = [...inside, blob.contentCreated].sort();
      } else {
        assert.equal(queue.shift()?.contentCreated, inside.shift());
      }
      assert.equal(queue.size, inside.length);
    }
  });

  test('gives blobs that failed before only when no others wait, so that they hold up nothing', () => {
    const queue = createBlobQueue();
    queue.pushAgain([testBlob(1), testBlob(2)]);
    queue.push([testBlob(8), testBlob(7)]);
    assert.equal(queue.size, 4);
    assert.deepEqual(drained(queue), [7, 8, 1, 2].map((number) => testBlob(number).contentCreated));
  });

  test('can be emptied at once', () => {
    const queue = createBlobQueue();
    queue.push([testBlob(1)]);
    queue.pushAgain([testBlob(2)]);
    assert.deepEqual(queue.clear().map(({ contentId }) => contentId).sort(), [testBlob(1).contentId, testBlob(2).contentId]);
    assert.equal(queue.size, 0);
    assert.equal(queue.shift(), undefined);
  });

  test('wakes whoever waits when there is a blob, however it came', async () => {
    const { signal } = new AbortController();
    const queue = createBlobQueue();
    let woken = 0;
    const wait = (): void => void queue.changed(signal).then(() => { woken += 1; });
    wait();
    wait();
    queue.push([]);
    await settled();
    assert.equal(woken, 0, 'nothing is no blob');
    queue.push([testBlob(1)]);
    await settled();
    assert.equal(woken, 2);
    wait();
    queue.pushAgain([testBlob(2)]);
    await settled();
    assert.equal(woken, 3);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('lets go of whoever waits when the signal is aborted, also when it was before', async () => {
    const controller = new AbortController();
    const queue = createBlobQueue();
    const waiting = queue.changed(controller.signal);
    controller.abort();
    await waiting;
    await queue.changed(controller.signal);
  });
});
