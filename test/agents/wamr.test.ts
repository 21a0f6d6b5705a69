/**
 * The mapping under the runtime that Fluent Bit runs it in. WAMR interprets, hands memory out through the module's own allocator, keeps one instance for
 * all records and gives it 8,192 bytes of stack; a trap there is a record lost without an error line. So whatever V8 answers, WAMR must
 * answer to the byte, for tame records and for hostile ones, for the first and for the twenty-thousandth.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { promisify } from 'node:util';
import { seededRandom } from '../../plugin/simulator/random.ts';
import { awkwardRecords, largeEvent, LARGE_SHAPES } from '../support/awkward-records.ts';
import { compareGolden, goldenCases } from '../support/golden.ts';
import { mutated, strangeEvents } from '../support/hostile.ts';
import { MODULE_FILE, openModule, type RawModule } from '../support/module.ts';
import { runWamr, wamrIsMissing, type WamrAnswer } from '../support/wamr.ts';

const ASSEMBLYSCRIPT = join(import.meta.dirname, '../../../node_modules/assemblyscript/bin/asc.js');
const skip = wamrIsMissing();
const CALLS = 20_000;
const golden = goldenCases();

/** What is wrong with an answer, which must be the wanted document: one JSON object on one line in valid UTF-8. */
function complaintAbout({ outcome, bytes }: WamrAnswer, wanted: Buffer): string | undefined {
  if (outcome !== 'document') return `${outcome}: ${bytes.toString()}`;
  if (!bytes.equals(wanted)) return 'WAMR and V8 differ';
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    const document: unknown = JSON.parse(text);
    return typeof document !== 'object' || document === null || Array.isArray(document) ? 'no object' : /[\n\r]/.test(text) ? 'more than one line' : undefined;
  } catch (error) {
    return String(error);
  }
}

/** The document from V8; nothing when it has trapped there, which no answer is equal to. */
function mapInV8(module: RawModule, record: Buffer): Buffer {
  try {
    return Buffer.from(module.map(record));
  } catch {
    return Buffer.alloc(0);
  }
}

/** Maps records by name under WAMR and in V8, and checks that each answer is the same document; answers the documents by the same names. */
async function mapBoth(records: ReadonlyMap<string, Buffer>): Promise<Map<string, object>> {
  const { answers } = await runWamr(records.values());
  assert.equal(answers.length, records.size);
  const v8 = openModule();
  const complaints = [...records].flatMap(([name, record], call) => {
    const complaint = complaintAbout(answers[call] ?? assert.fail(), mapInV8(v8, record));
    return complaint === undefined ? [] : [`${name}: ${complaint}`];
  });
  assert.deepEqual(complaints, []);
  return new Map([...records.keys()].map((name, call) => [name, JSON.parse(String(answers[call]?.bytes)) as object]));
}

describe('The program for WAMR', () => {
  /** A module whose answer depends on the first byte of the record, compiled to a file that is gone with the test. */
  async function probe(t: TestContext, allocator: string): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'wamr-probe-'));
    t.after(() => { rmSync(folder, { recursive: true }); });
    writeFileSync(join(folder, 'probe.ts'), `${allocator}
      function depth(left: u32): u32 { return left == 0 ? 0 : depth(left - 1) + 1; }
      export function o365_to_ecs(tag: usize, tagLength: u32, sec: u32, nsec: u32, record: usize, recordLength: u32): usize {
        if (load<u64>(tag) != 0x6475_612e_3536_336f || tagLength != 10 || load<u8>(tag, 10) != 0 || sec != 11 || nsec != 12) unreachable();
        if (record == 0 || load<u8>(record + recordLength) != 0) unreachable();
        const first = <u32>load<u8>(record);
        if (first == 0x74) unreachable();
        if (first == 0x6f) return 0x7fff_0000;
        if (first >= 0x30 && first <= 0x39) depth((first - 0x30) * 100);
        return record;
      }`);
    await promisify(execFile)(process.execPath, [ASSEMBLYSCRIPT, 'probe.ts', '--outFile', 'probe.wasm', '--runtime', 'stub', '--use', 'abort=', '-O0', '--initialMemory', '2'], { cwd: folder });
    return join(folder, 'probe.wasm');
  }

  const ownAllocator = `
    let top: usize = 0x10000;
    export function malloc(size: usize): usize { const start = top; top += size; return start; }
    export function free(start: usize): void { top = 0x10000; }`;

  test('hands the arguments over as Fluent Bit does, and tells a trap and a bad address from a document.', { skip }, async (t) => {
    const moduleFile = await probe(t, ownAllocator);
    const { answers, said } = await runWamr(['first', 'trap', 'second', 'outside', 'third', ''].map((text) => Buffer.from(text)), { moduleFile, seconds: 11, nanoseconds: 12 });
    const outcomes = answers.map(({ outcome, bytes }) => `${outcome}: ${bytes.toString()}`);
    assert.deepEqual(outcomes, [
      'document: first', 'trap: Exception: unreachable', 'document: second', 'no string: Exception: out of bounds memory access', 'trap: Exception: out of bounds memory access', 'document: ',
    ]);
    assert.match(said, /^WAMR 2\.4\.3, heap 8192 bytes, stack 8192 bytes\n6 calls, \d+\.\d{3} ms in calls\n$/);
  });

  test('gives the module a stack of 8,192 bytes.', { skip }, async (t) => {
    const moduleFile = await probe(t, ownAllocator);
    const { answers } = await runWamr(['0', '1', '2', '0'].map((text) => Buffer.from(text)), { moduleFile, seconds: 11, nanoseconds: 12 });
    assert.deepEqual(answers.map(({ outcome, bytes }) => `${outcome}: ${bytes.toString()}`), [
      'document: 0', 'document: 1', 'trap: Exception: wasm operand stack overflow', 'document: 0',
    ]);
  });

  test('gives a module without an allocator a heap of 8,192 bytes, which a larger record does not fit into.', { skip }, async (t) => {
    const moduleFile = await probe(t, '');
    const { answers } = await runWamr([7_000, 9_000, 7_000].map((size) => Buffer.alloc(size, 'x')), { moduleFile, seconds: 11, nanoseconds: 12 });
    assert.deepEqual(answers.map(({ outcome }) => outcome), ['document', 'trap', 'document']);
  });
});

