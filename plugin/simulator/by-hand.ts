/** Events that a test or a user adds to a running simulator: one blob a call, their text as given. */
import { failure } from '../errors.ts';
import type { ContentType } from '../types.ts';
import type { Company } from './company.ts';
import { servedText, splitEvents } from './event-source.ts';
import { eventFacts } from './event-text.ts';
import type { FeedWriter } from './feed-writer.ts';
import type { Random } from './random.ts';

/** Events that are added as one blob now. */
export interface EventsByHand {
  /** One event a line, one character a byte of its UTF-8 (latin1), as `readFileSync(file, 'latin1')` gives it. */
  readonly ndjson: string;
  /** The tenant's GUID; the first tenant by default. */
  readonly tenant?: string | undefined;
  /** The feed; by default the one that the first event belongs to. */
  readonly contentType?: ContentType | undefined;
  readonly keepIds?: boolean | undefined;
  /** Change nothing at all, neither Id nor CreationTime nor OrganizationId. */
  readonly verbatim?: boolean | undefined;
  /** How long ago the blob's contentCreated shall be. */
  readonly ageMs?: number | undefined;
}

export interface AddedEvents {
  readonly contentId: string;
  readonly contentType: ContentType;
  readonly ids: readonly (string | null)[];
}

export interface ByHandOptions {
  readonly companies: readonly Company[];
  readonly writer: FeedWriter;
  readonly random: Random;
  readonly nowMs: () => number;
}

const NAME = 'the events given';

/** Adds one blob. Throws SIMULATOR_EVENTS_UNREADABLE, SIMULATOR_EVENT_BROKEN. */
export function addByHand({ ndjson, tenant, contentType, keepIds = false, verbatim = false, ageMs = 0 }: EventsByHand, { companies, writer, random, nowMs }: ByHandOptions): AddedEvents {
  const company = companies.find(({ id }) => tenant === undefined || id === tenant.toLowerCase());
  if (company === undefined) throw failure('SIMULATOR_EVENTS_UNREADABLE', { file: NAME, reason: `there is no tenant ${String(tenant)}` });
  const lines = splitEvents(ndjson, NAME);
  const [first] = lines;
  if (first === undefined) throw failure('SIMULATOR_EVENTS_UNREADABLE', { file: NAME, reason: 'there is no line in them' });
  const createdMs = nowMs() - ageMs;
  const events = lines.map(({ text }) => verbatim ? { bytes: Buffer.from(text, 'latin1'), id: eventFacts(text).id } : servedText(text, { company, random, timeMs: createdMs, keepIds }));
  const blob = writer.add({ company, contentType: contentType ?? first.contentType, createdMs, events });
  return { contentId: blob.contentId, contentType: blob.contentType, ids: blob.ids.map((id) => id ?? null) };
}
