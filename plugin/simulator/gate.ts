/** Who may call: token, quota, tenant and permission, in the order in which the service minds them. */
import { apiError, errorAnswer, unauthorized, type Answer } from './answer.ts';
import { API_ERRORS, type ApiErrorCode } from './api-errors.table.ts';
import type { Notes } from './counts.ts';
import type { FaultBoard } from './faults.ts';
import type { ErrorForm } from './faults.table.ts';
import type { Call } from './feed.ts';
import type { Quota } from './quota.ts';

export interface GateOptions {
  readonly faults: FaultBoard;
  readonly notes: Notes;
  readonly quotas: ReadonlyMap<string, Quota>;
  readonly nowMs: () => number;
  readonly revokeToken: (token: string) => void;
}

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** What AF429 calls a client that does not say who it is. */
const NOBODY = '00000000-0000-0000-0000-000000000000';

/** Why a call is refused before anybody asks what it wants; undefined when it may pass. */
export function refuseCall(call: Call, options: GateOptions): Answer | undefined {
  const { claims, token, tenantId, parameters, target } = call;
  const { faults, notes, quotas, nowMs, revokeToken } = options;
  const publisher = parameters.get('publisheridentifier');
  const isAdmitted = claims === undefined || (quotas.get(tenantId)?.admits(nowMs()) ?? true);
  if (claims === undefined) return unauthorized();
  if (faults.take('expired-token', target) !== undefined) {
    revokeToken(token);
    return unauthorized();
  }
  if (!isAdmitted) {
    notes.noteThrottled(tenantId);
    return tooMany(call, faults.peek('throttle-answer', target));
  }
  const throttled = faults.take('throttled', target);
  if (throttled !== undefined) return tooMany(call, throttled);
  const empty = faults.take('empty-error', target);
  if (empty !== undefined) return { status: empty.status, body: '' };
  return injectedError(call, faults) ?? refuseTenant(call, faults) ?? refusePermission(call)
    ?? (publisher !== undefined && !GUID.test(publisher) ? apiError('AF20002', 'PublisherIdentifier', 'guid') : undefined);
}

/** AF429 comes as 403 with single quotes, the one form that Microsoft's documentation shows, unless a fault says otherwise. */
function tooMany({ quotaName, parameters }: Call, form: { readonly status: number; readonly form: ErrorForm; readonly retryAfter: string } = { status: 403, form: 'single-quoted', retryAfter: '' }): Answer {
  const message = API_ERRORS.AF429.message.replace('{0}', quotaName).replace('{1}', parameters.get('publisheridentifier') ?? NOBODY);
  return errorAnswer({ ...form, code: 'AF429', message });
}

function injectedError({ target }: Call, faults: FaultBoard): Answer | undefined {
  const injected = faults.take('api-error', target);
  if (injected === undefined) return undefined;
  const row = Object.hasOwn(API_ERRORS, injected.code) ? API_ERRORS[injected.code as ApiErrorCode] : undefined;
  return errorAnswer({
    ...injected,
    status: injected.status === 0 ? row?.status ?? (injected.code.startsWith('AF5') ? 500 : 400) : injected.status,
    message: injected.message === '' ? row?.message ?? 'An error occurred.' : injected.message,
  });
}

function refuseTenant({ request, claims, tenantId, target }: Call, faults: FaultBoard): Answer | undefined {
  const inPath = request.tenant.toLowerCase();
  if (!GUID.test(inPath)) return apiError('AF20013', request.tenant);
  if (claims !== undefined && inPath !== claims.tid && faults.peek('strict-tenant', target) !== undefined) return apiError('AF20010', inPath, claims.tid);
  const off = faults.peek('auditing-off', target);
  if (off === undefined) return undefined;
  return errorAnswer({ status: off.status, code: 'AF20011', message: `Microsoft.Office.Compliance.Audit.DataServiceException: Tenant ${tenantId} does not exist.` });
}

function refusePermission({ claims, target }: Call): Answer | undefined {
  const roles = claims?.roles ?? [];
  const needed = target.contentType?.toLowerCase() === 'dlp.all' ? 'ActivityFeed.ReadDlp' : 'ActivityFeed.Read';
  return roles.includes(needed) ? undefined : apiError('AF10001', roles.join(' '));
}
