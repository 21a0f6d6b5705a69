/**
 * Content blobs of one tenant that wait to be fetched: the oldest first, whatever order they were listed in, for the oldest expire first. Blobs that have
 * failed before come when no others wait: many of them must not hold up what works.
 */
import type { ContentBlob } from '../types.ts';

export interface BlobQueue {
  push(blobs: readonly ContentBlob[]): void;
  /** Adds blobs that have failed before. */
  pushAgain(blobs: readonly ContentBlob[]): void;
  /** The next blob, or undefined when there is none now. */
  shift(): ContentBlob | undefined;
  /** Takes all of them out, in no order. */
  clear(): readonly ContentBlob[];
  /** Resolves when there may be a blob to shift, or the signal is aborted. */
  changed(signal: AbortSignal): Promise<void>;
  readonly size: number;
}

/** An empty queue: binary heaps, so that a backlog of a million blobs costs no more than its length. */
export function createBlobQueue(): BlobQueue {
  const fresh: ContentBlob[] = [];
  const again: ContentBlob[] = [];
  const waiters = new Set<() => void>();
  const add = (heap: ContentBlob[], blobs: readonly ContentBlob[]): void => {
    for (const blob of blobs) rise(heap, blob);
    if (blobs.length === 0) return;
    for (const wake of waiters) wake();
  };
  return {
    get size() { return fresh.length + again.length; },
    push: (blobs) => add(fresh, blobs),
    pushAgain: (blobs) => add(again, blobs),
    shift: () => takeOldest(fresh) ?? takeOldest(again),
    clear: () => [...fresh.splice(0), ...again.splice(0)],
    changed(signal) {
      return new Promise((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          waiters.delete(done);
          resolve();
        };
        if (signal.aborted) {
          resolve();
          return;
        }
        waiters.add(done);
        signal.addEventListener('abort', done, { once: true });
      });
    },
  };
}

function takeOldest(heap: ContentBlob[]): ContentBlob | undefined {
  const [oldest] = heap;
  const last = heap.pop();
  if (last !== undefined && heap.length > 0) sink(heap, last);
  return oldest;
}

/** Puts a blob at the end and moves it up to where no older one is below it. */
function rise(heap: ContentBlob[], blob: ContentBlob): void {
  let at = heap.length;
  heap.push(blob);
  while (at > 0) {
    const above = (at - 1) >>> 1;
    const parent = heap[above];
    if (parent === undefined || !isOlder(blob, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = blob;
}

/** Puts a blob in the place of the oldest and moves it down. */
function sink(heap: ContentBlob[], blob: ContentBlob): void {
  let at = 0;
  for (;;) {
    const left = 2 * at + 1;
    const [first, second] = [heap[left], heap[left + 1]];
    if (first === undefined) break;
    const [older, below] = second !== undefined && isOlder(second, first) ? [second, left + 1] : [first, left];
    if (!isOlder(older, blob)) break;
    heap[at] = older;
    at = below;
  }
  heap[at] = blob;
}

/** By the service's own texts, which are all of one form and therefore stand in the order of their times. */
function isOlder(blob: ContentBlob, other: ContentBlob): boolean {
  return blob.contentCreated < other.contentCreated;
}
