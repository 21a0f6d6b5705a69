/**
 * Which windows of `contentCreated` a content type is to be listed in: computed anew each time, never stored, so that no window can outlive what the service
 * still takes. https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference#list-available-content
 */
import type { Window } from '../types.ts';

/** The service refuses windows that begin more than 7 days ago; a request may wait a while before it is sent. */
export const RETENTION_MARGIN_MS = 5 * 60_000;

/** 24 hours are allowed, and windows of exactly that length have been refused. */
const WINDOW_LIMIT_MS = 24 * 3_600_000 - 60_000;

export interface PlanInput {
  readonly nowMs: number;
  /** Up to when the type was listed; undefined when it never was. */
  readonly listedUntilMs: number | undefined;
  readonly maxRetentionMs: number;
  readonly maxQuerySizeMs: number;
  /** Recent time that is listed once more: content becomes available late. */
  readonly overlapMs: number;
}

export interface Plan {
  /** Oldest first, each at most maxQuerySizeMs (and a little less than 24 hours) long, without gaps, the last one up to now. */
  readonly windows: readonly Window[];
  /** What was never listed and can no longer be. */
  readonly lost?: Window;
}

/** The plan of one round. Windows begin and end on whole seconds, as the service's do. */
export function planWindows({ nowMs, listedUntilMs, maxRetentionMs, maxQuerySizeMs, overlapMs }: PlanInput): Plan {
  const endMs = wholeSecond(nowMs);
  const oldestMs = wholeSecond(nowMs - maxRetentionMs + RETENTION_MARGIN_MS);
  // a clock that was set back must not make a window of negative length
  const listed = listedUntilMs === undefined ? undefined : Math.min(listedUntilMs, endMs);
  const wantedMs = listed === undefined ? oldestMs : wholeSecond(listed - overlapMs);
  const lost = listed !== undefined && listed < oldestMs ? { startMs: listed, endMs: oldestMs } : undefined;
  const lengthMs = Math.max(1000, wholeSecond(Math.min(maxQuerySizeMs, WINDOW_LIMIT_MS)));
  const windows: Window[] = [];
  for (let startMs = Math.max(wantedMs, oldestMs); startMs < endMs; startMs += lengthMs) {
    windows.push({ startMs, endMs: Math.min(startMs + lengthMs, endMs) });
  }
  return lost === undefined ? { windows } : { windows, lost };
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
