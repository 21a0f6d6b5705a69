/** The simulator's HTTP side: which path belongs to whom, and what can go wrong before anybody answers. Loopback only. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { failure, reasonOf, systemCodeOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock } from '../types.ts';
import { htmlPage, unknownRoute, type Answer } from './answer.ts';
import type { Control } from './control.ts';
import type { Notes } from './counts.ts';
import type { FaultBoard, FaultTarget } from './faults.ts';
import type { FeedAnswer, FeedRequest } from './feed.ts';
import type { TokenRequest } from './token-endpoint.ts';
import type { Transmit } from './transmit.ts';

export interface ServerOptions {
  readonly port: number;
  readonly latencyMs: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly faults: FaultBoard;
  readonly notes: Notes;
  readonly transmit: Transmit;
  readonly stop: AbortSignal;
  /** The parts that answer. */
  readonly tokens: (request: TokenRequest) => Answer;
  readonly discovery: (path: string, origin: string) => Answer | undefined;
  readonly feed: (request: FeedRequest) => FeedAnswer;
  readonly control: Control;
}

export interface RunningServer {
  readonly port: number;
  close(): Promise<void>;
}

const HOST = '127.0.0.1';
/** As long as IIS keeps a connection that nobody uses. */
const KEEP_ALIVE_MS = 120_000;
/** What a client may send: enough for a large assertion, or for events by hand. */
const BODY_LIMIT_BYTES = 256 * 1024 * 1024;
const TOKEN_PATH = /^\/([^/]+)\/oauth2\/(v2\.0\/)?token\/?$/i;
const FEED_PATH = /^\/api\/v1(?:\.0)?\/([^/]+)\/activity\/feed\/(.+?)\/?$/i;

/** Scheme, host and port by which a client called; a front that ends TLS says so in X-Forwarded-Proto. */
export function originOf(headers: Readonly<Record<string, string | string[] | undefined>>): string {
  const scheme = headers['x-forwarded-proto'] === 'https' ? 'https' : 'http';
  return `${scheme}://${String(headers.host ?? HOST)}`;
}

