/** The way of one tenant's events, from the login host to the content of a blob, step by step; what a step needs of an earlier one that failed is left out. */
import { createRequestBudget } from '../api/budget.ts';
import { createManagementApi, type ManagementApi } from '../api/management-api.ts';
import { readCertificates } from '../auth/certificate.ts';
import { createTokenSource, type TokenSource } from '../auth/token-source.ts';
import { apiRoot } from '../collect/collect.ts';
import { daysUntil } from '../collect/expiry.ts';
import type { CollectorOptions, Source } from '../config/config.ts';
import type { Network } from '../network/network.ts';
import type { Log } from '../telemetry/log.ts';
import { CREDENTIAL_WARNING_DAYS, type Clock, type ContentBlob, type ContentType, type Tenant } from '../types.ts';
import type { Finding, Steps } from './check-steps.ts';

/** Entra and the API tolerate five minutes. */
const CLOCK_DIFFERENCE_MAX_MS = 300_000;
const DAY_MS = 86_400_000;
/** A blob that begins to come can be had. */
const BLOB_BYTES = 64 * 1024;

export interface TenantRooms {
  readonly collector: CollectorOptions;
  readonly network: Network;
  readonly clock: Clock;
  readonly log: Log;
}

/** Goes all steps of one tenant of a source. */
export async function checkTenant(tenant: Tenant, source: Source, rooms: TenantRooms, steps: Steps): Promise<void> {
  const { collector, network: { request }, clock, log } = rooms;
  const { applicationId, credential, authenticationEndpoint, resource } = source;
  if (credential === undefined) return;
  const reached = await checkHost('login host', new URL(`${encodeURIComponent(tenant.id)}/v2.0/.well-known/openid-configuration`, authenticationEndpoint), rooms, steps);
  const expiry = credential.kind !== 'certificate' || await steps.step('certificate', async (signal) => {
    const [{ expiresAtMs }] = await readCertificates(credential, clock, signal);
    return expiryFinding(expiresAtMs, clock);
  });
  if (credential.kind !== 'certificate' && source.credentialExpiresMs !== undefined) {
    const expiresMs = source.credentialExpiresMs;
    await steps.step('credential', () => Promise.resolve(expiryFinding(expiresMs, clock)));
  }
  if (!reached || !expiry) return;
  const tokens = createTokenSource({ tenant, applicationId, credential, authenticationEndpoint, resource }, request, clock, log);
  const hasToken = await steps.step('token', async (signal) => {
    await tokens.token(signal);
    const tenantId = await tokens.tenantId(signal);
    return `tenant ${tenantId} gives application ${applicationId} a token`;
  });
  if (!hasToken) return;
  const types = await checkPermissions(source.contentTypes, tokens, steps);
  if (!await checkHost('API host', resource, rooms, steps)) return;
  const api = createManagementApi(apiRoot(resource, tokens, collector), request, tokens, createRequestBudget({ requestsPerMinute: source.maxRequestsPerMinute }, clock), clock, log);
  await checkContent(types, api, clock, steps);
}

function expiryFinding(expiresMs: number, clock: Clock): Finding {
  const daysLeft = daysUntil(expiresMs, clock);
  const day = new Date(expiresMs).toISOString().slice(0, 10);
  const sentence = daysLeft < 0 ? `it has expired on ${day}` : `it expires on ${day}, in ${daysLeft} days`;
  return daysLeft > CREDENTIAL_WARNING_DAYS ? sentence : { warning: sentence, repair: 'Create a new one in Entra, and configure it.' };
}

/** Any answer is good: it shows the way, and the server's clock. */
async function checkHost(name: string, url: URL, { network, clock }: TenantRooms, steps: Steps): Promise<boolean> {
  const proxy = network.proxyTo(url);
  let serverMs = Number.NaN;
  const reached = await steps.step(name, async (signal) => {
    const answer = await network.request(url, { signal });
    serverMs = Date.parse(answer.headers.date ?? '');
    await answer.dump();
    return `${url.host} answers, ${proxy === undefined ? 'without a proxy' : `through the proxy ${proxy}`}`;
  });
  if (!Number.isNaN(serverMs)) {
    const differenceMs = clock.nowMs() - serverMs;
    await steps.step('clock', () => {
      const seconds = Math.round(Math.abs(differenceMs) / 1000);
      const sentence = `this machine is ${seconds} s ${differenceMs < 0 ? 'behind' : 'ahead of'} ${url.host}`;
      return Promise.resolve(Math.abs(differenceMs) <= CLOCK_DIFFERENCE_MAX_MS ? sentence : { warning: sentence, repair: 'Set this machine\'s clock right: signatures and spans of time depend on it.' });
    });
  }
  return reached;
}

/** The content types that the token allows. */
async function checkPermissions(contentTypes: readonly ContentType[], tokens: TokenSource, steps: Steps): Promise<readonly ContentType[]> {
  const roles = tokens.identity?.roles ?? [];
  // An opaque token does not say what it allows.
  if (roles.length === 0) return contentTypes;
  const allowed: ContentType[] = [];
  for (const type of contentTypes) {
    const role = type === 'DLP.All' ? 'ActivityFeed.ReadDlp' : 'ActivityFeed.Read';
    const isAllowed = await steps.step('permission', () => Promise.resolve(roles.includes(role) ? `the token has ${role}` : {
      failure: `the token lacks ${role}`,
      repair: `Give the application ${role} of "Office 365 Management APIs" as application permission, and let an administrator consent${type === 'DLP.All' ? '; or take DLP.All out of var.content_type' : ''}.`,
    }), { contentType: type });
    if (isAllowed) allowed.push(type);
  }
  return allowed;
}

async function checkContent(types: readonly ContentType[], api: ManagementApi, clock: Clock, steps: Steps): Promise<void> {
  let states: ReadonlyMap<ContentType, 'enabled' | 'disabled'> = new Map();
  const isOn = await steps.step('auditing', async (signal) => {
    states = await api.subscriptions(signal);
    return 'the service knows the tenant and answers';
  });
  if (!isOn) return;
  let isBlobRead = false;
  for (const type of types) {
    const state = states.get(type);
    await steps.step('subscription', () => Promise.resolve(state === 'enabled' ? 'it is on' : {
      warning: state === undefined ? 'it was never started' : 'it is off', repair: 'Nothing: o365audit collect starts it. The first content can take up to 12 hours.',
    }), { contentType: type });
    if (state !== 'enabled') continue;
    let blob: ContentBlob | undefined;
    const isListed = await steps.step('listing', async (signal) => {
      const nowMs = clock.nowMs() + (api.clockSkewMs ?? 0);
      for await (const page of api.list(type, { startMs: nowMs - DAY_MS, endMs: nowMs }, signal)) {
        blob ??= page[0];
        if (blob !== undefined) return 'there is content of the last 24 hours';
      }
      return 'there is no content of the last 24 hours, which happens where little is done';
    }, { contentType: type });
    if (!isListed || blob === undefined || isBlobRead) continue;
    isBlobRead = await steps.step('content', async (signal) => blob === undefined ? '' : readSome(await api.open(blob, signal)), { contentType: type });
  }
}

async function readSome(body: AsyncIterable<Uint8Array>): Promise<string> {
  let bytes = 0;
  for await (const piece of body) {
    bytes += piece.length;
    if (bytes >= BLOB_BYTES) break;
  }
  return 'a blob of events can be read';
}
