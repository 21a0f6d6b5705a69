/**
 * The request budget of one tenant: in no 60 seconds does the service see more than so many requests, however long one of them takes. A permit
 * counts from the moment it is taken until 60 seconds after its answer, since the service saw the request somewhere in between.
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference#api-throttling
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../types.ts';

const WINDOW_MS = 60_000;
/** Room for clocks that tick in whole milliseconds and at slightly different speeds. */
const MARGIN_MS = 50;

export interface Permit {
  /** When the permit was given. */
  readonly takenAtMs: number;
  /** To be called once the request is answered, or is certain to be never sent. */
  readonly answered: () => void;
}

/** How urgent a request is: what tells of new content comes first, `last` takes what nobody else waits for. */
export type RequestRank = 'first' | 'usual' | 'last';
const RANKS = ['first', 'usual', 'last'] as const satisfies readonly RequestRank[];

export interface RequestBudget {
  /**
   * Waits for a permit to send one request; among those of one rank, who came first goes first. Rejects with the signal's reason when it is aborted. The caller limits how
   * many wait: each waiter is a request in flight.
   */
  take(signal?: AbortSignal, rank?: RequestRank): Promise<Permit>;
  /** Gives no permits until then: the service is throttling. A pause is never shortened. */
  pause(untilMs: number): void;
  /** For the operator: permits that count now, requests that wait for one, and until when a pause lasts. */
  readonly use: { readonly counting: number; readonly waiting: number; readonly pausedUntilMs: number };
}

/** Starts with the whole minute's budget unused. */
export function createRequestBudget({ requestsPerMinute }: { readonly requestsPerMinute: number }, clock: Clock): RequestBudget {
  return new SlidingMinute(requestsPerMinute, clock);
}

type Give = (permit: Permit) => void;

class SlidingMinute implements RequestBudget {
  readonly #limit: number;
  readonly #clock: Clock;
  readonly #waiters: Readonly<Record<RequestRank, Set<Give>>> = { first: new Set(), usual: new Set(), last: new Set() };
  /** When the answers of the last minute came, oldest first from `#oldest` on. */
  #answersMs: number[] = [];
  #oldest = 0;
  #unanswered = 0;
  #pausedAtMs = -Infinity;
  #pausedUntilMs = -Infinity;
  #alarm: { readonly atMs: number; readonly controller: AbortController } | undefined;

  constructor(limit: number, clock: Clock) {
    this.#limit = limit;
    this.#clock = clock;
  }

  take(signal?: AbortSignal, rank: RequestRank = 'usual'): Promise<Permit> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted();
      const giveUp = (): void => {
        this.#waiters[rank].delete(give);
        reject(signal?.reason as Error);
        this.#setAlarm(this.#clock.nowMs());
      };
      const give = (permit: Permit): void => {
        signal?.removeEventListener('abort', giveUp);
        resolve(permit);
      };
      if (signal !== undefined) setMaxListeners(0, signal);
      signal?.addEventListener('abort', giveUp, { once: true });
      this.#waiters[rank].add(give);
      this.#serve();
    });
  }

  pause(untilMs: number): void {
    const nowMs = this.#clock.nowMs();
    this.#mendClock(nowMs);
    if (untilMs <= this.#pausedUntilMs) return;
    this.#pausedAtMs = nowMs;
    this.#pausedUntilMs = untilMs;
  }

  get use(): RequestBudget['use'] {
    this.#forget(this.#clock.nowMs());
    return { counting: this.#counting, waiting: this.#waiting, pausedUntilMs: this.#pausedUntilMs };
  }

  get #waiting(): number {
    return RANKS.reduce((sum, rank) => sum + this.#waiters[rank].size, 0);
  }

  get #counting(): number {
    return this.#unanswered + this.#answersMs.length - this.#oldest;
  }

  /** Gives permits to whoever can have one, and sets the alarm for the next. */
  #serve(): void {
    const nowMs = this.#clock.nowMs();
    this.#forget(nowMs);
    for (const rank of RANKS) {
      for (const give of this.#waiters[rank]) {
        if (nowMs < this.#pausedUntilMs || this.#counting >= this.#limit) break;
        this.#waiters[rank].delete(give);
        give(this.#permit(nowMs));
      }
    }
    this.#setAlarm(nowMs);
  }

  #permit(takenAtMs: number): Permit {
    let open = true;
    this.#unanswered += 1;
    return {
      takenAtMs,
      answered: () => {
        if (!open) return;
        open = false;
        this.#unanswered -= 1;
        this.#mendClock(this.#clock.nowMs());
        this.#answersMs.push(this.#clock.nowMs());
        if (this.#waiting > 0) this.#serve();
      },
    };
  }

  #forget(nowMs: number): void {
    this.#mendClock(nowMs);
    for (let atMs = this.#answersMs[this.#oldest]; atMs !== undefined && nowMs - atMs >= WINDOW_MS + MARGIN_MS; atMs = this.#answersMs[this.#oldest]) this.#oldest += 1;
    if (this.#oldest <= this.#answersMs.length / 2) return;
    this.#answersMs = this.#answersMs.slice(this.#oldest);
    this.#oldest = 0;
  }

  /** A clock that is set back must not lock the budget: what seems to lie in the future happened now at the latest. */
  #mendClock(nowMs: number): void {
    if ((this.#answersMs.at(-1) ?? nowMs) > nowMs) this.#answersMs = this.#answersMs.map((atMs) => Math.min(atMs, nowMs));
    if (this.#pausedAtMs > nowMs) {
      this.#pausedUntilMs -= this.#pausedAtMs - nowMs;
      this.#pausedAtMs = nowMs;
    }
  }

  #setAlarm(nowMs: number): void {
    const atMs = this.#waiting === 0 ? Infinity : Math.max(this.#roomAtMs(nowMs), this.#pausedUntilMs);
    if (this.#alarm?.atMs === atMs) return;
    this.#alarm?.controller.abort();
    this.#alarm = undefined;
    if (atMs === Infinity) return;
    const controller = new AbortController();
    this.#alarm = { atMs, controller };
    const ring = (): void => {
      this.#alarm = undefined;
      this.#serve();
    };
    // Only this method aborts the wait: when another time is right, or nobody waits any more.
    this.#clock.wait(Math.max(1, atMs - nowMs), controller.signal).then(ring, () => undefined);
  }

  /** When the next permit is free; without an answer to wait out nobody knows, and the next answer will serve. */
  #roomAtMs(nowMs: number): number {
    if (this.#counting < this.#limit) return nowMs;
    const oldestMs = this.#answersMs[this.#oldest];
    return oldestMs === undefined ? Infinity : oldestMs + WINDOW_MS + MARGIN_MS;
  }
}
