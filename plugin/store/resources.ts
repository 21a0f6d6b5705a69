/** Everything that `setup` puts into a cluster, as the server takes it: component templates, index templates, the ingest pipeline. */
import { createHash } from 'node:crypto';
import type { StoreFeatures } from './features.ts';
import { textAt, type JsonObject } from './json.ts';
import { eventMappings, searchedFields, statusMappings, type StoreField } from './mappings.ts';
import { processorsOf, type EnrichmentStep } from './pipeline.ts';

export type ResourceKind = 'pipeline' | 'component template' | 'index template';

export interface Resource {
  readonly kind: ResourceKind;
  readonly name: string;
  /** Where it is put, read and deleted. */
  readonly path: string;
  readonly body: JsonObject;
  /** Made where it is missing, and the operator's from then on. */
  readonly isOperators?: true;
}

/** How the operator wants it. */
export interface StoreLayout {
  /** `90d`, for the data stream's own lifecycle. */
  readonly retention: string;
  /** A policy of index lifecycle management, in place of the data stream's own lifecycle. */
  readonly ilmPolicy?: string | undefined;
  /** An alias that all data streams get. */
  readonly alias?: string | undefined;
}

export interface ResourceInput {
  readonly fields: readonly StoreField[];
  readonly statusFields: Readonly<Record<string, string>>;
  readonly features: StoreFeatures;
  readonly steps: readonly EnrichmentStep[];
  readonly layout: StoreLayout;
  /** This program's version. */
  readonly version: string;
}

export const OWNER = 'o365audit';
/** Unless an operator says otherwise. */
export const RETENTION = '90d';
export const PIPELINE = 'o365audit';
/** Index templates, and the data streams that they are for. */
export const STREAMS = { 'o365audit-events': 'logs-o365.audit-*', 'o365audit-status': 'logs-o365.status-*' } as const;
/** Above the generic `logs` template of the stack (100) and what Fleet installs for Elastic's own integration (200, 250). */
export const PRIORITY = 500;
/** Twice what the schema and the audit log's known properties need; what comes beyond it stays in the document, unindexed. */
const FIELDS_MAX = 2_000;
const STATUS_FIELDS_MAX = 200;

/** All resources in the order in which they are put: what others refer to comes first. */
export function storeResources(input: ResourceInput): readonly Resource[] {
  const { fields, statusFields, features, steps, version } = input;
  return [
    pipelineResource(steps, features, version),
    ...templates('o365audit-events', eventMappings(fields, features), settings(input, FIELDS_MAX, searchedFields(fields)), input),
    ...templates('o365audit-status', statusMappings(statusFields, features), settings(input, STATUS_FIELDS_MAX, ['message', 'event.action', 'tags']), input),
  ];

  function templates(name: keyof typeof STREAMS, mappings: JsonObject, ownSettings: JsonObject, { layout }: ResourceInput): readonly Resource[] {
    // in the mappings too: so every index says by which of all this it was made
    const _meta = marker({ mappings, ownSettings }, version);
    return [
      component(`${name}@mappings`, { mappings: { _meta, ...mappings } }, version),
      component(`${name}@settings`, { settings: ownSettings }, version),
      ...customHook(`${name}@custom`, features),
      indexTemplate(name, features, layout, version),
    ];
  }
}

/** `1.2.3` as 1002003: servers compare versions of templates as numbers. */
export function versionNumber(version: string): number {
  const [major = 0, minor = 0, patch = 0] = version.split('-')[0]?.split('.').map(Number) ?? [];
  return major * 1_000_000 + minor * 1_000 + patch;
}

/** Whose it is, and a digest of what it says, by which a change is seen however the server rewrites it. Of a marker in it only the digest counts. */
function marker(content: JsonObject, version: string): JsonObject {
  const text = JSON.stringify(content, (name, value: unknown) => (name === '_meta' ? textAt(value, 'digest') : value));
  return { managed_by: OWNER, version, digest: createHash('sha256').update(text).digest('hex').slice(0, 16) };
}

