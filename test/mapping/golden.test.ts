/** Every golden pair, through both functions of the module: `o365_to_ecs` as Fluent Bit calls it, `mapRecord` as the collector does. */
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readFields } from '../../mapping/generate/fields.ts';
import { readTable } from '../../mapping/generate/vocabulary.ts';
import { type GoldenCase, compareGolden, goldenCases } from '../support/golden.ts';
import { openModule } from '../support/module.ts';

const cases = goldenCases();
const familyOf = ({ name }: GoldenCase): string => name.slice(0, name.indexOf('/'));
const module = openModule();

const HOSTS = {
  'fluent-bit': (record: Uint8Array) => module.map(record),
  collector: (record: Uint8Array) => module.mapRecord(record),
} as const;

/** What is wrong with the document that a host gets for a pair; nothing when it is the expected one. */
function differences({ name, input, expected }: GoldenCase): string[] {
  return (['fluent-bit', 'collector'] as const).flatMap((host) => {
    try {
      compareGolden(JSON.parse(HOSTS[host](input)) as object, expected, host);
      return [];
    } catch (error) {
      return [`${name}, ${host}: ${error instanceof Error ? error.message : String(error)}`];
    }
  });
}

describe('the document that comes out is the expected one', () => {
  for (const family of new Set(cases.map(familyOf))) {
    test(`for every pair of ${family}`, () => {
      const wrong = cases.filter((pair) => familyOf(pair) === family).flatMap(differences);
      assert.equal(wrong.length, 0, `\n${wrong.join('\n')}`);
    });
  }
});

describe('the comparison of a pair', () => {
  const expected = { '@timestamp': '2026-09-01T08:15:30.000Z', event: { kind: 'event' }, tags: ['a', 'b'] };

  test('tells a different value, order of an array, missing and additional member', () => {
    for (const other of [
      { ...expected, event: { kind: 'alert' } }, { ...expected, tags: ['b', 'a'] }, { ...expected, event: {} }, { ...expected, more: 1 }, { ...expected, event: { kind: 'event', id: 'x' } },
    ]) assert.throws(() => compareGolden(other, expected, 'collector'), { code: 'ERR_ASSERTION' });
    compareGolden(expected, expected, 'collector');
  });

  test('wants the time in the collector only', () => {
    const { '@timestamp': time, ...rest } = expected;
    compareGolden(rest, expected);
    assert.throws(() => compareGolden({ ...rest, '@timestamp': time }, expected));
    assert.throws(() => compareGolden(rest, expected, 'collector'));
  });

  test('takes a hash for an id where none is expected, and only there', () => {
    const hashed = { ...expected, event: { kind: 'event', id: '0123456789abcdef0123456789abcdef' } };
    compareGolden(hashed, expected, 'collector');
    assert.throws(() => compareGolden(hashed, { ...expected, event: { kind: 'event', id: 'x' } }, 'collector'));
  });
});

test('a pair mapped twice, with every other pair in between, gives the same bytes', () => {
  const first = cases.map(({ input }) => [module.map(input), module.mapRecord(input)]);
  const again = cases.toReversed().map(({ input }) => [module.map(input), module.mapRecord(input)]).toReversed();
  assert.deepEqual(again, first);
});

test('a document does not depend on where in the memory its record lies, or on what lies behind it', () => {
  for (const { name, input } of cases.filter((_, index) => index % 7 === 0)) {
    const fresh = openModule();
    const litter = fresh.exports.malloc(200_000);
    Buffer.from(fresh.exports.memory.buffer).fill('"}],1', litter, litter + 200_000);
    fresh.exports.free(litter);
    fresh.exports.malloc(4001);
    assert.equal(fresh.mapRecord(input), module.mapRecord(input), name);
  }
});

describe('test/mapping/rules.tsv', () => {
  const rules = readTable('test/mapping/rules.tsv');
  const exempt = new Set(rules.filter((row) => row['no pair because'] !== '').map(({ rule }) => rule));
  const ruleOf = (name: string): string => /\/(R\d{3})-./.exec(name)?.[1] ?? `none (${name})`;
  const shown = new Set(cases.map(({ name }) => ruleOf(name)));

  test('lists every rule once, in order, in a sentence', () => {
    const numbers = rules.map(({ rule }) => rule);
    assert.deepEqual(numbers, [...new Set(numbers)].sort());
    for (const { rule, title } of rules) assert.match(title ?? '', /^[A-Z].{5,}[^.]$/, rule);
  });

  test('has a golden pair for every rule but those that say why they need none', () => {
    assert.deepEqual(rules.map(({ rule = '' }) => rule).filter((rule) => !exempt.has(rule) && !shown.has(rule)), []);
    assert.deepEqual([...exempt].filter((rule = '') => shown.has(rule)), [], 'they have one');
  });

  test('lists every rule that a pair, a field or a line of the mapping names', () => {
    const named = new Set([...shown, ...readFields('mapping/fields.yml').flatMap((field) => field.rules), ...readTable('mapping/tables/operations.tsv').map(({ rule = '' }) => rule)]);
    assert.deepEqual([...named].filter((name) => !rules.some(({ rule }) => rule === name)), []);
  });
});

test('every file among the pairs is one half of a pair', () => {
  const files = readdirSync('test/mapping/cases', { recursive: true, encoding: 'utf8' }).filter((file) => file.includes('.') && file !== 'README.md');
  assert.equal(files.length, cases.length * 2);
  assert.deepEqual(files.filter((file) => !/^[a-z]+\/R\d{3}-[a-z0-9-]+(\.ecs)?\.json$/.test(file)), []);
});
