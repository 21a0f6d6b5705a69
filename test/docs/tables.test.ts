/** The pages that are made from tables of the code say what the tables say. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { INPUT_NAMES, MODULE_KEYS } from '../../plugin/config/module-keys.ts';
import { COMMANDS, OPTIONS, type Option } from '../../plugin/config/options.ts';
import { FAILURES } from '../../plugin/errors.ts';
import { LINES } from '../../plugin/telemetry/log.ts';

const root = join(import.meta.dirname, '../../..');
const page = (path: string): string => readFileSync(join(root, path), 'utf8');
/** The first code of every row of a page's tables. */
const firstCells = (text: string): string[] => [...text.matchAll(/^\| `([^`]+)`/gm)].map(([, name]) => name ?? '');
const options: readonly Option[] = Object.values(OPTIONS);

test('every generated page is as new as the code', () => {
  const { status, stderr } = spawnSync(process.execPath, [join(root, '.ci/docs.js'), '--check'], { encoding: 'utf8' });
  assert.equal(stderr, '');
  assert.equal(status, 0);
});

test('ERRORS.md lists exactly the failures of the table', () => {
  assert.deepEqual(firstCells(page('plugin/ERRORS.md')), Object.keys(FAILURES));
});

test('LOG.md lists exactly the log lines of the table', () => {
  assert.deepEqual(firstCells(page('plugin/telemetry/LOG.md')), Object.keys(LINES));
});

test('OPTIONS.md has every command, flag, environment name, key and default, and every key of the module', () => {
  const text = page('plugin/config/OPTIONS.md');
  for (const command of Object.keys(COMMANDS)) assert.ok(text.includes(`### ${command}\n`), command);
  for (const { flag, environment, key, default: standard, sentence } of options) {
    for (const name of [flag === undefined ? undefined : flag.length === 1 ? `-${flag}` : `--${flag}`, environment, key, standard]) {
      if (name !== undefined) assert.ok(text.includes(`\`${name}\``), name);
    }
    assert.ok(text.toLowerCase().includes(sentence.toLowerCase()), sentence);
  }
  const keys = firstCells(text.slice(text.indexOf('## Keys of Filebeat')));
  assert.deepEqual(keys, Object.keys(MODULE_KEYS));
  for (const alias of INPUT_NAMES.keys()) assert.ok(text.includes(`\`${alias}\``), alias);
});

test('the README has the options of collect', { skip: existsSync(join(root, 'README.md')) && page('README.md').includes('<!-- options -->') ? false : 'no README with an option table' }, () => {
  const table = /<!-- options -->([\s\S]*)<!-- \/options -->/.exec(page('README.md'))?.[1] ?? '';
  for (const { environment, commands, sentence } of options) {
    if (!commands.includes('collect')) continue;
    assert.ok(table.includes(sentence), sentence);
    if (environment !== undefined) assert.ok(table.includes(`\`${environment}\``), environment);
  }
});

test('no page names a flag or variable that does not exist', () => {
  const flags = new Set(options.flatMap(({ flag }) => flag === undefined ? [] : [`--${flag}`, `--no-${flag}`]));
  const variables = new Set(options.flatMap(({ environment }) => environment ?? []));
  for (const path of ['plugin/config/OPTIONS.md', 'plugin/ERRORS.md']) {
    for (const [flag] of page(path).matchAll(/(?<=[\s`(])--[a-z][a-z-]+/g)) assert.ok(flags.has(flag) || flag === '--help', `${path}: ${flag}`);
    for (const [variable] of page(path).matchAll(/\bO365AUDIT_[A-Z_]+/g)) assert.ok(variables.has(variable), `${path}: ${variable}`);
  }
});
