/** The blobs of one tenant on their way: those that wait their turn, and as many as may be carried at once. While any waits nobody sleeps. */
import type { ContentBlob } from '../types.ts';
import { createBlobQueue } from './blob-queue.ts';
import { carry, type Carrier, type Fate } from './carry.ts';
import type { Concurrency } from './concurrency.ts';
import { FRESH_MS } from './plan.ts';
import type { Signals } from './run.ts';

/** Blobs which wait at the same time only for their acknowledgements to settle and for the ledger; beyond that no more are fetched. */
const SETTLING_LIMIT = 4_096;

export interface FetchingOptions {
  readonly concurrency: Concurrency;
  /** Learns what became of a blob. */
  readonly ended: (blob: ContentBlob, fate: Fate) => void;
  /** Learns each time when one more blob has come to its end. */
  readonly changed: () => void;
}

export class Fetching {
  readonly #carrier: Carrier;
  readonly #options: FetchingOptions;
  readonly #queue: ReturnType<typeof createBlobQueue>;
  /** Blobs that are not at their end yet, and how many of them are still being fetched or delivered. */
  readonly #underWay = new Set<Promise<void>>();
  #fetching = 0;
  #run: { readonly signals: Signals; readonly giveUp: (error: unknown) => void } | undefined;

  constructor(carrier: Carrier, options: FetchingOptions) {
    this.#options = options;
    this.#queue = createBlobQueue({ nowMs: carrier.nowMs, freshMs: FRESH_MS });
    this.#carrier = {
      ...carrier,
      open: async (blob, signal) => {
        const body = await carrier.open(blob, signal);
        options.concurrency.succeeded(this.#fetching);
        this.#goOn();
        return body;
      },
    };
  }

  /** Whether none waits and none is under way. */
  get isIdle(): boolean {
    return this.#queue.size === 0 && this.#underWay.size === 0;
  }

  /** Carries what waits, and what is added from now on, until `stop`; `giveUp` learns of what concerns the whole run. */
  begin(signals: Signals, giveUp: (error: unknown) => void): void {
    this.#run = { signals, giveUp };
    this.#goOn();
  }

  add(blobs: readonly ContentBlob[]): void {
    this.#queue.push(blobs);
    this.#goOn();
  }

  /** Adds blobs that have failed before. */
  addAgain(blobs: readonly ContentBlob[]): void {
    this.#queue.pushAgain(blobs);
    this.#goOn();
  }

  /** Takes out all that wait. */
  clear(): readonly ContentBlob[] {
    return this.#queue.clear();
  }

  /** Resolves when more of the past may wait, or rejects with the signal's reason. */
  room(signal: AbortSignal): Promise<void> {
    return this.#queue.room(signal);
  }

  /** Resolves when none is under way any more. */
  async over(): Promise<void> {
    await Promise.all(this.#underWay);
  }

  #goOn(): void {
    if (this.#run === undefined) return;
    const { signals, giveUp } = this.#run;
    while (!signals.stop.aborted && this.#fetching < this.#options.concurrency.limit && this.#underWay.size < SETTLING_LIMIT) {
      const blob = this.#queue.shift();
      if (blob === undefined) return;
      this.#carry(blob, signals, giveUp);
    }
  }

  #carry(blob: ContentBlob, signals: Signals, giveUp: (error: unknown) => void): void {
    let isFetching = true;
    this.#fetching += 1;
    const handedOver = (): void => {
      if (isFetching) this.#fetching -= 1;
      isFetching = false;
      this.#goOn();
    };
    const end = carry(blob, this.#carrier, signals, handedOver).then((fate) => this.#options.ended(blob, fate)).catch(giveUp).finally(() => {
      this.#underWay.delete(end);
      handedOver();
      this.#options.changed();
    });
    this.#underWay.add(end);
  }
}
