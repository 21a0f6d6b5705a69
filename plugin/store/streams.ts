/** The data streams that are there already: what new templates change for them, and what stands in their way. */
import type { Store } from './client.ts';
import { at, entriesAt, listAt, textAt, type JsonObject } from './json.ts';
import type { Change, Plan } from './plan.ts';
import { markerOf, OWNER, STREAMS, type Resource } from './resources.ts';
import type { StoreServer } from './server.ts';

export interface DataStream {
  readonly name: string;
  /** Its indices, the oldest first; it writes into the last. */
  readonly indices: readonly string[];
}

/** The data stream of the events of a namespace; of `*` all of them. */
export function eventStreamOf(namespace: string): string {
  return `logs-o365.audit-${namespace}`;
}

/** Of data streams of events. */
export interface Aliases {
  /** The one that they are to have. */
  readonly alias?: string | undefined;
  /** The one that an earlier setup gave them. */
  readonly formerAlias?: string | undefined;
}

/** Which data streams there are, and which plain indices have names of theirs. */
export async function findStreams(store: Store, signal?: AbortSignal): Promise<{ readonly streams: readonly DataStream[]; readonly indices: readonly string[] }> {
  const patterns = Object.values(STREAMS).join(',');
  const { body, status } = await store.request('GET', `/_resolve/index/${patterns}`, { what: 'looking for data streams', accept: [404], signal });
  if (status === 404) return { streams: [], indices: [] };
  const streams = listAt(body, 'data_streams').map((stream) => {
    const name = textAt(stream, 'name') ?? '';
    const backing = at(stream, 'backing_indices');
    return { name, indices: (Array.isArray(backing) ? backing.map(String) : [String(backing)]).toSorted((a, b) => generationOf(a) - generationOf(b)) };
  });
  const indices = listAt(body, 'indices').flatMap((index) => textAt(index, 'data_stream') === undefined ? textAt(index, 'name') ?? [] : []).filter((name) => !name.startsWith('.ds-'));
  return { streams, indices };
}

/** Those of `streams` that were not made by others altogether: documents of theirs pass our pipeline, and their next index is made by our templates. */
export async function streamsThatNeedUs(store: Store, streams: readonly DataStream[], signal?: AbortSignal): Promise<readonly DataStream[]> {
  const needing: DataStream[] = [];
  for (const stream of streams) {
    const { body } = await store.request('GET', `/${stream.name}/_mapping?filter_path=*.mappings._meta`, { what: `looking at the mappings of ${stream.name}`, signal });
    const mappings = new Map(entriesAt(body));
    const owners = stream.indices.map((index) => markerOf({ _meta: at(mappings.get(index), 'mappings', '_meta') })?.owner ?? OWNER);
    if (owners.length === 0 || owners.includes(OWNER)) needing.push(stream);
  }
  return needing;
}

/** For an index that has the name of a data stream. */
export const PLAIN_REPAIR = 'Stop the log agent, copy the index into a data stream (POST _reindex with "op_type": "create" in dest, such as logs-o365.audit-recovered), delete it, and start the agent again.';

/** The number at the end of a backing index's name, which counts up from 1; 0 where there is none. */
export function generationOf(index: string): number {
  return Number(/-(\d+)$/.exec(index)?.[1] ?? 0);
}

/** What has to be done to data streams that are there, so that they follow the new templates. */
export async function planStreams(store: Store, { product }: StoreServer, resources: readonly Resource[], { alias, formerAlias }: Aliases, signal?: AbortSignal): Promise<Plan> {
  const { streams, indices } = await findStreams(store, signal);
  const changes: Change[] = [];
  const unchanged: string[] = [];
  const notes = indices.map((name) => `${name} is an index and no data stream, as a log agent makes one that writes before setup was run: no template of ours reaches it, and documents may be refused there. ${PLAIN_REPAIR}`);
  const served: DataStream[] = [];
  for (const stream of streams) {
    const { name, indices: own } = stream;
    const writeIndex = own.at(-1) ?? name;
    const wanted = markerOf(mappingsFor(name, resources));
    const { body } = await store.request('GET', `/${writeIndex}/_mapping?filter_path=*.mappings._meta`, { what: `looking at the mappings of ${writeIndex}`, signal });
    const has = markerOf({ _meta: at(entriesAt(body)[0]?.[1], 'mappings', '_meta') });
    if (has !== undefined && has.owner !== OWNER) {
      notes.push(`The data stream ${name} was made by ${has.owner}. It is not touched; at its next rollover it takes our templates. Collect into another namespace to keep the two apart.`);
      continue;
    }
    served.push(stream);
    if (has?.digest !== wanted?.digest) changes.push(rollOver(store, name, has === undefined ? 'its index was made without these templates' : `its index was made by other templates (version ${has.version})`));
    else unchanged.push(`data stream ${name}`);
    changes.push(...await planOptions(store, name, resources, signal));
  }
  const former = await planFormerAlias(store, product, served, formerAlias === alias ? undefined : formerAlias, signal);
  notes.push(...former.notes);
  // one rollover serves all
  for (const change of [...await planAlias(store, product, served, alias, signal), ...former.changes]) {
    if (!changes.some(({ action, subject }) => action === change.action && subject === change.subject)) changes.push(change);
  }
  return { changes, unchanged, notes };
}

