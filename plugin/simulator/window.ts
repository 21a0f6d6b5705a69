/** The window of a content listing: the forms in which its times may come, and what the service refuses. */
import { apiError, type Answer } from './answer.ts';
import { RETENTION_MS } from './blob.ts';

export interface ListingWindow {
  readonly startMs: number;
  readonly endMs: number;
  /** As the client wrote them, or as the service fills them in. */
  readonly startText: string;
  readonly endText: string;
  /** True when more than 24 hours lie between them; answered in part, if at all. */
  readonly isWide: boolean;
}

export interface WindowRules {
  readonly nowMs: number;
  readonly graceMs: number;
  readonly answersWide: boolean;
  readonly refusesFullDay: boolean;
}

const DAY_MS = 24 * 3_600_000;
const TIME = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?(Z|[+-]\d\d:\d\d)?$/;

/** Reads startTime and endTime; neither means the last 24 hours. An answer means that the service refuses. */
export function readWindow(start: string | undefined, end: string | undefined, rules: WindowRules): ListingWindow | Answer {
  const { nowMs, graceMs, answersWide, refusesFullDay } = rules;
  if (start === undefined && end === undefined) {
    const [startText, endText] = [secondText(nowMs - DAY_MS), secondText(nowMs)];
    return { startMs: Date.parse(`${startText}Z`), endMs: Date.parse(`${endText}Z`), startText, endText, isWide: false };
  }
  const startMs = start === undefined ? undefined : readTime(start);
  const endMs = end === undefined ? undefined : readTime(end);
  if (start !== undefined && startMs === undefined) return apiError('AF20002', 'startTime', 'datetime');
  if (end !== undefined && endMs === undefined) return apiError('AF20002', 'endTime', 'datetime');
  const refusal = apiError('AF20055', start ?? '', end ?? '');
  if (startMs === undefined || endMs === undefined || startMs >= endMs) return refusal;
  if (startMs < nowMs - RETENTION_MS - graceMs) return refusal;
  const isWide = endMs - startMs > DAY_MS;
  if (isWide && !answersWide) return refusal;
  if (refusesFullDay && endMs - startMs === DAY_MS) return refusal;
  return { startMs, endMs, startText: start ?? '', endText: end ?? '', isWide };
}

/** Milliseconds since 1970 of a time with day, minute, second or fraction, with or without zone; UTC is meant without one. */
export function readTime(text: string): number | undefined {
  const [, day, minute = '00:00', second = '00', fraction = '', zone = 'Z'] = TIME.exec(text) ?? [];
  if (day === undefined) return undefined;
  const wholeMs = Date.parse(`${day}T${minute}:${second}${zone}`);
  return Number.isNaN(wholeMs) ? undefined : wholeMs + Number(`0.${fraction || '0'}`) * 1000;
}

/** A time in the form that the documentation asks for: whole seconds, no zone. */
export function secondText(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19);
}
