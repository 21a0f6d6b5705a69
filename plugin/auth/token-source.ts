/**
 * The access token of one tenant: asked for once by however many want it, kept until shortly before it expires, dropped when the API refuses it.
 * Refusals are remembered for a while, so that nobody asks Entra in a loop.
 */
import { setMaxListeners } from 'node:events';
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, Credential, HttpRequest, Tenant } from '../types.ts';
import { readClaims, type Identity } from './claims.ts';
import { cloudsAreMixed } from './clouds.ts';
import { createPatience } from './patience.ts';
import { stampOf } from './proof.ts';
import { requestToken } from './token-request.ts';

/** A token is renewed this long before it expires, or when a fifth of its life is left: tenants may set lives of ten minutes. */
const RENEWAL_MARGIN_MS = 300_000;
const RENEWAL_MARGIN_SHARE = 0.2;
/** The life of a token that says nothing of it, and the shortest that is believed. */
const LIFETIME_UNKNOWN_MS = 300_000;
const LIFETIME_MIN_MS = 10_000;
/** So many tokens a minute are dropped at the API's word; after that a new one would fare no better, and Entra blocks who asks in a loop. */
const REJECTIONS_PER_MINUTE = 5;
const MINUTE_MS = 60_000;

const GUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

export interface TokenSource {
  /**
   * A token that is valid now. Throws AUTH_REFUSED, AUTH_BUSY, AUTH_UNREADABLE, AUTH_REQUEST, AUTH_TENANT_UNKNOWN, AUTH_TENANT_OTHER,
   * API_PERMISSION, the failures of readProofs, a NETWORK_ failure, or the signal's reason. For some time after a failure it throws the same again
   * without asking, unless the files of the credential have changed since.
   */
  token(signal?: AbortSignal): Promise<string>;
  /** The tenant's GUID, whatever name it was configured by; asks for a token if there was none yet. Throws as `token` does. */
  tenantId(signal?: AbortSignal): Promise<string>;
  /** Drops this token: the API refused it. Another one than the current is ignored. */
  reject(token: string): void;
  /** Whom the last token was issued to; `tenantId` is always the tenant's GUID. Undefined before the first token. */
  readonly identity: (Identity & { readonly tenantId: string }) | undefined;
}

export interface TokenSourceOptions {
  readonly tenant: Tenant;
  readonly applicationId: string;
  readonly credential: Credential;
  /** The login host, as `https://login.microsoftonline.com`; plain http for loopback addresses only. */
  readonly authenticationEndpoint: URL;
  /** The API that the token is for. */
  readonly resource: URL;
}

