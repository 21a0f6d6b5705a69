/**
 * A short run of `npm run fuzz`, always with the same inputs: no input makes the mapping trap, lose a value, give a path two types or say anything but one
 * JSON object. And the rig itself: that it finds what is wrong, and makes small what it found.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { baseEvents } from '../fuzz/base-events.ts';
import { Findings } from '../fuzz/findings.ts';
import { createInputs } from '../fuzz/inputs.ts';
import { createJudge, type Judge } from '../fuzz/judge.ts';
import { watchMemory } from '../fuzz/memory.ts';
import { minimise } from '../fuzz/minimise.ts';
import { placesOf } from '../fuzz/places.ts';
import { KEYS, SHAPES } from '../fuzz/variants.ts';
import { readDrops } from '../support/drops.ts';
import { goldenCases } from '../support/golden.ts';
import { openModule } from '../support/module.ts';

const SEED = 20260901;
/** A million are judged by `npm run fuzz`; so many take about ten seconds. */
const EVENTS = 20_000;
/** Ten million are mapped by `npm run fuzz -- --memory`; so many take about twenty seconds. */
const MEMORY_EVENTS = 1_000_000;
const golden = goldenCases().map(({ input }) => input);

test('20,000 inputs, from each kind of change to an event, become documents as they should be', () => {
  const inputs = createInputs(golden, SEED);
  const judge = createJudge();
  const wrong: string[] = [];
  const kinds = new Map<string, number>();
  for (let number = 0; number < EVENTS; number++) {
    const { kind, bytes } = inputs.next();
    kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    const faults = judge.faults(bytes);
    if (faults.length > 0) wrong.push(`${faults.slice(0, 3).join('; ')} of ${minimise(bytes, (small) => judge.faults(small)[0] === faults[0]).toString('latin1').slice(0, 300)}`);
    assert.ok(wrong.length < 5, wrong.join('\n'));
  }
  assert.deepEqual(wrong, []);
  assert.equal(kinds.size, 6);
  assert.deepEqual(readDrops().filter((drop) => !judge.excused.has(drop)), [], 'a row of drops.tsv excuses nothing');
});

test('memory does not grow behind the first thousand records, and stays within a factor of the largest', () => {
  assert.deepEqual(watchMemory(golden, SEED, MEMORY_EVENTS).complaints, []);
});

test('a record above the module\'s maximum becomes one that says so, with the beginning of its text, and the next one is mapped as ever', () => {
  const module = openModule();
  const [head, maximum] = ['{"Id":"a","Sluice":"', 64 * 1024 * 1024];
  const { event, error } = JSON.parse(module.map(Buffer.from(`${head}${'x'.repeat(maximum)}"}`))) as { event: { kind: string; original: string }; error: { message: string[] } };
  assert.deepEqual([event.kind, error.message], ['pipeline_error', ['record: larger than the mapping takes']]);
  assert.ok(event.original.startsWith(head) && event.original.length <= 32 * 1024, `${event.original.length}`);
  const usual = golden[0] ?? assert.fail();
  assert.equal(module.map(usual), openModule().map(usual));
});

