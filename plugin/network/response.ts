/** An answer as the rooms see it: body decoded, deadlines applied, every error of the body a NETWORK_ failure. */
import { pipeline, type Readable } from 'node:stream';
import { createGunzip, gunzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { failure, systemCodeOf } from '../errors.ts';
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
/** What is decoded in one piece, before and after: a few milliseconds of this thread at most. */
const SMALL_GZIP_BYTES = 256 * 1024;
const SMALL_BODY_BYTES = 512 * 1024;
/** Such a body gets a piece of just the size that its end announces: most are listings of some hundred bytes. Should that be nonsense, pieces are no smaller than this. */
const SMALL_CHUNK_BYTES_MIN = 1024;

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
  const body = readWithin(deadline, answer.body, decode, host);
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

type Decoder = (raw: Readable) => AsyncIterable<Uint8Array>;

/** How to turn the raw body into what it was before it was compressed; a compressed one that is cut off ends with an error. */
function decoderFor(encoding: string | undefined, raw: Readable, { host, gzipOffered }: { readonly host: string; readonly gzipOffered: boolean }): Decoder {
  if (encoding === undefined || encoding === '' || encoding.toLowerCase() === 'identity') return (stream) => stream;
  if (!gzipOffered || !/^(x-)?gzip$/i.test(encoding)) {
    raw.destroy();
    throw failure('NETWORK_ENCODING', { host, encoding });
  }
  return inflated;
}

/**
 * Decodes gzip. A small body is decoded in one piece, which takes less than half of the time that zlib's thread and the streams to and from it take; a large
 * one, and one that turns out to be large, is decoded as it comes in.
 */
async function* inflated(raw: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  const iterator = wholeReads(raw);
  let isWhole = false;
  while (!isWhole && bytes <= SMALL_GZIP_BYTES) {
    const { value, done } = await iterator.next();
    isWhole = done === true;
    if (value === undefined) continue;
    pieces.push(value);
    bytes += value.length;
  }
  const small = isWhole ? inflatedWhole(Buffer.concat(pieces)) : undefined;
  if (small !== undefined) {
    yield small;
    return;
  }
  const gunzip = createGunzip({ chunkSize: GUNZIP_CHUNK_BYTES });
  // Errors reach the reader through the last stream, so the callback has nothing to do.
  pipeline(async function* () { yield* pieces; yield* iterator; }, gunzip, () => undefined);
  yield* gunzip as AsyncIterable<Uint8Array>;
}

/** Undefined when it is larger than small bodies are; nearly always the length at its end says so. */
function inflatedWhole(gzip: Buffer): Buffer | undefined {
  const announced = gzip.length >= 4 ? gzip.readUInt32LE(gzip.length - 4) : 0;
  if (announced > SMALL_BODY_BYTES) return undefined;
  try {
    // one byte more, for zlib asks for a second piece when it has filled the first
    return gunzipSync(gzip, { maxOutputLength: SMALL_BODY_BYTES, chunkSize: Math.max(SMALL_CHUNK_BYTES_MIN, announced + 1) });
  } catch (error) {
    if (systemCodeOf(error) === 'ERR_BUFFER_TOO_LARGE') return undefined;
    throw error;
  }
}

/**
 * All that has been buffered at a time. undici copies what its socket has buffered whenever it goes on reading a body, so it must be asked seldom for much: a
 * pipe, which asks for every small piece, would make the work grow with the square of a large body.
 */
async function* wholeReads(raw: Readable): AsyncGenerator<Uint8Array, void, undefined> {
  yield* raw as AsyncIterable<Uint8Array>;
}

/** The body's pieces as they come; nothing is taken from the connection, nor decoded, before the first is asked for. */
async function* readWithin(deadline: Deadline, raw: Readable, decode: Decoder, host: string): AsyncGenerator<Uint8Array, void, undefined> {
  const iterator = decode(raw)[Symbol.asyncIterator]();
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
    raw.destroy();
    await iterator.return?.();
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
