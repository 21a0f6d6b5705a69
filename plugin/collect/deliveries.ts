/** The deliveries of one blob or file, several at a time, within the bytes that the process may hold, and without what was delivered before. */
import type { AuditError } from '../errors.ts';
import type { Batch, Claim, Clock, Output } from '../types.ts';
import type { BytesInFlight } from './bytes-in-flight.ts';
import { noClaim, withoutKnown, type Claims } from './claims.ts';
import type { Suspicions } from './suspicions.ts';
import { deliverWhatCanBe } from './take-apart.ts';

export interface Deliveries {
  /** Hands a batch over; resolves when there is room for it, rejects when an earlier one of these deliveries failed or the signal is aborted. */
  send(batch: Batch): Promise<void>;
  /** Resolves when none is under way any more, whatever became of them. */
  ended(): Promise<void>;
  /** Throws what the first failed delivery failed with. */
  throwFailure(): void;
  /**
   * Resolves when the far side is sure not to lose what was delivered, and what others had on their way is delivered, too. Rejects with OUTPUT_UNSETTLED, and
   * with what theirs failed with.
   */
  settled(signal: AbortSignal): Promise<void>;
  /** Events that were not sent, because they were delivered before or are on their way. */
  readonly duplicates: number;
  /** Events that the output does not take, which are kept apart. */
  readonly leftOut: number;
}

/** What deliveries need of the process: the same for all blobs and files. */
export interface DeliveryRooms {
  readonly output: Output;
  readonly bytesInFlight: BytesInFlight;
  readonly suspicions: Suspicions;
  /** Who remembers which events were delivered; nobody where all are to be sent. */
  readonly claims?: Claims;
  /** Whether what was delivered of a blob is remembered before all of it is: not where the far side acknowledges nothing. */
  readonly remembersParts: boolean;
  readonly clock: Clock;
}

export interface DeliveryOptions {
  /** All events are sent, known or not. */
  readonly all: boolean;
  /** Keeps one event that the output does not take, for good; its batch is of that event alone. Rejects when that is not possible. */
  readonly leaveOut: (event: Batch, reason: AuditError) => Promise<void>;
  readonly signal: AbortSignal;
}

export function createDeliveries(rooms: DeliveryRooms, options: DeliveryOptions): Deliveries {
  return new BlobDeliveries(rooms, options);
}

class BlobDeliveries implements Deliveries {
  duplicates = 0;
  leftOut = 0;
  readonly #rooms: DeliveryRooms;
  readonly #options: DeliveryOptions;
  #watch: ReturnType<Output['watch']>;
  readonly #pending = new Set<Promise<void>>();
  /** What is delivered but not settled, and what others have on their way. */
  readonly #settling = new Set<Promise<void>>();
  /** What is to be remembered when all is delivered. */
  #unkept: Claim[] = [];
  readonly #failed: { readonly reason: unknown }[] = [];
  /** Failures of what was delivered, which show later. */
  readonly #unsettled: { readonly reason: unknown }[] = [];

  constructor(rooms: DeliveryRooms, options: DeliveryOptions) {
    this.#rooms = rooms;
    this.#options = options;
    this.#watch = rooms.output.watch();
  }

  throwFailure(): void {
    throwFirst(this.#failed);
  }

  async send(batch: Batch): Promise<void> {
    this.throwFailure();
    const { bytesInFlight, claims } = this.#rooms;
    const { all, signal } = this.#options;
    const claim = batch.index === undefined ? noClaim : claims?.claim(batch.index, all) ?? noClaim;
    this.duplicates += claim.knownCount;
    for (const fate of claim.elsewhere) this.#follow(this.#settling, fate, this.#unsettled);
    if (claim.knownCount === batch.eventCount) {
      claim.delivered();
      return;
    }
    const rest = claim.known === undefined ? batch : withoutKnown(batch, claim.known);
    const byteCount = rest.bytes.byteLength;
    try {
      await bytesInFlight.take(byteCount, signal);
    } catch (error) {
      claim.failed(error);
      throw error;
    }
    this.#follow(this.#pending, this.#deliver(rest, claim).finally(() => bytesInFlight.give(byteCount)), this.#failed);
  }

  async ended(): Promise<void> {
    while (this.#pending.size > 0) await Promise.all(this.#pending);
  }

  async settled(signal: AbortSignal): Promise<void> {
    await this.#watch.settled(signal);
    this.#watch = this.#rooms.output.watch();
    while (this.#settling.size > 0) await Promise.all(this.#settling);
    throwFirst(this.#unsettled);
    for (const claim of this.#unkept) claim.keep();
    this.#unkept = [];
  }

  async #deliver(batch: Batch, claim: Claim): Promise<void> {
    const { output, suspicions, clock } = this.#rooms;
    const watch = output.watch();
    const taken: Uint32Array[] = [];
    try {
      await deliverWhatCanBe(batch, {
        output, suspicions, clock, signal: this.#options.signal,
        taken: ({ index }) => index === undefined ? undefined : void taken.push(index),
        leaveOut: async (event, reason) => {
          await this.#options.leaveOut(event, reason);
          this.leftOut += 1;
          if (event.index !== undefined) claim.partDelivered(event.index);
        },
      });
    } catch (error) {
      await this.#keepParts(taken, watch, claim);
      claim.failed(error);
      throw error;
    }
    this.#follow(this.#settling, this.#settle(watch, claim), this.#unsettled);
  }

  /** Remembers what was acknowledged of a batch whose rest was not, so that only the rest is sent again. */
  async #keepParts(taken: readonly Uint32Array[], watch: ReturnType<Output['watch']>, claim: Claim): Promise<void> {
    if (taken.length === 0 || !this.#rooms.remembersParts) return;
    try {
      await watch.settled(this.#options.signal);
    } catch {
      // it may be lost there, so it is sent again with the rest
      return;
    }
    for (const index of taken) claim.partDelivered(index);
  }

  async #settle(watch: ReturnType<Output['watch']>, claim: Claim): Promise<void> {
    try {
      await watch.settled(this.#options.signal);
    } catch (error) {
      claim.failed(error);
      throw error;
    }
    claim.delivered();
    if (this.#rooms.remembersParts) claim.keep();
    else this.#unkept.push(claim);
  }

  /** Keeps a promise in a set until it is over, and notes what it fails with. */
  #follow(set: Set<Promise<void>>, promise: Promise<void>, failures: { readonly reason: unknown }[]): void {
    const followed = promise.catch((reason: unknown) => void failures.push({ reason })).finally(() => set.delete(followed));
    set.add(followed);
  }
}

function throwFirst([first]: readonly { readonly reason: unknown }[]): void {
  if (first !== undefined) throw first.reason as Error;
}
