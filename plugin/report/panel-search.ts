/** What a panel of the dashboard asks the store, as a search: the same filter and the same aggregations that Kibana makes of the panel's definition. */
import type { Panel, Split } from './dashboard.table.ts';
import { queryOf } from './filter.ts';

/** The body of `_search`. Aggregations are nested as the splits are, each called `split`; a number is called `counted`, the grid of a map `grid`. */
export function panelSearch(panel: Panel): Readonly<Record<string, unknown>> {
  const { kind, filter, countedField, splits = [], geoField, columns } = panel;
  const query = filter === undefined ? { match_all: {} } : queryOf(filter);
  if (kind === 'documents') return { size: 500, query, _source: columns, sort: [{ '@timestamp': 'desc' }], track_total_hits: true };
  const common = { size: 0, query, track_total_hits: true };
  if (kind === 'map') return { ...common, aggs: { grid: { geotile_grid: { field: geoField, precision: 8, size: 10_000 } } } };
  if (countedField !== undefined) return { ...common, aggs: { counted: { cardinality: { field: countedField } } } };
  if (kind === 'number') return common;
  const shown = kind === 'table' ? splits : splits.slice(0, 1);
  return { ...common, aggs: kind === 'bars' ? { time: { date_histogram: { field: '@timestamp', fixed_interval: '1h', min_doc_count: 1 }, aggs: nested(shown) } } : nested(shown) };
}

function nested([split, ...rest]: readonly Split[]): object {
  if (split === undefined) return {};
  return { split: { terms: { field: split.field, size: split.size, order: { _count: 'desc' } }, ...(rest.length === 0 ? {} : { aggs: nested(rest) }) } };
}
