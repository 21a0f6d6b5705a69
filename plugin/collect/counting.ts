/** Counts what becomes of a tenant's blobs, around the ledger and the API, so that nobody on their way has to think of it. */
import type { AuditError } from '../errors.ts';
import type { ContentBlob, ContentType, Window } from '../types.ts';
import type { Carrier } from './carry.ts';
import type { Listing } from './tenant.ts';

type Count = 'blobsListed' | 'blobsListedAgain' | 'blobsFetched' | 'bytesFetched' | 'eventsDelivered' | 'eventsLeftOut' | 'eventsDuplicate' | 'blobsParked' | 'secondsLost';

/** The counters of one tenant; telemetry/counters.ts keeps them. */
export interface TenantCounts {
  add(type: ContentType, name: Count, count?: number): void;
  listedUntil(type: ContentType, untilMs: number): void;
  delivered(type: ContentType): void;
  lost(type: ContentType, name: 'blobsExpired' | 'blobsUnavailable' | 'windowsLost'): void;
  trouble(type: ContentType | undefined, trouble: { readonly code: string; readonly reason: string; readonly repair: string } | undefined): void;
}

/** The parts of a tenant's collector, each counting. */
export interface Counting {
  readonly listing: Listing;
  readonly carrier: Carrier;
  /** A blob has failed, and waits for the next round. */
  parked(blob: ContentBlob): void;
  /** Events were acknowledged; `leftOut` are those that the output does not take, `duplicates` those that were delivered before. */
  events(type: ContentType, counts: { readonly delivered: number; readonly leftOut: number; readonly duplicates: number }): void;
  /** A round has ended: what kept types, or the whole tenant, from being listed. */
  round(failures: ReadonlyMap<ContentType, AuditError>, whole: AuditError | undefined): void;
  lostWindow(type: ContentType, window: Window): void;
  /** What is owed, by type, those that have failed counted apart. */
  owed(blobs: Iterable<ContentBlob>, isParked: (blob: ContentBlob) => boolean): ReadonlyMap<ContentType, { readonly blobs: number; readonly parked: number; readonly oldest: string }>;
}

export function countTenant(listing: Listing, carrier: Carrier, contentTypes: readonly ContentType[], counts: TenantCounts): Counting {
  return {
    listing: {
      ...listing,
      owe(blobs) {
        const fresh = listing.owe(blobs);
        for (const { contentType } of fresh) counts.add(contentType, 'blobsListed');
        const [first] = blobs;
        if (first !== undefined && blobs.length > fresh.length) counts.add(first.contentType, 'blobsListedAgain', blobs.length - fresh.length);
        return fresh;
      },
      listed(type, untilMs) {
        listing.listed(type, untilMs);
        counts.listedUntil(type, untilMs);
      },
    },
    carrier: {
      ...carrier,
      async open(blob, signal) {
        const body = await carrier.open(blob, signal);
        counts.add(blob.contentType, 'blobsFetched');
        return counted(body, (bytes) => counts.add(blob.contentType, 'bytesFetched', bytes));
      },
      async commit(blob) {
        await carrier.commit(blob);
        counts.delivered(blob.contentType);
      },
      async lose(blob, reason) {
        await carrier.lose(blob, reason);
        counts.lost(blob.contentType, carrier.isOver(Date.parse(blob.contentExpiration)) ? 'blobsExpired' : 'blobsUnavailable');
      },
    },
    parked(blob) {
      counts.add(blob.contentType, 'blobsParked');
    },
    events(type, { delivered, leftOut, duplicates }) {
      counts.add(type, 'eventsDelivered', delivered);
      counts.add(type, 'eventsLeftOut', leftOut);
      counts.add(type, 'eventsDuplicate', duplicates);
    },
    round(failures, whole) {
      counts.trouble(undefined, troubleOf(whole));
      if (whole === undefined) for (const type of contentTypes) counts.trouble(type, troubleOf(failures.get(type)));
    },
    lostWindow(type, { startMs, endMs }) {
      counts.lost(type, 'windowsLost');
      counts.add(type, 'secondsLost', Math.round((endMs - startMs) / 1000));
    },
    owed(blobs, isParked) {
      const types = new Map<ContentType, { blobs: number; parked: number; oldest: string }>();
      for (const blob of blobs) {
        const type = types.get(blob.contentType) ?? { blobs: 0, parked: 0, oldest: blob.contentCreated };
        types.set(blob.contentType, type);
        type.blobs += 1;
        if (isParked(blob)) type.parked += 1;
        // texts of one form stand in the order of their times
        if (blob.contentCreated < type.oldest) type.oldest = blob.contentCreated;
      }
      return types;
    },
  };
}

async function* counted(body: AsyncIterable<Uint8Array>, note: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) {
    note(chunk.byteLength);
    yield chunk;
  }
}

function troubleOf(error: AuditError | undefined): Parameters<TenantCounts['trouble']>[1] {
  return error === undefined ? undefined : { code: error.code, reason: error.message, repair: error.repair };
}
