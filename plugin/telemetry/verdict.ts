/** Whether all is well with a collector, and if not, what is the matter and what to do about it. */
import { FAILURES } from '../errors.ts';
import { CREDENTIAL_WARNING_DAYS, type ContentType } from '../types.ts';
import { counted, numberText } from './counted.ts';
import { feedsOf, type FeedStanding, type Standing, type TenantStanding, type Trouble } from './standing.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** What went wrong goes away by itself more often than not; after so long a human should know. */
const PATIENCE_MS = 15 * MINUTE_MS;
/** A collector that runs writes its standing more often than this. */
const SILENCE_MS = 5 * MINUTE_MS;
/** The share of the room for dead letters from which on it is said how much there is. */
const NEARLY_FULL = 0.9;
/** Losses are news for so long; afterwards they are only listed. */
const NEWS_MS = DAY_MS;

export interface Problem {
  readonly tenant?: string;
  readonly contentType?: ContentType;
  readonly sentence: string;
  readonly repair: string;
}

/** Events that wait in dead letters, and how many may. */
export interface Letters {
  readonly count: number;
  readonly bytes: number;
  readonly countLimit: number;
  readonly bytesLimit: number;
}

export interface VerdictOptions {
  readonly nowMs: number;
  /** How far delivery may be behind. */
  readonly lagLimitMs: number;
  readonly isRunning: boolean;
  /** Why the collector that runs cannot write to the state directory. */
  readonly unwritten?: string | undefined;
  readonly letters: Letters;
}

/** What keeps all from being well; empty when all is. */
export function problemsOf(standing: Standing, options: VerdictOptions): readonly Problem[] {
  return [...problemsOfRun(standing, options), ...problemsOfLetters(options.letters), ...Object.values(standing.tenants).flatMap((tenant) => problemsOfTenant(tenant, options))];
}

/** How far delivery of a type is behind the service: everything that became available before then is delivered. Undefined when it was never listed. */
export function lagOf({ listedUntilMs, oldestOwedMs }: FeedStanding, nowMs: number): number | undefined {
  return listedUntilMs === undefined ? undefined : Math.max(0, nowMs - Math.min(listedUntilMs, oldestOwedMs ?? listedUntilMs));
}

function problemsOfRun({ writtenMs, ending }: Standing, { nowMs, isRunning, unwritten }: VerdictOptions): readonly Problem[] {
  if (unwritten !== undefined) {
    return [{ sentence: `The state directory cannot be written: ${unwritten}`, repair: 'Make room, or mend its rights. What is delivered meanwhile is not committed, and comes again after a restart.' }];
  }
  // Of a run that has not written anything yet nothing is known.
  if (writtenMs === 0) return isRunning ? [] : [{ sentence: 'No collector runs, and how the last one ended is not known', repair: 'Start it again; nothing is lost that is fetched before it expires.' }];
  if (isRunning && nowMs - writtenMs > SILENCE_MS) {
    return [{ sentence: `The collector runs, but has written nothing about itself for ${spanText(nowMs - writtenMs)}`, repair: 'See its log: its disk may be full, or it may hang.' }];
  }
  if (isRunning || ending?.isComplete === true) return [];
  return [ending === undefined ? { sentence: `The collector came to a sudden end, after ${new Date(writtenMs).toISOString()}`, repair: 'Start it again; nothing is lost.' }
    : { sentence: `The collector ended at ${new Date(ending.atMs).toISOString()}: ${ending.reason}`, repair: 'Start it again; nothing is lost that is fetched before it expires.' }];
}

/** Nothing of this passes by itself. */
function problemsOfLetters({ count, bytes, countLimit, bytesLimit }: Letters): readonly Problem[] {
  if (count === 0) return [];
  const isNearlyFull = count >= countLimit * NEARLY_FULL || bytes >= bytesLimit * NEARLY_FULL;
  const room = `; there is room for ${numberText(countLimit)} in ${numberText(bytesLimit)} bytes, and content blobs with further such events stay owed`;
  return [{
    sentence: `${counted(count, 'event')} in ${numberText(bytes)} bytes ${count === 1 ? 'waits' : 'wait'} in dead letters, because the output did not take ${count === 1 ? 'it' : 'them'}${isNearlyFull ? room : ''}`,
    repair: 'See why by o365audit replay --list, mend that, and send them again by o365audit replay --dead-letters.',
  }];
}

