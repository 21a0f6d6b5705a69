import { failure } from '../../errors.ts';
import type { Clock, DeliveryWatch } from '../../types.ts';

/**
 * Whether what a log agent has acknowledged is past the moment in which it may still be lost. Some acknowledge what they hold in memory and write it down a
 * moment later; when such a host dies its connections end at once, so what was acknowledged on one that lived on is safe.
 */
export class Settlement {
  readonly #name: string;
  readonly #settleMs: number;
  readonly #clock: Clock;
  /** Connections that have ended after the host had acknowledged something on them. */
  #breaks = 0;

  /** `name` is what failures call the output; with `settleMs` 0 an acknowledgement counts at once. */
  constructor(name: string, settleMs: number, clock: Clock) {
    this.#name = name;
    this.#settleMs = settleMs;
    this.#clock = clock;
  }

  /** Takes note that a connection has ended on which the host had acknowledged something. */
  connectionEnded(): void {
    this.#breaks += 1;
  }

  watch(): DeliveryWatch {
    const breaks = this.#breaks;
    const check = (): void => {
      if (this.#breaks !== breaks) throw failure('OUTPUT_UNSETTLED', { output: this.#name, seconds: this.#settleMs / 1000 });
    };
    return {
      settled: async (signal) => {
        if (this.#settleMs === 0) return;
        check();
        await this.#clock.wait(this.#settleMs, signal);
        check();
      },
    };
  }
}
