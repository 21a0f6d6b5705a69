/**
 * How many bytes of fetched, undelivered events the process holds, all tenants together: who wants more waits until others have been delivered. Each tenant has
 * a share. A part of the limit is kept for those that hold little, so that a tenant whose blobs are large, or slow, keeps nobody else waiting.
 */
export interface BytesInFlight {
  /**
   * Resolves when the bytes may be held; of those that wait, who holds least comes first, and within a share who came first. More than the limit may be held
   * alone. Rejects when the signal is aborted.
   */
  take(byteCount: number, signal: AbortSignal): Promise<void>;
  give(byteCount: number): void;
  /** Of all shares together. */
  readonly held: number;
}

export interface SharedBytes extends BytesInFlight {
  /** One more share of the same limit. */
  share(): BytesInFlight;
}

/** However small they are, no more batches than this are on their way at once: an output queues 4,096. */
const BATCHES_LIMIT = 2_048;
/** Up to here anybody may borrow; what is beyond is for shares that hold nothing, or no more than if all had the same. */
const BORROWED_SHARE = 0.75;
/** What a blob takes while it is read, whatever its size: the window of its connection. */
const BODY_BYTES = 256 * 1024;

interface Waiter {
  readonly byteCount: number;
  readonly resolve: () => void;
}

interface Share {
  held: number;
  readonly waiters: Set<Waiter>;
}

/** A bound of `limitBytes`, and of so many takers at once. What it is itself asked for is a share of its own. */
export function createBytesInFlight(limitBytes: number, limitCount = BATCHES_LIMIT): SharedBytes {
  let held = 0;
  let count = 0;
  let shares = 0;
  /** Those in which somebody waits. */
  const waiting = new Set<Share>();

  const fits = (share: Share, byteCount: number): boolean => {
    if (count === 0) return true;
    if (held + byteCount > limitBytes || count >= limitCount) return false;
    return shares === 1 || share.held === 0 || held + byteCount <= limitBytes * BORROWED_SHARE || share.held + byteCount <= limitBytes / shares;
  };

  function admit(): void {
    while (waiting.size > 0) {
      const share = [...waiting].reduce((least, other) => (other.held < least.held ? other : least));
      const [waiter] = share.waiters;
      if (waiter === undefined || !fits(share, waiter.byteCount)) return;
      leave(share, waiter);
      share.held += waiter.byteCount;
      held += waiter.byteCount;
      count += 1;
      waiter.resolve();
    }
  }

  function leave(share: Share, waiter: Waiter): void {
    share.waiters.delete(waiter);
    if (share.waiters.size === 0) waiting.delete(share);
  }

  function open(): BytesInFlight {
    const share: Share = { held: 0, waiters: new Set() };
    shares += 1;
    return {
      get held() { return held; },
      async take(byteCount, signal) {
        signal.throwIfAborted();
        if (waiting.size === 0 && fits(share, byteCount)) {
          share.held += byteCount;
          held += byteCount;
          count += 1;
          return;
        }
        await new Promise<void>((resolve, reject) => {
          const abort = (): void => {
            leave(share, waiter);
            reject(signal.reason as Error);
            // a large one that gives up makes way for smaller ones behind it
            admit();
          };
          const waiter: Waiter = { byteCount, resolve: () => {
            signal.removeEventListener('abort', abort);
            resolve();
          } };
          share.waiters.add(waiter);
          waiting.add(share);
          signal.addEventListener('abort', abort, { once: true });
          admit();
        });
      },
      give(byteCount) {
        share.held -= byteCount;
        held -= byteCount;
        count -= 1;
        admit();
      },
    };
  }

  let own: BytesInFlight | undefined;
  return {
    get held() { return held; },
    take(byteCount, signal) {
      own ??= open();
      return own.take(byteCount, signal);
    },
    give: (byteCount) => own?.give(byteCount),
    share: open,
  };
}

/** A blob's bytes, of which none is read before there is room for it, and for as long as it is read. When the signal is aborted, the connection ends with the network. */
export async function* readWithin(body: AsyncIterable<Uint8Array>, bytes: BytesInFlight, signal: AbortSignal): AsyncGenerator<Uint8Array, void, undefined> {
  await bytes.take(BODY_BYTES, signal);
  try {
    yield* body;
  } finally {
    bytes.give(BODY_BYTES);
  }
}
