/**
 * A tenant's collector: rounds of listing, and beside them workers that carry what is owed. While there is work nobody sleeps; a failure of this tenant is
 * its own.
 */
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { ContentBlob, ContentType } from '../types.ts';
import { createBlobQueue } from './blob-queue.ts';
import { carry, type Carrier, type Fate } from './carry.ts';
import { round, type Listing, type RoundOptions } from './round.ts';
import { quietly, type Collector, type Signals } from './run.ts';

export interface TenantOptions extends Omit<RoundOptions, 'found' | 'admitted'> {
  readonly pollIntervalMs: number;
  /** The wait after a round that failed as a whole. */
  readonly errorRetryIntervalMs: number;
  /** Workers, each with one blob at a time. */
  readonly contentConcurrency: number;
  /** End when everything there is has been delivered. */
  readonly once: boolean;
  /** Learns early in the first round whether the tenant lets us in: a failure that only a human can mend, or that it does or will. */
  readonly firstRound: (refusal: AuditError | undefined) => void;
  /** Learns of blobs as they are delivered, and how many of their events the output can never take. */
  readonly delivered: (events: number, type: ContentType, leftOut: number) => void;
  /** Learns of a blob that has failed and waits for the next round. */
  readonly parked: (blob: ContentBlob) => void;
  /** Learns after each round what kept types, or the whole tenant, from being listed. */
  readonly roundEnded: (failures: ReadonlyMap<ContentType, AuditError>, whole: AuditError | undefined) => void;
  /** Learns when nothing waits any more. */
  readonly caughtUp: () => void;
  /** Learns after each listing what waits. */
  readonly listed: (waiting: readonly ContentBlob[]) => void;
}