function problemsOfTenant(standing: TenantStanding, options: VerdictOptions): readonly Problem[] {
  const { name: tenant, trouble, credentialExpiresMs } = standing;
  const { nowMs } = options;
  const feeds = feedsOf(standing);
  const problems: Problem[] = [];
  if (trouble !== undefined && isSerious(trouble, nowMs)) problems.push({ tenant, sentence: trouble.reason, repair: trouble.repair });
  if (credentialExpiresMs !== undefined && credentialExpiresMs - nowMs <= CREDENTIAL_WARNING_DAYS * DAY_MS) {
    const sentence = credentialExpiresMs <= nowMs ? 'The credential of the application has expired' : `The credential of the application expires in ${spanText(credentialExpiresMs - nowMs)}`;
    problems.push({ tenant, sentence, repair: 'Create a new one in Entra, and configure it.' });
  }
  for (const [type, feed] of feeds) {
    for (const problem of problemsOfFeed(feed, nowMs)) problems.push({ tenant, contentType: type, ...problem });
  }
  const late = feeds.filter(([, feed]) => (lagOf(feed, nowMs) ?? 0) > options.lagLimitMs);
  const [first] = late;
  if (first !== undefined) problems.push({ tenant, ...(late.length === 1 ? { contentType: first[0] } : {}), ...problemOfLag(late.map(([, feed]) => feed), nowMs) });
  return problems;
}

/** One thing for all types that are behind: mostly it has one reason. */
function problemOfLag(feeds: readonly FeedStanding[], nowMs: number): Problem {
  const lagMs = Math.max(...feeds.map((feed) => lagOf(feed, nowMs) ?? 0));
  const [owed, parked] = [sum(feeds.map((feed) => feed.owed)), sum(feeds.map((feed) => feed.parked))];
  const behind = feeds.length === 1 ? `Delivery is ${spanText(lagMs)} behind` : `Delivery of ${feeds.length} content types is up to ${spanText(lagMs)} behind`;
  const waiting = owed === 0 ? 'nothing could be listed since' : `${counted(owed, 'content blob waits', 'content blobs wait')}${parked === 0 ? '' : `, ${numberText(parked)} of which failed before`}`;
  return { sentence: `${behind}: ${waiting}`, repair: 'See the log for what holds it up; if it only catches up, wait.' };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}

function problemsOfFeed({ trouble, lastLostMs }: FeedStanding, nowMs: number): readonly Problem[] {
  const problems: Problem[] = [];
  if (trouble !== undefined && isSerious(trouble, nowMs)) problems.push({ sentence: trouble.reason, repair: trouble.repair });
  if (lastLostMs !== undefined && nowMs - lastLostMs < NEWS_MS) {
    problems.push({ sentence: `Content was lost ${spanText(nowMs - lastLostMs)} ago`, repair: 'What it was is listed below; this is said for a day.' });
  }
  return problems;
}

function isSerious({ code, sinceMs }: Trouble, nowMs: number): boolean {
  const isKnown = Object.hasOwn(FAILURES, code);
  return nowMs - sinceMs > PATIENCE_MS || (isKnown && FAILURES[code as keyof typeof FAILURES].retry === 'never');
}

/** A span of time in its largest unit: `45 s`, `3 min`, `5 h`, `12 d`. */
export function spanText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 100) return `${seconds} s`;
  if (seconds < 100 * 60) return `${Math.round(seconds / 60)} min`;
  return seconds < 48 * 3600 ? `${Math.round(seconds / 3600)} h` : `${Math.round(seconds / 86_400)} d`;
}
