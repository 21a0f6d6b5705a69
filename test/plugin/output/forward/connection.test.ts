import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { openConnection } from '../../../../plugin/output/forward/connection.ts';
import { createManualClock, until } from '../../../support/manual-clock.ts';

const options = { connectTimeoutMs: 3_000, writeTimeoutMs: 5_000 };

/** A listener that does with each connection what the test says. */
async function listen(t: TestContext, onConnection: (socket: Socket) => void) {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket.on('error', () => undefined));
    onConnection(socket);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return { kind: 'tcp', host: '127.0.0.1', port: (server.address() as AddressInfo).port } as const;
}

test('What is sent arrives in one piece and in order, and what the host says is read until it closes.', async (t) => {
  let received = '';
  const address = await listen(t, (socket) => socket.on('data', (bytes: Buffer) => {
    received += bytes.toString('latin1');
    if (received === 'headerbodyend') socket.end(Buffer.from('81a361636ba163' + '80', 'hex'));
  }));
  const clock = createManualClock();
  const connection = await openConnection(address, options, clock, new AbortController().signal);
  connection.send(['header', 'body', 'end'].map((text) => Buffer.from(text)));
  const said: unknown[] = [];
  for await (const { value } of connection.messages) said.push(value);
  assert.deepEqual(said, [{ ack: 'c' }, {}]);
  assert.equal(clock.waiting(), 0, 'no deadline is left');
});

test('The reason for which a connection is destroyed is what its reader learns.', async (t) => {
  const connection = await openConnection(await listen(t, () => undefined), options, createManualClock(), new AbortController().signal);
  const next = connection.messages.next();
  connection.destroy(new Error('enough'));
  await assert.rejects(next, /enough/);
});

test('Bytes that the peer does not take end the connection after the write deadline, and not before.', async (t) => {
  const clock = createManualClock();
  const connection = await openConnection(await listen(t, (socket) => socket.pause()), options, clock, new AbortController().signal);
  let ended: unknown;
  connection.messages.next().catch((error: unknown) => {
    ended = error;
  });
  connection.send([new Uint8Array(1)]);
  await until(() => clock.waiting() === 0, 'the small write');
  connection.send([new Uint8Array(64 * 1024 * 1024)]);
  await clock.advance(4_999);
  assert.equal(ended, undefined);
  await clock.advance(1);
  await until(() => ended !== undefined, 'the end');
  assert.match(String(ended), /did not read for 5000 ms/);
});

test('An attempt to connect ends with the signal.', async (t) => {
  // A TLS client waits for an answer to its hello, which a plain listener never gives.
  const address = await listen(t, () => undefined);
  const clock = createManualClock();
  const ending = new AbortController();
  const opening = openConnection({ ...address, kind: 'tls' }, options, clock, ending.signal);
  await until(() => clock.waiting() === 1, 'the attempt');
  ending.abort();
  await assert.rejects(opening, { name: 'AbortError' });
  assert.equal(clock.waiting(), 0);
});

test('A CA file that has gone since the start is the reason of a failed attempt.', async (t) => {
  const address = await listen(t, () => undefined);
  await assert.rejects(openConnection({ ...address, kind: 'tls' }, { ...options, caFile: '/nowhere/ca.pem' }, createManualClock(), new AbortController().signal), /ENOENT.*\/nowhere\/ca\.pem/);
});
