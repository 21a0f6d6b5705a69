import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { AuditError } from '../../../plugin/errors.ts';
import { openLedger } from '../../../plugin/ledger/ledger.ts';
import { silentLog, type LogLine } from '../../../plugin/telemetry/log.ts';
import { FIRST_BLOB_MS, testBlob } from '../../support/blobs.ts';
import { createManualClock } from '../../support/manual-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-state-'));
after(() => rmSync(folder, { recursive: true }));
const clock = createManualClock(FIRST_BLOB_MS);
const writer = join(import.meta.dirname, '../../support/ledger-writer.js');

describe('the ledger', () => {
  test('makes a private folder, and a journal for each tenant whatever its name', async () => {
    const directory = join(folder, 'new', 'state');
    const ledger = await openLedger({ directory }, clock, silentLog);
    const names = ['Contoso.com', 'contoso.com', '7d1c0f5e-2f0a-4a57-9d0a-3a1b5d7e9c11', '../../escape', '..', ''];
    const tenants = await Promise.all(names.map((name) => ledger.tenant(name)));
    assert.equal(tenants[0], tenants[1], 'domains have no case');
    assert.equal(new Set(tenants).size, 5);
    tenants[2]?.owe([testBlob(1)]);
    assert.deepEqual(tenants.map(({ counts }) => counts.owed), [0, 0, 1, 0, 0, 0]);
    assert.equal(statSync(directory).mode & 0o777, 0o700);
    assert.equal(statSync(join(directory, 'ledger')).mode & 0o777, 0o700);
    assert.equal(readdirSync(join(directory, 'ledger')).length, 5);
    assert.deepEqual(readdirSync(folder), ['new']);
    await ledger.close();
    assert.deepEqual(readdirSync(directory), ['ledger']);
  });

  test('is for one process at a time, and writes everything before it lets the next one in', async () => {
    const directory = join(folder, 'shared');
    const first = await openLedger({ directory }, clock, silentLog);
    const tenant = await first.tenant('contoso.com');
    tenant.owe([testBlob(1)]);
    await assert.rejects(openLedger({ directory }, clock, silentLog), (error) => error instanceof AuditError && error.code === 'LEDGER_LOCKED');
    await first.close();
    const second = await openLedger({ directory }, clock, silentLog);
    assert.equal((await second.tenant('contoso.com')).counts.owed, 1);
    await second.close();
  });

  test('in a directory that cannot be one is refused as that', async () => {
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'file'), '');
    await assert.rejects(openLedger({ directory: join(folder, 'file') }, clock, silentLog), (error) => error instanceof AuditError && error.code === 'LEDGER_DIRECTORY');
  });

  test('keeps every promise of a process that is killed at any moment, over and over', async () => {
    const directory = join(folder, 'killed');
    const committed = new Set<string>();
    let rounds = 0;
    // on a slow machine each run gets less far
    for (let kill = 0; kill < 12 || (committed.size <= 500 && kill < 60); kill += 1) {
      // Journals are written anew all the time, so that kills hit that too.
      const { text, complete } = await runAndKill([directory, '6000', String(rounds)], 15 + kill % 12 * 11);
      const lines = complete ? text.split('\n') : text.split('\n').slice(0, -1);
      for (const line of lines) if (line.startsWith('committed ')) committed.add(line.slice('committed '.length));

      const said: LogLine[] = [];
      const ledger = await openLedger({ directory }, clock, (line) => said.push(line));
      const tenant = await ledger.tenant('contoso.com');
      const owed = new Set(tenant.owed().map(({ contentId }) => contentId));
      for (const id of committed) assert.ok(!owed.has(id), `${id} was committed`);
      assert.ok(tenant.counts.committed >= committed.size, `${tenant.counts.committed} of ${committed.size} commits`);
      // Whatever counts as listed is known: nothing can be skipped by the next listing.
      rounds = (tenant.listedUntilMs('Audit.General') ?? -1) + 1;
      for (let round = 0; round < rounds; round += 1) {
        assert.equal(tenant.owe(Array.from({ length: 20 }, (_, number) => testBlob(round * 100 + number))).length, 0, `round ${round} of ${rounds}`);
      }
      assert.ok(!said.includes('ledger.bad_line'), 'a kill cuts, it does not damage');
      assert.ok(said.includes('ledger.stale_lock'));
      await ledger.close();
    }
    assert.ok(committed.size > 500, `only ${committed.size} commits were seen`);
  });
});

/** Runs the writer, and kills it some time after its first commit; gives back what it said. */
function runAndKill(args: readonly string[], afterMs: number): Promise<{ readonly text: string; readonly complete: boolean }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [writer, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    let armed = false;
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
      if (armed || !text.includes('committed ')) return;
      armed = true;
      // Real time, on purpose: the moment of the kill is what is varied.
      setTimeout(() => child.kill('SIGKILL'), afterMs);
    });
    child.once('error', reject);
    child.once('close', (_code, signal) => signal === 'SIGKILL' ? resolve({ text, complete: text.endsWith('\n') }) : reject(new Error(`the writer ended by itself: ${text.slice(-300)}`)));
  });
}
