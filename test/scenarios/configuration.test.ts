/**
 * Somebody moves here from Filebeat and brings the modules.d/o365.yml along that Elastic ships, with the settings that matter given by -M and by the environment, as
 * the unit file had it. That must collect, unchanged. When something in it is wrong, all that is wrong is said at once and nothing is started; and whatever is
 * printed, at the most talkative level and in every kind of trouble, the secret and the tokens got with it are not in it.
 */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startForwardHost } from '../support/forward-host.ts';
import { runProgram, type Program } from '../support/program.ts';
import { idsOf, startSimulation, type Simulation } from '../support/simulation.ts';

/** The keys of the file that Filebeat ships, with what is commented out there. */
const SHIPPED = `# Module: o365

- module: o365
  audit:
    enabled: false

    # The application_id (also known as client ID):
    var.application_id: ""

    # The tenants to monitor:
    # var.tenants:
    # - id: "tenant_id_1"
    #   name: "mydomain.onmicrosoft.com"
    var.tenants:
    - id: ""
      name: "mytenant.onmicrosoft.com"

    # The content-types to fetch. By default all known ones:
    # var.content_type:
    # - "Audit.AzureActiveDirectory"
    # - "Audit.Exchange"

    # Certificate-based authentication:
    # var.certificate: "/path/to/certificate.pem"
    # var.key: "/path/to/private_key.pem"
    # var.key_passphrase: "myPrivateKeyPassword"

    # Client-secret based authentication:
    var.client_secret: ""

    # Advanced settings:
    # var.api:
    #   authentication_endpoint: "https://login.microsoftonline.us/"
    #   resource: "https://manage.office365.us"
    #   max_retention: 168h
    #   poll_interval: 3m
    #   max_requests_per_minute: 2000
    #   max_query_size: 24h
    #   preserve_original_event: false
`;

const root = mkdtempSync(join(tmpdir(), 'o365audit-configuration-'));
after(() => rmSync(root, { recursive: true }));

function folderWith(name: string, text: string): { readonly folder: string; readonly file: string } {
  const folder = join(root, name);
  mkdirSync(join(folder, 'modules.d'), { recursive: true });
  const file = join(folder, 'modules.d', 'o365.yml');
  writeFileSync(file, text);
  return { folder, file };
}

/** The settings of a simulation as Filebeat's command line has them; the secret comes from the environment. */
function overridesFor({ simulator }: Simulation): string[] {
  const tenants = simulator.tenants.map(({ id, name }) => `{id: "${id}", name: "${name}"}`).join(', ');
  return [
    'enabled=true', `var.application_id=${simulator.applicationId}`, 'var.client_secret=${O365_SECRET}', `var.tenants=[${tenants}]`,
    `var.api.authentication_endpoint=${simulator.url.href}`, `var.api.resource=${simulator.url.origin}`,
  ].flatMap((setting) => ['-M', `o365.audit.${setting}`]);
}

const said = ({ stdout, stderr }: Program): string => stdout + stderr;

