/** What kind of server answers, and which version. */
import { failure } from '../errors.ts';
import type { Store } from './client.ts';
import { entriesAt, textAt } from './json.ts';

export interface StoreServer {
  readonly product: 'Elasticsearch' | 'OpenSearch';
  /** As the server says it; Elastic's serverless projects say 8.11.0 whatever they are. */
  readonly version: string;
}

/** Asks the server. Rejects with STORE_OTHER for anything but these two, and as the store does. */
export async function describeServer(store: Store, signal?: AbortSignal): Promise<StoreServer> {
  const what = 'asking for its version';
  const { status, headers, body } = await store.request('GET', '/', { what, accept: [404, 405], signal });
  if (textAt(body, 'version', 'distribution') === 'opensearch') return { product: 'OpenSearch', version: textAt(body, 'version', 'number') ?? 'of an unknown version' };
  const isElastic = headers['x-elastic-product'] === 'Elasticsearch' || textAt(body, 'tagline') === 'You Know, for Search';
  if (!isElastic) throw failure('STORE_OTHER', { store: store.name });
  const version = textAt(body, 'version', 'number');
  // A server without its modules does not tell at the root.
  if (status >= 400 || version === undefined) {
    const nodes = await store.request('GET', '/_nodes/_local?filter_path=nodes.*.version', { what, signal });
    return { product: 'Elasticsearch', version: textAt(entriesAt(nodes.body, 'nodes')[0]?.[1], 'version') ?? 'of an unknown version' };
  }
  return { product: 'Elasticsearch', version };
}
