/**
 * What a server knows, found out by asking: each question is a template or a pipeline that is only simulated, never stored. Versions would say less:
 * managed services leave things out, and builds without modules lack types.
 */
import type { Store } from './client.ts';
import { at, type JsonObject } from './json.ts';

export interface StoreFeatures {
  /** Field types that the server has, of those that not every one has. */
  readonly types: ReadonlySet<string>;
  /** `flattened` with a limit for long values: Elasticsearch. */
  readonly flattened: boolean;
  /** Fields beyond the limit are left unindexed instead of refusing the document: Elasticsearch from 8.14 on. */
  readonly ignoreDynamicBeyondLimit: boolean;
  /** Retention without a policy of its own: Elasticsearch from 8.11 on. */
  readonly dataStreamLifecycle: boolean;
  /** A place for documents that were refused: Elasticsearch from 8.19 and 9.1 on. */
  readonly failureStore: boolean;
  /** Component templates that need not exist: Elasticsearch from 8.7 on. */
  readonly missingComponents: boolean;
  /** A pipeline can say who made it. */
  readonly pipelineMeta: boolean;
}

/** Types that may be missing, with what takes their place. */
export const OPTIONAL_TYPES: Readonly<Record<string, string>> = {
  wildcard: 'keyword', constant_keyword: 'keyword', match_only_text: 'text', version: 'keyword', scaled_float: 'double',
};

/** Everything that is known anywhere: current Elasticsearch. */
export const ALL_FEATURES: StoreFeatures = {
  types: new Set(Object.keys(OPTIONAL_TYPES)), flattened: true, ignoreDynamicBeyondLimit: true, dataStreamLifecycle: true, failureStore: true, missingComponents: true, pipelineMeta: true,
};

/** What variants are called and know; what a server answers may be a mixture. */
export const VARIANTS: Readonly<Record<string, StoreFeatures>> = {
  'elasticsearch-9': ALL_FEATURES,
  // 8.14 to 8.18
  'elasticsearch-8': { ...ALL_FEATURES, failureStore: false },
  opensearch: {
    types: ALL_FEATURES.types, flattened: false, ignoreDynamicBeyondLimit: false, dataStreamLifecycle: false, failureStore: false, missingComponents: false, pipelineMeta: false,
  },
};

/** Matches no data stream that anybody has. */
const PROBE_PATTERN = 'o365audit-probe-*';
const PROBE_PRIORITY = 7_365;

/** Asks all questions. Rejects as the store does, but for what a server refuses because it does not know it. */
export async function probeFeatures(store: Store, signal?: AbortSignal): Promise<StoreFeatures> {
  const template = (body: JsonObject): Promise<boolean> => isTaken(store, '/_index_template/_simulate', { index_patterns: [PROBE_PATTERN], priority: PROBE_PRIORITY, data_stream: {}, ...body }, signal);
  const field = (mapping: JsonObject): Promise<boolean> => template({ template: { mappings: { properties: { probe: mapping } } } });
  const types = new Set<string>();
  for (const type of Object.keys(OPTIONAL_TYPES)) if (await field(typeProbe(type))) types.add(type);
  return {
    types,
    flattened: await field({ type: 'flattened', ignore_above: 1024 }),
    ignoreDynamicBeyondLimit: await template({ template: { settings: { 'index.mapping.total_fields.ignore_dynamic_beyond_limit': true } } }),
    dataStreamLifecycle: await template({ template: { lifecycle: { data_retention: '90d' } } }),
    failureStore: await template({ template: { data_stream_options: { failure_store: { enabled: true } } } }),
    missingComponents: await template({ composed_of: ['o365audit-probe'], ignore_missing_component_templates: ['o365audit-probe'] }),
    pipelineMeta: await isTaken(store, '/_ingest/pipeline/_simulate', { pipeline: { _meta: { probe: true }, processors: [] }, docs: [{ _source: {} }] }, signal),
  };
}

function typeProbe(type: string): JsonObject {
  if (type === 'constant_keyword') return { type, value: 'probe' };
  return type === 'scaled_float' ? { type, scaling_factor: 100 } : { type };
}

async function isTaken(store: Store, path: string, body: JsonObject, signal: AbortSignal | undefined): Promise<boolean> {
  const { status, body: answer } = await store.request('POST', path, { what: 'asking what the server knows', body, accept: [400], signal });
  return status < 400 && at(answer, 'error') === undefined;
}