describe('modules.d/o365.yml as Filebeat ships it', { concurrency: 3 }, () => {
  test('collects with what is missing given by -M and the environment, and keeps its state beside the file', async () => {
    const simulation = await startSimulation({ eventCount: 80, tenants: 2 });
    try {
      const { folder } = folderWith('filebeat', SHIPPED);
      const env = { O365_SECRET: simulation.simulator.clientSecret };
      const words = ['-c', 'modules.d/o365.yml', ...overridesFor(simulation), '-M', 'o365.audit.var.content_type=[Audit.Exchange, DLP.All]', '-M', 'o365.audit.var.tags=[m365]'];
      const checked = await runProgram(['config', '--check', ...words], { cwd: folder, env });
      assert.deepEqual([checked.ending?.status, checked.stdout], [0, 'The configuration is good: 1 source, 2 tenants.\n']);
      const collected = await runProgram(['collect', '--once', '--format', 'ecs', ...words], { cwd: folder, env });
      assert.deepEqual(collected.ending, { status: 0, signal: null }, collected.stderr);
      const { books } = simulation.simulator;
      const wanted = [...books.expectedIds({ contentType: 'Audit.Exchange' }), ...[...books.expectedIds({ contentType: 'DLP.All' })].map((id) => `${id}:dlp`)];
      assert.deepEqual(idsOf(collected.lines()).sort(), wanted.sort());
      for (const line of collected.lines()) assert.deepEqual((JSON.parse(line) as { tags: unknown }).tags, ['forwarded', 'm365']);
      const again = await runProgram(['collect', '--once', ...words], { cwd: folder, env });
      assert.deepEqual([again.ending?.status, again.lineCount], [0, 0]);
    } finally {
      await simulation.close();
    }
  });

  test('collects nothing as it stands, and says what to do', async () => {
    const { file } = folderWith('untouched', SHIPPED);
    const { ending, stdout, stderr } = await runProgram(['collect', '-c', file]);
    assert.deepEqual([ending?.status, stdout], [0, '']);
    assert.match(stderr, /Set enabled: true below audit: in the configuration\. \[COLLECT_NOTHING\]\n$/);
  });

  test('is printed as it takes effect, each value with where it comes from, the secret hidden', async () => {
    const { file } = folderWith('printed', SHIPPED.replace('enabled: false', 'enabled: true').replace('var.application_id: ""', 'var.application_id: "${O365_APPLICATION}"')
      .replace('- id: ""', '- id: "00000000-0000-4000-8000-00000000b001"').replace('var.client_secret: ""', 'var.client_secret: "${O365_SECRET}"'));
    const env = { O365_SECRET: 'canary-in-the-coal-mine', O365_APPLICATION: '00000000-0000-4000-8000-00000000a001', O365AUDIT_FORMAT: 'ecs' };
    const program = await runProgram(['config', '-c', file, '-M', 'o365.audit.var.api.poll_interval=1m30s', '--namespace', 'production'], { env });
    assert.equal(program.ending?.status, 0, program.stderr);
    for (const line of [
      /^ {4}enabled: true # .*o365\.yml:5:5$/m, /var\.application_id: 00000000-0000-4000-8000-00000000a001 # /, /var\.client_secret: <hidden> # .*o365\.yml:\d+:5$/m,
      /var\.api\.poll_interval: 1m30s # command line$/m, /var\.api\.max_retention: 168h # default$/m, /format: ecs # /, /namespace: production # command line$/m,
    ]) assert.match(program.stdout, line);
    assert.doesNotMatch(said(program), /canary/);
  });
});

describe('a configuration with mistakes', { concurrency: 3 }, () => {
  const wrong = SHIPPED.replace('enabled: false', 'enabled: yes please').replace('var.application_id', 'var.aplication_id').replace('# var.certificate:', 'var.certificate:')
    .replace('var.client_secret: ""', 'var.client_secret: "canary-in-the-coal-mine"\n    var.api.poll_interval: 7d\n    var.content_type: [Audit.Exchnage]\n    input.processors: [{drop_event: {}}]\n    var.api.resource: http://manage.office.com');

  for (const command of ['collect', 'config'] as const) {
    test(`is refused by ${command} with every one of them, its place and its repair, and status 2`, async () => {
      const { file, folder } = folderWith(`wrong-${command}`, wrong);
      const program = await runProgram([command, '-c', file, '--output', 'forwards://x', '-M', 'o365.audit.var.client_secret=canary-on-the-line']);
      assert.equal(program.ending?.status, 2);
      assert.equal(program.stdout, '');
      const mistakes = program.stderr.split('\n').filter((line) => line.startsWith('  '));
      assert.match(program.stderr, new RegExp(`o365audit: The configuration has ${mistakes.length} mistakes:\n`));
      for (const part of [
        /o365\.yml:5:14: enabled: expected true or false/, /var\.aplication_id: .*Write var\.application_id/, /poll_interval: .*"7d".*168h/, /content_type: .*Audit\.Exchnage.*Audit\.Exchange/,
        /input\.processors: .*filters/, /resource: .*https/, /client_secret.*certificate|certificate.*client_secret/, /--output: .*forward:\/\/host:port/, /-M o365\.audit\.var\.client_secret: .*\$\{O365_SECRET\}/,
      ]) assert.ok(mistakes.some((line) => part.test(line)), `${String(part)} is not in\n${program.stderr}`);
      assert.match(program.stderr, /\nNothing was started\. Correct it and try again\. \[CONFIG_INVALID\]\n$/);
      assert.doesNotMatch(program.stderr, /canary/);
      assert.ok(program.stderr.includes(folder));
    });
  }

  test('that is no configuration at all, or not there, says so with status 2', async () => {
    const { folder } = folderWith('nothing', '');
    for (const [words, code] of [[['collect', '-c', join(folder, 'none.yml')], 'CONFIG_MISSING'], [['collect', '-c', folder], 'CONFIG_UNREADABLE'], [['collect', '--format', 'xml'], 'CONFIG_'], [['collect', '--outptu', 'stdout'], 'USAGE']] as const) {
      const { ending, stderr, stdout } = await runProgram(words, { cwd: folder });
      assert.deepEqual([ending?.status, stdout], [2, ''], stderr);
      assert.match(stderr, new RegExp(`\\[${code}`));
    }
  });
});