function component(name: string, template: JsonObject, version: string): Resource {
  return { kind: 'component template', name, path: `/_component_template/${name}`, body: { template, version: versionNumber(version), _meta: marker(template, version) } };
}

/** What the operator may put over ours: replicas, further fields. Later ones of a list win. */
function customHook(name: string, { missingComponents }: StoreFeatures): readonly Resource[] {
  if (missingComponents) return [];
  return [{ kind: 'component template', name, path: `/_component_template/${name}`, body: { template: {}, _meta: { description: 'Yours: what stands here counts before what o365audit setup makes.' } }, isOperators: true }];
}

function indexTemplate(name: keyof typeof STREAMS, features: StoreFeatures, layout: StoreLayout, version: string): Resource {
  const custom = `${name}@custom`;
  const isEvents = name === 'o365audit-events';
  const template = {
    ...(features.dataStreamLifecycle && layout.ilmPolicy === undefined ? { lifecycle: { data_retention: layout.retention } } : {}),
    ...(features.failureStore ? { data_stream_options: { failure_store: { enabled: true } } } : {}),
    ...(layout.alias === undefined || !isEvents ? {} : { aliases: { [layout.alias]: {} } }),
  };
  const content = {
    index_patterns: [STREAMS[name]],
    data_stream: {},
    priority: PRIORITY,
    composed_of: [`${name}@mappings`, `${name}@settings`, custom],
    ...(features.missingComponents ? { ignore_missing_component_templates: [custom] } : {}),
    ...(Object.keys(template).length === 0 ? {} : { template }),
  };
  return { kind: 'index template', name, path: `/_index_template/${name}`, body: { ...content, version: versionNumber(version), _meta: marker(content, version) } };
}

function settings({ features, layout }: ResourceInput, fieldsMax: number, searched: readonly string[]): JsonObject {
  return {
    index: {
      codec: 'best_compression',
      // final: it runs after whatever default_pipeline the operator sets in @custom
      final_pipeline: PIPELINE,
      mapping: {
        ignore_malformed: true,
        total_fields: { limit: fieldsMax, ...(features.ignoreDynamicBeyondLimit ? { ignore_dynamic_beyond_limit: true } : {}) },
      },
      query: { default_field: searched },
      ...(layout.ilmPolicy === undefined ? {} : { lifecycle: { name: layout.ilmPolicy } }),
    },
  };
}

/** OpenSearch's pipelines have no place for a marker but their description. */
function pipelineResource(steps: readonly EnrichmentStep[], { pipelineMeta }: StoreFeatures, version: string): Resource {
  const content = { processors: processorsOf(steps) };
  const meta = marker(content, version);
  const description = 'Place, network, browser and time of arrival of Microsoft 365 audit events.';
  return {
    kind: 'pipeline', name: PIPELINE, path: `/_ingest/pipeline/${PIPELINE}`,
    body: {
      description: pipelineMeta ? description : `${description} ${pipelineMarker(meta)}`,
      version: versionNumber(version), ...content, ...(pipelineMeta ? { _meta: meta } : {}),
    },
  };
}

function pipelineMarker({ managed_by: owner, version, digest }: JsonObject): string {
  return `(managed_by ${String(owner)} ${String(version)} ${String(digest)})`;
}

/** The marker of a resource as a server returns it; undefined for what is not marked. */
export function markerOf(body: JsonObject): { readonly owner: string; readonly version: string; readonly digest: string } | undefined {
  const owned = textAt(body, '_meta', 'managed_by');
  if (owned !== undefined) return { owner: owned, version: textAt(body, '_meta', 'version') ?? '', digest: textAt(body, '_meta', 'digest') ?? '' };
  const [, owner = '', version = '', digest = ''] = /\(managed_by (\S+) (\S+) (\S+)\)/.exec(typeof body.description === 'string' ? body.description : '') ?? [];
  return owner === '' ? undefined : { owner, version, digest };
}
