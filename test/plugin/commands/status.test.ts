/** The status of real collectors that read from the real simulator, while they run, after they ended, and after they were killed. */
import assert from 'node:assert/strict';
import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { status } from '../../../plugin/commands/status.ts';
import { openLedger } from '../../../plugin/ledger/ledger.ts';
import { silentLog } from '../../../plugin/telemetry/log.ts';
import { CONTENT_TYPES, type ContentType, type Surroundings } from '../../../plugin/types.ts';
import { codeOf } from '../../support/failures.ts';
import { testBlob, FIRST_BLOB_MS } from '../../support/blobs.ts';
import { createManualClock } from '../../support/manual-clock.ts';
import { runProgram, startProgram } from '../../support/program.ts';
import { startSimulation } from '../../support/simulation.ts';
import { argumentsOf, testSurroundings } from '../../support/surroundings.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-status-'));
after(() => rmSync(folder, { recursive: true }));

/** What `o365audit status` says and ends with. */
async function run(words: readonly string[], changes: Partial<Surroundings> = {}): Promise<{ readonly code: number; readonly text: string }> {
  const surroundings = testSurroundings(changes);
  const code = await status(await argumentsOf('status', words, surroundings.env), surroundings);
  return { code, text: surroundings.said.stdout };
}

interface Json {
  readonly is_well: boolean;
  readonly problems: readonly { readonly sentence: string }[];
  readonly collector: { readonly is_running: boolean; readonly process_id: number; readonly end_reason?: string };
  readonly tenants: readonly { readonly id: string; readonly quota: { readonly used: number }; readonly content_types: readonly { readonly content_type: string; readonly lag_seconds: number; readonly blobs_owed: number; readonly blobs_parked: number; readonly counts: Readonly<Record<string, number>> }[] }[];
  readonly losses: readonly { readonly what: string; readonly content_type: string; readonly reason: string }[];
}

async function runJson(words: readonly string[], changes: Partial<Surroundings> = {}): Promise<Json & { readonly code: number }> {
  const { code, text } = await run([...words, '--json'], changes);
  return { ...JSON.parse(text) as Json, code };
}

