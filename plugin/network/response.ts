/** An answer as the rooms see it: body decoded, deadlines applied, every error of the body a NETWORK_ failure. */
import { pipeline, type Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { failure } from '../errors.ts';
import type { HttpResponse } from '../types.ts';
import type { Deadline } from './deadline.ts';
import { abortReason, networkFailure } from './reasons.ts';

/** How much of a body is buffered before the connection rests. */
export const BODY_WINDOW_BYTES = 256 * 1024;
/** How much of a body `text()` reads unless told otherwise. */
const TEXT_BYTES_MAX = 64 * 1024;
/** How much of an unwanted body is read to save its connection; a longer one costs the connection. */
const DUMP_BYTES_MAX = 128 * 1024;
/** Size of the pieces that gzip decodes into: large ones mean few trips to zlib's thread. */
const GUNZIP_CHUNK_BYTES = 256 * 1024;

/**
 * Wraps undici's answer.
 *
 * Rejects with NETWORK_ENCODING if the body has an encoding that was not offered: nobody downstream could read it.
 */
export function createResponse(answer: Dispatcher.ResponseData, exchange: { readonly host: string; readonly gzipOffered: boolean; readonly deadline: Deadline }): HttpResponse {
  const headers = joined(answer.headers);
  const { deadline, host } = exchange;
  // The stream reports its errors to its reader; without a reader they must not end the process.
  answer.body.on('error', () => undefined);
  const decode = decoderFor(headers['content-encoding'], answer.body, exchange);
  const body = readWithin(deadline, () => decode(answer.body), host);
  return {
    status: answer.statusCode,
    headers,
    body,
    text: (limitBytes) => readText(body, limitBytes ?? TEXT_BYTES_MAX),
    dump: async () => {
      deadline.run();
      try {
        await answer.body.dump({ limit: DUMP_BYTES_MAX });
      } catch {
        // The body was unwanted, and undici has given up its connection: nothing is left to be done.
      } finally {
        deadline.end();
      }
    },
  };
}

/** How to turn the raw body into what it was before it was compressed; a compressed one that is cut off ends with an error. */
function decoderFor(encoding: string | undefined, raw: Readable, { host, gzipOffered }: { readonly host: string; readonly gzipOffered: boolean }): (raw: Readable) => Readable {
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return (stream) => stream;
  if (!gzipOffered || !/^(x-)?gzip$/i.test(encoding)) {
    raw.destroy();
    throw failure('NETWORK_ENCODING', { host, encoding });
  }
  return (stream) => {
    const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
    // Errors reach the reader through the last stream, so the callback has nothing to do.
    pipeline(wholeReads(stream), gunzip, () => undefined);
    return gunzip;
  };
}

/**
 * All that has been buffered at a time. undici copies what its socket has buffered whenever it goes on reading a body, so it must be asked seldom for much: a
 * pipe, which asks for every small piece, would make the work grow with the square of a large body.
 */
async function* wholeReads(raw: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  yield* raw as AsyncIterable<Uint8Array>;
}

/** The body's pieces as they come; nothing is taken from the connection, nor decoded, before the first is asked for. */
async function* readWithin(deadline: Deadline, open: () => Readable, host: string): AsyncGenerator<Uint8Array, void, undefined> {
  const stream = open();
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      deadline.run();
      const piece = await iterator.next();
      deadline.pause();
      if (piece.done === true) return;
      yield piece.value;
    }
  } catch (error) {
    throw abortReason(deadline.signal, host) ?? networkFailure(error, host);
  } finally {
    deadline.end();
    stream.destroy();
  }
}

async function readText(body: AsyncIterable<Uint8Array>, limitBytes: number): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    chunks.push(chunk.subarray(0, limitBytes - bytes));
    bytes += chunk.length;
    if (bytes >= limitBytes) break;
  }
  return new TextDecoder().decode(Buffer.concat(chunks));
}

function joined(headers: Dispatcher.ResponseData['headers']): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), Array.isArray(value) ? value.join(', ') : value ?? '']));
}
