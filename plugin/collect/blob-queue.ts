/**
 * Content blobs of one tenant that wait to be fetched, in three lines: what is new, what is not, and what has failed before; in each the oldest comes first,
 * whatever order they were listed in. What is new is kept new beside a long backlog, unless the backlog is about to expire; and no line ever stands still.
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
  /** Resolves when more of the past may wait, or rejects with the signal's reason. */
  room(signal: AbortSignal): Promise<void>;
  readonly size: number;
}

export interface BlobQueueOptions {
  /** The time by the service's clock, which blobs expire by. */
  readonly nowMs: () => number;
  /** Blobs that became available at most so long ago are new. */
  readonly freshMs: number;
  /** So many may wait before the past is listed further. */
  readonly limit?: number;
}

/** A blob costs about half a kilobyte here and in the ledger. */
const WAITING_LIMIT = 20_000;
/** What expires sooner than this comes before what is new. */
const EXPIRY_IS_NEAR_MS = 86_400_000;
/** One turn in so many goes to the other of the two lines, and one in so many to what has failed before: much of that must not hold up what works. */
const OTHER_LINE_TURN = 4;
const AGAIN_TURN = 16;

/** An empty queue: binary heaps, so that a backlog of a million blobs costs no more than its length. */
export function createBlobQueue({ nowMs, freshMs, limit = WAITING_LIMIT }: BlobQueueOptions): BlobQueue {
  const fresh: ContentBlob[] = [];
  const past: ContentBlob[] = [];
  const again: ContentBlob[] = [];
  const waiters = new Set<() => void>();
  let turn = 0;
  const size = (): number => fresh.length + past.length + again.length;

  function inOrder(): readonly ContentBlob[][] {
    turn += 1;
    if (turn % AGAIN_TURN === 0) return [again, fresh, past];
    const expiresSoon = past[0] !== undefined && Date.parse(past[0].contentExpiration) - nowMs() < EXPIRY_IS_NEAR_MS;
    return expiresSoon === (turn % OTHER_LINE_TURN === 0) ? [fresh, past, again] : [past, fresh, again];
  }

  const wake = (): void => {
    if (size() < limit) for (const waiter of waiters) waiter();
  };
  return {
    get size() { return size(); },
    push(blobs) {
      const freshFromMs = nowMs() - freshMs;
      for (const blob of blobs) rise(Date.parse(blob.contentCreated) >= freshFromMs ? fresh : past, blob);
    },
    pushAgain(blobs) {
      for (const blob of blobs) rise(again, blob);
    },
    shift() {
      const blob = inOrder().reduce<ContentBlob | undefined>((found, line) => found ?? takeOldest(line), undefined);
      wake();
      return blob;
    },
    clear() {
      const all = [...fresh.splice(0), ...past.splice(0), ...again.splice(0)];
      wake();
      return all;
    },
    room(signal) {
      return new Promise((resolve, reject) => {
        signal.throwIfAborted();
        const end = (): void => {
          signal.removeEventListener('abort', giveUp);
          waiters.delete(end);
          resolve();
        };
        const giveUp = (): void => {
          waiters.delete(end);
          reject(signal.reason as Error);
        };
        if (size() < limit) {
          resolve();
          return;
        }
        waiters.add(end);
        signal.addEventListener('abort', giveUp, { once: true });
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
