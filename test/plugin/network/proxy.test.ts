import { strict as assert } from 'node:assert';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { AuditError } from '../../../plugin/errors.ts';
import { openNetwork, type Network, type NetworkSettings } from '../../../plugin/network/network.ts';
import { chooseProxy } from '../../../plugin/network/proxy.ts';
import { silentLog } from '../../../plugin/telemetry/log.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { failureOf } from '../../support/failures.ts';
import { startRawFarEnd } from '../../support/far-end.ts';
import { startForwardProxy, type ForwardProxy, type ProxySetting } from '../../support/forward-proxy.ts';
import { realClock } from '../../support/simulation.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-proxy-'));
const closing: (() => unknown)[] = [() => rmSync(folder, { recursive: true })];
after(async () => {
  for (const close of closing.reverse()) await close();
});

/** A name that only the proxy knows. */
const HOST = 'entra.example';
const certified = makeCertificate({ commonName: HOST });
const ca = join(folder, 'ca.pem');
writeFileSync(ca, `The company's own:\n${certified.certificate}`);
const server = createServer({ cert: certified.certificate, key: certified.keyPem('pkcs8') }, (request, response) => {
  request.resume().on('end', () => response.end(`${request.method ?? ''} ${request.url ?? ''} by ${request.headers['proxy-authorization'] ?? 'nobody'}`));
});
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
closing.push(() => new Promise((resolve) => {
  server.close(resolve);
  server.closeAllConnections();
}));
const { port } = server.address() as AddressInfo;

async function proxy(setting: ProxySetting = {}): Promise<ForwardProxy> {
  return startForwardProxy({ hosts: { [`${HOST}:443`]: port }, ...setting });
}

async function network(settings: NetworkSettings, env: Record<string, string> = {}): Promise<Network> {
  const made = await openNetwork({ ca, ...settings }, { env, version: '1', clock: realClock }, silentLog);
  closing.push(() => made.close());
  return made;
}

async function ask({ request }: Network, path = '/a?b', method: 'GET' | 'POST' = 'GET'): Promise<string> {
  return (await request(new URL(`https://${HOST}${path}`), { method })).text();
}

describe('through a forward proxy', () => {
  test('requests reach a host whose name nobody else knows, and connections are used again', async () => {
    const { url, asked } = await proxy();
    const made = await network({ proxy: url.href });
    assert.equal(await ask(made), 'GET /a?b by nobody');
    assert.equal(await ask(made, '/c', 'POST'), 'POST /c by nobody');
    for (let count = 0; count < 10; count += 1) await ask(made);
    assert.ok(asked.length <= 2, `${asked.length} tunnels for a dozen requests, one after the other`);
    assert.deepEqual([...new Set(asked)], [`${HOST}:443`]);
  });

  test('which the environment names it is the same', async () => {
    const { url, asked } = await proxy();
    for (const env of [{ HTTPS_PROXY: url.href }, { https_proxy: url.host, HTTPS_PROXY: 'http://wrong.invalid' }, { ALL_PROXY: url.href, HTTP_PROXY: 'http://wrong.invalid' }]) {
      assert.equal(await ask(await network({}, env)), 'GET /a?b by nobody');
    }
    assert.equal(asked.length, 3);
  });

  test('which asks for user and password, both are given to it and to nobody behind it', async () => {
    const authorization = `Basic ${Buffer.from('us er:p@:ss').toString('base64')}`;
    const { url } = await proxy({ authorization });
    assert.equal(await ask(await network({ proxy: url.href, proxyUser: 'us er', proxyPassword: 'p@:ss' })), 'GET /a?b by nobody');
    assert.equal(await ask(await network({}, { HTTPS_PROXY: `http://us%20er:p%40:ss@${url.host}` })), 'GET /a?b by nobody');
    for (const [settings, reason] of [[{ proxy: url.href }, /asks for a user name/], [{ proxy: url.href, proxyUser: 'us er', proxyPassword: 'canary' }, /does not accept the user name/]] as const) {
      const error = await failureOf(ask(await network(settings)));
      assert.equal(error.code, 'NETWORK_PROXY');
      assert.match(error.message, reason);
      assert.doesNotMatch(`${error.message}${String(error.cause)}`, /canary/);
    }
  });

  test('that is spoken to by TLS requests go as well', async () => {
    const { url } = await proxy();
    const { createServer: createTlsServer } = await import('node:tls');
    const { connect } = await import('node:net');
    const own = makeCertificate({ commonName: 'localhost' });
    const front = createTlsServer({ cert: own.certificate, key: own.keyPem('pkcs8') }, (socket) => {
      const inner = connect(Number(url.port), '127.0.0.1');
      socket.on('error', () => inner.destroy()).pipe(inner).on('error', () => socket.destroy()).pipe(socket);
    });
    await new Promise<void>((resolve) => front.listen(0, 'localhost', resolve));
    const bundle = join(folder, 'both.pem');
    writeFileSync(bundle, certified.certificate + own.certificate);
    closing.push(() => void front.close());
    const made = await network({ proxy: `https://localhost:${(front.address() as AddressInfo).port}`, ca: bundle });
    assert.equal(await ask(made), 'GET /a?b by nobody');
  });

  for (const [what, setting, reason] of [
    ['refuses the host', { status: 403 }, /The proxy 127\.0\.0\.1:\d+ opens no way to entra\.example:443: it answers HTTP 403/],
    ['does not reach the host', { hosts: {} }, /it answers HTTP 502/],
    ['ends the connection', { status: 0 }, /socket hang up|ECONNRESET/],
  ] as const) {
    test(`that ${what} is told of by name, and it is worth trying again`, async () => {
      const { url } = await proxy(setting);
      const error = await failureOf(ask(await network({ proxy: url.href })));
      assert.deepEqual([error.code, error.retry], ['NETWORK_PROXY', 'later']);
      assert.match(error.message, reason);
    });
  }

  test('that is not there, or says nothing, the connect deadline holds', async () => {
    assert.match((await failureOf(ask(await network({ proxy: 'http://127.0.0.1:1' })))).message, /The proxy 127\.0\.0\.1:1 opens no way .*ECONNREFUSED/);
    const { createNetwork } = await import('../../../plugin/network/network.ts');
    const silent = await startRawFarEnd(() => undefined);
    closing.push(() => silent.close());
    const made = createNetwork({ connectTimeoutMs: 50, proxyFor: chooseProxy({ proxy: silent.url.href }, {}) }, silentLog);
    closing.push(() => made.close());
    assert.match((await failureOf(made.request(new URL('https://entra.example/')))).message, /no answer within 50 ms/);
  });

  test('no request goes that the bypass list names, or that stays on this machine', async () => {
    const { url, asked } = await proxy();
    assert.equal((await failureOf(ask(await network({ proxy: url.href, proxyBypass: '.example' })))).code, 'NETWORK_UNREACHABLE');
    assert.equal((await failureOf(ask(await network({}, { HTTPS_PROXY: url.href, NO_PROXY: '.example' })))).code, 'NETWORK_UNREACHABLE');
    assert.equal((await failureOf(ask(await network({ proxy: 'direct' }, { HTTPS_PROXY: url.href })))).code, 'NETWORK_UNREACHABLE');
    const made = await network({ proxy: url.href });
    assert.equal((await failureOf(made.request(new URL(`https://127.0.0.1:${port}/`)))).code, 'NETWORK_TLS', 'reached, under a name that the certificate does not have');
    assert.deepEqual(asked, []);
  });
});

