import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Packr } from 'msgpackr';
import { encodeFrame, MESSAGE_LIMIT_BYTES, type Message, readAnswer, readMessages, splitMessages } from '../../../../plugin/output/forward/message.ts';
import { encodeEntry } from '../../../support/entries.ts';

const packr = new Packr({ useRecords: false, variableMapSize: true });
const hex = (parts: readonly Uint8Array[]): string => Buffer.concat(parts).toString('hex');

async function* reads(...parts: Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Promise.resolve(part);
}

async function readAll(...parts: Uint8Array[]): Promise<Message[]> {
  const messages: Message[] = [];
  for await (const message of readMessages(reads(...parts))) messages.push(message);
  return messages;
}

test('A frame is, to the byte, an array of tag, binary entries and an option map with chunk and size.', () => {
  const bytes = encodeEntry({ id: 'a' }, 0x65_00_00_01, 0x02);
  const parts = encodeFrame('o365.audit', { bytes, eventCount: 1 }, 'AAECAwQFBgcICQoLDA0ODw==');
  assert.equal(hex(parts), [
    '93', // array of 3
    'aa' + Buffer.from('o365.audit').toString('hex'), // text of 10
    'c6' + '00000011', // binary of 17
    '92' + 'd700' + '65000001' + '00000002' + '81' + 'a26964' + 'a161', // [EventTime, {"id": "a"}]
    '82', // map of 2
    'a5' + Buffer.from('chunk').toString('hex'), // text of 5
    'b8' + Buffer.from('AAECAwQFBgcICQoLDA0ODw==').toString('hex'), // text of 24
    'a4' + Buffer.from('size').toString('hex') + '01',
  ].join(''));
});

test('The batch in a frame is the batch itself, not a copy.', () => {
  const bytes = encodeEntry({ id: 'a' });
  assert.equal(encodeFrame('t', { bytes, eventCount: 1 }, 'c')[1], bytes);
});

test('Sizes are right at every width of a size, and of a long tag.', () => {
  for (const eventCount of [1, 127, 128, 255, 256, 65_535, 65_536]) {
    for (const length of [1, 255, 256, 65_535, 65_536, 1_000_000]) {
      const tag = 't'.repeat(length % 100 + 1);
      const bytes = new Uint8Array(length).fill(1);
      const [decodedTag, entries, options] = packr.unpack(Buffer.concat(encodeFrame(tag, { bytes, eventCount }, 'c'))) as [string, Buffer, unknown];
      assert.equal(decodedTag, tag);
      assert.equal(entries.length, length);
      assert.deepEqual(options, { chunk: 'c', size: eventCount });
    }
  }
});

test('Acknowledgements are read whole wherever the reads were cut.', async () => {
  const stream = Buffer.concat(['first', 'second', 'third'].map((ack) => packr.pack({ ack })));
  for (let cut = 0; cut <= stream.length; cut += 1) {
    for (let second = cut; second <= stream.length; second += 1) {
      const messages = await readAll(stream.subarray(0, cut), stream.subarray(cut, second), stream.subarray(second));
      assert.deepEqual(messages.map(({ value }) => value), [{ ack: 'first' }, { ack: 'second' }, { ack: 'third' }], `cut at ${cut} and ${second}`);
    }
  }
});

test('A message comes with its very bytes.', () => {
  const ack = packr.pack({ ack: 'first' });
  const helo = Buffer.from('92a448454c4f80', 'hex');
  assert.deepEqual(splitMessages(Buffer.concat([ack, helo])).map(({ bytes }) => Buffer.from(bytes).toString('hex')), [ack.toString('hex'), helo.toString('hex')]);
});

test('What is left unfinished when the host closes is dropped.', async () => {
  assert.deepEqual(await readAll(packr.pack({ ack: 'first' }).subarray(0, 5)), []);
});

test('Bytes that are not msgpack are an error.', async () => {
  await assert.rejects(readAll(Buffer.from([0xd4, 0x63, 0x00])), /not msgpack/);
});

test('A message that never ends is an error when it has passed the limit.', async () => {
  const endless = Buffer.alloc(MESSAGE_LIMIT_BYTES);
  endless.set([0xdb, 0x7f, 0xff, 0xff, 0xff]);
  assert.deepEqual(await readAll(endless), []);
  await assert.rejects(readAll(endless, Buffer.alloc(1)), /no whole message/);
});

test('Only a map with the text "ack" acknowledges.', () => {
  assert.deepEqual(readAnswer({ ack: 'c' }), { kind: 'acknowledged', chunk: 'c' });
  assert.deepEqual(readAnswer({ ack: 'c', more: 1 }), { kind: 'acknowledged', chunk: 'c' });
  for (const value of [{}, { ack: 1 }, { ack: null }, { nack: 'c' }, [], ['ack', 'c'], 'c', 1, null, true]) {
    assert.equal(readAnswer(value).kind, 'refused', JSON.stringify(value));
  }
});

test('A host that wants the handshake and a Vector that acknowledges in JSON are recognised by their first message.', async () => {
  assert.deepEqual(readAnswer(['HELO', { nonce: 'n' }]), { kind: 'handshake' });
  const [first] = await readAll(Buffer.from('{"ack":"c"}'));
  assert.deepEqual(readAnswer(first?.value), { kind: 'json' });
});
