/** The time that windows are reckoned by: the service's, where this machine's clock is further off than the operator allows. */
import type { Log } from '../telemetry/log.ts';
import type { Clock } from '../types.ts';

export interface ClockOptions {
  readonly adjustClock: boolean;
  readonly adjustClockMinDifferenceMs: number;
  readonly adjustClockWarn: boolean;
}

/** What is known of the service's clock: how far it is ahead of ours, and when, by ours, that was learned; undefined before the first answer. */
export interface SeenClock {
  readonly clockSkewMs: number | undefined;
  readonly clockSeenMs: number | undefined;
}

/** What was learned longer ago, or seems to have been, may have been before our own clock was set, or the machine slept. */
const SEEN_LATELY_MS = 600_000;

export class ServiceClock {
  readonly #seen: SeenClock;
  readonly #options: ClockOptions;
  readonly #tenant: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #isOff = false;

  constructor(seen: SeenClock, options: ClockOptions, tenant: string, clock: Clock, log: Log) {
    this.#seen = seen;
    this.#options = options;
    this.#tenant = tenant;
    this.#clock = clock;
    this.#log = log;
  }

  nowMs(): number {
    const skewMs = this.#seen.clockSkewMs ?? 0;
    const isOff = Math.abs(skewMs) >= Math.max(1, this.#options.adjustClockMinDifferenceMs);
    if (isOff && !this.#isOff && this.#options.adjustClockWarn) {
      this.#log('tenant.clock_skew', { tenant: this.#tenant, serviceIsAheadMs: skewMs, adjusted: this.#options.adjustClock });
    }
    this.#isOff = isOff;
    return this.#clock.nowMs() + (isOff && this.#options.adjustClock ? skewMs : 0);
  }

  /** The service's time, adjusted or not; undefined unless it has said lately what time it is. What is given up, or forgotten, for its age goes by this alone. */
  knownMs(): number | undefined {
    const { clockSeenMs, clockSkewMs } = this.#seen;
    if (clockSeenMs === undefined || clockSkewMs === undefined || Math.abs(this.#clock.nowMs() - clockSeenMs) > SEEN_LATELY_MS) return undefined;
    return this.#clock.nowMs() + clockSkewMs;
  }

  /** Whether a time is over, for sure. Whoever must not err asks the service itself otherwise. */
  isOver(ms: number): boolean {
    const knownMs = this.knownMs();
    return knownMs !== undefined && ms <= knownMs;
  }
}

/** The clocks of all tenants' services, for what belongs to no tenant. */
export class ServiceClocks {
  readonly #clocks: ServiceClock[] = [];

  add(clock: ServiceClock): void {
    this.#clocks.push(clock);
  }

  /** The earliest of what they say; undefined when none has said lately what time it is. */
  knownMs(): number | undefined {
    return this.#clocks.reduce<number | undefined>((earliestMs, clock) => {
      const knownMs = clock.knownMs();
      return knownMs === undefined || (earliestMs !== undefined && earliestMs <= knownMs) ? earliestMs : knownMs;
    }, undefined);
  }
}
