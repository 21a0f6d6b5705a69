import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { COMMAND_LINE, toPlain } from '../../../plugin/config/node.ts';
import { readSetting } from '../../../plugin/config/setting.ts';

const read = (text: string): unknown => {
  const node = readSetting(text, { source: COMMAND_LINE });
  return 'problem' in node ? { problem: node.problem } : toPlain(node);
};

describe('a value of -M, as Filebeat takes it', () => {
  for (const [text, value] of [
    ['plain', 'plain'], ['two words', 'two words'], ['', null], ['null', null],
    ['true', true], ['on', true], ['off', false], ['F', false], ['yes', 'yes'],
    ['12', 12], ['-1.5', -1.5], ['0x10', 16], ['12345678901234567890', '12345678901234567890'], ['1h30m', '1h30m'], ['.hidden', '.hidden'],
    ['a,b', ['a', 'b']], ['[a, b]', ['a', 'b']], ['[a, b,]', ['a', 'b']], ['[]', []], ['[[a], b]', [['a'], 'b']], ['[1, true]', [1, true]],
    ['https://manage.office.com', 'https://manage.office.com'], ['[https://a, http://b:1]', ['https://a', 'http://b:1']],
    ['"a,b"', 'a,b'], ['"a\\"b\\n"', 'a"b\n'], ["'a\\,b'", 'a\\,b'], ['"true"', 'true'],
    ['{id: x, name: y}', { id: 'x', name: 'y' }], ['{"id": "x", }', { id: 'x' }], ['{}', {}],
    ['[{id: contoso.com, name: Contoso}, {id: fabrikam.com}]', [{ id: 'contoso.com', name: 'Contoso' }, { id: 'fabrikam.com' }]],
    ['${NAME:a,b}', '${NAME:a,b}'], ['[${A:x]y}, b]', ['${A:x]y}', 'b']],
  ] as const) {
    test(`${text === '' ? '(nothing)' : text} is ${JSON.stringify(value)}`, () => assert.deepEqual(read(text), value));
  }

  for (const text of ['[a', '[a b', '{a: b', '{a', '"a', "'a", '"\\q"', '[a] b', '"a" b', '['.repeat(20)]) {
    test(`${text} is refused with a reason`, () => assert.match((read(text) as { problem: string }).problem, /\w/));
  }

  test('is read or refused, but never loops or throws, wherever it is cut', () => {
    const whole = '[{id: "a\\"b", name: \'c\'}, ${X:[1,2]}, d]';
    for (let end = 0; end <= whole.length; end++) read(whole.slice(0, end));
  });
});
