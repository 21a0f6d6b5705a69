/**
 * The dashboard as Kibana's saved objects, in the form of version 8.0: what 8 and 9 both import, which carry objects forward by their own migrations.
 * https://www.elastic.co/docs/explore-analyze/find-and-organize/saved-objects
 */
import { PANELS, type Panel, type Split } from './dashboard.table.ts';
import { kqlOf } from './filter.ts';

export interface SavedObject {
  readonly id: string;
  readonly type: 'index-pattern' | 'visualization' | 'search' | 'map' | 'dashboard';
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly references: readonly { readonly id: string; readonly name: string; readonly type: string }[];
}

const FORM_VERSION = '8.0.0';
const GRID_COLUMNS = 48;
const PREFIX = 'o365audit-';
export const DASHBOARD_ID = `${PREFIX}dashboard`;
const DATA_VIEW_ID = `${PREFIX}events`;
const INDEX_REFERENCE = 'kibanaSavedObjectMeta.searchSourceJSON.index';
/** A saved object's marker of a title: every product's objects are in one list. */
const titled = (title: string): string => `${title} [o365audit]`;

/** The lines that Kibana's import takes. What others refer to comes first. */
export function dashboardFile(): string {
  return dashboardObjects().map((object) => `${JSON.stringify({ ...object, coreMigrationVersion: FORM_VERSION, migrationVersion: { [object.type]: FORM_VERSION } })}\n`).join('');
}

export function dashboardObjects(): readonly SavedObject[] {
  const dataView: SavedObject = { id: DATA_VIEW_ID, type: 'index-pattern', attributes: { title: 'logs-o365.audit-*', timeFieldName: '@timestamp' }, references: [] };
  return [dataView, ...PANELS.map(objectOf), dashboard()];
}

function dashboard(): SavedObject {
  const places = placed(PANELS);
  const panels = PANELS.map((panel, index) => ({
    version: FORM_VERSION, type: typeOf(panel), gridData: { ...places[index], i: panel.id }, panelIndex: panel.id,
    embeddableConfig: { title: panel.title, ...(panel.kind === 'map' ? { mapCenter: { lat: 30, lon: 10, zoom: 1.6 } } : {}) }, panelRefName: `panel_${panel.id}`,
  }));
  return {
    id: DASHBOARD_ID, type: 'dashboard',
    attributes: {
      title: titled('Microsoft 365 audit'), description: 'What happens in Microsoft 365: activity, sign-ins, places, Exchange, files and sharing, alerts, data loss prevention.', hits: 0, version: 1,
      panelsJSON: JSON.stringify(panels), optionsJSON: JSON.stringify({ useMargins: true, syncColors: false, hidePanelTitles: false }),
      timeRestore: true, timeFrom: 'now-7d', timeTo: 'now', refreshInterval: { pause: true, value: 0 },
      kibanaSavedObjectMeta: { searchSourceJSON: JSON.stringify({ query: { query: '', language: 'kuery' }, filter: [] }) },
    },
    // a dashboard of this form knows its panels by their index and the name behind it
    references: PANELS.map((panel) => ({ id: PREFIX + panel.id, name: `${panel.id}:panel_${panel.id}`, type: typeOf(panel) })),
  };
}

/** Panels side by side as long as there is room, then in the next row. */
function placed(panels: readonly Panel[]): readonly { readonly x: number; readonly y: number; readonly w: number; readonly h: number }[] {
  let [x, y, rowHeight] = [0, 0, 0];
  return panels.map(({ width, height }) => {
    if (x + width > GRID_COLUMNS) [x, y, rowHeight] = [0, y + rowHeight, 0];
    const place = { x, y, w: width, h: height };
    x += width;
    rowHeight = Math.max(rowHeight, height);
    return place;
  });
}

function typeOf({ kind }: Panel): 'visualization' | 'search' | 'map' {
  return kind === 'documents' ? 'search' : kind === 'map' ? 'map' : 'visualization';
}

function objectOf(panel: Panel): SavedObject {
  const kind = typeOf(panel);
  return kind === 'search' ? search(panel) : kind === 'map' ? map(panel) : visualization(panel);
}

function searchSource({ filter }: Panel, more: object = {}): { readonly searchSourceJSON: string } {
  return { searchSourceJSON: JSON.stringify({ query: { query: filter === undefined ? '' : kqlOf(filter), language: 'kuery' }, filter: [], indexRefName: INDEX_REFERENCE, ...more }) };
}

const indexReference = { id: DATA_VIEW_ID, name: INDEX_REFERENCE, type: 'index-pattern' };

function search(panel: Panel): SavedObject {
  return {
    id: PREFIX + panel.id, type: 'search',
    attributes: { title: titled(panel.title), description: '', hits: 0, version: 1, columns: panel.columns, sort: [['@timestamp', 'desc']], kibanaSavedObjectMeta: searchSource(panel, { highlightAll: true, version: true }) },
    references: [indexReference],
  };
}

