/** Everything that a simulator holds before it has a port: tenants, application, feeds, faults and books. */
import type { Clock } from '../types.ts';
import { createActs } from './acts.ts';
import { makeApplication, type Application } from './application.ts';
import type { Blob } from './blob.ts';
import { createBooks, type Books } from './books.ts';
import { makeCompany, type Company } from './company.ts';
import { createCounts, type Notes } from './counts.ts';
import { fileEvents, ownEvents, readEventFile, repeatedFileEvents, type EventSource } from './event-source.ts';
import { createFaults, type FaultBoard } from './faults.ts';
import { createFeedStore, type FeedStore } from './feed-store.ts';
import { createFeedWriter, type FeedWriter } from './feed-writer.ts';
import { seededRandom, type Random } from './random.ts';
import { createSubscriptions, type Subscriptions } from './subscriptions.ts';

export interface WorldOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly tenants: number;
  /** Undefined means 1000 of its own events, or a file's events once each. */
  readonly eventCount: number | undefined;
  readonly eventsFile: string | undefined;
  readonly keepIds: boolean;
  readonly eventsPerBlob: number | undefined;
}

export interface World {
  readonly companies: readonly Company[];
  readonly application: Application;
  readonly store: FeedStore;
  readonly faults: FaultBoard;
  readonly books: Books;
  readonly notes: Notes;
  readonly subscriptions: Subscriptions;
  readonly writer: FeedWriter;
  /** Where live events come from. */
  readonly live: EventSource;
  readonly random: Random;
  /** The time as the service has it: the clock's, with the skew that a fault gives it. */
  readonly nowMs: () => number;
}

const EVENT_COUNT = 1000;
const REFUSALS = ['blob-missing', 'blob-unknown', 'blob-expired', 'blob-invalid'] as const;

/** Makes the world of a seed, with its backlog. Throws SIMULATOR_EVENTS_UNREADABLE, SIMULATOR_EVENT_BROKEN. */
export function makeWorld({ clock, seed, tenants, eventCount, eventsFile, keepIds, eventsPerBlob }: WorldOptions): World {
  const lines = eventsFile === undefined ? undefined : readEventFile(eventsFile);
  const companies = Array.from({ length: tenants }, (_, index) => makeCompany(seed, index));
  const random = seededRandom(seed, 'service');
  const store = createFeedStore();
  const own = ownEvents(seed);
  const faults = createFaults({ nowMs: () => clock.nowMs(), random: seededRandom(seed, 'faults'), act: (...given) => acts(...given) });
  const nowMs = (): number => clock.nowMs() + (faults.peek('clock-skew', { path: '' })?.ms ?? 0);
  const writer = createFeedWriter({ store, seed, nowMs, eventsPerBlob });
  const acts = createActs({ companies, store, writer, source: own, random: seededRandom(seed, 'acts'), nowMs });
  const subscriptions = createSubscriptions(faults);
  const isRefused = ({ tenantId, contentType, contentId }: Blob): boolean => REFUSALS.some((name) => faults.isStanding(name, { tenant: tenantId, contentType, path: contentId }));
  const counts = createCounts(companies, nowMs);
  const books = createBooks({ tenants: companies, store, counts, nowMs, isReachable: (blob) => blob.expiresMs > nowMs() && !isRefused(blob) && !subscriptions.hides(blob.tenantId, blob.contentType, blob.createdMs) });
  writer.addBacklog(lines === undefined ? own : fileEvents(lines, companies, { seed, keepIds, eventCount }), companies, eventCount ?? EVENT_COUNT);
  return { companies, application: makeApplication(seededRandom(seed, 'application')), store, faults, books, notes: counts.notes, subscriptions, writer, live: lines === undefined ? own : repeatedFileEvents(lines, seed), random, nowMs };
}
