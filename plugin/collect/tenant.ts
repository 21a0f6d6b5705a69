/**
 * A tenant's collector: rounds that list what is new, and beside them the listing of what lies further back, and the carrying of all that is owed. While there is
 * work nobody sleeps; a failure of this tenant is its own.
 */
import { setMaxListeners } from 'node:events';
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { ContentBlob, ContentType, Window } from '../types.ts';
import type { Carrier, Fate } from './carry.ts';
import type { Concurrency } from './concurrency.ts';
import type { Turn } from './entrance.ts';
import { Feed, type FeedListing, type FeedOptions } from './feed.ts';
import { Fetching } from './fetching.ts';
import { NewListings } from './new-listings.ts';
import { PastListings } from './past-listings.ts';
import { round, type RoundOptions, type Subscribing } from './round.ts';
import { quietly, type Collector, type Signals } from './run.ts';

/** What a tenant's collector needs of the API and the ledger to find out what there is. */
export type Listing = Subscribing & FeedListing;

export interface TenantOptions extends Omit<RoundOptions, 'list' | 'admitted' | 'listings' | 'wasOff'>, Omit<FeedOptions, 'found' | 'room'> {
  /** When this tenant begins, among all the others of the run. */
  readonly turn: Turn;
  readonly pollIntervalMs: number;
  /** The wait after a round that failed as a whole. */
  readonly errorRetryIntervalMs: number;
  /** How many blobs are fetched at a time. */
  readonly concurrency: Concurrency;
  /** End when everything there is has been delivered; with `span`, everything there is of that. */
  readonly once: boolean;
  /** Learns early in the first round whether the tenant lets us in: a failure that only a human can mend, or that it does or will. */
  readonly firstRound: (refusal: AuditError | undefined) => void;
  /** Learns of blobs as they are delivered, and how many of their events the output does not take, and how many it had before. */
  readonly delivered: (events: number, type: ContentType, leftOut: number, duplicates: number) => void;
  /** Learns of a blob that has failed and waits for the next round, and why. */
  readonly parked: (blob: ContentBlob, reason: string) => void;
  /** Learns after each round what kept types, or the whole tenant, from being listed. */
  readonly roundEnded: (failures: ReadonlyMap<ContentType, AuditError>, whole: AuditError | undefined) => void;
  /** Learns when nothing waits any more. */
  readonly caughtUp: () => void;
  /** Learns after each listing what waits. */
  readonly listed: (waiting: readonly ContentBlob[]) => void;
}

/** A run that is to end when everything is delivered looks so often for what did not work, with this wait between. */
const ONCE_ROUNDS = 3;
const ONCE_WAIT_MS = 5_000;

export interface TenantCollector extends Collector {
  /** Takes blobs up that are owed since a moment ago, because an operator has ordered them. */
  takeUp(blobs: readonly ContentBlob[]): void;
  /** Tries blobs again that wait for the next round: those of these ids, or, when there are none, all. Answers how many. */
  retryParked(ids: readonly string[]): number;
}

/** The collector of one tenant; `owed` tells what is not delivered yet, earlier runs' included. */
export function createTenantCollector(listing: Listing, carrier: Carrier, owed: () => readonly ContentBlob[], options: TenantOptions): TenantCollector {
  return new Tenant(listing, carrier, owed, options);
}

class Tenant implements TenantCollector {
  readonly #listing: Listing;
  readonly #owed: () => readonly ContentBlob[];
  readonly #options: TenantOptions;
  readonly #feeds: readonly Feed[];
  readonly #fetching: Fetching;
  /** Blobs that failed in this round. */
  readonly #parked = new Set<string>();
  readonly #new = new NewListings();
  readonly #past: PastListings;
  #isBehind = true;
  /** Whether what is owed was put into the queue; before that, whatever is owed will be. */
  #hasTakenUp = false;
  /** Nobody knows what there is before the first listing. */
  #isListing = true;
  /** Whether the last round has listed all that is new, and the run was not stopped since: what is given up then is the next run's. */
  #isWholeRound = (): boolean => false;
  #whenIdle: () => void = () => undefined;

