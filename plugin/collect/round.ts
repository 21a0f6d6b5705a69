/**
 * One round of a tenant: its subscriptions are seen to, and what is new of each content type is listed. What is found is owed from then on; fetching it is done
 * beside that. A content type that cannot be listed does not stop the others.
 */
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, ContentType } from '../types.ts';
import type { NewListings } from './new-listings.ts';

/** The service asks for at most one start of a subscription in 15 minutes. */
export const START_INTERVAL_MS = 15 * 60_000;
/** The service's code for a subscription that somebody has disabled. */
const DISABLED = 'AF20023';

/** What a round needs of the API and the ledger of its tenant. */
export interface Subscribing {
  subscriptions(signal: AbortSignal): Promise<ReadonlyMap<ContentType, 'enabled' | 'disabled'>>;
  /** Resolves with whether it was off. */
  start(type: ContentType, signal: AbortSignal): Promise<boolean>;
  started(type: ContentType, atMs: number): void;
  startedAtMs(type: ContentType): number | undefined;
  /** What a failure means for the type, or for the whole tenant. */
  consequenceOf(thrown: unknown): 'subscribe' | 'retime' | 'skip' | 'degrade' | 'halt' | 'later' | undefined;
}

export interface RoundOptions {
  readonly tenant: string;
  readonly contentTypes: readonly ContentType[];
  readonly clock: Clock;
  readonly log: Log;
  /** Called once the tenant has let us in: its subscriptions are known. */
  readonly admitted: () => void;
  /** Learns that a type's subscription was disabled, and has been started. */
  readonly wasOff: (type: ContentType) => void;
  /** Lists what is new of a type. */
  readonly list: (type: ContentType, signal: AbortSignal) => Promise<void>;
  /** Of this and the earlier rounds of the tenant. */
  readonly listings: NewListings;
  /** Whether the round ends only when all its listings have. */
  readonly once: boolean;
}

/** What became of the types: those that could not be listed now, with why; they are tried again in the next round. */
export type RoundResult = ReadonlyMap<ContentType, AuditError>;

/** Lists every content type up to now. Throws what concerns the whole tenant (no token, no such tenant) and the signal's reason. */
export async function round(subscribing: Subscribing, options: RoundOptions, signal: AbortSignal): Promise<RoundResult> {
  const failures = new Map<ContentType, AuditError>();
  const context = { subscribing, options, failures, signal };
  const { listings, contentTypes, once, clock, admitted } = options;
  const subscriptions = await askForSubscriptions(context);
  const isKnown = !(subscriptions instanceof AuditError);
  if (isKnown) admitted();
  for (const type of contentTypes) listings.begin(type, () => listType(type, isKnown ? subscriptions.get(type) ?? 'missing' : 'unknown', context));
  const ended = await listings.ended(once ? undefined : clock);
  if (!isKnown) {
    if (ended.every(([, failed]) => failed !== undefined) && listings.underWay.size === 0) throw subscriptions;
    options.log('subscriptions.unknown', { tenant: options.tenant, code: subscriptions.code, reason: reasonOf(subscriptions) });
    admitted();
  }
  for (const [type, failed] of ended) if (failed !== undefined) noteFailure(type, failed.reason, context);
  for (const [type, { reason }] of listings.failedBefore) if (reason instanceof AuditError) failures.set(type, reason);
  return failures;
}

/** The subscriptions, or why they cannot be had now: listing tells as well which are off, so that is no reason to collect nothing. */
async function askForSubscriptions({ subscribing, signal }: Context): Promise<Awaited<ReturnType<Subscribing['subscriptions']>> | AuditError> {
  try {
    return await subscribing.subscriptions(signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof AuditError) || subscribing.consequenceOf(error) !== 'later') throw error;
    return error;
  }
}

/** So long the service must not be asked to start a subscription again; a clock that was set back behind the last start is no reason to wait. */
function startMayBeAskedInMs(type: ContentType, { subscribing, options: { clock } }: Context): number {
  const startedAtMs = subscribing.startedAtMs(type);
  const nowMs = clock.nowMs();
  return startedAtMs === undefined || startedAtMs > nowMs ? 0 : startedAtMs + START_INTERVAL_MS - nowMs;
}

/** Starts it. One that was there, but disabled, hands out nothing of the time when it was: a first one hands out all there is. */
async function startSubscription(type: ContentType, wasDisabled: boolean, context: Context): Promise<void> {
  const { subscribing, options: { tenant, clock, log, wasOff }, signal } = context;
  const waitMs = startMayBeAskedInMs(type, context);
  if (waitMs > 0) throw failure('COLLECT_START_PENDING', { tenant, contentType: type, minutes: Math.ceil(waitMs / 60_000) });
  const atMs = clock.nowMs();
  try {
    if (await subscribing.start(type, signal) && wasDisabled) wasOff(type);
  } finally {
    // Whatever became of the request, the service may have counted it. Not before it, and not when this run is stopped: the next one would wait for a quarter of
    // an hour, and if the service has heard the request, the subscription is on.
    if (!signal.aborted) subscribing.started(type, atMs);
  }
  log('subscription.started', { tenant, contentType: type });
}

/** Lists what is new of a type, whose subscription is started before where it is off, or turns out to be off only then. */
async function listType(type: ContentType, subscription: 'enabled' | 'disabled' | 'missing' | 'unknown', context: Context): Promise<void> {
  const { subscribing, options, signal } = context;
  // One that was started a moment ago may not show yet, or never says that it is on: listing tells.
  const isOff = subscription === 'disabled' || subscription === 'missing';
  if (isOff && startMayBeAskedInMs(type, context) <= 0) await startSubscription(type, subscription === 'disabled', context);
  try {
    await options.list(type, signal);
  } catch (error) {
    if (subscribing.consequenceOf(error) !== 'subscribe') throw error;
    await startSubscription(type, error instanceof AuditError && error.values.afCode === DISABLED, context);
    await options.list(type, signal);
  }
}

interface Context {
  readonly subscribing: Subscribing;
  readonly options: Pick<RoundOptions, 'tenant' | 'clock' | 'log' | 'list' | 'contentTypes' | 'wasOff'>;
  readonly failures: Map<ContentType, AuditError>;
  readonly signal: AbortSignal;
}

/** Keeps a failure of one type apart; throws one that concerns the tenant, or nobody. */
export function noteFailure(type: ContentType, error: unknown, { subscribing, options, failures, signal }: {
  readonly subscribing: Pick<Subscribing, 'consequenceOf'>;
  readonly options: Pick<RoundOptions, 'tenant' | 'log'>;
  readonly failures: Map<ContentType, AuditError>;
  readonly signal: AbortSignal;
}): void {
  signal.throwIfAborted();
  const consequence = subscribing.consequenceOf(error);
  if (!(error instanceof AuditError) || consequence === 'halt') throw error;
  failures.set(type, error);
  options.log(consequence === 'degrade' ? 'feed.degraded' : 'feed.failed', { tenant: options.tenant, contentType: type, code: error.code, reason: reasonOf(error) });
}
