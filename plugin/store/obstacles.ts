/** What stands in a cluster already and is in the way of what `setup` makes: looked for before anything is changed. */
import { failure } from '../errors.ts';
import type { Store } from './client.ts';
import { at, listAt, textAt } from './json.ts';
import { PRIORITY, STREAMS, type Resource, type StoreLayout } from './resources.ts';
import type { StoreServer } from './server.ts';

/**
 * Resolves with what an operator should know of index templates that count before ours, a sentence each. Rejects with STORE_RIVAL when a template has our
 * priority, with STORE_ALIAS when the alias cannot be one, and as the store does.
 */
export async function findObstacles(store: Store, { product }: StoreServer, resources: readonly Resource[], { alias }: Pick<StoreLayout, 'alias'>, signal?: AbortSignal): Promise<readonly string[]> {
  if (alias !== undefined) await requireAlias(store, product, alias, signal);
  const own = new Set(resources.flatMap(({ kind, name }) => (kind === 'index template' ? name : [])));
  const { body } = await store.request('GET', '/_index_template', { what: 'looking for other index templates', signal });
  return listAt(body, 'index_templates').flatMap((found) => {
    const name = textAt(found, 'name') ?? '';
    const patterns = patternsOf(at(found, 'index_template', 'index_patterns')).filter((pattern) => Object.values(STREAMS).some((ours) => overlaps(ours, pattern)));
    const priority = Number(at(found, 'index_template', 'priority') ?? 0);
    if (own.has(name) || patterns.length === 0 || priority < PRIORITY) return [];
    // servers refuse the second of two templates between which they could not choose
    if (priority === PRIORITY) throw failure('STORE_RIVAL', { store: store.name, name, patterns: patterns.join(', '), priority });
    return `The index template ${name} (priority ${priority}) counts before ours for ${patterns.join(', ')}: what is stored there follows it, and may be refused. Give it a priority below ${PRIORITY}, or other patterns.`;
  });
}

/** Servers take a template with an alias that is in use, and refuse every document later, when no data stream can be made by it. */
async function requireAlias(store: Store, product: StoreServer['product'], alias: string, signal: AbortSignal | undefined): Promise<void> {
  // whoever may write templates need not have rights to other names: what cannot be looked for is not found
  const resolve = async (names: readonly string[]): Promise<unknown> => (await store.request('GET', `/_resolve/index/${names.join(',')}`, { what: `looking for ${alias}`, accept: [403, 404], signal })).body;
  const found = await resolve([alias]);
  for (const [kind, list] of [['an index', 'indices'], ['a data stream', 'data_streams']] as const) {
    if (listAt(found, list).some((one) => textAt(one, 'name') === alias)) throw failure('STORE_ALIAS', { store: store.name, alias, what: `${kind} has this name` });
  }
  // of OpenSearch, backing indices have the alias, as any index may
  const holders = listAt(listAt(found, 'aliases').find((one) => textAt(one, 'name') === alias), 'indices').map(String);
  if (product === 'OpenSearch' || holders.length === 0) return;
  const plain = listAt(await resolve(holders), 'indices').flatMap((index) => (textAt(index, 'data_stream') === undefined ? textAt(index, 'name') ?? [] : []));
  if (plain.length > 0) throw failure('STORE_ALIAS', { store: store.name, alias, what: `${plain.join(', ')} ${plain.length === 1 ? 'has it and is an index' : 'have it and are indices'}, and one alias cannot name indices and data streams` });
}

/** A template of one pattern may have it alone. */
function patternsOf(patterns: unknown): readonly string[] {
  return Array.isArray(patterns) ? patterns.map(String) : typeof patterns === 'string' ? [patterns] : [];
}

/** Whether a name can match both patterns; ours has one `*`, at its end. */
function overlaps(ours: string, theirs: string): boolean {
  const prefix = ours.slice(0, -1);
  const [head = ''] = theirs.split('*');
  return head.startsWith(prefix) || (theirs.includes('*') && prefix.startsWith(head));
}
