/**
 * One content blob cannot be had: its answer breaks off each time, or the service has no other answer for it than an error. Peers stop at it, so that nothing
 * comes any more until somebody restarts them, or note it as done and lose it, or ask for it for ever though it expired long ago (A2, A3, A15). Here it is one
 * blob: it is tried a few times, set aside, and tried again in each later round and run, while everything else goes on; when it can be had it arrives, once;
 * and when its time is over before, it is named as lost, once, and nobody asks for it again.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { BlobInBooks } from '../../plugin/simulator/books.ts';
import type { FaultName } from '../../plugin/simulator/faults.table.ts';
import { addBacklog } from '../support/backlog.ts';
import { inLedger } from '../support/earlier-run.ts';
import { startProgram, type Program } from '../support/program.ts';
import { idsOf, roundsOf, withSimulation, type Simulation } from '../support/simulation.ts';

const OFTEN = ['-M', 'o365.audit.var.api.poll_interval=300ms', '-M', 'o365.audit.var.api.error_retry_interval=300ms'];
const AGAIN = 'A content blob could not be delivered; it is fetched again.';
const REPEAT = 'A call did not succeed; it is made again after a while.';
const LOST = 'A content blob can no longer be had: its events are lost.';

const within = (act: (simulation: Simulation) => Promise<void>): Promise<void> => withSimulation({ eventCount: 0 }, act);

const collect = ({ words }: Simulation): Program => startProgram(['collect', ...words, ...OFTEN, '--log-level', 'debug']);
const requestsFor = ({ simulator }: Simulation, { contentId }: Pick<BlobInBooks, 'contentId'>): number => (simulator.books.snapshot({ log: true }).log ?? []).filter(({ path }) => path.includes(contentId)).length;

describe('a content blob that cannot be had', { concurrency: 2 }, () => {
  for (const [what, fault, sign] of [
    ['breaks off each time', 'truncated-body-no-length', AGAIN],
    ['is no JSON', 'blob-not-json', AGAIN],
    ['is answered with an error each time', 'api-error', REPEAT],
  ] as const satisfies readonly (readonly [string, FaultName, string])[]) {
    test(`because it ${what}, holds up nothing, survives a kill, and arrives once when it can`, () => within(async (simulation) => {
      const { simulator } = simulation;
      const [broken, ...others] = addBacklog(simulator, { blobs: 12, eventsPerBlob: 4 });
      assert.ok(broken !== undefined);
      simulator.faults.set(fault, { path: broken.contentId });
      const first = collect(simulation);
      await first.said(sign, 2);
      await first.wrote(others.length * 4);
      const later = addBacklog(simulator, { blobs: 4, eventsPerBlob: 4, stepMs: 1_000 });
      await first.until(() => later.every(({ ids }) => ids.every((id) => first.stdout.includes(id))), 'what is new');
      await first.said('A content blob was delivered and committed.', others.length + later.length);
      await first.kill();
      assert.deepEqual(await inLedger(simulation, (ledger) => ledger.owed().map(({ contentId }) => contentId)), [broken.contentId]);

      simulator.faults.clear();
      const second = collect(simulation);
      await second.said('Everything that there was has been delivered.');
      await second.kill();
      assert.deepEqual(idsOf(second.lines()).sort(), [...broken.ids].sort());
      const arrived = idsOf([...first.lines(), ...second.lines()]);
      assert.deepEqual(new Set(arrived), simulation.expectedIds());
      assert.ok(arrived.filter((id) => !broken.ids.includes(id)).every((id, index, all) => all.indexOf(id) === index), 'something else came twice');
    }));
  }

  test('arrives in a later round of the same run, as soon as it can be had', () => within(async (simulation) => {
    const { simulator } = simulation;
    const [broken] = addBacklog(simulator, { blobs: 4, eventsPerBlob: 4 });
    assert.ok(broken !== undefined);
    simulator.faults.set('api-error', { path: broken.contentId });
    const program = collect(simulation);
    await program.said('A content blob could not be delivered in several attempts');
    simulator.faults.clear();
    await program.said('Everything that there was has been delivered.');
    await program.kill();
    assert.deepEqual(idsOf(program.lines()).sort(), [...simulation.expectedIds()].sort());
  }));

  test('before its time is over is named as lost once, and nobody asks for it again', () => within(async (simulation) => {
    const { simulator } = simulation;
    addBacklog(simulator, { blobs: 4, eventsPerBlob: 4 });
    const program = collect(simulation);
    await program.said('Everything that there was has been delivered.');
    // its life begins only now: the start of a program would be a large part of it
    simulator.faults.set('blob-not-json', { path: '/activity/feed/audit/' });
    simulator.faults.set('short-lived-blob', { seconds: 12 });
    const doomed = simulator.books.blobs().find(({ createdMs, expiresMs }) => expiresMs - createdMs < 60_000);
    assert.ok(doomed !== undefined);
    await program.said(LOST);
    // whoever comes first: this collector, by the service's time, or the service
    const reasons = /reason="(it expired before it could be fetched|.*the blob has expired.*)"$/m;
    const [named = ''] = program.stderr.split('\n').filter((line) => line.includes(LOST));
    assert.ok(named.includes(`contentId=${doomed.contentId} `), named);
    assert.match(named, reasons);
    const [requests, before] = [requestsFor(simulation, doomed), roundsOf(simulation)];
    assert.ok(requests > 0, 'it was never asked for');
    await program.until(() => roundsOf(simulation) >= before + 6, 'further polls');
    await program.kill();
    const next = collect(simulation);
    await next.until(() => roundsOf(simulation) >= before + 12, 'polls of the next run');
    await next.kill();
    assert.equal(requestsFor(simulation, doomed), requests);
    assert.equal((program.stderr + next.stderr).split(LOST).length, 2, 'it was named more than once');
    assert.deepEqual(await inLedger(simulation, (ledger) => ledger.losses().map(({ contentId }) => contentId)), [doomed.contentId]);
    assert.equal(idsOf(program.lines()).length, 16);
  }));
});
