/**
 * The disk with the state directory is full, in the middle of the night. Events are more important than notes about them: what is in flight still goes to the log
 * agent, but none of it counts as delivered, the log says why, and no more is fetched than the collector could have to deliver again. In the morning somebody makes
 * room. The collector goes on by itself, commits what it had delivered, and nothing is missing or comes twice.
 */
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addBacklog, committedIn, idsIn } from '../support/backlog.ts';
import { startForwardHost } from '../support/forward-host.ts';
import { DEADLINE_MS, runProgram, startProgram, STOP_DEADLINE_MS, type Program } from '../support/program.ts';
import { startSimulation } from '../support/simulation.ts';

/** A place for a state directory that can be full. */
interface Disk {
  readonly folder: string;
  fill(program: Program): void;
  makeRoom(program: Program): void;
  remove(): void;
}

const EVENTS_PER_BLOB = 10;
/** How many blobs are fetched at once, and so delivered before the first of them must be committed. */
const CONCURRENCY = 8;
/** Their entries in the journal are larger than what is left of its last page. */
const NIGHT_BLOBS = 80;
const DISK_BYTES = 1024 * 1024;

/** A file system of its own, full to its last page. */
function smallDisk(): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-disk-'));
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_BYTES}`, 'tmpfs', folder]);
  const ballast = join(folder, 'ballast');
  return {
    folder,
    fill() {
      assert.throws(() => {
        for (let bytes = 0; bytes <= DISK_BYTES; bytes += 4096) appendFileSync(ballast, Buffer.alloc(4096));
      }, { code: 'ENOSPC' });
    },
    makeRoom: () => rmSync(ballast),
    remove() {
      execFileSync('umount', [folder]);
      rmSync(folder, { recursive: true });
    },
  };
}

/** A process that may make no file longer than a byte: for those who may mount nothing. */
function narrowLimit(): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-limit-'));
  const limit = ({ child }: Program, bytes: string): void => void execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:`]);
  return {
    folder,
    fill: (program) => limit(program, '1'),
    makeRoom(program) {
      // the limit is gone with the process
      if (program.ending === undefined) limit(program, 'unlimited');
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}

function mayMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-mount-'));
  const { status } = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', folder]);
  if (status === 0) execFileSync('umount', [folder]);
  rmSync(folder, { recursive: true });
  return status === 0;
}

const disks: Readonly<Record<string, { readonly make: () => Disk; readonly reason: string }>> = {
  'by the limit of a process': { make: narrowLimit, reason: 'EFBIG' },
  ...(mayMount() ? { 'on a file system of its own': { make: smallDisk, reason: 'ENOSPC' } } : {}),
};

/** Resolves when status says no more that nothing can be written: the collector finds that out within seconds. */
async function settledStatus(stateDir: string): Promise<void> {
  const endMs = performance.now() + DEADLINE_MS;
  while ((await runProgram(['status', '--state-dir', stateDir])).stdout.includes('cannot be written')) assert.ok(performance.now() < endMs, 'status says that nothing can be written');
}

describe('a collector whose disk is full', { concurrency: 2 }, () => {
  for (const [kind, { make, reason }] of Object.entries(disks)) {
    test(`${kind}, delivers what is in flight, commits nothing, says so, and goes on by itself when there is room`, async () => {
      const disk = make();
      const simulation = await startSimulation({ eventCount: 0 });
      const host = await startForwardHost();
      try {
        const { simulator, config } = simulation;
        const tenant = simulator.tenants[0]?.id ?? '';
        const stateDir = join(disk.folder, 'state');
        const words = ['collect', '-c', config, '--state-dir', stateDir, '--output', host.url];
        const evening = addBacklog(simulator, { blobs: 8, eventsPerBlob: EVENTS_PER_BLOB });
        const program = startProgram([...words, '--metrics', '127.0.0.1:0', '-M', 'o365.audit.var.api.poll_interval=1s']);
        await program.said('Everything that there was has been delivered.');
        const ready = new URL('/readyz', /Metrics and health are served\. url=(\S+)/.exec(program.stderr)?.[1]);
        assert.equal((await fetch(ready)).status, 200);

        disk.fill(program);
        const night = addBacklog(simulator, { blobs: NIGHT_BLOBS, eventsPerBlob: EVENTS_PER_BLOB, stepMs: 10_000 });
        await program.until(() => host.received.size >= (evening.length + CONCURRENCY) * EVENTS_PER_BLOB, 'the events in flight');
        await program.said('error The journal cannot be written. Nothing is committed until it can.');
        assert.match(program.stderr, new RegExp(`error The journal cannot be written\\..*reason=.*${reason}`));
        assert.deepEqual(await committedIn(stateDir, tenant, [...evening, ...night]), evening);
        assert.equal(program.ending, undefined);
        await program.said('The file that o365audit status reads could not be written.');
        assert.match(await (await fetch(ready)).text(), new RegExp(`"degraded".*The state directory cannot be written: .*${reason}`));
        const status = await runProgram(['status', '--state-dir', stateDir]);
        assert.equal(status.ending?.status, 1, status.stdout);
        assert.match(status.stdout, new RegExp(`The state directory cannot be written: .*${reason}`));
        const { is_well: isWell, problems } = JSON.parse((await runProgram(['status', '--state-dir', stateDir, '--json'])).stdout) as { readonly is_well: boolean; readonly problems: readonly { readonly sentence: string }[] };
        assert.equal(isWell, false);
        assert.ok(problems.some(({ sentence }) => sentence.startsWith('The state directory cannot be written')), JSON.stringify(problems));

        disk.makeRoom(program);
        await program.said('The journal can be written again.');
        await program.said('Everything that there was has been delivered.', 2);
        await settledStatus(stateDir);
        program.signal('SIGTERM');
        assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);
        assert.equal((await committedIn(stateDir, tenant, [...evening, ...night])).length, evening.length + night.length);
        const next = await runProgram([...words, '--once']);
        assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
        assert.deepEqual(new Set(host.received.keys()), idsIn([...evening, ...night]));
        assert.ok([...host.received.values()].every((times) => times === 1));
      } finally {
        await host.close();
        await simulation.close();
        disk.remove();
      }
    });

    test(`${kind}, and that is stopped then, ends in time and leaves everything uncommitted to the next run`, async () => {
      const disk = make();
      const simulation = await startSimulation({ eventCount: 0 });
      try {
        const { simulator, config } = simulation;
        const tenant = simulator.tenants[0]?.id ?? '';
        const stateDir = join(disk.folder, 'state');
        const words = ['collect', '-c', config, '--state-dir', stateDir];
        const program = startProgram([...words, '-M', 'o365.audit.var.api.poll_interval=1s']);
        await program.said('Everything that there was has been delivered.');
        disk.fill(program);
        const blobs = addBacklog(simulator, { blobs: NIGHT_BLOBS, eventsPerBlob: EVENTS_PER_BLOB, stepMs: 10_000 });
        await program.wrote(CONCURRENCY * EVENTS_PER_BLOB);
        await program.said('The journal cannot be written.');
        program.signal('SIGTERM');
        assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);
        assert.deepEqual(await committedIn(stateDir, tenant, blobs), []);
        disk.makeRoom(program);
        const next = await runProgram([...words, '--once']);
        assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
        assert.equal(next.lineCount, NIGHT_BLOBS * EVENTS_PER_BLOB);
      } finally {
        await simulation.close();
        disk.remove();
      }
    });
  }
});
