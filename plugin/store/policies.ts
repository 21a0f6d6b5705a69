/** Policies of the operator that are to manage the indices: looked for, never made. */
import { failure, type AuditError } from '../errors.ts';
import type { Store } from './client.ts';
import { at, isObject, listAt, textAt } from './json.ts';
import type { Change, Plan } from './plan.ts';
import { STREAMS, type StoreLayout } from './resources.ts';
import type { StoreServer } from './server.ts';

/** Above the policies that match everything. */
const ISM_PRIORITY = 100;
const ISM_POLICIES = '/_plugins/_ism/policies';
/** How many policies are looked through; the server shows 20 by default. */
const ISM_POLICIES_MAX = 1_000;

/** Rejects with STORE_POLICY when Elasticsearch has no such policy, and as the store does. */
export async function requireIlmPolicy(store: Store, policy: string, signal?: AbortSignal): Promise<void> {
  await readPolicy(store, `/_ilm/policy/${encodeURIComponent(policy)}`, policy, signal);
}

/**
 * OpenSearch manages the indices whose names stand in a policy's `ism_template`: the plan adds ours, where they are not in it.
 * https://docs.opensearch.org/latest/im-plugin/ism/policies/#ism-templates. Rejects with STORE_POLICY, and as the store does.
 */
export async function planIsmPolicy(store: Store, policy: string, signal?: AbortSignal): Promise<Plan> {
  const path = `${ISM_POLICIES}/${encodeURIComponent(policy)}`;
  const found = await readPolicy(store, path, policy, signal);
  const templates = templatesOf(at(found, 'policy'));
  const wanted = Object.values(STREAMS);
  const missing = wanted.filter((pattern) => !isCovered(pattern, templates));
  if (missing.length === 0) return { changes: [], unchanged: [`policy ${policy}`], notes: [] };
  return {
    changes: [setTemplates(store, policy, found, [...templates, { index_patterns: missing, priority: ISM_PRIORITY }], `it is to manage ${missing.join(' and ')}, too (ism_template)`)],
    unchanged: [],
    notes: ['OpenSearch gives a policy only to indices that are made from now on. Attach it to older ones by POST _plugins/_ism/add.'],
  };
}

/**
 * Takes out of all policies but one, or out of all, what `planIsmPolicy` has put in: OpenSearch refuses a policy for names that another one manages with the
 * same priority. Of servers without such policies there is nothing to plan. Rejects as the store does.
 */
export async function planIsmRelease(store: Store, except?: string, signal?: AbortSignal): Promise<Plan> {
  const changes = (await ismPolicies(store, [400, 404, 405], signal)).flatMap((found) => {
    const policy = textAt(found, '_id') ?? '';
    const templates = templatesOf(at(found, 'policy'));
    const kept = templates.filter((template) => !isOwnTemplate(template));
    return policy === except || kept.length === templates.length ? [] : setTemplates(store, policy, found, kept, 'it is to manage the data streams no more (ism_template)');
  });
  const notes = changes.length === 0 ? [] : ['Indices that are there stay with the policy that they have. Take them out of it by POST _plugins/_ism/remove/logs-o365.*.'];
  return { changes, unchanged: [], notes };
}

/** Whether a policy of OpenSearch is to manage the data streams of events; false where nobody lets us look. Otherwise rejects as the store does. */
export async function isManagedByIsm(store: Store, signal?: AbortSignal): Promise<boolean> {
  const policies = await ismPolicies(store, [400, 403, 404, 405], signal);
  return policies.some((found) => isCovered(STREAMS['o365audit-events'], templatesOf(at(found, 'policy'))));
}

async function ismPolicies(store: Store, accept: readonly number[], signal: AbortSignal | undefined): Promise<readonly unknown[]> {
  const { status, body } = await store.request('GET', `${ISM_POLICIES}?size=${ISM_POLICIES_MAX}`, { what: 'looking for policies of index state management', accept, signal });
  return status >= 400 ? [] : listAt(body, 'policies');
}

function isCovered(pattern: string, templates: readonly unknown[]): boolean {
  const covered = templates.flatMap((template) => listAt(template, 'index_patterns').map(String));
  return covered.some((one) => one === pattern || one.endsWith('*') && pattern.startsWith(one.slice(0, -1)));
}

function isOwnTemplate(template: unknown): boolean {
  const patterns = listAt(template, 'index_patterns').map(String);
  return at(template, 'priority') === ISM_PRIORITY && patterns.length > 0 && patterns.every((pattern) => Object.values<string>(STREAMS).includes(pattern));
}

/** Stores a policy as it was found, with other templates. */
function setTemplates(store: Store, policy: string, found: unknown, templates: readonly unknown[], reason: string): Change {
  const content = at(found, 'policy');
  const { description, default_state: defaultState, states, error_notification: notification } = isObject(content) ? content : {};
  const body = { policy: { description, default_state: defaultState, states, ...(notification === undefined || notification === null ? {} : { error_notification: notification }), ism_template: templates } };
  const path = `${ISM_POLICIES}/${encodeURIComponent(policy)}?if_seq_no=${String(at(found, '_seq_no'))}&if_primary_term=${String(at(found, '_primary_term'))}`;
  return {
    action: 'set', subject: `policy ${policy}`, reason,
    apply: async (abort) => { await store.request('PUT', path, { what: `changing the data streams of the policy ${policy}`, body, signal: abort }); },
  };
}

/** What becomes of documents when the policy of an earlier setup is taken back, or gives way to another. */
export function formerPolicyNote(former: string | undefined, { ilmPolicy, retention }: StoreLayout): readonly string[] {
  if (former === undefined || former === ilmPolicy) return [];
  return [`Indices that are there stay with the policy ${former}; POST logs-o365.audit-*,logs-o365.status-*/_ilm/remove takes them out of it. ${ilmPolicy === undefined ? `Those to come keep documents for ${retention} (--retention).` : `Those to come follow ${ilmPolicy}.`}`];
}

/** What an operator has to know of retention when none was asked for that the server could do. */
export function retentionNote({ product }: StoreServer): string {
  return `This ${product} keeps documents for ever by itself, so --retention has no effect: ${product === 'OpenSearch'
    ? 'give it a policy of index state management by --ism-policy.' : 'give it a policy of index lifecycle management by --ilm-policy.'}`;
}

async function readPolicy(store: Store, path: string, policy: string, signal: AbortSignal | undefined): Promise<unknown> {
  const none = (reason: string, cause?: unknown): AuditError => failure('STORE_POLICY', { store: store.name, policy, reason }, cause);
  const { status, body } = await store.request('GET', path, { what: `looking for the policy ${policy}`, accept: [400, 404, 405], signal });
  if (status === 404) throw none('there is none of this name');
  if (status >= 400) {
    const reason = textAt(body, 'error', 'reason') ?? textAt(body, 'error') ?? `HTTP ${status}`;
    throw none(`it does not know policies of this kind: --ilm-policy is for Elasticsearch, --ism-policy for OpenSearch with its plugin for them (${reason})`);
  }
  return body;
}

/** An ism_template is a list, an object, or null. */
function templatesOf(policy: unknown): readonly unknown[] {
  const template = at(policy, 'ism_template');
  if (template === undefined || template === null) return [];
  return Array.isArray(template) ? template as readonly unknown[] : [template];
}
