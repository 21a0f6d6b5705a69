/**
 * Writes what is made from mapping/fields.yml and mapping/tables: the tables of the WebAssembly module, the fields that `o365audit setup` makes templates of,
 * these templates for every kind of server (elasticsearch/), and the pages FIELDS.md and FROM-FILEBEAT.md.
 * With --check it writes nothing and fails when a file is not what it would write.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { documentSource } from './document.ts';
import { elasticsearchFiles, storeFieldsSource } from './elasticsearch.ts';
import { readFields, type Field } from './fields.ts';
import { fieldsPage } from './fields-page.ts';
import { filebeatPage } from './filebeat-page.ts';
import { type Name, nameTable } from './names.ts';
import { propertySource } from './properties.ts';
import { bytes, header, words16 } from './source.ts';
import { readTable, vocabularySource } from './vocabulary.ts';

// compiled to build/mapping/generate/
const mapping = join(import.meta.dirname, '../../../mapping');

function outputs(): Readonly<Record<string, string>> {
  const { version } = JSON.parse(readFileSync(join(mapping, '../package.json'), 'utf8')) as { readonly version: string };
  const fields = readFields(join(mapping, 'fields.yml'));
  const properties = propertySource(fields);
  const vocabulary = vocabularySource({
    recordTypes: join(mapping, 'tables/record-types.tsv'),
    operations: join(mapping, 'tables/operations.tsv'),
    words: join(mapping, 'tables/words.tsv'),
  }, fieldSets(fields));
  return {
    'assembly/generated/fields.ts': documentSource(fields),
    'assembly/generated/properties.ts': properties.source,
    'assembly/generated/vocabulary.ts': vocabulary.source,
    'assembly/generated/names.ts': namesSource([...properties.names, ...vocabulary.names]),
    '../plugin/store/fields.table.ts': storeFieldsSource(fields),
    ...Object.fromEntries(elasticsearchFiles(fields, version).map(([file, text]) => [`elasticsearch/${file}`, text])),
    'FIELDS.md': fieldsPage(fields),
    'FROM-FILEBEAT.md': filebeatPage(readTable(join(mapping, 'tables/filebeat-differences.tsv'))),
  };
}

/** The names at a document's top that the mapping fills, and whether they are objects. */
function fieldSets(fields: readonly Field[]): ReadonlyMap<string, boolean> {
  const filled = fields.filter(({ name, source }) => source !== 'enrichment' && !name.includes('*'));
  return new Map(filled.map(({ name }) => [name.split('.')[0] ?? '', name.includes('.')]));
}

function namesSource(names: readonly Name[]): string {
  const { slots, entries, text, shift } = nameTable(names);
  return [
    header('mapping/fields.yml and mapping/tables', 'The hash table of all names that the mapping recognises.'),
    `/** A hash's slot is what is left of it after this shift. */\nexport const NAME_SHIFT: u64 = ${shift};`,
    words16('NAME_SLOTS', slots, 'Slot to entry, counted from 1; 0 is an empty slot.'),
    bytes('NAME_ENTRIES', entries, 'An entry: first 8 bytes, last 8 bytes, offset in NAME_TEXT (u32), length (u16), context (u16), value (u32), 4 bytes of nothing.'),
    bytes('NAME_TEXT', text, 'The names.'),
  ].join('\n');
}

const check = process.argv.includes('--check');
const stale: string[] = [];
const made = outputs();
for (const [file, text] of Object.entries(made)) {
  const path = join(mapping, file);
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue;
  if (check) stale.push(file);
  else {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text);
  }
}
for (const file of existsSync(join(mapping, 'elasticsearch')) ? readdirSync(join(mapping, 'elasticsearch'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json')) : []) {
  const name = `elasticsearch/${file.replaceAll('\\', '/')}`;
  if (name in made) continue;
  if (check) stale.push(name);
  else rmSync(join(mapping, name));
}
if (stale.length > 0) {
  process.stderr.write(`not as generated: ${stale.map((file) => `mapping/${file}`).join(', ')}. Run npm run generate and commit what it writes.\n`);
  process.exitCode = 1;
}
