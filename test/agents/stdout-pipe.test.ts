/** The examples for stdout, run as they stand, between the simulator and a file or jq. */
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { configurationFor } from '../../plugin/commands/simulate.ts';
import { startSimulator, type Simulator } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import { documentsOfCollector } from '../support/documents.ts';
import { ROOT, environmentOf } from '../support/fluent-bit.ts';
import { linesOfFile } from '../support/program.ts';
import { expectedIds, realClock } from '../support/simulation.ts';

const LIMIT_MS = 300_000;

interface Ran {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Stand {
  readonly simulator: Simulator;
  readonly folder: string;
  /** Runs a script of examples/stdout to its end, in the folder where o365.yml lies. */
  readonly run: (script: string, ...words: string[]) => Promise<Ran>;
}

async function setUp(t: TestContext): Promise<Stand> {
  const simulator = await startSimulator({ clock: realClock, log: silentLog, eventCount: 500 });
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-stdout-'));
  writeFileSync(join(folder, 'o365.yml'), configurationFor(simulator), { mode: 0o600 });
  t.after(async () => {
    await simulator.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    simulator, folder,
    run: (script, ...words) => new Promise((resolve) => {
      execFile(join(ROOT, 'examples/stdout', script), words, { cwd: folder, env: environmentOf(), timeout: LIMIT_MS }, (error, stdout, stderr) => {
        resolve({ status: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, stdout, stderr });
      });
    }),
  };
}

function idsOf(lines: readonly string[]): string[] {
  return lines.map((line) => (JSON.parse(line) as { readonly event: { readonly id: string } }).event.id);
}

test('to-file.sh appends every event to its file, once, and next time only what is new.', async (t) => {
  const { simulator, folder, run } = await setUp(t);
  const file = join(folder, 'o365audit.ndjson');
  const first = await run('to-file.sh');
  assert.equal(first.status, 0, first.stderr);
  assert.equal(first.stdout, '');
  const ids = idsOf(linesOfFile(file));
  assert.equal(ids.length, expectedIds(simulator).size);
  assert.deepEqual(new Set(ids), expectedIds(simulator));

  // as a crash in the middle of a line leaves it
  appendFileSync(file, '{"@timestamp":"2026-03-0');
  simulator.addEvents({ ndjson: '{"Id":"new","CreationTime":"2026-03-02T08:15:30"}', contentType: 'Audit.General', ageMs: 60_000 });
  const second = await run('to-file.sh', file);
  assert.equal(second.status, 0, second.stderr);
  const [cut, ...added] = linesOfFile(file).slice(ids.length);
  assert.equal(cut, '{"@timestamp":"2026-03-0');
  assert.deepEqual(idsOf(added), [...expectedIds(simulator)].filter((id) => !ids.includes(id)));
});

test('to-file.sh fails when the disk is full, and the next run brings everything.', async (t) => {
  const { simulator, folder, run } = await setUp(t);
  const full = await run('to-file.sh', '/dev/full');
  assert.equal(full.status, 1);
  assert.match(full.stderr, /OUTPUT_WRITE/);
  const file = join(folder, 'elsewhere.ndjson');
  const next = await run('to-file.sh', file);
  assert.equal(next.status, 0, next.stderr);
  assert.deepEqual(new Set(idsOf(linesOfFile(file))), expectedIds(simulator));
});

test('failed-logons.sh prints the failed sign-ins, and only those.', { skip: spawnSync('jq', ['--version']).error === undefined ? false : 'jq is not on PATH' }, async (t) => {
  const { folder, run } = await setUp(t);
  const documents = [...(await documentsOfCollector(folder)).values()].map((text) => JSON.parse(text) as Readonly<Record<string, unknown>> & {
    readonly event: { readonly outcome?: string; readonly category?: readonly string[] }; readonly user?: { readonly id?: string }; readonly source?: { readonly ip?: string };
  });
  const failed = documents.filter(({ event }) => event.outcome === 'failure' && event.category?.includes('authentication') === true);
  assert.ok(failed.length > 0);
  const { status, stdout, stderr } = await run('failed-logons.sh', '--once');
  assert.equal(status, 0, stderr);
  assert.deepEqual(stdout.split('\n').slice(0, -1).sort(), failed.map(({ '@timestamp': time, user, source }) => [time, user?.id ?? '-', source?.ip ?? '-'].join('\t')).sort());
});