/** The name of the index template that serves a data stream. */
function templateOf(stream: string): string {
  return Object.entries(STREAMS).find(([, pattern]) => stream.startsWith(pattern.slice(0, -1)))?.[0] ?? '';
}

/** The mappings of the component template that serves a data stream. */
function mappingsFor(stream: string, resources: readonly Resource[]): JsonObject {
  const component = resources.find(({ name }) => name === `${templateOf(stream)}@mappings`);
  return Object.fromEntries(entriesAt(component?.body, 'template', 'mappings'));
}

function rollOver(store: Store, name: string, reason: string): Change {
  return {
    action: 'roll over', subject: `data stream ${name}`, reason,
    apply: async (signal) => { await store.request('POST', `/${name}/_rollover`, { what: `rolling over ${name}`, signal }); },
  };
}

/** Templates give a data stream its lifecycle and its failure store only when it is made. Servers without these do not know the paths. */
async function planOptions(store: Store, stream: string, resources: readonly Resource[], signal?: AbortSignal): Promise<readonly Change[]> {
  const template = templateOf(stream);
  const wanted = at(resources.find(({ name }) => name === template)?.body, 'template');
  const changes: Change[] = [];
  const set = (path: string, what: string, body: JsonObject): void => {
    changes.push({ action: 'set', subject: `${what} of data stream ${stream}`, apply: async (abort) => { await store.request('PUT', path, { what: `setting the ${what} of ${stream}`, body, signal: abort }); } });
  };
  const read = async (path: string): Promise<unknown> => {
    const { status, body } = await store.request('GET', path, { what: `looking at ${stream}`, accept: [400, 404, 405], signal });
    return status < 400 ? listAt(body, 'data_streams')[0] : undefined;
  };
  const retention = textAt(wanted, 'lifecycle', 'data_retention');
  if (retention !== undefined) {
    const path = `/_data_stream/${stream}/_lifecycle`;
    const found = await read(path);
    if (found !== undefined && textAt(found, 'lifecycle', 'data_retention') !== retention) set(path, `retention (${retention})`, { data_retention: retention });
  }
  if (at(wanted, 'data_stream_options') !== undefined) {
    const path = `/_data_stream/${stream}/_options`;
    const found = await read(path);
    if (found !== undefined && at(found, 'options', 'failure_store', 'enabled') !== true) set(path, 'failure store', { failure_store: { enabled: true } });
  }
  return changes;
}

/** The template gives the alias to what is made from now on. Elasticsearch gives it to data streams that are there, too; OpenSearch only to new indices of theirs. */
async function planAlias(store: Store, product: StoreServer['product'], streams: readonly DataStream[], alias: string | undefined, signal?: AbortSignal): Promise<readonly Change[]> {
  if (alias === undefined) return [];
  const has = await holdersOf(store, alias, signal);
  return streams.flatMap(({ name, indices }) => {
    if (templateOf(name) !== 'o365audit-events' || has.has(name) || has.has(indices.at(-1) ?? '')) return [];
    if (product === 'OpenSearch') return [rollOver(store, name, `only its next index can have the alias ${alias}`)];
    return [{
      action: 'set', subject: `alias ${alias} of data stream ${name}`,
      apply: async (abort) => { await store.request('POST', '/_aliases', { what: `giving ${name} the alias ${alias}`, body: { actions: [{ add: { index: name, alias } }] }, signal: abort }); },
    } satisfies Change];
  });
}

/** Elasticsearch takes it away. OpenSearch takes it from no index of a data stream, but gives it to no further one. */
async function planFormerAlias(store: Store, product: StoreServer['product'], streams: readonly DataStream[], alias: string | undefined, signal?: AbortSignal): Promise<Pick<Plan, 'changes' | 'notes'>> {
  if (alias === undefined) return { changes: [], notes: [] };
  const has = await holdersOf(store, alias, signal);
  if (product === 'OpenSearch') {
    const changes = streams.flatMap(({ name, indices }) => (has.has(indices.at(-1) ?? '') ? rollOver(store, name, `only its next index can be without the alias ${alias}`) : []));
    const kept = streams.flatMap(({ indices }) => indices.filter((index) => has.has(index)));
    return { changes, notes: kept.length === 0 ? [] : [`OpenSearch takes an alias from no index of a data stream: until they are deleted, these keep ${alias}: ${kept.join(', ')}.`] };
  }
  const changes = streams.flatMap(({ name }) => (has.has(name) ? {
    action: 'delete', subject: `alias ${alias} of data stream ${name}`,
    apply: async (abort) => { await store.request('POST', '/_aliases', { what: `taking the alias ${alias} from ${name}`, body: { actions: [{ remove: { index: name, alias } }] }, signal: abort }); },
  } satisfies Change : []));
  return { changes, notes: [] };
}

/** The data streams that have an alias, or of OpenSearch their indices. */
async function holdersOf(store: Store, alias: string, signal: AbortSignal | undefined): Promise<ReadonlySet<string>> {
  const { body } = await store.request('GET', `/_alias/${alias}`, { what: `looking for the alias ${alias}`, accept: [404], signal });
  return new Set(entriesAt(body).filter(([, entry]) => at(entry, 'aliases', alias) !== undefined).map(([name]) => name));
}
