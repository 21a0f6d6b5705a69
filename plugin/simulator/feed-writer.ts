/** Puts blobs into the feeds: the backlog that a simulator starts with, live ones while it runs, and those that come by hand. */
import { CONTENT_TYPES, type Clock, type ContentType } from '../types.ts';
import type { Log } from '../telemetry/log.ts';
import { makeBlob, RETENTION_MS, type Blob, type ServedEvent } from './blob.ts';
import type { Company } from './company.ts';
import type { EventSource } from './event-source.ts';
import type { FeedStore } from './feed-store.ts';
import { seededRandom } from './random.ts';

export interface FeedWriterOptions {
  readonly store: FeedStore;
  readonly seed: number;
  readonly nowMs: () => number;
  readonly eventsPerBlob: number | undefined;
}

export interface FeedWriter {
  /** Adds one blob; it lives for seven days unless told otherwise. */
  add(blob: { readonly company: Company; readonly contentType: ContentType; readonly createdMs: number; readonly events: readonly ServedEvent[]; readonly bare?: boolean; readonly lifeMs?: number }): Blob;
  /** Adds what a simulator starts with: `eventCount` events (or all of a file's), in blobs spread over the past hours. */
  addBacklog(source: EventSource, companies: readonly Company[], eventCount: number): void;
  /** Adds events at a rate until it is stopped. */
  addLive(source: EventSource, companies: readonly Company[], ratePerSecond: number, running: { readonly clock: Clock; readonly log: Log; readonly stop: AbortSignal }): Promise<void>;
}

/** The backlog lies between this long ago and a few seconds ago. */
const BACKLOG_SPAN_MS = 30 * 3_600_000;
const NEWEST_AGE_MS = 5_000;
/** How far apart the first and last key of a blob are at most. */
const KEY_RANGE_MS = 90_000;
/** A live blob holds about this many events, and comes at most once in this time. */
const LIVE_EVENTS_A_BLOB = 10;
const LIVE_INTERVAL_MS = 1_000;
/** Live events pause when the bodies held pass this. */
const HELD_BYTES_LIMIT = 4 * 1024 ** 3;
/** Keys get six digits that no other blob of the same millisecond has: a step without common factors walks through all of them. */
const KEY_DIGIT_STEP = 387_421;

/** Makes a writer for a store. */
export function createFeedWriter({ store, seed, nowMs, eventsPerBlob }: FeedWriterOptions): FeedWriter {
  const random = seededRandom(seed, 'blobs');
  let sequence = 0;

  const add: FeedWriter['add'] = ({ company, contentType, createdMs, events, bare = false, lifeMs = RETENTION_MS }) => {
    sequence++;
    const created = Math.floor(createdMs);
    const range = events.length < 2 ? 0 : random.integer(0, KEY_RANGE_MS);
    const blob = makeBlob({
      sequence, tenantId: company.id, contentType, createdMs: created, lastKeyMs: Math.max(created, Math.min(created + range, Math.floor(nowMs()))), expiresMs: created + lifeMs, bare,
      keyDigits: String(sequence * KEY_DIGIT_STEP % 1_000_000).padStart(6, '0'), stamp: `${random.pick(['emea', 'na', 'apac'])}${String(random.integer(1, 99)).padStart(4, '0')}`,
    }, events);
    store.add(blob);
    return blob;
  };
  // Two throws: around fifty, from one to a hundred.
  const blobSize = (): number => eventsPerBlob ?? Math.ceil((random.integer(1, 100) + random.integer(1, 100)) / 2);

  return {
    add,
    addBacklog: (source, companies, eventCount) => {
      const plans = companies.flatMap((company, index) => {
        let left = source.remaining(company) ?? Math.floor(eventCount / companies.length) + (index < eventCount % companies.length ? 1 : 0);
        const sizes = [];
        while (left > 0) {
          const size = Math.min(left, blobSize());
          sizes.push(size);
          left -= size;
        }
        return sizes.map((size, place) => ({ company, size, share: (place + random.next()) / sizes.length }));
      });
      const newestMs = nowMs() - NEWEST_AGE_MS;
      const lastOfFeed = new Map<string, number>();
      for (const { company, size, share } of plans.sort((a, b) => a.share - b.share)) {
        let left = size;
        // A file's feed may have fewer events left than the blob was to have: the next feed fills up.
        while (left > 0) {
          const contentType = source.nextFeed(company);
          if (contentType === undefined) break;
          const feed = `${company.id}|${contentType}`;
          const previousMs = lastOfFeed.get(feed);
          // Some blobs share their contentCreated to the millisecond with the one before.
          const createdMs = previousMs !== undefined && random.chance(0.1) ? previousMs : Math.floor(newestMs - BACKLOG_SPAN_MS * (1 - share));
          lastOfFeed.set(feed, createdMs);
          const events = source.take(company, contentType, createdMs, left);
          left -= events.length;
          add({ company, contentType, createdMs, events });
        }
      }
    },
    addLive: async (source, companies, ratePerSecond, { clock, log, stop }) => {
      let owed = 0;
      let turn = 0;
      let isFull = false;
      let lastMs = clock.nowMs();
      while (!stop.aborted) {
        await clock.wait(Math.max(LIVE_INTERVAL_MS, LIVE_EVENTS_A_BLOB / ratePerSecond * 1000), stop);
        owed += (clock.nowMs() - lastMs) / 1000 * ratePerSecond;
        lastMs = clock.nowMs();
        store.dropBodies(nowMs());
        const company = companies[turn % companies.length];
        const wasFull = isFull;
        isFull = store.heldBytes() > HELD_BYTES_LIMIT;
        if (isFull && !wasFull) log('simulator.full', { bytes: store.heldBytes() });
        if (company === undefined || isFull) continue;
        turn++;
        const contentType = source.nextFeed(company) ?? CONTENT_TYPES[turn % CONTENT_TYPES.length] ?? 'Audit.General';
        const events = source.take(company, contentType, nowMs(), Math.floor(owed));
        owed -= Math.floor(owed);
        if (events.length > 0) add({ company, contentType, createdMs: nowMs(), events });
      }
    },
  };
}
