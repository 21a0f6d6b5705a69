import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { InvalidConfiguration, loadConfig, mistakeText, noticeText, type Config } from '../../../plugin/config/config.ts';
import type { Flags } from '../../../plugin/config/options.ts';
import { NAMES_TAKEN } from '../../../plugin/config/source.ts';
import { AuditError } from '../../../plugin/errors.ts';
import { CONTENT_TYPES } from '../../../plugin/types.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-config-'));
// where no o365.yml is, as there may be one beside the sources
const started = process.cwd();
process.chdir(folder);
after(() => {
  process.chdir(started);
  rmSync(folder, { recursive: true });
});

const application = '00000000-0000-4000-8000-00000000a001';
const tenant = '00000000-0000-4000-8000-00000000b001';
const otherTenant = '00000000-0000-4000-8000-00000000b002';

/** An audit block that is good, with further lines below it. */
const good = (...lines: readonly string[]): string => [
  '- module: o365', '  audit:', '    enabled: true', `    var.application_id: "${application}"`,
  `    var.tenants: [{id: "${tenant}", name: contoso.onmicrosoft.com}]`, '    var.client_secret: "${SECRET}"', ...lines.map((line) => `    ${line}`),
].join('\n').concat('\n');

const load = (text: string, flags: Flags = {}, env: Record<string, string> = {}): Config => loadConfig({ text, flags, env: { SECRET: 'canary', ...env } });

function mistakesOf(text: string, flags: Flags = {}, env: Record<string, string> = {}): string[] {
  try {
    load(text, flags, env);
  } catch (error) {
    assert.ok(error instanceof InvalidConfiguration);
    assert.equal(error.code, 'CONFIG_INVALID');
    const texts = error.mistakes.map(mistakeText);
    for (const mistake of texts) assert.ok(error.message.includes(mistake));
    return texts;
  }
  return [];
}

