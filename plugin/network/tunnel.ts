/** A way through a forward proxy: one CONNECT, and then the socket belongs to whoever speaks with the target. */
import { request as requestPlain } from 'node:http';
import { request as requestSecure } from 'node:https';
import { isIP, type Socket } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import { failure, reasonOf } from '../errors.ts';
import type { Proxy } from './proxy.ts';

export interface TunnelOptions {
  /** From the first packet to the proxy's word that the target is reached. */
  readonly timeoutMs: number;
  readonly userAgent: string;
  /** For proxies that are spoken to by TLS. */
  readonly tls: SecureContextOptions;
}

/** Opens a tunnel to `target` (host:port). Rejects with NETWORK_PROXY. */
export function openTunnel({ url, authorization }: Proxy, target: string, { timeoutMs, userAgent, tls }: TunnelOptions): Promise<Socket> {
  const failed = (reason: string, cause?: unknown): Error => failure('NETWORK_PROXY', { proxy: url.host, host: target, reason }, cause);
  return new Promise((resolve, reject) => {
    const isSecure = url.protocol === 'https:';
    const host = url.hostname.replace(/^\[|\]$/g, '');
    const connect = (isSecure ? requestSecure : requestPlain)({
      method: 'CONNECT',
      host,
      port: url.port === '' ? isSecure ? 443 : 80 : Number(url.port),
      path: target,
      agent: false,
      headers: { host: target, 'user-agent': userAgent, ...(authorization === undefined ? {} : { 'proxy-authorization': authorization }) },
      // Else it would be looked for in the Host header, which names the target.
      ...(isSecure ? { servername: isIP(host) === 0 ? host : '', ...tls } : {}),
    });
    const timer = setTimeout(() => connect.destroy(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    connect.on('connect', ({ statusCode = 0 }, socket: Socket, head) => {
      clearTimeout(timer);
      if (statusCode >= 200 && statusCode < 300 && head.length === 0) {
        resolve(socket);
        return;
      }
      socket.destroy();
      reject(failed(refusalOf(statusCode, authorization !== undefined)));
    });
    // A proxy that answers CONNECT like any other request.
    connect.on('response', ({ statusCode = 0, socket }) => {
      clearTimeout(timer);
      socket.destroy();
      reject(failed(refusalOf(statusCode, authorization !== undefined)));
    });
    connect.on('error', (error) => {
      clearTimeout(timer);
      reject(failed(reasonOf(error), error));
    });
    connect.end();
  });
}

function refusalOf(status: number, hasAuthorization: boolean): string {
  if (status === 407) return hasAuthorization ? 'it does not accept the user name and password (HTTP 407)' : 'it asks for a user name and password (HTTP 407)';
  return status >= 200 && status < 300 ? 'it sends more than its word' : `it answers HTTP ${status}`;
}
