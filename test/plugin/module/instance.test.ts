/** The WebAssembly module in this process: loading, mapping, and what happens when an event was huge. */
import assert from 'node:assert/strict';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { AuditError } from '../../../plugin/errors.ts';
import { type Exports, INSTANCE_MEMORY_LIMIT_BYTES, epoch, loadModule, place } from '../../../plugin/module/instance.ts';
import type { LogValues } from '../../../plugin/telemetry/log.ts';
import { compareGolden, goldenCases } from '../../support/golden.ts';
import { MODULE_FOLDER, joined, splitBatches, testModule } from '../../support/splitting.ts';

const NOW_MS = Date.UTC(2026, 0, 1);
const cases = goldenCases();

describe('loading the module', () => {
  const HEAD = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
  const NO_RESULT = [0x01, 0x04, 0x01, 0x60, 0x00, 0x00];
  const damaged: Readonly<Record<string, Uint8Array | undefined>> = {
    'is not there': undefined,
    'is empty': Buffer.alloc(0),
    'is something else': Buffer.from('<html>'),
    'was cut off': readFileSync(join(MODULE_FOLDER, 'o365_ecs.wasm')).subarray(0, 5000),
    'is another module': Buffer.from(HEAD),
    'needs a host of its own': Buffer.from([...HEAD, ...NO_RESULT, 0x02, 0x07, 0x01, 0x01, 0x65, 0x01, 0x66, 0x00, 0x00]),
    'fails at its start': Buffer.from([...HEAD, ...NO_RESULT, 0x03, 0x02, 0x01, 0x00, 0x08, 0x01, 0x00, 0x0a, 0x05, 0x01, 0x03, 0x00, 0x00, 0x0b]),
  };
  for (const [title, bytes] of Object.entries(damaged)) {
    test(`fails with its place and the reason when it ${title}`, async () => {
      const folder = mkdtempSync(join(tmpdir(), 'o365audit-module-'));
      try {
        const file = join(folder, 'o365_ecs.wasm');
        if (bytes !== undefined) writeFileSync(file, bytes);
        await assert.rejects(loadModule(folder, () => undefined), (error) => error instanceof AuditError && error.code === 'MODULE_UNREADABLE' && error.message.includes(file) && error.cause instanceof Error);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  }

  test('needs the file once', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-module-'));
    copyFileSync(join(MODULE_FOLDER, 'o365_ecs.wasm'), join(folder, 'o365_ecs.wasm'));
    const module = await loadModule(folder, () => undefined);
    rmSync(folder, { recursive: true });
    module.map(Buffer.alloc(30 << 20, 0x20), NOW_MS);
    assert.match(module.map(Buffer.from('{"Id":"5b0e"}'), NOW_MS).toString(), /"id":"5b0e"/);
  });
});

describe('mapping a record', () => {
  test('gives the document of the golden pairs', async () => {
    const module = await testModule();
    for (const { input, expected } of cases) compareGolden(JSON.parse(module.map(input, NOW_MS).toString()) as object, expected, 'collector');
  });

  test('leaves the record as it was', async () => {
    const module = await testModule();
    const record = Buffer.from('{"Sluice":"first","Sluice":"second","a.b":1,"a_b":2,"Data":"{\\"a\\":1,\\"a\\":2}"}');
    const before = Buffer.from(record);
    module.map(record, NOW_MS);
    assert.deepEqual(record, before);
  });

  test('takes the host\'s time, to the millisecond, where the event has none', async () => {
    const module = await testModule();
    for (const text of ['2026-01-01T00:00:00.000Z', '2026-09-01T08:15:30.007Z', '2026-12-31T23:59:59.999Z']) {
      assert.equal((JSON.parse(module.map(Buffer.from('{}'), Date.parse(text)).toString()) as Record<string, string>)['@timestamp'], text);
    }
  });

  test('gives a document that stays as it is when others follow', async () => {
    const module = await testModule();
    const first = module.map(Buffer.from('{"Id":"first"}'), NOW_MS);
    const before = Buffer.from(first);
    for (const { input } of cases) module.map(input, NOW_MS);
    assert.deepEqual(first, before);
  });
});

test('a time is whole seconds and nanoseconds, also before 1970', () => {
  assert.deepEqual(epoch(0), { sec: 0, nsec: 0 });
  assert.deepEqual(epoch(1_788_250_530_007), { sec: 1_788_250_530, nsec: 7_000_000 });
  assert.deepEqual(epoch(-1), { sec: -1, nsec: 999_000_000 });
});

describe('pieces in the module\'s memory', () => {
  test('lie behind each other', async () => {
    const module = await testModule();
    const text = module.use((exports) => {
      const start = place(exports, [Buffer.from('one'), Buffer.alloc(0), Buffer.from('two')]);
      const bytes = Buffer.from(new Uint8Array(exports.memory.buffer, start, 6));
      exports.free(start);
      return bytes.toString();
    });
    assert.equal(text, 'onetwo');
  });

  test('are refused with their size when there is no memory for them', () => {
    const exports = { malloc: () => 0 } as unknown as Exports;
    assert.throws(() => place(exports, [Buffer.alloc(7), Buffer.alloc(5)]), (error) => error instanceof AuditError && error.code === 'MODULE_NO_MEMORY' && error.message.includes('12 bytes'));
  });
});

describe('an instance', () => {
  const lines: [name: string, values: LogValues][] = [];
  const log = (name: string, values: LogValues = {}): void => void lines.push([name, values]);
  const replaced = (): LogValues[] => lines.splice(0).map(([name, values]) => {
    assert.equal(name, 'module.replaced');
    return values;
  });
  const huge = Buffer.from(`{"Id":"5b0f","CreationTime":"2026-09-01T08:15:30","Sluice":"${'ü'.repeat(12 << 20)}"}`);

  test('is replaced after an event that made its memory pass the limit, and only then; documents stay right', async () => {
    const module = await testModule(log);
    const before = cases.map(({ input }) => module.map(input, NOW_MS).toString());
    assert.deepEqual(replaced(), []);
    assert.ok(module.map(huge, NOW_MS).length > huge.length);
    const [values, ...others] = replaced();
    assert.ok(Number(values?.bytes) > INSTANCE_MEMORY_LIMIT_BYTES);
    assert.equal(others.length, 0);
    assert.ok(module.use((exports) => exports.memory.buffer.byteLength) < 2 << 20, 'the next one is small');
    assert.deepEqual(cases.map(({ input }) => module.map(input, NOW_MS).toString()), before);
    assert.deepEqual(replaced(), []);
  });

  test('that trapped is not used again: the failure says so, and the next call is right', async () => {
    const module = await testModule(log);
    const [{ input, expected } = { input: Buffer.alloc(0), expected: {} }] = cases;
    for (let round = 0; round < 3; round++) {
      // an address behind all memory
      assert.throws(() => module.use((exports) => exports.mapRecord(0xfff0_0000, 100, 0, 0)), (error) => error instanceof AuditError && error.code === 'MODULE_TRAPPED' && error.cause instanceof Error);
      compareGolden(JSON.parse(module.map(input, NOW_MS).toString()) as object, expected, 'collector');
    }
    assert.throws(() => module.use(() => { throw new TypeError('of the caller'); }), TypeError);
    compareGolden(JSON.parse(module.map(input, NOW_MS).toString()) as object, expected, 'collector');
  });

  test('may be replaced in the middle of a blob', async () => {
    const module = await testModule(log);
    const small = (number: number): string => `{"Id":"5b0e${number}","CreationTime":"2026-09-01T08:15:30","Sluice":"x"}`;
    const blob = Buffer.from(`[${small(1)},${huge.toString()},${small(2)},${small(3)}]`);
    const chunks = Array.from({ length: Math.ceil(blob.length / 1_000_000) }, (_, index) => blob.subarray(index * 1_000_000, (index + 1) * 1_000_000));
    for (const format of ['raw', 'ecs'] as const) {
      const output = joined(splitBatches(module, chunks, { format }));
      assert.ok(replaced().length > 0, format);
      const alone = await testModule();
      const expected = [small(1), huge.toString(), small(2), small(3)].map((event) => joined(splitBatches(alone, [`[${event}]`], { format })));
      assert.ok(output.equals(Buffer.concat(expected)), format);
    }
  });
});
