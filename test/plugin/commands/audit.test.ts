/** Audits of real state directories against the real simulator, beside a collector that runs and without one. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { FAILURES } from '../../../plugin/errors.ts';
import type { BlobInBooks } from '../../../plugin/simulator/books.ts';
import type { ContentType } from '../../../plugin/types.ts';
import { inLedger } from '../../support/earlier-run.ts';
import { startForwardHost } from '../../support/forward-host.ts';
import { runProgram, startProgram } from '../../support/program.ts';
import { eventIdOf, idsOf, withSimulation, type Simulation } from '../../support/simulation.ts';

interface Json {
  readonly is_complete: boolean;
  readonly is_repaired: boolean;
  readonly failed: readonly { readonly tenant: string }[];
  readonly tenants: readonly { readonly id: string; readonly content_types: readonly { readonly content_type: ContentType; readonly blobs_listed: number; readonly blobs_delivered: number; readonly blobs_waiting: number; readonly blobs_to_be_listed: number; readonly blobs_missing: number; readonly missing_blobs_by_hour: Readonly<Record<string, number>> }[] }[];
}

async function audit(simulation: Simulation, ...words: readonly string[]): Promise<Json & { readonly status: number | null | undefined }> {
  const program = await runProgram(['audit', ...simulation.words, '--overlap', '1h', '--json', ...words]);
  const line = [...program.lines(), ...program.stderr.split('\n')].find((each) => each.startsWith('{"is_complete"'));
  assert.ok(line !== undefined, program.stderr);
  return { ...JSON.parse(line) as Json, status: program.ending?.status };
}

/** Makes the ledger forget so many delivered blobs, as if it had never heard of them; which ones those were. */
function forget({ stateDir, simulator }: Simulation, count: number): readonly BlobInBooks[] {
  const folder = join(stateDir, 'ledger');
  const forgotten = new Set<string>();
  for (const name of readdirSync(folder)) {
    const lines = readFileSync(join(folder, name), 'utf8').split(/(?<=\n)/);
    for (const line of lines) {
      const { fact, id } = JSON.parse(line.slice(9)) as { readonly fact: string; readonly id: string };
      if (fact === 'committed' && forgotten.size < count) forgotten.add(id);
    }
    writeFileSync(join(folder, name), lines.filter((line) => ![...forgotten].some((id) => line.includes(JSON.stringify(id)))).join(''));
  }
  return simulator.books.blobs().filter(({ contentId }) => forgotten.has(contentId));
}

