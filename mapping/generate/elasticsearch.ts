/**
 * mapping/elasticsearch/: what `o365audit setup` puts into each kind of server, as files, for those who install it by other means; and the table of fields
 * from which the program makes the same. Both come from the code of plugin/store/, so that they cannot differ.
 */
import { dashboardFile } from '../../plugin/report/dashboard.ts';
import { VARIANTS } from '../../plugin/store/features.ts';
import type { StoreField } from '../../plugin/store/mappings.ts';
import { ENRICHMENT } from '../../plugin/store/pipeline.ts';
import { resourceFiles } from '../../plugin/store/print.ts';
import { RETENTION, storeResources } from '../../plugin/store/resources.ts';
import { statusFieldTypes } from '../../plugin/telemetry/status.ts';
import type { Field } from './fields.ts';
import { header } from './source.ts';

/** The source of plugin/store/fields.table.ts. */
export function storeFieldsSource(fields: readonly Field[]): string {
  return [
    header('mapping/fields.yml', 'The fields of documents, for index templates.'),
    'import type { StoreField } from \'./mappings.ts\';',
    '',
    'export const STORE_FIELDS: readonly StoreField[] = [',
    ...storeFields(fields).map((field) => `  [${field.map((part) => `'${part}'`).join(', ')}],`),
    '];',
    '',
  ].join('\n');
}

/** Each file's path below mapping/elasticsearch/ and its text. */
export function elasticsearchFiles(fields: readonly Field[], version: string): readonly (readonly [string, string])[] {
  const files = Object.entries(VARIANTS).flatMap(([variant, features]) => {
    const resources = storeResources({
      fields: storeFields(fields), statusFields: statusFieldTypes(), features, steps: ENRICHMENT, layout: { retention: RETENTION }, version,
    });
    return resourceFiles(resources).map(([file, text]) => [`${variant}/${file}`, text] as const);
  });
  return [...files, ['dashboard.ndjson', dashboardFile()]];
}

function storeFields(fields: readonly Field[]): readonly StoreField[] {
  return fields.map(({ name, type, text }) => (text ? [name, type, 'text'] : [name, type]));
}
