import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCommandLine } from '../../../plugin/config/command-line.ts';
import { readArguments } from '../../../plugin/config/collector.ts';
import { loadConfig } from '../../../plugin/config/config.ts';
import { INPUT_NAMES, MODULE_KEYS, type ModuleKey } from '../../../plugin/config/module-keys.ts';
import { COMMANDS, OPTIONS, optionsOf, type Command, type Option, type OptionName } from '../../../plugin/config/options.ts';
import { readAddress, readValue } from '../../../plugin/config/value.ts';

/** What the documentation of Filebeat's module and inputs names. */
const FILEBEATS = /^(enabled$|input\.|var\.(api\.|(input|paths|application_id|tenants|client_secret|certificate|key|key_passphrase|content_type|tags)$))/;

const rows = Object.entries(OPTIONS) as [OptionName, Option][];
const commands = Object.keys(COMMANDS) as Command[];

function assertUnique(names: readonly (string | undefined)[]): void {
  const given = names.filter((name) => name !== undefined);
  assert.deepEqual([...new Set(given)], given);
}

describe('the table of options', () => {
  test('has each environment name and each key once, and each flag once a command', () => {
    assertUnique(rows.flatMap(([, { environment, environmentAliases = [] }]) => [environment, ...environmentAliases]));
    assertUnique(rows.map(([, { key }]) => key));
    for (const command of commands) assertUnique(optionsOf(command).flatMap(([, { flag, alias }]) => [flag, alias]));
  });

  test('spells flags, environment names and keys alike in one row', () => {
    for (const [name, { flag, environment, key, commands: served }] of rows) {
      if (flag !== undefined) assert.match(flag, /^([a-z]+(-[a-z]+)*|M)$/, name);
      if (key !== undefined && flag !== undefined) assert.equal(key, flag.replaceAll('-', '_'), name);
      if (environment !== undefined) assert.match(environment, /^(O365AUDIT|ELASTICSEARCH|KIBANA)_[A-Z_]+$/, name);
      if (environment !== undefined && key !== undefined) assert.equal(environment, `O365AUDIT_${key.toUpperCase()}`, name);
      assert.ok(served.length > 0, name);
    }
  });

  test('gives every command that reads what is to be collected, or sends it again, all options of collect: nothing may be made otherwise because it is made again', () => {
    for (const [name, { commands: served }] of rows) {
      if (served.includes('collect')) assert.deepEqual((['config', 'check', 'audit', 'replay'] as const).filter((command) => !served.includes(command)), [], name);
    }
  });

  test('never gives a secret a flag, and always an environment name', () => {
    for (const [name, { secret, flag, environment }] of rows) if (secret === true) assert.deepEqual([flag, typeof environment], [undefined, 'string'], name);
    assert.deepEqual(rows.filter(([name, { flag }]) => /secret|password|passphrase|shared|token/i.test(name) && flag !== undefined), []);
  });

  for (const [name, option] of rows) {
    test(`has a sentence for --help, and a default and an example that are valid: ${name}`, () => {
      assert.match(option.sentence, /^[A-Z].*[^.]$/);
      for (const text of [option.default, option.example]) {
        if (text === undefined || option.type === 'list' || option.secret === true) continue;
        const reading = readValue({ ...option, type: option.type }, text);
        assert.ok('value' in reading, `${text}: ${JSON.stringify(reading)}`);
      }
      for (const text of [option.minimum, option.maximum]) {
        if (text !== undefined && option.type !== 'list') assert.ok('value' in readValue({ type: option.type }, text), text);
      }
      assert.notEqual(option.example, option.default, 'an example shows something else than the default');
    });
  }

  test('has examples that the command line takes', async () => {
    for (const command of commands) {
      for (const [line] of COMMANDS[command].examples) {
        const parts = line.split(' | ').filter((part, index) => index === 0 || part.startsWith('o365audit ')).map((part) => part.replace('o365audit ', '').split(' '));
        const commandsOfLine = await Promise.all(parts.map(async (words) => {
          const asked = await readCommandLine(words);
          assert.ok('command' in asked);
          readArguments(asked.command, asked.flags, {});
          return asked.command;
        }));
        assert.ok(commandsOfLine.includes(command), line);
      }
    }
  });
});

describe('the table of module keys', () => {
  test('gives every honoured key a purpose and an example that loads as it stands', () => {
    for (const [path, key] of Object.entries(MODULE_KEYS) as [string, ModuleKey][]) {
      assert.match(key.sentence, /^[A-Z`].*\.$/, path);
      if (key.verdict !== 'honoured') continue;
      assert.ok(key.example !== undefined, path);
      const isFile = path === 'var.input' || path === 'var.paths';
      const isCertificate = /^var\.(certificate|key|send_certificate)/.test(path);
      const isProof = /^var\.(client_secret|federated)/.test(path);
      const base: Record<string, string> = {
        'var.application_id': '00000000-0000-4000-8000-00000000a001', 'var.tenants': '[{id: contoso.com}]',
        ...(isFile ? { 'var.input': 'file', 'var.paths': '[a]' } : isCertificate ? { 'var.certificate': '/c.pem' } : isProof ? {} : { 'var.client_secret': 'x' }),
        [path]: key.example,
      };
      const text = `audit:\n${Object.entries(base).map(([name, value]) => `  ${name}: ${value}\n`).join('')}`;
      const { sources } = loadConfig({ text, flags: {}, env: { O365_CLIENT_SECRET: 'x', O365_KEY_PASSPHRASE: 'y' } });
      assert.equal(sources.length, 1, path);
      assert.equal(key.own === true, !FILEBEATS.test(path), `${path} says whether Filebeat has it`);
    }
  });

  test('has defaults that are valid', () => {
    for (const [path, { type, ...key }] of Object.entries(MODULE_KEYS) as [string, ModuleKey][]) {
      if (key.default === undefined) continue;
      if (type === 'address') assert.ok('url' in readAddress(key.default), path);
      else if (type !== 'texts' && type !== 'content types' && type !== 'any' && type !== 'secret' && type !== 'tenants' && type !== 'fields') assert.ok('value' in readValue({ ...key, type }, key.default), path);
    }
  });

  test('knows the keys of Filebeat\'s documentation by their verdict', () => {
    const verdictOf = (path: string): string => (MODULE_KEYS as Record<string, ModuleKey>)[path]?.verdict ?? 'missing';
    for (const name of ['application_id', 'tenants', 'client_secret', 'certificate', 'key', 'key_passphrase', 'content_type', 'tags', 'input', 'paths']) assert.equal(verdictOf(`var.${name}`), 'honoured', name);
    for (const name of ['authentication_endpoint', 'resource', 'max_retention', 'poll_interval', 'max_requests_per_minute', 'max_query_size', 'adjust_clock',
      'adjust_clock_min_difference', 'adjust_clock_warn', 'error_retry_interval', 'preserve_original_event']) assert.equal(verdictOf(`var.api.${name}`), 'honoured', name);
    assert.deepEqual(['var.api.set_id_from_audit_record', 'input.processors', 'input.fields', 'input.tags', 'input.index'].map(verdictOf), ['notice', 'refused', 'honoured', 'honoured', 'notice']);
    for (const alias of INPUT_NAMES.keys()) assert.ok(!(alias in MODULE_KEYS), alias);
  });
});
