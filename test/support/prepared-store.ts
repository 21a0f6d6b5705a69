/**
 * A store as `o365audit setup` leaves it, for tests that write documents into it and look for them. Where O365AUDIT_TEST_ELASTICSEARCH or
 * O365AUDIT_TEST_OPENSEARCH names the address of one, that one is used in place of a node of the tests' own: so the same tests run on what
 * package registries do not have, such as a whole Elasticsearch. Every test writes into data streams of a name of its own.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { askStore, startStoreNode, storeIsMissing, type StoreAnswer, type StoreNode, type StoreProduct } from './store-node.ts';
import { runProgram } from './program.ts';

/** A request of a bulk grows to about this size. */
const REQUEST_BYTES = 4 * 1024 * 1024;
const REQUESTS_IN_FLIGHT = 2;
/** How many documents a page of a search has. */
const PAGE = 5_000;
/** How many reasons of refusals are kept; a test that has one fails. */
const REASONS_LIMIT = 5;

export interface PreparedStore {
  readonly product: StoreProduct;
  readonly url: string;
  readonly port: number;
  /** The node, unless the store is somebody else's. */
  readonly node: StoreNode | undefined;
  /** What `setup` has said. */
  readonly prepared: string;
  request(method: string, path: string, body?: unknown): Promise<StoreAnswer>;
  /** A namespace that nobody has written into; its data stream goes with the store, where the store can delete one. */
  namespace(): string;
  /** Writes documents with `create`. */
  create(documents: Iterable<StoreDocument>): Promise<Creation>;
  /** Every document of the indices or data streams of this name, by its id, once all that was written can be found. */
  documents(index: string): Promise<Map<string, FoundDocument>>;
  /** How many documents a query finds, once all that was written can be found; without one all count. None where there is no such index. */
  count(index: string, query?: object): Promise<number>;
  /** The ids of the documents that a query finds. */
  find(index: string, query: object): Promise<Set<string>>;
  close(): Promise<void>;
}

export interface StoreDocument {
  readonly index: string;
  readonly id: string;
  /** One line of JSON. */
  readonly text: string;
}

export interface Creation {
  /** How many items were answered with which status. */
  readonly statuses: Readonly<Record<string, number>>;
  /** Some reasons of refusals, each with its document. */
  readonly reasons: readonly string[];
  readonly bytes: number;
}

export interface FoundDocument {
  readonly index: string;
  readonly source: object;
}

interface BulkItem {
  readonly create: { readonly status: number; readonly error?: unknown };
}

interface Page {
  readonly _scroll_id: string;
  readonly hits: { readonly hits: readonly { readonly _id: string; readonly _index: string; readonly _source?: object }[] };
}

/** A busy machine of tests takes longer to learn new names than the 30 s that a store gives it. */
const PATIENT = { 'indices.mapping.dynamic_timeout': '5m' };
const GIVEN: Readonly<Record<StoreProduct, string | undefined>> = { elasticsearch: process.env.O365AUDIT_TEST_ELASTICSEARCH, opensearch: process.env.O365AUDIT_TEST_OPENSEARCH };

/** Why there is no such store here, or false. */
export function preparedStoreIsMissing(product: StoreProduct): string | false {
  return GIVEN[product] === undefined ? storeIsMissing(product) : false;
}

/** Starts a store and lets `setup` prepare it, as a user does. Whoever has it closes it. */
export async function prepareStore(product: StoreProduct): Promise<PreparedStore> {
  const given = GIVEN[product];
  const node = given === undefined ? await startStoreNode(product, PATIENT) : undefined;
  const store = new Store(product, node?.url ?? given ?? '', node);
  try {
    await store.prepare();
  } catch (error) {
    await node?.close();
    throw error;
  }
  return store;
}

class Store implements PreparedStore {
  readonly product: StoreProduct;
  readonly url: string;
  readonly node: StoreNode | undefined;
  prepared = '';
  readonly #namespaces: string[] = [];

