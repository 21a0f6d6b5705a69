/** The examples of fields.yml, which FIELDS.md shows, are values that documents really have. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readFields } from '../../mapping/generate/fields.ts';
import { eventWith, goldenValues, isPathOf } from '../support/golden-values.ts';
import { openModule } from '../support/module.ts';

const RAW = 'o365.audit.';
const fields = readFields('mapping/fields.yml');
const golden = goldenValues();
const module = openModule();

/** What the mapping makes of an event with nothing but this value, at its place. */
function mappedValue(path: string, example: unknown): unknown {
  const document = JSON.parse(module.map(eventWith(path.slice(RAW.length), example))) as unknown;
  return path.split('.').reduce<unknown>((value, name) => {
    const one: unknown = Array.isArray(value) ? value[0] : value;
    return (one as Readonly<Record<string, unknown>> | undefined)?.[name];
  }, document);
}

describe('the examples of fields', () => {
  test('stand in a golden document, or come out of the mapping when an event brings them', () => {
    const shown = fields.filter(({ example, source }) => example !== undefined && source !== 'enrichment');
    assert.ok(shown.length > 600, String(shown.length));
    const wrong = shown.filter(({ name, example }) => {
      if ([...golden].some(([path, values]) => isPathOf(path, name) && values.has(String(example)))) return false;
      const value = name.startsWith(RAW) && !name.includes('*') ? mappedValue(name, example) : undefined;
      return String(Array.isArray(value) ? value[0] : value) !== String(example);
    });
    assert.deepEqual(wrong.map(({ name, example }) => `${name}: ${String(example)}`), []);
  });

  test('are there for every field of the schema that golden documents fill', () => {
    const bare = fields.filter(({ name, example, source, type }) => source === 'ecs' && example === undefined && !['object', 'nested', 'flattened'].includes(type)
      && !name.includes('*') && [...golden.get(name) ?? []].some((value) => value !== ''));
    assert.deepEqual(bare.map(({ name }) => name), []);
  });

  test('stand beside rules that fill the field: each field of the schema that names a rule is in a golden document', () => {
    const unfilled = fields.filter(({ name, source, rules }) => source === 'ecs' && rules.length > 0 && !name.includes('*') && ![...golden.keys()].some((path) => isPathOf(path, name) || path.startsWith(`${name}.`)));
    assert.deepEqual(unfilled.map(({ name }) => name), []);
  });
});
