/** The running counts behind the books: what came in, tenant by tenant and feed by feed. */
import type { ContentType } from '../types.ts';
import type { Blob } from './blob.ts';
import { createMinuteCounter, type MinuteCounter } from './quota.ts';

export type Operation = 'start' | 'stop' | 'list' | 'content' | 'notifications' | 'blob' | 'sensitiveTypes' | 'unknown';
export type StartOutcome = 'started' | 'alreadyEnabled' | 'refused';

/** One request to the API, as it was answered; status 0 is a connection that was cut or left without an answer. */
export interface RequestRecord {
  readonly atMs: number;
  readonly method: string;
  readonly path: string;
  readonly tenant: string | undefined;
  readonly operation: Operation;
  readonly contentType: string | undefined;
  readonly status: number;
}

/** What the simulator's parts report. */
export interface Notes {
  noteToken(tenant: string | undefined, outcome: 'issued' | 'refused'): void;
  /** A request to the API has come, whatever becomes of it. */
  noteArrival(tenant: string, hasPublisher: boolean): void;
  noteThrottled(tenant: string): void;
  noteRequest(record: RequestRecord): void;
  noteStart(tenant: string, contentType: ContentType, outcome: StartOutcome): void;
  noteWindow(tenant: string, contentType: ContentType, lengthMs: number): void;
  noteListed(blob: Blob): void;
  /** A blob is being served; the answer takes that back, for when its bytes did not all go out. */
  noteServed(blob: Blob): () => void;
}

export interface TenantCounts {
  readonly minutes: MinuteCounter;
  readonly byOperation: Map<string, number>;
  readonly byStatus: Map<string, number>;
  readonly tokens: Record<'issued' | 'refused', number>;
  readonly feeds: Map<ContentType, FeedCounts>;
  requests: number;
  refusedByQuota: number;
  withoutPublisherIdentifier: number;
}

export interface FeedCounts {
  /** contentIds that were listed, and those that were served whole. */
  readonly listed: Set<string>;
  readonly served: Set<string>;
  readonly starts: Record<StartOutcome, number>;
  timesListed: number;
  timesServed: number;
  bytesServed: number;
  widestWindowMs: number;
}

export interface Counts {
  readonly notes: Notes;
  ofTenant(tenant: string): TenantCounts;
  ofFeed(tenant: string, contentType: ContentType): FeedCounts;
  /** Of every tenant, and of requests that named none of them. */
  all(): readonly TenantCounts[];
  /** The last requests, oldest first. */
  log(): readonly RequestRecord[];
}

/** How many requests the log holds; it is cut back to this when it has grown by a tenth. */
const LOG_LIMIT = 20_000;
const LOG_SLACK = 2_000;

/** Opens the counts for these tenants. */
export function createCounts(tenants: readonly { readonly id: string }[], nowMs: () => number): Counts {
  const byTenant = new Map(tenants.map(({ id }) => [id, newTenantCounts()]));
  const nobody = newTenantCounts();
  const log: RequestRecord[] = [];
  const ofTenant = (tenant: string | undefined): TenantCounts => byTenant.get(tenant ?? '') ?? nobody;
  const ofFeed = (tenant: string, contentType: ContentType): FeedCounts => {
    const { feeds } = ofTenant(tenant);
    const known = feeds.get(contentType) ?? newFeedCounts();
    feeds.set(contentType, known);
    return known;
  };
  const notes: Notes = {
    noteToken: (tenant, outcome) => { ofTenant(tenant).tokens[outcome]++; },
    noteArrival: (tenant, hasPublisher) => {
      const counts = ofTenant(tenant);
      counts.minutes.note(nowMs());
      if (!hasPublisher) counts.withoutPublisherIdentifier++;
    },
    noteThrottled: (tenant) => { ofTenant(tenant).refusedByQuota++; },
    noteRequest: (record) => {
      const counts = ofTenant(record.tenant);
      counts.requests++;
      increment(counts.byOperation, record.operation);
      increment(counts.byStatus, String(record.status));
      log.push(record);
      if (log.length > LOG_LIMIT + LOG_SLACK) log.splice(0, log.length - LOG_LIMIT);
    },
    noteStart: (tenant, contentType, outcome) => { ofFeed(tenant, contentType).starts[outcome]++; },
    noteWindow: (tenant, contentType, lengthMs) => {
      const feed = ofFeed(tenant, contentType);
      feed.widestWindowMs = Math.max(feed.widestWindowMs, lengthMs);
    },
    noteListed: ({ tenantId, contentType, contentId }) => {
      const feed = ofFeed(tenantId, contentType);
      feed.listed.add(contentId);
      feed.timesListed++;
    },
    noteServed: ({ tenantId, contentType, contentId, length }) => {
      const feed = ofFeed(tenantId, contentType);
      const isFirst = !feed.served.has(contentId);
      feed.served.add(contentId);
      feed.timesServed++;
      feed.bytesServed += length;
      return () => {
        if (isFirst) feed.served.delete(contentId);
        feed.timesServed--;
        feed.bytesServed -= length;
      };
    },
  };
  return { notes, ofTenant, ofFeed, all: () => [...byTenant.values(), nobody], log: () => [...log] };
}

function newTenantCounts(): TenantCounts {
  return {
    minutes: createMinuteCounter(), byOperation: new Map(), byStatus: new Map(), tokens: { issued: 0, refused: 0 }, feeds: new Map(),
    requests: 0, refusedByQuota: 0, withoutPublisherIdentifier: 0,
  };
}

function newFeedCounts(): FeedCounts {
  return { listed: new Set(), served: new Set(), starts: { started: 0, alreadyEnabled: 0, refused: 0 }, timesListed: 0, timesServed: 0, bytesServed: 0, widestWindowMs: 0 };
}

function increment(map: Map<string, number>, key: string): void {
  map.set(key, (map.get(key) ?? 0) + 1);
}