/** Opens the port. Throws SIMULATOR_PORT_TAKEN. */
export async function startServer(options: ServerOptions): Promise<RunningServer> {
  const { port, log, stop } = options;
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    answerRequest(request, response, options).catch((error: unknown) => {
      // What the end of the simulator or of a client interrupts is nobody's failure.
      if (!stop.aborted && systemCodeOf(error) !== 'ECONNRESET') log('simulator.failed', { path: request.url, reason: reasonOf(error) });
      response.destroy();
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(failure('SIMULATOR_PORT_TAKEN', { port, reason: reasonOf(error) }, error)));
    server.listen(port, HOST, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

async function answerRequest(request: IncomingMessage, response: ServerResponse, options: ServerOptions): Promise<void> {
  const { transmit, control, tokens, discovery, clock, latencyMs, stop } = options;
  const origin = originOf(request.headers);
  const url = new URL(request.url ?? '/', origin);
  const { pathname } = url;
  const method = request.method ?? 'GET';
  if (pathname.startsWith('/simulator')) {
    await transmit({ request, response, answer: control(method, url, await readBody(request)) });
    return;
  }
  const [, tokenTenant, v2] = TOKEN_PATH.exec(pathname) ?? [];
  const [, feedTenant, route] = FEED_PATH.exec(pathname) ?? [];
  const target = { tenant: feedTenant ?? tokenTenant, contentType: contentTypeIn(url), path: pathname + url.search };
  if (feedTenant !== undefined) options.notes.noteArrival(feedTenant.toLowerCase(), [...url.searchParams.keys()].some((name) => name.toLowerCase() === 'publisheridentifier'));
  const body = await readBody(request);
  const isCut = await meetFaults(response, target, options);
  if (isCut) {
    noteRequest(request, { operation: 'unknown', target }, 0, options);
    return;
  }
  const atDoor = frontDoor(target, options.faults);
  if (feedTenant !== undefined && route !== undefined) {
    const { answer, ...facts } = atDoor === undefined ? options.feed({ method, url, tenant: feedTenant, route, headers: request.headers, body })
      : { answer: atDoor, operation: 'unknown' as const, target, blob: undefined };
    noteRequest(request, facts, answer.status, options);
    if (latencyMs > 0) await clock.wait(latencyMs, stop);
    // Noted before, so that a client that has it all finds it in the books.
    const takeBack = facts.blob !== undefined && answer.isBlob === true ? options.notes.noteServed(facts.blob) : undefined;
    const isWhole = await transmit({ request, response, answer, target: facts.target, blob: facts.blob });
    if (!isWhole) takeBack?.();
    return;
  }
  const answer = atDoor ?? (tokenTenant === undefined ? discovery(pathname, origin) ?? unknownRoute(url.href) : tokens({
    method, tenant: decodeURIComponent(tokenTenant), version: v2 === undefined ? 'v1' : 'v2', path: pathname, authorization: request.headers.authorization,
    form: new URLSearchParams(body), urls: ['http', 'https'].map((scheme) => `${scheme}://${url.host}${pathname}`),
  }));
  options.log('simulator.request', { method, path: pathname, status: answer.status });
  if (latencyMs > 0) await clock.wait(latencyMs, stop);
  await transmit({ request, response, answer });
}

/** The content type that a request is about: its parameter, or the one that a contentId names. */
function contentTypeIn({ pathname, searchParams }: URL): string | undefined {
  const [, family, kind] = /\$(Audit|DLP)_(\w+)\$/.exec(pathname) ?? [];
  if (family !== undefined && kind !== undefined) return `${family}.${kind}`;
  return [...searchParams].find(([name]) => name.toLowerCase() === 'contenttype')?.[1];
}

/** Connections that are cut, never answered, or late; true when nothing more is to be said on this one. */
async function meetFaults(response: ServerResponse, target: FaultTarget, { faults, clock, stop }: ServerOptions): Promise<boolean> {
  const delay = faults.take('delay', target);
  if (delay !== undefined) await clock.wait(delay.ms, stop);
  if (faults.take('connection-reset', target) !== undefined) {
    response.socket?.resetAndDestroy();
    return true;
  }
  return faults.take('no-answer', target) !== undefined;
}

/** What the front door answers before the service hears of it. */
function frontDoor(target: FaultTarget, faults: FaultBoard): Answer | undefined {
  const unavailable = faults.take('unavailable', target);
  if (unavailable !== undefined) return { ...htmlPage(unavailable.status, 'Please try again.'), headers: unavailable.retryAfter === '' ? {} : { 'Retry-After': unavailable.retryAfter } };
  if (faults.take('request-timeout', target) !== undefined) return htmlPage(408, 'The request took too long.');
  const redirect = faults.take('redirect', target);
  return redirect === undefined ? undefined : { status: redirect.status, headers: { Location: redirect.location }, body: '' };
}

function noteRequest({ method = 'GET' }: IncomingMessage, { operation, target }: Pick<FeedAnswer, 'operation' | 'target'>, status: number, { notes, clock, log }: ServerOptions): void {
  notes.noteRequest({ atMs: clock.nowMs(), method, path: target.path, tenant: target.tenant, operation, contentType: target.contentType, status });
  log('simulator.request', { method, path: target.path, status });
}

async function readBody(request: IncomingMessage): Promise<string> {
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    length += piece.length;
    if (length > BODY_LIMIT_BYTES) throw new RangeError(`The body is longer than ${BODY_LIMIT_BYTES} bytes`);
    pieces.push(piece);
  }
  // One character a byte: events that come by hand keep their exact bytes, and everything else here is ASCII.
  return Buffer.concat(pieces).toString('latin1');
}
