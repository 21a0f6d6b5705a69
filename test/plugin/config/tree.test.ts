import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDocument } from '../../../plugin/config/document.ts';
import { Findings, mistakeText } from '../../../plugin/config/findings.ts';
import { toPlain, type Mapping } from '../../../plugin/config/node.ts';
import { nest, overlay } from '../../../plugin/config/tree.ts';

function map(text: string): Mapping {
  const node = readDocument(text, 'f', new Findings());
  assert.ok(node?.kind === 'map');
  return node;
}

test('dotted and nested keys mix freely', () => {
  const findings = new Findings();
  const nested = nest(map('var.api.a: 1\nvar: {api.b: 2, c: 3}\nvar.api: {d.e: 4}\n'), findings);
  assert.deepEqual(toPlain(nested), { var: { api: { a: 1, b: 2, d: { e: 4 } }, c: 3 } });
  assert.deepEqual(findings.mistakes, []);
});

test('a value that is said twice in two ways is a mistake that names both lines', () => {
  const findings = new Findings();
  nest(map('var.a: 1\nvar:\n  a: 2\n'), findings);
  assert.deepEqual(findings.mistakes.map(mistakeText), ['f:3:3: var.a: expected each key once, found a second var.a (the first is on line 1). Keep one of them.']);
});

test('dots inside lists are left alone', () => {
  assert.deepEqual(toPlain(nest(map('list: [{a.b: 1}]\n'), new Findings())), { list: [{ 'a.b': 1 }] });
});

test('an overlay replaces values and whole lists, and keeps what it does not name', () => {
  const lower = map('a: {b: 1, c: [1, 2]}\nd: x\n');
  assert.deepEqual(toPlain(overlay(lower, map('a: {c: [3]}\ne: z\n'))), { a: { b: 1, c: [3] }, d: 'x', e: 'z' });
  assert.deepEqual(toPlain(lower), { a: { b: 1, c: [1, 2] }, d: 'x' });
});
