/**
 * Microsoft hands the same event out more than once, by design: in one blob, in two blobs that lie days apart, under two content ids. Who collects has to know
 * it again (A5). Almost every event has an Id to know it by; a few have none, and then peers take a hash of its text, which is another one each time, for the
 * service writes the members of an event in whatever order it has them (A6). Here such an event gets an id from what it says, not from how that is written: two
 * collectors that know nothing of each other give it the same one, so that the store keeps it once.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { untilListable } from '../support/backlog.ts';
import { runProgram } from '../support/program.ts';
import { idsOf, startSimulation } from '../support/simulation.ts';

test('an event without an Id has the same id for two collectors, in whatever order its members stand, and however often it comes', async () => {
  const simulation = await startSimulation({ eventCount: 40 });
  try {
    const { simulator, config, stateDir } = simulation;
    simulator.faults.set('event-without-id', { count: 3 });
    await untilListable();
    const collect = async (name: string, format: string): Promise<Set<string>> => {
      const program = await runProgram(['collect', '-c', config, '--state-dir', `${stateDir}-${name}`, '--once', '--format', format]);
      assert.equal(program.ending?.status, 0, program.stderr);
      return new Set(idsOf(program.lines()));
    };
    const first = await collect('first', 'raw');
    assert.equal(first.size, simulation.expectedIds().size + 3);
    simulator.faults.set('reversed-members');
    simulator.faults.set('duplicate-record', { count: 2 });
    assert.deepEqual(await collect('second', 'raw'), first);
    assert.ok(simulator.faults.happened('reversed-members') > 0 && simulator.faults.happened('duplicate-record') === 2);
    assert.deepEqual(await collect('third', 'ecs'), first);
  } finally {
    await simulation.close();
  }
});
