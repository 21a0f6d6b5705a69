/** Documents into data streams, with `create`: what is there already under its id is not stored twice. */
import { failure } from '../errors.ts';
import type { Clock } from '../types.ts';
import type { Call } from './client.ts';
import { at, entriesAt, listAt, textAt } from './json.ts';

export interface BulkDocument {
  readonly index: string;
  readonly id: string;
  /** JSON on one line. */
  readonly document: string;
}

export interface BulkResult {
  /** How many were stored now. */
  readonly created: number;
  /** How many were there already (409). */
  readonly present: number;
  /** Stored in the data stream's failure store instead, because they did not fit. */
  readonly setAside: readonly Refusal[];
  readonly refused: readonly Refusal[];
}

export interface Refusal {
  readonly document: BulkDocument;
  readonly status: number;
  readonly reason: string;
}

/** A request grows to this size, unless one document is larger. */
const REQUEST_BYTES_MAX = 5 * 1024 * 1024;
const REQUEST_DOCUMENTS_MAX = 500;
/** How often documents are sent again that the server throttles, with a wait of 1 s, 2 s, 4 s, … before. */
const THROTTLED_ATTEMPTS_MAX = 6;
const FIRST_WAIT_MS = 1_000;

/** Sends all documents. Rejects as the call does, and with STORE_BUSY when the server throttles for too long. */
export async function sendBulk(documents: readonly BulkDocument[], call: Call, clock: Clock, signal?: AbortSignal): Promise<BulkResult> {
  const total = { created: 0, present: 0, setAside: [] as Refusal[], refused: [] as Refusal[] };
  let waiting = documents;
  for (let attempt = 1, waitMs = FIRST_WAIT_MS; waiting.length > 0; attempt++, waitMs *= 2) {
    const throttled: BulkDocument[] = [];
    for (const part of requestsOf(waiting)) {
      const body = part.map(({ index, id, document }) => `${JSON.stringify({ create: { _index: index, _id: id } })}\n${document}\n`).join('');
      const answer = await call('POST', '/_bulk', { what: `storing ${part.length} documents`, body, signal });
      listAt(answer.body, 'items').forEach((item, position) => {
        const document = part[position];
        const result = entriesAt(item)[0]?.[1];
        if (document === undefined) return;
        const status = Number(at(result, 'status'));
        const refusal = { document, status, reason: textAt(result, 'error', 'reason') ?? `status ${status}` };
        if (status === 429 || status === 503) throttled.push(document);
        else if (status === 409) total.present += 1;
        else if (status >= 300 || Number.isNaN(status)) total.refused.push(refusal);
        else if (textAt(result, 'failure_store') === 'used') total.setAside.push(refusal);
        else total.created += 1;
      });
    }
    waiting = throttled;
    if (waiting.length === 0) break;
    if (attempt >= THROTTLED_ATTEMPTS_MAX) throw failure('STORE_BUSY', { store: 'The store', what: `storing ${waiting.length} documents`, reason: 'it throttles' });
    await clock.wait(waitMs, signal);
  }
  return total;
}

/** The documents in requests of a bounded size, in their order. */
function* requestsOf(documents: readonly BulkDocument[]): Generator<readonly BulkDocument[], void, undefined> {
  let part: BulkDocument[] = [];
  let bytes = 0;
  for (const document of documents) {
    const size = Buffer.byteLength(document.document);
    if (part.length > 0 && (bytes + size > REQUEST_BYTES_MAX || part.length >= REQUEST_DOCUMENTS_MAX)) {
      yield part;
      part = [];
      bytes = 0;
    }
    part.push(document);
    bytes += size;
  }
  if (part.length > 0) yield part;
}
