/**
 * fluent-bit.conf as it stands, under the real Fluent Bit: the collector that it starts, the wasm filter, its storage and its output, between the simulator
 * and a store that can misbehave. What arrives is compared with what the collector itself makes of the same events (`--format ecs`), document by document.
 */
import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { configurationFor } from '../../plugin/commands/simulate.ts';
import { seededRandom } from '../../plugin/simulator/random.ts';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import { startBulkEndpoint, type BulkEndpoint } from '../support/bulk-endpoint.ts';
import { everySecond } from '../support/chain.ts';
import { compareDocuments, documentsOfCollector } from '../support/documents.ts';
import { ROOT, dryRun, fluentBitIsMissing, isRunning, startFluentBit, type FluentBit, type FluentBitOptions } from '../support/fluent-bit.ts';
import { goldenCases } from '../support/golden.ts';
import { strangeEvents } from '../support/hostile.ts';
import { readJson } from '../support/json.ts';
import { until } from '../support/manual-clock.ts';
import { expectedIds, realClock } from '../support/simulation.ts';

const skip = fluentBitIsMissing();
/** The longest time that anything here may take on a busy machine. */
const LIMIT_MS = 300_000;

/** A simulator, a store, and a folder for all that Fluent Bit and the collector keep. */
interface Stand {
  readonly simulator: Simulator;
  readonly store: BulkEndpoint;
  readonly folder: string;
  readonly stateFolder: string;
  /** What the user of fluent-bit.conf would set. */
  readonly environment: { readonly O365AUDIT_CONFIG: string; readonly O365AUDIT_STATE_DIR: string; readonly O365AUDIT_STORE_PORT: string };
  start(options?: Partial<FluentBitOptions>): Promise<FluentBit>;
}

