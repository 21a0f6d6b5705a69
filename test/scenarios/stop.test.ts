/**
 * The collector is stopped: by systemd, by Ctrl-C, by the log agent that launched it, or because that agent is gone. It has five seconds, and peers that sleep
 * between two polls need more, or lose what is in flight (A23). What is in flight then is finished, what was delivered is committed, so that the next run
 * delivers just the rest; and nobody else's trouble, an agent that acknowledges nothing or a service that stops in mid-sentence, holds up the end.
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { addBacklog, committedIn, idsIn } from '../support/backlog.ts';
import { startForwardHost } from '../support/forward-host.ts';
import { runProgram, startProgram, STOP_DEADLINE_MS } from '../support/program.ts';
import { idsOf, withSimulation, type Simulation } from '../support/simulation.ts';

/** An answer takes so long that there is always something in flight. */
const LATENCY_MS = 40;
const BACKLOG = { blobs: 120, eventsPerBlob: 20 };
/** So many blobs are in flight, of the whole backlog. */
const CONCURRENCY = 8;
/** Launches the words behind it, says under which id, and lives on until it is killed. */
const LAUNCHER = `
  const [file, ...words] = process.argv.slice(1);
  const { pid } = require('node:child_process').spawn(file, words, { stdio: 'inherit' });
  process.stderr.write('launched ' + pid + '\\n');
  setInterval(() => undefined, 1e9);
`;

const within = (act: (simulation: Simulation) => Promise<void>): Promise<void> => withSimulation({ eventCount: 0, latencyMs: LATENCY_MS }, act);

/** The words for a collector with so much in flight. */
const collecting = ({ words }: Simulation): string[] => ['collect', ...words, '--content-concurrency', String(CONCURRENCY)];

const tenantOf = ({ simulator }: Simulation): string => simulator.tenants[0]?.id ?? '';

describe('a collector that is stopped', { concurrency: 2 }, () => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    test(`by ${signal} finishes what is in flight, commits what it delivered, and leaves just the rest to the next run`, () => within(async (simulation) => {
      const blobs = addBacklog(simulation.simulator, BACKLOG);
      const program = startProgram(collecting(simulation));
      await program.wrote(400);
      program.signal(signal);
      assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);
      assert.match(program.stderr, new RegExp(`Stopped\\. reason="the signal ${signal}"`));
      assert.ok(program.stdout.endsWith('\n'), 'the last line is cut off');
      const first = idsOf(program.lines());
      const committed = await committedIn(simulation.stateDir, tenantOf(simulation), blobs);
      assert.deepEqual(new Set(first), idsIn(committed));
      assert.ok(committed.length < blobs.length);
      const next = await runProgram(['collect', ...simulation.words, '--once']);
      assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
      const all = [...first, ...idsOf(next.lines())];
      assert.deepEqual(new Set(all), simulation.simulator.books.expectedIds());
      assert.equal(all.length, idsIn(blobs).size);
    }));
  }

  test('is not held up by a log agent that acknowledges nothing, and commits nothing of what that one has', () => within(async (simulation) => {
    const blobs = addBacklog(simulation.simulator, BACKLOG);
    const host = await startForwardHost();
    try {
      host.misbehave('never-acknowledge');
      const program = startProgram(['collect', ...simulation.words, '--output', host.url]);
      await program.until(() => host.frames.length > 0, 'a frame');
      program.signal('SIGTERM');
      assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);
      assert.deepEqual(await committedIn(simulation.stateDir, tenantOf(simulation), blobs), []);
      await host.behave();
      const next = await runProgram(['collect', ...simulation.words, '--output', host.url, '--once']);
      assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
      assert.deepEqual(new Set(host.received.keys()), simulation.simulator.books.expectedIds());
      assert.ok([...host.received.values()].every((times) => times === 1));
    } finally {
      await host.close();
    }
  }));

  test('is not held up by blobs that stop in the middle, nor by one of which half has been written', () => within(async (simulation) => {
    const blobs = addBacklog(simulation.simulator, BACKLOG);
    simulation.simulator.faults.set('stalled-body', { after: 20, share: 0.9 });
    const program = startProgram(collecting(simulation));
    // all that can have come has come: now every blob in flight is stalled
    await program.until(() => simulation.simulator.faults.happened('stalled-body') === CONCURRENCY, 'the stalled blobs');
    program.signal('SIGTERM');
    assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);
    simulation.simulator.faults.clear();
    const committed = await committedIn(simulation.stateDir, tenantOf(simulation), blobs);
    assert.equal(committed.length, 20);
    const first = new Set(idsOf(program.lines()));
    for (const id of idsIn(committed)) assert.ok(first.has(id));
    const next = await runProgram(['collect', ...simulation.words, '--once']);
    const later = idsOf(next.lines());
    assert.deepEqual(new Set([...first, ...later]), simulation.simulator.books.expectedIds());
    const again = later.filter((id) => idsIn(committed).has(id));
    assert.deepEqual(again, []);
  }));

  test('twice by Ctrl-C ends where it stands, and nothing is missing later', () => within(async (simulation) => {
    addBacklog(simulation.simulator, BACKLOG);
    simulation.simulator.faults.set('stalled-body', { after: 20 });
    const program = startProgram(collecting(simulation));
    await program.until(() => simulation.simulator.faults.happened('stalled-body') > 0, 'a stalled blob');
    program.signal('SIGINT');
    program.signal('SIGINT');
    // the second one may come before the first has been seen, and is then the same
    const { status } = await program.ended(STOP_DEADLINE_MS);
    assert.ok(status === 130 || status === 0, String(status));
    simulation.simulator.faults.clear();
    const next = await runProgram(['collect', ...simulation.words, '--once']);
    assert.deepEqual(new Set([...idsOf(program.lines()), ...idsOf(next.lines())]), simulation.simulator.books.expectedIds());
  }));
});

