/**
 * The token endpoints of the simulated Entra ID, v1 (`/oauth2/token`, `resource`) and v2 (`/oauth2/v2.0/token`, `scope`), for client
 * credentials. Source: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
 */
import { json, type Answer } from './answer.ts';
import type { TokenMint } from './access-token.ts';
import type { Application } from './application.ts';
import { refuseAssertion, type Refusal } from './assertion.ts';
import type { Company } from './company.ts';
import type { Notes } from './counts.ts';
import { ENTRA_ERRORS, type AadstsNumber } from './entra-errors.table.ts';
import type { FaultBoard, FaultTarget } from './faults.ts';
import type { Random } from './random.ts';

export interface TokenEndpointOptions {
  readonly application: Application;
  readonly companies: readonly Company[];
  readonly mint: TokenMint;
  readonly faults: FaultBoard;
  readonly notes: Notes;
  readonly random: Random;
  readonly nowMs: () => number;
  /** True for a resource that this simulator's API answers for. */
  readonly isOwnResource: (resource: string) => boolean;
}

export interface TokenRequest {
  readonly method: string;
  /** The tenant segment of the path, and which endpoint was called. */
  readonly tenant: string;
  readonly version: 'v1' | 'v2';
  readonly path: string;
  readonly authorization: string | undefined;
  readonly form: URLSearchParams;
  /** The URLs that the client may have called this endpoint by. */
  readonly urls: readonly string[];
}

const ASSERTION_TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** A token's lifetime is random, 60 to 90 minutes, and it is dated back by five. */
const LIFETIME_SECONDS = [3600, 5400] as const;
const BACKDATED_SECONDS = 300;
/** Which assertions have been used; older ones than this many are forgotten (they have long expired). */
const REMEMBERED_ASSERTIONS = 10_000;

/** Makes the endpoint: a function from a request to its answer. */
export function createTokenEndpoint(options: TokenEndpointOptions): (request: TokenRequest) => Answer {
  const { companies, faults, notes } = options;
  const used = new Set<string>();
  const mayUse = (jti: string, target: FaultTarget): boolean => {
    if (used.has(jti)) return faults.peek('assertion-once', target) === undefined;
    for (const oldest of used) {
      if (used.size < REMEMBERED_ASSERTIONS) break;
      used.delete(oldest);
    }
    used.add(jti);
    return true;
  };

  return (request) => {
    const { tenant, path } = request;
    const company = companies.find(({ id, domain }) => id === tenant.toLowerCase() || domain === tenant.toLowerCase());
    const target = { tenant: company?.id, path };
    const broken = faults.take('token-error-body', target);
    if (broken !== undefined) {
      notes.noteToken(company?.id, 'refused');
      return { status: broken.status, type: 'text/html', body: broken.body };
    }
    const injected = faults.take('token-error', target);
    const refusal = injected === undefined ? refuse(request, company, options, (jti) => mayUse(jti, target)) : { aadsts: aadstsNumber(injected.aadsts), values: ['?', tenant] };
    notes.noteToken(company?.id, refusal === undefined ? 'issued' : 'refused');
    if (refusal !== undefined || company === undefined) return refused(refusal ?? { aadsts: 90002, values: [tenant] }, options);
    return issue(request, company, options);
  };
}

function refuse(request: TokenRequest, company: Company | undefined, options: TokenEndpointOptions, mayUse: (jti: string) => boolean): Refusal | undefined {
  const { method, tenant, form, urls } = request;
  const { application, faults, nowMs } = options;
  if (method !== 'POST') return { aadsts: 900561, values: [method] };
  if (['common', 'organizations', 'consumers'].includes(tenant)) return { aadsts: 9001023, values: [] };
  if (company === undefined) return { aadsts: GUID.test(tenant) || tenant.includes('.') ? 90002 : 900023, values: [tenant] };
  const grant = form.get('grant_type');
  if (grant === null) return { aadsts: 900144, values: ['grant_type'] };
  if (grant !== 'client_credentials') return { aadsts: 70003, values: [grant] };
  const { clientIds, secrets } = clientOf(request);
  const [clientId = ''] = clientIds;
  if (clientId === '') return { aadsts: 900144, values: ['client_id'] };
  if (!clientIds.includes(application.id)) return { aadsts: 700016, values: [clientId, company.name] };
  const assertion = form.get('client_assertion');
  if (assertion !== null) {
    if (form.get('client_assertion_type') !== ASSERTION_TYPE) return { aadsts: 900144, values: ['client_assertion_type'] };
    const sha1Only = faults.peek('sha1-only', { tenant: company.id, path: request.path }) !== undefined;
    const refusal = refuseAssertion(assertion, { application, clientId: application.id, audiences: urls, nowMs: nowMs(), sha1Only, mayUse });
    if (refusal !== undefined) return refusal;
  } else {
    if (secrets.length === 0) return { aadsts: 7000218, values: [] };
    if (!secrets.some((secret) => application.secrets.includes(secret))) return { aadsts: 7000215, values: [application.id] };
  }
  return refuseResource(request, company, options);
}

