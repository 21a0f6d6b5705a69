/**
 * The undici agents behind every request. All that concerns the way to a server (proxies, extra certificate authorities, TLS versions) belongs
 * into this one file; nobody touches undici's global dispatcher, which a second copy of undici would not share anyway.
 */
import { Agent, buildConnector, type Dispatcher } from 'undici';
import type { Log } from '../telemetry/log.ts';
import type { ProxyChoice } from './proxy.ts';
import { openTunnel } from './tunnel.ts';

/** Nothing older is spoken, to login hosts, API and proxies alike. */
const TLS_VERSION_MIN = 'TLSv1.2';

export interface DispatcherOptions {
  readonly connectTimeoutMs: number;
  readonly headersTimeoutMs: number;
  readonly bodyTimeoutMs: number;
  readonly connectionsPerOrigin: number;
  readonly keepAliveMs: number;
  /** What the program calls itself to servers and proxies. */
  readonly userAgent: string;
  readonly proxyFor: ProxyChoice;
  /** All certificate authorities to trust, PEM; those of Node if undefined. */
  readonly authorities: readonly string[] | undefined;
}

export interface Dispatchers {
  /** Keeps connections and uses them again. */
  readonly reusing: Dispatcher;
  /** Opens a connection for each request: for the second try after a kept connection turned out to be dead. */
  readonly fresh: Dispatcher;
  /** Whether this error ended a connection on which an answer had come before. */
  readonly endedReused: (error: unknown) => boolean;
  /** Ends all connections at once; what is in flight fails. */
  destroy(): Promise<void>;
}

/** Makes both agents with the same limits. */
export function createDispatchers(options: DispatcherOptions, log: Log): Dispatchers {
  const shared: Agent.Options = {
    connections: options.connectionsPerOrigin,
    headersTimeout: options.headersTimeoutMs,
    bodyTimeout: options.bodyTimeoutMs,
    keepAliveTimeout: options.keepAliveMs,
  };
  const connect = createConnector(options, log);
  const endings = new WeakSet<object>();
  const watched: buildConnector.connector = (target, callback) => connect(target, (...result) => {
    if (result[0] === null) {
      const socket = result[1];
      const bytesAtFirst = socket.bytesRead;
      socket.prependListener('error', (error: Error) => {
        if (socket.bytesRead > bytesAtFirst) endings.add(error);
      });
    }
    callback(...result);
  });
  const reusing = new Agent({ ...shared, connect: watched });
  // Pipelining 0 is undici's way to say that a connection serves one request only.
  const fresh = new Agent({ ...shared, connect, pipelining: 0 });
  return {
    reusing,
    fresh,
    endedReused: (error) => typeof error === 'object' && error !== null && endings.has(error),
    destroy: async () => {
      await Promise.all([reusing.destroy(), fresh.destroy()]);
    },
  };
}

/** Connects directly or through the proxy that is chosen for the target. */
function createConnector({ connectTimeoutMs: timeoutMs, userAgent, proxyFor, authorities }: DispatcherOptions, log: Log): buildConnector.connector {
  const tls = { minVersion: TLS_VERSION_MIN, ...(authorities === undefined ? {} : { ca: [...authorities] }) } as const;
  const connect = buildConnector({ timeout: timeoutMs, ...tls });
  return (target, callback) => {
    const { protocol } = target;
    const url = new URL(`${protocol}//${target.host ?? target.hostname}`);
    const proxy = proxyFor(url);
    if (proxy === undefined) {
      connect(target, callback);
      return;
    }
    const address = `${url.hostname}:${url.port !== '' ? url.port : protocol === 'https:' ? '443' : '80'}`;
    openTunnel(proxy, address, { timeoutMs, userAgent, tls }).then((socket) => {
      log('network.tunnel', { proxy: proxy.url.host, host: address });
      if (protocol === 'https:') connect({ ...target, httpSocket: socket }, callback);
      else callback(null, socket);
    }, (error: unknown) => callback(error as Error, null));
  };
}