describe('the address of a proxy', () => {
  for (const [address, reason] of [['socks5://user:canary@proxy.example:1080', /it is of the kind socks5/], ['http://', /it is no web address/], ['http://user:canary@[x', /it is no web address/]] as const) {
    test(`such as ${address} is refused before anything is sent, without being repeated`, () => {
      assert.throws(() => chooseProxy({}, { https_proxy: address }), (error: unknown) => {
        assert.ok(error instanceof AuditError);
        assert.equal(error.code, 'NETWORK_PROXY_ADDRESS');
        assert.match(error.message, /in https_proxy/);
        assert.match(error.message, reason);
        assert.doesNotMatch(error.message + error.repair, /canary/);
        return true;
      });
    });
  }
});

describe('trust', () => {
  test('is given to the authorities of the file, and to nobody else', async () => {
    const { url } = await proxy();
    const other = join(folder, 'other.pem');
    writeFileSync(other, makeCertificate({ commonName: HOST }).certificate);
    assert.equal((await failureOf(ask(await network({ proxy: url.href, ca: other })))).code, 'NETWORK_TLS');
  });

  test('needs a readable file of certificates', async () => {
    const none = join(folder, 'none.pem');
    writeFileSync(none, 'nothing');
    for (const [file, reason] of [[none, /no BEGIN CERTIFICATE/], [join(folder, 'nowhere'), /ENOENT/]] as const) {
      const error = await failureOf(network({ ca: file }));
      assert.equal(error.code, 'NETWORK_CA_FILE');
      assert.match(error.message, reason);
    }
  });

  test('is given to nobody who speaks less than TLS 1.2', async () => {
    const old = createServer({ cert: certified.certificate, key: certified.keyPem('pkcs8'), minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }, (_request, response) => response.end());
    await new Promise<void>((resolve) => old.listen(0, '127.0.0.1', resolve));
    closing.push(() => void old.close());
    const { url } = await startForwardProxy({ hosts: { [`${HOST}:443`]: (old.address() as AddressInfo).port } });
    assert.equal((await failureOf(ask(await network({ proxy: url.href })))).code, 'NETWORK_TLS');
  });
});
