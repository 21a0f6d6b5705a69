import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readCommandLine } from '../../../plugin/config/command-line.ts';
import { COMMANDS, OPTIONS, optionsOf, type Command, type Flags, type Option } from '../../../plugin/config/options.ts';
import { AuditError } from '../../../plugin/errors.ts';

async function flagsOf(...words: readonly string[]): Promise<Flags> {
  const asked = await readCommandLine(words);
  assert.ok('command' in asked);
  return asked.flags;
}

async function helpOf(...words: readonly string[]): Promise<string> {
  const asked = await readCommandLine(words);
  assert.ok('help' in asked);
  return asked.help;
}

describe('the command line', () => {
  test('gives flags as they were typed', async () => {
    assert.deepEqual(await flagsOf('collect', '--output', 'forward://h:1', '--format=ecs', '--once', '--frame-size', '0x1'),
      { output: 'forward://h:1', format: 'ecs', once: true, frameBytes: '0x1' });
    assert.deepEqual(await flagsOf('collect'), {});
  });

  test('takes -M as Filebeat does: repeated, with or without a space, whatever dots, commas and signs are in it', async () => {
    assert.deepEqual(await flagsOf('collect', '-M', 'o365.audit.var.x=[a,b]', '-Mo365.audit.enabled=true', '-M=o365.audit.var.y={z: -1}', '-c', 'a.yml'),
      { moduleOverrides: ['o365.audit.var.x=[a,b]', 'o365.audit.enabled=true', 'o365.audit.var.y={z: -1}'], config: 'a.yml' });
    assert.deepEqual(await flagsOf('collect', '-M', 'one=1', '-c=b.yml'), { moduleOverrides: ['one=1'], config: 'b.yml' });
  });

  test('turns switches on and off in every usual way', async () => {
    assert.deepEqual(await flagsOf('collect', '--no-once', '--supervised'), { once: false, supervised: true });
    assert.deepEqual(await flagsOf('collect', '--once=false', '--supervised=yes'), { once: false, supervised: true });
    assert.deepEqual(await flagsOf('collect', '--once', '--no-once'), { once: false });
    assert.deepEqual(await flagsOf('setup', '--no-alias'), { alias: false });
  });

  test('takes files for map, - for stdin, and after -- words that begin with a dash', async () => {
    assert.deepEqual(await flagsOf('map', 'a.json', '-', '--namespace', 'x', '1'), { files: ['a.json', '-', '1'], namespace: 'x' });
    assert.deepEqual(await flagsOf('map', 'a.json', '--', '-b.json'), { files: ['a.json', '-b.json'] });
    assert.deepEqual(await flagsOf('map', '--', '--namespace'), { files: ['--namespace'] });
    assert.deepEqual(await flagsOf('map'), {});
  });

  test('takes flags before the command, and values that look like numbers as texts', async () => {
    assert.deepEqual(await flagsOf('--log-level', 'debug', 'demo', '--events', '020'), { logLevel: 'debug', eventCount: '020' });
  });

  for (const [words, expected] of [
    [[], new RegExp(`^Say what to do: ${Object.keys(COMMANDS).join(', ')}\\.$`)],
    [['colect'], /^There is no command colect; collect is the nearest\.$/],
    [['serve'], /^There is no command serve\.$/],
    [['collect', '--outptu', 'x'], /^collect has no --outptu; --output is the nearest\.$/],
    [['collect', '--xyzzy', '--outptu', 'x'], /^collect has no --xyzzy; collect has no --outptu; --output is the nearest\.$/],
    [['collect', '-x'], /^collect has no -x\.$/],
    [['collect', '--port', '1'], /^--port belongs to simulate, not to collect\.$/],
    [['collect', '--output'], /^--output needs a value, such as forward:\/\/127\.0\.0\.1:24224\.$/],
    [['collect', '--output', '--once'], /^--output needs a value/],
    [['collect', '-M'], /^-M needs a value/],
    [['collect', '--output', 'a', '--output', 'b'], /^--output is given 2 times\.$/],
    [['collect', 'o365.yml'], /^collect takes no further words, and there is o365\.yml\.$/],
    [['collect', '--once=maybe'], /^--once is a switch, and "maybe" is neither true nor false\.$/],
    [['collect', '--forward-shared-key', 'canary'], /^--forward-shared-key would show the secret to every process; set O365AUDIT_FORWARD_SHARED_KEY instead\.$/],
    [['collect', '--client-secret=canary'], /^collect has no --client-secret/],
  ] as const) {
    test(`refuses ${words.length === 0 ? 'no words' : words.join(' ')} with a reason, and never repeats a value that may be secret`, async () => {
      await assert.rejects(readCommandLine(words), (error) => {
        assert.ok(error instanceof AuditError);
        assert.equal(error.code, 'USAGE');
        assert.equal(error.exitStatus, 2);
        assert.match(error.message, expected);
        assert.doesNotMatch(error.message, /canary/);
        return true;
      });
    });
  }
});

describe('--help', () => {
  test('lists every command with its sentence', async () => {
    const help = await helpOf('--help');
    for (const [command, { sentence }] of Object.entries(COMMANDS)) {
      assert.match(help, new RegExp(`o365audit ${command}\\b`));
      assert.ok(help.replace(/\s+/g, ' ').includes(sentence), sentence);
    }
    assert.equal(await helpOf('-h'), help);
  });

  for (const command of Object.keys(COMMANDS) as Command[]) {
    test(`of ${command} shows every option with its sentence, default and environment name, by groups, within 120 columns`, async () => {
      const help = await helpOf(command, '--help');
      const flat = help.replace(/\s+/g, ' ');
      for (const [, option] of optionsOf(command)) {
        if (option.secret === true) continue;
        assert.ok(flat.includes(option.sentence), option.sentence);
        if (option.environment !== undefined) assert.ok(flat.includes(`[${option.environment}]`), option.environment);
        if (option.default !== undefined && option.type !== 'boolean') assert.ok(flat.includes(`(default: ${option.default})`), option.flag);
        assert.ok(option.positional !== undefined || flat.includes(`${option.group}:`), option.group);
      }
      assert.match(help, /Examples:/);
      assert.ok(help.split('\n').every((line) => line.length <= 120), help);
    });
  }

  test('says where secrets go', async () => {
    const secrets = (Object.values(OPTIONS) as Option[]).filter(({ secret }) => secret === true);
    assert.ok(secrets.length > 0);
    for (const { environment, commands: [command] } of secrets) assert.ok((await helpOf(command ?? '', '--help')).includes(environment ?? '?'));
  });
});

test('--version is understood anywhere', async () => {
  assert.deepEqual(await readCommandLine(['collect', '--version']), { version: true });
});
