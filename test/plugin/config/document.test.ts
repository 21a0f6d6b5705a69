import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readDocument } from '../../../plugin/config/document.ts';
import { Findings, mistakeText } from '../../../plugin/config/findings.ts';
import { toPlain, type Node } from '../../../plugin/config/node.ts';

function read(text: string): { node: Node | undefined; mistakes: string[] } {
  const findings = new Findings();
  const node = readDocument(text, 'o365.yml', findings);
  return { node, mistakes: findings.mistakes.map(mistakeText) };
}

describe('a YAML file', () => {
  test('keeps the place and the very characters of every value', () => {
    const { node } = read('a:\n  id: 0123\n  quoted: "x\\ty"\n  list: [ one ]\n');
    assert.ok(node?.kind === 'map');
    const inner = node.entries.get('a')?.node;
    assert.ok(inner?.kind === 'map');
    const id = inner.entries.get('id');
    assert.deepEqual(id?.place, { source: 'o365.yml', line: 2, column: 3 });
    assert.ok(id.node.kind === 'scalar');
    assert.equal(id.node.text, '0123');
    assert.deepEqual(id.node.place, { source: 'o365.yml', line: 2, column: 7 });
    const quoted = inner.entries.get('quoted')?.node;
    assert.ok(quoted?.kind === 'scalar');
    assert.equal(quoted.text, 'x\ty');
  });

  test('is YAML 1.1, which is what Filebeat reads: yes is true, << merges, anchors repeat', () => {
    const { node, mistakes } = read('base: &base {x: 1, y: 2}\nother: {<<: *base, y: 3}\nflag: yes\nagain: *base\n');
    assert.deepEqual(mistakes, []);
    assert.ok(node !== undefined);
    assert.deepEqual(toPlain(node), { base: { x: 1, y: 2 }, other: { y: 3, x: 1 }, flag: true, again: { x: 1, y: 2 } });
  });

  test('may be empty, or comments only', () => {
    assert.deepEqual(read(''), { node: undefined, mistakes: [] });
    assert.deepEqual(read('# nothing yet\n'), { node: undefined, mistakes: [] });
  });

  test('may begin with a byte order mark, and have Windows line ends', () => {
    const { node, mistakes } = read('\uFEFFa: 1\r\nb: two\r\n');
    assert.deepEqual(mistakes, []);
    assert.ok(node !== undefined);
    assert.deepEqual(toPlain(node), { a: 1, b: 'two' });
  });

  for (const [what, text, expected] of [
    ['a key that comes twice', 'a: 1\nb: 2\na: 3\n', /^o365\.yml:3:1: a: expected each key once, found a second a \(the first is on line 1\)/],
    ['a tab', 'a:\n\tb: 1\n', /^o365\.yml:2:1: YAML: expected well-formed YAML, found a tab\. Indent with spaces\./],
    ['uneven indentation', 'a:\n   b: 1\n  c: 2\n', /^o365\.yml:3:/],
    ['a second colon', 'a: b: c\n', /^o365\.yml:1:4: YAML: .*second colon/],
    ['a quote that stays open', 'a: "b\nc: d\n', /^o365\.yml:/],
    ['a list that stays open', 'a: [b\nc: d\n', /^o365\.yml:/],
    ['an unknown alias', 'a: *b\n', /^o365\.yml:1:4: YAML: .*alias/],
    ['a second document', 'a: 1\n---\nb: 2\n', /^o365\.yml:\d:\d: ---: expected one YAML document/],
    ['a list as a key', '? [a]\n: b\n', /^o365\.yml:1:3: YAML: expected a key/],
  ] as const) {
    test(`${what} is a mistake with its place`, () => {
      const { mistakes } = read(text);
      assert.ok(mistakes.some((mistake) => expected.test(mistake)), mistakes.join('\n'));
    });
  }

  test('whose syntax is broken at a secret never has the secret repeated', () => {
    for (const line of ['"canary', '*canary', '!canary', '&canary x', '%canary', '@canary', '`canary', 'canary: x', '{canary', '[canary', '"\\canary"', "'canary' x"]) {
      for (const text of [`client_secret: ${line}\nnext: 1\n`, `client_secret:${line}\nnext: 1\n`, `client_secret:\t${line}\n\tnext: 1\n`]) {
        assert.doesNotMatch(read(text).mistakes.join('\n'), /canary/i, text);
      }
    }
  });

  test('whose aliases multiply without end is refused', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level++) lines.push(`a${level}: &a${level} [${`*a${level - 1}, `.repeat(10)}]`);
    assert.match(read(`${lines.join('\n')}\n`).mistakes.join('\n'), /Write out what the aliases stand for/);
    assert.match(read('a: &a [*a]\n').mistakes.join('\n'), /Write out what the aliases stand for|alias/);
  });

  test('cut at any byte is read or refused, and never throws', () => {
    const whole = '- module: o365\n  audit:\n    var.tenants: [{id: "a", name: \'b\'}]\n    x: &y |\n      text\n    <<: {z: *y}\n';
    for (let end = 0; end <= whole.length; end++) read(whole.slice(0, end));
  });
});
