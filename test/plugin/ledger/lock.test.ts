import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { holderOf, takeLock } from '../../../plugin/ledger/lock.ts';
import { silentLog, type LogLine } from '../../../plugin/telemetry/log.ts';
import type { Clock } from '../../../plugin/types.ts';
import { failureOf } from '../../support/failures.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-lock-'));
after(() => rmSync(folder, { recursive: true }));
/** Time stands still, but whoever waits really waits. */
const clock: Clock = { nowMs: () => Date.UTC(2026, 8, 1), wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) };
const writer = join(import.meta.dirname, '../../support/ledger-writer.js');
let directories = 0;

function newDirectory(): string {
  directories += 1;
  const path = join(folder, String(directories));
  mkdirSync(path);
  return path;
}

/** Starts a process that wants the directory, and waits for its first word. */
async function contender(directory: string): Promise<{ readonly child: ChildProcess; readonly word: string }> {
  const child = spawn(process.execPath, [writer, directory], { stdio: ['ignore', 'pipe', 'inherit'] });
  const word = await new Promise<string>((resolve, reject) => {
    child.stdout.setEncoding('utf8').once('data', (text: string) => resolve(text.trim()));
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`ended with ${String(code)} without a word`)));
  });
  return { child, word };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await gone;
}

/** A socket that nobody listens on: renamed away from its server, and so not removed when that closes. */
async function leaveBehind(directory: string, name: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(join(directory, 'old'), resolve));
  renameSync(join(directory, 'old'), join(directory, name));
  await new Promise((resolve) => server.close(resolve));
}

describe('a lock', () => {
  test('is held by one, who is named to all others, and can be taken after its release', async () => {
    const directory = newDirectory();
    const first = await takeLock(directory, clock, silentLog);
    const refusal = await failureOf(takeLock(directory, clock, silentLog));
    assert.equal(refusal.code, 'LEDGER_LOCKED');
    assert.equal(refusal.message, `The state directory ${directory} is in use by process ${process.pid}, since 2026-09-01T00:00:00.000Z.`);
    await first.release();
    assert.deepEqual(readdirSync(directory), []);
    await (await takeLock(directory, clock, silentLog)).release();
  });

  test('tells who asks why nothing can be written to the directory, however long that is, until it can', async () => {
    const directory = newDirectory();
    const lock = await takeLock(directory, clock, silentLog);
    assert.deepEqual(await holderOf(directory), { pid: process.pid, since: '2026-09-01T00:00:00.000Z', holding: true });
    for (const [reason, told] of [['ENOSPC', 'ENOSPC'], ['\u0001'.repeat(10_000), '\u0001'.repeat(300)], [undefined, undefined]] as const) {
      lock.tell(reason);
      assert.equal((await holderOf(directory))?.unwritten, told);
    }
    await lock.release();
  });

  test('left by a killed process is recognised and taken over', async () => {
    const directory = newDirectory();
    const { child, word } = await contender(directory);
    assert.equal(word, `holding ${String(child.pid)}`);
    const refusal = await failureOf(takeLock(directory, clock, silentLog));
    assert.equal(refusal.values.pid, child.pid);
    await kill(child);
    assert.match(readdirSync(directory).join(), new RegExp(`\\block-${String(child.pid)}-`));
    const lines: LogLine[] = [];
    const lock = await takeLock(directory, clock, (line) => lines.push(line));
    assert.deepEqual(lines, ['ledger.stale_lock']);
    await lock.release();
  });

  test('is taken by exactly one of many who come at once, be it free or left behind', async () => {
    for (let round = 0; round < 30; round += 1) {
      const directory = newDirectory();
      for (let left = 0; left < round % 3; left += 1) await leaveBehind(directory, `lock-${left}-left.sock`);
      const results = await Promise.allSettled(Array.from({ length: 8 }, () => takeLock(directory, clock, silentLog)));
      const winners = results.filter((result) => result.status === 'fulfilled');
      assert.equal(winners.length, 1, `round ${round}`);
      for (const result of results) if (result.status === 'rejected') assert.match(String(result.reason), /is in use by process/);
      assert.equal((await failureOf(takeLock(directory, clock, silentLog))).code, 'LEDGER_LOCKED', 'who comes later finds the holder');
      assert.equal(readdirSync(directory).length, 1, 'nothing else is left lying about');
      await winners[0]?.value.release();
    }
  });

  test('is taken by exactly one of several processes, again and again, though the last one was killed', async () => {
    const directory = newDirectory();
    for (let round = 0; round < 3; round += 1) {
      const contenders = await Promise.all(Array.from({ length: 3 }, () => contender(directory)));
      const holders = contenders.filter(({ word }) => word.startsWith('holding'));
      assert.equal(holders.length, 1, JSON.stringify(contenders.map(({ word }) => word)));
      const pid = String(holders[0]?.child.pid);
      for (const { word } of contenders) assert.ok(word === `holding ${pid}` || word.includes(`in use by process ${pid},`) || word.includes('(it does not answer)'), word);
      await Promise.all(contenders.map(({ child }) => kill(child)));
    }
  });

  test('held by somebody who does not answer is held all the same', async () => {
    const directory = newDirectory();
    const server = createServer(() => undefined);
    await new Promise<void>((resolve) => server.listen(join(directory, 'lock-1-busy.sock'), resolve));
    const refusal = await failureOf(takeLock(directory, clock, silentLog));
    assert.equal(refusal.code, 'LEDGER_LOCKED');
    assert.match(refusal.message, /does not answer/);
    server.close();
  });

  test('in a path too long for a socket is refused as that', async () => {
    const directory = join(folder, 'x'.repeat(120));
    mkdirSync(directory);
    assert.equal((await failureOf(takeLock(directory, clock, silentLog))).code, 'LEDGER_PATH_TOO_LONG');
  });

  test('in a directory that is none is refused as that', async () => {
    writeFileSync(join(folder, 'file'), '');
    assert.equal((await failureOf(takeLock(join(folder, 'file'), clock, silentLog))).code, 'LEDGER_DIRECTORY');
    assert.equal((await failureOf(takeLock(join(folder, 'missing'), clock, silentLog))).code, 'LEDGER_DIRECTORY');
  });

  test('that is a plain file is removed: nobody can be listening there', async () => {
    const directory = newDirectory();
    writeFileSync(join(directory, 'lock-1-plain.sock'), 'not a socket');
    await (await takeLock(directory, clock, silentLog)).release();
    assert.deepEqual(readdirSync(directory), []);
  });
});
