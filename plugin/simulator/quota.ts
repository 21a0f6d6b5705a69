/**
 * The request quota of a tenant: so many in any 60 seconds, listing, blobs and everything else together. A refused request uses none of
 * it up (or a client that asks on would never be let in again), but the books count it.
 */
const WINDOW_MS = 60_000;

export interface Quota {
  /** True when the request may pass. */
  admits(nowMs: number): boolean;
}

/** A sliding window over the times of the last `limit` requests let in. */
export function createQuota(limit: number): Quota {
  const admitted = new Float64Array(Math.max(1, limit)).fill(-Infinity);
  let next = 0;
  return {
    admits: (nowMs) => {
      if (limit <= 0 || (admitted[next] ?? -Infinity) > nowMs - WINDOW_MS) return false;
      admitted[next] = nowMs;
      next = (next + 1) % admitted.length;
      return true;
    },
  };
}

/** Counts how many happened in the busiest 60 seconds, and how many in each minute of the clock. */
export interface MinuteCounter {
  note(nowMs: number): void;
  readonly largest: number;
  /** By the minute's beginning, `2026-09-01T08:15Z`; the last day of them. */
  byMinute(): Record<string, number>;
}

const KEPT_MINUTES = 24 * 60;

/** Makes a counter at zero. */
export function createMinuteCounter(): MinuteCounter {
  let times: number[] = [];
  let head = 0;
  let largest = 0;
  const minutes = new Map<number, number>();
  return {
    get largest() {
      return largest;
    },
    note: (nowMs) => {
      times.push(nowMs);
      while (head < times.length && (times[head] ?? nowMs) <= nowMs - WINDOW_MS) head++;
      if (head > 4096 && head * 2 > times.length) {
        times = times.slice(head);
        head = 0;
      }
      largest = Math.max(largest, times.length - head);
      const minute = Math.floor(nowMs / WINDOW_MS);
      minutes.set(minute, (minutes.get(minute) ?? 0) + 1);
      for (const oldest of minutes.keys()) {
        if (minutes.size <= KEPT_MINUTES) break;
        minutes.delete(oldest);
      }
    },
    byMinute: () => Object.fromEntries([...minutes].map(([minute, count]) => [`${new Date(minute * WINDOW_MS).toISOString().slice(0, 16)}Z`, count])),
  };
}
