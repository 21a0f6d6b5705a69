/**
 * The machine loses power, or somebody kills the collector with -9, in the middle of delivering; and again, and again, at other moments. The operator starts it
 * with the same state directory and expects no more than this: nothing is missing in the end, and what comes twice is only what the collector could not yet
 * know to be delivered: peers begin anew (P3), or have noted as done what never arrived (A7). So after each kill every blob in the journal's list of the
 * delivered must have arrived whole, and the next run delivers none of them.
 */
import assert from 'node:assert/strict';
import { closeSync, openSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { idsAfter } from '../support/arrivals.ts';
import { addBacklog, committedIn, idsIn, type KnownBlob } from '../support/backlog.ts';
import { startForwardHost, type ForwardHost } from '../support/forward-host.ts';
import { linesOfFile, startProgram, type Program } from '../support/program.ts';
import { idsOf, startSimulation, type Simulation } from '../support/simulation.ts';

/** After which sign of life of a run it is killed: its first bytes, or so many blobs committed. */
const KILLS = ['first bytes', 1, 3, 9, 20, 2, 'first bytes', 14] as const;
/** An answer takes so long that a run is still at work when it is killed. */
const LATENCY_MS = 30;
/** Blobs that are fetched at once. */
const CONCURRENCY = 8;
const BACKLOG = { blobs: 160, eventsPerBlob: 15 };

/** Where a run delivers to, and what has come there. */
interface Destination {
  /** The program started, delivering there. */
  start(words: readonly string[]): Program;
  /** Whether anything has come from the last run. */
  hasBegun(): boolean;
  /** The ids that came from the last run, in their order. */
  received(): string[];
}

/** A file a run: whoever was killed may have left half a line at its end. */
function toFiles(folder: string): Destination {
  let runs = 0;
  const file = (): string => join(folder, `run-${runs}.ndjson`);
  return {
    start(words) {
      runs += 1;
      const stdout = openSync(file(), 'w');
      const program = startProgram(['collect', ...words], { stdout });
      closeSync(stdout);
      return program;
    },
    hasBegun: () => statSync(file()).size > 0,
    received: () => idsOf(linesOfFile(file())),
  };
}

function toHost(host: ForwardHost): Destination {
  let earlierConnections = 0;
  const received = (): string[] => idsAfter(host, earlierConnections);
  return {
    start(words) {
      earlierConnections = host.connectionCount();
      return startProgram(['collect', ...words, '--output', host.url, '--frame-size', '16KiB']);
    },
    hasBegun: () => received().length > 0,
    received,
  };
}

/** Kills run after run, and lets the last one finish. */
async function outliveKills({ simulator, words, stateDir }: Simulation, blobs: readonly KnownBlob[], destination: Destination): Promise<void> {
  const tenantId = simulator.tenants[0]?.id ?? '';
  const arrived = new Set<string>();
  let committed: readonly KnownBlob[] = [];
  const settle = async (program: Program): Promise<void> => {
    const before = idsIn(committed);
    const received = destination.received();
    assert.deepEqual(received.filter((id) => before.has(id)), [], 'what an earlier run had committed came again');
    assert.equal(new Set(received).size, received.length, `a run delivered something twice: ${program.stderr}`);
    for (const id of received) arrived.add(id);
    committed = await committedIn(stateDir, tenantId, blobs);
    assert.deepEqual([...idsIn(committed)].filter((id) => !arrived.has(id)), [], 'something was committed that has not arrived');
  };
  for (const [index, sign] of KILLS.entries()) {
    // no run can fetch all, however much later than its sign the kill comes
    simulator.faults.set('no-answer', { path: '/activity/feed/audit/', after: (sign === 'first bytes' ? 0 : sign) + CONCURRENCY });
    const program = destination.start([...words, '--content-concurrency', String(CONCURRENCY), '--log-level', 'debug']);
    if (sign === 'first bytes') await program.until(() => destination.hasBegun(), 'its first bytes');
    else await program.said('A content blob was delivered and committed.', sign);
    await program.kill();
    simulator.faults.clear();
    assert.equal(program.ending?.signal, 'SIGKILL');
    await settle(program);
    assert.ok(committed.length < blobs.length, `all was delivered before kill ${index + 1}`);
  }
  assert.ok(committed.length > 0);
  const last = destination.start([...words, '--once']);
  assert.deepEqual(await last.ended(), { status: 0, signal: null }, last.stderr);
  await settle(last);
  assert.deepEqual(arrived, simulator.books.expectedIds());
  assert.equal(committed.length, blobs.length);
}

describe('a collector that is killed in the middle of delivering, again and again', { concurrency: 2 }, () => {
  test('misses nothing in files of lines, and delivers nothing again that was committed', async () => {
    const simulation = await startSimulation({ eventCount: 0, latencyMs: LATENCY_MS });
    try {
      await outliveKills(simulation, addBacklog(simulation.simulator, BACKLOG), toFiles(simulation.folder));
    } finally {
      await simulation.close();
    }
  });

  test('misses nothing at a log agent, and delivers nothing again that was committed', async () => {
    const simulation = await startSimulation({ eventCount: 0, latencyMs: LATENCY_MS });
    const host = await startForwardHost();
    try {
      await outliveKills(simulation, addBacklog(simulation.simulator, BACKLOG), toHost(host));
      assert.deepEqual(host.complaints, []);
    } finally {
      await host.close();
      await simulation.close();
    }
  });
});