describe('the inputs', () => {
  test('are the same for a seed, and others for another', () => {
    const some = (seed: number): string[] => {
      const inputs = createInputs(golden, seed);
      return Array.from({ length: 300 }, () => inputs.next().bytes.toString('base64'));
    };
    assert.deepEqual(some(1), some(1));
    assert.notDeepEqual(some(1), some(2));
  });

  test('have each value of an event in each shape, and are cut at each byte, before one comes again', () => {
    const event = Buffer.from('{"Id":"a","Item":{"Size":[1,2]},"Data":"{\\"a\\":1}"}');
    const values = placesOf(event.toString()).filter(({ kind }) => kind === 'value');
    assert.deepEqual(values.map(({ json }) => json), ['"a"', '1', '2', '[1,2]', '{"Size":[1,2]}', '"{\\"a\\":1}"', '1']);
    const wanted = new Set(values.flatMap((place) => Object.values(SHAPES).map((shape) => place.put(shape(place.json)))));
    const seen = { value: new Set<string>(), cut: new Set<string>() };
    const inputs = createInputs([event], 7);
    for (let number = 0; number < values.length * Object.keys(SHAPES).length * 2.5; number++) {
      const { kind, bytes } = inputs.next();
      if (kind === 'value' || kind === 'cut') seen[kind].add(bytes.toString());
    }
    assert.deepEqual(seen.value, wanted);
    assert.deepEqual([...seen.cut].map((text) => text.length).toSorted((a, b) => a - b), [...event.keys()]);
    assert.ok([...seen.cut].every((text) => event.toString().startsWith(text)));
  });

  test('put another value or key in the place of one, also inside of a text, and nothing else', () => {
    const places = placesOf('{"a":[1,{"b":"x\\"y"}],"c":"[{\\"d\\":null}]"}');
    assert.deepEqual(places.map(({ put }) => put('7')), [
      '{7:[1,{"b":"x\\"y"}],"c":"[{\\"d\\":null}]"}', '{"a":[7,{"b":"x\\"y"}],"c":"[{\\"d\\":null}]"}', '{"a":[1,{7:"x\\"y"}],"c":"[{\\"d\\":null}]"}', '{"a":[1,{"b":7}],"c":"[{\\"d\\":null}]"}',
      '{"a":[1,7],"c":"[{\\"d\\":null}]"}', '{"a":7,"c":"[{\\"d\\":null}]"}', '{"a":[1,{"b":"x\\"y"}],7:"[{\\"d\\":null}]"}', '{"a":[1,{"b":"x\\"y"}],"c":7}',
      '{"a":[1,{"b":"x\\"y"}],"c":"[{7:null}]"}', '{"a":[1,{"b":"x\\"y"}],"c":"[{\\"d\\":7}]"}', '{"a":[1,{"b":"x\\"y"}],"c":"[7]"}',
    ]);
    for (const broken of ['', '{', '{"a', '{"a":[}', ']', '"x"', '{"a":1,"b":"']) placesOf(broken);
  });

  test('have shapes that are JSON, of a value as well as of half of one', () => {
    const values = ['1', '"x"', '"a\\"b"', '{"a":[]}', 'null', '-1e9'];
    for (const [name, shape] of Object.entries(SHAPES)) for (const value of values) JSON.parse(`[${shape(value)}]`, (_, member: unknown) => { assert.notEqual(member, undefined, name); return member; });
    for (const key of KEYS) JSON.parse(`{${key('"Item"', 'Size')}:1}`);
    for (const shape of Object.values(SHAPES)) shape('"half');
  });

  test('start from every golden pair', () => {
    assert.ok(baseEvents().length >= golden.length && golden.length > 800);
  });
});

describe('what was found', () => {
  /** Complains of any input with an A that comes before a B. */
  const judge: Judge = { excused: new Map(), faults: (input) => (/A[^]*B/.test(Buffer.from(input).toString()) ? ['o365.audit.Sluice: "x" is no long'] : []) };

  test('is made small', () => {
    const input = Buffer.from(`{"first":[1,2,3],"A":{"x":"${'y'.repeat(500)}"},"last":{"some":"B","more":null}}`);
    assert.equal(minimise(input, (small) => judge.faults(small).length > 0).toString(), 'AB');
  });

  test('stays well formed where only a well-formed input fails', () => {
    const fails = (small: Buffer): boolean => {
      try {
        return (JSON.parse(small.toString()) as { item?: { size?: unknown } }).item?.size !== undefined;
      } catch {
        return false;
      }
    };
    assert.equal(minimise(Buffer.from('{"a":[1,2,{"b":3}],"item":{"name":"x","size":{"deep":["er"]},"more":"y"},"c":"z"}'), fails).toString(), '{"item":{"size":1}}');
  });

  test('is told once for each kind, lies in a file, and is counted', () => {
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-findings-'));
    try {
      const findings = new Findings(join(folder, 'inputs'), judge);
      const message = findings.add(Buffer.from('xAxBx'), ['o365.audit.Sluice: "x" is no long']);
      assert.match(message ?? '', /^o365\.audit\.Sluice: "x" is no long\n {4}AB\n/);
      assert.equal(readFileSync(join(folder, 'inputs/1.json'), 'utf8'), 'AB');
      assert.equal(findings.add(Buffer.from('AAB'), ['o365.audit.Gate: "other" is no long']), undefined);
      assert.ok(!existsSync(join(folder, 'inputs/2.json')));
      assert.equal(findings.count, 2);
      assert.equal(findings.summary().length, 1);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
