/**
 * Searches that read all there is, page by page, by search_after: without a point in time, which only newer servers and other rights give. What is
 * stored meanwhile may or may not be in them.
 */
import { failure } from '../errors.ts';
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
  /** Closed indices are passed over, for who looks again when something is not found, or says that they are left out; otherwise a search fails with STORE_CLOSED when there are any. */
  readonly passesClosed?: true;
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

/** By default a server leaves out what an index cannot say, be it closed or without a shard, and answers 200: whoever looks for what is missing would find it missing. */
export const WHOLE_OR_NOTHING = 'ignore_unavailable=false&expand_wildcards=open,closed&allow_no_indices=true&allow_partial_search_results=false';
const WITHOUT_CLOSED = 'ignore_unavailable=true&allow_no_indices=true&allow_partial_search_results=false';

/**
 * Pages of hits; none where no index has a name of the pattern. Rejects as the call does, also when one of several indices cannot answer, and with STORE_OTHER
 * when what answers is no store.
 */
export async function* searchPages(store: string, index: string, { query = { match_all: {} }, source = true, pageSize = PAGE_SIZE, limit = Number.POSITIVE_INFINITY, passesClosed }: Search, call: Call,
  signal?: AbortSignal): AsyncGenerator<readonly Hit[], void, undefined> {
  let after: readonly unknown[] | undefined;
  for (let left = limit; left > 0;) {
    const size = Math.min(pageSize, left);
    const body = { size, query, sort: SORT, _source: source, track_total_hits: false, ...(after === undefined ? {} : { search_after: after }) };
    const answer = await call('POST', `/${index}/_search?${passesClosed === true ? WITHOUT_CLOSED : WHOLE_OR_NOTHING}`, { what: `searching ${index}`, body, accept: [404], signal });
    // a store has something to say of every pattern
    if (!Array.isArray(at(answer.body, 'hits', 'hits'))) throw failure('STORE_OTHER', { store });
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
