/**
 * A company network: the only way out is a forward proxy with a password, which replaces certificates by those of the company's own authority. The names of login
 * host and API mean nothing to this machine; whatever does not go through the proxy fails.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configurationFor } from '../../plugin/commands/simulate.ts';
import { startSimulator } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import { makeCertificate } from '../support/certificate.ts';
import { startForwardProxy } from '../support/forward-proxy.ts';
import { runProgram } from '../support/program.ts';
import { idsOf, realClock } from '../support/simulation.ts';

const HOST = 'm365.example';
const folder = mkdtempSync(join(tmpdir(), 'o365audit-company-'));
const simulator = await startSimulator({ clock: realClock, log: silentLog, eventCount: 200, resources: [`https://${HOST}`] });
const certified = makeCertificate({ commonName: HOST });
const front = createServer({ cert: certified.certificate, key: certified.keyPem('pkcs8') }, (incoming, response) => {
  const { method, url, headers } = incoming;
  const onward = request({ host: '127.0.0.1', port: simulator.url.port, method, path: url, headers: { ...headers, 'x-forwarded-proto': 'https' } }, (answer) => {
    response.writeHead(answer.statusCode ?? 500, answer.headers);
    answer.pipe(response);
  });
  incoming.pipe(onward);
});
await new Promise<void>((resolve) => front.listen(0, '127.0.0.1', resolve));
after(async () => {
  front.close();
  front.closeAllConnections();
  await simulator.close();
  rmSync(folder, { recursive: true });
});
const ca = join(folder, 'company.pem');
writeFileSync(ca, certified.certificate);
const config = join(folder, 'o365.yml');
writeFileSync(config, configurationFor(simulator).replaceAll(/http:\/\/127\.0\.0\.1:\d+/g, `https://${HOST}`), { mode: 0o600 });

test('everything is collected through the proxy, login and API alike, and the check says so', async () => {
  const { url, asked } = await startForwardProxy({ hosts: { [`${HOST}:443`]: (front.address() as AddressInfo).port }, authorization: `Basic ${Buffer.from('me:hush').toString('base64')}` });
  const words = ['-c', config, '--state-dir', join(folder, 'state'), '--ca', ca];
  const env = { HTTPS_PROXY: url.href, NO_PROXY: 'example.com,.local', O365AUDIT_PROXY_USER: 'me', O365AUDIT_PROXY_PASSWORD: 'hush' };
  const program = await runProgram(['collect', ...words, '--once'], { env });
  assert.equal(program.ending?.status, 0, program.stderr);
  assert.equal(new Set(idsOf(program.lines())).size, 200);
  assert.doesNotMatch(program.stderr, /warn|error/);
  assert.deepEqual([...new Set(asked)], [`${HOST}:443`]);

  const check = await runProgram(['check', ...words], { env });
  assert.equal(check.ending?.status, 0, check.stdout);
  for (const step of ['login host', 'API host']) assert.ok(check.stdout.includes(`✓ ${step}: ${HOST} answers, through the proxy ${url.host}\n`), check.stdout);

  const askedBefore = asked.length;
  const direct = await runProgram(['check', ...words, '--proxy', 'direct'], { env });
  assert.equal(direct.ending?.status, 1);
  assert.match(direct.stdout, /✗ login host: m365\.example cannot be reached: .*(ENOTFOUND|EAI_AGAIN|UND_ERR_CONNECT_TIMEOUT)/);
  assert.equal(asked.length, askedBefore);
});
