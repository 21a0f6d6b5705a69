/**
 * No secret ever leaves. Every command runs at trace level with secrets that occur nowhere else, against services and log agents that behave well, refuse, or say
 * everything back; then every byte that was written anywhere is searched for each of them.
 */
import assert from 'node:assert/strict';
import { existsSync, lstatSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { startSimulator, type Simulator } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import { makeCertificate } from '../support/certificate.ts';
import { startFarEnd } from '../support/far-end.ts';
import { startForwardHost } from '../support/forward-host.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { realClock } from '../support/simulation.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-secrets-'));
const SECRET = 'Canary-9secret~.+/=&x';
const PASSPHRASE = 'Canary-9passphrase';
const SHARED_KEY = 'Canary-9shared-key';
const PROXY_PASSWORD = 'Canary-9proxy-password';
const application = makeCertificate();
const encryptedKey = application.keyPem('pkcs8', PASSPHRASE);
const plainKey = application.keyPem('pkcs8');
/** Tokens and assertions, as they go by. */
const seen = new Set<string>();
/** In front of the simulator: it sees what goes by, and says it all back when it is told to. */
let mode: 'pass' | 'echo refused' | 'echo fine' = 'pass';
const front = await startFarEnd(async ({ method, target, headers, body }, response) => {
  const bearer = (headers.authorization ?? '').replace('Bearer ', '');
  const assertion = new URLSearchParams(body).get('client_assertion') ?? '';
  for (const secret of [bearer, assertion]) if (secret !== '') seen.add(secret);
  if (mode !== 'pass' && (mode === 'echo fine' || target.includes('/oauth2/'))) {
    const said = `${body} ${bearer} ${decodeURIComponent(body)}`.replace(/[^\x20-\x7e]/g, ' ');
    response.writeHead(mode === 'echo fine' ? 200 : 400, { 'content-type': mode === 'echo fine' ? 'text/html' : 'application/json', location: said.slice(0, 500), 'x-echo': said.slice(0, 500) });
    response.end(mode === 'echo fine' ? said : JSON.stringify({ error: said, error_description: `AADSTS7000215: ${said}`, trace_id: said, error_codes: [7000215] }));
    return;
  }
  const text = await new Promise<string>((resolve, reject) => {
    // With the Host header as it came: assertions are for the host that was asked.
    const onward = request({ host: '127.0.0.1', port: simulator.url.port, method, path: target, headers: { ...headers, 'accept-encoding': 'identity' } }, (answer) => {
      const pieces: Buffer[] = [];
      response.statusCode = answer.statusCode ?? 500;
      for (const name of ['content-type', 'nextpageuri', 'date']) if (answer.headers[name] !== undefined) response.setHeader(name, answer.headers[name]);
      answer.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => resolve(Buffer.concat(pieces).toString())).on('error', reject);
    });
    onward.on('error', reject).end(body);
  });
  const token = /"access_token":"([^"]+)"/.exec(text)?.[1];
  if (token !== undefined) seen.add(token);
  response.end(text);
});
const simulator: Simulator = await startSimulator({ clock: realClock, log: silentLog, eventCount: 60, resources: [front.url.origin] });
simulator.setSecrets([SECRET]);
simulator.setCertificates([application.certificate]);
after(async () => {
  await front.close();
  await simulator.close();
  rmSync(folder, { recursive: true });
});

function configuration(name: string, credential: readonly string[]): string {
  const file = join(folder, `${name}.yml`);
  writeFileSync(file, ['- module: o365', '  audit:', '    enabled: true', `    var.application_id: "${simulator.applicationId}"`, `    var.tenants: [{id: ${simulator.tenants[0]?.id ?? ''}}]`,
    '    var.api: {error_retry_interval: 100ms, poll_interval: 100ms}', `    var.api.authentication_endpoint: ${front.url.href}`, `    var.api.resource: ${front.url.origin}`, ...credential.map((line) => `    ${line}`), ''].join('\n'), { mode: 0o600 });
  return file;
}

const keyFile = join(folder, 'app.key');
const certificateFile = join(folder, 'app.pem');
const secretFile = join(folder, 'secret');
writeFileSync(keyFile, encryptedKey, { mode: 0o600 });
writeFileSync(certificateFile, application.certificate);
writeFileSync(secretFile, SECRET, { mode: 0o600 });
const env = { O365_SECRET: SECRET, O365_PASSPHRASE: PASSPHRASE, O365AUDIT_FORWARD_SHARED_KEY: SHARED_KEY, O365AUDIT_PROXY_PASSWORD: PROXY_PASSWORD, O365AUDIT_PROXY_USER: 'user' };
const CREDENTIALS = {
  secret: ['var.client_secret: ${O365_SECRET}'],
  'secret-file': [`var.client_secret_file: ${secretFile}`],
  'secret-command': [`var.client_secret_command: [cat, ${secretFile}]`],
  certificate: [`var.certificate: ${certificateFile}`, `var.key: ${keyFile}`, 'var.key_passphrase: ${O365_PASSPHRASE}'],
  'certificate-text': [`var.certificate: ${JSON.stringify(application.certificate + plainKey)}`, 'var.send_certificate: true'],
};

