/**
 * Most content blobs are small, and some day one of them is not: 60 MB in one answer, on a machine that gave the collector little. Peers lose what is larger
 * than some limit (A3), or need thirteen times its size in memory (G, P8). It must go through like any other, whole and in order of its events, and the
 * collector's memory must not follow its size.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { useOf } from '../bench/measured-process.ts';
import { untilListable } from '../support/backlog.ts';
import { startForwardHost } from '../support/forward-host.ts';
import { startProgram, STOP_DEADLINE_MS } from '../support/program.ts';
import { startSimulation } from '../support/simulation.ts';

const BLOB_MEBIBYTES = 60;
/** Node itself, the module, the program's own 8 MiB of bytes in flight and a generous rest; far below twice the blob. */
const RSS_LIMIT_BYTES = 200 * 1024 ** 2;
/** Node's own heap may not even hold the blob once. */
const HEAP_LIMIT_MEBIBYTES = 48;

for (const format of ['raw', 'ecs'] as const) {
  describe(`one blob of ${BLOB_MEBIBYTES} MiB, delivered as ${format}`, { skip: process.platform === 'linux' ? false : 'only Linux tells what memory a process had' }, () => {
    test('arrives whole at a log agent, and memory stays flat', async () => {
      const simulation = await startSimulation({ eventCount: 0, gzip: true });
      const host = await startForwardHost();
      try {
        simulation.simulator.faults.set('big-blob', { mebibytes: BLOB_MEBIBYTES });
        await untilListable();
        const words = ['collect', ...simulation.words, '--output', host.url, '--format', format, '--bytes-in-flight', '8MiB'];
        const program = startProgram(words, { nodeWords: [`--max-old-space-size=${HEAP_LIMIT_MEBIBYTES}`] });
        await program.said('Everything that there was has been delivered.');
        const use = useOf(program.child);
        program.signal('SIGTERM');
        assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);
        const expected = simulation.expectedIds();
        assert.ok(expected.size > 10_000);
        assert.deepEqual(new Set(host.received.keys()), expected);
        assert.ok([...host.received.values()].every((times) => times === 1));
        assert.ok(use !== undefined && use.peakRssBytes < RSS_LIMIT_BYTES, `${String(use?.peakRssBytes)} bytes at the peak`);
      } finally {
        await host.close();
        await simulation.close();
      }
    });
  });
}
