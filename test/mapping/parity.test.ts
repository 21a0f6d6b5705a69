/**
 * What Filebeat's o365 module made of an event, and what we make of it: the same but for the rows of mapping/tables/filebeat-differences.tsv, which say why
 * and what to do about it. The module's own documents are of 2020; they are not part of the project, and without them (O365AUDIT_DATA_DIR) the table alone is checked.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readTable } from '../../mapping/generate/vocabulary.ts';
import { fieldLookup } from '../support/fields.ts';
import { CHANGES, type Difference, differencesBetween, moduleDocuments, readDifferences } from '../support/filebeat.ts';
import { goldenCases } from '../support/golden.ts';
import { openModule } from '../support/module.ts';

const folder = process.env.O365AUDIT_DATA_DIR;
const rows = readDifferences();
const shown = ({ field, change, code, module, ours }: Difference): string => `${field}, ${change} in ${code}: ${JSON.stringify(module)} became ${JSON.stringify(ours)}`;

describe('mapping/tables/filebeat-differences.tsv', () => {
  test('names kinds of difference, rules, decisions and record types that there are, and says why and what to do', () => {
    const numbers = new Set([...readTable('test/mapping/rules.tsv').map(({ rule }) => rule), ...readTable('test/mapping/decisions.tsv').map(({ decision }) => decision)]);
    const codes = new Set(readTable('mapping/tables/record-types.tsv').map(({ name }) => name));
    assert.ok(rows.length > 50);
    for (const { field, change, codes: named, rules, why, toDo } of rows) {
      assert.ok(CHANGES.some((known) => known === change), `${field}: ${change}`);
      assert.deepEqual(rules.filter((rule) => !numbers.has(rule)), [], field);
      assert.ok(rules.some((rule) => rule.startsWith('R')), `${field}: no rule`);
      assert.deepEqual(named.filter((code) => !codes.has(code)), [], field);
      assert.match(why, /^[^\s].{10,}[^.\s]$/, field);
      assert.match(toDo, /^[A-Z].*[.]$/, field);
    }
  });

  test('names fields that there are', () => {
    const fieldOf = fieldLookup();
    const paths = rows.flatMap(({ field }) => field.split(',')).filter((path) => !path.includes('*'));
    assert.deepEqual(paths.filter((path) => fieldOf(path) === undefined), []);
  });

  test('names, where no event of 2020 shows the difference, a golden pair that has the field', () => {
    const pairs = new Map(goldenCases().map(({ name, expected }) => [name, expected]));
    for (const row of rows.filter(({ pair }) => pair !== '')) {
      const expected = pairs.get(row.pair);
      assert.ok(expected !== undefined, `${row.field}: there is no ${row.pair}`);
      // against a module that wrote nothing at all, whatever we write is new
      const written = differencesBetween({ 'event.code': row.codes[0] }, expected).map((difference) => ({ ...difference, change: row.change as Difference['change'] }));
      assert.equal(written.some((difference) => row.matches(difference)), row.change !== 'gone', `${row.field} in ${row.pair}`);
    }
  });
});

test('a difference is told by what it is', () => {
  const change = (module: unknown, ours: unknown): string | undefined => differencesBetween({ x: module }, { x: ours })[0]?.change;
  const cases: readonly [module: unknown, ours: unknown, change: string | undefined][] = [
    ['a', 'a', undefined], [[{ a: 1, b: 2 }], [{ b: 2, a: 1 }], undefined], [undefined, 'a', 'new'], ['', 'a', 'new'], ['a', undefined, 'gone'], ['', undefined, 'empty'], [[{ a: [null] }], undefined, 'empty'],
    [8, '8', 'text'], [[{ Type: 5, ID: '' }], [{ Type: '5' }], 'text'], ['80', 80, 'number'], ['web', ['web'], 'array'], ['A@B.c', 'a@b.c', 'case'], ['file', ['web', 'file'], 'more'], [['b', 'a'], ['a', 'b', 'c'], 'more'],
    ['file', ['web'], 'other'], ['file', 'web', 'other'], [true, 'true', 'other'], [['a', 'b'], ['a'], 'other'],
  ];
  for (const [module, ours, wanted] of cases) assert.equal(change(module, ours), wanted, `${JSON.stringify(module)} and ${JSON.stringify(ours)}`);
});

// not a skipped test where there are no such documents: the table stands on its own
if (folder !== undefined) {
  describe('of the events that the module has mapped in 2020', () => {
    const { documents, ofOthers } = moduleDocuments(folder);
    const module = openModule();
    const differences = documents.flatMap(({ line, text, fields }) => differencesBetween(fields, JSON.parse(module.mapRecord(text)) as object).map((difference) => ({ line, difference })));

    test('nearly all lines have the document of their own event', () => {
      assert.ok(documents.length > 160, `${documents.length}`);
      assert.ok(ofOthers.length <= 3, `lines ${ofOthers.join(', ')}`);
    });

    test('every difference is in the table, once', () => {
      const wrong = differences.filter(({ difference }) => rows.filter((row) => row.matches(difference)).length !== 1).map(({ line, difference }) => `line ${line}: ${shown(difference)}`);
      assert.equal(wrong.length, 0, `${wrong.length}:\n${wrong.slice(0, 30).join('\n')}`);
    });

    test('every row of the table that names no golden pair is a difference', () => {
      assert.deepEqual(rows.filter(({ pair }) => pair === '').filter((row) => !differences.some(({ difference }) => row.matches(difference))).map(({ field, change }) => `${field} ${change}`), []);
    });
  });
}
