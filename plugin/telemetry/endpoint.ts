/** Serves metrics and health over HTTP, to whoever may reach the address: neither holds anything secret. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { failure, reasonOf } from '../errors.ts';
import type { Log } from './log.ts';
import { METRICS_MEDIA_TYPE } from './metrics.ts';
import type { Problem } from './verdict.ts';

/** Whoever asks for metrics is quick; whoever is not is cut off. */
const REQUEST_LIMIT_MS = 10_000;
const CONNECTIONS_LIMIT = 64;
const HEADER_BYTES_LIMIT = 8 * 1024;

export interface EndpointOptions {
  /** `host:port`; port 0 is any free one. */
  readonly address: string;
  /** The text of the metrics, in pieces. */
  readonly metrics: () => Promise<Iterable<string>>;
  /** What keeps all from being well at this moment. */
  readonly problems: () => Promise<readonly Problem[]>;
  readonly log: Log;
}

export interface Endpoint {
  readonly url: URL;
  close(): Promise<void>;
}

/** Listens until it is closed. Rejects with METRICS_ADDRESS. */
export async function openEndpoint({ address, metrics, problems, log }: EndpointOptions): Promise<Endpoint> {
  const [, host = '', port = ''] = /^\[?(.*?)\]?:(\d+)$/.exec(address) ?? [];
  const server = createServer({ requestTimeout: REQUEST_LIMIT_MS, headersTimeout: REQUEST_LIMIT_MS, keepAliveTimeout: REQUEST_LIMIT_MS, maxHeaderSize: HEADER_BYTES_LIMIT },
    (request, response) => {
      answer(request, response, { metrics, problems }).catch((error: unknown) => {
        // who asked has gone, or has a part already
        if (response.headersSent) response.destroy();
        else response.writeHead(500, { 'content-type': 'text/plain' }).end(`${reasonOf(error)}\n`);
      });
    });
  server.maxConnections = CONNECTIONS_LIMIT;
  server.setTimeout(REQUEST_LIMIT_MS);
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(Number(port), host, resolve);
    });
  } catch (error) {
    throw failure('METRICS_ADDRESS', { address, reason: reasonOf(error) }, error);
  }
  // A connection that cannot be accepted is its asker's loss.
  server.on('error', () => undefined);
  const { port: actual } = server.address() as AddressInfo;
  const url = new URL(`http://${host.includes(':') ? `[${host}]` : host}:${actual}/metrics`);
  log('metrics.listening', { url: url.href });
  return {
    url,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

async function answer({ method, url = '' }: IncomingMessage, response: ServerResponse, { metrics, problems }: Pick<EndpointOptions, 'metrics' | 'problems'>): Promise<void> {
  const send = (status: number, type: string, body: string): void => {
    response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body), 'cache-control': 'no-store' });
    response.end(method === 'HEAD' ? undefined : body);
  };
  if (method !== 'GET' && method !== 'HEAD') send(405, 'text/plain', 'Only GET and HEAD.\n');
  else if (/^\/metrics(\?|$)/.test(url)) {
    const pieces = await metrics();
    response.writeHead(200, { 'content-type': METRICS_MEDIA_TYPE, 'cache-control': 'no-store' });
    await pipeline(Readable.from(method === 'HEAD' ? [] : pieces), response);
  }
  else if (/^\/healthz(\?|$)/.test(url)) send(200, 'application/json', healthText(await problems()));
  else if (/^\/readyz(\?|$)/.test(url)) {
    const found = await problems();
    send(found.length === 0 ? 200 : 503, 'application/json', healthText(found));
  } else send(404, 'text/plain', 'There are /metrics, /healthz and /readyz.\n');
}

function healthText(problems: readonly Problem[]): string {
  const said = problems.map(({ tenant, contentType, sentence, repair }) => ({ tenant, content_type: contentType, sentence, repair }));
  return `${JSON.stringify({ status: problems.length === 0 ? 'ok' : 'degraded', problems: said })}\n`;
}