/** How many blobs there are of each tenant, content type and hour. */
function countsOf(blobs: readonly BlobInBooks[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { tenantId, contentType, createdMs } of blobs) {
    const name = [tenantId, contentType, `${new Date(createdMs).toISOString().slice(0, 13).replace('T', ' ')}:00`].join();
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** A simulation whose events all came before the overlap begins, collected. */
function collected(act: (simulation: Simulation) => Promise<void>, output: readonly string[] = []): Promise<void> {
  return withSimulation({ eventCount: 600, tenants: 2 }, async (simulation) => {
    await runProgram(['collect', ...simulation.words, '--once', ...output]);
    await act(simulation);
  });
}

describe('o365audit audit', () => {
  test('finds nothing missing where all was delivered, lists each blob once, and fetches none', () => collected(async (simulation) => {
    const before = simulation.simulator.books.snapshot();
    const { status, is_complete: isComplete, tenants } = await audit(simulation);
    assert.deepEqual([status, isComplete, tenants.length], [0, true, 2]);
    const after = simulation.simulator.books.snapshot();
    for (const { id, content_types: types } of tenants) {
      for (const { content_type: type, blobs_listed: listed, blobs_delivered: delivered } of types) {
        const feed = after.tenants[id]?.contentTypes[type] ?? assert.fail();
        assert.deepEqual([listed, delivered], [feed.blobs, feed.blobs]);
        assert.equal(feed.timesServed, before.tenants[id]?.contentTypes[type]?.timesServed);
      }
    }
  }));

  test('names what is missing by tenant, type and hour, has it fetched where no collector runs, and then nothing is missing', () => collected(async (simulation) => {
    const forgotten = forget(simulation, 7);
    const found = await audit(simulation);
    assert.deepEqual([found.status, found.is_complete], [1, false]);
    const missing = found.tenants.flatMap(({ id, content_types: feeds }) => feeds.map((feed) => ({ id, ...feed })));
    assert.equal(missing.reduce((sum, { blobs_missing: count }) => sum + count, 0), 7);
    const named = missing.flatMap(({ id, content_type: type, missing_blobs_by_hour: hours }) => Object.entries(hours).map(([hour, count]) => [[id, type, hour].join(), count]));
    assert.deepEqual(Object.fromEntries(named), countsOf(forgotten));
    for (const { blobs_missing: count, missing_blobs_by_hour: hours } of missing) assert.equal(Object.values(hours).reduce((sum, each) => sum + each, 0), count);
    const words = await runProgram(['audit', ...simulation.words, '--overlap', '1h']);
    assert.match(words.stdout, /1 blob missing\n[^]*! 7 content blobs are missing\.\n$/);

    const repairing = await runProgram(['audit', ...simulation.words, '--overlap', '1h', '--repair']);
    assert.equal(repairing.ending?.status, 0, repairing.stderr);
    assert.match(repairing.stderr, /7 content blobs were missing, and have been fetched and delivered\.\n✓ Nothing is missing any more\.\n$/);
    const ids = forgotten.flatMap((blob) => blob.ids.flatMap((id) => id === undefined ? [] : [eventIdOf(blob.contentType, id)]));
    assert.deepEqual(idsOf(repairing.lines()).sort(), ids.sort(), 'stdout has the events of those blobs and nothing else');
    assert.equal((await audit(simulation)).is_complete, true);
  }));

  test('beside a running collector leaves it the fetching, and waits until that is done', async () => {
    const host = await startForwardHost();
    try {
      await collected(async (simulation) => {
        forget(simulation, 3);
        const running = startProgram(['collect', ...simulation.words, '--overlap', '1h', '--output', host.url]);
        await running.until(() => running.stdout.includes('"caught_up"') || running.stderr.includes('Everything that there was'), 'it has caught up');
        const { status, is_repaired: isRepaired } = await audit(simulation, '--repair', '--output', host.url);
        assert.deepEqual([status, isRepaired], [0, true]);
        assert.deepEqual(new Set(host.received.keys()), simulation.expectedIds());
        assert.equal(running.ending, undefined);
        await running.kill();
      }, ['--output', host.url]);
    } finally {
      await host.close();
    }
  });

  test('says of a state directory that cannot be used that it is that', () => collected(async (simulation) => {
    const file = join(simulation.stateDir, 'a-file');
    writeFileSync(file, '');
    const { stderr, ending } = await runProgram(['audit', ...simulation.words.map((word) => word === simulation.stateDir ? file : word)]);
    assert.match(stderr, /The state directory .*a-file cannot be used: .* \[LEDGER_DIRECTORY\]\n$/);
    assert.equal(ending?.status, FAILURES.LEDGER_DIRECTORY.exitStatus);
  }));

  test('takes what is newer than the last listing for what comes next, and not for missing', () => collected(async (simulation) => {
    const id = simulation.simulator.tenants[0]?.id ?? '';
    // as if nothing had ever been listed
    await inLedger(simulation, (tenant) => {
      for (const type of ['Audit.Exchange', 'Audit.General'] as const) tenant.listed(type, 0);
    });
    forget(simulation, Infinity);
    const { status, tenants } = await audit(simulation);
    assert.equal(status, 1);
    const feeds = tenants.find((each) => each.id === id)?.content_types ?? [];
    const sums = Object.fromEntries(feeds.map(({ content_type: type, blobs_missing: missing, blobs_to_be_listed: later }) => [type, [missing > 0, later > 0]]));
    assert.deepEqual(sums, { 'Audit.AzureActiveDirectory': [true, false], 'Audit.Exchange': [false, true], 'Audit.SharePoint': [true, false], 'Audit.General': [false, true], 'DLP.All': [true, false] });
  }));

  test('proves nothing by a state directory in which no collector has listed anything', () => collected(async (simulation) => {
    const words = ['audit', ...simulation.words.map((word) => word === simulation.stateDir ? join(simulation.folder, 'another') : word)];
    const { stdout, ending } = await runProgram(words);
    assert.match(stdout, /! Audit\.General .* 0 delivered, .*\n {6}no collector with this state directory has listed it yet[^]*! Not everything could be looked at\.\n$/);
    assert.equal(ending?.status, 1);
    assert.equal((await runProgram([...words, '--repair'])).ending?.status, 1);
  }));

  test('proves nothing by a configuration in which nothing is enabled, or only files', () => withSimulation({}, async ({ words }) => {
    for (const override of ['o365.audit.enabled=false', 'o365.audit.var={input: file, paths: [none.ndjson]}']) {
      const { stderr, ending } = await runProgram(['audit', ...words, '-M', override]);
      assert.match(stderr, /\[AUDIT_NOTHING\]/);
      assert.equal(ending?.status, 2);
    }
  }));

  test('takes what was given up for missing as long as the service lists it', () => collected(async (simulation) => {
    forget(simulation, 2);
    simulation.simulator.faults.set('blob-expired', { count: 1 });
    const repairing = await runProgram(['audit', ...simulation.words, '--overlap', '1h', '--repair']);
    simulation.simulator.faults.clear();
    assert.match(repairing.stderr, /content blob can no longer be had/);
    const { status, tenants } = await audit(simulation);
    const missing = tenants.flatMap(({ content_types: feeds }) => feeds.map(({ blobs_missing: count }) => count));
    assert.deepEqual([status, missing.reduce((sum, count) => sum + count, 0)], [1, 1]);
    const { is_repaired: isRepaired } = await audit(simulation, '--repair');
    assert.deepEqual([isRepaired, (await audit(simulation)).is_complete], [true, true], 'what was had after all is not lost any more');
    assert.doesNotMatch((await runProgram(['status', '--state-dir', simulation.stateDir])).stdout, /the content blob|was lost/);
  }));

  test('says which tenant could not be audited, audits the others, and does not call that complete', () => collected(async (simulation) => {
    const refused = simulation.simulator.tenants[0]?.id ?? '';
    simulation.simulator.faults.set('auditing-off', { tenant: refused });
    const { status, is_complete: isComplete, failed, tenants } = await audit(simulation);
    assert.deepEqual([status, isComplete, failed.length, tenants.length], [1, false, 1, 1]);
  }));
});
