/**
 * Somebody asks: is everything there? Microsoft offers no count to compare with, and teams compare by hand (D3). Here two content blobs turn up under times
 * that the collector has long gone past, so it cannot know of them; the audit lists all that the service still has, names what was never delivered, has exactly
 * that brought, and then says that nothing is missing.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addBacklog, idsIn, untilListable } from '../support/backlog.ts';
import { runProgram } from '../support/program.ts';
import { idsOf, startSimulation } from '../support/simulation.ts';

const LATE = { blobs: 2, eventsPerBlob: 5, stepMs: 10 * 3_600_000 };

test('an audit names what was never delivered, brings exactly that, and then finds nothing missing', async () => {
  const simulation = await startSimulation({ eventCount: 100 });
  try {
    const collect = ['collect', ...simulation.words, '--once'];
    const delivered = idsOf((await runProgram(collect)).lines());
    assert.deepEqual(new Set(delivered), simulation.expectedIds());
    const late = addBacklog(simulation.simulator, LATE);
    await untilListable();
    assert.deepEqual((await runProgram(collect)).lines(), []);

    const audit = ['audit', ...simulation.words];
    const found = await runProgram(audit);
    assert.equal(found.ending?.status, 1, found.stderr);
    for (const { contentType, contentCreated } of late) {
      assert.match(found.stdout, new RegExp(`! ${contentType} .*, 1 missing\n +${contentCreated.slice(0, 13).replace('T', ' ')}:00  1 blob missing\n`));
    }
    const repaired = await runProgram([...audit, '--repair']);
    assert.deepEqual(new Set(idsOf(repaired.lines())), idsIn(late));
    const again = await runProgram(audit);
    assert.equal(again.ending?.status, 0, again.stdout);
  } finally {
    await simulation.close();
  }
});
