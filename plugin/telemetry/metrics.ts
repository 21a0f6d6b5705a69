/** The standing of a collector in Prometheus' text format, https://prometheus.io/docs/instrumenting/exposition_formats/. */
import { FEED_METRICS, PROCESS_METRICS, TENANT_METRICS, type ProcessFigures } from './metrics.table.ts';
import { feedsOf, type Standing } from './standing.ts';

export const METRICS_MEDIA_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** All metrics, each with its HELP and TYPE once and its samples behind them. */
export function metricsText(standing: Standing, figures: ProcessFigures, nowMs: number): string {
  const tenants = Object.entries(standing.tenants);
  const lines: string[] = [];
  const metric = (name: string, { type, help }: { readonly type: string; readonly help: string }, samples: readonly (readonly [labels: Labels, value: number | undefined])[]): void => {
    const known = samples.filter((sample): sample is [Labels, number] => sample[1] !== undefined);
    if (known.length === 0) return;
    lines.push(`# HELP ${name} ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`, `# TYPE ${name} ${type}`, ...known.map(([labels, value]) => `${name}${labelsText(labels)} ${value}`));
  };
  for (const [name, row] of Object.entries(PROCESS_METRICS)) metric(name, row, [[row.label === undefined ? [] : [row.label(standing)], row.of(standing, figures)]]);
  for (const [name, row] of Object.entries(TENANT_METRICS)) metric(name, row, tenants.map(([id, tenant]) => [labelsOf(id, tenant.name), row.of(tenant, nowMs)]));
  for (const [name, row] of Object.entries(FEED_METRICS)) {
    metric(name, row, tenants.flatMap(([id, tenant]) => feedsOf(tenant).map(([type, feed]): [Labels, number | undefined] => [[...labelsOf(id, tenant.name), ['content_type', type]], row.of(feed, nowMs)])));
  }
  return `${lines.join('\n')}\n`;
}

type Labels = readonly (readonly [name: string, value: string])[];

function labelsOf(id: string, name: string): Labels {
  return [['tenant', name], ['tenant_id', id]];
}

function labelsText(labels: Labels): string {
  return labels.length === 0 ? '' : `{${labels.map(([name, value]) => `${name}="${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`).join(',')}}`;
}
