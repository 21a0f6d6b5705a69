import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readDocument } from '../../../plugin/config/document.ts';
import { Findings, mistakeText, noticeText } from '../../../plugin/config/findings.ts';
import { findModules } from '../../../plugin/config/modules.ts';

function find(text: string): { audits: number; collector: boolean; mistakes: string[]; notices: string[] } {
  const findings = new Findings();
  const { audits, collector } = findModules(readDocument(text, 'f.yml', findings), { environment: {}, findings, folder: '/' });
  return { audits: audits.length, collector: collector !== undefined, mistakes: findings.mistakes.map(mistakeText), notices: findings.notices.map(noticeText) };
}

describe('the shape of the file may be', () => {
  for (const [what, text, audits, collector] of [
    ['a list of modules, as in modules.d', '- module: o365\n  audit: {enabled: true}\n', 1, false],
    ['a list with a collector block', '- module: o365\n  audit:\n- collector: {output: stdout}\n', 1, true],
    ['a list with dotted keys', '- module: o365\n  audit.enabled: true\n  audit.var.tags: x\n', 1, false],
    ['several o365 entries', '- module: o365\n  audit:\n- module: o365\n  audit:\n', 2, false],
    ['a bare audit block', 'audit:\n  var.tags: x\ncollector:\n  output: stdout\n', 1, true],
    ['a bare audit block with dotted keys', 'audit.var.tags: x\ncollector.output: stdout\n', 1, true],
    ['one module without a list', 'module: o365\naudit:\n  enabled: true\n', 1, false],
    ['nothing at all', '', 0, false],
  ] as const) {
    test(what, () => assert.deepEqual(find(text), { audits, collector, mistakes: [], notices: [] }));
  }

  test('a whole filebeat.yml, of which the rest is skipped with one notice', () => {
    const whole = 'filebeat.modules:\n- module: nginx\n- module: o365\n  audit: {enabled: true}\nfilebeat.inputs: []\noutput.elasticsearch:\n  hosts: [x]\nlogging.level: info\nprocessors: [{drop: x}]\n';
    const { audits, mistakes, notices } = find(whole);
    assert.equal(audits, 1);
    assert.deepEqual(mistakes, []);
    assert.deepEqual(notices, ['f.yml:2:11: nginx, filebeat.inputs, output, logging, processors: Skipped: this program reads the module o365 and nothing else of Filebeat.']);
  });

  test('a filebeat.yml that loads its modules from a folder, which gets told to name the file', () => {
    const { audits, notices } = find('filebeat.config.modules:\n  path: ${path.config}/modules.d/*.yml\noutput.console: {}\n');
    assert.equal(audits, 0);
    assert.match(notices.join('\n'), /-c modules\.d\/o365\.yml/);
  });
});

describe('a file is mistaken', () => {
  for (const [what, text, expected] of [
    ['as a text', 'hello\n', /^f\.yml:1:1: file: expected a list of modules/],
    ['in a list of texts', '- o365\n', /expected - module: o365, found a text/],
    ['by an entry without a module', '- audit: {}\n', /module: expected the name of a module, found none/],
    ['by an input', '- type: o365audit\n  client_secret: x\n', /Inputs are not read/],
    ['by a module that is almost o365', '- module: office365\n', /found "office365"\. Write o365\./],
    ['by an unknown fileset', '- module: o365\n  audti: {}\n', /^f\.yml:2:3: audti: expected the fileset audit:, found an unknown key\. Write audit\./],
    ['by a collector block inside the module', '- module: o365\n  collector: {}\n', /^f\.yml:2:3: collector: .*Write - collector:/],
    ['by two collector blocks', '- collector: {a: 1}\n- collector: {b: 1}\n', /one collector block, found a second one \(the first is on line 1\)/],
    ['by a collector block with neighbours', '- collector: {a: 1}\n  outptu: x\n', /^f\.yml:2:3: outptu/],
    ['by an unknown key beside audit', 'audit: {}\ncolector: {}\n', /^f\.yml:2:1: colector: .* Write collector\./],
    ['by an audit block that is a list', '- module: o365\n  audit: [a]\n', /audit: expected keys below it, found a list/],
    ['by a switch that is neither', '- module: o365\n  enabled: maybe\n', /^f\.yml:2:12: enabled: expected true or false, found "maybe"/],
  ] as const) {
    test(what, () => {
      const { mistakes } = find(text);
      assert.equal(mistakes.length, 1, mistakes.join('\n'));
      assert.match(mistakes[0] ?? '', expected);
    });
  }
});
