/** Moments as an operator writes them: a time of RFC 3339, or a duration back from now. */
import { readDuration } from './value.ts';

const RFC_3339 = /^\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d:\d\d(?:\.\d+)?(?:[Zz]|[+-]\d\d:\d\d))?$/;

/** The milliseconds since 1970 of `2026-09-01T08:00:00Z`, `2026-09-01` (its beginning in UTC) or `36h` (before now); undefined for anything else. */
export function readMoment(text: string, nowMs: number): number | undefined {
  const backMs = readDuration(text);
  if (backMs !== undefined) return nowMs - backMs;
  const ms = RFC_3339.test(text) ? Date.parse(text.replace(' ', 'T').toUpperCase()) : Number.NaN;
  return Number.isNaN(ms) ? undefined : ms;
}
