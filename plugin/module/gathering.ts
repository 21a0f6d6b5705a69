/**
 * Stretches of blobs that wait for the next one, so that batches become larger than the pieces in which the network delivers. All splitters share one limit;
 * where it is reached, nobody waits: batches become smaller, and memory stays.
 */
export interface Gathering {
  /** A place for one splitter, which alone lets at most `ownLimitBytes` wait. */
  join(ownLimitBytes: number): {
    /** Whether so many bytes more may wait; if so they count until `leave`. */
    mayWait(byteCount: number): boolean;
    /** Nothing of this splitter waits any more. */
    leave(): void;
  };
}

/** A gathering of at most `limitBytes`. */
export function createGathering(limitBytes: number): Gathering {
  let total = 0;
  return {
    join(ownLimitBytes) {
      let own = 0;
      return {
        mayWait(byteCount) {
          if (own + byteCount > ownLimitBytes || total + byteCount > limitBytes) return false;
          own += byteCount;
          total += byteCount;
          return true;
        },
        leave() {
          total -= own;
          own = 0;
        },
      };
    },
  };
}
