import assert from 'node:assert/strict';
import { resolve } from 'node:path';
import { describe, test } from 'node:test';
import { isSwitchedOn, readArguments } from '../../../plugin/config/collector.ts';
import { loadConfig, mistakeText, noticeText, InvalidConfiguration, type Config } from '../../../plugin/config/config.ts';
import type { Flags } from '../../../plugin/config/options.ts';

const load = (block: string, flags: Flags = {}, env: Record<string, string> = {}): Config => loadConfig({ text: `collector:\n${block}\naudit: {enabled: false}\n`, flags: { config: '/etc/o365/o365.yml', ...flags }, env });

function mistakesOf(block: string, flags: Flags = {}, env: Record<string, string> = {}): string[] {
  try {
    load(block, flags, env);
  } catch (error) {
    assert.ok(error instanceof InvalidConfiguration);
    return error.mistakes.map(mistakeText);
  }
  return [];
}

describe('an option', () => {
  test('is what the flag says, else the environment, else the file, else the default', () => {
    const block = '  content_concurrency: 2';
    const env = { O365AUDIT_CONTENT_CONCURRENCY: '3' };
    const flags = { contentConcurrency: '4' };
    assert.equal(load('').collector.contentConcurrency, 128);
    assert.equal(load(block).collector.contentConcurrency, 2);
    assert.equal(load(block, {}, env).collector.contentConcurrency, 3);
    assert.equal(load(block, flags, env).collector.contentConcurrency, 4);
    assert.deepEqual([load(block), load(block, {}, env), load(block, flags, env)].map(({ origins }) => origins['collector.content_concurrency']), ['/etc/o365/o365.yml:2:3', 'environment', 'command line']);
    assert.equal(load('').origins['collector.content_concurrency'], undefined);
  });

  test('has the defaults of the table, in milliseconds and bytes', () => {
    const { output, format, encoding, namespace, frameBytes, framesInFlight, bytesInFlight, ackTimeoutMs, overlapMs, once, supervised, outliveParent, logLevel, logFormat, eventTag, publisherId, forwardSharedKey } = load('').collector;
    assert.deepEqual([output, format, encoding, namespace], ['stdout', 'raw', 'ndjson', 'default']);
    assert.deepEqual([frameBytes, framesInFlight, bytesInFlight, ackTimeoutMs, overlapMs], [1_048_576, 4, 33_554_432, 90_000, 10_800_000]);
    assert.deepEqual([once, supervised, outliveParent, logLevel, logFormat, eventTag], [false, false, false, 'info', 'text', 'o365.audit']);
    assert.deepEqual([publisherId, forwardSharedKey], [undefined, undefined]);
  });

  test('that is an empty variable or key counts as one that is not set', () => {
    assert.equal(load('  format:', {}, { O365AUDIT_FORMAT: '' }).collector.format, 'raw');
    assert.equal(load('  format: "${UNSET:}"').collector.format, 'raw');
  });

  test('may be a list of known words: in the file, comma by comma in a flag and in the environment', () => {
    const words = ['user_roles', 'dlp_message'];
    assert.deepEqual(load('').collector.mappingSwitches, []);
    assert.deepEqual(load('  mapping_switches: [user_roles, dlp_message]').collector.mappingSwitches, words);
    assert.deepEqual(load('  mapping_switches: user_roles, dlp_message').collector.mappingSwitches, words);
    assert.deepEqual(load('', { mappingSwitches: 'user_roles,DLP_Message' }).collector.mappingSwitches, words);
    assert.deepEqual(load('', {}, { O365AUDIT_MAPPING_SWITCHES: 'user_roles,dlp_message' }).collector.mappingSwitches, words);
    const [first, second] = mistakesOf('', { mappingSwitches: 'user_rules,nonsense' });
    assert.match(first ?? '', /^command line: --mapping-switches: expected one of .*, found "user_rules"\. Write user_roles\.$/);
    assert.match(second ?? '', /found "nonsense"/);
  });

  test('in the file may be a variable', () => {
    const { collector } = load('  forward_shared_key: ${KEY}\n  output: forward+unix:///run/${NAME:o365}.sock', {}, { KEY: 'a,b' });
    assert.equal(collector.forwardSharedKey, 'a,b');
    assert.equal(collector.output, 'forward+unix:///run/o365.sock');
  });

  test('may be a switch, on or off, by flag and environment', () => {
    assert.equal(load('', { once: true }).collector.once, true);
    assert.equal(load('', { once: false }, { O365AUDIT_ONCE: 'yes' }).collector.once, false);
    assert.equal(load('', {}, { O365AUDIT_ONCE: 'yes' }).collector.once, true);
  });

  test('that is a path is relative to the file in the file, and to the current folder elsewhere', () => {
    assert.equal(load('').collector.stateDir, '/etc/o365/o365audit-state');
    assert.equal(load('  state_dir: ../state').collector.stateDir, '/etc/state');
    assert.equal(load('', {}, { O365AUDIT_STATE_DIR: 'state' }).collector.stateDir, resolve('state'));
    assert.equal(load('', { stateDir: './state' }).collector.stateDir, resolve('state'));
    assert.equal(load('', { stateDir: '/var/lib/o365audit' }).collector.stateDir, '/var/lib/o365audit');
  });

  test('of outputs has one of four forms', () => {
    for (const output of ['stdout', 'forward://127.0.0.1:24224', 'forward://[::1]:24224', 'forward://fluent.example', 'forward+tls://fluent.example:24284', 'forward+unix:///run/o365.sock']) {
      assert.equal(load('', { output }).collector.output, output);
    }
    for (const output of ['stderr', 'forward://', 'forward://host:0', 'forward://host:65536', 'forward://host:port', 'forward+unix://relative', 'forward+unix:///', 'http://host:1', 'forward://user:canary@host:1', 'forward://host:1/path']) {
      const mistakes = mistakesOf('', { output });
      assert.match(mistakes[0] ?? output, /^command line: --output: expected stdout, forward:\/\/host:port/);
      assert.doesNotMatch(mistakes.join(''), /canary/);
    }
  });

  test('of namespaces is what Elasticsearch takes', () => {
    for (const namespace of ['default', 'prod_1', 'münchen', 'a'.repeat(100)]) assert.equal(load('', { namespace }).collector.namespace, namespace);
    for (const namespace of ['Prod', 'a-b', 'a b', 'a/b', 'a*', 'a:b', '..', 'a'.repeat(101), 'ü'.repeat(51)]) assert.equal(mistakesOf('', { namespace }).length, 1, namespace);
  });
});