function map({ id, title, geoField }: Panel): SavedObject {
  const layers = [
    { id: `${id}-base`, type: 'VECTOR_TILE', label: null, alpha: 1, minZoom: 0, maxZoom: 24, visible: true, style: {}, sourceDescriptor: { type: 'EMS_TMS', isAutoSelect: true } },
    {
      id: `${id}-clients`, type: 'HEATMAP', label: title, alpha: 0.75, minZoom: 0, maxZoom: 24, visible: true, style: { type: 'HEATMAP', colorRampName: 'theclassic' }, joins: [],
      sourceDescriptor: { id: `${id}-source`, type: 'ES_GEO_GRID', geoField, requestType: 'heatmap', resolution: 'COARSE', applyGlobalQuery: true, applyGlobalTime: true, metrics: [{ type: 'count' }], indexPatternRefName: 'layer_1_source_index_pattern' },
    },
  ];
  return {
    id: PREFIX + id, type: 'map',
    attributes: {
      title: titled(title), description: '', layerListJSON: JSON.stringify(layers), uiStateJSON: JSON.stringify({ isLayerTOCOpen: false, openTOCDetails: [] }),
      mapStateJSON: JSON.stringify({ zoom: 1.6, center: { lat: 30, lon: 10 }, timeFilters: { from: 'now-7d', to: 'now' }, refreshConfig: { isPaused: true, interval: 0 }, query: { query: '', language: 'kuery' }, filters: [] }),
    },
    references: [{ id: DATA_VIEW_ID, name: 'layer_1_source_index_pattern', type: 'index-pattern' }],
  };
}

const VISUALIZATIONS = { number: 'metric', bars: 'histogram', pie: 'pie', table: 'table' } as const;

function visualization(panel: Panel): SavedObject {
  const { id, title, kind, countedField, splits = [] } = panel;
  const type = VISUALIZATIONS[kind as keyof typeof VISUALIZATIONS];
  const metric = { id: '1', enabled: true, schema: 'metric', ...(countedField === undefined ? { type: 'count', params: { customLabel: title } } : { type: 'cardinality', params: { field: countedField, customLabel: title } }) };
  const time = { id: '2', enabled: true, schema: 'segment', type: 'date_histogram', params: { field: '@timestamp', interval: 'auto', min_doc_count: 1, drop_partials: false, extended_bounds: {} } };
  const schema = kind === 'bars' ? 'group' : kind === 'pie' ? 'segment' : 'bucket';
  const shown = kind === 'table' ? splits : splits.slice(0, 1);
  const aggs = [metric, ...(kind === 'bars' ? [time] : []), ...shown.map((split, index) => terms(split, String(index + 3), schema, kind !== 'table'))];
  const named = titled(title);
  return {
    id: PREFIX + id, type: 'visualization',
    attributes: { title: named, description: '', version: 1, uiStateJSON: '{}', visState: JSON.stringify({ title: named, type, aggs, params: PARAMETERS[type] }), kibanaSavedObjectMeta: searchSource(panel) },
    references: [indexReference],
  };
}

function terms({ field, label, size }: Split, id: string, schema: string, hasOthers: boolean): object {
  return {
    id, enabled: true, schema, type: 'terms',
    params: { field, size, order: 'desc', orderBy: '1', otherBucket: hasOthers, otherBucketLabel: 'Others', missingBucket: false, missingBucketLabel: 'Missing', customLabel: label },
  };
}

const PARAMETERS: Readonly<Record<typeof VISUALIZATIONS[keyof typeof VISUALIZATIONS], object>> = {
  metric: {
    type: 'metric', addTooltip: true, addLegend: false,
    metric: { percentageMode: false, useRanges: false, colorSchema: 'Green to Red', metricColorMode: 'None', colorsRange: [{ from: 0, to: 10_000 }], labels: { show: false }, invertColors: false, style: { bgFill: '#000', bgColor: false, labelColor: false, subText: '', fontSize: 40 } },
  },
  histogram: {
    type: 'histogram', addTooltip: true, addLegend: true, legendPosition: 'right', addTimeMarker: false, times: [], grid: { categoryLines: false }, labels: { show: false }, thresholdLine: { show: false, value: 10, width: 1, style: 'full', color: '#E7664C' },
    categoryAxes: [{ id: 'CategoryAxis-1', type: 'category', position: 'bottom', show: true, style: {}, scale: { type: 'linear' }, labels: { show: true, filter: true, truncate: 100 }, title: {} }],
    valueAxes: [{ id: 'ValueAxis-1', name: 'LeftAxis-1', type: 'value', position: 'left', show: true, style: {}, scale: { type: 'linear', mode: 'normal' }, labels: { show: true, rotate: 0, filter: false, truncate: 100 }, title: { text: 'Events' } }],
    seriesParams: [{ show: true, type: 'histogram', mode: 'stacked', data: { label: 'Events', id: '1' }, valueAxis: 'ValueAxis-1', drawLinesBetweenPoints: true, lineWidth: 2, showCircles: true }],
  },
  pie: { type: 'pie', addTooltip: true, addLegend: true, legendPosition: 'right', isDonut: true, labels: { show: false, values: true, last_level: true, truncate: 100 } },
  table: { perPage: 10, showPartialRows: false, showMetricsAtAllLevels: false, showTotal: false, totalFunc: 'sum', percentageCol: '' },
};
