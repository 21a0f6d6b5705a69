/** How many bytes of fetched, undelivered events the process holds, all tenants together: who wants more waits until others have been delivered. */
export interface BytesInFlight {
  /** Resolves when the bytes may be held; first come, first served. More than the limit may be held alone. Rejects when the signal is aborted. */
  take(byteCount: number, signal: AbortSignal): Promise<void>;
  give(byteCount: number): void;
  readonly held: number;
}

interface Waiter {
  readonly byteCount: number;
  readonly resolve: () => void;
}

/** A bound of `limitBytes`. */
export function createBytesInFlight(limitBytes: number): BytesInFlight {
  let held = 0;
  const waiters = new Set<Waiter>();
  const fits = (byteCount: number): boolean => held === 0 || held + byteCount <= limitBytes;

  function admit(): void {
    for (const waiter of waiters) {
      if (!fits(waiter.byteCount)) return;
      waiters.delete(waiter);
      held += waiter.byteCount;
      waiter.resolve();
    }
  }

  return {
    get held() { return held; },
    async take(byteCount, signal) {
      signal.throwIfAborted();
      if (waiters.size === 0 && fits(byteCount)) {
        held += byteCount;
        return;
      }
      await new Promise<void>((resolve, reject) => {
        const abort = (): void => {
          waiters.delete(waiter);
          reject(signal.reason as Error);
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
      admit();
    },
  };
}
