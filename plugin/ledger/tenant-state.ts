/** What is known of one tenant, in memory: the sum of its journal's facts, and the lines that a new journal of it begins with. */
import type { ContentBlob, ContentType, Window } from '../types.ts';
import { DoneIndex, keyOf } from './done-index.ts';
import { blobOf, JOURNAL_VERSION, owedFact, type Fact } from './fact.ts';
import { encodeLine } from './line.ts';

/** A blob is remembered as done this long after it has expired: by then no listing can contain it any more. */
const REMEMBER_MS = 86_400_000;
/** For a blob that does not say when it expires. */
const LIFE_UNKNOWN_MS = 8 * 86_400_000;
/** How many of the blobs that were given up are remembered by name. */
const LOSSES_MAX = 1_000;
/** How many lost windows are remembered, those that touch counting as one. */
const LOST_WINDOWS_MAX = 1_000;
/** Done blobs in a line of a snapshot: what a bad line may forget. */
const DONE_PER_LINE = 64;

/** When a blob that is owed could first not be delivered in its attempts, and why. */
export interface Parked {
  readonly reason: string;
  readonly atMs: number;
}

export interface Loss {
  readonly contentType: ContentType;
  readonly contentId: string;
  readonly contentExpiration: string;
  readonly reason: string;
  readonly atMs: number;
}

/** A span of `contentCreated` that was never listed and can no longer be. */
export interface LostWindow extends Window {
  readonly contentType: ContentType;
  readonly reason: string;
  /** When it was found to be lost; of several that touch, the latest. */
  readonly atMs: number;
}

export class TenantState {
  readonly tenantId: string;
  readonly done = new DoneIndex();
  readonly owed = new Map<string, ContentBlob>();
  /** Of those that are owed the ones that have failed, by the same names. */
  readonly #parked = new Map<string, Parked>();
  readonly listedUntilMs = new Map<ContentType, number>();
  readonly startedAtMs = new Map<ContentType, number>();
  /** Until when a subscription was off of which the cost is not named yet. */
  readonly offUntilMs = new Map<ContentType, number>();
  readonly relisted = new Map<ContentType, { readonly fromMs: number; readonly atMs: number }>();
  losses: Loss[] = [];
  lostWindows: LostWindow[] = [];
  committed = 0;
  lost = 0;

  constructor(tenantId: string) {
    this.tenantId = tenantId;
  }