describe('a mistake among the options', () => {
  for (const [what, block, flags, env, expected] of [
    ['an unknown key gets the nearest', '  outptu: x', {}, {}, /^\/etc\/o365\/o365\.yml:2:3: collector\.outptu: .* Write output\.$/],
    ['a key that is a flag only gets the flag', '  once: true', {}, {}, /Set it by --once or O365AUDIT_ONCE\.$/],
    ['a frame that hosts would refuse', '  frame_size: 6MB', {}, {}, /expected at most 4MiB, found "6MB"/],
    ['a size without a unit that exists', '', { frameBytes: '1M' }, {}, /^command line: --frame-size: expected a size/],
    ['a word in the environment', '', {}, { O365AUDIT_LOG_LEVEL: 'inof' }, /^environment: O365AUDIT_LOG_LEVEL: .* Write info\.$/],
    ['a list', '  output: [a, b]', {}, {}, /expected one value, found a list/],
    ['a missing variable', '  output: ${NOPE}', {}, {}, /NOPE not set/],
    ['a publisher that is no GUID', '  publisher_id: me', {}, {}, /expected a GUID, found "me"/],
  ] as const) {
    test(`names its place and the repair: ${what}`, () => {
      const mistakes = mistakesOf(block, flags, env);
      assert.equal(mistakes.length, 1, mistakes.join('\n'));
      assert.match(mistakes[0] ?? '', expected);
    });
  }

  test('never repeats a secret', () => {
    assert.doesNotMatch(mistakesOf('  forward_shared_key: {a: canary}').join(''), /canary/);
  });
});

