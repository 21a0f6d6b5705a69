/**
 * The one client for Elasticsearch and OpenSearch: setup, check, report and audit speak to a cluster through it. Plain HTTP, because each
 * vendor's own client refuses the other's server.
 *
 *     const network = await openNetwork(networkSettings, surroundings, log);
 *     const store = createStore({ urls: [new URL('https://es.example:9200')], apiKey }, network.request, clock, log);
 *     await store.request('PUT', '/_ingest/pipeline/x', { what: 'storing the pipeline x', body: {…} });
 *     for await (const hits of store.search('logs-o365.audit-*', { query })) …
 *
 * What a server is and what it knows is told by `describeServer` (server.ts) and `probeFeatures` (features.ts).
 */
import { AuditError, failure } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, HttpRequest, HttpResponse } from '../types.ts';
import { authorizationOf, type StoreCredentials } from './authorization.ts';
import { listAt, textAt, type JsonObject } from './json.ts';
import { searchPages, type Hit, type Search } from './search.ts';

/** Where the cluster is, and how to sign in. URLs hold no user and no password. */
export interface StoreConnection extends StoreCredentials {
  /** Nodes of one cluster; the first that answers is taken. */
  readonly urls: readonly URL[];
}

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE' | 'HEAD';

export interface StoreCall {
  /** What the call is for, in failures: "storing the pipeline o365audit". */
  readonly what: string;
  readonly body?: JsonObject | undefined;
  /** Statuses from 400 on that are an answer, such as 404 when looking whether something is there. */
  readonly accept?: readonly number[];
  readonly signal?: AbortSignal | undefined;
}

/** `body` is {} where the server sent none. */
export interface StoreAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

export interface Store {
  /** What the operator calls it. */
  readonly name: string;
  /**
   * One call. A busy server (429, 502, 503, 504) is asked a few times more. Rejects with STORE_UNAUTHORIZED, STORE_FORBIDDEN, STORE_BLOCKED,
   * STORE_CLOSED, STORE_BUSY, STORE_REFUSED, STORE_UNREADABLE, a NETWORK_ failure, or the signal's reason.
   */
  request(method: Method, path: string, call: StoreCall): Promise<StoreAnswer>;
  /** All hits, page by page, the oldest first. Rejects as `request`. */
  search(index: string, search: Search, signal?: AbortSignal): AsyncGenerator<readonly Hit[], void, undefined>;
}

/** How much of an answer is read: a page of large documents fits. */
const ANSWER_BYTES_MAX = 256 * 1024 * 1024;
const BUSY_STATUSES = [429, 502, 503, 504];
const ATTEMPTS_MAX = 4;
const FIRST_WAIT_MS = 1_000;
/** How much of what a server says is repeated. */
const REASON_CHARACTERS_MAX = 400;

export function createStore(connection: StoreConnection, request: HttpRequest, clock: Clock, log: Log): Store {
  const name = connection.urls.map(({ host }) => host).join(', ');
  const authorization = authorizationOf(connection);
  let urls = connection.urls;

  /** Nodes that cannot be reached go to the end of the line. */
  async function reach(method: Method, path: string, { body, signal }: StoreCall): Promise<HttpResponse> {
    const options = {
      method,
      headers: {
        accept: 'application/json', 'accept-encoding': 'gzip', ...(authorization === undefined ? {} : { authorization }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    };
    for (let left = urls.length; ; left--) {
      const [url, ...others] = urls;
      if (url === undefined) throw failure('STORE_ADDRESS', { reason: 'none was given' });
      try {
        return await request(new URL(path.replace(/^\//, ''), url), options);
      } catch (error) {
        if (left <= 1 || !(error instanceof AuditError) || !['NETWORK_UNREACHABLE', 'NETWORK_SILENT'].includes(error.code)) throw error;
        log('store.next_node', { host: url.host, reason: error.message });
        urls = [...others, url];
      }
    }
  }

  async function call(method: Method, path: string, options: StoreCall): Promise<StoreAnswer> {
    const { what, accept = [], signal } = options;
    for (let attempt = 1, waitMs = FIRST_WAIT_MS; ; attempt++, waitMs *= 2) {
      const response = await reach(method, path, options);
      const { status, headers } = response;
      const text = await response.text(ANSWER_BYTES_MAX);
      if (status < 400 || accept.includes(status)) return { status, headers, body: method === 'HEAD' ? {} : parsed(text, status, name, what) };
      const reason = reasonIn(text, status);
      if (!BUSY_STATUSES.includes(status)) throw refusal(status, text, { store: name, what, reason });
      if (attempt >= ATTEMPTS_MAX) throw failure('STORE_BUSY', { store: name, what, reason });
      log('store.busy', { host: name, status, seconds: waitMs / 1000 });
      await clock.wait(waitMs, signal);
    }
  }

  return {
    name,
    request: call,
    search: (index, search, signal) => searchPages(name, index, search, call, signal),
  };
}

/** What searches need of a store. */
export type Call = Store['request'];

function parsed(text: string, status: number, store: string, what: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw failure('STORE_UNREADABLE', { store, what, status, bytes: text.length }, error);
  }
}

function refusal(status: number, text: string, values: { readonly store: string; readonly what: string; readonly reason: string }): AuditError {
  if (status === 401) return failure('STORE_UNAUTHORIZED', values);
  // no right helps against a block
  if (status === 403) return failure(text.includes('cluster_block_exception') ? 'STORE_BLOCKED' : 'STORE_FORBIDDEN', values);
  return failure(text.includes('index_closed_exception') ? 'STORE_CLOSED' : 'STORE_REFUSED', values);
}

/** Why, in the server's words: the innermost cause says most. */
function reasonIn(text: string, status: number): string {
  let reason = '';
  try {
    const body = JSON.parse(text) as unknown;
    let error: unknown = (body as { readonly error?: unknown }).error;
    if (typeof error === 'string') reason = error;
    for (let depth = 0; depth < 8 && typeof error === 'object' && error !== null; depth++) {
      reason = textAt(error, 'reason') ?? reason;
      // "closed", it says, and which index that is stands beside it
      const index = textAt(error, 'index');
      if (index !== undefined && reason !== '' && !reason.includes(index)) reason = `${reason} (${index})`;
      error = (error as JsonObject).caused_by ?? (depth === 0 ? listAt(error, 'root_cause').find((cause) => textAt(cause, 'reason') !== reason && (error as JsonObject).caused_by === undefined) : undefined);
    }
  } catch {
    // What is no JSON comes from a proxy or another kind of server; its status must do.
  }
  return reason === '' ? `HTTP ${status}` : `${reason.slice(0, REASON_CHARACTERS_MAX).replace(/[.\s]+$/, '')} (HTTP ${status})`;
}