describe('Filebeat\'s o365.yml', () => {
  test('gives a source with the module\'s defaults', () => {
    const { sources, notices } = load(good());
    assert.deepEqual(sources, [{
      name: 'o365.yml:2',
      input: { kind: 'api' },
      applicationId: application,
      tenants: [{ id: tenant, name: 'contoso.onmicrosoft.com' }],
      credential: { kind: 'secret', secret: 'canary' },
      contentTypes: CONTENT_TYPES,
      authenticationEndpoint: new URL('https://login.microsoftonline.com/'),
      resource: new URL('https://manage.office.com/'),
      maxRetentionMs: 604_800_000,
      pollIntervalMs: 180_000,
      maxRequestsPerMinute: 2000,
      maxQuerySizeMs: 86_400_000,
      errorRetryIntervalMs: 300_000,
      adjustClock: true,
      adjustClockMinDifferenceMs: 300_000,
      adjustClockWarn: true,
      preserveOriginalEvent: false,
      tags: ['forwarded'],
      fields: {},
      fieldsUnderRoot: false,
    }]);
    assert.deepEqual(notices, []);
  });

  test('is read from the file that the flag, else the environment, else ./o365.yml names', () => {
    const file = join(folder, 'named.yml');
    writeFileSync(file, good().replace('${SECRET}', '${SECRET}'), { mode: 0o600 });
    const byFlag = loadConfig({ flags: { config: file }, env: { SECRET: 'x', O365AUDIT_CONFIG: '/nowhere' } });
    const byEnvironment = loadConfig({ flags: {}, env: { SECRET: 'x', O365AUDIT_CONFIG: file } });
    assert.equal(byFlag.sources[0]?.name, `${file}:2`);
    assert.deepEqual(byEnvironment.sources, byFlag.sources);
    assert.throws(() => loadConfig({ flags: {}, env: {} }), (error) => error instanceof AuditError && error.code === 'CONFIG_MISSING' && error.message.includes('./o365.yml'));
  });

  test('takes every setting of the module, by its own name and by the input\'s', () => {
    const lines = [
      'content_type: [dlp.all, Audit.Exchange]', 'tags: [a, b]', 'api:', '  authentication_endpoint: login.microsoftonline.us/', '  resource: https://manage.office365.us',
      '  max_retention: 72h', '  poll_interval: 1h30m', '  max_requests_per_minute: 60', '  max_query_size: 12h', '  error_retry_interval: 90',
      '  adjust_clock: no', '  adjust_clock_min_difference: 1m', '  adjust_clock_warn: off', '  preserve_original_event: yes',
    ];
    const byVar = load(good('var:', ...lines.map((line) => `  ${line}`)));
    const byInput = load(good('input:', ...lines.map((line) => `  ${line}`)));
    const [source] = byVar.sources;
    assert.ok(source !== undefined);
    assert.deepEqual(source.contentTypes, ['DLP.All', 'Audit.Exchange']);
    assert.deepEqual(source.tags, ['a', 'b']);
    assert.equal(source.authenticationEndpoint.href, 'https://login.microsoftonline.us/');
    assert.equal(source.resource.href, 'https://manage.office365.us/');
    assert.deepEqual([source.maxRetentionMs, source.pollIntervalMs, source.maxRequestsPerMinute, source.maxQuerySizeMs, source.errorRetryIntervalMs, source.adjustClockMinDifferenceMs],
      [259_200_000, 5_400_000, 60, 43_200_000, 90_000, 60_000]);
    assert.deepEqual([source.adjustClock, source.adjustClockWarn, source.preserveOriginalEvent], [false, false, true]);
    assert.deepEqual(byInput.sources, byVar.sources);
  });

  test('lets the input\'s own name win, as Filebeat merges it last', () => {
    const [source] = load(good('var.api.poll_interval: 1m', 'input.api.poll_interval: 2m', `input.tenant_id: ${otherTenant}`)).sources;
    assert.equal(source?.pollIntervalMs, 120_000);
    assert.deepEqual(source.tenants, [{ id: otherTenant }]);
  });

  test('may give one text where a list is meant', () => {
    const [source] = load(good('var.content_type: audit.general', 'var.tags: one')).sources;
    assert.deepEqual(source?.contentTypes, ['Audit.General']);
    assert.deepEqual(source.tags, ['one']);
  });

  test('treats keys without a value as keys that are not there', () => {
    const [source] = load(good('var.certificate:', 'var.key: ""', 'var.key_passphrase: ~', 'var.content_type: []', 'var.api:', 'input:', 'var.tags:')).sources;
    assert.deepEqual(source?.credential, { kind: 'secret', secret: 'canary' });
    assert.deepEqual(source.contentTypes, CONTENT_TYPES);
    assert.deepEqual(source.tags, ['forwarded']);
  });

  test('keeps secrets as they were typed, whatever YAML or Filebeat\'s list grammar would make of them', () => {
    const secretOf = (text: string, env: Record<string, string> = {}): unknown => load(good().replace('"${SECRET}"', text), {}, env).sources[0]?.credential;
    assert.deepEqual(secretOf('0123456'), { kind: 'secret', secret: '0123456' });
    assert.deepEqual(secretOf('yes'), { kind: 'secret', secret: 'yes' });
    assert.deepEqual(secretOf('"a,b~[c]"'), { kind: 'secret', secret: 'a,b~[c]' });
    assert.deepEqual(secretOf('${S}', { S: '[a,b]{c}$d ${e}' }), { kind: 'secret', secret: '[a,b]{c}$d ${e}' });
    assert.deepEqual(secretOf('x$$y'), { kind: 'secret', secret: 'x$y' });
  });

  test('takes constant fields with their types', () => {
    const [source] = load(good('input.fields: {labels.team: soc, port: 12, on: "yes", from: "${TEAM}", number: "${N}"}', 'input.fields_under_root: true'), {}, { TEAM: 'blue', N: '7' }).sources;
    assert.deepEqual(source?.fields, { labels: { team: 'soc' }, port: 12, on: 'yes', from: 'blue', number: 7 });
    assert.equal(source.fieldsUnderRoot, true);
  });

  test('takes no constant fields at the root that documents have already, and these are the names of mapping/fields.yml', () => {
    const fields = readFileSync(join(import.meta.dirname, '../../../../mapping/fields.yml'), 'utf8');
    const names = new Set([...fields.matchAll(/^- name: '?([^.'\s]+)/gm)].map(([, name]) => name).filter((name) => name !== 'labels'));
    assert.deepEqual([...NAMES_TAKEN].sort(), [...names, 'o365audit', 'o365audit_options'].sort());
    const given = 'input.fields: {event.module: x, team: soc, labels.a: b, o365audit: y}';
    assert.equal(mistakesOf(good(given, 'input.fields_under_root: true')).length, 2);
    assert.equal(mistakesOf(good(given)).length, 0);
  });

  test('takes a certificate, with paths relative to the file and a PEM text as it is', () => {
    const pem = '-----BEGIN CERTIFICATE-----\\nAAAA\\n-----END CERTIFICATE-----';
    const withCertificate = (certificate: string): Config => load(good(`var.certificate: ${certificate}`, 'var.key: keys/key.pem', 'var.key_passphrase: canary2').replace('    var.client_secret: "${SECRET}"\n', ''),
      { config: join(folder, 'o365.yml') });
    assert.deepEqual(withCertificate('/etc/certificate.pem').sources[0]?.credential,
      { kind: 'certificate', certificate: '/etc/certificate.pem', key: join(folder, 'keys/key.pem'), passphrase: 'canary2' });
    assert.deepEqual(withCertificate(`"${pem}"`).sources[0]?.credential,
      { kind: 'certificate', certificate: pem.replaceAll('\\n', '\n'), key: join(folder, 'keys/key.pem'), passphrase: 'canary2' });
  });

  test('may read files instead of the API, and then needs no application', () => {
    const { sources } = load('- module: o365\n  audit:\n    var.input: file\n    var.paths: [/var/log/o365/*.ndjson, more/*.json]\n    var.tenants: []\n', { config: join(folder, 'o365.yml') });
    assert.deepEqual(sources[0]?.input, { kind: 'files', paths: ['/var/log/o365/*.ndjson', join(folder, 'more/*.json')] });
    assert.equal(sources[0].credential, undefined);
    assert.equal(sources[0].applicationId, '');
  });

  test('writes ids in lower case, so that a tenant is one tenant', () => {
    const [source] = load(good().replace(tenant, tenant.toUpperCase()).replace(application, application.toUpperCase())).sources;
    assert.equal(source?.applicationId, application);
    assert.equal(source.tenants[0]?.id, tenant);
  });

  test('may have several o365 entries, which are several sources', () => {
    const { sources } = load(good('var.content_type: DLP.All') + good('var.content_type: Audit.Exchange'));
    assert.deepEqual(sources.map(({ name, contentTypes }) => [name, contentTypes]), [['o365.yml:2', ['DLP.All']], ['o365.yml:9', ['Audit.Exchange']]]);
  });

  test('is frozen all the way down', () => {
    const config = load(good('input.fields: {a: {b: [1]}}'));
    const frozen = (value: unknown): boolean => typeof value !== 'object' || value === null || value instanceof URL || (Object.isFrozen(value) && Object.values(value).every(frozen));
    assert.ok(frozen(config));
  });
});