function refuseResource({ version, form }: TokenRequest, company: Company, { isOwnResource }: TokenEndpointOptions): Refusal | undefined {
  const resource = form.get('resource');
  const scope = form.get('scope');
  if (version === 'v1') {
    if (resource === null) return { aadsts: 900144, values: ['resource'] };
    return isOwnResource(resource) ? undefined : { aadsts: 500011, values: [resource, company.name] };
  }
  if (resource !== null) return { aadsts: 901002, values: [] };
  if (scope === null || scope === '') return { aadsts: 900144, values: ['scope'] };
  const scopes = apiScopes(scope);
  if (scopes.length > 1) return { aadsts: 700022, values: [] };
  const [one] = scopes;
  if (one === undefined) return { aadsts: 70011, values: [scope] };
  if (!one.endsWith('/.default')) return { aadsts: 1002012, values: [one] };
  return isOwnResource(one.slice(0, -'/.default'.length)) ? undefined : { aadsts: 500011, values: [one, company.name] };
}

function issue(request: TokenRequest, company: Company, { application, mint, faults, random, nowMs }: TokenEndpointOptions): Answer {
  const { version, form, path } = request;
  const target = { tenant: company.id, path };
  const short = faults.take('short-token', target);
  const lifetime = short?.seconds ?? random.integer(...LIFETIME_SECONDS);
  const now = Math.floor(nowMs() / 1000);
  const resource = version === 'v1' ? form.get('resource') ?? '' : (apiScopes(form.get('scope') ?? '')[0] ?? '').slice(0, -'/.default'.length);
  const roles = faults.take('no-permission', target) !== undefined ? undefined
    : faults.take('no-dlp-permission', target) !== undefined ? ['ActivityFeed.Read'] : ['ActivityFeed.Read', 'ActivityFeed.ReadDlp'];
  const [notBefore, expires] = [now - BACKDATED_SECONDS, now + lifetime];
  const token = mint.mint({
    aud: resource, iss: `https://sts.windows.net/${company.id}/`, iat: notBefore, nbf: notBefore, exp: expires, tid: company.id,
    appid: application.id, appidacr: form.has('client_assertion') ? '2' : '1', oid: application.objectId, ...(roles === undefined ? {} : { roles }), uti: random.hex(22),
  });
  const expiresIn = lifetime - 1;
  const members = version === 'v1'
    ? { token_type: 'Bearer', expires_in: String(expiresIn), ext_expires_in: String(expiresIn), expires_on: String(expires), not_before: String(notBefore), resource, access_token: token }
    : { token_type: 'Bearer', expires_in: expiresIn, ext_expires_in: expiresIn, access_token: token };
  return { ...json(200, JSON.stringify(members)), headers: { 'Cache-Control': 'no-store, no-cache', Pragma: 'no-cache' } };
}

/** Who asks, by HTTP Basic or in the form; Basic may be form-encoded, as the standard asks, or raw, as many send it. */
function clientOf({ authorization, form }: TokenRequest): { clientIds: string[]; secrets: string[] } {
  const [, encoded] = /^Basic\s+(\S+)$/i.exec(authorization ?? '') ?? [];
  const [formId, formSecret] = [form.get('client_id'), form.get('client_secret')];
  const clientIds = formId === null ? [] : [formId];
  const secrets = formSecret === null ? [] : [formSecret];
  if (encoded !== undefined) {
    const pair = Buffer.from(encoded, 'base64').toString('utf8');
    const colon = pair.indexOf(':');
    const both = (text: string): string[] => [text, formDecoded(text)];
    clientIds.push(...both(pair.slice(0, colon)));
    secrets.push(...both(pair.slice(colon + 1)));
  }
  return { clientIds, secrets };
}

function formDecoded(text: string): string {
  return new URLSearchParams(`value=${text.replaceAll('&', '%26')}`).get('value') ?? text;
}

function apiScopes(scope: string): string[] {
  return scope.split(/\s+/).filter((one) => one !== '' && !['openid', 'profile', 'offline_access'].includes(one));
}

function refused({ aadsts, values }: Refusal, { random, nowMs }: TokenEndpointOptions): Answer {
  const { error, status, message } = ENTRA_ERRORS[aadsts];
  const timestamp = `${new Date(nowMs()).toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const [trace, correlation] = [random.guid(), random.guid()];
  const sentence = (message as string).replace(/\{(\d)\}/g, (_, index: string) => values[Number(index)] ?? '');
  return json(status, JSON.stringify({
    error,
    error_description: `AADSTS${aadsts}: ${sentence}\r\nTrace ID: ${trace}\r\nCorrelation ID: ${correlation}\r\nTimestamp: ${timestamp}`,
    error_codes: [aadsts],
    timestamp,
    trace_id: trace,
    correlation_id: correlation,
    error_uri: `https://login.microsoftonline.com/error?code=${aadsts}`,
  }));
}

function aadstsNumber(number: number): AadstsNumber {
  return Object.hasOwn(ENTRA_ERRORS, number) ? number as AadstsNumber : 7000215;
}
