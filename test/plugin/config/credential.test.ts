import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { InvalidConfiguration, loadConfig, mistakeText, type Config } from '../../../plugin/config/config.ts';
import { printConfig } from '../../../plugin/config/print.ts';
import { CLOUDS, type Credential } from '../../../plugin/types.ts';

const APPLICATION = '00000000-0000-4000-8000-00000000a001';
const TENANT = '00000000-0000-4000-8000-00000000b001';
const WORKLOAD = {
  AZURE_FEDERATED_TOKEN_FILE: '/var/run/secrets/azure/tokens/azure-identity-token', AZURE_CLIENT_ID: '00000000-0000-4000-8000-00000000a002',
  AZURE_TENANT_ID: '00000000-0000-4000-8000-00000000b002', AZURE_AUTHORITY_HOST: 'https://login.microsoftonline.us/',
};

function load(lines: readonly string[], env: Record<string, string> = {}): Config {
  return loadConfig({ text: ['audit:', ...lines.map((line) => `  ${line}`), ''].join('\n'), flags: { config: '/etc/o365audit/o365.yml' }, env });
}

const application = [`var.application_id: ${APPLICATION}`, `var.tenants: [{id: ${TENANT}}]`];

function credentialOf(lines: readonly string[], env: Record<string, string> = {}): Credential | undefined {
  return load([...application, ...lines], env).sources[0]?.credential;
}

function mistakesOf(lines: readonly string[], env: Record<string, string> = {}): string[] {
  try {
    load(lines, env);
  } catch (error) {
    assert.ok(error instanceof InvalidConfiguration);
    return error.mistakes.map(mistakeText);
  }
  return [];
}

describe('the credential of a block', () => {
  const rows: readonly (readonly [string, readonly string[], Record<string, string>, Credential])[] = [
    ['is a secret from a variable', ['var.client_secret: ${S}'], { S: 'x' }, { kind: 'secret', secret: 'x' }],
    ['is a secret in a file, relative to the configuration', ['var.client_secret_file: keys/secret'], {}, { kind: 'secret', secret: { file: '/etc/o365audit/keys/secret' } }],
    ['is a credential of systemd', ['var.client_secret_file: ${CREDENTIALS_DIRECTORY}/o365-client-secret'], { CREDENTIALS_DIRECTORY: '/run/credentials/o365audit.service' },
      { kind: 'secret', secret: { file: '/run/credentials/o365audit.service/o365-client-secret' } }],
    ['is a secret that a program prints', ['var.client_secret_command: [/usr/bin/vault-read, "a, b", --plain]'], {}, { kind: 'secret', secret: { command: ['/usr/bin/vault-read', 'a, b', '--plain'] } }],
    ['is a certificate whose passphrase is in a file', ['var.certificate: app.pfx', 'var.key_passphrase_file: pass'], {},
      { kind: 'certificate', certificate: '/etc/o365audit/app.pfx', passphrase: { file: '/etc/o365audit/pass' } }],
    ['is a certificate whose passphrase a program prints', ['var.certificate: app.pem', 'var.key: app.key', 'var.key_passphrase_command: pass'], {},
      { kind: 'certificate', certificate: '/etc/o365audit/app.pem', key: '/etc/o365audit/app.key', passphrase: { command: ['pass'] } }],
    ['is a certificate by its old thumbprint, which goes along', ['var.certificate: app.pem', 'var.certificate_thumbprint: SHA1', 'var.send_certificate: yes'], {},
      { kind: 'certificate', certificate: '/etc/o365audit/app.pem', thumbprint: 'sha1', sendsCertificate: true }],
    ['is a federated token', ['var.federated_token_file: token'], {}, { kind: 'federated', tokenFile: '/etc/o365audit/token' }],
    ['is the federated token of the workload where there is no other', [], WORKLOAD, { kind: 'federated', tokenFile: WORKLOAD.AZURE_FEDERATED_TOKEN_FILE }],
    ['is the one that the file names, whatever the workload has', ['var.client_secret: x'], WORKLOAD, { kind: 'secret', secret: 'x' }],
  ];
  for (const [what, lines, env, expected] of rows) {
    test(what, () => {
      assert.deepEqual(credentialOf(lines, env), expected);
      const printed = printConfig(load([...application, ...lines], env));
      const again = loadConfig({ text: printed.replace(/<hidden>/g, 'x'), flags: { config: '/etc/o365audit/o365.yml' }, env: {} });
      assert.deepEqual(again.sources[0]?.credential, expected, 'and is printed so that it can be read again');
    });
  }

  for (const [what, lines, expected] of [
    ['a secret twice', ['var.client_secret: canary', 'var.client_secret_file: f'], /expected either var\.client_secret or var\.client_secret_file, found both/],
    ['a passphrase twice', ['var.certificate: c', 'var.key_passphrase: canary', 'var.key_passphrase_command: p'], /either var\.key_passphrase or var\.key_passphrase_command, found both/],
    ['a secret from a program and a certificate', ['var.client_secret_command: p', 'var.certificate: c'], /either var\.client_secret_command or var\.certificate, found both/],
    ['a certificate and a federated token', ['var.certificate: c', 'var.federated_token_file: f'], /either var\.certificate or var\.federated_token_file, found both/],
    ['a thumbprint without a certificate', ['var.client_secret: canary', 'var.certificate_thumbprint: sha1'], /certificate_thumbprint: expected var\.certificate beside it/],
    ['an unknown thumbprint', ['var.certificate: c', 'var.certificate_thumbprint: md5'], /expected one of sha256, sha1, found "md5"/],
    ['none', [], /var\.client_secret: expected var\.client_secret or var\.certificate, found neither/],
  ] as const) {
    test(`is no good as ${what}`, () => {
      const mistakes = mistakesOf([...application, ...lines]);
      assert.equal(mistakes.length, 1, mistakes.join('\n'));
      assert.match(mistakes[0] ?? '', expected);
      assert.doesNotMatch(mistakes[0] ?? '', /canary/);
    });
  }
});

