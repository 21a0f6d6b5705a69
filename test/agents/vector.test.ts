/**
 * The examples for Vector, adapted as their comments say, under the real Vector: validated, and run between the simulator and a store that can misbehave. What
 * arrives is compared with what the collector itself makes of the same events.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { parse } from 'yaml';
import { configurationFor } from '../../plugin/commands/simulate.ts';
import { startSimulator, type Simulator } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import { startBulkEndpoint, type BulkEndpoint, type Usage } from '../support/bulk-endpoint.ts';
import { compareDocuments, documentsOfCollector } from '../support/documents.ts';
import { ROOT } from '../support/fluent-bit.ts';
import { startForwardHost } from '../support/forward-host.ts';
import { until } from '../support/manual-clock.ts';
import { runProgram } from '../support/program.ts';
import { expectedIds, realClock } from '../support/simulation.ts';
import { adaptExample, startVector, validate, vectorIsMissing, type Vector } from '../support/vector.ts';

const skip = vectorIsMissing();
/** The longest time that anything here may take on a busy machine. */
const LIMIT_MS = 90_000;
const PLAIN_INDICES: Usage = { action: 'index', indices: /^o365\.audit-default-\d{4}\.\d{2}$/ };

interface Stand {
  readonly simulator: Simulator;
  readonly store: BulkEndpoint;
  readonly folder: string;
  start(): Promise<Vector>;
}

/** A simulator, a store, and a folder with the adapted example, which Vector finds valid. */
async function setUp(t: TestContext, example: string, usage?: Usage): Promise<Stand> {
  const simulator = await startSimulator({ clock: realClock, log: silentLog, eventCount: 2_000 });
  const store = await startBulkEndpoint(usage);
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-vector-'));
  writeFileSync(join(folder, 'o365.yml'), configurationFor(simulator), { mode: 0o600 });
  const vectors: Vector[] = [];
  t.after(async () => {
    for (const vector of vectors) await vector.kill();
    await simulator.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
  const configuration = await adaptExample(example, folder, store.port);
  const { status, said } = validate(configuration);
  assert.equal(status, 0, said);
  return {
    simulator, store, folder,
    start: async () => {
      const vector = await startVector(configuration);
      vectors.push(vector);
      return vector;
    },
  };
}

async function stored({ store }: Stand, vector: Vector, ids: ReadonlySet<string>): Promise<void> {
  await until(() => [...ids].every((id) => store.documents.has(id)), 'all documents in the store', LIMIT_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${store.documents.size} of ${ids.size}\n${vector.said().slice(-5_000)}`);
  });
}

test('What the examples start is this program, and hands over ECS documents.', async (t) => {
  const simulator = await startSimulator({ clock: realClock, log: silentLog, eventCount: 100 });
  const host = await startForwardHost();
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-vector-'));
  t.after(async () => {
    await host.close();
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });
  for (const [example, source] of [['exec.yaml', 'o365audit'], ['forward.yaml', 'collector']] as const) {
    const own = join(folder, source);
    mkdirSync(own);
    writeFileSync(join(own, 'o365.yml'), configurationFor(simulator), { mode: 0o600 });
    const { sources } = parse(readFileSync(await adaptExample(example, own, 9200), 'utf8')) as { readonly sources: Readonly<Record<string, { readonly command?: readonly string[] }>> };
    const [node, program = '', ...words] = sources[source]?.command ?? [];
    assert.deepEqual([node, program], ['node', join(ROOT, 'dist/o365audit.js')]);
    const run = await runProgram([...words.map((word) => (word.startsWith('forward://') ? host.url : word)), '--once']);
    assert.equal(run.ending?.status, 0, run.stderr);
    const documents = example === 'exec.yaml' ? run.lines().map((line) => JSON.parse(line) as unknown) : host.events.map(({ record }) => record);
    assert.equal(documents.length, expectedIds(simulator).size);
    // over Forward the time is in the frame
    assert.ok(documents.every((document) => isDocument(document) && ('@timestamp' in document) === (example === 'exec.yaml')));
  }
});

function isDocument(value: unknown): value is { readonly ecs: unknown } {
  return typeof value === 'object' && value !== null && 'ecs' in value;
}

test('exec.yaml hands every event to the data stream as the document of --format ecs, and sends again what the store throttles.', { skip }, async (t) => {
  const stand = await setUp(t, 'exec.yaml');
  const { store, folder } = stand;
  const expected = await documentsOfCollector(folder);
  store.behave({ kind: 'throttle-some', nth: 3 }, 2);
  const vector = await stand.start();
  await stored(stand, vector, new Set(expected.keys()));
  compareDocuments(store, expected);
  assert.deepEqual(store.complaints, []);
  await until(() => vector.said().includes('Everything that there was has been delivered.'), 'the end of collecting', LIMIT_MS);
  assert.equal(await vector.stop(), 0);
});

test('forward.yaml hands every event to the store as the document of --format ecs.', { skip }, async (t) => {
  const stand = await setUp(t, 'forward.yaml', PLAIN_INDICES);
  const { store, folder } = stand;
  const expected = await documentsOfCollector(folder);
  const vector = await stand.start();
  await stored(stand, vector, new Set(expected.keys()));
  compareDocuments(store, expected);
  assert.deepEqual(store.complaints, []);
  await until(() => vector.said().includes('"action":"caught_up"'), 'the end of collecting', LIMIT_MS);
  assert.equal(store.counts.duplicates, 0);
  assert.equal(await vector.stop(), 0);
});

test('forward.yaml loses nothing when the store fails and throttles, the collector is killed, and Vector is killed.', { skip }, async (t) => {
  const stand = await setUp(t, 'forward.yaml', PLAIN_INDICES);
  const { simulator, store } = stand;
  const ids = expectedIds(simulator);
  store.behave({ kind: 'status', status: 503 });
  const first = await stand.start();
  await until(() => store.counts.refused > 0, 'a failed request', LIMIT_MS);
  store.behave({ kind: 'throttle-some', nth: 3 }, 2);
  await until(() => store.documents.size > 0, 'documents', LIMIT_MS);
  const collector = first.collector();
  if (collector !== undefined) process.kill(collector, 'SIGKILL');
  await until(() => store.documents.size > ids.size / 2, 'half of the documents', LIMIT_MS);
  await first.kill();
  const second = await stand.start();
  await stored(stand, second, ids);
  // that the replayed events end up acknowledged
  await until(() => second.said().includes('"action":"caught_up"'), 'the end of collecting', LIMIT_MS);
  assert.deepEqual(new Set(store.documents.keys()), ids);
  assert.deepEqual(store.complaints, []);
});
