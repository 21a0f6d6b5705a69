/**
 * The ingest pipeline: what only the cluster can know of an event. Place and network come from its databases, the browser from its list. Each step that
 * fails marks the document and lets it go on; none drops one. Only processors that Elasticsearch and OpenSearch both have.
 */
import type { Store } from './client.ts';
import { listAt, textAt, type JsonObject } from './json.ts';

export interface EnrichmentStep {
  /** In the words of an operator: what a document gains by it. */
  readonly gains: string;
  readonly processors: readonly JsonObject[];
  /** A document that the step changes. */
  readonly sample: JsonObject;
}

/** What a server makes of a step: it can; it could, but its database is not there yet (and documents say so until it is); it cannot. */
export interface StepState {
  readonly step: EnrichmentStep;
  readonly state: 'served' | 'waiting' | 'missing';
  readonly reason?: string;
}

/** The tag of documents in which a step failed; error.message says which and why. */
export const FAILED_TAG = 'o365audit_enrichment_failed';
/** MaxMind's own test databases know these two. */
const SAMPLE_ADDRESS = '89.160.20.112';
/**
 * Whoever tries to sign in chooses the browser's text. The processor holds it against a thousand patterns, whose time grows with up to the fourth power of its
 * length: 8,000 characters made for it keep a thread of the cluster busy for minutes, again and again as the log agent sends them again. No browser says as
 * much as this (the longest of 180 in real events has 148 characters); what is longer stays as it came.
 */
const BROWSER_CHARACTERS_MAX = 512;
/** Must not throw on any document: the step's own `on_failure` does not cover its condition. */
const BROWSER_IS_SHORT = `ctx.user_agent instanceof Map && ctx.user_agent.original instanceof String && ctx.user_agent.original.length() <= ${BROWSER_CHARACTERS_MAX}`;
const GEO_PROPERTIES = ['continent_name', 'country_iso_code', 'country_name', 'region_iso_code', 'region_name', 'city_name', 'location', 'timezone'];

/** https://www.elastic.co/docs/reference/ecs/ecs-geo, ecs-as and ecs-user_agent name the fields. */
export const ENRICHMENT: readonly EnrichmentStep[] = [
  { gains: 'event.ingested', processors: [step('set', 'event.ingested', { field: 'event.ingested', value: '{{{_ingest.timestamp}}}' })], sample: {} },
  ...(['source', 'destination'] as const).flatMap((side) => [
    {
      gains: `${side}.geo`,
      processors: [step('geoip', `${side}.geo`, { field: `${side}.ip`, target_field: `${side}.geo`, properties: GEO_PROPERTIES, ignore_missing: true })],
      sample: { [side]: { ip: SAMPLE_ADDRESS } },
    },
    {
      gains: `${side}.as`,
      processors: [
        step('geoip', `${side}.as`, { field: `${side}.ip`, target_field: `${side}.as`, database_file: 'GeoLite2-ASN.mmdb', properties: ['asn', 'organization_name'], ignore_missing: true }),
        step('rename', `${side}.as.number`, { field: `${side}.as.asn`, target_field: `${side}.as.number`, ignore_missing: true }),
        step('rename', `${side}.as.organization.name`, { field: `${side}.as.organization_name`, target_field: `${side}.as.organization.name`, ignore_missing: true }),
      ],
      sample: { [side]: { ip: SAMPLE_ADDRESS } },
    },
  ]),
  { gains: 'user_agent.name', processors: [step('user_agent', 'user_agent', { if: BROWSER_IS_SHORT, field: 'user_agent.original', ignore_missing: true })], sample: { user_agent: { original: 'curl/8.5.0' } } },
];

function step(type: string, tag: string, settings: JsonObject): JsonObject {
  return {
    [type]: {
      tag, ...settings,
      on_failure: [
        { append: { field: 'tags', value: [FAILED_TAG], allow_duplicates: false } },
        { append: { field: 'error.message', value: [`${tag}: {{{_ingest.on_failure_message}}}`] } },
      ],
    },
  };
}

/** Asks the server step by step which it can do. Rejects as the store does. */
export async function probeSteps(store: Store, signal?: AbortSignal): Promise<readonly StepState[]> {
  const states: StepState[] = [];
  for (const one of ENRICHMENT) {
    const { status, body } = await store.request('POST', '/_ingest/pipeline/_simulate', {
      what: 'simulating a pipeline', body: { pipeline: { processors: one.processors }, docs: [{ _source: one.sample }] }, accept: [400], signal,
    });
    states.push({ step: one, ...stateOf(status, body) });
  }
  return states;
}

function stateOf(status: number, body: unknown): Omit<StepState, 'step'> {
  if (status >= 400) return { state: 'missing', reason: textAt(body, 'error', 'reason') ?? `HTTP ${status}` };
  const simulated = listAt(body, 'docs')[0];
  const failed = textAt(simulated, 'error', 'reason');
  if (failed !== undefined) return { state: 'missing', reason: failed };
  const tags = listAt(simulated, 'doc', '_source', 'tags').map(String);
  if (tags.includes(FAILED_TAG)) return { state: 'missing', reason: listAt(simulated, 'doc', '_source', 'error', 'message').map(String).join('; ') };
  // Elasticsearch fetches its databases by itself, once there is a pipeline that needs them
  const unavailable = tags.find((tag) => tag.startsWith('_geoip_'));
  return unavailable === undefined ? { state: 'served' } : { state: 'waiting', reason: `its database is not there, or too old: ${unavailable}` };
}

/** The pipeline's processors. */
export function processorsOf(steps: readonly EnrichmentStep[]): readonly JsonObject[] {
  return steps.flatMap(({ processors }) => processors);
}
