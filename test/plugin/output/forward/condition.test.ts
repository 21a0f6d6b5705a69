import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Condition } from '../../../../plugin/output/forward/condition.ts';

function heard(story: (condition: Condition) => void): string[] {
  const lines: string[] = [];
  story(new Condition('forward://agent', (line, values) => lines.push(values?.reason === undefined ? line : `${line}: ${String(values.reason)}`)));
  return lines;
}

test('Trouble is told once, again when its reason changes, and once when an acknowledgement ends it.', () => {
  assert.deepEqual(heard((condition) => {
    condition.connected();
    condition.failed(new Error('gone'), 1);
    condition.failed(new Error('gone'), 1);
    condition.failed(new Error('still gone'), 1);
    condition.failed(new Error('still gone'), 1);
    condition.connected();
    condition.acknowledged();
    condition.acknowledged();
  }), [
    'output.connected', 'output.trouble: gone', 'output.attempt_failed: gone', 'output.trouble: still gone', 'output.attempt_failed: still gone', 'output.recovered',
  ]);
});

test('A host that accepts connections but acknowledges nothing is not told to be well.', () => {
  assert.deepEqual(heard((condition) => {
    condition.failed(new Error('refused'), 1);
    condition.connected();
    condition.failed(new Error('refused'), 1);
    condition.connected();
  }), ['output.trouble: refused', 'output.connected', 'output.attempt_failed: refused']);
});

test('A slow host is told once, and again only after it has acknowledged something.', () => {
  assert.deepEqual(heard((condition) => {
    condition.slow(30);
    condition.slow(30);
    condition.acknowledged();
    condition.slow(30);
  }), ['output.slow', 'output.slow']);
});
