/** The time that windows are reckoned by: the service's, where this machine's clock is further off than the operator allows. */
import type { Log } from '../telemetry/log.ts';
import type { Clock } from '../types.ts';

export interface ClockOptions {
  readonly adjustClock: boolean;
  readonly adjustClockMinDifferenceMs: number;
  readonly adjustClockWarn: boolean;
}

export class ServiceClock {
  readonly #skewMs: () => number | undefined;
  readonly #options: ClockOptions;
  readonly #tenant: string;
  readonly #clock: Clock;
  readonly #log: Log;
  #isOff = false;

  /** `skewMs` is how far the service's clock is ahead, as far as it is known. */
  constructor(skewMs: () => number | undefined, options: ClockOptions, tenant: string, clock: Clock, log: Log) {
    this.#skewMs = skewMs;
    this.#options = options;
    this.#tenant = tenant;
    this.#clock = clock;
    this.#log = log;
  }

  nowMs(): number {
    const skewMs = this.#skewMs() ?? 0;
    const isOff = Math.abs(skewMs) >= Math.max(1, this.#options.adjustClockMinDifferenceMs);
    if (isOff && !this.#isOff && this.#options.adjustClockWarn) {
      this.#log('tenant.clock_skew', { tenant: this.#tenant, serviceIsAheadMs: skewMs, adjusted: this.#options.adjustClock });
    }
    this.#isOff = isOff;
    return this.#clock.nowMs() + (isOff && this.#options.adjustClock ? skewMs : 0);
  }
}