describe('a configuration that collects nothing', () => {
  for (const [what, text] of [
    ['the sample as Filebeat ships it', '- module: o365\n  audit:\n    enabled: false\n    var.application_id: "<MyApplicationID>"\n    var.tenants:\n     - id: "<MyTenantID>"\n    var.client_secret: "<YourClientSecretHere>"\n'],
    ['a module without a fileset', '- module: o365\n'],
    ['a module that is switched off', '- module: o365\n  enabled: false\n  audit:\n    enabled: true\n'],
    ['an input that is switched off', '- module: o365\n  audit:\n    input.enabled: false\n'],
    ['an empty file', ''],
    ['a file of other modules', '- module: nginx\n  access: {enabled: true}\n'],
  ] as const) {
    test(`says so: ${what}`, () => {
      const { sources, notices } = load(text);
      assert.deepEqual(sources, []);
      assert.match(notices.map(noticeText).join('\n'), /No o365 block is enabled, so nothing is collected/);
    });
  }
});

describe('-M on the command line', () => {
  test('goes over the file, the later over the earlier, the nearer over the wildcard\'s place in the line', () => {
    const [source] = load(good('enabled2: x').replace('    enabled2: x\n', '').replace('enabled: true', 'enabled: false'), { moduleOverrides: [
      'o365.audit.enabled=true', '*.*.var.api.poll_interval=1m', 'o365.audit.var.api.poll_interval=2m', 'o365.*.var.content_type=[Audit.Exchange,DLP.All]', 'o365.audit.var.tags=a,b',
    ] }).sources;
    assert.equal(source?.pollIntervalMs, 120_000);
    assert.deepEqual(source.contentTypes, ['Audit.Exchange', 'DLP.All']);
    assert.deepEqual(source.tags, ['a', 'b']);
  });

  test('replaces whole lists, tenants too', () => {
    const [source] = load(good(), { moduleOverrides: [`o365.audit.var.tenants=[{id: ${otherTenant}, name: Other}, {id: fabrikam.com}]`] }).sources;
    assert.deepEqual(source?.tenants, [{ id: otherTenant, name: 'Other' }, { id: 'fabrikam.com' }]);
  });

  test('gives a tenant a namespace of its own', () => {
    const [source] = load(good(), { moduleOverrides: ['o365.audit.var.tenants=[{id: contoso.com, namespace: mill_7}, {id: fabrikam.com}]'] }).sources;
    assert.deepEqual(source?.tenants, [{ id: 'contoso.com', namespace: 'mill_7' }, { id: 'fabrikam.com' }]);
  });

  test('may say everything, and then no file is needed', () => {
    const moduleOverrides = [`o365.audit.var={application_id: ${application}, tenants: [{id: ${tenant}}], client_secret: '\${SECRET}'}`, 'o365.audit.enabled'];
    const { sources } = loadConfig({ flags: { moduleOverrides }, env: { SECRET: 'canary' } });
    assert.deepEqual(sources[0]?.credential, { kind: 'secret', secret: 'canary' });
    assert.equal(sources[0].name, 'command line');
    assert.throws(() => loadConfig({ flags: { moduleOverrides, config: join(folder, 'missing.yml') }, env: {} }), /There is no configuration file/);
  });

  test('never takes a secret, only the name of a variable, and never repeats it', () => {
    for (const value of ['canary', '"canary"', 'canary${SECRET}', '${SECRET:canary}']) {
      const mistakes = mistakesOf(good(), { moduleOverrides: [`o365.audit.var.client_secret=${value}`] });
      assert.equal(mistakes.length, 1, value);
      assert.match(mistakes[0] ?? '', /^command line: -M o365\.audit\.var\.client_secret: expected the name of a variable/);
      assert.doesNotMatch(mistakes.join('\n'), /canary/);
    }
  });

  test('is refused by name where it is wrong', () => {
    assert.deepEqual(mistakesOf(good(), { moduleOverrides: ['o365.audti.var.x=1', 'nginx.access.enabled=true', 'o365.audit.var.poll_interval=1m', 'o365.audit.var.tags=[a', 'o365.audit.var.api.poll_interval=7d'] }).map((text) => text.split(': expected')[0]), [
      'command line: -M o365.audti.var.x', 'command line: -M nginx.access.enabled', 'command line: -M o365.audit.var.tags',
      'command line: -M o365.audit.var.poll_interval', 'command line: -M o365.audit.var.api.poll_interval',
    ]);
    assert.match(mistakesOf(good(), { moduleOverrides: ['o365.audti.var.x=1'] })[0] ?? '', /Write -M o365\.audit\.var\.x=/);
    assert.match(mistakesOf(good(), { moduleOverrides: ['o365.audit.var.poll_interval=1m'] })[0] ?? '', /Write -M o365\.audit\.var\.api\.poll_interval\./);
  });

  test('without a value is ignored, as Filebeat does', () => {
    assert.equal(load(good('var.tags: x'), { moduleOverrides: ['o365.audit.var.tags='] }).sources[0]?.tags[0], 'x');
  });
});

