/**
 * The one way out of the program for HTTP: auth, api and store get `request` handed in and never see undici. Redirects are not followed: a
 * token must not travel to a host that an answer names.
 */
import type { Log } from '../telemetry/log.ts';
import type { HttpRequest } from '../types.ts';
import { startDeadline } from './deadline.ts';
import { createDispatchers, type DispatcherOptions } from './dispatchers.ts';
import { abortReason, isReset, networkFailure } from './reasons.ts';
import { BODY_WINDOW_BYTES, createResponse } from './response.ts';

export interface NetworkOptions extends Partial<DispatcherOptions> {
  /** The longest time one exchange may wait for the network; the time its reader takes is not counted. */
  readonly requestTimeoutMs?: number;
  /** What the program calls itself in the User-Agent header. */
  readonly userAgent?: string;
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
} as const satisfies Required<NetworkOptions>;

export interface Network {
  /**
   * One exchange. Rejects with NETWORK_UNREACHABLE, NETWORK_TLS, NETWORK_SILENT, NETWORK_BROKEN, NETWORK_NOT_HTTP or NETWORK_ENCODING, the
   * body rejects with the same; when the caller's signal aborts, both reject with the signal's reason.
   */
  readonly request: HttpRequest;
  /** Ends all connections at once; what is in flight fails. */
  close(): Promise<void>;
}

/** Opens the way out. Nothing is connected before the first request. */
export function createNetwork(options: NetworkOptions, log: Log): Network {
  const limits = { ...NETWORK_DEFAULTS, ...options };
  const dispatchers = createDispatchers(limits);

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
      log('network.answer', { method, host, path: url.pathname, status: answer.statusCode, ms: Math.round(performance.now() - startedAt) });
      return createResponse(answer, { host, gzipOffered: offersGzip(headers), deadline });
    } catch (error) {
      deadline.end();
      throw abortReason(deadline.signal, host) ?? networkFailure(error, host);
    }
  };
  return { request, close: () => dispatchers.destroy() };
}

function offersGzip(headers: Readonly<Record<string, string>>): boolean {
  return Object.entries(headers).some(([name, value]) => name.toLowerCase() === 'accept-encoding' && /\bgzip\b/i.test(value));
}
