/** The standing of a collector for people: a table of at most 100 columns, what was lost, and at the end, where a terminal stands, whether all is well. */
import type { ContentType } from '../types.ts';
import { numberText } from './counted.ts';
import type { FeedStanding, Standing, TenantStanding } from './standing.ts';
import { lagOf, spanText, type Problem } from './verdict.ts';

/** So many losses are shown of each tenant; --json has them all. */
const LOSSES_SHOWN = 10;

/** Content that is lost, and why, in the words of who found out. */
export interface LossNote {
  readonly tenant: string;
  readonly contentType: ContentType;
  readonly what: string;
  readonly reason: string;
  readonly atMs: number;
}

export interface StandingReport {
  readonly standing: Standing;
  readonly directory: string;
  readonly isRunning: boolean;
  readonly problems: readonly Problem[];
  /** Oldest first. */
  readonly losses: readonly LossNote[];
  /** Events that wait in dead letters. */
  readonly deadLetters: number;
  readonly nowMs: number;
}

interface Column {
  readonly head: string;
  readonly width: number;
  readonly of: (feed: FeedStanding, nowMs: number) => string;
}

const TYPE_WIDTH = 28;
const COLUMNS: readonly Column[] = [
  { head: 'listed', width: 9, of: ({ lastListedMs }, nowMs) => agoText(lastListedMs, nowMs) },
  { head: 'delivered', width: 10, of: ({ lastDeliveredMs }, nowMs) => agoText(lastDeliveredMs, nowMs) },
  { head: 'lag', width: 7, of: (feed, nowMs) => textOf(lagOf(feed, nowMs), spanText) },
  { head: 'waiting', width: 9, of: ({ owed }) => numberText(owed) },
  { head: 'parked', width: 7, of: ({ parked }) => numberText(parked) },
  { head: 'blobs', width: 11, of: ({ counts }) => numberText(counts.blobsDelivered) },
  { head: 'events', width: 13, of: ({ counts }) => numberText(counts.eventsDelivered) },
  { head: 'lost', width: 6, of: ({ counts }) => numberText(counts.blobsExpired + counts.blobsUnavailable + counts.windowsLost) },
];

/** The page, its last line included. */
export function standingPage(report: StandingReport): string {
  const { standing, problems } = report;
  const tenants = Object.values(standing.tenants).flatMap((tenant) => [...tenantLines(tenant, report), '']);
  const heads = `${'content type'.padEnd(TYPE_WIDTH)}${COLUMNS.map(({ head, width }) => head.padStart(width)).join('')}`;
  return [...runLines(report), '', ...(tenants.length === 0 ? [] : [heads]), ...tenants, ...lossLines(report), ...problems.flatMap(problemLines),
    problems.length === 0 ? '✓ All is well.' : `! ${problems.length === 1 ? 'One thing needs' : `${problems.length} things need`} attention.`, ''].join('\n');
}

function runLines({ standing, directory, isRunning, nowMs }: StandingReport): readonly string[] {
  const { program, processId, startedMs, writtenMs, ending } = standing;
  const state = isRunning ? `running${startedMs === 0 ? '' : ` for ${spanText(nowMs - startedMs)} (process ${processId})`}` : `not running${writtenMs === 0 ? '' : `; last seen ${spanText(nowMs - (ending?.atMs ?? writtenMs))} ago`}`;
  return [`o365audit ${program}, ${state}`, `state in ${directory}`];
}

function tenantLines({ name, feeds, quota, credentialExpiresMs }: TenantStanding, { nowMs, isRunning }: StandingReport): readonly string[] {
  const about = [
    ...(quota === undefined || !isRunning ? [] : [`${numberText(quota.used)} of ${numberText(quota.limit)} requests in the last minute`]),
    ...(quota?.pausedUntilMs === undefined || quota.pausedUntilMs <= nowMs ? [] : [`throttled for ${spanText(quota.pausedUntilMs - nowMs)}`]),
    ...(credentialExpiresMs === undefined ? [] : [credentialExpiresMs <= nowMs ? 'credential has expired' : `credential expires in ${spanText(credentialExpiresMs - nowMs)}`]),
  ];
  return [name, ...(about.length === 0 ? [] : [`  ${about.join(', ')}`]), ...Object.entries(feeds).map(([type, feed]) => `  ${type}`.padEnd(TYPE_WIDTH) + COLUMNS.map(({ width, of }) => ` ${of(feed, nowMs)}`.padStart(width)).join(''))];
}

function lossLines({ losses, nowMs }: StandingReport): readonly string[] {
  if (losses.length === 0) return [];
  const shown = losses.slice(-LOSSES_SHOWN);
  const title = losses.length > shown.length ? `Lost, the last ${shown.length} of ${numberText(losses.length)} (--json has all):` : 'Lost:';
  return [title, ...shown.flatMap(({ tenant, contentType, what, reason, atMs }) => [`  ${spanText(nowMs - atMs)} ago, ${tenant}, ${contentType}: ${what}`, `    ${reason}`]), ''];
}

function problemLines({ tenant, contentType, sentence, repair }: Problem): readonly string[] {
  const subject = [tenant, contentType].filter((part) => part !== undefined).join(', ');
  return [`! ${subject === '' ? '' : `${subject}: `}${sentence.replace(/\.$/, '')}.`, `    ${repair}`];
}

function agoText(atMs: number | undefined, nowMs: number): string {
  return textOf(atMs === undefined ? undefined : nowMs - atMs, spanText);
}

function textOf<Value>(value: Value | undefined, text: (value: Value) => string): string {
  return value === undefined ? '-' : text(value);
}
