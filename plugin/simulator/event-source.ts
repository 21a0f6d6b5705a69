/** Where the events of a simulator come from: its own families, or a file of real ones whose text is served again. */
import { readFileSync } from 'node:fs';
import { failure, reasonOf } from '../errors.ts';
import { CONTENT_TYPES, type ContentType } from '../types.ts';
import type { ServedEvent } from './blob.ts';
import type { Company } from './company.ts';
import { contentTypeOf } from './content-type.ts';
import { eventFacts, patchEvent } from './event-text.ts';
import { dealCards, type Card } from './families/families.ts';
import type { AuditEvent } from './families/family.ts';
import { seededRandom, type Random } from './random.ts';

/** Makes the events of one blob. */
export interface EventSource {
  /** `count` events for a feed of a company, of the hour before `createdMs`; fewer when the source has no more. */
  take(company: Company, contentType: ContentType, createdMs: number, count: number): ServedEvent[];
  /** The feed that the next blob of this company should be for; undefined when the source has no more for it. */
  nextFeed(company: Company): ContentType | undefined;
  /** How many events the source has for this company; undefined when it never ends. */
  remaining(company: Company): number | undefined;
}

/** Events become available this long after they happened. */
const LATENESS_MS = [10 * 60_000, 85 * 60_000] as const;
/** How a company's blobs are spread over the feeds. */
const FEEDS: readonly ContentType[] = ['Audit.Exchange', 'Audit.AzureActiveDirectory', 'Audit.SharePoint', 'Audit.General', 'DLP.All', 'Audit.Exchange', 'Audit.AzureActiveDirectory', 'Audit.SharePoint', 'Audit.General', 'Audit.SharePoint',
  'Audit.AzureActiveDirectory', 'Audit.Exchange', 'DLP.All'];

/** The simulator's own events, without end. */
export function ownEvents(seed: number): EventSource {
  const decks = new Map<string, { readonly cards: Generator<Card, never>; readonly random: Random }>();
  const feeds = new Map<string, number>();
  const deckOf = (company: Company, contentType: ContentType) => {
    const key = `${company.id}|${contentType}`;
    const known = decks.get(key) ?? { cards: dealCards(contentType, seededRandom(seed, 'cards', key)), random: seededRandom(seed, 'events', key) };
    decks.set(key, known);
    return known;
  };
  return {
    remaining: () => undefined,
    nextFeed: ({ id }) => {
      const turn = feeds.get(id) ?? 0;
      feeds.set(id, turn + 1);
      return FEEDS[turn % FEEDS.length];
    },
    take: (company, contentType, createdMs, count) => {
      const { cards, random } = deckOf(company, contentType);
      return Array.from({ length: count }, () => {
        const { family, recordType } = cards.next().value;
        return servedEvent(family.make({ company, random, timeMs: createdMs - random.integer(...LATENESS_MS) }, recordType));
      });
    },
  };
}

/** An event of our own making, as bytes. */
export function servedEvent(event: AuditEvent): ServedEvent {
  return { bytes: Buffer.from(JSON.stringify(event)), id: typeof event.Id === 'string' ? event.Id : undefined };
}

/** An event of a file, and the feed that it belongs to. Its text holds one character a byte (latin1). */
export interface EventLine {
  readonly text: string;
  readonly contentType: ContentType;
}

/** A file's events, dealt to the companies in turn: each once, or round and round up to `eventCount`. */
export function fileEvents(lines: readonly EventLine[], companies: readonly Company[], { seed, keepIds, eventCount = lines.length }: { readonly seed: number; readonly keepIds: boolean; readonly eventCount?: number | undefined }): EventSource {
  const random = seededRandom(seed, 'file');
  const queues = new Map<string, string[]>();
  const queueOf = (tenantId: string, contentType: ContentType): string[] => {
    const key = `${tenantId}|${contentType}`;
    const known = queues.get(key) ?? [];
    queues.set(key, known);
    return known;
  };
  for (let index = 0; index < eventCount; index++) {
    const [line, company] = [lines[index % lines.length], companies[index % companies.length]];
    if (line !== undefined && company !== undefined) queueOf(company.id, line.contentType).push(line.text);
  }
  return {
    remaining: ({ id }) => CONTENT_TYPES.reduce((sum, contentType) => sum + queueOf(id, contentType).length, 0),
    // The longest queue first: the feeds then run dry together.
    nextFeed: ({ id }) => [...CONTENT_TYPES].sort((a, b) => queueOf(id, b).length - queueOf(id, a).length).find((contentType) => queueOf(id, contentType).length > 0),
    take: (company, contentType, createdMs, count) => queueOf(company.id, contentType).splice(0, count)
      .map((text) => servedText(text, { company, random, timeMs: createdMs - random.integer(...LATENESS_MS), keepIds })),
  };
}

/** A file's events again and again, always with fresh Ids: for a simulator that goes on adding events. */
export function repeatedFileEvents(lines: readonly EventLine[], seed: number): EventSource {
  const random = seededRandom(seed, 'file again');
  const feeds = CONTENT_TYPES.filter((contentType) => lines.some((line) => line.contentType === contentType));
  let turn = 0;
  return {
    remaining: () => undefined,
    nextFeed: () => feeds[turn++ % feeds.length],
    take: (company, contentType, createdMs, count) => {
      const own = lines.filter((line) => line.contentType === contentType);
      return own.length === 0 ? [] : Array.from({ length: count }, () => servedText(random.pick(own).text, { company, random, timeMs: createdMs - random.integer(...LATENESS_MS), keepIds: false }));
    },
  };
}

/** An event's text with a fresh Id (unless Ids are kept), the time of this scene and this tenant's id, as bytes. */
export function servedText(text: string, { company, random, timeMs, keepIds }: { readonly company: Company; readonly random: Random; readonly timeMs: number; readonly keepIds: boolean }): ServedEvent {
  const fresh = random.guid();
  const patched = patchEvent(text, { creationMs: timeMs, organizationId: company.id, ...(keepIds ? {} : { id: fresh }) });
  const { id } = eventFacts(patched);
  return { bytes: Buffer.from(patched, 'latin1'), id };
}

/** The texts in a file or body of events, one a line, each with the feed that it belongs to. Throws SIMULATOR_EVENT_BROKEN. */
export function splitEvents(ndjson: string, file: string): EventLine[] {
  return ndjson.split('\n').flatMap((line, index) => {
    const text = line.trim();
    if (text === '') return [];
    try {
      return [{ text, contentType: contentTypeOf(eventFacts(text)) }];
    } catch (error) {
      throw failure('SIMULATOR_EVENT_BROKEN', { line: index + 1, file, reason: reasonOf(error) }, error);
    }
  });
}

/** Reads a file of events. Throws SIMULATOR_EVENTS_UNREADABLE, SIMULATOR_EVENT_BROKEN. */
export function readEventFile(file: string): EventLine[] {
  let ndjson;
  try {
    ndjson = readFileSync(file, 'latin1');
  } catch (error) {
    throw failure('SIMULATOR_EVENTS_UNREADABLE', { file, reason: reasonOf(error) }, error);
  }
  return splitEvents(ndjson, file);
}
