/** What `setup` would change in a cluster, found out before anything is: resources that are missing, old or somebody else's. */
import { AuditError, failure } from '../errors.ts';
import type { Store } from './client.ts';
import { at, entriesAt, isObject, listAt, textAt, type JsonObject } from './json.ts';
import { markerOf, OWNER, RETENTION, versionNumber, type Resource, type StoreLayout } from './resources.ts';

/** Reasons that do not come from a newer version of this program. */
export const OTHER_OPTIONS = 'other options';
export const BY_HAND = 'it was changed by hand';

/** One thing to do. */
export interface Change {
  readonly action: 'create' | 'update' | 'delete' | 'roll over' | 'set';
  /** "index template o365audit-events" */
  readonly subject: string;
  readonly reason?: string;
  apply(signal?: AbortSignal): Promise<void>;
}

export interface Plan {
  readonly changes: readonly Change[];
  /** What is as it should be, already. */
  readonly unchanged: readonly string[];
  /** What an operator should know, a sentence each. */
  readonly notes: readonly string[];
}

/** Joins plans in their order. What is deleted goes first: templates still name it, so that a run which stops in the middle can be made again. */
export function joined(plans: readonly Plan[]): Plan {
  const changes = plans.flatMap(({ changes: some }) => some);
  const isDeleting = ({ action }: Change): boolean => action === 'delete';
  return { changes: [...changes.filter(isDeleting), ...changes.filter((change) => !isDeleting(change))], unchanged: plans.flatMap(({ unchanged }) => unchanged), notes: plans.flatMap(({ notes }) => notes) };
}

/** The plan for the resources. Rejects with STORE_FOREIGN, STORE_NEWER, and as the store does. */
export async function planResources(store: Store, resources: readonly Resource[], signal?: AbortSignal): Promise<Plan> {
  const changes: Change[] = [];
  const unchanged: string[] = [];
  for (const resource of resources) {
    const subject = `${resource.kind} ${resource.name}`;
    const installed = await installedBody(store, resource, signal);
    const why = installed === undefined ? 'create' : reasonToUpdate(resource, installed, store);
    if (why === undefined) unchanged.push(subject);
    else changes.push({ action: why === 'create' ? 'create' : 'update', subject, ...(why === 'create' ? {} : { reason: why }), apply: (abort) => put(store, resource, abort) });
  }
  return { changes, unchanged, notes: [] };
}

/** The plan to take away what is ours. What is not there, or not ours, stays out of it. */
export async function planRemoval(store: Store, resources: readonly Resource[], signal?: AbortSignal): Promise<Plan> {
  const changes: Change[] = [];
  const notes: string[] = [];
  for (const resource of resources.toReversed()) {
    const subject = `${resource.kind} ${resource.name}`;
    const installed = await installedBody(store, resource, signal);
    if (installed === undefined) continue;
    const isOurs = resource.isOperators === true ? entriesAt(installed, 'template').length === 0 : markerOf(installed)?.owner === OWNER;
    if (!isOurs) notes.push(`The ${subject} stays: ${resource.isOperators === true ? 'it holds settings of yours' : 'it was not made by o365audit setup'}.`);
    else changes.push({ action: 'delete', subject, apply: async (abort) => { await store.request('DELETE', resource.path, { what: `deleting the ${subject}`, accept: [404], signal: abort }); } });
  }
  return { changes, unchanged: [], notes };
}

/** What the server has under the resource's name, without what it wraps it in; undefined when there is nothing. */
export async function installedBody(store: Store, { kind, name, path }: Resource, signal?: AbortSignal): Promise<JsonObject | undefined> {
  const { status, body } = await store.request('GET', path, { what: `looking for the ${kind} ${name}`, accept: [404], signal });
  if (status === 404) return undefined;
  const found = kind === 'pipeline' ? at(body, name)
    : kind === 'component template' ? at(listAt(body, 'component_templates')[0], 'component_template') : at(listAt(body, 'index_templates')[0], 'index_template');
  return isObject(found) ? found : undefined;
}

