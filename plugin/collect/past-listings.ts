/** The listings of what is not new, which go on beside the rounds of a tenant, each type for itself. */
import { AuditError } from '../errors.ts';
import type { ContentType } from '../types.ts';
import type { Feed } from './feed.ts';
import { noteFailure, type RoundOptions, type Subscribing } from './round.ts';

export interface PastListingsOptions extends Pick<RoundOptions, 'tenant' | 'log'> {
  readonly consequenceOf: Subscribing['consequenceOf'];
  /** Learns of what concerns the whole tenant; the next round will find the same, and say so. */
  readonly refused: (error: AuditError) => void;
  /** Learns when one has ended. */
  readonly ended: () => void;
}

export class PastListings {
  readonly #options: PastListingsOptions;
  readonly #underWay = new Map<Feed, Promise<void>>();
  readonly #failures = new Map<ContentType, AuditError>();

  constructor(options: PastListingsOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#underWay.size === 0;
  }

  /** Why some ended before everything was listed. */
  get failures(): ReadonlyMap<ContentType, AuditError> {
    return this.#failures;
  }

  /** Goes on with these types, where that is not under way; `giveUp` learns of what concerns the whole run. */
  goOn(feeds: readonly Feed[], stop: AbortSignal, giveUp: (error: unknown) => void): void {
    for (const feed of feeds.filter((one) => !this.#underWay.has(one))) {
      this.#failures.delete(feed.type);
      const listing = feed.listRest(stop).catch((error: unknown) => this.#note(feed.type, error, stop)).catch(giveUp).finally(() => {
        this.#underWay.delete(feed);
        // who was stopped has not come to the end of anything
        if (!stop.aborted) this.#options.ended();
      });
      this.#underWay.set(feed, listing);
    }
  }

  /** Resolves when none is under way any more. */
  async over(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  #note(type: ContentType, error: unknown, signal: AbortSignal): void {
    try {
      noteFailure(type, error, { subscribing: this.#options, options: this.#options, failures: this.#failures, signal });
    } catch (thrown) {
      if (!(thrown instanceof AuditError) || signal.aborted) throw thrown;
      this.#failures.set(type, thrown);
      this.#options.refused(thrown);
    }
  }
}
