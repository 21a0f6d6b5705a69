/** A tenant that moves between two real collectors, and one that comes from Filebeat. */
import assert from 'node:assert/strict';
import { appendFileSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { untilListable } from '../../support/backlog.ts';
import { simulatedEvents } from '../../support/events.ts';
import { runProgram, startProgram } from '../../support/program.ts';
import { idsOf, startSimulation } from '../../support/simulation.ts';

describe('o365audit state', () => {
  test('moves a tenant: the next collector delivers nothing again, and goes on counting', async () => {
    const simulation = await startSimulation({ eventCount: 200 });
    try {
      await runProgram(['collect', ...simulation.words, '--once']);
      const [file, elsewhere] = [join(simulation.folder, 'moved.state'), join(simulation.folder, 'elsewhere')];
      const exporting = await runProgram(['state', 'export', '--state-dir', simulation.stateDir]);
      writeFileSync(file, exporting.stdout);
      const importing = await runProgram(['state', 'import', file, '--state-dir', elsewhere]);
      assert.equal(importing.ending?.status, 0, importing.stderr);
      const next = await runProgram(['collect', '-c', simulation.config, '--state-dir', elsewhere, '--once']);
      assert.deepEqual([next.ending?.status, next.lines()], [0, []]);
      const status = JSON.parse((await runProgram(['status', '--state-dir', elsewhere, '--json'])).stdout) as { readonly tenants: readonly { readonly content_types: readonly { readonly counts: { readonly events_delivered: number } }[] }[] };
      assert.equal(status.tenants[0]?.content_types.reduce((sum, { counts }) => sum + counts.events_delivered, 0), 200);
      const again = await runProgram(['state', 'import', file, '--state-dir', elsewhere]);
      assert.deepEqual([again.ending?.status, again.stderr.includes('STATE_TENANT_KNOWN')], [2, true]);
    } finally {
      await simulation.close();
    }
  });

  test('has a tenant go on under its GUID that was configured by a domain, and the reverse: nothing is delivered again, owed or counted wrongly', async () => {
    const simulation = await startSimulation({ eventCount: 100 });
    try {
      const { stateDir, config, simulator: { tenants: [tenant = assert.fail()] } } = simulation;
      const [byGuid, byDomain] = [readFileSync(config, 'utf8'), readFileSync(config, 'utf8').replace(`id: "${tenant.id}"`, `id: "${tenant.domain}"`)];
      assert.notEqual(byGuid, byDomain);
      const collect = async (text: string): Promise<number> => {
        writeFileSync(config, text);
        const program = await runProgram(['collect', ...simulation.words, '--once']);
        assert.equal(program.ending?.status, 0, program.stderr);
        return program.lineCount;
      };
      const rename = (...words: readonly string[]) => runProgram(['state', 'rename', ...words, '--state-dir', stateDir]);
      assert.equal(await collect(byDomain), 100);
      for (const [from, to, text] of [[tenant.domain.toUpperCase(), tenant.id, byGuid], [tenant.id, tenant.domain, byDomain]] as const) {
        const renamed = await rename(from, to);
        assert.equal(renamed.ending?.status, 0, renamed.stderr);
        assert.match(renamed.stderr, new RegExp(`^The tenant ${from} goes on as ${to}\\.`));
        assert.deepEqual(readdirSync(join(stateDir, 'ledger')), [`${to}.journal`]);
        assert.equal(await collect(text), 0, 'all of it was delivered under the other name');
        const status = JSON.parse((await runProgram(['status', '--state-dir', stateDir, '--json'])).stdout) as { readonly is_well: boolean; readonly tenants: readonly { readonly id: string; readonly content_types: readonly { readonly counts: { readonly events_delivered: number } }[] }[] };
        assert.deepEqual([status.is_well, status.tenants.map(({ id, content_types: types }) => [id, types.reduce((sum, { counts }) => sum + counts.events_delivered, 0)])], [true, [[to, 100]]]);
      }
      for (const [words, code] of [[['nobody.example', tenant.id], 'STATE_TENANT_UNKNOWN'], [[tenant.domain, tenant.domain], 'STATE_TENANT_KNOWN'], [[tenant.domain, 'x'], 'USAGE']] as const) {
        const { ending, stderr } = await rename(...words);
        assert.deepEqual([ending?.status, stderr.includes(`[${code}]`)], [2, true], stderr);
      }
      // what is damaged stays so, for the collector to mend
      appendFileSync(join(stateDir, 'ledger', `${tenant.domain}.journal`), 'garbage\n');
      assert.equal((await rename(tenant.domain, tenant.id)).ending?.status, 0);
      assert.ok(readFileSync(join(stateDir, 'ledger', `${tenant.id}.journal`), 'utf8').endsWith('garbage\n'));
      writeFileSync(config, byGuid);
      const running = startProgram(['collect', ...simulation.words]);
      await running.said('Everything that there was has been delivered.');
      assert.equal(running.lineCount, 0, running.stderr);
      const refused = await rename(tenant.id, 'other.example');
      assert.deepEqual([refused.ending?.status, refused.stderr.includes(`process ${running.child.pid}`)], [4, true], refused.stderr);
      await running.kill();
      assert.doesNotMatch(running.stderr, /A tenant begins anew/);
      // who does not say it beforehand is told
      writeFileSync(config, byDomain);
      const unforeseen = await runProgram(['collect', ...simulation.words, '--once']);
      assert.match(unforeseen.stderr, new RegExp(`warn  A tenant begins anew.*o365audit state rename\\. begins=${tenant.domain} known=${tenant.id}`));
      assert.doesNotMatch((await runProgram(['collect', ...simulation.words, '--once'])).stderr, /A tenant begins anew/);
    } finally {
      await simulation.close();
    }
  });

  test('leaves the memory of single events behind, and says so: one that comes in a blob after the move is sent once more, but not from a copy of the whole directory', async () => {
    const simulation = await startSimulation({ eventCount: 0 });
    try {
      const ndjson = simulatedEvents().slice(0, 3).map(({ text }) => text.toString('latin1')).join('\n');
      const addBlob = async (): Promise<void> => {
        simulation.simulator.addEvents({ ndjson, keepIds: true });
        await untilListable();
      };
      await addBlob();
      const before = await runProgram(['collect', ...simulation.words, '--once']);
      assert.equal(before.lineCount, 3, before.stderr);
      const [file, moved, copied] = ['moved.state', 'moved', 'copied'].map((name) => join(simulation.folder, name)) as [string, string, string];
      mkdirSync(join(simulation.stateDir, 'dead-letters'));
      writeFileSync(join(simulation.stateDir, 'dead-letters/0.letter'), '');
      const exporting = await runProgram(['state', 'export', '--state-dir', simulation.stateDir]);
      assert.match(exporting.stderr, /^1 event waits in dead letters, and stays in /);
      writeFileSync(file, exporting.stdout);
      const importing = await runProgram(['state', 'import', file, '--state-dir', moved]);
      assert.match(importing.stderr, /one that was delivered and comes in another blob, too, is sent once more/);
      cpSync(simulation.stateDir, copied, { recursive: true });
      await addBlob();
      const collect = (stateDir: string) => runProgram(['collect', '-c', simulation.config, '--state-dir', stateDir, '--once']);
      assert.deepEqual([idsOf((await collect(moved)).lines()).sort(), (await collect(copied)).lines()], [idsOf(before.lines()).sort(), []]);
    } finally {
      await simulation.close();
    }
  });

  test('lets the collector go on where Filebeat has stopped', async () => {
    const simulation = await startSimulation({ eventCount: 400 });
    try {
      const id = simulation.simulator.tenants[0]?.id ?? '';
      const registry = join(simulation.folder, 'registry/filebeat');
      mkdirSync(registry, { recursive: true });
      writeFileSync(join(registry, 'meta.json'), '{"version":"1"}');
      const seconds = Math.floor(Date.now() / 1000);
      writeFileSync(join(registry, 'log.json'), `{"op":"set","id":1}\n${JSON.stringify({ k: `o365audit::${id}::Audit.Exchange`, v: { cursor: { timestamp: [281_470_681_743_360, seconds], line: 0 } } })}\n`);
      const importing = await runProgram(['state', 'import', '--filebeat-registry', simulation.folder, '--state-dir', simulation.stateDir]);
      assert.match(importing.stdout, new RegExp(`^${id} Audit\\.Exchange goes on from ${new Date(seconds * 1000).toISOString()}\n$`), importing.stderr);
      const collecting = await runProgram(['collect', ...simulation.words, '--overlap', '0s', '--relist-interval', '168h', '--once']);
      const ids = idsOf(collecting.lines());
      const old = simulation.simulator.books.expectedIds({ contentType: 'Audit.Exchange' });
      assert.ok(old.size > 0 && ids.length === 400 - old.size && ids.every((each) => !old.has(each)), `${ids.length} of 400, ${old.size} of which Filebeat had`);
    } finally {
      await simulation.close();
    }
  });

  test('says what to say when it is not said', async () => {
    for (const words of [[], ['export', 'a', 'b'], ['import'], ['import', 'a', 'b'], ['rename'], ['rename', 'a'], ['rename', 'a', 'b.example', 'c'], ['move'], ['export', '--filebeat-registry', '/x']]) {
      const { ending, stderr } = await runProgram(['state', ...words, '--state-dir', '/nonexistent']);
      assert.deepEqual([ending?.status, stderr.includes('[USAGE]')], [2, true], stderr);
    }
    const nothing = await runProgram(['state', 'export', '--state-dir', '/nonexistent']);
    assert.match(nothing.stderr, /it has none\..*\[STATE_TENANT_UNKNOWN\]/);
  });
});
