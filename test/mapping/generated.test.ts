/** The lists that the mapping is made from, what is made from them, and what the module shows of itself. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { describe, test } from 'node:test';
import { readFields } from '../../mapping/generate/fields.ts';
import { readTable } from '../../mapping/generate/vocabulary.ts';
import { createFieldCheck } from '../support/fields.ts';
import { MODULE_FILE, openModule } from '../support/module.ts';

const fields = readFields('mapping/fields.yml');
const module = openModule();

interface Document {
  readonly event: Readonly<{ action?: string; code?: string; category: readonly string[]; type: readonly string[] }>;
}

function documentOf(event: object): Document {
  return JSON.parse(module.map(Buffer.from(JSON.stringify({ Id: 'x', CreationTime: '2026-09-01T08:15:30', ...event })))) as Document;
}

describe('the module', () => {
  const compiled = new WebAssembly.Module(readFileSync(MODULE_FILE));

  test('imports nothing, so that every host can run it', () => {
    assert.deepEqual(WebAssembly.Module.imports(compiled), []);
  });

  test('exports its memory, an allocator and five functions, and nothing else', () => {
    const exports = WebAssembly.Module.exports(compiled).map(({ kind, name }) => `${kind} ${name}`).sort();
    assert.deepEqual(exports, ['function free', 'function malloc', 'function mapRecord', 'function o365_to_ecs', 'function resultLength', 'function split', 'function splitSettings', 'memory memory']);
  });
});

describe('generate --check', () => {
  const program = (folder: string) => spawnSync(process.execPath, [join(folder, 'build/mapping/generate/generate.js'), '--check'], { encoding: 'utf8' });
  const inCopy = (use: (folder: string) => void): void => {
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-generate-'));
    try {
      mkdirSync(join(folder, 'build/mapping'), { recursive: true });
      cpSync(resolve(import.meta.dirname, '../../mapping/generate'), join(folder, 'build/mapping/generate'), { recursive: true });
      cpSync(resolve(import.meta.dirname, '../../plugin'), join(folder, 'build/plugin'), { recursive: true });
      mkdirSync(join(folder, 'plugin/store'), { recursive: true });
      cpSync('plugin/store/fields.table.ts', join(folder, 'plugin/store/fields.table.ts'));
      cpSync('mapping', join(folder, 'mapping'), { recursive: true, dereference: true });
      cpSync('package.json', join(folder, 'package.json'));
      symlinkSync(resolve('node_modules'), join(folder, 'node_modules'), 'junction');
      use(folder);
    } finally {
      rmSync(folder, { recursive: true });
    }
  };

  test('accepts what is as it was generated, and writes nothing', () => inCopy((folder) => {
    const { status, stderr } = program(folder);
    assert.deepEqual([status, stderr], [0, '']);
  }));

  test('names what is older than its source, by hand or by a changed source', () => inCopy((folder) => {
    appendFileSync(join(folder, 'mapping/FIELDS.md'), 'more\n');
    appendFileSync(join(folder, 'mapping/tables/record-types.tsv'), '9999\tSluiceGate\tOf no service\n');
    const { status, stderr } = program(folder);
    assert.equal(status, 1);
    for (const file of ['mapping/FIELDS.md', 'mapping/assembly/generated/vocabulary.ts']) assert.ok(stderr.includes(file), stderr);
    assert.ok(!stderr.includes('mapping/assembly/generated/fields.ts'), stderr);
    assert.ok(readFileSync(join(folder, 'mapping/FIELDS.md'), 'utf8').endsWith('more\n'), 'the file was written');
  }));
});

describe('mapping/fields.yml', () => {
  test('is refused with the name of an entry that nobody could use', () => {
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-fields-'));
    const entry = { name: 'a.b', type: 'keyword', source: 'ecs', rules: [], description: 'x' };
    const read = (...entries: object[]) => () => {
      writeFileSync(join(folder, 'fields.yml'), JSON.stringify(entries));
      return readFields(join(folder, 'fields.yml'));
    };
    try {
      assert.equal(read(entry)().length, 1);
      assert.throws(read(entry, entry), /a\.b is listed twice/);
      assert.throws(read({ ...entry, type: 'float' }), /a\.b: unknown type float/);
      assert.throws(read({ ...entry, source: 'me' }), /a\.b: unknown source me/);
      assert.throws(read({ ...entry, description: '' }), /a\.b: no description/);
      assert.throws(read({ ...entry, rules: 'R001' }), /a\.b: rules is not a list/);
      assert.throws(read({ ...entry, arrays: true }), /a\.b: unknown key arrays/);
      assert.throws(read({ ...entry, name: 7 }), /without a name/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('lists every object on the way to a property of the event, and no field inside of a value', () => {
    const types = new Map(fields.map(({ name, type }) => [name, type]));
    const parents = fields.filter(({ name }) => name.startsWith('o365.audit.')).flatMap(({ name }) => {
      const path = name.split('.');
      return path.slice(3).map((_, index) => path.slice(0, index + 3).join('.'));
    });
    const flattened = fields.filter(({ type }) => type === 'flattened').map(({ name }) => `${name}.`);
    const typeOf = (name: string): string => types.get(name) ?? types.get(name.replace(/[^.]+$/, '*')) ?? '';
    const wrong = parents.filter((name) => !['object', 'flattened'].includes(typeOf(name)) && !flattened.some((open) => name.startsWith(open)));
    assert.deepEqual([...new Set(wrong)], []);
  });

  test('has examples that the field could hold', () => {
    const check = createFieldCheck();
    const examples = fields.filter(({ example, name, source }) => example !== undefined && source !== 'enrichment' && !name.includes('*'));
    assert.ok(examples.length > 500);
    for (const { name, example, array } of examples) {
      const flattened = fields.some((other) => other.type === 'flattened' && name.startsWith(`${other.name}.`));
      const document = name.split('.').reduceRight<unknown>((value, key) => ({ [key]: value }), array && !flattened ? [example] : example) as object;
      // an attachment is an element of an array, and a type alone is of no category
      const violations = check(document).filter((violation) => !violation.endsWith(' is no array') && !violation.endsWith(' is not expected in '));
      assert.deepEqual(violations, [], name);
    }
  });

  test('is all of FIELDS.md', () => {
    const listed = [...readFileSync('mapping/FIELDS.md', 'utf8').matchAll(/^\| `([^`]+)` \|/gm)].map(([, name]) => name);
    assert.deepEqual(listed.toSorted(), fields.map(({ name }) => name).toSorted());
  });
});

describe('mapping/tables/record-types.tsv', () => {
  const recordTypes = readTable('mapping/tables/record-types.tsv').map(({ value, name = '', description = '' }) => ({ value: Number(value), name, description }));

  test('lists each number once, in order, with a name and what it is', () => {
    assert.ok(recordTypes.length > 250);
    for (const [index, { value, name, description }] of recordTypes.entries()) {
      assert.ok(Number.isInteger(value) && value > (recordTypes[index - 1]?.value ?? 0), String(value));
      assert.match(name, /^[A-Z][A-Za-z0-9]+$/);
      assert.notEqual(description, '');
    }
  });

  test('is what event.code says, for a number, its text and the name itself', () => {
    for (const { value, name } of recordTypes) {
      for (const RecordType of [value, String(value), name]) assert.equal(documentOf({ RecordType }).event.code, name);
    }
  });

  test('does not have every number: any other is its own text', () => {
    const known = new Set(recordTypes.map(({ value }) => value));
    const last = Math.max(...known);
    const numbers = [...Array(last + 50).keys()].filter((value) => !known.has(value)).concat(-1, -5, 1000, 65_535, 65_536, 1_156_492, 2 ** 31, 2 ** 32, 2 ** 32 + 1, Number.MAX_SAFE_INTEGER);
    for (const value of numbers) {
      for (const RecordType of [value, String(value)]) assert.equal(documentOf({ RecordType }).event.code, String(value));
    }
  });
});

describe('mapping/tables/operations.tsv', () => {
  const operations = readTable('mapping/tables/operations.tsv').map(({ scope = '', operation = '', action = '', category = '', type = '' }) => ({ scope, operation, action, category, type }));

  test('lists each operation once in a scope', () => {
    const keys = operations.map(({ scope, operation }) => `${scope} ${operation}`);
    assert.equal(new Set(keys).size, keys.length);
  });

  test('is what a document of the operation says, with and without the final dot', () => {
    for (const { scope, operation, action, category, type } of operations) {
      for (const Operation of [operation, `${operation}.`]) {
        const { event } = documentOf({ RecordType: scope === '*' ? 6 : Number(scope), Operation });
        assert.equal(event.action, action === '' ? Operation : action);
        for (const word of category.split(',').filter(Boolean)) assert.ok(event.category.includes(word), `${Operation}: ${word}`);
        for (const word of type.split(',').filter(Boolean)) assert.ok(event.type.includes(word), `${Operation}: ${word}`);
      }
    }
  });
});
