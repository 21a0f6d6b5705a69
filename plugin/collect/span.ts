/** The span that an operator asks for, beside what is collected anyway. */
import { failure } from '../errors.ts';
import type { Window } from '../types.ts';
import { LIFE_MS } from './plan.ts';

/**
 * The span of --since and --until; without either there is none. What of it the service can still have is for the listing to say, by the service's clock.
 * `readMoment` makes milliseconds since 1970 of what was typed. Throws USAGE for a span of which nothing is left.
 */
export function spanOf({ since, until }: { readonly since?: string; readonly until?: string }, readMoment: (text: string) => number | undefined, nowMs: number): { readonly span?: Window } {
  if (since === undefined && until === undefined) return {};
  const moment = (text: string | undefined): number | undefined => (text === undefined ? undefined : readMoment(text));
  const startMs = moment(since) ?? 0;
  // windows end on whole seconds, before which what is asked for must lie
  const endMs = Math.min(nowMs, Math.ceil((moment(until) ?? nowMs) / 1000) * 1000);
  if (Math.max(nowMs - LIFE_MS, startMs) >= endMs) throw failure('USAGE', { reason: 'The span of --since and --until is empty, or lies before the seven days that the service keeps' });
  return { span: { startMs, endMs } };
}
