/** FIELDS.md: every field that a document may have, for those who search and for those who write rules. */
import type { Field } from './fields.ts';

/** The page, from fields.yml. */
export function fieldsPage(fields: readonly Field[]): string {
  const raw = fields.filter(({ name }) => name.startsWith('o365.'));
  const enrichment = fields.filter(({ source }) => source === 'enrichment');
  const ecs = fields.filter((field) => !raw.includes(field) && !enrichment.includes(field));
  return [
    '# Fields',
    '',
    `Generated from \`mapping/fields.yml\` by \`npm run generate\`: all ${fields.length} fields that documents have, with their types in the index templates of \`o365audit setup\`. "Rule" names`,
    'the rules that fill a field (`test/mapping/rules.tsv`; a golden pair for each is in `test/mapping/cases/`); "must" stands with those that a published detection rule needs to be mapped.',
    'Examples are values of golden documents, or what the mapping makes of an event that brings them; objects have none, nor have values that nobody has shown or explained.',
    'A field without a rule is filled by the store, or by others alone. How a value of another shape is treated stands in `mapping/README.md`.',
    'Fields with `.text` behind their type are there a second time as `<field>.text`, to be searched by words.',
    '',
    '## The event in the Elastic Common Schema',
    '',
    ...table(ecs),
    '',
    '## What the cluster adds',
    '',
    'Filled by the ingest pipeline `o365audit`, from what the cluster knows of addresses and browsers.',
    '',
    ...table(enrichment),
    '',
    '## The event as Microsoft sent it: `o365.audit`',
    '',
    'A `*` stands for one name, in the last rows for one or more.',
    '',
    ...table(raw),
    '',
  ].join('\n');
}

function table(fields: readonly Field[]): string[] {
  return [
    '| field | type | description | example | rule |',
    '| --- | --- | --- | --- | --- |',
    ...fields.map(({ name, type, text, mustMap, rules, description, example, array }) => `| \`${name}\` | ${[type + (text ? ' .text' : ''), array ? 'array' : [], mustMap ? 'must' : []].flat().join(', ')} `
      + `| ${cell(description)} | ${example === undefined ? '' : `\`${cell(String(example))}\``} | ${rules.join(' ')} |`),
  ];
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ').trim();
}