  constructor(listing: Listing, carrier: Carrier, owed: () => readonly ContentBlob[], options: TenantOptions) {
    this.#listing = listing;
    this.#owed = owed;
    this.#options = options;
    this.#fetching = new Fetching(carrier, { concurrency: options.concurrency, ended: (blob, fate) => this.#note(blob, fate), changed: () => this.#noteIdle() });
    this.#past = new PastListings({ ...options, consequenceOf: (error) => listing.consequenceOf(error), refused: (error) => this.#setAside(error), ended: () => this.#noteIdle() });
    const feedOptions = { ...options, found: (blobs: readonly ContentBlob[]) => this.#found(blobs), room: (signal: AbortSignal) => this.#fetching.room(signal) };
    this.#feeds = options.contentTypes.map((type) => new Feed(type, listing, feedOptions));
  }

  get isIdle(): boolean {
    return !this.#isListing && this.#new.underWay.size === 0 && this.#past.isIdle && this.#fetching.isIdle;
  }

  takeUp(blobs: readonly ContentBlob[]): void {
    if (!this.#hasTakenUp || blobs.length === 0) return;
    this.#isBehind = true;
    this.#fetching.addAgain(blobs);
  }

  retryParked(ids: readonly string[]): number {
    const blobs = this.#owed().filter(({ contentId }) => this.#parked.has(contentId) && (ids.length === 0 || ids.includes(contentId)));
    for (const { contentId } of blobs) this.#parked.delete(contentId);
    this.takeUp(blobs);
    return blobs.length;
  }

  async run({ stop, abandon }: Signals): Promise<AuditError | undefined> {
    // one that fails ends the others: whatever it is, it concerns the run
    const failed = new AbortController();
    const failures: unknown[] = [];
    const giveUp = (error: unknown): void => {
      if (error !== stop.reason && error !== abandon.reason) failures.push(error);
      failed.abort(error);
    };
    const signals = { stop: AbortSignal.any([stop, failed.signal]), abandon };
    setMaxListeners(0, signals.stop);
    await quietly(this.#options.turn.begin(stop), stop);
    this.#fetching.begin(signals, giveUp);
    const missing = await this.#rounds(signals, giveUp).catch(giveUp);
    await this.#new.over();
    await this.#past.over();
    await this.#fetching.over();
    this.#options.turn.end();
    if (failures.length > 0) throw failures[0];
    return missing ?? undefined;
  }

  #note(blob: ContentBlob, result: Fate): void {
    if (result.fate === 'delivered') this.#options.delivered(result.events, blob.contentType, result.leftOut, result.duplicates);
    if (result.fate !== 'waiting') return;
    this.#parked.add(blob.contentId);
    this.#options.parked(blob, result.reason);
    if (result.unopened !== undefined && this.#listing.consequenceOf(result.unopened) === 'halt') this.#setAside(result.unopened);
  }

  /** Nothing of the tenant can be had now: leaves all that waits to the next round, which finds out whether that has changed. */
  #setAside(reason: AuditError): void {
    const blobs = this.#fetching.clear();
    for (const { contentId } of blobs) this.#parked.add(contentId);
    if (blobs.length > 0) this.#options.log('tenant.set_aside', { tenant: this.#options.tenant, blobs: blobs.length, code: reason.code });
  }

  #noteIdle(): void {
    if (!this.isIdle) return;
    this.#options.turn.end();
    if (this.#isBehind && this.#isWholeRound() && this.#past.failures.size === 0 && this.#parked.size === 0) {
      this.#isBehind = false;
      this.#options.caughtUp();
    }
    this.#whenIdle();
  }

  async #rounds({ stop, abandon }: Signals, giveUp: (error: unknown) => void): Promise<AuditError | undefined> {
    const { once, clock } = this.#options;
    for (let number = 1; !stop.aborted; number++) {
      this.#takeUpOwed(number === 1);
      const { waitMs, failure: failed } = await this.#round(number === 1, stop, giveUp);
      if (!once) {
        await quietly(clock.wait(waitMs, stop), stop);
        continue;
      }
      await this.#untilIdle(AbortSignal.any([stop, abandon]));
      const missing = failed ?? [...this.#past.failures.values()][0] ?? this.#incomplete();
      if (missing === undefined || missing.retry === 'never' || number === ONCE_ROUNDS) return missing;
      await quietly(clock.wait(ONCE_WAIT_MS, stop), stop);
    }
    return undefined;
  }

  /** Puts back what is owed and nobody is working on: what earlier runs left, and what failed in the last round. */
  #takeUpOwed(isFirst: boolean): void {
    const { tenant, contentTypes, log } = this.#options;
    if (!isFirst && this.#parked.size === 0) return;
    const left = this.#owed().filter((blob) => contentTypes.includes(blob.contentType) && (isFirst ? this.#isWanted(blob) : this.#parked.has(blob.contentId)));
    this.#parked.clear();
    this.#hasTakenUp = true;
    if (isFirst) this.#fetching.add(left);
    else this.#fetching.addAgain(left);
    if (isFirst && left.length > 0) log('tenant.resumed', { tenant, blobs: left.length });
  }

  /** A round, and how long to wait after it: a tenant that fails as a whole waits longer, and goes on by itself. */
  async #round(isFirst: boolean, stop: AbortSignal, giveUp: (error: unknown) => void): Promise<{ readonly waitMs: number; readonly failure: AuditError | undefined }> {
    const { tenant, contentTypes, log, pollIntervalMs, errorRetryIntervalMs, firstRound, listed, roundEnded } = this.#options;
    let isAwaited = isFirst;
    const admitted = (): void => {
      if (isAwaited) firstRound(undefined);
      isAwaited = false;
    };
    this.#isListing = true;
    this.#isWholeRound = () => false;
    try {
      const list = async (type: ContentType): Promise<void> => this.#onlySpan !== undefined ? undefined : this.#feeds.find((feed) => feed.type === type)?.listNew(stop);
      const failures = await round(this.#listing, { ...this.#options, admitted, list, wasOff: (type) => this.#feeds.find((feed) => feed.type === type)?.noteOff(), listings: this.#new }, stop);
      const { underWay } = this.#new;
      roundEnded(new Map([...this.#past.failures, ...failures]), undefined);
      this.#past.goOn(this.#feeds.filter(({ type }) => !failures.has(type) && !underWay.has(type)), stop, giveUp);
      listed(this.#owed());
      // a content type that a human has shut off does not keep the others from being complete, unless there are no others
      const counting = [...failures.values()].filter((error) => failures.size === contentTypes.length || this.#listing.consequenceOf(error) !== 'degrade');
      this.#isWholeRound = () => counting.length === 0 && underWay.size === 0 && !stop.aborted;
      return { waitMs: pollIntervalMs, failure: counting[0] };
    } catch (error) {
      stop.throwIfAborted();
      if (!(error instanceof AuditError)) throw error;
      log(error.retry === 'never' ? 'tenant.refused' : 'tenant.failed', { tenant, code: error.code, reason: reasonOf(error), repair: error.repair });
      this.#setAside(error);
      roundEnded(new Map(), error);
      if (isAwaited) firstRound(error.retry === 'never' ? error : undefined);
      return { waitMs: errorRetryIntervalMs, failure: error };
    } finally {
      this.#isListing = false;
      if (!stop.aborted) this.#noteIdle();
    }
  }

  #found(blobs: readonly ContentBlob[]): void {
    if (blobs.length > 0) this.#isBehind = true;
    this.#fetching.add(blobs.filter((blob) => this.#isWanted(blob)));
  }

  /** A run that ends with a span is for that span only. */
  get #onlySpan(): Window | undefined {
    return this.#options.once ? this.#options.span : undefined;
  }

  #isWanted({ contentCreated }: ContentBlob): boolean {
    const span = this.#onlySpan;
    const createdMs = Date.parse(contentCreated);
    return span === undefined || Number.isNaN(createdMs) || (createdMs >= span.startMs && createdMs < span.endMs);
  }

  async #untilIdle(signal: AbortSignal): Promise<void> {
    while (!this.isIdle && !signal.aborted) {
      await new Promise<void>((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          resolve();
        };
        this.#whenIdle = done;
        signal.addEventListener('abort', done, { once: true });
      });
    }
  }

  #incomplete(): AuditError | undefined {
    return this.#parked.size === 0 ? undefined : failure('COLLECT_INCOMPLETE', { tenant: this.#options.tenant, blobs: this.#parked.size });
  }
}
