/** What the service still has of a tenant against what the ledger says of it: lists the whole retention period once more, and changes nothing. */
import { createRequestBudget } from '../api/budget.ts';
import { createManagementApi, type ManagementApi } from '../api/management-api.ts';
import { createTokenSource, type TokenSource } from '../auth/token-source.ts';
import { apiRoot } from '../collect/collect.ts';
import { firstWindow, oldestKept } from '../collect/plan.ts';
import type { CollectorOptions, Source } from '../config/config.ts';
import { AuditError } from '../errors.ts';
import { surveyTenant, type Survey } from '../ledger/survey.ts';
import type { Network } from '../network/network.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, ContentBlob, ContentType, Tenant, Window } from '../types.ts';

/** Of the tenant's quota, when a collector needs the rest. */
const SHARE_BESIDE_COLLECTOR = 0.25;

export interface AuditRooms {
  readonly collector: CollectorOptions;
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Log;
  readonly stop: AbortSignal;
  /** A collector works with the state directory at this moment. */
  readonly isRunning: boolean;
}

/** What became of the blobs of one content type which the service still lists. */
export interface FeedAudit {
  readonly contentType: ContentType;
  listed: number;
  delivered: number;
  /** Listed by the collector, not delivered yet. */
  waiting: number;
  /** Too new for the collector to have listed them; its next rounds do. */
  later: number;
  /** There are blobs, and the ledger has never been told of any: it may be another collector's, and proves nothing. */
  isNeverListed: boolean;
  /** Neither delivered nor known, or given up, though the service has them. */
  readonly missing: ContentBlob[];
  /** Why the type could not be listed, or not to its end. */
  trouble?: AuditError;
}

export interface TenantAudit {
  readonly tenant: Tenant;
  readonly source: Source;
  readonly feeds: readonly FeedAudit[];
  readonly api: ManagementApi;
  readonly tokens: TokenSource;
}

/** Is shown the delivered blobs of each page. */
export type Visit = (blobs: readonly ContentBlob[], audit: Pick<TenantAudit, 'tenant' | 'source' | 'api' | 'tokens'>) => Promise<void>;

/** Audits one tenant. Throws AUTH_…, NETWORK_… and API_… failures that concern the whole tenant, and what `visit` throws. */
export async function auditTenant(tenant: Tenant, source: Source, rooms: AuditRooms, visit: Visit): Promise<TenantAudit> {
  const { collector, network: { request }, clock, log, stop, isRunning } = rooms;
  const { applicationId, credential, authenticationEndpoint, resource, maxRequestsPerMinute } = source;
  if (credential === undefined) throw new Error(`the source ${source.name} has no credential`);
  const tokens = createTokenSource({ tenant, applicationId, credential, authenticationEndpoint, resource }, request, clock, log);
  const budget = createRequestBudget({ requestsPerMinute: Math.max(1, Math.floor(maxRequestsPerMinute * (isRunning ? SHARE_BESIDE_COLLECTOR : 1))) }, clock);
  const api = createManagementApi(apiRoot(resource, tokens, collector), request, tokens, budget, clock, log);
  const subscriptions = await api.subscriptions(stop);
  const before = await surveyTenant(collector.stateDir, tenant.id, clock.nowMs());
  const feeds: FeedAudit[] = [];
  for (const contentType of source.contentTypes) {
    const feed: FeedAudit = { contentType, listed: 0, delivered: 0, waiting: 0, later: 0, isNeverListed: false, missing: [] };
    feeds.push(feed);
    // what was never started has nothing to list
    if (!subscriptions.has(contentType)) continue;
    try {
      await auditFeed(feed, { api, before, source, rooms, visit: (blobs) => visit(blobs, { tenant, source, api, tokens }) });
    } catch (error) {
      stop.throwIfAborted();
      if (!(error instanceof AuditError) || !error.code.startsWith('API_')) throw error;
      feed.trouble = error;
    }
  }
  await dropDelivered(feeds, tenant, rooms);
  return { tenant, source, feeds, api, tokens };
}

interface FeedContext {
  readonly api: ManagementApi;
  readonly before: Survey;
  readonly source: Source;
  readonly rooms: AuditRooms;
  readonly visit: (blobs: readonly ContentBlob[]) => Promise<void>;
}

async function auditFeed(feed: FeedAudit, { api, before, source, rooms: { clock, collector, stop }, visit }: FeedContext): Promise<void> {
  const { contentType } = feed;
  const { state } = before;
  const fateOf = fatesIn(state);
  // What became available shortly before is listed again and again, because the service lists late.
  const settledMs = (state.listedUntilMs.get(contentType) ?? -Infinity) - collector.overlapMs;
  const seen = new Set<string>();
  const serviceMs = (): number => clock.nowMs() + (api.clockSkewMs ?? 0);
  const endMs = Math.floor(serviceMs() / 1000) * 1000;
  // each window is made when it is asked for: an audit of a large tenant takes a while, and the oldest goes out of reach
  const next = (startMs: number): Window | undefined => firstWindow({ startMs, endMs }, source.maxQuerySizeMs, oldestKept(serviceMs(), source.maxRetentionMs));
  for (let window = next(0); window !== undefined; window = next(window.endMs)) {
    for await (const page of api.list(contentType, window, stop)) {
      const delivered: ContentBlob[] = [];
      for (const blob of page) {
        if (seen.has(blob.contentId)) continue;
        seen.add(blob.contentId);
        feed.listed += 1;
        feed.isNeverListed = !state.listedUntilMs.has(contentType);
        const fate = fateOf(blob);
        if (fate === 'owed') feed.waiting += 1;
        else if (fate === 'delivered') delivered.push(blob);
        else if (fate === 'unknown' && Date.parse(blob.contentCreated) >= settledMs) feed.later += 1;
        else feed.missing.push(blob);
      }
      feed.delivered += delivered.length;
      await visit(delivered);
    }
  }
}

/** A collector that runs goes on meanwhile: what it has taken up since is not missing. */
async function dropDelivered(feeds: readonly FeedAudit[], tenant: Tenant, { collector, clock }: AuditRooms): Promise<void> {
  if (feeds.every(({ missing }) => missing.length === 0)) return;
  const { state } = await surveyTenant(collector.stateDir, tenant.id, clock.nowMs());
  const fateOf = fatesIn(state);
  for (const feed of feeds) {
    for (const blob of feed.missing.splice(0)) {
      const fate = fateOf(blob);
      if (fate === 'owed') feed.waiting += 1;
      else if (fate === 'delivered') feed.delivered += 1;
      else feed.missing.push(blob);
    }
  }
}

/** What a journal says of blobs. Those that were given up are done, too, and delivered is none of them. */
export function fatesIn(state: Survey['state']): (blob: Pick<ContentBlob, 'contentType' | 'contentId'>) => 'owed' | 'delivered' | 'lost' | 'unknown' {
  return ({ contentType, contentId }) => {
    if (state.isOwed(contentType, contentId)) return 'owed';
    if (state.isLost(contentType, contentId)) return 'lost';
    return state.isDone(contentType, contentId) ? 'delivered' : 'unknown';
  };
}
