/** The standing of a collector in Prometheus' text format, https://prometheus.io/docs/instrumenting/exposition_formats/. */
import { FEED_METRICS, PROCESS_METRICS, TENANT_METRICS, type ProcessFigures } from './metrics.table.ts';
import { feedsOf, type Standing } from './standing.ts';

export const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** All metrics, each with its HELP and TYPE once and its samples behind them; metric by metric, for with hundreds of tenants that is long. */
export function* metricsText(standing: Standing, figures: ProcessFigures, nowMs: number): Generator<string> {
  const tenants = Object.entries(standing.tenants).map(([id, tenant]) => ({ tenant, labels: labelsText(labelsOf(id, tenant.name)) }));
  const feeds = Object.entries(standing.tenants).flatMap(([id, tenant]) => feedsOf(tenant).map(([type, feed]) => ({ feed, labels: labelsText([...labelsOf(id, tenant.name), ['content_type', type]]) })));
  for (const [name, row] of Object.entries(PROCESS_METRICS)) yield metric(name, row, [[row.label === undefined ? '' : labelsText([row.label(standing)]), row.of(standing, figures)]]);
  for (const [name, row] of Object.entries(TENANT_METRICS)) yield metric(name, row, tenants.map(({ tenant, labels }) => [labels, row.of(tenant, nowMs)]));
  for (const [name, row] of Object.entries(FEED_METRICS)) yield metric(name, row, feeds.map(({ feed, labels }) => [labels, row.of(feed, nowMs)]));
}

/** A metric with its samples; nothing when it has none. */
function metric(name: string, { type, help }: { readonly type: string; readonly help: string }, samples: readonly (readonly [labels: string, value: number | undefined])[]): string {
  const known = samples.filter(([, value]) => value !== undefined).map(([labels, value]) => `${name}${labels} ${value}\n`);
  return known.length === 0 ? '' : `# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}\n# TYPE ${name} ${type}\n${known.join('')}`;
}

type Labels = readonly (readonly [name: string, value: string])[];

function labelsOf(id: string, name: string): Labels {
  return [['tenant', name], ['tenant_id', id]];
}

function labelsText(labels: Labels): string {
  return `{${labels.map(([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`).join(',')}}`;
}
