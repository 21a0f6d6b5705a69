/** The standing of a collector for machines: one JSON object, names in snake case, times in RFC 3339, spans in seconds. */
import type { FeedStanding, TenantStanding, Trouble } from './standing.ts';
import type { StandingReport } from './standing-page.ts';
import { lagOf } from './verdict.ts';

/** The object that `o365audit status --json` prints. */
export function standingAsJson({ standing, directory, isRunning, problems, losses, deadLetters, nowMs }: StandingReport): object {
  const { program, processId, startedMs, writtenMs, ending, tenants } = standing;
  return {
    is_well: problems.length === 0,
    problems: problems.map(({ tenant, contentType, sentence, repair }) => ({ tenant, content_type: contentType, sentence, repair })),
    collector: {
      is_running: isRunning, process_id: processId, version: program, state_dir: directory, started: time(startedMs), written: time(writtenMs),
      ...(ending === undefined ? {} : { ended: time(ending.atMs), end_reason: ending.reason, is_complete: ending.isComplete }),
    },
    dead_letters: deadLetters,
    tenants: Object.entries(tenants).map(([id, tenant]) => ({ id, ...tenantAsJson(tenant, nowMs) })),
    losses: losses.map(({ tenant, contentType, what, reason, atMs }) => ({ tenant, content_type: contentType, what, reason, at: time(atMs) })),
  };
}

function tenantAsJson({ name, feeds, quota, credentialExpiresMs, trouble }: TenantStanding, nowMs: number): object {
  return {
    name, credential_expires: time(credentialExpiresMs), trouble: troubleAsJson(trouble),
    quota: quota === undefined ? undefined : { used: quota.used, limit: quota.limit, waiting: quota.waiting, paused_until: time(quota.pausedUntilMs) },
    content_types: Object.entries(feeds).map(([type, feed]) => ({ content_type: type, ...feedAsJson(feed, nowMs) })),
  };
}

function feedAsJson(feed: FeedStanding, nowMs: number): object {
  const { counts, owed, parked } = feed;
  const lagMs = lagOf(feed, nowMs);
  return {
    last_listed: time(feed.lastListedMs), listed_until: time(feed.listedUntilMs), last_delivered: time(feed.lastDeliveredMs), last_lost: time(feed.lastLostMs),
    lag_seconds: lagMs === undefined ? undefined : Math.round(lagMs / 1000),
    blobs_owed: owed, blobs_parked: parked, oldest_owed: time(feed.oldestOwedMs), trouble: troubleAsJson(feed.trouble),
    counts: Object.fromEntries(Object.entries(counts).map(([name, count]) => [snakeCase(name), count])),
  };
}

function troubleAsJson(trouble: Trouble | undefined): object | undefined {
  return trouble === undefined ? undefined : { code: trouble.code, reason: trouble.reason, repair: trouble.repair, since: time(trouble.sinceMs) };
}

function time(atMs: number | undefined): string | undefined {
  return atMs === undefined ? undefined : new Date(atMs).toISOString();
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
