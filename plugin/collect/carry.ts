/**
 * The way of one content blob: fetched, split into records while it comes in, delivered, and only then committed. What goes wrong with it concerns it alone.
 */
import { AuditError, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Batch, Clock, ContentBlob, Output } from '../types.ts';
import type { BytesInFlight } from './bytes-in-flight.ts';
import { createDeliveries } from './deliveries.ts';

/** How often a blob is fetched in one round before it has to wait for the next one. */
export const BLOB_ATTEMPTS = 5;
const BACKOFF_FIRST_MS = 1_000;
const BACKOFF_LONGEST_MS = 60_000;
/** Between attempts to write the ledger for a blob that is delivered. */
const COMMIT_RETRY_MS = 5_000;

/** What a blob needs from the API, the module and the ledger. */
export interface Carrier {
  readonly tenant: string;
  open(blob: ContentBlob, signal: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  splitter(blob: ContentBlob): BlobSplitter;
  /** Durable when it resolves. */
  commit(blob: ContentBlob): Promise<void>;
  lose(blob: ContentBlob, reason: string): Promise<void>;
  /** Whether a failure means that this blob can never be had. */
  isHopeless(thrown: unknown): boolean;
  readonly output: Output;
  readonly bytesInFlight: BytesInFlight;
  readonly clock: Clock;
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

export type Fate = { readonly fate: 'delivered'; readonly events: number } | { readonly fate: 'lost' | 'waiting' };

/**
 * Carries a blob to its end: delivered and committed, lost for a reason that is recorded, or still owed after its attempts. Throws only what
 * concerns the whole run: the output is closed, or `signal` was aborted.
 */
export async function carry(blob: ContentBlob, carrier: Carrier, signal: AbortSignal): Promise<Fate> {
  const { clock, log, random, tenant } = carrier;
  const values = { tenant, contentType: blob.contentType, contentId: blob.contentId };
  for (let attempt = 1; ; attempt++) {
    if (Date.parse(blob.contentExpiration) <= clock.nowMs()) return give(blob, carrier, 'it expired before it could be fetched', signal);
    try {
      const events = await deliver(blob, carrier, signal);
      await settle(() => carrier.commit(blob), carrier, signal);
      log('blob.delivered', { ...values, events });
      return { fate: 'delivered', events };
    } catch (error) {
      signal.throwIfAborted();
      if (endsTheRun(error)) throw error;
      if (carrier.isHopeless(error)) return give(blob, carrier, reasonOf(error), signal);
      if (attempt === BLOB_ATTEMPTS) {
        log('blob.waiting', { ...values, reason: reasonOf(error) });
        return { fate: 'waiting' };
      }
      const waitMs = Math.min(BACKOFF_LONGEST_MS, BACKOFF_FIRST_MS * 2 ** (attempt - 1)) * (0.5 + random() / 2);
      log('blob.again', { ...values, attempt, waitMs: Math.round(waitMs), reason: reasonOf(error) });
      await clock.wait(waitMs, signal);
    }
  }
}

/** Fetches, splits and delivers; resolves with the number of events when the output has taken responsibility for each. */
async function deliver(blob: ContentBlob, carrier: Carrier, signal: AbortSignal): Promise<number> {
  const splitter = carrier.splitter(blob);
  const deliveries = createDeliveries(carrier.output, carrier.bytesInFlight, (error) => {
    carrier.log('event.lost', { tenant: carrier.tenant, contentType: blob.contentType, contentId: blob.contentId, reason: error.message });
  }, signal);
  try {
    for await (const chunk of await carrier.open(blob, signal)) {
      for (const batch of splitter.push(chunk)) await deliveries.send(batch);
    }
    for (const batch of splitter.end()) await deliveries.send(batch);
  } finally {
    splitter.close();
    // whatever happens, no delivery may be left without somebody who waits for it
    await deliveries.settled();
  }
  deliveries.throwFailure();
  return splitter.eventCount;
}

/** Records that a blob is lost. */
async function give(blob: ContentBlob, carrier: Carrier, reason: string, signal: AbortSignal): Promise<Fate> {
  carrier.log('blob.lost', { tenant: carrier.tenant, contentType: blob.contentType, contentId: blob.contentId, reason });
  await settle(() => carrier.lose(blob, reason), carrier, signal);
  return { fate: 'lost' };
}

/** Writes to the ledger, again and again while the disk is full: the blob is delivered, and only the note of it is missing. */
async function settle(write: () => Promise<void>, { clock }: Carrier, signal: AbortSignal): Promise<void> {
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
export function endsTheRun(error: unknown): boolean {
  if (!(error instanceof AuditError)) return true;
  return error.code === 'OUTPUT_CLOSED' || error.code === 'LEDGER_CLOSED' || (error.retry === 'never' && error.code.startsWith('OUTPUT_'));
}
