/**
 * The way of one content blob: fetched, split into records while it comes in, delivered, and only then committed. What goes wrong with it concerns it alone.
 */
import { AuditError, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Batch, Clock, ContentBlob } from '../types.ts';
import { createDeliveries, type Deliveries, type DeliveryRooms } from './deliveries.ts';
import { quietly, type Signals } from './run.ts';

/** How often a blob is read in one round before it has to wait for the next one. */
export const BLOB_ATTEMPTS = 5;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_LONGEST_MS = 60_000;
/** Failures behind which the next attempt would meet the same. */
const NOT_NOW: ReadonlySet<string> = new Set(['OUTPUT_REFUSED', 'OUTPUT_UNSETTLED', 'DEAD_LETTERS_FULL']);
/** Between attempts to write the ledger for what is delivered. */
const COMMIT_RETRY_MS = 5_000;

/** What a blob needs from the API, the module, the output and the ledger. */
export interface Carrier extends DeliveryRooms {
  readonly tenant: string;
  /** The blob's bytes as they come in. Asks several times itself where that can help, so whoever calls need not. */
  open(blob: ContentBlob, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  splitter(blob: ContentBlob): BlobSplitter;
  /** Durable when it resolves. */
  commit(blob: ContentBlob): Promise<void>;
  lose(blob: ContentBlob, reason: string): Promise<void>;
  /** Whether a failure means that this blob can never be had. */
  isHopeless(thrown: unknown): boolean;
  /** Keeps an event that the output does not take, durably when it resolves. Rejects with DEAD_LETTERS_FULL when there is no room, and as `commit`. */
  leaveOut(blob: ContentBlob, event: Batch, reason: AuditError): Promise<void>;
  /** The time by the service's clock, which blobs expire by. */
  readonly nowMs: () => number;
  /** Whether a time is over by that clock, for sure: what is given up for it never comes again. */
  readonly isOver: (ms: number) => boolean;
  readonly log: Log;
  readonly random: () => number;
}

export interface BlobSplitter {
  push(chunk: Uint8Array): Iterable<Batch>;
  end(): Iterable<Batch>;
  /** To be called when no more will be asked of it, whatever happened. */
  close(): void;
  readonly eventCount: number;
}

export type Fate =
  /** `leftOut` events are ones that the output does not take, `duplicates` were delivered before. */
  | { readonly fate: 'delivered'; readonly events: number; readonly leftOut: number; readonly duplicates: number }
  | { readonly fate: 'lost' }
  /** Still owed, and why; `unopened` is that when the service did not even begin to hand it out. */
  | { readonly fate: 'waiting'; readonly reason: string; readonly unopened?: AuditError };

/**
 * Carries a blob to its end: delivered and committed, lost for a reason that is recorded, or still owed after its attempts or because of `stop`.
 * `handedOver` is called when its events are delivered, and only time and the ledger are waited for. Throws only what concerns the whole run: the output is
 * closed, or `abandon` was aborted.
 */
export async function carry(blob: ContentBlob, carrier: Carrier, { stop, abandon }: Signals, handedOver: () => void): Promise<Fate> {
  const { clock, log, random, tenant } = carrier;
  const values = { tenant, contentType: blob.contentType, contentId: blob.contentId };
  for (let attempt = 1; ; attempt++) {
    if (carrier.isOver(Date.parse(blob.contentExpiration))) return give(blob, carrier, 'it expired before it could be fetched', abandon);
    let isOpen = false;
    try {
      const body = await carrier.open(blob, abandon);
      isOpen = true;
      const { settled, ...counts } = await deliver(blob, body, carrier, abandon);
      handedOver();
      await settled(abandon);
      await persist(() => carrier.commit(blob), clock, abandon);
      log('blob.delivered', { ...values, ...counts });
      return { fate: 'delivered', ...counts };
    } catch (error) {
      abandon.throwIfAborted();
      if (!(error instanceof AuditError) || endsTheRun(error)) throw error;
      if (carrier.isHopeless(error)) return give(blob, carrier, reasonOf(error), abandon);
      // the API and the log agent have been asked several times already, and each further time might hand over the same events once more
      if (!isOpen || NOT_NOW.has(error.code) || attempt === BLOB_ATTEMPTS) {
        const reason = reasonOf(error);
        log('blob.waiting', { ...values, reason });
        return { fate: 'waiting', reason, ...(isOpen ? {} : { unopened: error }) };
      }
      const waitMs = Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** (attempt - 1)) * (0.5 + random() / 2);
      log('blob.again', { ...values, attempt, waitMs: Math.round(waitMs), reason: reasonOf(error) });
      await quietly(clock.wait(waitMs, stop), stop);
      if (stop.aborted) return { fate: 'waiting', reason: reasonOf(error) };
    }
  }
}

interface Delivered {
  readonly events: number;
  readonly leftOut: number;
  readonly duplicates: number;
  readonly settled: Deliveries['settled'];
}

/** Splits and delivers; resolves when the output has taken responsibility for each event that it can take. */
async function deliver(blob: ContentBlob, body: AsyncIterable<Uint8Array>, carrier: Carrier, signal: AbortSignal): Promise<Delivered> {
  const splitter = carrier.splitter(blob);
  const deliveries = createDeliveries(carrier, {
    all: blob.isOrdered === true,
    leaveOut: (event, reason) => persist(() => carrier.leaveOut(blob, event, reason), carrier.clock, signal),
    signal,
  });
  try {
    for await (const chunk of body) {
      for (const batch of splitter.push(chunk)) await deliveries.send(batch);
    }
    for (const batch of splitter.end()) await deliveries.send(batch);
  } finally {
    splitter.close();
    // whatever happens, no delivery may be left without somebody who waits for it
    await deliveries.ended();
  }
  deliveries.throwFailure();
  const { leftOut, duplicates } = deliveries;
  return { events: splitter.eventCount - leftOut - duplicates, leftOut, duplicates, settled: (until) => deliveries.settled(until) };
}

/** Records that a blob is lost. */
async function give(blob: ContentBlob, carrier: Carrier, reason: string, signal: AbortSignal): Promise<Fate> {
  carrier.log('blob.lost', { tenant: carrier.tenant, contentType: blob.contentType, contentId: blob.contentId, reason });
  await persist(() => carrier.lose(blob, reason), carrier.clock, signal);
  return { fate: 'lost' };
}

/** Writes to the ledger, again and again while the disk is full: the events are delivered, and only the note of it is missing. */
export async function persist(write: () => Promise<void>, clock: Clock, signal: AbortSignal): Promise<void> {
  for (;;) {
    try {
      await write();
      return;
    } catch (error) {
      if (!(error instanceof AuditError) || (error.code !== 'LEDGER_DISK_FULL' && error.code !== 'LEDGER_WRITE')) throw error;
      await clock.wait(COMMIT_RETRY_MS, signal);
    }
  }
}

/** Whether a failure is not the blob's but the run's. */
export function endsTheRun(error: AuditError): boolean {
  return error.code === 'OUTPUT_CLOSED' || error.code === 'LEDGER_CLOSED' || (error.retry === 'never' && error.code.startsWith('OUTPUT_'));
}
