/** The steps of `o365audit check` that look into Elasticsearch or OpenSearch, where one is given. */
import { readArguments } from '../config/collector.ts';
import type { ArgumentsOf, Flags } from '../config/options.ts';
import type { Store } from '../store/client.ts';
import { describeServer, type StoreServer } from '../store/server.ts';
import { eventStreamOf } from '../store/streams.ts';
import { findingOfFailures, findingOfSteps, simulateDocument, verifyResources, verifyStreams, verifyTemplate } from '../store/verify.ts';
import type { Log } from '../telemetry/log.ts';
import type { Surroundings } from '../types.ts';
import type { Steps } from './check-steps.ts';
import { resourcesOf, type StoreResources } from './store-resources.ts';
import { withStore } from './store.ts';

/** Goes all steps; none where no store is given. Throws only when it is stopped. */
export async function checkStore(flags: Flags, namespace: string, surroundings: Surroundings, log: Log, steps: Steps): Promise<void> {
  try {
    const options = readArguments('setup', flags, surroundings.env);
    if (options.elasticsearch !== undefined) await withStore(options, surroundings, log, (store) => checkWith(store, options, namespace, surroundings, steps));
  } catch (error) {
    if (surroundings.stop.aborted) throw error;
    // an address, an authority or a proxy that cannot be used
    await steps.step('store', () => { throw error; });
  }
}

async function checkWith(store: Store, options: ArgumentsOf<'setup'>, namespace: string, surroundings: Surroundings, steps: Steps): Promise<void> {
  let server: StoreServer | undefined;
  const isReached = await steps.step('store', async (signal) => {
    server = await describeServer(store, signal);
    return `${store.name} is ${server.product} ${server.version}, and lets us in`;
  });
  if (!isReached || server === undefined) return;
  const found = server;
  let wanted: StoreResources | undefined;
  const isReady = await steps.step('store templates', async (signal) => {
    wanted = await resourcesOf(store, options, surroundings.version, signal);
    return verifyResources(store, wanted.resources, signal);
  });
  if (!isReady || wanted === undefined) return;
  const { features, resources, steps: states } = wanted;
  await steps.step('store data streams', (signal) => verifyStreams(store, found, resources, signal));
  await steps.step('store template', (signal) => verifyTemplate(store, eventStreamOf(namespace), signal));
  if (features.failureStore) await steps.step('store failures', (signal) => findingOfFailures(store, signal));
  await steps.step('store enrichment', () => Promise.resolve(findingOfSteps(states)));
  await steps.step('store pipeline', (signal) => simulateDocument(store, {
    '@timestamp': new Date(surroundings.clock.nowMs()).toISOString(), source: { ip: '203.0.113.7' }, user_agent: { original: 'o365audit check' }, tags: ['forwarded'],
  }, signal));
}
