/**
 * Searches that read all there is, page by page, by search_after: without a point in time, which only newer servers and other rights give. What is
 * stored meanwhile may or may not be in them.
 */
import type { Call } from './client.ts';
import { at, entriesAt, isObject, listAt, textAt, type JsonObject } from './json.ts';

export interface Search {
  /** The whole query; everything if absent. */
  readonly query?: JsonObject;
  /** `_source` as the server takes it: names, patterns, or false. */
  readonly source?: readonly string[] | boolean;
  /** Documents a page. */
  readonly pageSize?: number;
  /** Not more than this. */
  readonly limit?: number;
}

export interface Hit {
  readonly index: string;
  readonly id: string;
  readonly source: JsonObject;
}

const PAGE_SIZE = 1_000;
/**
 * Every document must have a place of its own: two at one place can be parted by a page, and one of them be left out. `_id` itself cannot be sorted by; the
 * same id may be in two data streams, and after a rollover in two indices of one.
 */
const SORT: readonly JsonObject[] = [{ '@timestamp': { order: 'asc', unmapped_type: 'date' } }, { 'event.id': { order: 'asc', unmapped_type: 'keyword' } }, { _index: 'asc' }];

/** By default a server leaves out what an index cannot say, and answers 200: whoever looks for what is missing would find it missing. */
export const WHOLE_OR_NOTHING = 'ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false';

/** Pages of hits; none where there is no such index. Rejects as the call does, also when one of several indices cannot answer. */
export async function* searchPages(index: string, { query = { match_all: {} }, source = true, pageSize = PAGE_SIZE, limit = Number.POSITIVE_INFINITY }: Search, call: Call,
  signal?: AbortSignal): AsyncGenerator<readonly Hit[], void, undefined> {
  let after: readonly unknown[] | undefined;
  for (let left = limit; left > 0;) {
    const size = Math.min(pageSize, left);
    const body = { size, query, sort: SORT, _source: source, track_total_hits: false, ...(after === undefined ? {} : { search_after: after }) };
    const answer = await call('POST', `/${index}/_search?${WHOLE_OR_NOTHING}`, { what: `searching ${index}`, body, signal });
    const found = listAt(answer.body, 'hits', 'hits');
    if (found.length > 0) yield found.map(hitOf);
    if (found.length < size) return;
    after = listAt(found.at(-1), 'sort');
    left -= found.length;
  }
}

function hitOf(hit: unknown): Hit {
  const source = at(hit, '_source');
  return { index: textAt(hit, '_index') ?? '', id: textAt(hit, '_id') ?? '', source: isObject(source) ? source : Object.fromEntries(entriesAt(source)) };
}