/** What an earlier setup was told, as far as it is ours: a later one that is told nothing else keeps it. Rejects as the store does. */
export async function installedLayout(store: Store, signal?: AbortSignal): Promise<Partial<StoreLayout>> {
  const look = async (kind: Resource['kind'], path: string): Promise<JsonObject | undefined> => {
    const body = await installedBody(store, { kind, name: 'o365audit-events', path, body: {} }, signal);
    return body !== undefined && markerOf(body)?.owner === OWNER ? body : undefined;
  };
  const template = await look('index template', '/_index_template/o365audit-events');
  const settings = await look('component template', '/_component_template/o365audit-events@settings');
  const retention = textAt(template, 'template', 'lifecycle', 'data_retention');
  const ilmPolicy = textAt(settings, 'template', 'settings', 'index', 'lifecycle', 'name');
  const alias = entriesAt(template, 'template', 'aliases')[0]?.[0];
  return { ...(retention === undefined ? {} : { retention }), ...(ilmPolicy === undefined ? {} : { ilmPolicy }), ...(alias === undefined ? {} : { alias }) };
}

/** What setup is told; false takes back what an earlier one was told. */
export interface AskedLayout {
  readonly retention?: string | undefined;
  readonly ilmPolicy?: string | false | undefined;
  readonly alias?: string | false | undefined;
}

/** The layout that is asked for, over the installed one, over 90 days. A retention that is asked for ends a policy. */
export function layoutOf({ retention, ilmPolicy = retention === undefined ? undefined : false, alias }: AskedLayout, installed: Partial<StoreLayout>): StoreLayout {
  return {
    retention: retention ?? installed.retention ?? RETENTION,
    ilmPolicy: ilmPolicy === false ? undefined : ilmPolicy ?? installed.ilmPolicy,
    alias: alias === false ? undefined : alias ?? installed.alias,
  };
}

async function put(store: Store, { kind, name, path, body }: Resource, signal?: AbortSignal): Promise<void> {
  await store.request('PUT', path, { what: `storing the ${kind} ${name}`, body, signal });
}

/** Why what is installed has to be replaced; undefined when it has not. */
function reasonToUpdate({ kind, name, body, isOperators }: Resource, installed: JsonObject, store: Store): string | undefined {
  if (isOperators === true) return undefined;
  const theirs = markerOf(installed);
  const ours = markerOf(body);
  if (theirs?.owner !== OWNER) {
    throw failure('STORE_FOREIGN', { store: store.name, what: `${kind} ${name}`, owner: theirs?.owner ?? 'nobody that it names' });
  }
  if (theirs.digest === ours?.digest) return isWithin(body, installed) ? undefined : BY_HAND;
  if (versionNumber(theirs.version) > versionNumber(ours?.version ?? '')) {
    throw failure('STORE_NEWER', { store: store.name, what: `${kind} ${name}`, version: theirs.version, own: ours?.version ?? '' });
  }
  return theirs.version === ours?.version ? OTHER_OPTIONS : `version ${theirs.version}`;
}

/** Whether everything of ours is there, whatever the server has added; it writes numbers of settings as texts, and markers do not count. */
function isWithin(ours: unknown, installed: unknown): boolean {
  if (Array.isArray(ours)) {
    return Array.isArray(installed) && ours.length === installed.length && ours.every((item, index) => isWithin(item, installed[index]));
  }
  if (isObject(ours)) {
    // an object without members says nothing, and servers leave it out
    return Object.entries(ours).every(([name, value]) => name === '_meta' || name === 'version' || name === 'description' || isWithin(value, at(installed, name))
      || isObject(value) && Object.keys(value).length === 0);
  }
  return String(ours) === String(installed);
}

/** Does what was planned, one thing after the other; `tell` hears of each before it is done. Rejects as the store does; what was done by then stays. */
export async function applyChanges(changes: readonly Change[], tell: (change: Change) => void, signal?: AbortSignal): Promise<void> {
  for (const [done, change] of changes.entries()) {
    try {
      await change.apply(signal);
    } catch (error) {
      if (!(error instanceof AuditError) || done === 0) throw error;
      throw failure('STORE_HALF_DONE', { done, count: changes.length, subject: change.subject, reason: error.message, repair: error.repair }, error);
    }
    tell(change);
  }
}
