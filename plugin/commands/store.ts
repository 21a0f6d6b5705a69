/** The way to the store for every command that speaks to it: options of the table, the product's network rules, one client. */
import type { OptionsOf } from '../config/options.ts';
import { failure } from '../errors.ts';
import { openNetwork, type Network } from '../network/network.ts';
import { readAddresses } from '../store/address.ts';
import type { StoreCredentials } from '../store/authorization.ts';
import { createStore, type Store } from '../store/client.ts';
import type { Log } from '../telemetry/log.ts';
import type { Surroundings } from '../types.ts';

type Setup = OptionsOf<'setup'>;
export type StoreOptions = Pick<Setup, 'elasticsearch' | 'elasticsearchApiKey' | 'elasticsearchUsername' | 'elasticsearchPassword' | 'elasticsearchCa' | 'ca' | 'proxy' | 'proxyUser' | 'proxyPassword' | 'proxyBypass' | 'traceHttp'>;

/** A store that learns many new names at once takes its time. */
const ANSWER_LIMIT_MS = 300_000;

/** Runs `act` with the store, and closes the connections after it. Rejects with STORE_ADDRESS where none is given, with NETWORK_ failures, and as `act` does. */
export async function withStore<Result>(options: StoreOptions, surroundings: Surroundings, log: Log, act: (store: Store) => Promise<Result>): Promise<Result> {
  if (options.elasticsearch === undefined) throw failure('STORE_ADDRESS', { reason: 'none was given' });
  const urls = readAddresses(options.elasticsearch);
  return withStoreNetwork(options, surroundings, log, (network, credentials) => act(createStore({ urls, ...credentials }, network.request, surroundings.clock, log)), { headersTimeoutMs: ANSWER_LIMIT_MS });
}

/** The same for whatever else takes the store's authorities and credentials: Kibana. Rejects with NETWORK_ failures, and as `act` does. */
export async function withStoreNetwork<Result>(options: StoreOptions, surroundings: Surroundings, log: Log, act: (network: Network, credentials: StoreCredentials) => Promise<Result>,
  limits: Parameters<typeof openNetwork>[3] = {}): Promise<Result> {
  const { elasticsearchApiKey: apiKey, elasticsearchUsername: username, elasticsearchPassword: password } = options;
  const ca = options.elasticsearchCa ?? options.ca;
  const network = await openNetwork({ ...options, ...(ca === undefined ? {} : { ca }) }, surroundings, log, limits);
  try {
    return await act(network, { apiKey, username, password });
  } finally {
    await network.close();
  }
}