describe('the secret', { concurrency: 3 }, () => {
  /** What the program said must not hold: the secret in any usual form, and tokens. */
  function assertSilent(program: Program, secret: string): void {
    const text = said(program);
    for (const form of [secret, encodeURIComponent(secret), Buffer.from(secret).toString('base64').replace(/=+$/, '')]) assert.ok(!text.includes(form), `it said ${form}`);
    assert.doesNotMatch(text, /\beyJ[\w-]{20,}|Bearer [\w-]{20,}/);
  }

  const troubles = {
    'when all is well': () => undefined,
    'when it is refused': ({ simulator }: Simulation) => simulator.setSecrets(['another']),
    'when the login breaks': ({ simulator }: Simulation) => simulator.faults.set('token-error-body', { status: 400, body: '{"error":"invalid_client"}' }),
    'when the API refuses tokens': ({ simulator }: Simulation) => simulator.faults.set('empty-error', { status: 401 }),
    'when there is no permission': ({ simulator }: Simulation) => simulator.faults.set('no-permission'),
  } as const;
  for (const [trouble, bring] of Object.entries(troubles)) {
    test(`is in nothing that is said at the most talkative level ${trouble}`, async () => {
      const simulation = await startSimulation({ eventCount: 20 });
      const host = await startForwardHost();
      try {
        bring(simulation);
        const { clientSecret } = simulation.simulator;
        for (const format of ['text', 'json']) {
          const program = await runProgram(['collect', ...simulation.words, '--once', '--log-level', 'trace', '--log-format', format, '--output', host.url]);
          assert.match(program.stderr, /A server answered\./);
          assertSilent(program, clientSecret);
        }
        for (const event of host.events) assert.ok(!JSON.stringify(event.record).includes(clientSecret));
      } finally {
        await host.close();
        await simulation.close();
      }
    });
  }

  test('of the log agent is not said either, neither when it fits nor when it does not', async () => {
    const simulation = await startSimulation({ eventCount: 20 });
    const host = await startForwardHost({ sharedKey: 'canary of the log agent' });
    try {
      const words = ['collect', ...simulation.words, '--once', '--log-level', 'trace', '--output', host.url];
      const right = await runProgram(words, { env: { O365AUDIT_FORWARD_SHARED_KEY: 'canary of the log agent' } });
      assert.deepEqual(right.ending, { status: 0, signal: null }, right.stderr);
      assert.deepEqual(new Set(host.received.keys()), simulation.expectedIds());
      assertSilent(right, 'canary of the log agent');
      assertSilent(await runProgram(['config', ...simulation.words], { env: { O365AUDIT_FORWARD_SHARED_KEY: 'canary of the log agent' } }), 'canary of the log agent');
    } finally {
      await host.close();
      await simulation.close();
    }
  });
});
