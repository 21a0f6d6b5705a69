/**
 * A collector runs as a service, and somebody starts a second one by hand, or a supervisor starts it twice (D11). Two that write the same journals would ruin
 * them (A21), so the second one must not begin: it says who holds the state directory, and its status (4) tells a supervisor that all is well with the first.
 * When that one is gone, however it went, the next may have the directory at once.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { runProgram, startProgram, STOP_DEADLINE_MS } from '../support/program.ts';
import { idsOf, startSimulation } from '../support/simulation.ts';

describe('a second collector with the same state directory', () => {
  test('ends with status 4 and the process id of the first, which goes on undisturbed; after a kill the next one takes over', async () => {
    const simulation = await startSimulation({ eventCount: 100 });
    try {
      const words = ['collect', ...simulation.words];
      const first = startProgram([...words, '-M', 'o365.audit.var.api.poll_interval=1s']);
      await first.wrote(100);
      for (const more of [[], ['--once'], ['--output', 'forward://127.0.0.1:1']]) {
        const second = await runProgram([...words, ...more]);
        assert.deepEqual(second.ending, { status: 4, signal: null });
        assert.match(second.stderr, new RegExp(`^o365audit: The state directory .* is in use by process (${first.child.pid}, since \\d{4}-|\\(it does not answer\\)).*\\[LEDGER_LOCKED\\]$`, 'm'));
        assert.equal(second.stdout, '');
      }
      simulation.simulator.addEvents({ ndjson: '{"Id":"c0c0c0c0-0000-4000-8000-000000000001","CreationTime":"2026-09-01T08:15:30","RecordType":8}' });
      await first.wrote(101);
      assert.deepEqual(new Set(idsOf(first.lines())), simulation.expectedIds());
      await first.kill();
      const next = await runProgram([...words, '--once']);
      assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
      assert.match(next.stderr, /The last process did not end by itself; its lock was removed\./);
    } finally {
      await simulation.close();
    }
  });

  test('of many that start at the same moment exactly one collects', async () => {
    const simulation = await startSimulation({ eventCount: 50 });
    try {
      const words = ['collect', ...simulation.words];
      const all = Array.from({ length: 5 }, () => startProgram(words));
      await Promise.all(all.map((program) => program.until(() => program.ending !== undefined || program.lineCount === 50, 'the backlog, or its end')));
      const holders = all.filter(({ ending }) => ending === undefined);
      assert.equal(holders.length, 1);
      assert.deepEqual(all.filter(({ ending }) => ending !== undefined).map(({ ending }) => ending?.status), [4, 4, 4, 4]);
      for (const holder of holders) {
        holder.signal('SIGTERM');
        assert.deepEqual(await holder.ended(STOP_DEADLINE_MS), { status: 0, signal: null });
      }
      assert.equal(all.reduce((sum, { lineCount }) => sum + lineCount, 0), 50);
    } finally {
      await simulation.close();
    }
  });
});
