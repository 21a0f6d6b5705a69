import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { expandVariables } from '../../../plugin/config/variables.ts';

const environment = { HOST: 'example.com', EMPTY: '', NAME: 'HOST', BRACES: '{x}' };
const expand = (text: string): string | { found: string; repair: string } => {
  const expansion = expandVariables(text, environment);
  return 'text' in expansion ? expansion.text : expansion;
};

describe('variables in values, as Filebeat fills them in', () => {
  for (const [text, filled] of [
    ['no variable', 'no variable'], ['${HOST}', 'example.com'], ['https://${HOST}/x', 'https://example.com/x'], ['${HOST}${HOST}', 'example.comexample.com'],
    ['${UNSET:default}', 'default'], ['${EMPTY:default}', 'default'], ['${UNSET:}', ''], ['${HOST:default}', 'example.com'],
    ['${UNSET:http://a:1/}', 'http://a:1/'], ['${UNSET:${HOST}}', 'example.com'], ['${UNSET:x ${ALSO_UNSET:y} z}', 'x y z'],
    ['${HOST:${UNSET}}', 'example.com'], ['${HOST:?must be there}', 'example.com'],
    ['${HOST:+set}', 'set'], ['${UNSET:+set}', ''], ['${${NAME}}', 'example.com'],
    ['$', '$'], ['a$b', 'a$b'], ['$$', '$'], ['$${HOST}', '${HOST}'], ['cost: 5$', 'cost: 5$'], ['${UNSET:a$}b}', 'a}b'], ['${BRACES}', '{x}'], ['a}b:c', 'a}b:c'],
  ] as const) {
    test(`${text} becomes ${filled === '' ? 'nothing' : filled}`, () => assert.equal(expand(text), filled));
  }

  test('what a variable holds is never expanded again', () => {
    assert.deepEqual(expandVariables('${A}', { A: '${HOST}' }), { text: '${HOST}' });
  });

  test('a missing one says that Filebeat\'s keystore is not read, and what to do', () => {
    assert.deepEqual(expand('${O365_SECRET}'), {
      found: 'the environment variable O365_SECRET not set',
      repair: 'Filebeat\'s keystore is not read: set the environment variable, or give a default with ${O365_SECRET:value}.',
    });
  });

  test('an own message comes out as the repair', () => {
    assert.deepEqual(expand('${UNSET:?Export UNSET first}'), { found: 'the variable UNSET not set', repair: 'Export UNSET first.' });
  });

  test('a reference to another setting of Filebeat is named as such', () => {
    const problem = expand('${path.config}/certificate.pem');
    assert.ok(typeof problem === 'object');
    assert.match(problem.found, /Filebeat's own setting path\.config/);
  });

  for (const text of ['${HOST', 'x${', '${A:${B}', '${'.repeat(20)]) {
    test(`${text} is refused with a reason`, () => assert.ok(typeof expand(text) === 'object'));
  }

  test('is filled in or refused, but never throws, wherever it is cut', () => {
    const whole = 'a${UNSET:b${HOST:+c}d$}e}$$f${EMPTY:?g}';
    for (let end = 0; end <= whole.length; end++) expand(whole.slice(0, end));
  });
});
