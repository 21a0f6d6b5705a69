/**
 * One round of a tenant: its subscriptions are seen to, and each content type is listed up to now. What is found is owed from then on; fetching it is the
 * workers' business. A content type that cannot be listed does not stop the others.
 */
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, ContentBlob, ContentType, Window } from '../types.ts';
import { planWindows } from './plan.ts';

/** The service asks for at most one start of a subscription in 15 minutes. */
export const START_INTERVAL_MS = 15 * 60_000;

/** Why a window is lost. */
const OUT_OF_REACH = 'Nothing was collected for longer than content can be had (seven days, or max_retention).';

/** What a round needs of the API and the ledger of its tenant. */
export interface Listing {
  subscriptions(signal: AbortSignal): Promise<ReadonlyMap<ContentType, 'enabled' | 'disabled'>>;
  start(type: ContentType, signal: AbortSignal): Promise<void>;
  list(type: ContentType, window: Window, signal: AbortSignal): AsyncIterable<readonly ContentBlob[]>;
  /** Notes blobs as owed; returns those that were not known. */
  owe(blobs: readonly ContentBlob[]): readonly ContentBlob[];
  listed(type: ContentType, untilMs: number): void;
  listedUntilMs(type: ContentType): number | undefined;
  /** Notes, durable before anything that is noted later, that a span can no longer be listed. */
  loseWindow(type: ContentType, window: Window, reason: string): void;
  started(type: ContentType, atMs: number): void;
  startedAtMs(type: ContentType): number | undefined;
  /** What a failure means for the type, or for the whole tenant. */
  consequenceOf(thrown: unknown): 'subscribe' | 'retime' | 'skip' | 'degrade' | 'halt' | 'later' | undefined;
}

export interface RoundOptions {
  readonly tenant: string;
  readonly contentTypes: readonly ContentType[];
  readonly maxRetentionMs: number;
  readonly maxQuerySizeMs: number;
  readonly overlapMs: number;
  /** The time by the service's clock, as far as it is known. */
  readonly nowMs: () => number;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once the tenant has let us in: its subscriptions are known. */
  readonly admitted: () => void;
  /** Takes newly listed blobs. */
  readonly found: (blobs: readonly ContentBlob[]) => void;
  /** Learns of a span that can no longer be listed. */
  readonly lost: (type: ContentType, window: Window, reason: string) => void;
}

/** What became of the types: those that could not be listed now, with why; they are tried again in the next round. */
export type RoundResult = ReadonlyMap<ContentType, AuditError>;

/** Lists every content type up to now. Throws what concerns the whole tenant (no token, no such tenant) and the signal's reason. */
export async function round(listing: Listing, options: RoundOptions, signal: AbortSignal): Promise<RoundResult> {
  const failures = new Map<ContentType, AuditError>();
  const subscriptions = await listing.subscriptions(signal);
  options.admitted();
  const ready = await subscribe(subscriptions, { listing, options, failures, signal });
  const results = await Promise.allSettled(ready.map((type) => listType(type, listing, options, signal)));
  results.forEach((result, index) => {
    const type = ready[index];
    if (result.status === 'rejected' && type !== undefined) noteFailure(type, result.reason, { listing, options, failures, signal });
  });
  return failures;
}

/** Starts the subscriptions that are missing; resolves with the types that can be listed. */
async function subscribe(subscriptions: Awaited<ReturnType<Listing['subscriptions']>>, context: Context): Promise<readonly ContentType[]> {
  const { listing, options, signal } = context;
  const ready: ContentType[] = [];
  for (const type of options.contentTypes) {
    try {
      if (subscriptions.get(type) !== 'enabled') await startSubscription(type, listing, options, signal);
      ready.push(type);
    } catch (error) {
      noteFailure(type, error, context);
    }
  }
  return ready;
}

async function startSubscription(type: ContentType, listing: Listing, { tenant, clock, log }: RoundOptions, signal: AbortSignal): Promise<void> {
  const startedAtMs = listing.startedAtMs(type);
  const nowMs = clock.nowMs();
  if (startedAtMs !== undefined && startedAtMs <= nowMs && nowMs - startedAtMs < START_INTERVAL_MS) {
    throw failure('COLLECT_START_PENDING', { tenant, contentType: type, minutes: Math.ceil((startedAtMs + START_INTERVAL_MS - nowMs) / 60_000) });
  }
  // noted before it is sent: whatever becomes of the request, the service may have counted it
  listing.started(type, nowMs);
  await listing.start(type, signal);
  log('subscription.started', { tenant, contentType: type });
}

/** Lists a type up to now, also when its subscription turns out to be off only then. */
async function listType(type: ContentType, listing: Listing, options: RoundOptions, signal: AbortSignal): Promise<void> {
  try {
    await listWindows(type, listing, options, signal);
  } catch (error) {
    if (listing.consequenceOf(error) !== 'subscribe') throw error;
    await startSubscription(type, listing, options, signal);
    await listWindows(type, listing, options, signal);
  }
}

/** Lists a type window by window, oldest first; a window counts as listed when all its pages have come. */
async function listWindows(type: ContentType, listing: Listing, options: RoundOptions, signal: AbortSignal): Promise<void> {
  const { tenant, log } = options;
  const { windows, lost } = planWindows({ ...options, nowMs: options.nowMs(), listedUntilMs: listing.listedUntilMs(type) });
  if (lost !== undefined) {
    options.lost(type, lost, OUT_OF_REACH);
    // it is said once, even if nothing can be listed for hours
    listing.loseWindow(type, lost, OUT_OF_REACH);
    listing.listed(type, lost.endMs);
  }
  for (const [index, window] of windows.entries()) {
    let listed = 0;
    let fresh = 0;
    for await (const page of listing.list(type, window, signal)) {
      const blobs = listing.owe(page);
      listed += page.length;
      fresh += blobs.length;
      options.found(blobs);
    }
    // Windows of the overlap take nothing back; the last one does when the clock was set back, for what lay in its future was never listed.
    if (index === windows.length - 1 || window.endMs > (listing.listedUntilMs(type) ?? -Infinity)) listing.listed(type, window.endMs);
    log('window.listed', { tenant, contentType: type, from: new Date(window.startMs).toISOString(), to: new Date(window.endMs).toISOString(), blobs: listed, new: fresh });
  }
}

interface Context {
  readonly listing: Listing;
  readonly options: RoundOptions;
  readonly failures: Map<ContentType, AuditError>;
  readonly signal: AbortSignal;
}

/** Keeps a failure of one type apart; throws one that concerns the tenant, or nobody. */
function noteFailure(type: ContentType, error: unknown, { listing, options, failures, signal }: Context): void {
  signal.throwIfAborted();
  const consequence = listing.consequenceOf(error);
  if (!(error instanceof AuditError) || consequence === 'halt') throw error;
  failures.set(type, error);
  options.log(consequence === 'degrade' ? 'feed.degraded' : 'feed.failed', { tenant: options.tenant, contentType: type, code: error.code, reason: reasonOf(error) });
}
