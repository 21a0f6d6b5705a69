import assert from 'node:assert/strict';
import { test } from 'node:test';
import { editDistance, nearest } from '../../../plugin/config/nearest.ts';

test('an edit is an insertion, a deletion, a change, or a swap of neighbours', () => {
  assert.equal(editDistance('output', 'output'), 0);
  assert.equal(editDistance('output', 'outputs'), 1);
  assert.equal(editDistance('output', 'outpu'), 1);
  assert.equal(editDistance('output', 'outbut'), 1);
  assert.equal(editDistance('output', 'outptu'), 1);
  assert.equal(editDistance('', 'abc'), 3);
  assert.equal(editDistance('abc', ''), 3);
  assert.equal(editDistance('kitten', 'sitting'), 3);
});

test('the nearest candidate is proposed, whatever its case, and nothing when none is near', () => {
  assert.equal(nearest('outptu', ['output', 'overlap']), 'output');
  assert.equal(nearest('AUDIT.EXCHNGE', ['Audit.Exchange', 'Audit.SharePoint']), 'Audit.Exchange');
  assert.equal(nearest('xml', ['raw', 'ecs']), undefined);
  assert.equal(nearest('anything', []), undefined);
});
