/**
 * How many blobs the process has open at once, all tenants together: from the request to the last byte that is read. An answer that nobody has room for yet keeps its
 * connection, or lies in memory; if there were one for each of hundreds of tenants, nobody could list what is new for want of connections.
 */
import type { HttpRequest } from '../types.ts';
import type { BytesInFlight } from './bytes-in-flight.ts';

/** Half of the 256 connections that the process has to the API; a tenant that may fetch more at once may do so, but some connections always stay for listings. */
const OPEN_BLOBS = 128;
const OPEN_BLOBS_MAX = 224;

/** How many may be open when each tenant may have so many. */
export function openBlobsLimit(contentConcurrency: number): number {
  return Math.min(OPEN_BLOBS_MAX, Math.max(OPEN_BLOBS, contentConcurrency));
}

/** The same way out, each exchange of which waits for a place among `places`, and keeps that until its answer is read, thrown away or has failed. */
export function requestWithin(places: BytesInFlight, request: HttpRequest): HttpRequest {
  return async (url, options = {}) => {
    await places.take(1, options.signal ?? new AbortController().signal);
    let isOpen = true;
    const end = (): void => {
      if (isOpen) places.give(1);
      isOpen = false;
    };
    try {
      const answer = await request(url, options);
      const { status, headers } = answer;
      return { status, headers, body: readToEnd(answer.body, end), text: (limitBytes) => answer.text(limitBytes).finally(end), dump: () => answer.dump().finally(end) };
    } catch (error) {
      end();
      throw error;
    }
  };
}

async function* readToEnd(body: AsyncIterable<Uint8Array>, end: () => void): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* body;
  } finally {
    end();
  }
}
