/** Every metric that `--metrics` serves: name, type, labels, what it says, and where it is read. METRICS.md is generated from this table. */
import { COUNT_NAMES, COUNTS } from './counts.table.ts';
import type { FeedStanding, Standing, TenantStanding } from './standing.ts';
import { lagOf, type Letters } from './verdict.ts';

/** What the process knows of itself, for the names that Prometheus has for every process, and of its state directory. */
export interface ProcessFigures {
  readonly residentBytes: number;
  readonly cpuSeconds: number;
  readonly letters: Letters;
}

interface Described {
  readonly type: 'counter' | 'gauge';
  readonly help: string;
}

/** One value for the whole process. */
export interface ProcessMetric extends Described {
  readonly of: (standing: Standing, figures: ProcessFigures) => number;
  /** Its own label. */
  readonly label?: (standing: Standing) => readonly [name: string, value: string];
}

/** One value a tenant; undefined is left out. */
export interface TenantMetric extends Described {
  readonly of: (tenant: TenantStanding, nowMs: number) => number | undefined;
}

/** One value a content type of a tenant; undefined is left out. */
export interface FeedMetric extends Described {
  readonly of: (feed: FeedStanding, nowMs: number) => number | undefined;
}

export const PROCESS_METRICS: Readonly<Record<string, ProcessMetric>> = {
  o365audit_build_info: { type: 'gauge', help: 'Always 1; the label says which version runs.', of: () => 1, label: ({ program }) => ['version', program] },
  process_start_time_seconds: { type: 'gauge', help: 'When the collector was started, in seconds since 1970.', of: ({ startedMs }) => startedMs / 1000 },
  process_resident_memory_bytes: { type: 'gauge', help: 'Memory of the process.', of: (_standing, { residentBytes }) => residentBytes },
  process_cpu_seconds_total: { type: 'counter', help: 'Time that the process has spent on processors.', of: (_standing, { cpuSeconds }) => cpuSeconds },
  o365audit_dead_letters: { type: 'gauge', help: 'Events that the output did not take, and which wait in dead letters until somebody delivers them again.', of: (_standing, { letters }) => letters.count },
  o365audit_dead_letters_limit: { type: 'gauge', help: 'How many there may be (dead_letters_limit); beyond that content blobs with such events stay owed.', of: (_standing, { letters }) => letters.countLimit },
  o365audit_dead_letters_bytes: { type: 'gauge', help: 'Bytes of those events on the disk.', of: (_standing, { letters }) => letters.bytes },
  o365audit_dead_letters_limit_bytes: { type: 'gauge', help: 'How many bytes there may be (dead_letters_size).', of: (_standing, { letters }) => letters.bytesLimit },
};

export const TENANT_METRICS: Readonly<Record<string, TenantMetric>> = {
  o365audit_tenant_refused: { type: 'gauge', help: '1 while nothing of the tenant can be listed, else 0.', of: ({ trouble }) => trouble === undefined ? 0 : 1 },
  o365audit_quota_used_requests: { type: 'gauge', help: 'Requests of the last minute that count against the tenant\'s quota.', of: ({ quota }) => quota?.used },
  o365audit_quota_limit_requests: { type: 'gauge', help: 'How many requests a minute are allowed (api.max_requests_per_minute).', of: ({ quota }) => quota?.limit },
  o365audit_quota_waiting_requests: { type: 'gauge', help: 'Requests that wait for quota.', of: ({ quota }) => quota?.waiting },
  o365audit_throttled: { type: 'gauge', help: '1 while the service has asked for a pause, else 0.', of: ({ quota }, nowMs) => quota === undefined ? undefined : (quota.pausedUntilMs ?? 0) > nowMs ? 1 : 0 },
  o365audit_credential_expires_timestamp_seconds: { type: 'gauge', help: 'When the credential of the application expires, in seconds since 1970; only where it can be known.', of: ({ credentialExpiresMs }) => seconds(credentialExpiresMs) },
};

export const FEED_METRICS: Readonly<Record<string, FeedMetric>> = {
  o365audit_lag_seconds: { type: 'gauge', help: 'How far delivery is behind the service: all that became available before is delivered.', of: (feed, nowMs) => seconds(lagOf(feed, nowMs)) },
  o365audit_last_listed_timestamp_seconds: { type: 'gauge', help: 'When the type was last listed to the end, in seconds since 1970.', of: ({ lastListedMs }) => seconds(lastListedMs) },
  o365audit_listed_until_timestamp_seconds: { type: 'gauge', help: 'Up to when all that became available is listed, in seconds since 1970.', of: ({ listedUntilMs }) => seconds(listedUntilMs) },
  o365audit_last_delivered_timestamp_seconds: { type: 'gauge', help: 'When a content blob was last delivered, in seconds since 1970.', of: ({ lastDeliveredMs }) => seconds(lastDeliveredMs) },
  o365audit_owed_blobs: { type: 'gauge', help: 'Content blobs that are listed and not delivered.', of: ({ owed }) => owed },
  o365audit_parked_blobs: { type: 'gauge', help: 'Those of them that could not be delivered in their attempts, and are tried again in each round.', of: ({ parked }) => parked },
  o365audit_feed_refused: { type: 'gauge', help: '1 while the type cannot be listed, else 0.', of: ({ trouble }) => trouble === undefined ? 0 : 1 },
  ...Object.fromEntries(COUNT_NAMES.map((name): [string, FeedMetric] => [COUNTS[name].metric, { type: 'counter', help: COUNTS[name].help, of: ({ counts }) => counts[name] }])),
};

/** For the page: every metric with its labels. */
export const METRICS: readonly (Described & { readonly name: string; readonly labels: readonly string[] })[] = [
  ...Object.entries(PROCESS_METRICS).map(([name, { type, help, label }]) => ({ name, type, help, labels: label === undefined ? [] : ['version'] })),
  ...Object.entries(TENANT_METRICS).map(([name, { type, help }]) => ({ name, type, help, labels: ['tenant', 'tenant_id'] })),
  ...Object.entries(FEED_METRICS).map(([name, { type, help }]) => ({ name, type, help, labels: ['tenant', 'tenant_id', 'content_type'] })),
];

function seconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}
