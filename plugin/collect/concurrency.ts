/**
 * How many content blobs of a tenant are fetched at once: from a few, ever more while the service answers, half as many when it throttles. As with TCP, the
 * number doubles with each round trip until the first refusal, and grows by one after that.
 */
export interface Concurrency {
  /** So many may be fetched at once now. */
  readonly limit: number;
  /** The service began to hand out a blob while so many were being fetched: who uses only half of what there is needs no more. */
  succeeded(fetching: number): void;
  /** The service throttles. */
  throttled(): void;
}

const AT_FIRST = 16;

/** Begins with a few, and never has more than `most` or less than one. */
export function createConcurrency(most: number): Concurrency {
  let exact = Math.min(most, AT_FIRST);
  let isThrottledYet = false;
  return {
    get limit() { return Math.floor(exact); },
    succeeded(fetching) {
      if (fetching > exact / 2) exact = Math.min(most, exact + (isThrottledYet ? 1 / exact : 1));
    },
    throttled() {
      isThrottledYet = true;
      exact = Math.max(1, exact / 2);
    },
  };
}
