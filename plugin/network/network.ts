/**
 * The one way out of the program for HTTP: auth, api and store get `request` handed in and never see undici. Redirects are not followed: a
 * token must not travel to a host that an answer names.
 */
import type { Log } from '../telemetry/log.ts';
import type { HttpRequest, Surroundings } from '../types.ts';
import { trustedWith } from './authorities.ts';
import { startDeadline } from './deadline.ts';
import { createDispatchers, type DispatcherOptions } from './dispatchers.ts';
import { openHttpTrace, type HttpTrace } from './http-trace.ts';
import { chooseProxy, type ProxySettings } from './proxy.ts';
import { abortReason, isReset, networkFailure } from './reasons.ts';
import { BODY_WINDOW_BYTES, createResponse } from './response.ts';

export interface NetworkOptions extends Partial<DispatcherOptions> {
  /** The longest time one exchange may wait for the network; the time its reader takes is not counted. */
  readonly requestTimeoutMs?: number;
  readonly trace?: HttpTrace;
}

/** What an operator may set. */
export interface NetworkSettings extends ProxySettings {
  /** A file of certificate authorities to trust beside the usual ones. */
  readonly ca?: string;
  /** A file that takes what is sent and answered, without secrets and bodies. */
  readonly traceHttp?: string;
}

export const NETWORK_DEFAULTS = {
  connectTimeoutMs: 10_000,
  /** A listing of a busy tenant takes its time. */
  headersTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
  requestTimeoutMs: 600_000,
  connectionsPerOrigin: 256,
  /** Unless the server announces another time; proxies on the way often close idle connections after a minute. */
  keepAliveMs: 20_000,
  userAgent: 'o365audit',
  proxyFor: () => undefined,
  authorities: undefined,
} as const satisfies Required<Omit<NetworkOptions, 'trace'>>;

export interface Network {
  /**
   * One exchange. Rejects with NETWORK_UNREACHABLE, NETWORK_TLS, NETWORK_SILENT, NETWORK_BROKEN, NETWORK_NOT_HTTP, NETWORK_ENCODING or
   * NETWORK_PROXY, the body rejects with the same; when the caller's signal aborts, both reject with the signal's reason.
   */
  readonly request: HttpRequest;
  /** The proxy (host:port) on the way to a host; undefined for the direct way. */
  readonly proxyTo: (url: URL) => string | undefined;
  /** Ends all connections at once; what is in flight fails. */
  close(): Promise<void>;
}

/**
 * Opens the way out as the operator and the environment (HTTPS_PROXY and its like) have it. Throws NETWORK_PROXY_ADDRESS, NETWORK_CA_FILE or
 * NETWORK_TRACE_FILE.
 */
export async function openNetwork(settings: NetworkSettings, { env, version, clock }: Pick<Surroundings, 'env' | 'version' | 'clock'>, log: Log, limits: Pick<NetworkOptions, 'headersTimeoutMs'> = {}): Promise<Network> {
  const proxyFor = chooseProxy(settings, env);
  const authorities = settings.ca === undefined ? undefined : await trustedWith(settings.ca);
  const trace = settings.traceHttp === undefined ? undefined : openHttpTrace(settings.traceHttp, clock, log);
  return createNetwork({ ...limits, userAgent: `o365audit/${version}`, proxyFor, authorities, ...(trace === undefined ? {} : { trace }) }, log);
}

/** The same with given parts. Nothing is connected before the first request. */
export function createNetwork(options: NetworkOptions, log: Log): Network {
  const limits = { ...NETWORK_DEFAULTS, ...options };
  const { trace } = options;
  const dispatchers = createDispatchers(limits, log);

  const request: HttpRequest = async (url, { method = 'GET', headers = {}, body, signal } = {}) => {
    signal?.throwIfAborted();
    const { host } = url;
    const deadline = startDeadline(limits.requestTimeoutMs, signal);
    const startedAt = performance.now();
    const call = {
      origin: url.origin,
      path: url.pathname + url.search,
      method,
      headers: { 'user-agent': limits.userAgent, ...headers },
      body: body ?? null,
      highWaterMark: BODY_WINDOW_BYTES,
      signal: deadline.signal,
    };
    try {
      deadline.run();
      const answer = await dispatchers.reusing.request(call).catch((error: unknown) => {
        // The server may have closed an idle connection just as it was taken again: asking once more on a new one is safe for a GET. A new
        // connection that is reset was reset by purpose; whoever asked decides then, and counts the request.
        if (method !== 'GET' || !isReset(error) || !dispatchers.endedReused(error) || deadline.signal.aborted) throw error;
        log('network.again', { host, reason: networkFailure(error, host).message });
        return dispatchers.fresh.request(call);
      });
      deadline.pause();
      const ms = Math.round(performance.now() - startedAt);
      log('network.answer', { method, host, path: url.pathname, status: answer.statusCode, ms });
      trace?.note({ method, url, headers: call.headers, body }, { status: answer.statusCode, headers: answer.headers, ms });
      return createResponse(answer, { host, gzipOffered: offersGzip(headers), deadline });
    } catch (error) {
      deadline.end();
      const reason = abortReason(deadline.signal, host) ?? networkFailure(error, host);
      trace?.note({ method, url, headers: call.headers, body }, { failed: reason.message, ms: Math.round(performance.now() - startedAt) });
      throw reason;
    }
  };
  return {
    request,
    proxyTo: (url) => limits.proxyFor(url)?.url.host,
    close: async () => {
      await dispatchers.destroy();
      trace?.close();
    },
  };
}

function offersGzip(headers: Readonly<Record<string, string>>): boolean {
  return Object.entries(headers).some(([name, value]) => name.toLowerCase() === 'accept-encoding' && /\bgzip\b/i.test(value));
}
