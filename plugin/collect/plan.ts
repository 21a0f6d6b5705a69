/**
 * Which windows of `contentCreated` a content type is to be listed in: computed anew for each request, never stored, so that no window can outlive what the
 * service still takes. What is new is listed in every round; what lies further back, where there is much of it, beside that, the oldest first.
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference#list-available-content
 */
import type { Window } from '../types.ts';

/** The service refuses windows that begin more than so long ago. */
export const LIFE_MS = 7 * 86_400_000;
/** What comes within so much of that is given up. */
export const RETENTION_MARGIN_MS = 5 * 60_000;
/** A window may begin so close to it: a request may wait a while before it is sent. What was not given up has the difference to be listed in. */
const REQUEST_MARGIN_MS = 2 * 60_000;

/** 24 hours are allowed, and windows of exactly that length have been refused. */
const WINDOW_LIMIT_MS = 24 * 3_600_000 - 60_000;

/** Content of so much time counts as new: where more of it is missing, the rest is the backlog, which nothing new waits for. */
export const FRESH_MS = 3 * 3_600_000;

export interface FreshInput {
  readonly nowMs: number;
  /** Up to when the type was listed without a gap: by earlier rounds of this run, else by the ledger; undefined when it never was. */
  readonly listedUntilMs: number | undefined;
  readonly maxRetentionMs: number;
  readonly maxQuerySizeMs: number;
  /** Recent time that is listed once more: content becomes available late. */
  readonly overlapMs: number;
}

export interface FreshPlan {
  /** The newest first, each at most maxQuerySizeMs (and a little less than 24 hours) long, without gaps. */
  readonly windows: readonly Window[];
  /** From here on nothing is missing once these windows are listed; undefined when there is no gap before them either. */
  readonly gapUntilMs: number | undefined;
  /** Up to when the windows reach. */
  readonly untilMs: number;
}

/** What to list of a type in a round: what is new, with the overlap. Windows begin and end on whole seconds, as the service's do. */
export function planFresh({ nowMs, listedUntilMs, maxRetentionMs, maxQuerySizeMs, overlapMs }: FreshInput): FreshPlan {
  const untilMs = wholeSecond(nowMs);
  const oldestMs = oldestKept(nowMs, maxRetentionMs);
  // a clock that was set back must not make a window of negative length
  const listedMs = listedUntilMs === undefined ? undefined : Math.min(listedUntilMs, untilMs);
  const isNear = listedMs !== undefined && untilMs - listedMs <= FRESH_MS;
  const fromMs = Math.max(oldestMs, wholeSecond(isNear ? listedMs - overlapMs : untilMs - FRESH_MS));
  const lengthMs = windowLength(maxQuerySizeMs);
  const windows: Window[] = [];
  for (let endMs = untilMs; endMs > fromMs; endMs -= lengthMs) windows.push({ startMs: Math.max(fromMs, endMs - lengthMs), endMs });
  return { windows, gapUntilMs: isNear || (listedMs ?? oldestMs) >= fromMs ? undefined : fromMs, untilMs };
}

/** The earliest time that a plan made now reaches back to. */
export function oldestKept(nowMs: number, maxRetentionMs: number): number {
  return wholeSecond(nowMs - Math.min(maxRetentionMs, LIFE_MS - RETENTION_MARGIN_MS));
}

/** The earliest time at which a window that is asked for now may begin. */
export function oldestListable(nowMs: number, maxRetentionMs: number): number {
  return wholeSecond(nowMs - Math.min(maxRetentionMs + RETENTION_MARGIN_MS, LIFE_MS) + REQUEST_MARGIN_MS);
}

/** What can no longer be listed of a type that is listed up to `listedUntilMs`, and from `freshFromMs` on. */
export function lostWindow(nowMs: number, maxRetentionMs: number, listedUntilMs: number | undefined, freshFromMs = Infinity): Window | undefined {
  if (listedUntilMs === undefined || listedUntilMs >= Math.min(oldestListable(nowMs, maxRetentionMs), freshFromMs)) return undefined;
  return { startMs: listedUntilMs, endMs: Math.min(oldestKept(nowMs, maxRetentionMs), freshFromMs) };
}

/** The first window of a span that reaches further back, of at most `lengthMs`; undefined when nothing of it is left that could be listed. */
export function firstWindow({ startMs, endMs }: Window, lengthMs: number, oldestMs: number): Window | undefined {
  const fromMs = Math.max(wholeSecond(startMs), oldestMs);
  // the service takes whole seconds: the last one counts whole, or nothing would ever come behind it
  const untilMs = -wholeSecond(-endMs);
  return fromMs >= untilMs ? undefined : { startMs: fromMs, endMs: Math.min(untilMs, fromMs + windowLength(lengthMs)) };
}

function windowLength(ms: number): number {
  return Math.max(1000, wholeSecond(Math.min(ms, WINDOW_LIMIT_MS)));
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
