/**
 * Published detection rules find what they look for: each field that one of them names is filled by a realistic event with a value as the rules compare
 * it, or the template maps it where nobody fills it before the cluster does. mapping/tables/detection-fields.tsv is the list.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFields } from '../../mapping/generate/fields.ts';
import { readTable } from '../../mapping/generate/vocabulary.ts';
import { fieldLookup } from '../support/fields.ts';
import { valuesAt } from '../support/golden-values.ts';
import { goldenCases } from '../support/golden.ts';
import { openModule } from '../support/module.ts';

const rows = readTable('mapping/tables/detection-fields.tsv').map((row) => ({
  field: row.field ?? '', form: new RegExp(row.form ?? ''), pair: row.pair ?? '', rules: (row.rules ?? '').split(','), values: row.values ?? '', fedBy: row['fed by'] ?? '', mustMap: row['must map'] ?? '', sigma: row.sigma ?? '',
}));
const module = openModule();
const inputs = new Map(goldenCases().map(({ name, input }) => [name, input]));
const fields = readFields('mapping/fields.yml');
const fieldOf = fieldLookup();

/** What JSON.parse makes of a value at a path of a type. */
function jsonType(path: string): string {
  const field = fieldOf(path);
  const type = field === undefined || field === 'objects' ? 'object' : field.type;
  return type === 'long' ? 'number' : type === 'boolean' ? 'boolean' : 'string';
}

describe('mapping/tables/detection-fields.tsv', () => {
  test('is whole: 96 fields of Elastic\'s queries, 34 that are shown beside findings, 14 of Sigma', () => {
    const count = (matches: (row: typeof rows[number]) => boolean): number => rows.filter(matches).length;
    const isShownOnly = ({ values }: typeof rows[number]): boolean => values === '(display list only)';
    assert.deepEqual([count((row) => row.sigma === '' && !isShownOnly(row)), count(isShownOnly), count((row) => row.sigma !== '')], [96, 34, 14]);
  });

  test('names fields that fields.yml has, and rules of the mapping that there are', () => {
    const known = new Set(readTable('test/mapping/rules.tsv').map(({ rule }) => rule));
    for (const { field, fedBy } of rows) {
      assert.ok(fieldOf(field) !== undefined, field);
      for (const [rule] of fedBy.matchAll(/\bR\d{3}\b/g)) assert.ok(known.has(rule), `${field}: ${rule}`);
    }
  });

  test('names a golden pair for each field but those that are filled behind the mapping, or by nobody', () => {
    const without = rows.filter(({ pair }) => pair === '').map(({ field }) => field);
    const filledLater = (field: string): boolean => fields.some(({ name, source, rules }) => (name === field || name.startsWith(`${field}.`)) && (source === 'enrichment' || rules.includes('R417') || rules.length === 0));
    assert.deepEqual(without.filter((field) => !filledLater(field)), []);
  });
});

describe('a realistic event fills, with a value that a rule finds,', () => {
  for (const { field, form, pair, sigma } of rows.filter((row) => row.pair !== '')) {
    test(sigma === '' ? field : `${field}, for Sigma's ${sigma}`, () => {
      const input = inputs.get(pair);
      assert.ok(input !== undefined, `there is no ${pair}`);
      const values = valuesAt(JSON.parse(module.mapRecord(input)), field.split('.'));
      assert.ok(values.some((value) => form.test(String(value))), `${pair} has ${JSON.stringify(values)}, which is not of the form ${form.source}`);
      assert.deepEqual([...new Set(values.map((value) => typeof value))], [jsonType(field)]);
    });
  }
});

describe('the template maps', () => {
  test('each field that a rule in ES|QL or EQL names, for the rule fails as a whole without it', () => {
    const exact = new Map(fields.map((field) => [field.name, field]));
    const wanted = rows.filter(({ mustMap }) => mustMap === 'yes').map(({ field }) => field);
    assert.equal(wanted.length, 45);
    assert.deepEqual(wanted.filter((field) => exact.get(field)?.mustMap !== true), []);
  });

  test('each field that a rule names under its own name, so that a query does not depend on what came first', () => {
    const exact = new Set(fields.map(({ name }) => name));
    const flattened = fields.filter(({ type }) => type === 'flattened').map(({ name }) => `${name}.`);
    const isMapped = (field: string): boolean => exact.has(field) || flattened.some((above) => field.startsWith(above)) || fields.some(({ name }) => name.startsWith(`${field}.`));
    assert.deepEqual(rows.map(({ field }) => field).filter((field) => !isMapped(field)), []);
  });
});

describe('event.code', () => {
  const wanted = (rows.find(({ field }) => field === 'event.code')?.values ?? '').split('; ');
  const numbers = new Map(readTable('mapping/tables/record-types.tsv').map(({ value = '', name = '' }) => [name, Number(value)]));

  test('has 41 values that rules ask for', () => assert.equal(new Set(wanted).size, 41));

  for (const name of wanted) {
    test(`is ${name} for its record type, as a number, a text and a name`, () => {
      const number = numbers.get(name);
      assert.ok(number !== undefined, 'no record type has the name');
      for (const RecordType of [number, String(number), name]) {
        const event = { CreationTime: '2026-09-01T08:15:30', Id: 'b2e3', Operation: 'Sluice', OrganizationId: '7d3c1f52-8e64-4b0a-9c1d-2f6a5b8e9d01', RecordType, UserId: 'ada.quill@brackwater.example', Workload: 'SecurityComplianceCenter' };
        const document = JSON.parse(module.mapRecord(Buffer.from(JSON.stringify(event)))) as { event: { code: string; dataset: string } };
        assert.deepEqual([document.event.code, document.event.dataset], [name, 'o365.audit']);
      }
    });
  }
});
