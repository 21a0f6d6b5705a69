/** How many bytes of fetched, undelivered events the process holds, all tenants together: who wants more waits until others have been delivered. */
export interface BytesInFlight {
  /** Resolves when the bytes may be held; first come, first served. More than the limit may be held alone. Rejects when the signal is aborted. */
  take(byteCount: number, signal: AbortSignal): Promise<void>;
  give(byteCount: number): void;
  readonly held: number;
}

/** However small they are, no more batches than this are on their way at once: an output queues 4,096. */
const BATCHES_LIMIT = 2_048;

interface Waiter {
  readonly byteCount: number;
  readonly resolve: () => void;
}

/** A bound of `limitBytes`, and of so many takers at once. */
export function createBytesInFlight(limitBytes: number, limitCount = BATCHES_LIMIT): BytesInFlight {
  let held = 0;
  let count = 0;
  const waiters = new Set<Waiter>();
  const fits = (byteCount: number): boolean => count === 0 || (held + byteCount <= limitBytes && count < limitCount);
  const hold = (byteCount: number): void => {
    held += byteCount;
    count += 1;
  };

  function admit(): void {
    for (const waiter of waiters) {
      if (!fits(waiter.byteCount)) return;
      waiters.delete(waiter);
      hold(waiter.byteCount);
      waiter.resolve();
    }
  }

  return {
    get held() { return held; },
    async take(byteCount, signal) {
      signal.throwIfAborted();
      if (waiters.size === 0 && fits(byteCount)) {
        hold(byteCount);
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => {
          waiters.delete(waiter);
          reject(signal.reason as Error);
          // a large one that gives up makes way for smaller ones behind it
          admit();
        };
        const waiter: Waiter = { byteCount, resolve: () => {
          signal.removeEventListener('abort', abort);
          resolve();
        } };
        waiters.add(waiter);
        signal.addEventListener('abort', abort, { once: true });
      });
    },
    give(byteCount) {
      held -= byteCount;
      count -= 1;
      admit();
    },
  };
}
