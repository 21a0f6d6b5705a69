/** The door is tested as what it is: the built program as a child process, with real pipes and signals. */
import assert from 'node:assert/strict';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { after, describe, test } from 'node:test';
import { COMMANDS } from '../../plugin/config/options.ts';

const root = join(import.meta.dirname, '../../..');
const program = join(root, 'dist/o365audit.js');
const folder = mkdtempSync(join(tmpdir(), 'o365audit-main-'));
const started = new Set<ChildProcess>();
after(() => {
  for (const child of started) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

/** The longest time that anything here may take on a busy machine. */
const deadlineMs = 20_000;
const posix = { skip: process.platform === 'win32' };

const config = join(folder, 'o365.yml');
writeFileSync(config, `
- module: o365
  audit:
    enabled: true
    var.application_id: 00000000-0000-4000-8000-00000000a001
    var.tenants: [{id: contoso.com}, {id: fabrikam.com}]
    var.client_secret: \${CANARY}
    input.index: elsewhere
`);
const env = { PATH: process.env.PATH, CANARY: 'canary-in-the-coal-mine' };

const run = (...words: readonly string[]) => spawnSync(process.execPath, [program, ...words], { cwd: folder, env, encoding: 'utf8', timeout: deadlineMs });

function start(...words: readonly string[]): ChildProcess {
  const child = spawn(process.execPath, [program, ...words], { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  started.add(child);
  return child;
}

async function said(stream: Readable | null): Promise<void> {
  assert.ok(stream !== null);
  await once(stream, 'data', { signal: AbortSignal.timeout(deadlineMs) });
}

async function ended(child: ChildProcess): Promise<{ status: number | null; signal: NodeJS.Signals | null }> {
  const [status, signal] = await once(child, 'exit', { signal: AbortSignal.timeout(deadlineMs) }) as [number | null, NodeJS.Signals | null];
  return { status, signal };
}

describe('the program', () => {
  test('says its version, the same by -V and after a command', () => {
    const { stdout, status } = run('--version');
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
    assert.equal(status, 0);
    assert.equal(run('-V').stdout, stdout);
    assert.equal(run('collect', '--version').stdout, stdout);
  });

  test('shows help on stdout, and says what is missing on stderr with status 2', () => {
    const help = run('--help');
    assert.equal(help.status, 0);
    assert.match(help.stdout, /o365audit collect/);
    assert.equal(help.stderr, '');
    const nothing = run();
    assert.equal(nothing.status, 2);
    assert.equal(nothing.stdout, '');
    assert.equal(nothing.stderr, `o365audit: Say what to do: ${Object.keys(COMMANDS).join(', ')}. See o365audit --help. [USAGE]\n`);
  });

  test('proposes the nearest command and flag', () => {
    assert.match(run('colect').stderr, /collect is the nearest/);
    const { status, stderr } = run('collect', '--stat-dir', 'x');
    assert.equal(status, 2);
    assert.match(stderr, /^o365audit: collect has no --stat-dir; --state-dir is the nearest\. .*\[USAGE\]\n$/);
  });

  test('with a mistake among the words of a supervised collector says so in one status record, and waits longer each time', async () => {
    const state = join(folder, 'mistyped');
    for (const [seconds, mistake] of [[1, ['--overlpa', '1h']], [2, ['--once=perhaps']], [4, ['--format']]] as const) {
      const child = start('collect', '--supervised', '--output', 'forward://127.0.0.1:1', '--state-dir', state, '--namespace=lab', ...mistake);
      assert.ok(child.stdout !== null);
      const [line] = await once(createInterface(child.stdout), 'line', { signal: AbortSignal.timeout(deadlineMs) }) as [string];
      const { event, data_stream: { namespace }, o365: { status } } = JSON.parse(line) as { event: { action: string }; data_stream: { namespace: string }; o365: { status: Record<string, unknown> } };
      assert.deepEqual([event.action, namespace, status.code, status.retry_seconds], ['cannot_start', 'lab', 'USAGE', seconds]);
      if (seconds === 1) assert.deepEqual(await ended(child), { status: 2, signal: null });
      else child.kill('SIGKILL');
    }
  });

  test('tells all mistakes of a configuration at once, with status 2 and nothing on stdout', () => {
    const file = join(folder, 'wrong.yml');
    writeFileSync(file, '- module: o365\n  audit:\n    var.api.poll_interval: 7d\n    typo: 1\n');
    const { status, stdout, stderr } = run('config', '-c', file);
    assert.equal(status, 2);
    assert.equal(stdout, '');
    assert.match(stderr, /^o365audit: The configuration has 5 mistakes:\n {2}.*wrong\.yml:2:3: /);
    assert.match(stderr, /\n {2}.*wrong\.yml:3:28: var\.api\.poll_interval: .*\n {2}.*wrong\.yml:4:5: typo: .*\nNothing was started\. Correct it and try again\. \[CONFIG_INVALID\]\n$/);
  });

  test('says where it looked when there is no configuration', () => {
    const { status, stderr } = spawnSync(process.execPath, [program, 'config'], { cwd: mkdtempSync(join(folder, 'empty-')), env: {}, encoding: 'utf8', timeout: deadlineMs });
    assert.equal(status, 2);
    assert.match(stderr, /There is no configuration file \.\/o365\.yml\. .*\[CONFIG_MISSING\]/);
  });
});

describe('o365audit config', () => {
  test('prints what takes effect, from o365.yml in the current folder, without secrets; notices go to stderr', () => {
    const { status, stdout, stderr } = run('config', '--format', 'ecs');
    assert.equal(status, 0);
    assert.match(stdout, /var\.tenants: \[\{id: contoso\.com\}, \{id: fabrikam\.com\}\] # o365\.yml:6:5\n/);
    assert.match(stdout, /var\.client_secret: <hidden> # o365\.yml:7:5\n/);
    assert.match(stdout, /format: ecs # command line\n/);
    assert.match(stderr, /^o365\.yml:8:5: input\.index: .*\n$/);
    assert.doesNotMatch(stdout + stderr, /canary/);
  });

  test('says with --check only whether it is good', () => {
    const { status, stdout } = run('config', '--check', '-c', config);
    assert.equal(status, 0);
    assert.equal(stdout, 'The configuration is good: 1 source, 2 tenants.\n');
  });

  test('ends without noise when nobody reads what it prints', posix, () => {
    const { stdout, stderr } = spawnSync('sh', ['-c', '{ "$0" "$1" config; echo "status $?" >&3; } 3>&2 | true', process.execPath, program], { cwd: folder, env, encoding: 'utf8', timeout: deadlineMs });
    assert.equal(stdout, '');
    assert.match(stderr, /^o365\.yml:8:5: .*\nstatus 0\n$/);
  });

  test('ends without noise when nobody reads its complaints', posix, () => {
    const { stdout } = spawnSync('sh', ['-c', 'exec 3>&1; { "$0" "$1" config -c missing.yml 2>&1 >/dev/null; echo "status $?" >&3; } | true', process.execPath, program], { cwd: folder, env, encoding: 'utf8', timeout: deadlineMs });
    assert.equal(stdout, 'status 2\n');
  });
});

describe('a running program', () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`ends by itself with status 0 on ${signal}`, posix, async () => {
      const child = start('simulate', '--port', '0');
      await said(child.stderr);
      child.kill(signal);
      assert.deepEqual(await ended(child), { status: 0, signal: null });
    });
  }

  test('ends on a second Ctrl-C, whatever the first one left to do', posix, async () => {
    const child = start('simulate', '--port', '0');
    await said(child.stderr);
    child.kill('SIGINT');
    child.kill('SIGINT');
    const { status } = await ended(child);
    assert.ok(status === 130 || status === 0, String(status));
  });

  test('ends when its parent process has ended, unless it is told to outlive it', posix, async () => {
    // Each program holds the one pipe that it writes to, so that the pipe's end is the program's end.
    const script = '"$0" "$1" simulate --port 0 2>&3 3>&- 4>&- & "$0" "$1" simulate --port 0 --outlive-parent 2>&4 3>&- 4>&- & echo "$!"; wait';
    const parent = spawn('sh', ['-c', script, process.execPath, program], { cwd: folder, env, stdio: ['ignore', 'pipe', 'ignore', 'pipe', 'pipe'] });
    started.add(parent);
    const [printed, mortal, survivor] = [parent.stdout, parent.stdio[3] as Readable, parent.stdio[4] as Readable];
    assert.ok(printed !== null);
    const [pid] = await once(printed, 'data', { signal: AbortSignal.timeout(deadlineMs) }) as [Buffer];
    const survivorId = Number(String(pid));
    try {
      await Promise.all([said(mortal), said(survivor)]);
      const mortalEnded = once(mortal.resume(), 'end', { signal: AbortSignal.timeout(deadlineMs) });
      let survivorEnded = false;
      survivor.resume().once('end', () => { survivorEnded = true; });
      parent.kill('SIGKILL');
      await mortalEnded;
      assert.equal(survivorEnded, false);
      assert.ok(process.kill(survivorId, 0));
    } finally {
      process.kill(survivorId, 'SIGKILL');
    }
  });
});