/** Blobs which wait at the same time only for their acknowledgements to settle and for the ledger; beyond that workers wait for them. */
const SETTLING_LIMIT = 4_096;

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
  readonly #carrier: Carrier;
  readonly #owed: () => readonly ContentBlob[];
  readonly #options: TenantOptions;
  readonly #queue = createBlobQueue();
  /** Blobs that failed in this round. */
  readonly #parked = new Set<string>();
  /** Blobs that are not at their end yet. */
  readonly #underWay = new Set<Promise<void>>();
  #isBehind = true;
  /** Whether what is owed was put into the queue; before that, whatever is owed will be. */
  #hasTakenUp = false;
  #isListing = false;
  /** Whether the last round has listed all that can be listed. */
  #isWholeRound = false;
  #whenIdle: () => void = () => undefined;

  constructor(listing: Listing, carrier: Carrier, owed: () => readonly ContentBlob[], options: TenantOptions) {
    this.#listing = listing;
    this.#carrier = carrier;
    this.#owed = owed;
    this.#options = options;
  }

  get isIdle(): boolean {
    return !this.#isListing && this.#queue.size === 0 && this.#underWay.size === 0;
  }

  takeUp(blobs: readonly ContentBlob[]): void {
    if (!this.#hasTakenUp || blobs.length === 0) return;
    this.#isBehind = true;
    this.#queue.pushAgain(blobs);
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
    const listed = new AbortController();
    const signals = { stop: AbortSignal.any([stop, failed.signal]), abandon };
    const workers = Array.from({ length: this.#options.contentConcurrency }, () => this.#work(signals, listed.signal, giveUp).catch(giveUp));
    const missing = await this.#rounds(signals).catch(giveUp);
    listed.abort();
    await Promise.all(workers);
    await Promise.all(this.#underWay);
    if (failures.length > 0) throw failures[0];
    return missing ?? undefined;
  }

  /** Carries one blob after the other until the rounds have ended and none is left. */
  async #work(signals: Signals, listed: AbortSignal, giveUp: (error: unknown) => void): Promise<void> {
    const { stop } = signals;
    const noMore = AbortSignal.any([stop, listed]);
    while (!stop.aborted) {
      const blob = this.#queue.shift();
      if (blob === undefined) {
        if (listed.aborted) return;
        await this.#queue.changed(noMore);
        continue;
      }
      await this.#untilHandedOver(blob, signals, giveUp);
      if (this.#underWay.size >= SETTLING_LIMIT) await Promise.race(this.#underWay);
    }
  }

  /** Begins to carry a blob; resolves when its events are delivered, or it is at its end. */
  #untilHandedOver(blob: ContentBlob, signals: Signals, giveUp: (error: unknown) => void): Promise<void> {
    return new Promise((resolve) => {
      const end = carry(blob, this.#carrier, signals, resolve).then((fate) => this.#note(blob, fate)).catch(giveUp).finally(() => {
        this.#underWay.delete(end);
        this.#noteIdle();
        resolve();
      });
      this.#underWay.add(end);
    });
  }

  #note(blob: ContentBlob, result: Fate): void {
    if (result.fate === 'delivered') this.#options.delivered(result.events, blob.contentType, result.leftOut);
    if (result.fate !== 'waiting') return;
    this.#parked.add(blob.contentId);
    this.#options.parked(blob);
    if (result.unopened !== undefined && this.#listing.consequenceOf(result.unopened) === 'halt') this.#setAside(result.unopened);
  }

  /** Nothing of the tenant can be had now: leaves all that waits to the next round, which finds out whether that has changed. */
  #setAside(reason: AuditError): void {
    const blobs = this.#queue.clear();
    for (const { contentId } of blobs) this.#parked.add(contentId);
    if (blobs.length > 0) this.#options.log('tenant.set_aside', { tenant: this.#options.tenant, blobs: blobs.length, code: reason.code });
  }

  #noteIdle(): void {
    if (!this.isIdle) return;
    if (this.#isBehind && this.#isWholeRound && this.#parked.size === 0) {
      this.#isBehind = false;
      this.#options.caughtUp();
    }
    this.#whenIdle();
  }

  async #rounds({ stop, abandon }: Signals): Promise<AuditError | undefined> {
    const { once, clock } = this.#options;
    for (let number = 1; !stop.aborted; number++) {
      this.#takeUpOwed(number === 1);
      const { waitMs, failure: failed } = await this.#round(number === 1, stop);
      if (!once) {
        await quietly(clock.wait(waitMs, stop), stop);
        continue;
      }
      await this.#untilIdle(AbortSignal.any([stop, abandon]));
      const missing = failed ?? this.#incomplete();
      if (missing === undefined || missing.retry === 'never' || number === ONCE_ROUNDS) return missing;
      await quietly(clock.wait(ONCE_WAIT_MS, stop), stop);
    }
    return undefined;
  }

  /** Puts back what is owed and nobody is working on: what earlier runs left, and what failed in the last round. */
  #takeUpOwed(isFirst: boolean): void {
    const { tenant, contentTypes, log } = this.#options;
    if (!isFirst && this.#parked.size === 0) return;
    const left = this.#owed().filter(({ contentType, contentId }) => contentTypes.includes(contentType) && (isFirst || this.#parked.has(contentId)));
    this.#parked.clear();
    this.#hasTakenUp = true;
    if (isFirst) this.#queue.push(left);
    else this.#queue.pushAgain(left);
    if (isFirst && left.length > 0) log('tenant.resumed', { tenant, blobs: left.length });
  }

  /** A round, and how long to wait after it: a tenant that fails as a whole waits longer, and goes on by itself. */
  async #round(isFirst: boolean, stop: AbortSignal): Promise<{ readonly waitMs: number; readonly failure: AuditError | undefined }> {
    const { tenant, contentTypes, log, pollIntervalMs, errorRetryIntervalMs, firstRound, listed, roundEnded } = this.#options;
    let isAwaited = isFirst;
    const admitted = (): void => {
      if (isAwaited) firstRound(undefined);
      isAwaited = false;
    };
    this.#isListing = true;
    this.#isWholeRound = false;
    try {
      const failures = await round(this.#listing, { ...this.#options, admitted, found: (blobs) => this.#found(blobs) }, stop);
      listed(this.#owed());
      roundEnded(failures, undefined);
      // a content type that a human has shut off does not keep the others from being complete, unless there are no others
      const counting = [...failures.values()].filter((error) => failures.size === contentTypes.length || this.#listing.consequenceOf(error) !== 'degrade');
      this.#isWholeRound = counting.length === 0;
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
    this.#queue.push(blobs);
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
