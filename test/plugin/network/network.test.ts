import { strict as assert } from 'node:assert';
import { randomBytes } from 'node:crypto';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { AuditError } from '../../../plugin/errors.ts';
import { createNetwork, type NetworkOptions } from '../../../plugin/network/network.ts';
import { silentLog } from '../../../plugin/telemetry/log.ts';
import { makeCertificate } from '../../support/certificate.ts';
import { codeOf } from '../../support/failures.ts';
import { startFarEnd, startRawFarEnd, type FarEnd } from '../../support/far-end.ts';

const closing: (() => Promise<void>)[] = [];
after(async () => {
  for (const close of closing.reverse()) await close();
});

function network(options: NetworkOptions = {}): ReturnType<typeof createNetwork> {
  const made = createNetwork(options, silentLog);
  closing.push(() => made.close());
  return made;
}

async function farEnd(answer: Parameters<typeof startFarEnd>[0]): Promise<FarEnd> {
  const made = await startFarEnd(answer);
  closing.push(() => made.close());
  return made;
}

async function rawFarEnd(onConnection: Parameters<typeof startRawFarEnd>[0]): Promise<URL> {
  const made = await startRawFarEnd(onConnection);
  closing.push(() => made.close());
  return made.url;
}

describe('a request', () => {
  test('sends method, path, query and body as given, and gives back status, headers in lower case and text', async () => {
    const server = await farEnd((_request, response) => response.writeHead(201, { 'X-Thing': 'yes' }).end('made'));
    const answer = await network().request(new URL('/a/2026$01$audit_general?b=%24c', server.url), { method: 'PUT', headers: { 'x-mine': '1' }, body: 'hello' });
    assert.equal(answer.status, 201);
    assert.equal(answer.headers['x-thing'], 'yes');
    assert.equal(await answer.text(), 'made');
    const [seen] = server.requests;
    assert.deepEqual([seen?.method, seen?.target, seen?.body, seen?.headers['x-mine'], seen?.headers['user-agent']], ['PUT', '/a/2026$01$audit_general?b=%24c', 'hello', '1', 'o365audit']);
  });

  test('says with content-length: 0 that a POST has no body, as IIS demands', async () => {
    const server = await farEnd((_request, response) => response.end());
    await (await network().request(server.url, { method: 'POST' })).dump();
    assert.equal(server.requests[0]?.headers['content-length'], '0');
  });

  test('is answered with the redirect itself: none is followed', async () => {
    const server = await farEnd((_request, response) => response.writeHead(302, { location: '/elsewhere' }).end());
    const answer = await network().request(server.url);
    await answer.dump();
    assert.equal(answer.status, 302);
    assert.equal(server.requests.length, 1);
  });

  test('uses a connection again after its body was read or dumped', async () => {
    const server = await farEnd((_request, response) => response.end('x'.repeat(10_000)));
    const { request } = network({ connectionsPerOrigin: 1 });
    await (await request(server.url)).text();
    await (await request(server.url)).dump();
    assert.equal((await (await request(server.url)).text()).length, 10_000);
    assert.equal(server.connectionCount(), 1);
  });

  test('reads at most as much text as asked for', async () => {
    const server = await farEnd((_request, response) => response.end('0123456789'.repeat(100_000)));
    assert.equal(await (await network().request(server.url)).text(15), '012345678901234');
  });
});

