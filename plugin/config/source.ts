/** From one `audit:` block to what it collects: an API with its tenants and credential, or files. */
import { CONTENT_TYPES, type ContentType, type Credential, type Tenant } from '../types.ts';
import { AuditBlock } from './audit-block.ts';
import { readAddresses, readApplicationId, readCredential, readTenantOfWorkload } from './credential.ts';
import type { Reading } from './expand.ts';
import { sortLeaves, type Leaves } from './leaves.ts';
import { nearest } from './nearest.ts';
import { describe, isNothing, quote, type Mapping, type Node, type Place } from './node.ts';
import { durationText, isDate, isDomain, isGuid, isNamespace } from './value.ts';

/** One enabled `audit:` block. Durations are milliseconds. */
export interface Source {
  /** For logs: the block's place in the file, such as `o365.yml:3`. */
  readonly name: string;
  readonly input: { readonly kind: 'api' } | { readonly kind: 'files'; readonly paths: readonly string[] };
  /** Lower case; empty where events come from files. */
  readonly applicationId: string;
  readonly tenants: readonly Tenant[];
  /** Absent where events come from files. */
  readonly credential?: Credential;
  /** When the credential expires, where the operator has said so. */
  readonly credentialExpiresMs?: number;
  readonly contentTypes: readonly ContentType[];
  /** Both end in a slash. */
  readonly authenticationEndpoint: URL;
  readonly resource: URL;
  readonly maxRetentionMs: number;
  readonly pollIntervalMs: number;
  readonly maxRequestsPerMinute: number;
  readonly maxQuerySizeMs: number;
  readonly errorRetryIntervalMs: number;
  readonly adjustClock: boolean;
  readonly adjustClockMinDifferenceMs: number;
  readonly adjustClockWarn: boolean;
  readonly preserveOriginalEvent: boolean;
  readonly tags: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
  readonly fieldsUnderRoot: boolean;
}

/** The API keeps content for seven days and refuses older spans. */
const retentionOfApiMs = 168 * 3_600_000;

/** Reads an enabled block. What is wrong is noted; the result then holds stand-ins and must not be used. */
export function readSource(name: string, tree: Mapping, place: Place, reading: Reading): { readonly source: Source; readonly leaves: Leaves } {
  const leaves = sortLeaves(tree, reading);
  const block = new AuditBlock(leaves, place, reading);
  const files = block.text('var.input') === 'file';
  const credential = files ? undefined : readCredential(block, reading.environment);
  const workload = credential?.kind === 'federated' ? reading.environment : {};
  const source: Source = {
    name,
    input: files ? { kind: 'files', paths: readPaths(block) } : { kind: 'api' },
    applicationId: (files ? block.text('var.application_id') ?? '' : readApplicationId(block, workload)).toLowerCase(),
    tenants: readTenantOfWorkload(block, workload) ?? readTenants(block, !files),
    ...(credential === undefined ? {} : { credential }),
    ...readExpiry(block),
    contentTypes: readContentTypes(block),
    ...readAddresses(block, workload),
    maxRetentionMs: readRetention(block),
    pollIntervalMs: block.number('var.api.poll_interval'),
    maxRequestsPerMinute: block.number('var.api.max_requests_per_minute'),
    maxQuerySizeMs: block.number('var.api.max_query_size'),
    errorRetryIntervalMs: block.number('var.api.error_retry_interval'),
    adjustClock: block.flag('var.api.adjust_clock'),
    adjustClockMinDifferenceMs: block.number('var.api.adjust_clock_min_difference'),
    adjustClockWarn: block.flag('var.api.adjust_clock_warn'),
    preserveOriginalEvent: block.flag('var.api.preserve_original_event'),
    tags: block.texts('input.tags') ?? block.texts('var.tags') ?? ['forwarded'],
    ...readFields(block),
  };
  return { source, leaves };
}

/**
 * What stands at the top of every document or record already; a test keeps it equal to mapping/fields.yml. `labels` and everything else are the operator's.
 */
export const NAMES_TAKEN: readonly string[] = ['@timestamp', 'application', 'client', 'cloud', 'data_stream', 'destination', 'device', 'ecs', 'email', 'error', 'event', 'file', 'group',
  'host', 'message', 'network', 'o365', 'o365audit', 'o365audit_options', 'organization', 'process', 'related', 'rule', 'server', 'service', 'session', 'source', 'tags', 'threat',
  'token', 'url', 'user', 'user_agent'];

function readFields(block: AuditBlock): Pick<Source, 'fields' | 'fieldsUnderRoot'> {
  const fields = block.fields('input.fields');
  const fieldsUnderRoot = block.flag('input.fields_under_root');
  for (const name of fieldsUnderRoot ? Object.keys(fields) : []) {
    if (!NAMES_TAKEN.includes(name.split('.')[0] ?? name)) continue;
    block.mistake('input.fields', 'names that documents do not have already', name, 'Leave input.fields_under_root out, so that it stands below fields, or put it below labels.');
  }
  return { fields, fieldsUnderRoot };
}

