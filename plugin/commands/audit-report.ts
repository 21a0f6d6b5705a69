/** What an audit found, for people and for machines: by tenant, content type and hour. */
import { durationText } from '../config/value.ts';
import { counted, numberText } from '../telemetry/counted.ts';
import { setAsideText, type SetAside } from '../store/failures.ts';
import type { Retention } from '../store/retention.ts';
import type { ContentType, Tenant } from '../types.ts';
import type { FeedAudit, TenantAudit } from './audit-tenant.ts';

/** Events which are delivered, says the ledger, and which the store does not have. */
export interface MissingEvents {
  readonly tenantId: string;
  readonly contentType: ContentType;
  /** `contentCreated` of their blob. */
  readonly created: string;
  readonly ids: ReadonlySet<string>;
}

export interface StoreFindings {
  readonly name: string;
  readonly lookedUp: number;
  readonly missing: readonly MissingEvents[];
  /** Those that are not there and that the store may have deleted by right: they are older than it keeps documents. */
  readonly expired: readonly MissingEvents[];
  /** Of the data streams of which something is not there. */
  readonly retentions: readonly Retention[];
  /** How many of the missing are missing still, after they were sent again; absent when none was. */
  readonly stillMissing?: number;
  /** What lies in the failure stores of the data streams; absent where they cannot be looked at. */
  readonly setAside?: SetAside | undefined;
}

export interface AuditFindings {
  readonly tenants: readonly TenantAudit[];
  /** Tenants that could not be audited. */
  readonly failed: readonly { readonly tenant: string; readonly reason: string; readonly repair: string }[];
  readonly store?: StoreFindings;
  /** What was done about it, and whether nothing is missing any more. */
  readonly done: readonly string[];
  readonly isRepaired?: boolean;
}

/** Whether nothing is missing, and all could be looked at. */
export function isComplete({ tenants, failed, store }: AuditFindings): boolean {
  return failed.length === 0 && tenants.every(({ feeds }) => feeds.every((feed) => feed.missing.length === 0 && isLookedAt(feed))) && (store?.missing.length ?? 0) === 0;
}

/** Whether the service has told all that it has of a content type, and the ledger knows of the type. */
export function isLookedAt({ trouble, isNeverListed }: FeedAudit): boolean {
  return trouble === undefined && !isNeverListed;
}

/** The findings in words. */
export function auditPage(findings: AuditFindings): string {
  const { tenants, failed, store, done, isRepaired = false } = findings;
  const lines = tenants.flatMap(({ tenant, feeds }) => [tenant.name ?? tenant.id, ...feeds.flatMap((feed) => feedLines(feed, eventsOf(store?.missing, tenant, feed), eventsOf(store?.expired, tenant, feed)))]);
  const refusals = failed.flatMap(({ tenant, reason, repair }) => [tenant, `  ! it could not be audited: ${reason}`, `      ${repair}`]);
  const looked = store === undefined ? [] : [`${counted(store.lookedUp, 'event was', 'events were')} looked up in ${store.name}.`, ...retentionLines(store), ...setAsideLines(store.setAside)];
  const verdict = isRepaired ? '✓ Nothing is missing any more.' : isComplete(findings) ? '✓ Nothing is missing.' : `! ${summary(findings)}`;
  return [...lines, ...refusals, ...looked, ...done, verdict, ''].join('\n');
}

/** The findings as one object. */
export function auditAsJson(findings: AuditFindings): object {
  const { tenants, failed, store, done } = findings;
  return {
    is_complete: isComplete(findings), is_repaired: findings.isRepaired ?? false, done, failed,
    store: store === undefined ? undefined : {
      name: store.name, events_looked_up: store.lookedUp, events_missing: countOf(store.missing), events_still_missing: store.stillMissing, events_older_than_kept: countOf(store.expired), documents_set_aside: store.setAside?.count,
      retention: store.retentions.map(({ stream, isThere, keepsMs, unread }) => ({ data_stream: stream, exists: isThere, keeps_seconds: keepsMs === undefined ? undefined : keepsMs / 1_000, unread })),
    },
    tenants: tenants.map(({ tenant, feeds }) => ({
      id: tenant.id, name: tenant.name,
      content_types: feeds.map((feed) => {
        const { contentType, listed, delivered, waiting, later, isNeverListed, missing, trouble } = feed;
        const events = eventsOf(store?.missing, tenant, feed);
        return {
          content_type: contentType, blobs_listed: listed, blobs_delivered: delivered, blobs_waiting: waiting, blobs_to_be_listed: later, is_never_listed: isNeverListed, blobs_missing: missing.length, trouble: trouble?.message,
          missing_blobs_by_hour: Object.fromEntries(byHour(missing.map(({ contentCreated }) => [contentCreated, 1]))),
          ...(store === undefined ? {} : { missing_events_by_hour: Object.fromEntries(byHour(events.map(({ created, ids }) => [created, ids.size]))), missing_event_ids: events.flatMap(({ ids }) => [...ids]), events_older_than_kept: countOf(eventsOf(store.expired, tenant, feed)) }),
        };
      }),
    })),
  };
}

