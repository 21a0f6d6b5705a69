/**
 * One token, asked for by @azure/msal-node over our own network. A new client is made for each token: msal-node caches by the machine's clock,
 * signs an assertion once for ten minutes and remembers throttling for itself, all of which belongs to the token source; and so a credential
 * that was changed on disk counts at once.
 */
import type { ConfidentialClientApplication, INetworkModule, NetworkResponse } from '@azure/msal-node';
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, Credential, HttpRequest, HttpResponse } from '../types.ts';
import { readRefusal, refusesProof } from './aadsts.ts';
import { authorityOf, scopeOf } from './authority.ts';
import { readProofs, type Proof } from './proof.ts';

/** How long to keep quiet when Entra complains of too many requests. */
const PATIENCE_MS = 300_000;
/** The media types that a failure may name: any other might be an echo of the request. */
const KINDS = /^(text\/html|text\/plain|application\/json|application\/xml|text\/xml)/;
/** A longer Retry-After is not believed. */
const RETRY_AFTER_MAX_MS = 3_600_000;

export interface TokenRequest {
  readonly tenantId: string;
  readonly applicationId: string;
  readonly credential: Credential;
  readonly authenticationEndpoint: URL;
  readonly resource: URL;
  /** The proof that was accepted the last time, which is tried first: IssuedToken.proof. */
  readonly lastProof?: string;
}

export interface IssuedToken {
  readonly token: string;
  readonly proof: string;
  /** How long it lives from now on, by `expires_in`; undefined if the answer does not say. */
  readonly lifetimeMs: number | undefined;
}

/** What came back from the token endpoint, kept because msal-node hands on neither status nor our own failures. */
interface Exchange {
  status?: number;
  body?: Readonly<Record<string, unknown>>;
  headers?: HttpResponse['headers'];
  broken?: unknown;
}

interface Around {
  readonly request: HttpRequest;
  readonly clock: Clock;
  readonly log: Log;
  readonly signal?: AbortSignal;
}

/**
 * Asks for a token. A credential with two certificates is tried with the other one when Entra does not accept the first.
 *
 * Throws AUTH_REFUSED (a human must act), AUTH_BUSY (later), AUTH_UNREADABLE, AUTH_REQUEST, the failures of readProofs, NETWORK_ failures,
 * or the signal's reason. `AuditError.values.waitMs` of AUTH_BUSY is how long to keep quiet, 0 if nobody said.
 */
export async function requestToken(asked: TokenRequest, around: Around): Promise<IssuedToken> {
  const proofs = await readProofs(asked.credential, around.clock, around.signal);
  const inOrder = [...proofs].sort((left, right) => Number(right.name === asked.lastProof) - Number(left.name === asked.lastProof));
  for (const [index, proof] of inOrder.entries()) {
    const exchange: Exchange = {};
    const token = await ask(asked, proof, exchange, around);
    if (token !== undefined) return { token, proof: proof.name, lifetimeMs: lifetimeOf(exchange.body) };
    const error = refused(asked, exchange, around.log);
    if (index === inOrder.length - 1 || !refusesProof(exchange.body ?? {})) throw error;
    around.log('auth.next_certificate', { tenant: asked.tenantId, thumbprint: proof.name, reason: error.message });
  }
  throw failure('AUTH_REQUEST', { tenant: asked.tenantId, reason: 'the credential holds nothing to sign in with' });
}

/** One request with one proof: the token, or undefined when Entra answered without one. */
async function ask(asked: TokenRequest, proof: Proof, exchange: Exchange, around: Around): Promise<string | undefined> {
  const application = await createApplication(asked, proof, networkModule(asked, exchange, around), around.log);
  try {
    // Without the word MSAL_FORCE_REGION in the environment would change the host.
    const result = await application.acquireTokenByClientCredential({ scopes: [scopeOf(asked.resource)], azureRegion: 'DisableMsalForceRegion' });
    if (typeof result?.accessToken === 'string' && result.accessToken !== '') return result.accessToken;
  } catch (error) {
    if (exchange.broken !== undefined) throw exchange.broken instanceof Error ? exchange.broken : new Error(reasonOf(exchange.broken));
    if (exchange.status === undefined || exchange.body === undefined) throw failure('AUTH_REQUEST', { tenant: asked.tenantId, reason: nameOf(error) });
  }
  return undefined;
}

