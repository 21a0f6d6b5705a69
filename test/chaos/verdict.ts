/** What must be true when all has calmed down, by the simulator's own books. */
import type { BlobInBooks } from '../../plugin/simulator/books.ts';
import { eventIdOf } from '../support/simulation.ts';

export interface Evidence {
  /** Every blob that ever was. */
  readonly blobs: readonly BlobInBooks[];
  /** The event.id of all that could be had. */
  readonly expected: ReadonlySet<string>;
  /** How often each event.id arrived. */
  readonly arrived: ReadonlyMap<string, number>;
  /** The blobs that the collector said are lost, by contentId, with why. */
  readonly lost: ReadonlyMap<string, string>;
  /** How often the service did something after which a blob is rightly given up. */
  readonly losingFaults: number;
  /**
   * How often a kill or a power cut may have taken notes along that were not durable yet. A blob of which the only note is gone is listed again, unless it
   * expires before: then nobody is left who could name it.
   */
  readonly forgotten: number;
  readonly nowMs: number;
}

export interface Verdict {
  /** What is wrong; nothing, if all is well. */
  readonly complaints: readonly string[];
  readonly expected: number;
  readonly arrived: number;
  /** Arrivals of what had arrived before. */
  readonly again: number;
  /** Events that the collector itself named as lost, blob by blob; and those that expired in the moment when their note was gone. */
  readonly lost: number;
  readonly unnamed: number;
}

/** How many of a kind are named one by one. */
const NAMED = 10;

/** Judges. Everything that could be had has arrived or was named as lost for a good reason; nothing has arrived that never was. */
export function judge({ blobs, expected, arrived, lost, losingFaults, forgotten, nowMs }: Evidence): Verdict {
  const complaints: string[] = [];
  const complain = (what: string, which: readonly string[]): void => {
    if (which.length > 0) complaints.push(`${which.length} ${what}: ${which.slice(0, NAMED).join(', ')}${which.length > NAMED ? '…' : ''}`);
  };
  const idsOf = ({ contentType, ids }: BlobInBooks): readonly string[] => ids.flatMap((id) => id === undefined ? [] : [eventIdOf(contentType, id)]);
  const known = new Set(blobs.flatMap(idsOf));
  const lostBlobs = blobs.filter(({ contentId }) => lost.has(contentId));
  const lostIds = new Set(lostBlobs.flatMap(idsOf));
  const isFetched = (blob: BlobInBooks): boolean => idsOf(blob).some((id) => arrived.has(id));

  const missing = [...expected].filter((id) => !arrived.has(id));
  const unnamed = missing.filter((id) => !lostIds.has(id)).map((id) => ({ id, blob: blobs.find((blob) => idsOf(blob).includes(id)) }));
  const isExpired = ({ blob }: (typeof unnamed)[number]): boolean => blob !== undefined && blob.expiresMs <= nowMs;
  const named = ({ id, blob }: (typeof unnamed)[number]): string => `${id} of ${blob?.contentId ?? 'no blob'}`;
  complain('events could be had and have not arrived', unnamed.filter((one) => !isExpired(one)).map(named));
  const expired = unnamed.filter(isExpired);
  if (new Set(expired.map(({ blob }) => blob)).size > forgotten) complain(`events have expired and were not named as lost, while at most ${forgotten} blobs can have been forgotten`, expired.map(named));
  const unexpired = lostBlobs.filter(({ expiresMs }) => expiresMs > nowMs);
  if (unexpired.length > losingFaults) complain(`blobs were given up that had not expired, while the service refused ${losingFaults}`, unexpired.map(({ contentId }) => `${contentId} (${lost.get(contentId) ?? ''})`));

  const unknown = [...arrived.keys()].filter((id) => !known.has(id));
  const withoutId = (some: readonly BlobInBooks[]): number => some.reduce((sum, { ids }) => sum + ids.filter((id) => id === undefined).length, 0);
  const made = withoutId(blobs);
  if (unknown.length > made) complain(`ids arrived that the service never had, besides those for ${made} events without one`, unknown);
  const due = withoutId(blobs.filter((blob) => isFetched(blob) && !lost.has(blob.contentId)));
  if (unknown.length < due) complaints.push(`${due} events without an Id were to arrive, and ${unknown.length} have`);
  const arrivals = [...arrived.values()].reduce((sum, times) => sum + times, 0);
  return { complaints, expected: expected.size, arrived: arrived.size, again: arrivals - arrived.size, lost: missing.length - unnamed.length, unnamed: expired.length };
}