describe('a notice among the options', () => {
  test('says which options the output does not look at', () => {
    const keys = (block: string): string[] => load(block).notices.map(({ key }) => key).filter((key) => key !== 'audit');
    assert.deepEqual(keys('  frame_size: 1MiB\n  event_tag: m365.audit\n  forward_ca: x.pem'), ['collector.event_tag', 'collector.frame_size', 'collector.forward_ca']);
    assert.deepEqual(keys('  event_limit: 20MB\n  frame_attempts: 3'), ['collector.frame_attempts', 'collector.event_limit']);
    assert.deepEqual(keys('  output: forward://h:1\n  event_limit: 20MB\n  frame_attempts: 3'), []);
    assert.deepEqual(keys('  output: forward://h:1\n  encoding: msgpack\n  forward_ca: x.pem\n  frame_size: 1MiB'), ['collector.encoding', 'collector.forward_ca']);
    assert.deepEqual(keys('  output: forward+tls://h:1\n  forward_ca: x.pem\n  forward_server_name: x'), []);
  });

  test('is given for a variable that is almost ours, and for no other', () => {
    const notices = load('', {}, { O365AUDIT_OUTPTU: 'x', O365AUDIT_SERVICE_HOST: '10.0.0.1', OTHER: 'x' }).notices.map(noticeText);
    assert.equal(notices.filter((notice) => notice.startsWith('environment')).length, 1);
    assert.match(notices.join('\n'), /O365AUDIT_OUTPTU: No option has this variable; O365AUDIT_OUTPUT is one\./);
  });
});

describe('what a command is called with', () => {
  test('is typed and complete where it has no file', () => {
    const { port, tenants, latencyMs, gzip, faults, eventsFile, logLevel } = readArguments('simulate', { port: '0', latencyMs: '200ms', gzip: false, faults: ['a', 'b'], eventsFile: 'events.ndjson' }, { O365AUDIT_SIMULATOR_TENANTS: '3' });
    assert.deepEqual([port, tenants, latencyMs, gzip, faults, eventsFile, logLevel], [0, 3, 200, false, ['a', 'b'], resolve('events.ndjson'), 'info']);
    assert.deepEqual(readArguments('simulate', {}, { O365AUDIT_SIMULATOR_FAULTS: 'a,b' }).faults, ['a', 'b']);
    assert.equal(readArguments('demo', { eventCount: '20' }, {}).eventCount, 20);
    assert.deepEqual(readArguments('map', {}, {}).files, []);
  });

  test('is left as it was typed where the file has a say', () => {
    assert.deepEqual(readArguments('collect', { output: 'x' }, {}), { flags: { output: 'x' } });
  });

  test('is refused with all mistakes', () => {
    assert.throws(() => readArguments('simulate', { port: '70000', latencyMs: '2d' }, {}), (error) => error instanceof InvalidConfiguration && error.mistakes.length === 2);
  });

  test('tells the door whether to watch the parent', () => {
    assert.equal(isSwitchedOn('outliveParent', {}, {}), false);
    assert.equal(isSwitchedOn('outliveParent', { outliveParent: true }, {}), true);
    assert.equal(isSwitchedOn('outliveParent', {}, { O365AUDIT_OUTLIVE_PARENT: '1' }), true);
    assert.equal(isSwitchedOn('outliveParent', { outliveParent: false }, { O365AUDIT_OUTLIVE_PARENT: '1' }), false);
    assert.equal(isSwitchedOn('outliveParent', {}, { O365AUDIT_OUTLIVE_PARENT: 'maybe' }), false);
  });
});
