/** Whether a store is ready for the documents, question by question, for `o365audit check`. Nothing is changed there. */
import { AuditError, failure } from '../errors.ts';
import type { Store } from './client.ts';
import { countSetAside, setAsideText } from './failures.ts';
import { at, isObject, listAt, textAt, type JsonObject } from './json.ts';
import { FAILED_TAG, type StepState } from './pipeline.ts';
import { BY_HAND, installedBody, OTHER_OPTIONS, planResources, type Plan } from './plan.ts';
import { OWNER, PIPELINE, STREAMS, type Resource } from './resources.ts';
import type { StoreServer } from './server.ts';
import { findStreams, PLAIN_REPAIR, planStreams } from './streams.ts';

/** What is to be said of one question; a finding with a repair means that documents come, but less is made of them. */
export type StoreFinding = string | { readonly warning: string; readonly repair: string };

/**
 * Whether the resources are there and of this version; with which options they were installed is the operator's affair. Rejects with STORE_UNPREPARED,
 * STORE_FOREIGN, and as the store does.
 */
export async function verifyResources(store: Store, resources: readonly Resource[], signal?: AbortSignal): Promise<StoreFinding> {
  let plan: Plan;
  try {
    plan = await planResources(store, resources, signal);
  } catch (error) {
    if (!(error instanceof AuditError) || error.code !== 'STORE_NEWER') throw error;
    return { warning: error.message, repair: 'Update this o365audit to the version that installed it.' };
  }
  const missing = plan.changes.filter(({ reason }) => reason !== OTHER_OPTIONS && reason !== BY_HAND);
  if (missing.length > 0) throw failure('STORE_UNPREPARED', { parts: missing.map(({ subject, reason }) => (reason === undefined ? subject : `${subject} (${reason})`)).join(', ') });
  const changed = plan.changes.filter(({ reason }) => reason === BY_HAND).map(({ subject }) => subject);
  if (changed.length > 0) return { warning: `changed by hand: ${changed.join(', ')}`, repair: 'Keep what is yours in the component templates that end in @custom; setup would put back what it made.' };
  return `templates and pipeline are those of this version (${resources.length} parts)`;
}

/** Whether the data streams that are there follow the templates as they are installed. Rejects as the store does. */
export async function verifyStreams(store: Store, server: StoreServer, resources: readonly Resource[], signal?: AbortSignal): Promise<StoreFinding> {
  const installed: Resource[] = [];
  for (const resource of resources) installed.push({ ...resource, body: await installedBody(store, resource, signal) ?? resource.body });
  const { changes, notes } = await planStreams(store, server, installed, {}, signal);
  const open = [...changes.map(({ action, subject, reason }) => `${action} ${subject}${reason === undefined ? '' : ` (${reason})`}`), ...notes];
  return open.length === 0 ? 'those that are there follow the templates' : { warning: `still to be done: ${open.join('; ')}`, repair: changes.length === 0 ? 'Setup changes nothing of this by itself.' : 'Run o365audit setup with the options of the last time.' };
}

/** That the templates of data streams are ours, and no others count before them. Rejects with STORE_PLAIN, STORE_SHADOWED, and as the store does. */
export async function verifyTemplate(store: Store, stream: string, signal?: AbortSignal): Promise<string> {
  const { indices } = await findStreams(store, signal);
  if (indices.includes(stream)) throw failure('STORE_PLAIN', { stream, repair: PLAIN_REPAIR });
  const simulate = (name: string, accept: readonly number[]): ReturnType<Store['request']> => store.request('POST', `/_index_template/_simulate_index/${name}`, { what: `simulating the data stream ${name}`, accept, signal });
  // OpenSearch cannot simulate a data stream that is there
  const asked = await simulate(stream, [400, 500]);
  const { body } = asked.status < 400 ? asked : await simulate('logs-o365.audit-o365audit_check', []);
  const owner = textAt(body, 'template', 'mappings', '_meta', 'managed_by');
  const others = listAt(body, 'overlapping').flatMap((other) => textAt(other, 'name') ?? []);
  if (owner !== OWNER) throw failure('STORE_SHADOWED', { stream, others: others.join(', ') });
  return others.length === 0 ? `${stream} follows them` : `${stream} follows them, and they count before ${others.join(', ')}`;
}

/** Whether documents were set aside, which log agents take for stored. Rejects as the store does. */
export async function findingOfFailures(store: Store, signal?: AbortSignal): Promise<StoreFinding> {
  const setAside = await countSetAside(store, STREAMS['o365audit-events'], signal);
  if (setAside === undefined) return { warning: 'what was set aside in failure stores cannot be read', repair: 'Allow read_failure_store for logs-o365.audit-*, or look at logs-o365.audit-*::failures in Kibana.' };
  if (setAside.count === 0) return 'no document was set aside';
  return { warning: `${setAsideText(setAside)}; no search of the data streams finds them`, repair: 'GET logs-o365.audit-*::failures/_search shows each with its reason; o365audit audit --elasticsearch URL --repair brings back those that the service still has.' };
}

/** What the cluster's processors and databases add to documents. */
export function findingOfSteps(states: readonly StepState[]): StoreFinding {
  const lacking = states.filter(({ state }) => state !== 'served');
  if (lacking.length === 0) return `documents get ${states.map(({ step }) => step.gains).join(', ')}`;
  return {
    warning: lacking.map(({ step, reason = 'unknown' }) => `documents get no ${step.gains}: ${reason}`).join('; '),
    repair: 'Events are stored all the same. Where processors are missing, install the modules ingest-common, ingest-geoip and ingest-user-agent; where databases are, see that the cluster can fetch them.',
  };
}

/** Sends a document through the stored pipeline, without storing it. Rejects as the store does. */
export async function simulateDocument(store: Store, document: JsonObject, signal?: AbortSignal): Promise<StoreFinding> {
  const { body } = await store.request('POST', `/_ingest/pipeline/${PIPELINE}/_simulate`, { what: 'simulating a document', body: { docs: [{ _source: document }] }, signal });
  const result = listAt(body, 'docs')[0];
  const failed = textAt(result, 'error', 'reason');
  const source = at(result, 'doc', '_source');
  if (failed !== undefined || !isObject(source)) throw failure('STORE_REFUSED', { store: store.name, what: 'simulating a document', reason: failed ?? 'no document came out' });
  const tags = listAt(source, 'tags').map(String).filter((tag) => tag === FAILED_TAG || tag.startsWith('_geoip_'));
  if (tags.length > 0) return { warning: `a document came out marked with ${tags.join(', ')}: ${listAt(source, 'error', 'message').map(String).join('; ')}`, repair: 'Events are stored all the same. Run o365audit setup, which says what is missing.' };
  return 'a document passes the pipeline';
}
