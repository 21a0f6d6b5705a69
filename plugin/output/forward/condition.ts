import { reasonOf } from '../../errors.ts';
import type { Log } from '../../telemetry/log.ts';

/**
 * How the log agent is doing, as the operator hears of it: once when trouble begins, again only when its reason changes, and once when an
 * acknowledgement ends it. Single attempts are debug lines.
 */
export class Condition {
  readonly #output: string;
  readonly #log: Log;
  #connected = false;
  #slow = false;
  #trouble: string | undefined;

  constructor(output: string, log: Log) {
    this.#output = output;
    this.#log = log;
  }

  get inTrouble(): boolean {
    return this.#trouble !== undefined;
  }

  /** A connection is up. That ends no trouble: a host may accept connections and nothing else. */
  connected(): void {
    if (!this.#connected) this.#log('output.connected', { output: this.#output });
    this.#connected = true;
  }

  acknowledged(): void {
    this.#slow = false;
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    this.#log('output.recovered', { output: this.#output });
  }

  /** Frames have been waiting for an acknowledgement for longer than is usual. */
  slow(seconds: number): void {
    if (!this.#slow) this.#log('output.slow', { output: this.#output, seconds });
    this.#slow = true;
  }

  failed(reason: unknown, batches: number): void {
    const text = reasonOf(reason);
    const values = { output: this.#output, reason: text, batches };
    this.#log(text === this.#trouble ? 'output.attempt_failed' : 'output.trouble', values);
    this.#trouble = text;
  }

  /** The connection ended while nobody needed it. */
  ended(reason: unknown): void {
    this.#log('output.idle_end', { output: this.#output, reason: reasonOf(reason) });
  }
}
