import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startDeadline } from '../../../plugin/output/deadline.ts';
import { createManualClock } from '../../support/manual-clock.ts';

test('A deadline calls once its time has passed, and never after it was met.', async () => {
  const clock = createManualClock();
  const late: string[] = [];
  startDeadline(clock, 100, () => late.push('missed'));
  const met = startDeadline(clock, 100, () => late.push('met'));
  await clock.advance(99);
  assert.deepEqual(late, []);
  met();
  await clock.advance(1);
  met();
  assert.deepEqual(late, ['missed']);
  assert.equal(clock.waiting(), 0);
});

test('A deadline that is met in the moment in which its time is over is met.', async () => {
  const late: string[] = [];
  const met = startDeadline({ nowMs: () => 0, wait: () => Promise.resolve() }, 0, () => late.push('missed'));
  met();
  await new Promise((resolve) => setImmediate(resolve));
  assert.deepEqual(late, []);
});
