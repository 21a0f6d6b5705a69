/** How the steps of a check are run and told: each with its own deadline, a tick or the reason, and the repair. */
import { meaningOf } from '../api/af-codes.table.ts';
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { Clock } from '../types.ts';

/** What a step found: a sentence when all is well, a warning when events flow all the same, else the reason why they do not. */
export type Finding = string | { readonly warning: string; readonly repair: string } | { readonly failure: string; readonly repair: string; readonly code?: string };

export interface Steps {
  /** Runs one step; resolves with whether the next ones make sense. What it throws is what it found, unless the program is to stop. */
  step(name: string, run: (signal: AbortSignal) => Promise<Finding>, about?: { readonly contentType?: string; readonly limitMs?: number }): Promise<boolean>;
  /** Whether events can flow, as far as was looked. */
  readonly isGood: boolean;
}

export interface StepsOptions {
  readonly clock: Clock;
  readonly stop: AbortSignal;
  readonly write: (text: string) => void;
  readonly json: boolean;
  /** The tenant that the steps are about. */
  readonly subject?: string | undefined;
}

/** Nobody waits longer than this for a tick. */
const STEP_LIMIT_MS = 45_000;
const SIGNS = { good: '✓', warning: '!', bad: '✗' } as const;

/** Steps that are written down as they end. */
export function createSteps({ clock, stop, write, json, subject }: StepsOptions): Steps {
  let isGood = true;
  if (!json && subject !== undefined) write(`${subject}\n`);

  function tell(name: string, finding: Finding, contentType: string | undefined): void {
    const result = typeof finding === 'string' ? 'good' : 'warning' in finding ? 'warning' : 'bad';
    const message = typeof finding === 'string' ? finding : 'warning' in finding ? finding.warning : finding.failure;
    const repair = typeof finding === 'string' ? undefined : finding.repair;
    if (json) {
      const code = typeof finding === 'object' && 'code' in finding ? finding.code : undefined;
      write(`${JSON.stringify({ step: name, result, tenant: subject, content_type: contentType, message, repair, code })}\n`);
      return;
    }
    write(`  ${SIGNS[result]} ${name}${contentType === undefined ? '' : ` ${contentType}`}: ${message}\n${repair === undefined ? '' : `      ${repair}\n`}`);
  }

  return {
    async step(name, run, { contentType, limitMs = STEP_LIMIT_MS } = {}) {
      const ended = new AbortController();
      const late = new AbortController();
      clock.wait(limitMs, ended.signal).then(() => late.abort(new Error(`no answer within ${limitMs / 1000} s`)), () => undefined /* the step was sooner */);
      let finding: Finding;
      try {
        finding = await run(AbortSignal.any([stop, late.signal]));
      } catch (error) {
        if (stop.aborted) throw error;
        finding = findingOf(error);
      } finally {
        ended.abort();
      }
      tell(name, finding, contentType);
      const isBad = typeof finding === 'object' && 'failure' in finding;
      if (isBad) isGood = false;
      return !isBad;
    },
    get isGood() {
      return isGood;
    },
  };
}

/** The failure in the words of the tables: a code of the service says more than the program's own failure for its kind. */
function findingOf(thrown: unknown): Finding {
  const error = thrown instanceof AuditError ? thrown : failure('UNEXPECTED', { reason: reasonOf(thrown) }, thrown);
  const meaning = meaningOf(String(error.values.afCode ?? ''));
  return { failure: error.message, repair: meaning?.repair ?? error.repair, code: error.code };
}
