/** Clocks for tests: time passes when the test says so, or at once. */
import type { Clock } from '../../plugin/types.ts';

export interface ManualClock extends Clock {
  /** Lets `ms` pass, waking who waited, in the order of their times; everything that follows from one waking happens before the next. */
  advance(ms: number): Promise<void>;
  /** Sets the time without waking anybody, as a machine's clock does when it is corrected. */
  jump(ms: number): void;
  /** How many are waiting now. */
  readonly waiting: () => number;
}

interface Waiter {
  readonly atMs: number;
  readonly wake: () => void;
}

/** A clock that stands still until the test advances it. */
export function createManualClock(startMs = Date.UTC(2026, 8, 1)): ManualClock {
  let nowMs = startMs;
  const waiters = new Set<Waiter>();
  return {
    nowMs: () => nowMs,
    wait: (ms, signal) => new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const giveUp = (): void => {
        waiters.delete(waiter);
        reject(signal?.reason as Error);
      };
      const waiter = {
        atMs: nowMs + ms,
        wake: () => {
          signal?.removeEventListener('abort', giveUp);
          resolve();
        },
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      waiters.add(waiter);
    }),
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settled();
      for (;;) {
        const next = [...waiters].filter(({ atMs }) => atMs <= untilMs).sort((left, right) => left.atMs - right.atMs)[0];
        if (next === undefined) break;
        waiters.delete(next);
        nowMs = Math.max(nowMs, next.atMs);
        next.wake();
        await settled();
      }
      nowMs = untilMs;
      await settled();
    },
    jump(ms) {
      nowMs += ms;
    },
    waiting: () => waiters.size,
  };
}

/** A clock on which every wait is over at once, having moved the time on; `waits` lists them. */
export function createHurriedClock(startMs = Date.UTC(2026, 8, 1)): Clock & { readonly waits: number[]; advance(ms: number): void } {
  let nowMs = startMs;
  const waits: number[] = [];
  return {
    waits,
    nowMs: () => nowMs,
    wait: async (ms, signal) => {
      signal?.throwIfAborted();
      waits.push(ms);
      nowMs += ms;
      await settled();
      signal?.throwIfAborted();
    },
    advance(ms) {
      nowMs += ms;
    },
  };
}

/** Lets promises that are ready run on. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Waits, in real time, until `condition` holds; fails after `deadlineMs`. */
export async function until(condition: () => boolean, what: string, deadlineMs = 60_000): Promise<void> {
  const endMs = performance.now() + deadlineMs;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`still waiting for ${what} after ${deadlineMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
