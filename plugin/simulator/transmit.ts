/** Puts an answer onto its connection: the headers that the real service sends, compression where it was asked for, and bodies that go wrong. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { createGzip, gzip } from 'node:zlib';
import type { Clock } from '../types.ts';
import type { Answer } from './answer.ts';
import type { Blob } from './blob.ts';
import type { FaultBoard, FaultTarget } from './faults.ts';
import { alterBlob, spoilBody } from './spoil.ts';

export interface Transmission {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly answer: Answer;
  /** What the faults of bodies look at; absent for answers that are none of the API's. */
  readonly target?: FaultTarget | undefined;
  readonly blob?: Blob | undefined;
}

export interface TransmitOptions {
  readonly faults: FaultBoard;
  readonly clock: Clock;
  readonly nowMs: () => number;
  /** Compress the API's answers for clients that accept it. */
  readonly compresses: boolean;
  readonly stop: AbortSignal;
}

/** Resolves to true when every byte of the answer, as it was meant, went out to the client. */
export type Transmit = (transmission: Transmission) => Promise<boolean>;

/** The head that the service is known for. */
const WIRE_HEADERS = { 'Cache-Control': 'no-cache', Pragma: 'no-cache', Expires: '-1', Server: 'Microsoft-IIS/8.5', 'X-AspNet-Version': '4.0.30319', 'X-Powered-By': 'ASP.NET' };
const JSON_TYPE = 'application/json; charset=utf-8';
/** Bodies up to this size are compressed once and remembered with their blob; larger ones are compressed as they flow. */
const COMPRESSED_AT_ONCE_BYTES = 16 * 1024 * 1024;

/** Makes the function that every answer goes through. */
export function createTransmit({ faults, clock, nowMs, compresses, stop }: TransmitOptions): Transmit {
  const compressed = new WeakMap<readonly Buffer[], Promise<Buffer>>();
  const compress = (pieces: readonly Buffer[]): Promise<Buffer> => {
    const ready = compressed.get(pieces) ?? promisify(gzip)(Buffer.concat(pieces));
    compressed.set(pieces, ready);
    return ready;
  };

  return async ({ request, response, answer: meant, target, blob }) => {
    const isOfApi = target !== undefined && meant.status === 200;
    const { answer, isWhole, isCompressed } = isOfApi && blob !== undefined ? alterBlob(meant, blob, target, faults) : { answer: meant, isWhole: true, isCompressed: false };
    const headers: Record<string, string | number> = { ...WIRE_HEADERS, 'Content-Type': answer.type ?? JSON_TYPE, ...answer.headers, Date: new Date(nowMs()).toUTCString() };
    let pieces = typeof answer.body === 'string' ? [Buffer.from(answer.body)] : answer.body;
    response.sendDate = false;
    if (isCompressed || (compresses && isOfApi && /\bgzip\b/.test(request.headers['accept-encoding'] ?? ''))) {
      headers['Content-Encoding'] = 'gzip';
      if (byteLength(pieces) > COMPRESSED_AT_ONCE_BYTES) {
        response.writeHead(answer.status, headers);
        return await hasFlowed(pipeline(Readable.from(pieces), createGzip({ level: 1 }), response)) && isWhole;
      }
      pieces = [await compress(pieces)];
    }
    headers['Content-Length'] = byteLength(pieces);
    if (isOfApi && await spoilBody({ response, status: answer.status, headers, pieces, isBlob: meant.isBlob === true, target }, { faults, clock, stop }) === 'broken') return false;
    if (!response.headersSent) response.writeHead(answer.status, headers);
    const [only] = pieces;
    if (response.writableEnded) return await hasFlowed(finished(response)) && isWhole;
    if (pieces.length > 1) return await hasFlowed(pipeline(Readable.from(pieces), response)) && isWhole;
    response.end(only);
    return await hasFlowed(finished(response)) && isWhole;
  };
}

/** The length of a body in pieces. */
export function byteLength(pieces: readonly Buffer[]): number {
  return pieces.reduce((sum, { length }) => sum + length, 0);
}

async function hasFlowed(flow: Promise<unknown>): Promise<boolean> {
  try {
    await flow;
    return true;
  } catch {
    // The client went away before the end: its right, and all that is to be known here.
    return false;
  }
}
