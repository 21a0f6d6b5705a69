/**
 * What to do about an answer that is not a success: one table for the AF codes, and rules by HTTP status for answers without one. Microsoft
 * documents the codes but hardly any status, so a code always counts more than the status it came with.
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference#errors
 */
import { AuditError, type FailureCode } from '../errors.ts';
import type { Refusal } from './refusal.ts';

/** The calls that this program makes. */
export type Operation = 'subscriptions' | 'start' | 'list' | 'blob';

/**
 * The next step after an answer:
 * accept = a success that looks like an error; renew = one new token, then again; repeat = again after a back-off; pause = again after a pause
 * of the whole tenant; relink = again with the blob's link made from its id; fail = give up now.
 */
export type Step = 'accept' | 'renew' | 'repeat' | 'pause' | 'relink' | 'fail';

export type ApiFailure = Extract<FailureCode, `API_${string}`>;

export interface Verdict {
  readonly step: Step;
  /** What is thrown when the step does not help. */
  readonly failure: ApiFailure;
  /** How often the call is made in all if the step is repeat or pause. */
  readonly attempts: number;
}

/** Outages of the service are short or very long: a short one is sat out here, a long one by whoever asked. */
const REPEAT_ATTEMPTS = 5;
const PAUSE_ATTEMPTS = 8;
/** For refusals that are probably meant: one more look, or two. */
const ONCE_MORE = 2;
const TWICE_MORE = 3;

const verdict = (step: Step, failure: ApiFailure, attempts = 1): Verdict => ({ step, failure, attempts });
const UNAVAILABLE = verdict('repeat', 'API_UNAVAILABLE', REPEAT_ATTEMPTS);
const THROTTLED = verdict('pause', 'API_THROTTLED', PAUSE_ATTEMPTS);
const OUR_MISTAKE = verdict('fail', 'API_REFUSED');
const NO_SUBSCRIPTION = verdict('fail', 'API_SUBSCRIPTION');
const WINDOW = verdict('fail', 'API_WINDOW');
const PAGE = verdict('fail', 'API_PAGE');
/** For what has no answer of the service to be judged: the network, and answers that cannot be read. */
export const BROKEN: Pick<Verdict, 'step' | 'attempts'> = { step: 'repeat', attempts: REPEAT_ATTEMPTS };

const BY_CODE: Readonly<Record<string, Verdict>> = {
  // The token lacks a permission. Consent may have been given a moment ago, so one new token is worth a try.
  AF10001: verdict('renew', 'API_PERMISSION'),
  AF20001: OUR_MISTAKE,
  AF20002: OUR_MISTAKE,
  AF20003: OUR_MISTAKE,
  AF20010: verdict('fail', 'API_TENANT'),
  // Mostly: auditing is switched off in the tenant.
  AF20011: verdict('fail', 'API_TENANT'),
  AF20012: verdict('fail', 'API_TENANT'),
  AF20013: verdict('fail', 'API_TENANT'),
  AF20020: verdict('fail', 'API_CONTENT_TYPE'),
  AF20021: OUR_MISTAKE,
  AF20022: NO_SUBSCRIPTION,
  AF20023: NO_SUBSCRIPTION,
  // Undocumented: "The subscription is already enabled. No property change."
  AF20024: verdict('accept', 'API_REFUSED'),
  AF20030: WINDOW,
  AF20055: WINDOW,
  AF20031: PAGE,
  AF20050: verdict('repeat', 'API_BLOB_UNKNOWN', ONCE_MORE),
  AF20051: verdict('fail', 'API_BLOB_EXPIRED'),
  AF20052: verdict('relink', 'API_BLOB_UNKNOWN'),
  AF20053: OUR_MISTAKE,
  AF20054: OUR_MISTAKE,
  AF429: THROTTLED,
};

/** Judges an answer that is not a success. */
export function classify(operation: Operation, { status, code, text }: Refusal): Verdict {
  // The documented status of AF429 is 403, its body is no JSON, and sometimes only the words are there.
  if (status === 429 || code === 'AF429' || /too many requests/i.test(text)) {
    // Subscriptions may be started once in 15 minutes: waiting that long would stop everything else of the tenant.
    return operation === 'start' ? verdict('fail', 'API_START_LIMIT') : THROTTLED;
  }
  const known = code === undefined ? undefined : BY_CODE[code];
  if (known !== undefined) return known;
  if (code?.startsWith('AF5') === true) return UNAVAILABLE;
  return byStatus(operation, status);
}

function byStatus(operation: Operation, status: number): Verdict {
  if (status === 401) return verdict('renew', 'API_UNAUTHORIZED');
  if (status === 403) return verdict('repeat', 'API_FORBIDDEN', TWICE_MORE);
  if (status === 404 || status === 410) return operation === 'blob' ? verdict('repeat', 'API_BLOB_UNKNOWN', ONCE_MORE) : OUR_MISTAKE;
  if (status === 413 || status === 414) return operation === 'list' ? PAGE : OUR_MISTAKE;
  // A redirect is never followed; proxies and captive portals send them when they are in the way.
  if (status === 408 || status >= 500 || status < 400) return UNAVAILABLE;
  return OUR_MISTAKE;
}

/**
 * What a failure of this room means for whoever asked: subscribe = start the subscription (at most every 15 minutes), then the same again;
 * retime = compute the window anew; skip = give this blob up and count it; degrade = this content type is out until a human acts, the others go
 * on; halt = the tenant is out until a human acts, look again slowly; later = the same again after a while.
 */
export type Consequence = 'subscribe' | 'retime' | 'skip' | 'degrade' | 'halt' | 'later';

const CONSEQUENCES: Readonly<Record<ApiFailure, Consequence>> = {
  API_SUBSCRIPTION: 'subscribe',
  API_WINDOW: 'retime',
  API_PAGE: 'retime',
  API_BLOB_EXPIRED: 'skip',
  API_BLOB_UNKNOWN: 'skip',
  API_PERMISSION: 'degrade',
  API_CONTENT_TYPE: 'degrade',
  API_REFUSED: 'degrade',
  API_FORBIDDEN: 'degrade',
  API_TENANT: 'halt',
  API_UNAUTHORIZED: 'halt',
  API_START_LIMIT: 'later',
  API_THROTTLED: 'later',
  API_UNAVAILABLE: 'later',
  API_UNREADABLE: 'later',
  API_LINK: 'later',
};

/** The consequence of anything that a call of this room threw; undefined for what is not a failure of the table, such as an abort. */
export function consequenceOf(thrown: unknown): Consequence | undefined {
  if (!(thrown instanceof AuditError)) return undefined;
  if (Object.hasOwn(CONSEQUENCES, thrown.code)) return CONSEQUENCES[thrown.code as ApiFailure];
  // Tokens and the network: of the whole tenant's concern.
  return thrown.retry === 'never' ? 'halt' : 'later';
}