function readTenants(block: AuditBlock, needed: boolean): readonly Tenant[] {
  const items = block.items('var.tenants');
  const tenants = (items ?? []).map((item) => readTenant(item, block)).filter((tenant) => tenant !== undefined);
  if (needed && (items ?? []).length === 0 && !block.isGiven('var.tenants', items?.[0])) {
    block.mistake('var.tenants', 'a list of tenants', 'none', 'Add var.tenants: [{id: the tenant ID, name: its domain}].');
  }
  const once = new Map(tenants.map((tenant) => [tenant.id, tenant]));
  if (once.size < tenants.length) {
    const twice = tenants.find(({ id }, index) => tenants.findIndex((other) => other.id === id) < index);
    block.mistake('var.tenants', 'each tenant once', `${twice?.id ?? 'one'} twice`, 'Keep one of them.');
  }
  return [...once.values()];
}

/** What the entry of a tenant may have. */
const TENANT_KEYS = ['id', 'name', 'namespace'];

/** A tenant as `{id, name, namespace}`, or as its id alone, which is how the input's own tenant_id has it. */
function readTenant(item: Node, block: AuditBlock): Tenant | undefined {
  const parts = item.kind === 'map' ? item.entries : new Map([['id', { place: item.place, node: item }]]);
  for (const [name, { place }] of parts) {
    if (TENANT_KEYS.includes(name)) continue;
    block.mistake('var.tenants', 'id, name and namespace', `the unknown key ${name}`, `Write ${nearest(name, TENANT_KEYS) ?? 'id, name or namespace'}.`, place);
  }
  const id = parts.get('id')?.node;
  const name = parts.get('name')?.node;
  if (id?.kind !== 'scalar' || isNothing(id)) {
    block.mistake('var.tenants', 'an id for each tenant', id === undefined ? 'none' : describe(id), 'Write {id: the tenant ID, name: its domain}.', item.place);
    return undefined;
  }
  if (!isGuid(id.text) && !isDomain(id.text)) {
    block.mistake('var.tenants', 'a tenant ID (a GUID) or one of the tenant\'s domains as id', describe(id),
      'Copy the Directory (tenant) ID from the app registration\'s overview.', id.place);
    return undefined;
  }
  if (name !== undefined && name.kind !== 'scalar') {
    block.mistake('var.tenants', 'a text as name', describe(name), 'Write one name.', name.place);
  }
  const namespace = parts.get('namespace')?.node;
  if (namespace !== undefined && (namespace.kind !== 'scalar' || !isNamespace(namespace.text))) {
    block.mistake('var.tenants', 'a namespace of lower-case letters, digits, _ and dots', describe(namespace), 'Write it as it shall stand behind logs-o365.audit-.', namespace.place);
  }
  return {
    id: id.text.toLowerCase(), ...(name?.kind === 'scalar' && !isNothing(name) ? { name: name.text } : {}),
    ...(namespace?.kind === 'scalar' ? { namespace: namespace.text } : {}),
  };
}

function readContentTypes(block: AuditBlock): readonly ContentType[] {
  const types = (block.items('var.content_type') ?? []).flatMap((item) => {
    const names = item.kind === 'scalar' ? item.text.split(',').map((name) => name.trim()).filter((name) => name !== '') : [describe(item)];
    return names.flatMap((name) => {
      const type = CONTENT_TYPES.find((known) => known.toLowerCase() === name.toLowerCase());
      if (type !== undefined) return [type];
      const found = item.kind === 'scalar' && item.reference === undefined ? quote(name) : describe(item);
      block.mistake('var.content_type', `one of ${CONTENT_TYPES.join(', ')}`, found, `Write ${nearestContentType(name) ?? 'one of them'}.`, item.place);
      return [];
    });
  });
  return types.length === 0 ? CONTENT_TYPES : [...new Set(types)];
}

function nearestContentType(name: string): ContentType | undefined {
  const near = nearest(name, CONTENT_TYPES) ?? nearest(`Audit.${name}`, CONTENT_TYPES) ?? nearest(`${name}.All`, CONTENT_TYPES);
  return CONTENT_TYPES.find((type) => type === near);
}

function readPaths(block: AuditBlock): readonly string[] {
  const paths = block.files('var.paths');
  if (!block.isGiven('var.paths', paths[0])) block.mistake('var.paths', 'the files to read', 'none', 'Add var.paths: [/path/to/*.ndjson], or leave var.input out.');
  return paths;
}

/** The first moment of the day that is named: whoever warns is better early than late. */
function readExpiry(block: AuditBlock): Pick<Source, 'credentialExpiresMs'> {
  const day = block.text('var.credential_expires');
  return day === undefined || !isDate(day) ? {} : { credentialExpiresMs: Date.parse(`${day}T00:00:00Z`) };
}

function readRetention(block: AuditBlock): number {
  const ms = block.number('var.api.max_retention');
  if (ms > retentionOfApiMs) {
    block.notice('var.api.max_retention', `The API keeps content for seven days and refuses older spans: ${durationText(ms)} counts as 168h.`);
  }
  return Math.min(ms, retentionOfApiMs);
}