describe('a mistake', () => {
  const cases: readonly (readonly [what: string, lines: readonly string[], expected: RegExp])[] = [
    ['an unknown key gets the nearest', ['aplication_id: x'], /^o365\.yml:7:5: aplication_id: expected a key of the o365 module, found an unknown one\. Write var\.application_id\.$/],
    ['a key without var. gets it', ['client_secret: x'], /client_secret: .* Write var\.client_secret\.$/],
    ['a key outside its map finds it', ['var.poll_interval: 3m'], /Write var\.api\.poll_interval\.$/],
    ['a key of the input that is refused says what takes its place', ['processors: [{drop_fields: {fields: [x]}}]'], /processors: .* unknown one\. Processors are the log agent's work/],
    ['a misspelt map is one mistake', ['vars: {application_id: x, tenants: y}'], /vars: .* Write var\.$/],
    ['a key that nothing resembles', ['var.whatsoever: 1'], /Leave it out/],
    ['days are no unit', ['var.api.max_retention: 7d'], /found "7d"\. Write 168h/],
    ['a day is the longest query', ['var.api.max_query_size: 25h'], /expected at most 24h, found "25h"/],
    ['no request a minute', ['var.api.max_requests_per_minute: 0'], /expected at least 1, found "0"/],
    ['an unknown content type gets the nearest', ['var.content_type: [Audit.Exchnge]'], /found "Audit\.Exchnge"\. Write Audit\.Exchange\.$/],
    ['a content type without its first half', ['var.content_type: general'], /found "general"\. Write Audit\.General\.$/],
    ['plain http to another machine', ['var.api.resource: http://manage.office.com'], /Write https:\/\/manage\.office\.com\.$/],
    ['secret and certificate together', ['var.certificate: /c.pem'], /found both/],
    ['a key without its certificate', ['var.key: /k.pem'], /expected var\.certificate beside it/],
    ['processors', ['input.processors: [{drop_event: {}}]'], /works only inside Filebeat\. Processors are the log agent's work/],
    ['lines for another reader of files', ['input.multiline.pattern: x'], /o365audit map/],
    ['a map where a text belongs', ['var.key_passphrase: {a: b}'], /expected one text, found a map/],
    ['a text where keys belong', ['var.api: 3m'], /var\.api: expected keys below it, found a text/],
    ['a list where a text belongs', ['var.api.poll_interval: [1m, 2m]'], /expected one value, found a list/],
    ['a missing variable', ['var.tags: "${NOT_THERE}"'], /found the environment variable NOT_THERE not set\. Filebeat's keystore is not read/],
    ['a map among texts', ['var.tags: [{a: b}]'], /expected a text or a list of texts, found a map/],
    ['fields that are no map', ['input.fields: x'], /expected a map, found "x"/],
  ];
  for (const [what, lines, expected] of cases) {
    test(`names place, key, what was expected, what came, and the repair: ${what}`, () => {
      const mistakes = mistakesOf(good(...lines));
      assert.equal(mistakes.length, 1, mistakes.join('\n'));
      assert.match(mistakes[0] ?? '', /^o365\.yml:7:\d+: [\w.]+: expected .+, found .+\. [A-Z].+\.$/);
      assert.match(mistakes[0] ?? '', expected);
    });
  }

  const tenantCases: readonly (readonly [what: string, value: string, expected: RegExp])[] = [
    ['no tenants', '[]', /expected a list of tenants, found none/],
    ['the sample\'s placeholder', '[{id: "<MyTenantID>"}]', /found "<MyTenantID>"/],
    ['a name alone', '[{name: contoso.com}]', /expected an id for each tenant, found none/],
    ['a misspelt key', `[{id: "${tenant}", nmae: x}]`, /the unknown key nmae\. Write name\./],
    ['a namespace that no data stream can have', `[{id: "${tenant}", namespace: Mill-7}]`, /expected a namespace of lower-case letters, digits, _ and dots, found "Mill-7"/],
    ['the same tenant twice', `[{id: "${tenant}"}, {id: "${tenant.toUpperCase()}"}]`, /expected each tenant once/],
  ];
  for (const [what, value, expected] of tenantCases) {
    test(`of tenants names the repair: ${what}`, () => {
      const mistakes = mistakesOf(good().replace(/var\.tenants: .*/, `var.tenants: ${value}`));
      assert.equal(mistakes.length, 1, mistakes.join('\n'));
      assert.match(mistakes[0] ?? '', /^o365\.yml:5:/);
      assert.match(mistakes[0] ?? '', expected);
    });
  }

  test('never comes alone: all of them are told at once, in the order of the file', () => {
    const mistakes = mistakesOf('- module: o365\n  audit:\n    var.application_id: x\n    var.api.poll_interval: x\n    typo: 1\n- collector:\n    outptu: x\n', { frameBytes: 'x' }, { O365AUDIT_FORMAT: 'x' });
    assert.deepEqual(mistakes.map((text) => text.split(': expected')[0]), [
      'o365.yml:2:3: var.client_secret', 'o365.yml:2:3: var.tenants', 'o365.yml:3:25: var.application_id', 'o365.yml:4:28: var.api.poll_interval', 'o365.yml:5:5: typo',
      'o365.yml:7:5: collector.outptu', 'environment: O365AUDIT_FORMAT', 'command line: --frame-size',
    ]);
  });

  test('never repeats a secret, wherever it was put', () => {
    const texts = [
      good('var.key_passphrase: {canary: canary2}'), good().replace('"${SECRET}"', '<canary>'), good('var.key_passphrase: canary'), good().replace('"${SECRET}"', '[canary]'),
      good().replace(/var\.client_secret: .*/, 'var:\n      client_secret:canary'), good().replace(application, '${SECRET}'), good('var.content_type: "${SECRET}"'),
      `${good()}- collector:\n    forward_shared_key: [canary]\n    output: forward://user:canary@host:1\n`,
    ];
    for (const text of texts) {
      const mistakes = mistakesOf(text).join('\n').replaceAll('canary: expected', '');
      assert.notEqual(mistakes, '', text);
      assert.doesNotMatch(mistakes, /canary(?!2)/, text);
    }
  });

  test('is found where two blocks collect the same feed of a tenant', () => {
    const mistakes = mistakesOf(good('var.content_type: [DLP.All, Audit.Exchange]') + good('var.content_type: Audit.Exchange'));
    assert.equal(mistakes.length, 1);
    assert.match(mistakes[0] ?? '', /^o365\.yml:9:\d: var\.tenants: .*Audit\.Exchange of 00000000.*, which o365\.yml:2 collects too/);
  });
});

describe('a notice', () => {
  const noticesOf = (...lines: readonly string[]): string[] => load(good(...lines)).notices.map(noticeText);

  test('is given for what is read past, with its place', () => {
    assert.deepEqual(noticesOf('input.index: my-index').map((text) => text.split(' The')[0]), ['o365.yml:7:5: input.index:']);
    assert.equal(noticesOf('input.pipeline: p', 'input: {keep_null: true, publisher_pipeline.disable_host: true}', 'var.api.set_id_from_audit_record: false').length, 4);
  });

  test('is all that comes of a missing variable in what is read past', () => {
    assert.equal(noticesOf('input.index: "${NOT_THERE}"').length, 1);
  });

  test('is not given at the default', () => {
    assert.deepEqual(noticesOf('input.keep_null: false', 'var.api.set_id_from_audit_record: yes', 'input.type: o365audit', 'input.processors: ~'), []);
  });

  test('says that more than seven days are seven days', () => {
    const { sources, notices } = load(good('var.api.max_retention: 720h'));
    assert.equal(sources[0]?.maxRetentionMs, 604_800_000);
    assert.match(notices.map(noticeText).join('\n'), /720h counts as 168h/);
  });

  test('warns when the secret looks like the secret\'s ID', () => {
    assert.match(noticesOf()[0] ?? 'none', /none/);
    assert.match(load(good(), {}, { SECRET: tenant }).notices.map(noticeText).join('\n'), /looks like the secret's ID/);
  });

  test('warns of a secret in a file that everyone can read', { skip: process.platform === 'win32' }, () => {
    const file = join(folder, 'open.yml');
    writeFileSync(file, good().replace('${SECRET}', 'canary'));
    chmodSync(file, 0o644);
    const read = (): string => loadConfig({ flags: { config: file }, env: { SECRET: 'x' } }).notices.map(noticeText).join('\n');
    assert.match(read(), /open\.yml:6:5: var\.client_secret: A secret in a file that every user can read/);
    assert.doesNotMatch(read(), /canary/);
    chmodSync(file, 0o640);
    assert.equal(read(), '');
    writeFileSync(file, good());
    chmodSync(file, 0o644);
    assert.equal(read(), '');
  });
});

describe('a configuration file that cannot be read', () => {
  const failsWith = (path: string, pattern: RegExp): void => assert.throws(() => loadConfig({ flags: { config: path }, env: {} }), (error) => {
    assert.ok(error instanceof AuditError);
    assert.match(`${error.code} ${error.message}`, pattern);
    return true;
  });

  test('is named, with the reason', () => {
    mkdirSync(join(folder, 'folder.yml'));
    failsWith(join(folder, 'folder.yml'), /^CONFIG_UNREADABLE .*folder\.yml cannot be read: it is a folder\./);
    writeFileSync(join(folder, 'latin.yml'), Buffer.from('a: \xe9\n', 'latin1'));
    failsWith(join(folder, 'latin.yml'), /^CONFIG_UNREADABLE .*not UTF-8/);
    writeFileSync(join(folder, 'huge.yml'), Buffer.alloc(1024 * 1024 + 1, 'a'));
    failsWith(join(folder, 'huge.yml'), /^CONFIG_UNREADABLE .*1048577 bytes/);
    failsWith(join(folder, 'missing.yml'), /^CONFIG_MISSING .*missing\.yml/);
  });
});
