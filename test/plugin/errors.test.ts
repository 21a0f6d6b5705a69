import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { failure, reasonOf } from '../../plugin/errors.ts';

describe('the reason in what was thrown', () => {
  test('is its message and those of its causes, without full stops between', () => {
    assert.equal(reasonOf(new Error('The lock cannot be taken.', { cause: new Error('no space left.') })), 'The lock cannot be taken: no space left');
    assert.equal(reasonOf(new AggregateError([new Error('refused'), new Error('also refused')], 'no address answers')), 'no address answers: refused');
    assert.equal(reasonOf('a text'), 'a text');
    assert.equal(reasonOf(new TypeError('')), 'TypeError');
  });

  test('is not said twice where a failure of the table says its cause already', () => {
    const cause = new Error('read ECONNRESET');
    assert.equal(reasonOf(failure('NETWORK_BROKEN', { host: 'manage.example', reason: reasonOf(cause) }, cause)), 'The connection to manage.example broke: read ECONNRESET');
  });
});
