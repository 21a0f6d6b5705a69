/**
 * A far end that answers like Elasticsearch or OpenSearch as far as `setup` and `check` ask it, for what real servers cannot be brought to do: old versions,
 * missing rights, lifecycle policies, data streams of others. What it holds can be looked at and changed while it runs.
 */
import type { ServerResponse } from 'node:http';
import { json, startFarEnd, type SeenRequest } from './far-end.ts';

type Json = Readonly<Record<string, unknown>>;

export interface FakeStoreOptions {
  readonly product?: 'Elasticsearch' | 'OpenSearch';
  /** What this server refuses to read in templates and pipelines, as it stands in their JSON. */
  readonly lacks?: readonly string[];
  /** What is answered before anything else is looked at. */
  readonly instead?: (request: SeenRequest) => { readonly status: number; readonly body: unknown } | undefined;
}

export interface FakeStore {
  readonly url: URL;
  readonly requests: SeenRequest[];
  /** Bodies by the path they were put to. */
  readonly held: Map<string, Json>;
  /** Data streams with their indices, the oldest first, and the `_meta` of their mappings. */
  readonly streams: Map<string, { readonly indices: string[]; readonly meta: Map<string, unknown> }>;
  /** Documents in failure stores, by the server's name for why. */
  readonly setAside: Map<string, number>;
  /** What was changed: every PUT, DELETE and rollover. */
  changes(): string[];
  close(): Promise<void>;
}

const WRAPPED: readonly (readonly [prefix: string, list: string, one: string])[] = [
  ['/_component_template/', 'component_templates', 'component_template'], ['/_index_template/', 'index_templates', 'index_template'],
];

export async function startFakeStore({ product = 'Elasticsearch', lacks = [], instead }: FakeStoreOptions = {}): Promise<FakeStore> {
  const held: FakeStore['held'] = new Map();
  const streams: FakeStore['streams'] = new Map();
  const setAside: FakeStore['setAside'] = new Map();

  const far = await startFarEnd((request, response) => {
    const other = instead?.(request);
    if (other !== undefined) {
      send(response, other.status, other.body);
      return;
    }
    const { status, body } = answer(request);
    send(response, status, body);
  });
  const send = (response: ServerResponse, status: number, body: unknown): void => json(response, status, body, product === 'Elasticsearch' ? { 'x-elastic-product': 'Elasticsearch' } : {});
  const refused = (reason: string, status = 400): { status: number; body: unknown } => ({ status, body: { error: { type: 'illegal_argument_exception', reason }, status } });

  function answer({ method, target, body: text }: SeenRequest): { status: number; body: unknown } {
    const [path = ''] = target.split('?');
    if (path === '/') return { status: 200, body: { tagline: product === 'Elasticsearch' ? 'You Know, for Search' : '', version: product === 'OpenSearch' ? { distribution: 'opensearch', number: '2.19.0' } : { number: '8.15.0' } } };
    const lacking = lacks.find((name) => text.includes(name));
    if (lacking !== undefined && (method === 'PUT' || path.includes('_simulate'))) return refused(`unknown ${lacking}`);
    if (path === '/_index_template/_simulate') return { status: 200, body: { template: {}, overlapping: [] } };
    if (path.startsWith('/_index_template/_simulate_index/')) return { status: 200, body: simulatedIndex() };
    if (path.endsWith('/_simulate')) return { status: 200, body: { docs: [{ doc: { _source: (JSON.parse(text) as { docs: [{ _source: unknown }] }).docs[0]._source } }] } };
    if (path.startsWith('/_resolve/index/')) return { status: 200, body: { indices: [], data_streams: [...streams].map(([name, { indices }]) => ({ name, backing_indices: indices })) } };
    if (path.endsWith('/_rollover')) return rollOver(path.slice(1, -'/_rollover'.length));
    if (path.endsWith('/_mapping')) return { status: 200, body: mappingOf(path.slice(1, -'/_mapping'.length)) };
    if (path === '/_index_template') return { status: 200, body: { index_templates: [...held].flatMap(([at, value]) => (at.startsWith('/_index_template/') ? { name: at.slice('/_index_template/'.length), index_template: value } : [])) } };
    if (path.endsWith('::failures/_search')) return { status: 200, body: failures() };
    if (path === '/_plugins/_ism/policies') return { status: 200, body: { policies: [...held].flatMap(([at, value]) => (at.startsWith(`${path}/`) ? { _id: at.slice(path.length + 1), ...value } : [])) } };
    if (path.startsWith('/_alias/')) return refused('alias missing', 404);
    if (method === 'PUT' || method === 'POST') {
      held.set(path, JSON.parse(text) as Json);
      return { status: 200, body: { acknowledged: true } };
    }
    if (method === 'DELETE') return held.delete(path) ? { status: 200, body: { acknowledged: true } } : refused('missing', 404);
    return found(path);
  }

  function found(path: string): { status: number; body: unknown } {
    const value = held.get(path);
    if (value === undefined) return refused(`${path} is missing`, 404);
    const name = path.slice(path.lastIndexOf('/') + 1);
    const wrapped = WRAPPED.find(([prefix]) => path.startsWith(prefix));
    if (wrapped !== undefined) return { status: 200, body: { [wrapped[1]]: [{ name, [wrapped[2]]: value }] } };
    return { status: 200, body: path.startsWith('/_ingest/') ? { [name]: value } : value };
  }

  function failures(): unknown {
    const value = [...setAside.values()].reduce((sum, count) => sum + count, 0);
    return { hits: { total: { value, relation: 'eq' }, hits: [] }, aggregations: { reasons: { buckets: [...setAside].map(([key, count]) => ({ key, doc_count: count })) } } };
  }

  function mappingsOfTemplate(): Json | undefined {
    return (held.get('/_component_template/o365audit-events@mappings')?.template as { readonly mappings?: Json } | undefined)?.mappings;
  }

  function simulatedIndex(): unknown {
    return { template: { mappings: mappingsOfTemplate() ?? {} }, overlapping: [{ name: 'logs' }] };
  }

  function mappingOf(index: string): unknown {
    const meta = [...streams.values()].find(({ indices }) => indices.includes(index))?.meta.get(index);
    return meta === undefined ? {} : { [index]: { mappings: { _meta: meta } } };
  }

  function rollOver(name: string): { status: number; body: unknown } {
    const stream = streams.get(name);
    if (stream === undefined) return refused('no such data stream', 404);
    const index = `.ds-${name}-2026.09.01-${String(stream.indices.length + 1).padStart(6, '0')}`;
    stream.indices.push(index);
    stream.meta.set(index, mappingsOfTemplate()?._meta);
    return { status: 200, body: { rolled_over: true } };
  }

  return {
    url: far.url, requests: far.requests, held, streams, setAside,
    changes: () => far.requests.filter(({ method, target }) => method === 'PUT' || method === 'DELETE' || /_rollover|_aliases/.test(target)).map(({ method, target }) => `${method} ${target}`),
    close: () => far.close(),
  };
}
