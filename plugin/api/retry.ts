/** One call of the API until it succeeds or there is no sense in going on: permit, token, request, judgement, and the step that follows from it. */
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, HttpRequest, HttpResponse } from '../types.ts';
import type { RequestBudget, RequestRank } from './budget.ts';
import { BROKEN, classify, type Operation, type Step } from './classifier.ts';
import { backoffMs, createThrottle, retryAfterMs } from './pacing.ts';
import { readRefusal, type Refusal } from './refusal.ts';

/** Where bearer tokens come from: the token source of the tenant. */
export interface BearerTokens {
  token(signal?: AbortSignal): Promise<string>;
  /** The service refused this token. */
  reject(token: string): void;
}

export interface Call<Result> {
  readonly operation: Operation;
  readonly rank: RequestRank;
  /** The call in words, for failures: `listing Audit.General`. */
  readonly what: string;
  readonly url: URL;
  /** Another address for the same thing, to be tried once when the service does not know the first. */
  readonly otherUrl?: URL;
  readonly signal: AbortSignal | undefined;
  /** In place of the usual way out. */
  readonly request?: HttpRequest;
  /** Makes the result of a success; a failure of the table with retry `later` makes the call again. */
  read(response: HttpResponse): Promise<Result>;
  /** The result when the service says in an error that all is well; without it that is a failure too. */
  readonly accepted?: { readonly result: Result };
}

export interface CallSurroundings {
  readonly tenant: () => string;
  /** The only origin that ever gets a token. */
  readonly origin: string;
  readonly request: HttpRequest;
  readonly tokens: BearerTokens;
  readonly budget: RequestBudget;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: () => number;
  /** Learns when the service throttles. */
  readonly throttled: () => void;
  /** Sees every answer of the service. */
  readonly noteAnswer: (response: HttpResponse) => void;
}

/** What became of one attempt. */
type Outcome<Result> =
  | { readonly kind: 'success'; readonly result: Result }
  | { readonly kind: 'refusal'; readonly refusal: Refusal; readonly token: string; readonly sentAtMs: number; readonly askedMs: number | undefined }
  | { readonly kind: 'broken'; readonly failure: AuditError };

export type Caller = <Result>(call: Call<Result>) => Promise<Result>;

/**
 * Makes the function through which all calls of a tenant go. It throws API_ failures by the classifier's table, AUTH_ and NETWORK_ failures, or
 * the signal's reason.
 */
export function createCaller(around: CallSurroundings): Caller {
  const { tokens, clock, log, random } = around;
  const throttle = createThrottle(around.budget, clock, random);

  async function attempt<Result>(call: Call<Result>, url: URL): Promise<Outcome<Result>> {
    if (url.origin !== around.origin) throw failure('UNEXPECTED', { reason: `a token would have left for ${url.host}` });
    const { signal } = call;
    const permit = await around.budget.take(signal, call.rank);
    try {
      const token = await tokens.token(signal);
      const response = await (call.request ?? around.request)(url, {
        method: call.operation === 'start' ? 'POST' : 'GET',
        headers: { authorization: `Bearer ${token}`, accept: 'application/json', 'accept-encoding': 'gzip' },
        ...(signal === undefined ? {} : { signal }),
      });
      permit.answered();
      around.noteAnswer(response);
      if (response.status >= 200 && response.status < 300) {
        throttle.accepted(permit.takenAtMs);
        return { kind: 'success', result: await call.read(response) };
      }
      const askedMs = retryAfterMs(response.headers, clock.nowMs());
      const refusal = await readRefusal(response);
      signal?.throwIfAborted();
      return { kind: 'refusal', refusal, token, sentAtMs: permit.takenAtMs, askedMs };
    } catch (error) {
      if (error instanceof AuditError && error.retry === 'later') return { kind: 'broken', failure: error };
      throw error;
    } finally {
      permit.answered();
    }
  }

  return async (call) => {
    let { url } = call;
    const taken = new Set<Step>();
    for (let attempts = 1; ; attempts += 1) {
      const outcome = await attempt(call, url);
      if (outcome.kind === 'success') return outcome.result;
      const judged = outcome.kind === 'broken' ? { ...BROKEN, error: outcome.failure } : judge(call, outcome.refusal, around.tenant());
      const askedMs = outcome.kind === 'refusal' ? outcome.askedMs : undefined;
      // Each of these helps at most once in a call.
      if ((judged.step === 'renew' || judged.step === 'relink') && taken.has(judged.step)) throw judged.error;
      taken.add(judged.step);
      switch (judged.step) {
        case 'accept':
          if (call.accepted === undefined) throw judged.error;
          return call.accepted.result;
        case 'fail':
          throw judged.error;
        case 'renew':
          if (outcome.kind === 'refusal') tokens.reject(outcome.token);
          break;
        case 'relink':
          if (call.otherUrl === undefined || call.otherUrl.href === url.href) throw judged.error;
          url = call.otherUrl;
          break;
        case 'pause': {
          const waitMs = throttle.refused(outcome.kind === 'refusal' ? outcome.sentAtMs : clock.nowMs(), askedMs);
          if (waitMs !== undefined) {
            around.throttled();
            log('api.throttled', { tenant: around.tenant(), waitMs, reason: judged.error.message });
          }
          if (attempts >= judged.attempts) throw judged.error;
          break;
        }
        case 'repeat': {
          if (attempts >= judged.attempts) throw judged.error;
          const waitMs = Math.max(backoffMs(attempts, random), askedMs ?? 0);
          // a link that leads nowhere may be the service's mistake
          if (judged.error.code === 'API_BLOB_UNKNOWN') url = call.otherUrl ?? url;
          log('api.repeat', { tenant: around.tenant(), attempt: attempts, waitMs, reason: reasonOf(judged.error) });
          await clock.wait(waitMs, call.signal);
        }
      }
    }
  };
}

function judge(call: Call<unknown>, refusal: Refusal, tenant: string): { readonly step: Step; readonly attempts: number; readonly error: AuditError } {
  const { step, attempts, failure } = classify(call.operation, refusal);
  const detail = `${refusal.text === '' ? 'an empty answer' : refusal.text.replace(/\.$/, '')} (HTTP ${refusal.status})`;
  return { step, attempts, error: new AuditError(failure, { tenant, what: call.what, detail, status: refusal.status, afCode: refusal.code ?? '' }) };
}