  constructor(product: StoreProduct, url: string, node: StoreNode | undefined) {
    this.product = product;
    this.url = url.replace(/\/$/, '');
    this.node = node;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async prepare(): Promise<void> {
    const program = await runProgram(['setup', '--elasticsearch', this.url]);
    assert.equal(program.ending?.status, 0, program.stderr + program.stdout);
    this.prepared = program.stdout;
  }

  request(method: string, path: string, body?: unknown): Promise<StoreAnswer> {
    return askStore(this.url, method, path, body);
  }

  namespace(): string {
    const namespace = `test${randomUUID().slice(0, 8)}`;
    this.#namespaces.push(namespace);
    return namespace;
  }

  async create(documents: Iterable<StoreDocument>): Promise<Creation> {
    const statuses: Record<string, number> = {};
    const reasons: string[] = [];
    let bytes = 0;
    const send = async (lines: readonly string[]): Promise<void> => {
      const answer = await this.request('POST', '/_bulk?filter_path=items.*.status,items.*.error', lines.join(''));
      assert.equal(answer.status, 200, answer.text);
      const { items } = answer.json() as { readonly items: readonly BulkItem[] };
      for (const [number, { create: { status, error } }] of items.entries()) {
        statuses[status] = (statuses[status] ?? 0) + 1;
        if (status !== 201 && status !== 409 && reasons.length < REASONS_LIMIT) reasons.push(`${JSON.stringify(error)}\n${lines[number]?.slice(0, 800) ?? ''}`);
      }
    };
    const sent = new Set<Promise<void>>();
    for (const lines of requestsOf(documents)) {
      bytes += lines.reduce((sum, line) => sum + line.length, 0);
      const request: Promise<void> = send(lines).finally(() => sent.delete(request));
      sent.add(request);
      if (sent.size >= REQUESTS_IN_FLIGHT) await Promise.race(sent);
    }
    await Promise.all(sent);
    return { statuses, reasons, bytes };
  }

  async documents(index: string): Promise<Map<string, FoundDocument>> {
    const found = new Map<string, FoundDocument>();
    await this.#search(index, { match_all: {} }, true, ({ _id, _index, _source = {} }) => {
      assert.ok(!found.has(_id), `${_id} is in ${index} twice`);
      found.set(_id, { index: _index, source: _source });
    });
    return found;
  }

  async count(index: string, query: object = { match_all: {} }): Promise<number> {
    if ((await this.request('POST', `/${index}/_refresh`)).status === 404) return 0;
    const answer = await this.request('POST', `/${index}/_count`, { query });
    assert.equal(answer.status, 200, answer.text);
    return (answer.json() as { readonly count: number }).count;
  }

  async find(index: string, query: object): Promise<Set<string>> {
    const found = new Set<string>();
    await this.#search(index, query, false, ({ _id }) => found.add(_id));
    return found;
  }

  async #search(index: string, query: object, withSource: boolean, take: (hit: Page['hits']['hits'][number]) => unknown): Promise<void> {
    assert.equal((await this.request('POST', `/${index}/_refresh`)).status, 200);
    let answer = await this.request('POST', `/${index}/_search?scroll=1m`, { size: PAGE, query, _source: withSource, sort: ['_doc'] });
    for (;;) {
      assert.equal(answer.status, 200, answer.text);
      const { _scroll_id: id, hits: { hits } } = answer.json() as Page;
      hits.forEach(take);
      if (hits.length < PAGE) {
        await this.request('DELETE', '/_search/scroll', { scroll_id: id });
        return;
      }
      answer = await this.request('POST', '/_search/scroll', { scroll: '1m', scroll_id: id });
    }
  }

  async close(): Promise<void> {
    if (this.node !== undefined) return this.node.close();
    for (const namespace of this.#namespaces) await this.request('DELETE', `/_data_stream/logs-o365.*-${namespace}`);
  }
}

function* requestsOf(documents: Iterable<StoreDocument>): Generator<readonly string[]> {
  let lines: string[] = [];
  let bytes = 0;
  for (const { index, id, text } of documents) {
    const line = `${JSON.stringify({ create: { _index: index, _id: id } })}\n${text}\n`;
    lines.push(line);
    bytes += line.length;
    if (bytes < REQUEST_BYTES) continue;
    yield lines;
    lines = [];
    bytes = 0;
  }
  if (lines.length > 0) yield lines;
}