describe('a collector whose launcher is killed', { concurrency: 2 }, () => {
  test('ends by itself, with everything that it delivered committed, and lets go of the state directory', () => within(async (simulation) => {
    const blobs = addBacklog(simulation.simulator, BACKLOG);
    const launcher = startProgram(['collect', ...simulation.words], { launcher: [process.execPath, '-e', LAUNCHER, process.execPath] });
    await launcher.wrote(100);
    launcher.signal('SIGKILL');
    // its streams are the collector's, too: that they end is the end of both
    assert.deepEqual(await launcher.ended(STOP_DEADLINE_MS), { status: null, signal: 'SIGKILL' });
    assert.match(launcher.stderr, /Stopped\. reason="the end of the parent process"/);
    const first = idsOf(launcher.lines());
    assert.deepEqual(new Set(first), idsIn(await committedIn(simulation.stateDir, tenantOf(simulation), blobs)));
    const next = await runProgram(['collect', ...simulation.words, '--once']);
    assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
    assert.deepEqual(new Set([...first, ...idsOf(next.lines())]), simulation.simulator.books.expectedIds());
  }));

  test('while it starts ends by itself, too, as soon as it has something to say', () => within(async (simulation) => {
    // the shell and the reader of the pipe are gone before Node has started
    const launcher = startProgram(['collect', ...simulation.words, '--supervised', '--output', 'forward://127.0.0.1:9'], { launcher: ['sh', '-c', '("$0" "$@" & echo "launched $!" >&2) | true', process.execPath] });
    try {
      await launcher.ended(STOP_DEADLINE_MS);
      assert.match(launcher.stderr, /Stopped\. reason="the end of (whoever reads stdout|the parent process)"/);
    } catch (error) {
      process.kill(Number(/launched (\d+)/.exec(launcher.stderr)?.[1]), 'SIGKILL');
      throw error;
    }
  }));

  test('goes on when it was told to outlive it', () => within(async (simulation) => {
    const more = { blobs: 1, eventsPerBlob: 5 };
    addBacklog(simulation.simulator, more);
    const words = ['collect', ...simulation.words, '--outlive-parent', '-M', 'o365.audit.var.api.poll_interval=1s'];
    const launcher = startProgram(words, { launcher: [process.execPath, '-e', LAUNCHER, process.execPath] });
    await launcher.wrote(5);
    const collector = Number(/launched (\d+)/.exec(launcher.stderr)?.[1]);
    try {
      const exited = once(launcher.child, 'exit');
      launcher.signal('SIGKILL');
      await exited;
      // three rounds of a second each: longer than it takes to notice that the parent is gone
      for (let round = 1; round <= 3; round += 1) {
        addBacklog(simulation.simulator, more);
        await launcher.wrote(5 + 5 * round);
      }
    } finally {
      process.kill(collector, 'SIGTERM');
    }
    await launcher.ended(STOP_DEADLINE_MS);
    assert.match(launcher.stderr, /Stopped\. reason="the signal SIGTERM"/);
  }));
});
