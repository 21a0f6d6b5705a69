/** How long a token source keeps quiet after a failure: it repeats the failure meanwhile instead of asking Entra again. */
import type { AuditError } from '../errors.ts';
import type { Clock } from '../types.ts';

/** What passes by itself is asked for again soon, what needs a human slowly; both double with each failure in a row. */
const STEPS = {
  later: { firstMs: 2_000, longestMs: 60_000 },
  never: { firstMs: 60_000, longestMs: 300_000 },
} as const;

export interface Patience {
  /** The failure to repeat; undefined when it is time to ask. */
  refusal(): AuditError | undefined;
  remember(refusal: AuditError): void;
  forget(): void;
}

/** Starts with nothing remembered. */
export function createPatience(clock: Clock): Patience {
  let last: { readonly failure: AuditError; readonly sinceMs: number; readonly waitMs: number } | undefined;
  let inARow = 0;
  return {
    refusal() {
      if (last === undefined) return undefined;
      const passedMs = clock.nowMs() - last.sinceMs;
      // A clock that was set back must not prolong the wait.
      return passedMs >= 0 && passedMs < last.waitMs ? last.failure : undefined;
    },
    remember(failure) {
      // What is wrong with a file of this machine costs nobody anything to look at again.
      if (/^AUTH_(CERTIFICATE|KEY|SECRET|FEDERATED)/.test(failure.code)) return;
      // Consent may be given at any moment, and tokens come without it until then.
      const { firstMs, longestMs } = STEPS[failure.retry === 'never' && failure.code !== 'API_PERMISSION' ? 'never' : 'later'];
      const asked = Number(failure.values.waitMs ?? 0);
      last = { failure, sinceMs: clock.nowMs(), waitMs: Math.max(asked, Math.min(longestMs, firstMs * 2 ** inARow)) };
      inARow = Math.min(inARow + 1, 16);
    },
    forget() {
      last = undefined;
      inARow = 0;
    },
  };
}