describe('workload identity', () => {
  test('brings application, tenant and login host where the file says nothing of them', () => {
    const [source] = load(['enabled: true'], WORKLOAD).sources;
    assert.deepEqual([source?.applicationId, source?.tenants, source?.authenticationEndpoint.href], [WORKLOAD.AZURE_CLIENT_ID, [{ id: WORKLOAD.AZURE_TENANT_ID }], 'https://login.microsoftonline.us/']);
  });

  test('yields to what the file says', () => {
    const [source] = load([...application, 'var.cloud: commercial'], WORKLOAD).sources;
    assert.deepEqual([source?.applicationId, source?.tenants, source?.authenticationEndpoint.href], [APPLICATION, [{ id: TENANT }], 'https://login.microsoftonline.com/']);
  });

  test('lends nothing of its own to another credential', () => {
    assert.equal(mistakesOf(['var.client_secret: x'], WORKLOAD).length, 2);
    assert.equal(load([...application, 'var.client_secret: x'], WORKLOAD).sources[0]?.authenticationEndpoint.href, 'https://login.microsoftonline.com/');
  });
});

describe('the cloud of a block', () => {
  const hostsOf = (...lines: string[]): (string | undefined)[] => {
    const [source] = load([...application, 'var.client_secret: x', ...lines]).sources;
    return [source?.authenticationEndpoint.href, source?.resource.href];
  };
  for (const [cloud, { login, api }] of Object.entries(CLOUDS)) {
    test(`${cloud} sets login host and API together`, () => assert.deepEqual(hostsOf(`var.cloud: ${cloud}`), [`${login}/`, `${api}/`]));
  }

  test('is the commercial one unless something else is said', () => assert.deepEqual(hostsOf(), ['https://login.microsoftonline.com/', 'https://manage.office.com/']));

  test('yields to hosts that are set themselves, with or without a slash at the end', () => {
    for (const slash of ['', '/']) {
      assert.deepEqual(hostsOf('var.cloud: gcc-high', `var.api.resource: https://api.example${slash}`), ['https://login.microsoftonline.us/', 'https://api.example/']);
      assert.deepEqual(hostsOf('var.cloud: dod', `var.api.authentication_endpoint: https://login.example/path${slash}`), ['https://login.example/path/', 'https://manage.protection.apps.mil/']);
    }
  });

  test('is none that does not exist, such as the German one', () => {
    assert.match(mistakesOf([...application, 'var.client_secret: x', 'var.cloud: germany'])[0] ?? '', /var\.cloud: expected one of commercial, gcc, gcc-high, dod, china, found "germany"/);
  });
});
