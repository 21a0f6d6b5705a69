/**
 * One content type of a tenant, and how far it is listed. Each round lists what is new. Where more is missing than that (a first run, an outage) the rest is
 * listed beside the rounds, the oldest first; what the ledger has of that is one time, up to which nothing is missing, so a kill costs some listings at most.
 */
import type { Log } from '../telemetry/log.ts';
import type { ContentBlob, ContentType, Window } from '../types.ts';
import { firstWindow, LIFE_MS, lostWindow, oldestKept, oldestListable, planFresh } from './plan.ts';

/** How urgent the requests of a listing are beside the others of the tenant: `last` takes what nobody else wants. */
export type ListingRank = 'first' | 'usual' | 'last';

/** What the listings of a content type need of the API and the ledger of its tenant. */
export interface FeedListing {
  list(type: ContentType, window: Window, signal: AbortSignal, rank: ListingRank): AsyncIterable<readonly ContentBlob[]>;
  /** Notes blobs as owed; returns those that were not known. */
  owe(blobs: readonly ContentBlob[]): readonly ContentBlob[];
  listed(type: ContentType, untilMs: number): void;
  listedUntilMs(type: ContentType): number | undefined;
  /** Notes, durable before anything that is noted later, that a span can no longer be listed. */
  loseWindow(type: ContentType, window: Window, reason: string): void;
  /** Notes that the subscription was off until then; stands, for later runs too, until a window is lost that reaches so far. */
  off(type: ContentType, untilMs: number): void;
  offUntilMs(type: ContentType): number | undefined;
  /** Notes that all was listed once more at `atMs`; what became available before `fromMs` was never this ledger's business. */
  relisted(type: ContentType, fromMs: number, atMs: number): void;
  relistedOf(type: ContentType): Relisted | undefined;
}

export interface Relisted {
  readonly fromMs: number;
  readonly atMs: number;
}

export interface FeedOptions {
  readonly tenant: string;
  readonly maxRetentionMs: number;
  readonly maxQuerySizeMs: number;
  readonly overlapMs: number;
  /** How often all is listed once more; 0 is never. */
  readonly relistIntervalMs: number;
  /** A span that was asked for, to be listed once beside what is new. */
  readonly span?: Window;
  /** The time by the service's clock, as far as it is known and the operator lets it count. */
  readonly nowMs: () => number;
  /** The time as the service has said it lately: nothing is too old that is not so by this. */
  readonly serviceNowMs: () => number | undefined;
  readonly log: Log;
  /** Takes newly listed blobs. */
  readonly found: (blobs: readonly ContentBlob[]) => void;
  /** Resolves when more blobs may wait; what is new does not ask. */
  readonly room: (signal: AbortSignal) => Promise<void>;
  /** Learns of a span that can no longer be listed. */
  readonly lost: (type: ContentType, window: Window, reason: string) => void;
}

/** Why a window is lost. */
const OUT_OF_REACH = 'Nothing was collected for longer than content can be had (seven days, or max_retention).';
const WAS_OFF = 'The subscription was off, and the service hands out only what becomes available after its start; should it hand out more, that is collected.';
/** Windows of the past are made shorter when they hold more blobs than this, and longer again when they hold less than a quarter. */
const BLOBS_PER_WINDOW = 10_000;
const WINDOW_MIN_MS = 60_000;
/** So many windows of the past are listed side by side, as long as they hold few blobs. */
const WINDOWS_AT_ONCE = 4;

/** A span that is listed without being part of what is listed without a gap; it grows shorter as that goes on. */
interface Extra extends Window {
  readonly rank: ListingRank;
  readonly retentionMs: number;
  readonly done: () => void;
}

export class Feed {
  readonly type: ContentType;
  readonly #listing: FeedListing;
  readonly #options: FeedOptions;
  /** What this run has listed without a gap up to now, while there is a backlog before it. */
  #fresh: Window | undefined;
  /** Up to where the backlog is listed. */
  #backlogMs: number | undefined;
  #lengthMs: number;
  readonly #extras: Extra[] = [];
  /** A span of which the service hands out nothing any more, to be named when listing works again. */
  #off: Window | undefined;
  /** The service has answered without saying what time it is: nobody knows better than this machine. */
  #isTimeless = false;