function feedLines(feed: FeedAudit, events: readonly MissingEvents[], expired: readonly MissingEvents[]): readonly string[] {
  const { contentType, listed, delivered, waiting, later, isNeverListed, missing, trouble } = feed;
  const rest = [waiting === 0 ? [] : `${numberText(waiting)} waiting`, later === 0 ? [] : `${numberText(later)} to be listed next`, missing.length === 0 ? [] : `${numberText(missing.length)} missing`].flat();
  const isGood = missing.length === 0 && events.length === 0 && isLookedAt(feed);
  return [
    `  ${isGood ? '✓' : '!'} ${contentType.padEnd(26)} ${counted(listed, 'blob')}, ${numberText(delivered)} delivered${rest.map((part) => `, ${part}`).join('')}`,
    ...(trouble === undefined ? [] : [`      it could not be listed: ${trouble.message}`]),
    ...(isNeverListed ? ['      no collector with this state directory has listed it yet: is it the right one (--state-dir)?'] : []),
    ...byHour(missing.map(({ contentCreated }) => [contentCreated, 1])).map(([hour, count]) => `      ${hour}  ${counted(count, 'blob')} missing`),
    ...byHour(events.map(({ created, ids }) => [created, ids.size])).map(([hour, count]) => `      ${hour}  ${counted(count, 'event')} missing in the store`),
    ...(expired.length === 0 ? [] : [`      ${counted(countOf(expired), 'event is', 'events are')} older than the store keeps`]),
  ];
}

function eventsOf(all: readonly MissingEvents[] = [], { id }: Tenant, { contentType }: FeedAudit): readonly MissingEvents[] {
  return all.filter((each) => each.tenantId === id && each.contentType === contentType);
}

/** Counts by the hour in which their content became available, oldest first. */
function byHour(counts: readonly (readonly [created: string, count: number])[]): readonly (readonly [hour: string, count: number])[] {
  const hours = new Map<string, number>();
  for (const [created, count] of counts) {
    const hour = `${created.slice(0, 13).replace('T', ' ')}:00`;
    hours.set(hour, (hours.get(hour) ?? 0) + count);
  }
  return [...hours].sort(([left], [right]) => left < right ? -1 : 1);
}

function summary({ tenants, failed, store }: AuditFindings): string {
  const blobs = sum(tenants.flatMap(({ feeds }) => feeds.map(({ missing }) => missing.length)));
  const events = store?.stillMissing ?? countOf(store?.missing ?? []);
  const unseen = failed.length + sum(tenants.flatMap(({ feeds }) => feeds.map((feed) => isLookedAt(feed) ? 0 : 1)));
  return [blobs === 0 ? [] : `${counted(blobs, 'content blob is', 'content blobs are')} missing.`, events === 0 ? [] : `${counted(events, 'event is', 'events are')} missing in the store.`, unseen === 0 ? [] : 'Not everything could be looked at.'].flat().join(' ');
}

/** What the store's own rules have to do with what is not there. */
function retentionLines({ missing, expired, retentions, name }: StoreFindings): readonly string[] {
  const gone = expired.length === 0 ? [] : [`${counted(countOf(expired), 'event is', 'events are')} not there and not missing: ${retentions.flatMap(({ stream, keepsMs }) => keepsMs === undefined ? [] : `${stream} keeps documents for ${durationText(keepsMs)}`).join(', ')}.`];
  if (missing.length === 0) return gone;
  return [...gone, ...retentions.flatMap(({ stream, isThere, unread }) => [
    isThere ? [] : `! ${name} has no data stream ${stream}, or does not show it. Check --elasticsearch, the namespace and the right to read it, and that the log agent writes there.`,
    unread === undefined ? [] : `! How long ${stream} keeps documents cannot be read (${unread}): what it has deleted by right counts as missing. Reading it needs view_index_metadata for logs-o365.audit-*, and read_ilm with a policy.`,
  ].flat())];
}

/** They were taken from the log agent as if they were stored. */
function setAsideLines(setAside: SetAside | undefined): readonly string[] {
  return setAside === undefined || setAside.count === 0 ? [] : [`! ${setAsideText(setAside)}. They are in no other number here; those that have not come again are among the missing.`];
}

/** How many events are missing. */
export function countOf(events: readonly MissingEvents[]): number {
  return sum(events.map(({ ids }) => ids.size));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
