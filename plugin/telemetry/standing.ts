/**
 * How a collector stands: what each content type of each tenant has counted since its first day, how far it is, and what keeps it from going on. It lies in the
 * state directory, is replaced as a whole every few seconds, and is gone on with by the next run.
 */
import { CONTENT_TYPES, type ContentType } from '../types.ts';
import { COUNT_NAMES, noCounts, type FeedCounts } from './counts.table.ts';

/** Raised when an older program would misread what a newer one wrote. */
export const STANDING_VERSION = 1;

/** What keeps something from being collected, in the words of the table of failures. */
export interface Trouble {
  readonly code: string;
  readonly reason: string;
  readonly repair: string;
  readonly sinceMs: number;
}

export interface FeedStanding {
  readonly counts: Readonly<FeedCounts>;
  /** When a listing of the type last came to its end, and up to which `contentCreated` all is listed. */
  readonly lastListedMs?: number;
  readonly listedUntilMs?: number;
  readonly lastDeliveredMs?: number;
  /** When content was last lost, of whatever kind. */
  readonly lastLostMs?: number;
  /** Blobs that are listed and not delivered, those of them that failed, and when the oldest became available. */
  readonly owed: number;
  readonly parked: number;
  readonly oldestOwedMs?: number;
  readonly trouble?: Trouble;
}

/** Requests of the last minute, and of how many; how many wait, and until when the service has asked for a pause. */
export interface Quota {
  readonly used: number;
  readonly limit: number;
  readonly waiting: number;
  readonly pausedUntilMs?: number;
}

export interface TenantStanding {
  readonly name: string;
  readonly feeds: Readonly<Partial<Record<ContentType, FeedStanding>>>;
  readonly quota?: Quota;
  /** When the credential of the application expires, as far as it can be known. */
  readonly credentialExpiresMs?: number;
  readonly trouble?: Trouble;
}

/** How a run ended; `isComplete` when everything was delivered and that was its task. */
export interface Ending {
  readonly atMs: number;
  readonly reason: string;
  readonly isComplete: boolean;
}

export interface Standing {
  readonly version: typeof STANDING_VERSION;
  readonly program: string;
  readonly processId: number;
  readonly startedMs: number;
  readonly writtenMs: number;
  /** Missing while it runs, and after a sudden end. */
  readonly ending?: Ending;
  /** By the id in the configuration. */
  readonly tenants: Readonly<Record<string, TenantStanding>>;
}

/** The content types of a tenant, in the order of the standing. */
export function feedsOf({ feeds }: Pick<TenantStanding, 'feeds'>): readonly (readonly [ContentType, FeedStanding])[] {
  return Object.entries(feeds) as [ContentType, FeedStanding][];
}

/** Reads what a run wrote; undefined if it is not that, or of a newer version. What is missing in it counts as zero. */
export function readStanding(text: string): Standing | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // told by what is returned
    return undefined;
  }
  const { version, program, processId, startedMs, writtenMs, ending, tenants } = objectOf(value);
  if (version !== STANDING_VERSION || !isNumber(startedMs) || !isNumber(writtenMs)) return undefined;
  return {
    version, startedMs, writtenMs, program: textOf(program), processId: isNumber(processId) ? processId : 0, ...readEnding(objectOf(ending)),
    tenants: Object.fromEntries(Object.entries(objectOf(tenants)).map(([id, tenant]) => [id, readTenant(id, objectOf(tenant))])),
  };
}

function readEnding({ atMs, reason, isComplete }: Fields): { readonly ending?: Ending } {
  return isNumber(atMs) ? { ending: { atMs, reason: textOf(reason), isComplete: isComplete === true } } : {};
}

function readTenant(id: string, { name, feeds, quota, credentialExpiresMs, trouble }: Fields): TenantStanding {
  const { used, limit, waiting, pausedUntilMs } = objectOf(quota);
  return {
    name: textOf(name) || id,
    feeds: Object.fromEntries(CONTENT_TYPES.flatMap((type) => type in objectOf(feeds) ? [[type, readFeed(objectOf(objectOf(feeds)[type]))]] : [])),
    ...(isNumber(used) && isNumber(limit) ? { quota: { used, limit, waiting: isNumber(waiting) ? waiting : 0, ...numbers({ pausedUntilMs }) } } : {}),
    ...numbers({ credentialExpiresMs }),
    ...readTrouble(trouble),
  };
}

function readFeed({ counts, owed, parked, trouble, lastListedMs, listedUntilMs, lastDeliveredMs, lastLostMs, oldestOwedMs }: Fields): FeedStanding {
  const read = noCounts();
  for (const name of COUNT_NAMES) {
    const count = objectOf(counts)[name];
    if (isNumber(count)) read[name] = count;
  }
  return {
    counts: read, owed: isNumber(owed) ? owed : 0, parked: isNumber(parked) ? parked : 0,
    ...numbers({ lastListedMs, listedUntilMs, lastDeliveredMs, lastLostMs, oldestOwedMs }), ...readTrouble(trouble),
  };
}

function readTrouble(value: unknown): { readonly trouble?: Trouble } {
  const { code, reason, repair, sinceMs } = objectOf(value);
  return typeof code === 'string' && isNumber(sinceMs) ? { trouble: { code, reason: textOf(reason), repair: textOf(repair), sinceMs } } : {};
}

type Fields = Readonly<Record<string, unknown>>;

function objectOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? value as Fields : {};
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Those of the fields that hold a number. */
function numbers<Name extends string>(fields: Readonly<Record<Name, unknown>>): Partial<Record<Name, number>> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => isNumber(value))) as Partial<Record<Name, number>>;
}