  constructor(type: ContentType, listing: FeedListing, options: FeedOptions) {
    this.type = type;
    this.#listing = listing;
    this.#options = options;
    this.#lengthMs = options.maxQuerySizeMs;
    const offUntilMs = listing.offUntilMs(type);
    if (offUntilMs !== undefined) this.noteOff(offUntilMs);
    if (options.span !== undefined) this.#extras.push({ ...options.span, rank: 'usual', retentionMs: LIFE_MS, done: () => undefined });
  }

  /** The subscription was off, and has been started: what became available since it was last listed is lost. */
  noteOff(endMs = this.#reachNowMs()): void {
    const startMs = this.#off?.startMs ?? this.#fresh?.endMs ?? this.#listing.listedUntilMs(this.type);
    // before a first listing nothing was missed, and after a clock was set back nobody knows what was
    if (startMs === undefined || startMs >= endMs) return;
    this.#off = { startMs, endMs };
    this.#listing.off(this.type, endMs);
  }

  /** Lists what is new, the newest window first. Throws what a listing throws: then the same is listed again the next time. */
  async listNew(signal: AbortSignal): Promise<void> {
    const { nowMs: clock, maxRetentionMs } = this.#options;
    await this.#learnTime(signal);
    this.#noteLost();
    const nowMs = clock();
    const markMs = this.#listing.listedUntilMs(this.type);
    const { windows, gapUntilMs, untilMs } = planFresh({ ...this.#options, nowMs, listedUntilMs: this.#fresh?.endMs ?? markMs });
    for (const window of windows) await this.#list(window, 'first', signal);
    if (this.#off !== undefined) this.#lose(this.#off, WAS_OFF);
    this.#off = undefined;
    const oldestMs = oldestKept(this.#reachNowMs(), maxRetentionMs);
    // from now on nothing may slip out of reach unsaid
    if (markMs === undefined) this.#listing.listed(this.type, oldestMs);
    if (this.#listing.relistedOf(this.type) === undefined) this.#listing.relisted(this.type, markMs ?? oldestMs, nowMs);
    // the backlog may have met what is new in the meantime
    const startMs = gapUntilMs ?? this.#fresh?.startMs;
    this.#fresh = startMs === undefined ? undefined : { startMs, endMs: untilMs };
    if (this.#fresh === undefined) this.#listing.listed(this.type, untilMs);
  }

  /** Lists all that is not new and still to be listed: the backlog, a span that was asked for, and by and by everything once more. Throws as listNew. */
  async listRest(signal: AbortSignal): Promise<void> {
    await this.#listBacklog(signal);
    this.#planRelisting();
    for (let extra = this.#extras[0]; extra !== undefined; extra = this.#extras[0]) {
      await this.#options.room(signal);
      await this.#learnTime(signal);
      const windows = this.#windows(extra, extra.retentionMs);
      if (windows.length === 0) {
        extra.done();
        this.#extras.shift();
        continue;
      }
      await this.#listPast(windows, extra.rank, signal, ({ endMs }) => { this.#extras[0] = { ...extra, startMs: endMs }; });
    }
  }

  async #listBacklog(signal: AbortSignal): Promise<void> {
    const { maxRetentionMs, overlapMs, room } = this.#options;
    while (this.#fresh !== undefined) {
      await room(signal);
      await this.#learnTime(signal);
      this.#noteLost();
      const markMs = this.#listing.listedUntilMs(this.type) ?? oldestListable(this.#reachNowMs(), maxRetentionMs);
      this.#backlogMs ??= markMs - overlapMs;
      const windows = this.#windows({ startMs: this.#backlogMs, endMs: this.#fresh.startMs }, maxRetentionMs);
      if (windows.length === 0) {
        this.#listing.listed(this.type, this.#fresh.endMs);
        this.#fresh = undefined;
        this.#backlogMs = undefined;
        return;
      }
      await this.#listPast(windows, 'usual', signal, ({ endMs }) => {
        this.#backlogMs = endMs;
        // the overlap takes nothing back that was listed before
        if (endMs > markMs) this.#listing.listed(this.type, endMs);
      });
    }
  }

  /** The next windows of a span, to be listed side by side: while none holds much, a round trip for each would be most of the time. */
  #windows(span: Window, retentionMs: number): readonly Window[] {
    const windows: Window[] = [];
    let rest = span;
    while (windows.length < WINDOWS_AT_ONCE && (windows.length === 0 || this.#lengthMs === this.#options.maxQuerySizeMs)) {
      const window = firstWindow(rest, this.#lengthMs, oldestListable(this.#reachNowMs(), retentionMs));
      if (window === undefined) break;
      windows.push(window);
      rest = { ...rest, startMs: window.endMs };
    }
    return windows;
  }

  /** Content may turn up under a time that the overlap has passed: documents do not say that it cannot. */
  #planRelisting(): void {
    const { relistIntervalMs, maxRetentionMs, overlapMs, nowMs } = this.#options;
    const last = this.#listing.relistedOf(this.type);
    const atMs = nowMs();
    if (last === undefined || relistIntervalMs === 0 || Math.abs(atMs - last.atMs) < relistIntervalMs || this.#extras.length > 0) return;
    this.#extras.push({ startMs: last.fromMs, endMs: atMs - overlapMs, rank: 'last', retentionMs: maxRetentionMs, done: () => this.#listing.relisted(this.type, last.fromMs, atMs) });
  }

  /** What is too old goes by the service's clock, also where spans go by this machine's: that one ahead gives up what can be had, one behind asks for ever for what cannot. */
  #reachNowMs(): number {
    return this.#options.serviceNowMs() ?? this.#options.nowMs();
  }

  /** Lists a second, where the service has not said lately what time it is: this machine's clock may be days ahead, or have been set while there was no room. */
  async #learnTime(signal: AbortSignal): Promise<void> {
    const { serviceNowMs, nowMs } = this.#options;
    if (this.#isTimeless || serviceNowMs() !== undefined) return;
    const endMs = Math.floor(nowMs() / 1000) * 1000;
    try {
      await this.#list({ startMs: endMs - 1000, endMs }, 'first', signal);
      this.#isTimeless = serviceNowMs() === undefined;
    } catch (error) {
      signal.throwIfAborted();
      // a refusal says what time it is as well
      if (serviceNowMs() === undefined) throw error;
    }
  }

  /** Says what has slipped out of reach; once, even if nothing can be listed for hours. */
  #noteLost(): void {
    const markMs = this.#listing.listedUntilMs(this.type);
    const window = lostWindow(this.#reachNowMs(), this.#options.maxRetentionMs, markMs, this.#fresh?.startMs);
    if (window === undefined) return;
    this.#lose(window, OUT_OF_REACH);
    this.#listing.listed(this.type, window.endMs);
  }

  #lose(window: Window, reason: string): void {
    this.#options.lost(this.type, window, reason);
    this.#listing.loseWindow(this.type, window, reason);
  }

  /** Lists windows of the past, says in their order which are listed, and finds out how long the next ones should be: no more may wait at once than memory has room for. */
  async #listPast(windows: readonly Window[], rank: ListingRank, signal: AbortSignal, listed: (window: Window) => void): Promise<void> {
    const results = await Promise.allSettled(windows.map(async (window) => ({ window, blobs: await this.#list(window, rank, signal) })));
    let most = 0;
    for (const result of results) {
      // what follows one that failed is listed again: up to where listing has come is one time
      if (result.status === 'rejected') throw result.reason;
      listed(result.value.window);
      most = Math.max(most, result.value.blobs);
    }
    if (most > BLOBS_PER_WINDOW) this.#lengthMs = Math.max(Math.min(WINDOW_MIN_MS, this.#lengthMs), this.#lengthMs / 2);
    else if (most < BLOBS_PER_WINDOW / 4) this.#lengthMs = Math.min(this.#options.maxQuerySizeMs, this.#lengthMs * 2);
  }

  /** Lists a window to its end; resolves with the number of its blobs. */
  async #list(window: Window, rank: ListingRank, signal: AbortSignal): Promise<number> {
    const { tenant, log, found } = this.#options;
    let [listed, fresh] = [0, 0];
    for await (const page of this.#listing.list(this.type, window, signal, rank)) {
      const blobs = this.#listing.owe(page);
      listed += page.length;
      fresh += blobs.length;
      found(blobs);
    }
    log('window.listed', { tenant, contentType: this.type, from: new Date(window.startMs).toISOString(), to: new Date(window.endMs).toISOString(), blobs: listed, new: fresh });
    return listed;
  }
}
