/** FROM-FILEBEAT.md: what a user of Filebeat's o365 module has to change, and what else is different. */

type Row = Readonly<Record<string, string>>;

/** In the words of a reader: what became of the field. */
const CHANGES: Readonly<Record<string, string>> = {
  new: 'is there', gone: 'is not there', empty: 'is not there when empty', text: 'is a text', number: 'is a number', array: 'is an array', case: 'is in lower case', more: 'has more values', other: 'has another value',
};

/** The page, from the rows of tables/filebeat-differences.tsv. */
export function filebeatPage(rows: readonly Row[]): string {
  const isNothing = (row: Row): boolean => row['what to do'] === 'Nothing.';
  return `# From Filebeat

Generated from \`mapping/tables/filebeat-differences.tsv\` by \`npm run generate\`. What Filebeat's \`o365\` module made of an event and what this mapping makes of it are
the same, field by field and value by value, but for what stands here: a test maps events that the module itself has mapped, and fails at any other difference. "Rule"
names the rules of the mapping (\`test/mapping/rules.tsv\`, with an example each in \`test/mapping/cases/\`) and decisions (\`test/mapping/decisions.tsv\`).

## What you have to do

1. Documents go to \`logs-o365.audit-<namespace>\`, beside the \`filebeat-*\` indices that you have; these stay as they are. Before the first document comes, run
   \`o365audit setup --elasticsearch URL\`: it installs the index template, the lifecycle and the ingest pipeline, which finds place, network and browser as the module's
   did. With \`--alias filebeat-o365\` searches and rules that read \`filebeat-*\` find the new documents, too.
2. Give the collector the configuration that you have: it reads \`modules.d/o365.yml\` as it is (plugin/config/OPTIONS.md says which keys it honours).
3. Stop Filebeat, and let the collector go on where it has stopped: \`o365audit state import --filebeat-registry /var/lib/filebeat --state-dir …\`, with Filebeat's
   \`path.data\`. It reads the cursors of the input \`o365audit\` from the registry (Filebeat 7.16 to 9), one for each tenant and content type. Without it the collector begins
   seven days ago, and what Filebeat has stored already is stored once more, in another index. Even with it the last three hours (\`--overlap\`) are listed once more:
   Filebeat never goes back, so what the service listed late is missing in its indices, and what it did not miss is there twice.
4. Look for your searches, rules and dashboards among the fields below. Where both kinds of documents are searched at once, ask for old and new.

## Fields that a search may have to follow

${table(rows.filter((row) => !isNothing(row)), true)}

## Differences that need nothing

${table(rows.filter(isNothing), false)}
`;
}

function table(rows: readonly Row[], withAdvice: boolean): string {
  const heads = ['field', 'difference', 'why', ...(withAdvice ? ['what to do'] : []), 'rule'];
  const lines = rows.map((row) => cells([fieldsOf(row), `${CHANGES[row.change ?? ''] ?? ''}${whenOf(row)}`, `${row.why ?? ''}.`, ...(withAdvice ? [row['what to do'] ?? ''] : []), row.rules ?? '']));
  return [cells(heads), cells(heads.map(() => '---')), ...lines].join('\n');
}

function fieldsOf({ field = '' }: Row): string {
  return field.split(',').map((path) => `\`${path}\``).join(', ');
}

/** The record types in which it is so. */
function whenOf({ codes = '' }: Row): string {
  return codes === '' ? '' : ` (${codes.split(',').join(', ')})`;
}

function cells(texts: readonly string[]): string {
  // a < in a sentence would begin a tag
  return `| ${texts.map((text) => text.replaceAll('|', '\\|').replace(/`[^`]*`|</g, (part) => (part === '<' ? '&lt;' : part))).join(' | ')} |`;
}