async function createApplication(asked: TokenRequest, { auth }: Proof, networkClient: INetworkModule, log: Log): Promise<ConfidentialClientApplication> {
  const { authority, knownAuthorities, authorityMetadata } = authorityOf(asked.authenticationEndpoint, asked.tenantId);
  // Loaded when first needed: no command that asks for no token should wait for it.
  const { ConfidentialClientApplication: Application, LogLevel } = await import('@azure/msal-node');
  try {
    return new Application({
      auth: { clientId: asked.applicationId, authority, knownAuthorities, authorityMetadata, ...auth },
      system: {
        networkClient,
        loggerOptions: {
          logLevel: LogLevel.Info,
          piiLoggingEnabled: false,
          loggerCallback: (_level, message, containsPii) => {
            if (!containsPii) log('auth.msal', { said: message });
          },
        },
      },
    });
  } catch (error) {
    throw failure('AUTH_REQUEST', { tenant: asked.tenantId, reason: nameOf(error) });
  }
}

/** msal-node's network: it may post to the token endpoint, and go nowhere else. */
function networkModule(asked: TokenRequest, exchange: Exchange, { request, signal }: Around): INetworkModule {
  const { tokenEndpoint } = authorityOf(asked.authenticationEndpoint, asked.tenantId);
  return {
    sendGetRequestAsync: (address) => {
      const error = strayed(asked, address);
      exchange.broken = error;
      return Promise.reject(error);
    },
    sendPostRequestAsync: async <Body>(address: string, options?: { readonly headers?: Record<string, string>; readonly body?: string }): Promise<NetworkResponse<Body>> => {
      try {
        const url = new URL(address);
        if (url.origin !== tokenEndpoint.origin || url.pathname !== tokenEndpoint.pathname) throw strayed(asked, address);
        const response = await request(url, {
          method: 'POST',
          headers: { accept: 'application/json', ...options?.headers },
          body: options?.body ?? '',
          ...(signal === undefined ? {} : { signal }),
        });
        exchange.status = response.status;
        exchange.headers = response.headers;
        exchange.body = parse(await response.text(), response, asked);
        return { headers: { ...response.headers }, status: response.status, body: exchange.body as Body };
      } catch (error) {
        exchange.broken = error;
        throw error;
      }
    },
  };
}

function parse(text: string, { status, headers }: HttpResponse, { authenticationEndpoint }: TokenRequest): Readonly<Record<string, unknown>> {
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null) return body as Record<string, unknown>;
  } catch {
    // Told below, without the text: a page that echoes the request would carry the secret.
  }
  throw failure('AUTH_UNREADABLE', { host: authenticationEndpoint.host, status, kind: KINDS.exec(headers['content-type'] ?? '')?.[0] ?? 'an unusual kind', bytes: Buffer.byteLength(text) });
}

function refused({ tenantId }: TokenRequest, { status = 0, body = {}, headers = {} }: Exchange, log: Log): AuditError {
  const { meaning, repair, course, name } = readRefusal(status, body);
  // What Microsoft's support asks for.
  log('auth.refused', { tenant: tenantId, name, trace: guid(body.trace_id), correlation: guid(body.correlation_id) });
  if (course === 'stays') return failure('AUTH_REFUSED', { tenant: tenantId, meaning, name, repair });
  const seconds = Number(headers['retry-after'] ?? Number.NaN);
  const waitMs = Number.isFinite(seconds) ? Math.min(Math.max(0, seconds) * 1000, RETRY_AFTER_MAX_MS) : course === 'patience' ? PATIENCE_MS : 0;
  return new AuditError('AUTH_BUSY', { tenant: tenantId, meaning, name, repair, waitMs });
}

function guid(value: unknown): string | undefined {
  return typeof value === 'string' && /^[0-9a-f-]{36}$/i.test(value) ? value : undefined;
}

function lifetimeOf(body: Readonly<Record<string, unknown>> | undefined): number | undefined {
  // v1 endpoints send numbers as strings.
  const seconds = Number(body?.expires_in);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}

function strayed({ tenantId }: TokenRequest, url: string): AuditError {
  return failure('AUTH_REQUEST', { tenant: tenantId, reason: `msal-node wanted to ask ${new URL(url).host} for more than a token` });
}

/** msal-node's short name of an error: its long texts quote what they were given. */
function nameOf(error: unknown): string {
  return error instanceof Error && 'errorCode' in error ? String(error.errorCode) : error instanceof Error ? error.name : 'unknown';
}
