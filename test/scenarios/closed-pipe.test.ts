/**
 * `o365audit collect | head -5`, or a log agent that dies while it reads from the pipe. The reader has had enough, and that is no failure: the program ends by itself
 * with status 0. But what the reader did not take is still owed. A blob that is larger than a pipe is not committed unless it went through the pipe, so the next
 * run delivers it from its first event on; what a dead reader can cost at most is what the pipe itself held.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addBacklog, committedIn, idsIn } from '../support/backlog.ts';
import { runProgram } from '../support/program.ts';
import { idsOf, withSimulation, type Simulation } from '../support/simulation.ts';

/** What a pipe of Linux holds, and what a reader may have in hand when it ends. */
const PIPE_BYTES = 64 * 1024 + 16 * 1024;
/** With this on top of its own members, forty events are more than that. */
const BALLAST = 'x'.repeat(3_000);
const EVENTS_PER_BLOB = 40;

/** The program behind a pipe to a reader, with the program's own status. */
const into = (reader: string) => ({ launcher: ['bash', '-c', `"$@" | ${reader}; exit "\${PIPESTATUS[0]}"`, 'bash', process.execPath] }) as const;

function within(blobs: number, act: (simulation: Simulation, backlog: ReturnType<typeof addBacklog>) => Promise<void>): Promise<void> {
  return withSimulation({ eventCount: 0 }, (simulation) => act(simulation, addBacklog(simulation.simulator, { blobs, eventsPerBlob: EVENTS_PER_BLOB, ballast: BALLAST })));
}

describe('a reader of stdout that goes away', { concurrency: 2 }, () => {
  test('after one line ends the program with status 0, and the next run delivers everything from the beginning', () => within(6, async (simulation, blobs) => {
    const tenant = simulation.simulator.tenants[0]?.id ?? '';
    const first = await runProgram(['collect', ...simulation.words], into('head -n 1'));
    assert.deepEqual(first.ending, { status: 0, signal: null }, first.stderr);
    assert.equal(idsOf(first.lines()).length, 1);
    assert.doesNotMatch(first.stderr, /EPIPE|UNEXPECTED| {4}at /);
    assert.match(first.stderr, /Stopped\./);
    assert.deepEqual(await committedIn(simulation.stateDir, tenant, blobs), []);
    const next = await runProgram(['collect', ...simulation.words, '--once']);
    assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
    assert.deepEqual(new Set(idsOf(next.lines())), idsIn(blobs));
    assert.equal(next.lineCount, idsIn(blobs).size);
  }));

  test('in the middle costs at most what the pipe held', () => within(40, async (simulation, blobs) => {
    const tenant = simulation.simulator.tenants[0]?.id ?? '';
    const first = await runProgram(['collect', ...simulation.words], into('head -n 900'));
    assert.deepEqual(first.ending, { status: 0, signal: null }, first.stderr);
    assert.equal(first.lineCount, 900);
    const committed = await committedIn(simulation.stateDir, tenant, blobs);
    assert.ok(committed.length > 0 && committed.length < blobs.length, `${committed.length} blobs are committed`);
    const read = new Set(idsOf(first.lines()));
    const unread = [...idsIn(committed)].filter((id) => !read.has(id));
    assert.ok(unread.length * BALLAST.length <= PIPE_BYTES, `${unread.length} events are committed that nobody has read`);
    const next = await runProgram(['collect', ...simulation.words, '--once']);
    assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
    const all = new Set([...read, ...idsOf(next.lines())]);
    assert.deepEqual([...idsIn(blobs)].filter((id) => !all.has(id)).sort(), unread.sort());
  }));

  test('is no failure of a run that was to end by itself either', () => within(6, async (simulation) => {
    const program = await runProgram(['collect', ...simulation.words, '--once', '--format', 'ecs'], into('head -n 3'));
    assert.deepEqual(program.ending, { status: 0, signal: null }, program.stderr);
    assert.equal(program.lineCount, 3);
  }));

  test('has seen what it wanted of the demonstration, too', async () => {
    const program = await runProgram(['demo'], into('head -n 1'));
    assert.deepEqual(program.ending, { status: 0, signal: null }, program.stderr);
    assert.equal(program.lineCount, 1);
    assert.match(program.stderr, /How to go on/);
  });
});