test('The module imports nothing, and exports its allocator, the two mappings and the codec, and nothing else.', () => {
  const module = new WebAssembly.Module(readFileSync(MODULE_FILE));
  assert.deepEqual(WebAssembly.Module.imports(module), []);
  const exported = WebAssembly.Module.exports(module).map(({ name, kind }) => `${kind} ${name}`).sort();
  assert.deepEqual(exported, ['free', 'malloc', 'mapRecord', 'o365_to_ecs', 'resultLength', 'split', 'splitSettings'].map((name) => `function ${name}`).concat('memory memory'));
});

test('Every golden case gives under WAMR, byte for byte, what it gives in V8, and that is the expected document.', { skip }, async () => {
  const documents = await mapBoth(new Map(golden.map(({ name, input }) => [name, input])));
  for (const { name, expected } of golden) {
    const document = documents.get(name);
    assert.ok(document !== undefined);
    compareGolden(document, expected);
  }
});

test('20,000 records in a wild order through one instance each give what a fresh instance gives, and its memory stays where the first pass left it.', { skip }, async () => {
  const random = seededRandom('wamr');
  const strange = strangeEvents(random);
  const inputs = golden.map(({ input }) => input);
  const named = (name: string, count: number, make: () => Buffer): [string, Buffer][] => Array.from({ length: count }, (_, index) => [`${name} ${index}`, make()]);
  const withWanted = (records: Iterable<readonly [string, Buffer]>): { name: string; record: Buffer; wanted: Buffer }[] => (
    [...records].map(([name, record]) => ({ name, record, wanted: mapInV8(openModule(), record) })));
  const usual = withWanted(golden.map(({ name, input }) => [name, input]));
  const unusual = withWanted([...awkwardRecords(), ...named('strange', 300, () => Buffer.from(strange.next())), ...named('mutated', 700, () => mutated(inputs, random))]);
  const large = withWanted(LARGE_SHAPES.flatMap((shape, index) => [20_000, 64_000, 200_000].map((size) => [`${shape} of ${size} bytes`, largeEvent(size + index, size, shape)] as const)));
  const all = [...usual, ...unusual, ...large];
  const pick = (): typeof all => (random.chance(0.003) ? large : random.chance(0.3) ? unusual : usual);
  const order = Array.from({ length: CALLS }, (_, call) => all[call] ?? random.pick(pick()));
  const { answers } = await runWamr(order.map(({ record }) => record));
  assert.equal(answers.length, CALLS);
  const complaints = answers.flatMap((answer, call) => {
    const { name, wanted } = order[call] ?? assert.fail();
    const complaint = complaintAbout(answer, wanted);
    return complaint === undefined ? [] : [`${name}, after ${String(order[call - 1]?.name)}: ${complaint}`];
  });
  assert.deepEqual(complaints, []);
  const [reached, ...later] = answers.slice(all.length - 1).map(({ memoryBytes }) => memoryBytes);
  assert.deepEqual(new Set(later), new Set([reached]));
});

test('A record of 6 MB is mapped as in V8, whatever makes it large.', { skip }, async () => {
  const records = new Map(LARGE_SHAPES.map((shape, index) => [shape as string, largeEvent(index, 6_000_000, shape)]));
  for (const [name, record] of records) assert.ok(record.byteLength > 5_500_000 && record.byteLength < 6_500_000, `${name} has ${record.byteLength} bytes`);
  for (const [name, document] of await mapBoth(records)) {
    assert.ok(JSON.stringify(document).length > 3_000_000, `${name} lost its large property`);
    assert.equal((document as { event: { kind: string } }).event.kind, 'event', name);
  }
});

test('Awkward input gives one JSON object, the same as in V8, and never a trap.', { skip }, async () => {
  const keys = (count: number, key: (index: number) => string): Buffer => Buffer.from(`{${Array.from({ length: count }, (_, index) => `"${key(index)}":${index}`).join(',')}}`);
  await mapBoth(new Map([...awkwardRecords(), ['10,000 keys', keys(10_000, (index) => `Property${index}`)], ['one key 1,000 times', keys(1_000, () => 'Subject')]]));
});

test('A record that is cut at any byte gives one JSON object, the same as in V8.', { skip }, async () => {
  const families = new Map(golden.map((pair) => [pair.name.split('/')[0], pair]));
  const chosen = new Set([...families.values(), ...golden.filter(({ name }) => name.startsWith('envelope/'))]);
  const cuts = [...chosen].flatMap(({ name, input }) => Array.from({ length: input.byteLength }, (_, length) => [`${name}, ${length} bytes of it`, input.subarray(0, length)] as const));
  const documents = await mapBoth(new Map(cuts));
  for (const [name, document] of documents) assert.equal((document as { event: { kind: string } }).event.kind, 'pipeline_error', name);
});