describe('o365audit status', () => {
  test('counts what a run listed, fetched and delivered, as the service has it in its books, and goes on counting in the next run', async () => {
    const simulation = await startSimulation({ eventCount: 500 });
    try {
      for (const round of [1, 2]) {
        await runProgram(['collect', ...simulation.words, '--once']);
        const { code, is_well: isWell, collector, tenants: [tenant] } = await runJson(['--state-dir', simulation.stateDir]);
        assert.deepEqual([code, isWell, collector.is_running, collector.end_reason], [0, true, false, 'everything is delivered']);
        const [books = assert.fail()] = Object.values(simulation.simulator.books.snapshot().tenants);
        assert.deepEqual(tenant?.content_types.map(({ content_type: type }) => type), CONTENT_TYPES);
        for (const { content_type: type, counts, lag_seconds: lag, blobs_owed: owed } of tenant.content_types) {
          const feed = books.contentTypes[type as ContentType] ?? assert.fail();
          assert.deepEqual([counts.blobs_listed, counts.blobs_fetched, counts.blobs_delivered, counts.events_delivered], [feed.blobs, feed.timesServed, feed.blobs, feed.expectedEvents], type);
          if (round === 1) assert.equal(counts.blobs_listed_again, 0, type);
          assert.ok((counts.bytes_fetched ?? 0) > 0, type);
          assert.ok(lag < 600 && owed === 0, type);
        }
      }
    } finally {
      await simulation.close();
    }
  });

  test('goes on counting after a run that could not start', async () => {
    const simulation = await startSimulation({ eventCount: 60 });
    try {
      await runProgram(['collect', ...simulation.words, '--once']);
      const before = await runJson(['--state-dir', simulation.stateDir]);
      const taken = simulation.simulator.url.host;
      assert.match((await runProgram(['collect', ...simulation.words, '--once', '--metrics', taken])).stderr, /METRICS_ADDRESS/);
      const { code, problems, tenants } = await runJson(['--state-dir', simulation.stateDir]);
      assert.equal(code, 1);
      assert.match(problems.map(({ sentence }) => sentence).join(), /Metrics cannot be served/);
      assert.deepEqual(tenants.map((tenant) => tenant.content_types.map(({ counts }) => counts)), before.tenants.map((tenant) => tenant.content_types.map(({ counts }) => counts)));
    } finally {
      await simulation.close();
    }
  });

  test('shows a running collector what it is at and what is the matter, and needs no secret and no configuration that works', async () => {
    const simulation = await startSimulation({ eventCount: 60 }, (text) => text.replace(/client_secret: ".*"/, 'client_secret: ${NOWHERE_TO_BE_FOUND}'));
    try {
      const program = startProgram(['collect', ...simulation.words, '--metrics', '127.0.0.1:0', '-M', 'o365.audit.var.client_secret=${GOOD}'], { env: { GOOD: simulation.simulator.clientSecret } });
      await program.said('Everything that there was has been delivered');
      await program.until(() => deliveredBy(readStanding(simulation.stateDir)) === 60, 'the status was written');
      const good = await run(['-c', simulation.config, '--state-dir', simulation.stateDir]);
      assert.equal(good.code, 0, good.text);
      assert.match(good.text, /running for \d+ s \(process \d+\)[^]*requests in the last minute[^]*✓ All is well\.\n$/);
      const metrics = await (await fetch(/Metrics and health are served\. url=(\S+)/.exec(program.stderr)?.[1] ?? '')).text();
      const delivered = [...metrics.matchAll(/^o365audit_events_delivered_total\{.*\} (\d+)$/gm)].map(([, count]) => Number(count));
      assert.deepEqual([delivered.length, delivered.reduce((sum, count) => sum + count, 0)], [5, 60]);
      await program.kill();
      const killed = await runJson(['--state-dir', simulation.stateDir]);
      assert.deepEqual([killed.code, killed.collector.is_running, killed.problems.length], [1, false, 1]);
      assert.match(killed.problems[0]?.sentence ?? '', /sudden end/);
      assert.equal(killed.tenants[0]?.content_types.reduce((sum, { counts }) => sum + (counts.events_delivered ?? 0), 0), 60);
    } finally {
      await simulation.close();
    }
  });

  test('names a tenant that is refused, with the repair', async () => {
    const simulation = await startSimulation({ eventCount: 10, tenants: 2 });
    try {
      await runProgram(['collect', ...simulation.words, '--once']);
      simulation.simulator.faults.set('auditing-off', { tenant: simulation.simulator.tenants[0]?.id ?? '' });
      const program = startProgram(['collect', ...simulation.words]);
      await program.said('The tenant cannot be collected until somebody mends this');
      await program.until(() => readStanding(simulation.stateDir).includes('API_TENANT'), 'the status was written');
      const { code, problems } = await runJson(['--state-dir', simulation.stateDir]);
      assert.equal(code, 1);
      assert.ok(problems.some(({ sentence }) => sentence.includes('does not take this tenant')), JSON.stringify(problems));
      await program.kill();
    } finally {
      await simulation.close();
    }
  });

  test('lists what was lost, and tells what is owed, from the journals alone', async () => {
    const directory = join(folder, 'lost');
    const clock = createManualClock(FIRST_BLOB_MS + 3_600_000);
    const ledger = await openLedger({ directory }, clock, silentLog);
    const tenant = await ledger.tenant('contoso.com');
    tenant.owe([testBlob(1), testBlob(2), testBlob(3)]);
    tenant.park(testBlob(3), 'the log agent did not take it');
    tenant.listed('Audit.General', FIRST_BLOB_MS + 1_800_000);
    clock.jump(-1_000);
    tenant.loseWindow('DLP.All', { startMs: FIRST_BLOB_MS - 7_200_000, endMs: FIRST_BLOB_MS }, 'The disk was full.');
    clock.jump(1_000);
    await tenant.commit(testBlob(1));
    await tenant.lose(testBlob(2), 'it expired before it could be fetched');
    await ledger.close();
    const { losses, tenants: [surveyed], code } = await runJson(['--state-dir', directory], { clock });
    assert.equal(code, 1, 'no collector runs');
    assert.deepEqual(losses.map(({ what, content_type: type, reason }) => [what.replace(/blob .*/, 'blob'), type, reason]), [
      ['everything from 2026-08-31T22:00:00.000Z to 2026-09-01T00:00:00.000Z', 'DLP.All', 'The disk was full.'], ['the content blob', 'Audit.General', 'it expired before it could be fetched'],
    ]);
    assert.deepEqual(surveyed?.content_types.map(({ content_type: type, blobs_owed: owed, blobs_parked: parked, lag_seconds: lag }) => [type, owed, parked, lag]), [['Audit.General', 1, 1, 3_597]]);
    appendFileSync(join(directory, 'ledger/contoso.com.journal'), 'garbage\n');
    assert.match((await run(['--state-dir', directory], { clock })).text, /1 lines of the journal .* are damaged/);
  });

  test('finds the state directory as the collector does: by flag, environment, file, or beside the file', async () => {
    const place = join(folder, 'place');
    await (await openLedger({ directory: join(place, 'o365audit-state') }, createManualClock(), silentLog)).close();
    for (const [words, env, directory] of [
      [['-c', join(place, 'o365.yml')], {}, join(place, 'o365audit-state')],
      [['-c', join(place, 'named.yml')], {}, join(place, 'named')],
      [['-c', join(place, 'named.yml')], { O365AUDIT_STATE_DIR: join(place, 'given') }, join(place, 'given')],
      [['--state-dir', join(place, 'flag')], {}, join(place, 'flag')],
    ] as const) {
      writeFileSync(join(place, 'o365.yml'), '- module: o365\n  audit: {enabled: true, var.client_secret: "${NOT_THERE}"}\n');
      writeFileSync(join(place, 'named.yml'), '- collector: {state_dir: named}\n');
      const said = await run(words, { env }).then(({ text }) => text, (error: unknown) => String(error));
      assert.ok(said.includes(`${directory} `), `${said} names ${directory}`);
    }
    assert.equal(await codeOf(run(['--state-dir', join(place, 'flag')])), 'STATUS_NOTHING');
    assert.equal(await codeOf(run(['-c', join(place, 'missing.yml')])), 'CONFIG_MISSING');
    writeFileSync(join(place, 'plain'), '');
    assert.equal(await codeOf(run(['--state-dir', join(place, 'plain')])), 'LEDGER_DIRECTORY');
  });
});

/** How many events are delivered by what is written. */
function deliveredBy(standing: string): number {
  return [...standing.matchAll(/"eventsDelivered":(\d+)/g)].reduce((sum, [, count]) => sum + Number(count), 0);
}

function readStanding(directory: string): string {
  try {
    return readFileSync(join(directory, 'status.json'), 'utf8');
  } catch {
    return '';
  }
}