/** Pieces of everything that is secret; long enough to occur nowhere by accident. */
function secrets(): string[] {
  const lines = [...encryptedKey.split('\n'), ...plainKey.split('\n')].filter((line) => line.length === 64);
  const signatures = [...seen].flatMap((token) => [token.split('.')[2]?.slice(0, 40) ?? '', token.slice(-40)]).filter((piece) => piece.length >= 24);
  const texts = [SECRET, PASSPHRASE, SHARED_KEY, PROXY_PASSWORD];
  return [...texts, ...texts.map((text) => encodeURIComponent(text)), ...texts.map((text) => Buffer.from(text).toString('base64').slice(0, 16)),
    Buffer.from(`user:${PROXY_PASSWORD}`).toString('base64').slice(0, 24), ...lines, ...signatures];
}

function assertClean(text: string, where: string): void {
  for (const secret of secrets()) assert.ok(!text.includes(secret), `${where} holds ${secret.slice(0, 12)}…: ${text.slice(Math.max(0, text.indexOf(secret) - 200), text.indexOf(secret) + 20)}`);
}

/** Searches all files below a folder, and sees that they belong to this user alone. */
function assertCleanFiles(state: string): void {
  if (!existsSync(state)) return;
  assert.equal(lstatSync(state).mode & 0o777, 0o700, state);
  for (const entry of readdirSync(state, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    if (entry.isDirectory()) assert.equal(lstatSync(path).mode & 0o777, 0o700, path);
    if (!entry.isFile()) continue;
    assert.equal(lstatSync(path).mode & 0o077, 0, path);
    assertClean(readFileSync(path, 'latin1'), path);
  }
}

let runs = 0;
async function runCleanly(words: readonly string[]): Promise<string> {
  runs += 1;
  const state = join(folder, `state-${runs}`);
  const trace = join(folder, `trace-${runs}.ndjson`);
  const program = await runProgram([...words, ...words[0] === 'map' ? [] : ['--state-dir', state, '--trace-http', trace], '--log-level', 'trace', '--log-format', runs % 2 === 0 ? 'json' : 'text'], { env });
  assertClean(program.stdout, `stdout of ${words.join(' ')}`);
  assertClean(program.stderr, `stderr of ${words.join(' ')}`);
  assertCleanFiles(state);
  if (existsSync(trace)) {
    assertClean(readFileSync(trace, 'utf8'), trace);
    assert.equal(lstatSync(trace).mode & 0o777, 0o600);
  }
  return program.stdout + program.stderr;
}

describe('no secret leaves', () => {
  for (const [name, lines] of Object.entries(CREDENTIALS)) {
    const config = configuration(name, lines);
    test(`with ${name}, whatever the command, and whether the services answer, refuse or say everything back`, async () => {
      // What is said back is the same however the secret was found.
      const modes = name === 'secret' || name === 'certificate' ? ['pass', 'echo refused', 'echo fine'] as const : ['pass'] as const;
      for (const each of modes) {
        mode = each;
        try {
          const said = await runCleanly(['collect', '-c', config, '--once']);
          assert.match(said, each === 'pass' ? /Everything that there was has been delivered/ : /AUTH_/);
          await runCleanly(['check', '-c', config]);
        } finally {
          mode = 'pass';
        }
      }
      assert.ok(seen.size > 0, 'tokens have gone by, and were looked for');
      await runCleanly(['check', '-c', config, '--json']);
      assert.match(await runCleanly(['config', '-c', config]), name.includes('-file') || name.includes('-command') ? /var\.client_secret_/ : /<hidden>/);
      await runCleanly(['config', '-c', config, '--check']);
    });
  }

  test('with a log agent that is to be convinced by a shared key, and a proxy by a password', async () => {
    const host = await startForwardHost({ sharedKey: SHARED_KEY });
    const proxy = await startForwardProxy({ authorization: `Basic ${Buffer.from('user:other').toString('base64')}` });
    try {
      const config = configuration('agent', CREDENTIALS.secret);
      const said = await runCleanly(['collect', '-c', config, '--once', '--output', host.url]);
      assert.match(said, /caught_up/);
      assert.equal(host.received.size, 60);
      assertClean(JSON.stringify(host.events.map(({ record }) => record)), 'what the log agent was given');
      await runCleanly(['check', '-c', config, '--output', host.url]);
      host.misbehave('know-another-key');
      await runCleanly(['check', '-c', config, '--output', host.url]);
      const away = configuration('away', [...CREDENTIALS.secret, 'input.enabled: true']);
      writeFileSync(away, readFileSync(away, 'utf8').replaceAll(front.url.href, 'https://login.example/'));
      assert.match(await runCleanly(['check', '-c', away, '--proxy', proxy.url.href]), /does not accept the user name and password/);
    } finally {
      await host.close();
    }
  });

  test('while somebody looks after it: metrics, health, status, audit, repair, and a state that is exported and imported', async () => {
    const host = await startForwardHost({ sharedKey: SHARED_KEY });
    const state = join(folder, 'state-tended');
    const words = ['-c', configuration('tended', CREDENTIALS.certificate), '--state-dir', state, '--output', host.url];
    const whole = async (command: readonly string[]): Promise<string> => {
      const program = await runProgram([...command, '--log-level', 'trace'], { env });
      assertClean(program.stdout + program.stderr, command.join(' '));
      return program.stdout;
    };
    try {
      const program = startProgram(['collect', ...words, '--metrics', '127.0.0.1:0', '--log-level', 'trace'], { env });
      await program.said('Everything that there was has been delivered');
      const url = /Metrics and health are served\. url=(\S+)/.exec(program.stderr)?.[1] ?? '';
      for (const path of ['/metrics', '/healthz', '/readyz']) {
        const answer = await fetch(new URL(path, url));
        assertClean(`${JSON.stringify([...answer.headers])}${await answer.text()}`, path);
      }
      assert.match(await (await fetch(url)).text(), /o365audit_credential_expires_timestamp_seconds\{/);
      await whole(['status', '--state-dir', state]);
      await whole(['status', '--state-dir', state, '--json']);
      program.signal('SIGTERM');
      await program.ended();
      assertClean(program.stdout + program.stderr, 'what the collector said');
      await whole(['audit', ...words]);
      await whole(['audit', ...words, '--repair', '--json']);
      const exported = await whole(['state', 'export', '--state-dir', state]);
      writeFileSync(join(folder, 'tended.state'), exported, { mode: 0o600 });
      const elsewhere = join(folder, 'state-elsewhere');
      await whole(['state', 'import', join(folder, 'tended.state'), '--state-dir', elsewhere]);
      for (const directory of [state, elsewhere]) assertCleanFiles(directory);
    } finally {
      await host.close();
    }
  });

  test('with an event that the log agent refuses: in its dead letter, in lists of them, and when it is sent again', async () => {
    const host = await startForwardHost({ sharedKey: SHARED_KEY });
    const state = join(folder, 'state-letters');
    const words = ['-c', configuration('letters', CREDENTIALS.secret), '--state-dir', state, '--output', host.url, '--log-level', 'trace'];
    const refused = simulator.books.blobs().find(({ ids }) => ids.length > 1)?.ids[0] ?? '';
    host.misbehave('refuse-event', { id: refused });
    try {
      const run = async (...command: readonly string[]): Promise<string> => {
        const { stdout, stderr, ending } = await runProgram([...command, ...words], { env });
        assert.equal(ending?.status, 0, stderr);
        assertClean(stdout + stderr, command.join(' '));
        return stdout + stderr;
      };
      assert.match(await run('collect', '--once', '--frame-attempts', '2'), /The output does not take an event/);
      assert.ok(!host.received.has(refused));
      assertCleanFiles(state);
      assert.ok((await run('replay', '--list')).includes(refused));
      await run('replay', '--list', '--json');
      await host.behave();
      await run('replay', '--dead-letters');
      assert.ok(host.received.has(refused));
      assertCleanFiles(state);
    } finally {
      await host.close();
    }
  });

  test('with mistakes in every place where a secret can stand', async () => {
    for (const lines of [
      [`var.client_secret: {a: ${SECRET}}`], [`var.client_secret: "${SECRET}"`, `var.certificate: ${certificateFile}`], [`var.key_passphrase: ${PASSPHRASE}`],
      [`var.certificate: ${certificateFile}`, `var.key: ${keyFile}`, 'var.key_passphrase: wrong'], [`client_secret: "${SECRET}"`], [`var.client_secret: "${SECRET}`],
    ]) {
      const config = configuration('mistaken', lines);
      for (const command of ['config', 'collect', 'check']) await runCleanly([command, '-c', config, ...command === 'collect' ? ['--once'] : []]);
    }
    const config = configuration('flags', CREDENTIALS.secret);
    for (const words of [['--proxy', `http://user:${PROXY_PASSWORD}@proxy.example`], ['--proxy-password', PROXY_PASSWORD], ['--forward-shared-key', SHARED_KEY], ['-M', `o365.audit.var.client_secret=${SECRET}`]]) {
      await runCleanly(['config', '-c', config, ...words]);
    }
  });
});

test('a running collector shows no secret among its words, which every process can read', { skip: process.platform === 'linux' ? false : 'reads /proc' }, async () => {
  const program = startProgram(['collect', '-c', configuration('words', CREDENTIALS['secret-command']), '--state-dir', join(folder, 'state-words')], { env });
  await program.said('Everything that there was has been delivered');
  assertClean(readFileSync(`/proc/${program.child.pid ?? 0}/cmdline`, 'latin1'), 'the command line');
  program.signal('SIGTERM');
  await program.ended();
});
