/**
 * A short run of the fuzz inputs under the runtime that Fluent Bit runs the mapping in: whatever comes in, WAMR gives the document that V8 gives, byte for byte,
 * and that document is as it should be.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createInputs } from '../fuzz/inputs.ts';
import { createJudge } from '../fuzz/judge.ts';
import { goldenCases } from '../support/golden.ts';
import { openModule } from '../support/module.ts';
import { runWamr, wamrIsMissing } from '../support/wamr.ts';

const SEED = 20260902;
/** They take about ten seconds, most of them for the judge. */
const EVENTS = 12_000;
const WARM_UP = 1000;

test('12,000 varied events through one instance under WAMR give the documents of V8, which are as they should be, in memory that does not grow', { skip: wamrIsMissing() }, async () => {
  const inputs = createInputs(goldenCases().map(({ input }) => input), SEED);
  // the largest first, so that what memory grows for has been there
  const records = Array.from({ length: EVENTS }, () => inputs.next().bytes).toSorted((a, b) => b.length - a.length);
  const { answers } = await runWamr(records);
  assert.equal(answers.length, EVENTS);
  const v8 = openModule();
  const judge = createJudge();
  const complaints = records.flatMap((record, call) => {
    const { outcome, bytes } = answers[call] ?? assert.fail();
    const faults = outcome !== 'document' ? [`${outcome}: ${bytes.toString()}`] : v8.map(record) !== bytes.toString() ? ['WAMR and V8 differ'] : judge.faults(record);
    return faults.length === 0 ? [] : [`${faults.slice(0, 3).join('; ')} of ${record.toString('latin1').slice(0, 300)}`];
  });
  assert.equal(complaints.length, 0, `${complaints.length}:\n${complaints.slice(0, 10).join('\n')}`);
  assert.equal(new Set(answers.slice(WARM_UP).map(({ memoryBytes }) => memoryBytes)).size, 1);
});
