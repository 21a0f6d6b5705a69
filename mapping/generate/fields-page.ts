/** FIELDS.md: every field that a document may have, for those who search and for those who write rules. */
import type { Field } from './fields.ts';

/** The page, from fields.yml. */
export function fieldsPage(fields: readonly Field[]): string {
  const ecs = fields.filter(({ name }) => !name.startsWith('o365.'));
  const raw = fields.filter(({ name }) => name.startsWith('o365.'));
  return [
    '# Fields',
    '',
    'Generated from `mapping/fields.yml` by `npm run generate`. "Rule" names the rules that fill a field (see the golden pairs in `test/mapping/cases/`);',
    'fields of the kind *enrichment* are filled by the cluster\'s ingest pipeline. How a value of another shape is treated stands in `mapping/README.md`.',
    '',
    '## The event in the Elastic Common Schema',
    '',
    ...table(ecs),
    '',
    '## The event as Microsoft sent it: `o365.audit`',
    '',
    ...table(raw),
    '',
  ].join('\n');
}

function table(fields: readonly Field[]): string[] {
  return [
    '| field | type | description | example | rule |',
    '| --- | --- | --- | --- | --- |',
    ...fields.map(({ name, type, source, rules, description, example, array }) => `| \`${name}\` | ${type}${array ? ', array' : ''}${source === 'enrichment' ? ' (enrichment)' : ''} `
      + `| ${cell(description)} | ${example === undefined ? '' : `\`${cell(String(example))}\``} | ${rules.join(' ')} |`),
  ];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').trim();
}