  /** Takes a fact in; one that is known already changes nothing. */
  take(fact: Fact, nowMs: number): void {
    switch (fact.fact) {
      case 'journal':
        return;
      case 'owed':
        if (fact.ordered === true) {
          this.done.remove(keyOf(fact.type, fact.id));
          this.losses = this.losses.filter(({ contentType, contentId }) => contentType !== fact.type || contentId !== fact.id);
        }
        if (!this.isKnown(fact.type, fact.id)) this.owed.set(nameOf(fact.type, fact.id), blobOf(fact));
        return;
      case 'parked':
        if (this.isOwed(fact.type, fact.id) && !this.#parked.has(nameOf(fact.type, fact.id))) this.#parked.set(nameOf(fact.type, fact.id), { reason: fact.reason, atMs: fact.atMs });
        return;
      case 'committed':
        if (this.#finish(fact, nowMs)) this.committed += 1;
        return;
      case 'lost':
        if (!this.#finish(fact, nowMs)) return;
        this.lost += 1;
        this.losses.push({ contentType: fact.type, contentId: fact.id, contentExpiration: fact.expires, reason: fact.reason, atMs: fact.atMs });
        if (this.losses.length > LOSSES_MAX) this.losses.shift();
        return;
      case 'listed':
        this.listedUntilMs.set(fact.type, fact.untilMs);
        return;
      case 'lost-window':
        if (fact.untilMs >= (this.offUntilMs.get(fact.type) ?? Infinity)) this.offUntilMs.delete(fact.type);
        this.#loseWindow({ contentType: fact.type, startMs: fact.fromMs, endMs: fact.untilMs, reason: fact.reason, atMs: fact.atMs });
        return;
      case 'relisted':
        this.relisted.set(fact.type, { fromMs: fact.fromMs, atMs: fact.atMs });
        return;
      case 'off':
        this.offUntilMs.set(fact.type, fact.untilMs);
        return;
      case 'started':
        this.startedAtMs.set(fact.type, fact.atMs);
        return;
      case 'done':
        this.done.addPacked(Buffer.from(fact.blobs, 'base64'));
        return;
      case 'totals':
        this.committed = fact.committed;
        this.lost = fact.lost;
    }
  }

  /** Whether a blob is owed or done. */
  isKnown(type: ContentType, id: string): boolean {
    return this.owed.has(nameOf(type, id)) || this.isDone(type, id);
  }

  isOwed(type: ContentType, id: string): boolean {
    return this.owed.has(nameOf(type, id));
  }

  /** Since when and why a blob is parked; undefined if it is not. */
  parkedOf({ contentType, contentId }: Pick<ContentBlob, 'contentType' | 'contentId'>): Parked | undefined {
    return this.#parked.get(nameOf(contentType, contentId));
  }

  isDone(type: ContentType, id: string): boolean {
    return this.done.has(keyOf(type, id));
  }

  /** Whether a blob is done because it was given up. */
  isLost(type: ContentType, id: string): boolean {
    return this.done.isLost(keyOf(type, id));
  }

  /** The whole state as lines of a journal, without what has expired at `serviceNowMs`, if the service's time is known: by this machine's clock nothing is forgotten. */
  * lines(serviceNowMs: number | undefined): Generator<string, void, undefined> {
    if (serviceNowMs !== undefined) this.done.forgetUntil(serviceNowMs);
    const facts: Fact[] = [
      { fact: 'journal', version: JOURNAL_VERSION, tenant: this.tenantId },
      // The losses count themselves when they are read again.
      { fact: 'totals', committed: this.committed, lost: this.lost - this.losses.length },
    ];
    for (const { contentType: type, contentId: id, contentExpiration: expires, reason, atMs } of this.losses) facts.push({ fact: 'lost', type, id, expires, reason, atMs });
    for (const { contentType: type, startMs: fromMs, endMs: untilMs, reason, atMs } of this.lostWindows) facts.push({ fact: 'lost-window', type, fromMs, untilMs, reason, atMs });
    for (const [type, untilMs] of this.offUntilMs) facts.push({ fact: 'off', type, untilMs });
    for (const [type, atMs] of this.startedAtMs) facts.push({ fact: 'started', type, atMs });
    for (const [type, { fromMs, atMs }] of this.relisted) facts.push({ fact: 'relisted', type, fromMs, atMs });
    for (const fact of facts) yield encodeLine(fact);
    for (const packed of this.done.packed(DONE_PER_LINE)) yield encodeLine({ fact: 'done', blobs: packed.toString('base64') } satisfies Fact);
    for (const blob of this.owed.values()) {
      yield encodeLine(owedFact(blob));
      const parked = this.parkedOf(blob);
      if (parked !== undefined) yield encodeLine({ fact: 'parked', type: blob.contentType, id: blob.contentId, ...parked } satisfies Fact);
    }
    // Behind the blobs that they speak of: a file that ends too early must not claim more than it holds.
    for (const [type, untilMs] of this.listedUntilMs) yield encodeLine({ fact: 'listed', type, untilMs } satisfies Fact);
  }

  /** A span that goes on where the last one of its type ended makes that one longer: an outage loses a little every few minutes. */
  #loseWindow(lost: LostWindow): void {
    const before = this.lostWindows.findIndex(({ contentType, endMs, reason }) => contentType === lost.contentType && endMs === lost.startMs && reason === lost.reason);
    const joined = this.lostWindows[before];
    if (joined !== undefined) this.lostWindows.splice(before, 1);
    this.lostWindows.push({ ...lost, startMs: joined?.startMs ?? lost.startMs });
    if (this.lostWindows.length > LOST_WINDOWS_MAX) this.lostWindows.shift();
  }

  #finish({ fact, type, id, expires }: Extract<Fact, { fact: 'committed' | 'lost' }>, nowMs: number): boolean {
    this.owed.delete(nameOf(type, id));
    this.#parked.delete(nameOf(type, id));
    const expiresMs = Date.parse(expires);
    return this.done.add(keyOf(type, id), (Number.isNaN(expiresMs) ? nowMs + LIFE_UNKNOWN_MS : expiresMs) + REMEMBER_MS, fact === 'lost');
  }
}

function nameOf(type: ContentType, id: string): string {
  return `${type}\n${id}`;
}