async function setUp(t: TestContext, options: Partial<SimulatorOptions> = {}): Promise<Stand> {
  const simulator = await startSimulator({ clock: realClock, log: silentLog, ...options });
  const store = await startBulkEndpoint();
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-fluent-bit-'));
  const stateFolder = join(folder, 'state');
  const configuration = join(folder, 'o365.yml');
  writeFileSync(configuration, configurationFor(simulator), { mode: 0o600 });
  const environment = { O365AUDIT_CONFIG: configuration, O365AUDIT_STATE_DIR: stateFolder, O365AUDIT_STORE_PORT: String(store.port) };
  const agents: FluentBit[] = [];
  t.after(async () => {
    const orphans = agents.flatMap((agent) => agent.collector() ?? []);
    for (const agent of agents) await agent.kill();
    // a collector whose agent was killed ends by itself, within a second
    await until(() => orphans.every((id) => !isRunning(id)), 'the end of the collectors', LIMIT_MS);
    await simulator.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    simulator, store, folder, stateFolder, environment,
    start: async (changes) => {
      const agent = await startFluentBit({ configuration: 'fluent-bit.conf', environment, ...changes });
      agents.push(agent);
      return agent;
    },
  };
}

/** Waits until the store has all these, and the agent's storage is empty. */
async function drained(agent: FluentBit, { store, stateFolder }: Stand, ids: ReadonlySet<string>): Promise<void> {
  await until(() => [...ids].every((id) => store.documents.has(id)), 'all documents in the store', LIMIT_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}: ${store.documents.size} of ${ids.size}\n${agent.said().slice(-5_000)}`);
  });
  await until(() => chunkFiles(stateFolder).length === 0, 'an empty storage', LIMIT_MS);
}

function chunkFiles(stateFolder: string): string[] {
  return readdirSync(join(stateFolder, 'fluent-bit'), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.flb'));
}

/** The ways of examples/fluent-bit/README.md to share the work between collector and agent: what becomes of fluent-bit.conf. */
const FORMS: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  'as it is, mapped in the collector,': [],
  'with --format raw, mapped in the agent,': [[/(?<=^ +Command .*)--format prepared/m, '--format raw']],
  'with --format ecs and no filter': [[/(?<=^ +Command .*)--format prepared/m, '--format ecs'], [/^\[FILTER\]\n(?: +.*\n)*/m, '']],
};

for (const [form, changes] of Object.entries(FORMS)) test(`fluent-bit.conf ${form} hands every event to the store as the document of --format ecs: tame events, those of the golden pairs and strange ones.`, { skip }, async (t) => {
  const stand = await setUp(t, { eventCount: 2_000 });
  const { simulator, store } = stand;
  const strange = strangeEvents(seededRandom('fluent-bit'));
  const byHand = [...goldenCases().map(({ input }) => input.toString('latin1')).filter(isBareEvent), ...Array.from({ length: 600 }, () => Buffer.from(strange.next()).toString('latin1'))];
  // of two equal keys Fluent Bit keeps the last by itself, so that the mapping finds nothing to say; in the collector it does
  const events = [...new Set(byHand)].filter((text) => readJson(text).duplicates.length === 0);
  assert.ok(events.length > 0.9 * byHand.length);
  simulator.addEvents({ ndjson: events.join('\n'), contentType: 'Audit.General', ageMs: 60_000 });
  const expected = await documentsOfCollector(stand.folder);
  const configuration = join(stand.folder, 'fluent-bit.conf');
  writeFileSync(configuration, changes.reduce((text, [pattern, replacement]) => {
    assert.match(text, pattern);
    return text.replace(pattern, replacement);
  }, readFileSync(join(ROOT, 'fluent-bit.conf'), 'utf8')));
  const agent = await stand.start({ configuration });
  await drained(agent, stand, new Set(expected.keys()));
  compareDocuments(store, expected);
  assert.deepEqual(new Set([...store.documents.values()].map(({ index }) => index)), new Set(['logs-o365.audit-default']));
  const ids = expectedIds(simulator);
  // what has no Id has a hash in its place
  assert.ok([...ids].every((id) => expected.has(id)));
  assert.ok([...expected.keys()].every((id) => ids.has(id) || /^[0-9a-f]{32}$/.test(id)));
  assert.deepEqual(store.complaints, []);
  assert.equal(store.counts.duplicates, 0);
  assert.doesNotMatch(agent.said(), /\[error\]/);
  assert.equal(await agent.stop(), 0);
});

test('fluent-bit.conf works with nothing set but the store\'s port, in the folder where dist/ and o365.yml lie.', { skip }, async (t) => {
  const stand = await setUp(t, { eventCount: 200 });
  const { simulator, store, folder, stateFolder } = stand;
  for (const name of ['fluent-bit.conf', 'examples']) cpSync(join(ROOT, name), join(folder, name), { recursive: true });
  symlinkSync(join(ROOT, 'dist'), join(folder, 'dist'));
  const agent = await stand.start({ configuration: join(folder, 'fluent-bit.conf'), folder, environment: { O365AUDIT_STORE_PORT: String(store.port) }, http: false });
  await drained(agent, { ...stand, stateFolder: join(folder, 'o365audit-state') }, expectedIds(simulator));
  await until(() => agent.statuses('caught_up').length > 0, 'the status record', LIMIT_MS);
  assert.deepEqual(agent.statuses().map(({ event }) => event.action).filter((action) => action !== 'lag'), ['started', 'caught_up']);
  assert.equal(await agent.stop(), 0);
  assert.equal(existsSync(stateFolder), false);
});

test('Nothing is lost when the collector is killed between an acknowledgement and its commit, again and again.', { skip }, async (t) => {
  const stand = await setUp(t, { eventCount: 1_000 });
  const { simulator, store, stateFolder, environment } = stand;
  pollEverySecond(stand);
  const agent = await stand.start({ environment: { ...environment, O365AUDIT_NAMESPACE: 'production' } });
  const killed: number[] = [];
  await watchAcknowledgements(t, agent, join(stateFolder, 'forward.sock'), (count) => {
    const id = agent.collector();
    if (id === undefined || killed.includes(id) || count < ([1, 2, 5, 9][killed.length] ?? Infinity)) return;
    process.kill(id, 'SIGKILL');
    killed.push(id);
  });
  await publishUntil(() => killed.length === 4, 'four kills', stand, agent);
  await drained(agent, stand, expectedIds(simulator));
  assert.equal(new Set(killed).size, 4);
  assert.deepEqual(new Set(store.documents.keys()), expectedIds(simulator));
  assert.ok([...store.documents.values()].every(({ index }) => index === 'logs-o365.audit-production'));
  // what was acknowledged and not committed came once more, so the kills were in time
  assert.ok(store.counts.duplicates > 0);
  assert.deepEqual(store.complaints, []);
  await until(() => agent.statuses('caught_up').length > 0, 'the end of collecting', LIMIT_MS);
  await emptyByItsOwnAccount(agent);
});

test('Fluent Bit keeps everything while the store is away, over a restart, and delivers it when the store throttles, fails and refuses before it takes it.', { skip }, async (t) => {
  const stand = await setUp(t, { eventCount: 1_500 });
  const { simulator, store, stateFolder } = stand;
  const ids = expectedIds(simulator);
  await store.leave();
  const first = await stand.start();
  await until(() => first.statuses('caught_up').length > 0, 'the end of collecting', LIMIT_MS);
  assert.equal(await first.stop(), 0);
  assert.ok(chunkFiles(stateFolder).length > 0);
  assert.equal(store.documents.size, 0);

  const second = await stand.start();
  await store.listen();
  store.behave({ kind: 'status', status: 503 }, 1);
  await until(() => store.counts.refused > 0, 'a failed request', LIMIT_MS);
  store.behave({ kind: 'throttle-some', nth: 3 }, 2);
  await until(() => store.documents.size > 0 && store.counts.refused > 10, 'throttled documents', LIMIT_MS);
  const [refused = ''] = [...ids].filter((id) => !store.documents.has(id));
  store.behave({ kind: 'refuse', id: refused });
  await until(() => store.documents.size === ids.size - 1, 'all documents but one', LIMIT_MS);
  store.behave({ kind: 'lose-answer' }, 1);
  await drained(second, stand, ids);
  assert.deepEqual(new Set(store.documents.keys()), ids);
  assert.deepEqual(store.complaints, []);
});

test('While the store is away few events at a time fill no more than so many files; then collecting pauses, and goes on when the store is back.', { skip }, async (t) => {
  const stand = await setUp(t, { eventCount: 50 });
  const { simulator, store, stateFolder, environment } = stand;
  pollEverySecond(stand);
  store.behave({ kind: 'status', status: 429 });
  const agent = await stand.start({ environment: { ...environment, O365AUDIT_AGENT_CHUNKS: '3' } });
  const isPaused = (): boolean => agent.said().includes('o365_events paused (storage buf overlimit');
  for (let portion = 0, afterPause = 0; afterPause < 3; portion += 1) {
    assert.ok(portion < 20, `no pause with ${chunkFiles(stateFolder).length} files`);
    if (isPaused()) afterPause += 1;
    const requestCount = store.counts.requests;
    simulator.addEvents({ ndjson: Array.from({ length: 10 }, (_, index) => JSON.stringify({ Id: `${portion}-${index}`, CreationTime: '2026-03-02T08:15:30' })).join('\n'), contentType: 'Audit.General', ageMs: 60_000 });
    // a portion is in a file of its own when that was sent, or the agent does not take it
    await until(() => store.counts.requests > requestCount, 'a request', LIMIT_MS);
  }
  assert.equal(chunkFiles(stateFolder).length, 3);
  store.behave();
  await drained(agent, stand, expectedIds(simulator));
  assert.deepEqual(new Set(store.documents.keys()), expectedIds(simulator));
});

test('Nothing is lost when Fluent Bit is killed just after an acknowledgement, and started again.', { skip }, async (t) => {
  const stand = await setUp(t, { eventCount: 1_000 });
  const { simulator, store, stateFolder } = stand;
  pollEverySecond(stand);
  for (const limit of [3, 25]) {
    const agent = await stand.start();
    const killed: Promise<void>[] = [];
    let orphan: number | undefined;
    await watchAcknowledgements(t, agent, join(stateFolder, 'forward.sock'), (count) => {
      if (count < limit || killed.length > 0) return;
      // asked before the kill: afterwards it is nobody's child
      orphan = agent.collector();
      killed.push(agent.kill());
    });
    await publishUntil(() => killed.length > 0, `${limit} acknowledgements`, stand, agent);
    await Promise.all(killed);
    assert.notEqual(orphan, undefined);
    // until then it would hand over to the next agent what nobody watches
    await until(() => !isRunning(orphan), 'the end of the collector', LIMIT_MS);
  }
  await drained(await stand.start(), stand, expectedIds(simulator));
  assert.deepEqual(new Set(store.documents.keys()), expectedIds(simulator));
  assert.deepEqual(store.complaints, []);
});

test('Nothing is lost when Fluent Bit is stopped while it takes in no more because so many chunks wait for the store.', { skip }, async (t) => {
  const stand = await setUp(t, { eventCount: 4_000, eventsPerBlob: 100 });
  const { simulator, store, environment } = stand;
  store.behave({ kind: 'status', status: 429 });
  const first = await stand.start({ environment: { ...environment, O365AUDIT_AGENT_CHUNKS: '2' } });
  await until(() => first.said().includes('o365_events paused (storage buf overlimit'), 'the pause', LIMIT_MS);
  assert.equal(await first.stop(), 0);
  assert.equal(store.documents.size, 0);
  store.behave();
  const second = await stand.start();
  await drained(second, stand, expectedIds(simulator));
  assert.deepEqual(new Set(store.documents.keys()), expectedIds(simulator));
});

test('A wrong secret makes a status record, also in the store, and few requests for tokens; once it is right the collector starts.', { skip }, async (t) => {
  const stand = await setUp(t, { eventCount: 100 });
  const { simulator, store, environment } = stand;
  const configuration = readFileSync(environment.O365AUDIT_CONFIG, 'utf8');
  writeFileSync(environment.O365AUDIT_CONFIG, configuration.replace(simulator.clientSecret, 'wrong'));
  const agent = await stand.start({ environment: { ...environment, O365AUDIT_STORE_STATUS: 'o365.status' } });
  await until(() => agent.statuses('cannot_start').length >= 2, 'two attempts', LIMIT_MS);
  const { tokens } = simulator.books.snapshot();
  writeFileSync(environment.O365AUDIT_CONFIG, configuration);
  const [cannotStart] = agent.statuses('cannot_start');
  assert.match(String(cannotStart?.o365.status.reason), /AADSTS7000215|secret/);
  assert.deepEqual(agent.statuses('cannot_start').slice(0, 2).map(({ o365 }) => o365.status.retry_seconds), [1, 2]);
  assert.ok(tokens.issued === 0 && tokens.refused > 0 && tokens.refused <= 3, `${tokens.refused} requests for tokens`);
  await drained(agent, stand, expectedIds(simulator));
  await until(() => store.documents.has(cannotStart?.event.id ?? ''), 'the status record in the store', LIMIT_MS);
  assert.equal(store.documents.get(cannotStart?.event.id ?? '')?.index, 'logs-o365.status-default');
  assert.deepEqual(store.complaints, []);
});

test('examples/fluent-bit/fluent-bit-4.1.conf has no variables, and hands over the same documents.', { skip }, async (t) => {
  const file = 'examples/fluent-bit/fluent-bit-4.1.conf';
  const text = readFileSync(join(ROOT, file), 'utf8');
  assert.doesNotMatch(text, /\$\{/);
  const stand = await setUp(t, { eventCount: 300 });
  const { store, folder, stateFolder, environment } = stand;
  const expected = await documentsOfCollector(stand.folder);
  const literals = [
    ['/etc/o365audit/o365.yml', environment.O365AUDIT_CONFIG], ['/var/lib/o365audit', stateFolder], ['/opt/o365audit', ROOT],
    [/^( +Port +)9200$/m, `$1${store.port}`], [/^( +Parsers_File +).*$/m, `$1${join(ROOT, 'examples/fluent-bit/parsers.conf')}`],
  ] as const;
  const replaced = literals.reduce((before, [literal, value]) => {
    const after = typeof literal === 'string' ? before.replaceAll(literal, value) : before.replace(literal, value);
    assert.notEqual(after, before, String(literal));
    return after;
  }, text);
  writeFileSync(join(folder, 'literal.conf'), replaced);
  const { status, said } = dryRun(join(folder, 'literal.conf'));
  assert.equal(status, 0, said);
  const agent = await stand.start({ configuration: join(folder, 'literal.conf'), http: false });
  await drained(agent, stand, new Set(expected.keys()));
  compareDocuments(store, expected);
  assert.equal(await agent.stop(), 0);
});

test('examples/fluent-bit/output-es.conf takes the place of the output in fluent-bit.conf, and hands over the same documents.', { skip }, async (t) => {
  const stand = await setUp(t, { eventCount: 300 });
  const expected = await documentsOfCollector(stand.folder);
  const text = readFileSync(join(ROOT, 'fluent-bit.conf'), 'utf8');
  const replaced = text.replace(/^\[OUTPUT\]\n +Name +opensearch\n +Alias +store\n(?: +.*\n)*/m, () => readFileSync(join(ROOT, 'examples/fluent-bit/output-es.conf'), 'utf8'));
  assert.notEqual(replaced, text);
  const configuration = join(stand.folder, 'with-es.conf');
  writeFileSync(configuration, replaced);
  const agent = await stand.start({ configuration });
  await drained(agent, stand, new Set(expected.keys()));
  compareDocuments(stand.store, expected);
  assert.equal(await agent.stop(), 0);
});

function pollEverySecond({ environment }: Stand): void {
  writeFileSync(environment.O365AUDIT_CONFIG, everySecond(readFileSync(environment.O365AUDIT_CONFIG, 'utf8')));
}

/** Has the service publish more until this holds: however much was delivered before anybody looked, there is something left to acknowledge. */
async function publishUntil(condition: () => boolean, what: string, { simulator }: Stand, agent: FluentBit): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  for (let portion = 0; !condition(); portion += 1) {
    assert.ok(performance.now() < endMs, `still waiting for ${what}\n${agent.said().slice(-5_000)}`);
    for (let blob = 0; blob < 30; blob += 1) {
      simulator.addEvents({ ndjson: JSON.stringify({ Id: `${portion}-${blob}`, CreationTime: '2026-03-02T08:15:30' }), contentType: 'Audit.General', ageMs: 60_000 });
    }
    await until(condition, what, 1_000).catch(() => undefined /* another portion */);
  }
}

/** Sits between the collector and the agent's socket, and tells how many acknowledgements each connection of the collector has been handed so far. */
async function watchAcknowledgements(t: TestContext, fluentBit: FluentBit, path: string, handedOver: (count: number) => void): Promise<void> {
  const behind = `${path}.agent`;
  renameSync(path, behind);
  // a collector that was quick is connected already, and nothing of it would be seen: the next one comes this way
  const quick = fluentBit.collector();
  if (quick !== undefined) process.kill(quick, 'SIGKILL');
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const agent = connect(behind);
    let count = 0;
    for (const socket of [client, agent]) sockets.add(socket.on('error', () => undefined));
    client.pipe(agent);
    agent.on('close', () => client.destroy()).on('data', (answer: Buffer) => {
      // each acknowledgement is a map of one member
      count += answer.filter((byte) => byte === 0x81).length;
      client.write(answer, () => handedOver(count));
    });
  });
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
}

async function emptyByItsOwnAccount(agent: FluentBit): Promise<void> {
  const endMs = performance.now() + LIMIT_MS;
  while (await agent.chunkCount() !== 0) {
    if (performance.now() > endMs) assert.fail('the agent still counts chunks');
    await setTimeout(50);
  }
}

function isBareEvent(text: string): boolean {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !('o365audit' in value);
  } catch {
    return false;
  }
}
