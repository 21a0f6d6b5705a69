/** Policies of the operator that are to manage the indices: looked for, never made. */
import { failure, type AuditError } from '../errors.ts';
import type { Store } from './client.ts';
import { at, listAt, textAt, type JsonObject } from './json.ts';
import type { Plan } from './plan.ts';
import { STREAMS } from './resources.ts';
import type { StoreServer } from './server.ts';

/** Above the policies that match everything. */
const ISM_PRIORITY = 100;

/** Rejects with STORE_POLICY when Elasticsearch has no such policy, and as the store does. */
export async function requireIlmPolicy(store: Store, policy: string, signal?: AbortSignal): Promise<void> {
  await readPolicy(store, `/_ilm/policy/${encodeURIComponent(policy)}`, policy, signal);
}

/**
 * OpenSearch manages the indices whose names stand in a policy's `ism_template`: the plan adds ours, where they are not in it.
 * https://docs.opensearch.org/latest/im-plugin/ism/policies/#ism-templates. Rejects with STORE_POLICY, and as the store does.
 */
export async function planIsmPolicy(store: Store, policy: string, signal?: AbortSignal): Promise<Plan> {
  const path = `/_plugins/_ism/policies/${encodeURIComponent(policy)}`;
  const found = await readPolicy(store, path, policy, signal);
  const content = at(found, 'policy') as JsonObject | undefined;
  const templates = templatesOf(content);
  const wanted = Object.values(STREAMS);
  const covered = templates.flatMap((template) => listAt(template, 'index_patterns').map(String));
  const missing = wanted.filter((pattern) => !covered.some((one) => one === pattern || one.endsWith('*') && pattern.startsWith(one.slice(0, -1))));
  if (missing.length === 0) return { changes: [], unchanged: [`policy ${policy}`], notes: [] };
  const { description, default_state: defaultState, states, error_notification: notification } = content ?? {};
  const body = {
    policy: {
      description, default_state: defaultState, states, ...(notification === undefined || notification === null ? {} : { error_notification: notification }),
      ism_template: [...templates, { index_patterns: missing, priority: ISM_PRIORITY }],
    },
  };
  const guard = `if_seq_no=${String(at(found, '_seq_no'))}&if_primary_term=${String(at(found, '_primary_term'))}`;
  return {
    changes: [{
      action: 'set', subject: `policy ${policy}`, reason: `it is to manage ${missing.join(' and ')}, too (ism_template)`,
      apply: async (abort) => { await store.request('PUT', `${path}?${guard}`, { what: `adding the data streams to the policy ${policy}`, body, signal: abort }); },
    }],
    unchanged: [],
    notes: ['OpenSearch gives a policy only to indices that are made from now on. Attach it to older ones by POST _plugins/_ism/add.'],
  };
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
  if (status >= 400) throw none(textAt(body, 'error', 'reason') ?? textAt(body, 'error') ?? `it does not know such policies (HTTP ${status})`);
  return body;
}

/** An ism_template is a list, an object, or null. */
function templatesOf(policy: JsonObject | undefined): readonly unknown[] {
  const template = at(policy, 'ism_template');
  if (template === undefined || template === null) return [];
  return Array.isArray(template) ? template as readonly unknown[] : [template];
}