describe('gzip', () => {
  const bodies: readonly (readonly [kind: string, text: string])[] = [
    ['small', '{"events":"many"}'.repeat(10_000)],
    ['small until it is decoded', '{"events":"many"}'.repeat(300_000)],
    ['large', randomBytes(300_000).toString('hex')],
  ];
  const packed = gzipSync('{"events":"many"}');

  for (const [kind, text] of bodies) {
    const whole = gzipSync(text);
    test(`of a body that is ${kind} is decoded when it was offered`, async () => {
      const server = await farEnd((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(whole));
      const answer = await network().request(server.url, { headers: { 'accept-encoding': 'gzip' } });
      assert.equal(await answer.text(10_000_000), text);
    });

    test(`of a body that is ${kind} ends with a failure, not with an end, when it is cut off at any place or damaged`, async () => {
      const cuts = [1, 9, 10, 11, Math.floor(whole.length / 2), whole.length - 8, whole.length - 1];
      const damaged = Buffer.from(whole);
      damaged[whole.length - 6] = (damaged[whole.length - 6] ?? 0) ^ 1;
      const server = await farEnd(({ target }, response) => response.writeHead(200, { 'content-encoding': 'gzip' })
        .end(target === '/damaged' ? damaged : whole.subarray(0, Number(target.slice(1)))));
      const { request } = network();
      for (const path of [...cuts, 'damaged']) {
        const answer = await request(new URL(`/${path}`, server.url), { headers: { 'accept-encoding': 'gzip' } });
        assert.equal(await codeOf(answer.text(10_000_000)), 'NETWORK_BROKEN', `cut at ${path}`);
      }
    });

    test(`of a body that is ${kind} can be left in the middle, and the network goes on`, async () => {
      const server = await farEnd((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(whole));
      const { request } = network({ connectionsPerOrigin: 1 });
      for await (const piece of (await request(server.url, { headers: { 'accept-encoding': 'gzip' } })).body) {
        assert.ok(piece.length > 0);
        break;
      }
      assert.equal(await (await request(server.url, { headers: { 'accept-encoding': 'gzip' } })).text(10_000_000), text);
    });
  }

  test('of a small body takes no more memory than the body, also in several members, of which only the last says how large it is', async () => {
    const text = '{"events":"many"}'.repeat(10_000);
    const server = await farEnd(({ target }, response) => response.writeHead(200, { 'content-encoding': 'gzip' })
      .end(target === '/one' ? gzipSync(text) : Buffer.concat([gzipSync(text.slice(0, -3)), gzipSync(text.slice(-3))])));
    const { request } = network();
    for (const path of ['one', 'two']) {
      const pieces: Uint8Array[] = [];
      const answer = await request(new URL(`/${path}`, server.url), { headers: { 'accept-encoding': 'gzip' } });
      for await (const piece of answer.body) pieces.push(piece);
      assert.equal(Buffer.concat(pieces).toString(), text);
      assert.ok(pieces.every(({ buffer, length }) => buffer.byteLength <= length + 8_192), pieces.map(({ buffer, length }) => `${length} of ${buffer.byteLength}`).join());
    }
  });

  test('that was not offered, and any other encoding, is refused', async () => {
    const server = await farEnd(({ target }, response) => response.writeHead(200, { 'content-encoding': target.slice(1) }).end(packed));
    const { request } = network();
    assert.equal(await codeOf(request(new URL('/gzip', server.url))), 'NETWORK_ENCODING');
    assert.equal(await codeOf(request(new URL('/br', server.url), { headers: { 'accept-encoding': 'gzip' } })), 'NETWORK_ENCODING');
  });

  test('can be dumped unread', async () => {
    const server = await farEnd((_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(packed));
    const { request } = network({ connectionsPerOrigin: 1 });
    await (await request(server.url, { headers: { 'accept-encoding': 'gzip' } })).dump();
    await (await request(server.url, { headers: { 'accept-encoding': 'gzip' } })).dump();
    assert.equal(server.requests.length, 2);
  });
});

describe('a connection that dies', () => {
  test('between two requests is replaced without the caller noticing', async () => {
    const connections: number[] = [];
    const url = await rawFarEnd((socket, count) => {
      let requests = 0;
      socket.on('data', () => {
        requests += 1;
        connections.push(count);
        // The first connection answers once and is reset on its second request, as an idle one is that a proxy has forgotten.
        if (count === 1 && requests === 2) socket.resetAndDestroy();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
    });
    const { request } = network({ connectionsPerOrigin: 1 });
    assert.equal(await (await request(url)).text(), 'ok');
    assert.equal(await (await request(url)).text(), 'ok');
    assert.deepEqual(connections, [1, 1, 2]);
  });

  test('by the end of the stream is replaced as well', async () => {
    const url = await rawFarEnd((socket, count) => {
      let requests = 0;
      socket.on('data', () => {
        requests += 1;
        if (count === 1 && requests === 2) socket.end();
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
    });
    const { request } = network({ connectionsPerOrigin: 1 });
    for (let count = 0; count < 3; count += 1) assert.equal(await (await request(url)).text(), 'ok');
  });

  test('again on the second try fails, and so does a new one at once', async () => {
    const connections: number[] = [];
    const url = await rawFarEnd((socket, count) => {
      socket.on('data', () => {
        connections.push(count);
        if (connections.length === 1) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
        else socket.resetAndDestroy();
      });
    });
    const { request } = network({ connectionsPerOrigin: 1 });
    await (await request(url)).text();
    assert.equal(await codeOf(request(url)), 'NETWORK_BROKEN');
    assert.deepEqual(connections, [1, 1, 2]);
    assert.equal(await codeOf(request(url)), 'NETWORK_BROKEN');
    assert.deepEqual(connections, [1, 1, 2, 3]);
  });

  test('under a POST fails at once: it may have been carried out', async () => {
    let connections = 0;
    const url = await rawFarEnd((socket) => {
      connections += 1;
      socket.on('data', () => socket.resetAndDestroy());
    });
    assert.equal(await codeOf(network().request(url, { method: 'POST' })), 'NETWORK_BROKEN');
    assert.equal(connections, 1);
  });

  test('within a body is a failure of the body', async () => {
    const url = await rawFarEnd((socket) => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf', () => socket.destroy());
      });
    });
    const answer = await network().request(url);
    assert.equal(await codeOf(answer.text()), 'NETWORK_BROKEN');
  });
});

describe('a deadline', () => {
  test('passes when the head of the answer does not come', async () => {
    const url = await rawFarEnd(() => undefined);
    assert.equal(await codeOf(network({ headersTimeoutMs: 50 }).request(url)), 'NETWORK_SILENT');
  });

  test('passes when a body stops coming', async () => {
    const url = await rawFarEnd((socket) => void socket.on('data', () => socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf')));
    const answer = await network({ bodyTimeoutMs: 50 }).request(url);
    assert.equal(await codeOf(answer.text()), 'NETWORK_SILENT');
  });

  test('passes when a body comes drop by drop for too long', async () => {
    const server = await farEnd((_request, response) => {
      response.writeHead(200);
      const drip = setInterval(() => response.write('.'), 5);
      response.on('close', () => clearInterval(drip));
    });
    // on a busy machine that may be before the first drop
    assert.equal(await codeOf(network({ requestTimeoutMs: 100 }).request(server.url).then((answer) => answer.text())), 'NETWORK_SILENT');
  });

  test('does not pass while the reader of the body takes its time', async () => {
    const server = await farEnd((_request, response) => response.end('x'.repeat(1_000_000)));
    const answer = await network({ requestTimeoutMs: 2_000, bodyTimeoutMs: 2_000 }).request(server.url);
    let bytes = 0;
    let rested = false;
    for await (const chunk of answer.body) {
      bytes += chunk.length;
      // A real pause: it is undici's and the deadline's own timers that must not fire meanwhile.
      if (!rested) await new Promise((resolve) => setTimeout(resolve, 3_000));
      rested = true;
    }
    assert.equal(bytes, 1_000_000);
  });
});

describe('the caller', () => {
  test('who gives up gets the reason he gave, before the head and within the body', async () => {
    const server = await farEnd(({ target }, response) => {
      if (target === '/body') response.writeHead(200).write('begin');
    });
    const { request } = network();
    const reason = new Error('the program stops');
    const early = new AbortController();
    const waiting = request(server.url, { signal: early.signal });
    early.abort(reason);
    await assert.rejects(waiting, reason);
    const late = new AbortController();
    const answer = await request(new URL('/body', server.url), { signal: late.signal });
    const reading = answer.text();
    late.abort(reason);
    await assert.rejects(reading, reason);
    await assert.rejects(request(server.url, { signal: late.signal }), reason);
  });

  test('may share one signal among many requests without a warning', async () => {
    const server = await farEnd((_request, response) => response.end('ok'));
    const warnings: Error[] = [];
    const note = (warning: Error): void => void warnings.push(warning);
    process.on('warning', note);
    const { signal } = new AbortController();
    const { request } = network();
    await Promise.all(Array.from({ length: 40 }, async () => (await request(server.url, { signal })).text()));
    await new Promise((resolve) => setImmediate(resolve));
    process.off('warning', note);
    assert.deepEqual(warnings, []);
  });

  test('who leaves a body half read costs its connection, nothing else', async () => {
    const server = await farEnd((_request, response) => response.end('x'.repeat(5_000_000)));
    const { request } = network({ connectionsPerOrigin: 1 });
    const answer = await request(server.url);
    for await (const chunk of answer.body) {
      assert.ok(chunk.length > 0);
      break;
    }
    assert.equal((await (await request(server.url)).text(10)).length, 10);
  });
});

describe('a failure', () => {
  test('names the host and the reason, and never the query', async () => {
    const server = await farEnd(() => undefined);
    const { port } = server.url;
    await server.close();
    await assert.rejects(network().request(new URL(`http://127.0.0.1:${port}/path?token=hush`)), (error: unknown) => {
      assert.ok(error instanceof AuditError);
      assert.equal(error.code, 'NETWORK_UNREACHABLE');
      assert.match(error.message, new RegExp(`^127\\.0\\.0\\.1:${port} cannot be reached: .*ECONNREFUSED`));
      assert.ok(!`${error.message}${error.repair}${error.stack ?? ''}`.includes('hush'));
      return true;
    });
  });

  test('tells TLS apart from HTTP', async () => {
    const server = await farEnd((_request, response) => response.end());
    const url = new URL(server.url);
    url.protocol = 'https:';
    // the length stands behind the version in what TLS takes for a record, and the OpenSSL of Node 24 looks at it first
    await assert.rejects(network().request(url), (error: unknown) => {
      assert.ok(error instanceof AuditError);
      assert.equal(error.code, 'NETWORK_TLS');
      assert.match(error.message, new RegExp(`^No trusted TLS connection to ${url.host}: (wrong version number|packet length too long)\\.$`));
      return true;
    });
    const made = makeCertificate();
    const secure = createSecureServer({ cert: made.certificate, key: made.keyPem('pkcs8') }, (_request, response) => response.end());
    await new Promise<void>((resolve) => secure.listen(0, '127.0.0.1', resolve));
    assert.equal(await codeOf(network().request(new URL(`https://127.0.0.1:${(secure.address() as AddressInfo).port}/`))), 'NETWORK_TLS', 'nobody vouches for its certificate');
    await new Promise((resolve) => secure.close(resolve));
    const nonsense = await rawFarEnd((socket) => void socket.on('data', () => socket.end('SSH-2.0-OpenSSH_9.2\r\n')));
    assert.equal(await codeOf(network().request(nonsense)), 'NETWORK_NOT_HTTP');
  });

  test('of an unknown name is that the host cannot be reached', async () => {
    assert.equal(await codeOf(network().request(new URL('http://nowhere.invalid/'))), 'NETWORK_UNREACHABLE');
  });
});

test('a body of 140 MB flows through without being kept or copied', async () => {
  const piece = Buffer.alloc(1_000_000, 'a');
  const server = await farEnd((_request, response) => {
    let left = 140;
    const more = (): void => {
      while (left > 0) {
        left -= 1;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  });
  const answer = await network().request(server.url);
  const before = process.memoryUsage().rss;
  let bytes = 0;
  let peak = 0;
  for await (const chunk of answer.body) {
    bytes += chunk.length;
    peak = Math.max(peak, process.memoryUsage.rss());
  }
  assert.equal(bytes, 140_000_000);
  assert.ok(peak - before < 130_000_000, `grew by ${Math.round((peak - before) / 1e6)} MB`);
});
