/** How long to wait before a call is made again: alone after a failure, with the whole tenant after throttling. */
import type { Clock, HttpResponse } from '../types.ts';
import type { RequestBudget } from './budget.ts';

const BACKOFF = { firstMs: 1_000, longestMs: 60_000 };
const PAUSE = { firstMs: 30_000, longestMs: 300_000 };
/** A longer Retry-After is not believed. */
const RETRY_AFTER_MAX_MS = 3_600_000;

/** The wait before attempt `attempt + 1`: doubling, capped, and spread so that not all who failed together come back together. */
export function backoffMs(attempt: number, random: () => number): number {
  return spread(Math.min(BACKOFF.longestMs, BACKOFF.firstMs * 2 ** (attempt - 1)), random);
}

/** What a Retry-After header asks for, in seconds or as a date, counted by the server's own clock; undefined without one. */
export function retryAfterMs(headers: HttpResponse['headers'], nowMs: number): number | undefined {
  const value = headers['retry-after']?.trim() ?? '';
  if (value === '') return undefined;
  const serverNowMs = Date.parse(headers.date ?? '');
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - (Number.isNaN(serverNowMs) ? nowMs : serverNowMs);
  return Number.isNaN(ms) ? undefined : Math.min(RETRY_AFTER_MAX_MS, Math.max(0, ms));
}

export interface Throttle {
  /** The service throttled a request sent at `sentAtMs`: pauses the tenant, and returns for how long; undefined if that pause was running already. */
  refused(sentAtMs: number, askedMs: number | undefined): number | undefined;
  /** The service accepted a request: the next pause is a short one again, if the request was sent after the last pause. */
  accepted(sentAtMs: number): void;
}

/** The pauses of one tenant. Requests that were on their way when a pause began belong to it and do not make it longer. */
export function createThrottle(budget: RequestBudget, clock: Clock, random: () => number): Throttle {
  let sinceMs = -Infinity;
  let untilMs = -Infinity;
  let inARow = 0;
  return {
    refused(sentAtMs, askedMs) {
      const nowMs = clock.nowMs();
      // The clock was set back: what is known of the last pause is worth nothing.
      if (nowMs < sinceMs) untilMs = -Infinity;
      const known = sentAtMs < untilMs;
      if (!known) inARow = Math.min(inARow + 1, 16);
      const waitMs = askedMs ?? spread(Math.min(PAUSE.longestMs, PAUSE.firstMs * 2 ** (inARow - 1)), random);
      if (known && (askedMs === undefined || nowMs + askedMs <= untilMs)) return undefined;
      sinceMs = nowMs;
      untilMs = nowMs + waitMs;
      budget.pause(untilMs);
      return waitMs;
    },
    accepted(sentAtMs) {
      if (sentAtMs >= untilMs) inARow = 0;
    },
  };
}

function spread(ms: number, random: () => number): number {
  return Math.round(ms * (0.5 + random() / 2));
}
