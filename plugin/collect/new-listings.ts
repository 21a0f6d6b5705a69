/** The listings of what is new of a tenant's content types: rounds begin them and wait for them for a while, so that one which hangs holds up no other. */
import type { Clock, ContentType } from '../types.ts';
import { quietly } from './run.ts';

/** So long a round waits for its listings. One that takes longer goes on beside the next rounds, which leave its content type alone. */
export const LISTING_PATIENCE_MS = 30_000;

/** What became of a listing: why it failed, if it did. */
export type Ended = readonly [type: ContentType, failure: { readonly reason: unknown } | undefined];

export class NewListings {
  readonly #underWay = new Map<ContentType, Promise<void>>();
  readonly #ended: Ended[] = [];
  /** Why the last listing of a type failed; nothing of those that did not. */
  readonly #failures = new Map<ContentType, { readonly reason: unknown }>();

  /** Content types whose listing is not at its end yet. */
  get underWay(): ReadonlySet<ContentType> {
    return new Set(this.#underWay.keys());
  }

  /** Why those under way have failed the last time, where they have. */
  get failedBefore(): readonly (readonly [type: ContentType, failure: { readonly reason: unknown }])[] {
    return [...this.#failures].filter(([type]) => this.#underWay.has(type));
  }

  /** Begins one, unless that of its type is still under way. */
  begin(type: ContentType, list: () => Promise<void>): void {
    if (this.#underWay.has(type)) return;
    this.#underWay.set(type, list().then(() => this.#end(type, undefined), (reason: unknown) => this.#end(type, { reason })));
  }

  /** Resolves with those that have ended since the last time, when all have or, with `clock`, when its patience is over. Never rejects. */
  async ended(clock: Clock | undefined): Promise<readonly Ended[]> {
    const over = new AbortController();
    const patience = clock === undefined ? [] : [quietly(clock.wait(LISTING_PATIENCE_MS, over.signal), over.signal)];
    await Promise.race([this.over(), ...patience]);
    over.abort();
    return this.#ended.splice(0);
  }

  /** Resolves when none is under way any more. */
  async over(): Promise<void> {
    await Promise.all(this.#underWay.values());
  }

  #end(type: ContentType, failed: Ended[1]): void {
    this.#underWay.delete(type);
    this.#ended.push([type, failed]);
    if (failed === undefined) this.#failures.delete(type);
    else this.#failures.set(type, failed);
  }
}