interface Held {
  readonly token: string;
  readonly identity: Identity & { readonly tenantId: string };
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

/** One request for a token, and how many wait for it; when nobody does any more it is given up. */
interface Flight {
  readonly answer: Promise<Held>;
  readonly controller: AbortController;
  waiting: number;
}

/** Makes the token source of a tenant; nothing is sent before the first `token()`. */
export function createTokenSource(options: TokenSourceOptions, request: HttpRequest, clock: Clock, log: Log): TokenSource {
  const tenant = options.tenant.id;
  const patience = createPatience(clock);
  let held: Held | undefined;
  let identity: Held['identity'] | undefined;
  let flight: Flight | undefined;
  let rejectionsMs: readonly number[] = [];
  let lastProof: string | undefined;
  /** What the files of the credential were like when they were last read. */
  let stamp = '';
  const { authenticationEndpoint, resource, credential } = options;
  if (cloudsAreMixed(authenticationEndpoint, resource)) log('auth.clouds_mixed', { tenant, login: authenticationEndpoint.host, api: resource.host });

  async function ask(signal: AbortSignal): Promise<Held> {
    try {
      stamp = await stampOf(credential);
      const { token, lifetimeMs, proof } = await requestToken({ ...options, tenantId: tenant, ...(lastProof === undefined ? {} : { lastProof }) }, { request, clock, log, signal });
      lastProof = proof;
      held = hold(token, lifetimeMs, tenant, clock.nowMs());
      identity = held.identity;
      patience.forget();
      log('auth.token', { tenant, tenantId: identity.tenantId, roles: identity.roles.join(' '), lifetimeMs });
      return held;
    } catch (error) {
      if (error instanceof AuditError) patience.remember(error);
      throw error;
    } finally {
      if (flight?.controller.signal === signal) flight = undefined;
    }
  }

  function join(signal?: AbortSignal): Promise<Held> {
    if (flight === undefined || flight.controller.signal.aborted) {
      const controller = new AbortController();
      flight = { answer: ask(controller.signal), controller, waiting: 0 };
    }
    return waitFor(flight, signal);
  }

  /** The failure to repeat; a credential that was replaced on disk is worth asking at once. */
  async function unlessReplaced(last: AuditError): Promise<AuditError | undefined> {
    if (stamp === await stampOf(credential)) return last;
    log('auth.credential_changed', { tenant });
    patience.forget();
    return undefined;
  }

  const source: TokenSource = {
    async token(signal) {
      signal?.throwIfAborted();
      const nowMs = clock.nowMs();
      const usable = held !== undefined && nowMs < held.expiresAtMs ? held : undefined;
      if (usable !== undefined && nowMs < usable.renewAtMs) return usable.token;
      const remembered = patience.refusal();
      const last = remembered === undefined ? undefined : await unlessReplaced(remembered);
      signal?.throwIfAborted();
      if (usable !== undefined) {
        // Nobody waits for a renewal while the old token is good.
        if (last === undefined && flight === undefined) join().catch((error: unknown) => log('auth.renewal_failed', { tenant, reason: reasonOf(error) }));
        return usable.token;
      }
      if (last !== undefined) throw last;
      return (await join(signal)).token;
    },
    async tenantId(signal) {
      if (identity === undefined) await source.token(signal);
      return identity?.tenantId ?? tenant;
    },
    reject(token) {
      if (held?.token !== token) return;
      const nowMs = clock.nowMs();
      const recent = rejectionsMs.filter((atMs) => Math.abs(nowMs - atMs) < MINUTE_MS);
      if (recent.length >= REJECTIONS_PER_MINUTE) return;
      rejectionsMs = [...recent, nowMs];
      held = undefined;
      log('auth.rejected', { tenant });
    },
    get identity() {
      return identity;
    },
  };
  return source;
}

function hold(token: string, lifetimeMs: number | undefined, tenant: string, nowMs: number): Held {
  const { tenantId, roles, expiresAtMs } = readClaims(token);
  const configured = GUID.test(tenant) ? tenant.toLowerCase() : undefined;
  const resolved = tenantId ?? configured;
  if (resolved === undefined) throw failure('AUTH_TENANT_UNKNOWN', { tenant });
  if (configured !== undefined && resolved !== configured) throw failure('AUTH_TENANT_OTHER', { tenant, actual: resolved });
  // A token is issued even when nobody has consented to anything; the API would refuse it for every content type. An opaque one says nothing of it.
  if (tenantId !== undefined && !roles.some((role) => role.startsWith('ActivityFeed.'))) {
    throw failure('API_PERMISSION', { tenant, what: 'reading the token', detail: roles.length === 0 ? 'it names no permission at all' : `it names only ${roles.join(', ')}` });
  }
  const livesMs = Math.max(LIFETIME_MIN_MS, lifetimeMs ?? (expiresAtMs === undefined ? LIFETIME_UNKNOWN_MS : expiresAtMs - nowMs));
  return {
    token,
    identity: { tenantId: resolved, roles },
    renewAtMs: nowMs + livesMs - Math.min(RENEWAL_MARGIN_MS, livesMs * RENEWAL_MARGIN_SHARE),
    expiresAtMs: nowMs + livesMs,
  };
}

/** Waits for a flight, or until the caller gives up; the last one to give up ends it. */
function waitFor(flight: Flight, signal: AbortSignal | undefined): Promise<Held> {
  flight.waiting += 1;
  if (signal === undefined) return flight.answer;
  setMaxListeners(0, signal);
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      reject(signal.reason as Error);
      flight.waiting -= 1;
      if (flight.waiting === 0) flight.controller.abort(signal.reason);
    };
    signal.addEventListener('abort', giveUp, { once: true });
    flight.answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', giveUp));
  });
}
