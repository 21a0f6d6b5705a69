/**
 * What the simulator served and to whom, and what a perfect collector must have delivered by now: the far end's own count, which tests
 * compare with what came out at the other end.
 */
import type { ContentType } from '../types.ts';
import type { Blob } from './blob.ts';
import type { Counts, RequestRecord, StartOutcome } from './counts.ts';
import type { FeedStore } from './feed-store.ts';

export interface ContentTypeBooks {
  /** Blobs that have become available, and the different Ids in them that can be had or were served. */
  readonly blobs: number;
  readonly expectedEvents: number;
  /** Events that nobody can have: their blob expired, was hidden by a stop, or is refused for good, before it was ever served whole. */
  readonly unreachableEvents: number;
  readonly eventsWithoutId: number;
  /** Different blobs, and how often all in all; served means to the last byte. */
  readonly blobsListed: number;
  readonly blobsServed: number;
  readonly timesListed: number;
  readonly timesServed: number;
  readonly bytesServed: number;
  readonly starts: Readonly<Record<StartOutcome, number>>;
  readonly widestWindowMs: number;
  readonly ids?: readonly string[];
}

export interface TenantBooks {
  readonly name: string;
  readonly requests: number;
  readonly byOperation: Readonly<Record<string, number>>;
  readonly byStatus: Readonly<Record<string, number>>;
  /** By the minute's beginning, `2026-09-01T08:15Z`. */
  readonly byMinute: Readonly<Record<string, number>>;
  /** The most requests in any 60 seconds, refused ones included. */
  readonly largestMinute: number;
  readonly refusedByQuota: number;
  readonly withoutPublisherIdentifier: number;
  readonly tokens: { readonly issued: number; readonly refused: number };
  readonly contentTypes: Readonly<Partial<Record<ContentType, ContentTypeBooks>>>;
}

export interface BooksSnapshot {
  readonly startedAt: string;
  readonly now: string;
  readonly tokens: { readonly issued: number; readonly refused: number };
  readonly requests: number;
  readonly expectedEvents: number;
  /** By tenant GUID. */
  readonly tenants: Readonly<Record<string, TenantBooks>>;
  readonly log?: readonly RequestRecord[];
}

/** A blob as the books know it, whether or not anybody can have it. */
export interface BlobInBooks {
  readonly tenantId: string;
  readonly contentType: ContentType;
  readonly contentId: string;
  readonly createdMs: number;
  readonly expiresMs: number;
  /** The Ids of its records, in their order; undefined for a record without one. */
  readonly ids: readonly (string | undefined)[];
}

export interface Books {
  /** Every blob that was ever made but for the parts of others. */
  blobs(): readonly BlobInBooks[];
  /** The Ids that a perfect collector has delivered by now, each once; records without Id are only counted. */
  expectedIds(filter?: { readonly tenant?: string; readonly contentType?: ContentType }): Set<string>;
  /** All counts; with `ids` also the expected Ids by content type, with `log` the last requests to the API. */
  snapshot(options?: { readonly ids?: boolean; readonly log?: boolean }): BooksSnapshot;
}

export interface BooksOptions {
  readonly tenants: readonly { readonly id: string; readonly name: string }[];
  readonly store: FeedStore;
  readonly counts: Counts;
  readonly nowMs: () => number;
  /** False for a blob that no request can get any more, or ever could. */
  readonly isReachable: (blob: Blob) => boolean;
}

/** Opens the books. */
export function createBooks({ tenants, store, counts, nowMs, isReachable }: BooksOptions): Books {
  const startedAt = new Date(nowMs()).toISOString();
  const available = (blobs: readonly Blob[]): readonly Blob[] => blobs.filter(({ createdMs }) => createdMs <= nowMs());
  const isExpected = (blob: Blob): boolean => counts.ofFeed(blob.tenantId, blob.contentType).served.has(blob.contentId) || isReachable(blob);
  const idsIn = (blobs: readonly Blob[]): Set<string> => new Set(blobs.filter(isExpected).flatMap(({ ids }) => ids.filter((id) => id !== undefined)));

  const contentTypeBooks = (tenant: string, contentType: ContentType, withIds: boolean): ContentTypeBooks => {
    const blobs = available(store.shelf(tenant, contentType).blobs);
    const { listed, served, starts, ...numbers } = counts.ofFeed(tenant, contentType);
    const ids = idsIn(blobs);
    return {
      blobs: blobs.length,
      expectedEvents: ids.size,
      unreachableEvents: sum(blobs.filter((blob) => !isExpected(blob)), (blob) => blob.ids.length),
      eventsWithoutId: sum(blobs, (blob) => blob.ids.filter((id) => id === undefined).length),
      blobsListed: listed.size,
      blobsServed: served.size,
      ...numbers,
      starts: { ...starts },
      ...(withIds ? { ids: [...ids] } : {}),
    };
  };
  const tenantBooks = (id: string, name: string, withIds: boolean): TenantBooks => {
    const { minutes, byOperation, byStatus, tokens, feeds, ...numbers } = counts.ofTenant(id);
    const contentTypes = new Set([...store.shelves().filter(({ tenantId }) => tenantId === id).map(({ contentType }) => contentType), ...feeds.keys()]);
    return {
      name,
      ...numbers,
      byOperation: Object.fromEntries(byOperation),
      byStatus: Object.fromEntries(byStatus),
      byMinute: minutes.byMinute(),
      largestMinute: minutes.largest,
      tokens: { ...tokens },
      contentTypes: Object.fromEntries([...contentTypes].sort().map((contentType) => [contentType, contentTypeBooks(id, contentType, withIds)])),
    };
  };

  return {
    blobs: () => store.shelves().flatMap(({ blobs }) => blobs),
    expectedIds: ({ tenant, contentType } = {}) => {
      const shelves = store.shelves().filter((shelf) => (tenant ?? shelf.tenantId) === shelf.tenantId && (contentType ?? shelf.contentType) === shelf.contentType);
      return idsIn(shelves.flatMap(({ blobs }) => available(blobs)));
    },
    snapshot: ({ ids = false, log = false } = {}) => {
      const books = Object.fromEntries(tenants.map(({ id, name }) => [id, tenantBooks(id, name, ids)]));
      return {
        startedAt,
        now: new Date(nowMs()).toISOString(),
        tokens: { issued: sum(counts.all(), ({ tokens }) => tokens.issued), refused: sum(counts.all(), ({ tokens }) => tokens.refused) },
        requests: sum(counts.all(), ({ requests }) => requests),
        expectedEvents: sum(Object.values(books).flatMap(({ contentTypes }) => Object.values(contentTypes)), ({ expectedEvents }) => expectedEvents),
        tenants: books,
        ...(log ? { log: counts.log() } : {}),
      };
    },
  };
}

function sum<T>(items: readonly T[], value: (item: T) => number): number {
  return items.reduce((total, item) => total + value(item), 0);
}
