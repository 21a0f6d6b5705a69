/**
 * Documents that the server has set aside in the failure stores of data streams, and called stored: no search of the data stream finds them.
 * https://www.elastic.co/docs/manage-data/data-store/data-streams/failure-store
 */
import type { Store } from './client.ts';
import { at, listAt } from './json.ts';
import { WHOLE_OR_NOTHING } from './search.ts';

export interface SetAside {
  readonly count: number;
  /** The server's names for why, the most frequent first: `document_parsing_exception (12)`. */
  readonly reasons: readonly string[];
}

const REASONS_MAX = 5;

/**
 * How many of the data streams of this name. Undefined where the server has no failure stores, or does not let us read them (privilege read_failure_store);
 * otherwise rejects as the store does.
 */
export async function countSetAside(store: Store, streams: string, signal?: AbortSignal): Promise<SetAside | undefined> {
  const { status, body } = await store.request('POST', `/${streams}::failures/_search?${WHOLE_OR_NOTHING}`, {
    what: 'counting what was set aside', body: { size: 0, track_total_hits: true, aggs: { reasons: { terms: { field: 'error.type', size: REASONS_MAX } } } }, accept: [400, 403, 404], signal,
  });
  if (status >= 400) return undefined;
  const reasons = listAt(body, 'aggregations', 'reasons', 'buckets').map((bucket) => `${String(at(bucket, 'key'))} (${String(at(bucket, 'doc_count'))})`);
  return { count: Number(at(body, 'hits', 'total', 'value') ?? 0), reasons };
}

/** In words, for operators. */
export function setAsideText({ count, reasons }: SetAside): string {
  return `${count.toLocaleString('en-US')} ${count === 1 ? 'document was' : 'documents were'} set aside in failure stores${reasons.length === 0 ? '' : `: ${reasons.join(', ')}`}`;
}
