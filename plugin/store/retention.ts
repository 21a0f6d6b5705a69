/** How long a data stream keeps documents, as far as the store tells: what an audit does not find may have been deleted by right. */
import type { Store } from './client.ts';
import { at, entriesAt, isObject, listAt, textAt } from './json.ts';
import { generationOf } from './streams.ts';

export interface Retention {
  readonly stream: string;
  /** There is such a data stream, as far as the store shows. */
  readonly isThere: boolean;
  /** The shortest time after which something deletes documents; absent where nothing does, or where it is not known. */
  readonly keepsMs?: number;
  /** Everything that came into the data stream before this is in indices that are gone; absent while none is. */
  readonly oldestIndexMs?: number;
  /** Why it is not known, or not all of it. */
  readonly unread?: string;
}

/** Statuses of a server that does not know such a path, or has nothing there. */
const UNKNOWN = [400, 404, 405, 410];
const FORBIDDEN = 403;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Asks for one data stream. Rejects as the store does: also where its documents may not be read, of which a search by a pattern says nothing and finds none;
 * but not for the rest of what the store does not let us read.
 */
export async function readRetention(store: Store, stream: string, signal?: AbortSignal): Promise<Retention> {
  const periods: number[] = [];
  let unread: string | undefined;
  const take = (text: string | undefined, what: string): void => {
    const ms = text === undefined ? undefined : periodMs(text);
    if (ms !== undefined) periods.push(ms);
    else if (text !== undefined) unread = `${what} is ${text}`;
  };
  const read = async (path: string): Promise<unknown> => {
    const { status, body } = await store.request('GET', path, { what: `asking how long ${stream} keeps documents`, accept: [...UNKNOWN, FORBIDDEN], signal });
    if (status === FORBIDDEN) unread = `GET ${path} is not allowed`;
    return status < 400 ? body : undefined;
  };
  const search = await store.request('POST', `/${stream}/_search`, { what: `searching ${stream}`, body: { size: 0 }, accept: [404], signal });
  // OpenSearch can be told to find nothing, in no shard, where it would have to refuse (do_not_fail_on_forbidden_empty)
  if (search.status === 404 || at(search.body, '_shards', 'total') === 0) return { stream, isThere: false };
  const found = listAt(await read(`/_data_stream/${stream}`), 'data_streams')[0];
  if (at(found, 'lifecycle') !== undefined && at(found, 'lifecycle', 'enabled') !== false) {
    take(textAt(found, 'lifecycle', 'effective_retention') ?? textAt(found, 'lifecycle', 'data_retention'), 'its lifecycle\'s retention');
  }
  // after a change of policy older indices still follow the one that they were made with
  for (const policy of new Set([found, ...listAt(found, 'indices')].flatMap((one) => textAt(one, 'ilm_policy') ?? []))) {
    const deletion = at(await read(`/_ilm/policy/${encodeURIComponent(policy)}`), policy, 'policy', 'phases', 'delete');
    if (deletion !== undefined) take(textAt(deletion, 'min_age') ?? '0ms', `the age at which the policy ${policy} deletes`);
  }
  for (const [, index] of entriesAt(await read(`/_plugins/_ism/explain/${stream}?show_policy=true`))) {
    if (isObject(index) && at(index, 'enabled') !== false) take(deletionAge(at(index, 'policy')), `the age at which the policy ${textAt(index, 'policy_id') ?? ''} deletes`);
  }
  const oldestIndexMs = oldestOf(await read(`/${stream}/_settings?filter_path=*.settings.index.creation_date`));
  return { stream, isThere: true, ...(periods.length === 0 ? {} : { keepsMs: Math.min(...periods) }), ...(oldestIndexMs === undefined ? {} : { oldestIndexMs }), ...(unread === undefined ? {} : { unread }) };
}

/** Whether what became available at this time, and was stored then or later, may have been deleted by right. */
export function mayBeDeleted({ keepsMs, oldestIndexMs }: Retention, createdMs: number, nowMs: number): boolean {
  return keepsMs !== undefined && oldestIndexMs !== undefined && createdMs < oldestIndexMs && nowMs - createdMs >= keepsMs;
}

/** When the oldest index was made that is there; undefined if it is the data stream's first, so that nothing was deleted yet. */
function oldestOf(settings: unknown): number | undefined {
  const indices = entriesAt(settings).map(([name, index]) => ({ generation: generationOf(name), createdMs: Number(at(index, 'settings', 'index', 'creation_date')) }));
  return indices.length === 0 || indices.some(({ generation }) => generation <= 1) ? undefined : Math.min(...indices.map(({ createdMs }) => createdMs));
}

/** `3d` in milliseconds; undefined for anything else. */
function periodMs(text: string): number | undefined {
  const [, count = '', unit = ''] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  const unitMs = UNIT_MS[unit];
  return unitMs === undefined ? undefined : Number(count) * unitMs;
}

/**
 * The age at which a policy of index state management deletes an index: the conditions on the shortest way from its first state to one that deletes. Undefined
 * where none does. https://docs.opensearch.org/latest/im-plugin/ism/policies/#transitions
 */
function deletionAge(policy: unknown): string | undefined {
  const states = new Map(listAt(policy, 'states').map((state) => [textAt(state, 'name') ?? '', state]));
  const ages = new Map<string, string>();
  const open: (readonly [name: string, age: string])[] = [[textAt(policy, 'default_state') ?? '', '0ms']];
  for (let next = open.shift(); next !== undefined; next = open.shift()) {
    const [name, age] = next;
    const known = ages.get(name);
    if (!states.has(name) || known !== undefined && ageMs(known) <= ageMs(age)) continue;
    ages.set(name, age);
    for (const transition of listAt(states.get(name), 'transitions')) {
      const condition = textAt(transition, 'conditions', 'min_rollover_age') ?? textAt(transition, 'conditions', 'min_index_age') ?? '0ms';
      open.push([textAt(transition, 'state_name') ?? '', ageMs(condition) > ageMs(age) ? condition : age]);
    }
  }
  return [...ages].filter(([name]) => listAt(states.get(name), 'actions').some((action) => at(action, 'delete') !== undefined)).map(([, age]) => age)
    .toSorted((left, right) => ageMs(left) - ageMs(right))[0];
}

/** What cannot be read comes last. */
function ageMs(text: string): number {
  return periodMs(text) ?? Number.POSITIVE_INFINITY;
}
