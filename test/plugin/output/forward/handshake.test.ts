import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Packr } from 'msgpackr';
import { encodePing, shakeHands } from '../../../../plugin/output/forward/handshake.ts';
import { type Message, readMessages } from '../../../../plugin/output/forward/message.ts';

const packr = new Packr({ useRecords: false, variableMapSize: true });
const key = { sharedKey: 'o365', selfHostname: 'collector.test' };
const salt = '000102030405060708090a0b0c0d0e0f';
/** Random bytes are seldom UTF-8: these are not. */
const nonce = Buffer.from('ff00fe808182c0c1f5f8fafbfcfdfeff', 'hex');

const digest = (hostname: string, sharedKey = key.sharedKey): string => createHash('sha512')
  .update(Buffer.concat([Buffer.from(salt), Buffer.from(hostname), nonce, Buffer.from(sharedKey)])).digest('hex');
const helo = (header: string): Buffer => Buffer.concat([
  Buffer.from('92a448454c4f', 'hex'), Buffer.from('82', 'hex'), packr.pack('auth'), packr.pack(''), packr.pack('nonce'), Buffer.from(header, 'hex'), nonce,
]);
const pong = (...members: unknown[]): Buffer => packr.pack(['PONG', ...members]);

/** Lets the host send these messages and returns what was sent to it. */
async function shake(...messages: Uint8Array[]): Promise<unknown[]> {
  const sent: unknown[] = [];
  async function* host(): AsyncGenerator<Uint8Array> {
    for (const message of messages) yield Promise.resolve(message);
  }
  const exchange: { messages: AsyncIterator<Message, void>; send: (parts: readonly Uint8Array[]) => void } = {
    messages: readMessages(host()),
    send: (parts) => sent.push(packr.unpack(Buffer.concat(parts))),
  };
  await shakeHands(exchange, key, salt);
  return sent;
}

test('PING is, to the byte, six texts, the fourth of them SHA-512 over salt, own name, nonce and key.', () => {
  assert.equal(Buffer.from(encodePing(nonce, key, salt)).toString('hex'), [
    '96',
    'a450494e47', // PING
    'ae' + Buffer.from('collector.test').toString('hex'),
    'd920' + Buffer.from(salt).toString('hex'),
    // computed with Python's hashlib
    'd980' + Buffer.from('92dcb8aaa42ad4559ad73de0831aff3d69329c1f8190aabd8b07457b31049ebf'
      + 'abe3ef5656f9d7ab9d35488176fe446447b6bd5d9cd4348912bb694d7367e7b1').toString('hex'),
    'a0',
    'a0',
  ].join(''));
});

for (const [name, header] of [['text, as Fluent Bit sends it', 'b0'], ['longer text', 'd910'], ['binary, as Fluentd sends it', 'c410']] as const) {
  test(`The handshake succeeds with a nonce of random bytes in ${name}.`, async () => {
    const sent = await shake(helo(header), pong(true, '', 'host.test', digest('host.test')));
    assert.deepEqual(sent, [['PING', 'collector.test', salt, digest('collector.test'), '', '']]);
  });
}

const refusals = [
  ['does not know the key', [helo('b0'), pong(true, '', 'host.test', digest('host.test', 'another'))], /does not know the shared key/],
  ['sends our own proof back', [helo('b0'), pong(true, '', 'host.test', digest('collector.test'))], /does not know the shared key/],
  ['sends no proof', [helo('b0'), pong(true, '', 'host.test')], /does not know the shared key/],
  ['says no', [helo('b0'), pong(false, 'username/password mismatch', '', '')], /refused the handshake: username\/password mismatch/],
  ['answers PING with something else', [helo('b0'), packr.pack({ ack: 'x' })], /did not answer PING with PONG/],
  ['begins with something else', [packr.pack(['HELLO', {}])], /did not begin the handshake with HELO/],
  ['sends no nonce', [packr.pack(['HELO', { keepalive: true }])], /no nonce/],
  ['closes before HELO', [], /closed the connection during the handshake/],
  ['closes upon PING, as Fluent Bit does with another key', [helo('b0')], /is the shared key the same on both sides/],
] as const;

for (const [name, messages, reason] of refusals) {
  test(`The handshake fails, and says why, with a host that ${name}.`, async () => {
    await assert.rejects(shake(...messages), (error: Error) => {
      assert.match(error.message, reason);
      assert.doesNotMatch(error.message, /o365/);
      return true;
    });
  });
}
