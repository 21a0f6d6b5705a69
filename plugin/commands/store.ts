/** The way to the store for every command that speaks to it: options of the table, the product's network rules, one client. */
import type { OptionsOf } from '../config/options.ts';
import { failure } from '../errors.ts';
import { openNetwork } from '../network/network.ts';
import { readAddresses } from '../store/address.ts';
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
  const ca = options.elasticsearchCa ?? options.ca;
  const network = await openNetwork({ ...options, ...(ca === undefined ? {} : { ca }) }, surroundings, log, { headersTimeoutMs: ANSWER_LIMIT_MS });
  const { elasticsearchApiKey: apiKey, elasticsearchUsername: username, elasticsearchPassword: password } = options;
  try {
    return await act(createStore({ urls, apiKey, username, password }, network.request, surroundings.clock, log));
  } finally {
    await network.close();
  }
}
