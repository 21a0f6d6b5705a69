import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { createBlobQueue, type BlobQueue, type BlobQueueOptions } from '../../../plugin/collect/blob-queue.ts';
import { seededRandom } from '../../../plugin/simulator/random.ts';
import type { ContentBlob } from '../../../plugin/types.ts';
import { FIRST_BLOB_MS, testBlob } from '../../support/blobs.ts';
import { settled } from '../../support/manual-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOW_MS = Date.UTC(2026, 8, 10, 12);

function queueAt(nowMs: number, options: Partial<BlobQueueOptions> = {}): BlobQueue {
  return createBlobQueue({ nowMs: () => nowMs, freshMs: 3 * HOUR, ...options });
}

/** A blob of this age. */
function blobOfAge(ageMs: number): ContentBlob {
  return testBlob(0, { contentId: `${ageMs}`, contentCreated: new Date(NOW_MS - ageMs).toISOString(), contentExpiration: new Date(NOW_MS - ageMs + 7 * DAY).toISOString() });
}

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
      const queue = queueAt(FIRST_BLOB_MS + 2 * DAY);
      queue.push(blobs.slice(0, length / 2));
      queue.push(blobs.slice(length / 2));
      assert.equal(queue.size, length);
      assert.deepEqual(drained(queue), blobs.map(({ contentCreated }) => contentCreated).sort());
      assert.equal(queue.size, 0);
    }
  });

  test('keeps the order when blobs come while others are taken', () => {
    const random = seededRandom(4, 'queue');
    const queue = queueAt(FIRST_BLOB_MS + 2 * DAY);
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
    const queue = queueAt(FIRST_BLOB_MS + 2 * DAY);
    queue.pushAgain([testBlob(1), testBlob(2)]);
    queue.push([testBlob(8), testBlob(7)]);
    assert.equal(queue.size, 4);
    assert.deepEqual(drained(queue), [7, 8, 1, 2].map((number) => testBlob(number).contentCreated));
  });

  test('can be emptied at once', () => {
    const queue = queueAt(FIRST_BLOB_MS + 2 * DAY);
    queue.push([testBlob(1)]);
    queue.pushAgain([testBlob(2)]);
    assert.deepEqual(queue.clear().map(({ contentId }) => contentId).sort(), [testBlob(1).contentId, testBlob(2).contentId]);
    assert.equal(queue.size, 0);
    assert.equal(queue.shift(), undefined);
  });

  test('gives what is new before a long backlog, and of four turns one to the backlog, so that it grows no older for ever', () => {
    const queue = queueAt(NOW_MS);
    queue.push(Array.from({ length: 100 }, (_, hours) => blobOfAge((4 + hours) * HOUR)));
    queue.push(Array.from({ length: 30 }, (_, minutes) => blobOfAge(minutes * 60_000)));
    const ages = Array.from({ length: 40 }, () => Number(queue.shift()?.contentId));
    assert.equal(ages.filter((ageMs) => ageMs < 3 * HOUR).length, 30);
    assert.deepEqual(ages.filter((ageMs) => ageMs >= 3 * HOUR), Array.from({ length: 10 }, (_, turn) => (103 - turn) * HOUR));
  });

  test('gives what expires within a day before what is new, and of four turns one to that, so that the lag of new events does not grow with it', () => {
    const queue = queueAt(NOW_MS);
    queue.push(Array.from({ length: 100 }, (_, minutes) => blobOfAge(6 * DAY + (minutes + 1) * 60_000)));
    queue.push(Array.from({ length: 30 }, (_, minutes) => blobOfAge(minutes * 60_000)));
    const ages = Array.from({ length: 40 }, () => Number(queue.shift()?.contentId));
    const aged = ages.filter((ageMs) => ageMs > 6 * DAY);
    assert.ok(aged.length >= 28 && aged.length <= 31, `${aged.length} of 40`);
    assert.deepEqual(aged, [...aged].sort((left, right) => right - left));
  });

  test('gives blobs that failed before a turn now and then, however many others wait', () => {
    const queue = queueAt(NOW_MS);
    queue.push(Array.from({ length: 100 }, (_, minutes) => blobOfAge(minutes * 60_000)));
    queue.pushAgain([blobOfAge(5 * HOUR)]);
    const ages = Array.from({ length: 16 }, () => Number(queue.shift()?.contentId));
    assert.ok(ages.includes(5 * HOUR));
  });

  test('has room for more of the past while it is not full, and says so when it is no longer', async () => {
    const { signal } = new AbortController();
    const queue = queueAt(NOW_MS, { limit: 2 });
    await queue.room(signal);
    queue.push([blobOfAge(1), blobOfAge(2)]);
    let woken = 0;
    const wait = (): void => void queue.room(signal).then(() => { woken += 1; });
    wait();
    wait();
    await settled();
    assert.equal(woken, 0);
    queue.shift();
    await settled();
    assert.equal(woken, 2);
    queue.pushAgain([blobOfAge(3)]);
    wait();
    await settled();
    assert.equal(woken, 2);
    queue.clear();
    await settled();
    assert.equal(woken, 3);
    assert.equal(getEventListeners(signal, 'abort').length, 0);
  });

  test('lets go of whoever waits for room when the signal is aborted, also when it was before', async () => {
    const controller = new AbortController();
    const queue = queueAt(NOW_MS, { limit: 0 });
    const reason = new Error('the signal SIGTERM');
    const waiting = assert.rejects(queue.room(controller.signal), reason);
    controller.abort(reason);
    await waiting;
    await assert.rejects(queue.room(controller.signal), reason);
  });
});
