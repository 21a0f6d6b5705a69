import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { INDEX_WORDS, type Batch } from '../../../plugin/types.ts';
import { ENVELOPE, entriesOf, linesOf, splitBatches, testModule } from '../../support/splitting.ts';

const module = await testModule();
const idKey = new Uint32Array(new Uint8Array(Array.from({ length: 16 }, (_, index) => index)).buffer);
const MASK = (1n << 64n) - 1n;
const turned = (word: bigint, by: bigint): bigint => ((word << by) | (word >> (64n - by))) & MASK;

/** SipHash-2-4 with 128 bits of output, by its definition, under the key 00 01 … 0f. */
function sipHash(text: string): Buffer {
  const bytes = Buffer.from(text);
  const [key0, key1] = [0x0706050403020100n, 0x0f0e0d0c0b0a0908n];
  let [v0, v1, v2, v3] = [key0 ^ 0x736f6d6570736575n, key1 ^ 0x646f72616e646f6dn ^ 0xeen, key0 ^ 0x6c7967656e657261n, key1 ^ 0x7465646279746573n];
  const rounds = (count: number): void => {
    for (; count > 0; count -= 1) {
      v0 = (v0 + v1) & MASK; v1 = turned(v1, 13n) ^ v0; v0 = turned(v0, 32n);
      v2 = (v2 + v3) & MASK; v3 = turned(v3, 16n) ^ v2;
      v0 = (v0 + v3) & MASK; v3 = turned(v3, 21n) ^ v0;
      v2 = (v2 + v1) & MASK; v1 = turned(v1, 17n) ^ v2; v2 = turned(v2, 32n);
    }
  };
  const padded = Buffer.alloc(Math.floor(bytes.length / 8) * 8 + 8);
  bytes.copy(padded);
  padded[padded.length - 1] = bytes.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    const word = padded.readBigUInt64LE(at);
    v3 ^= word;
    rounds(2);
    v0 ^= word;
  }
  v2 ^= 0xeen;
  rounds(4);
  const hash = Buffer.alloc(16);
  hash.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3);
  v1 ^= 0xddn;
  rounds(4);
  hash.writeBigUInt64LE(v0 ^ v1 ^ v2 ^ v3, 8);
  return hash;
}

/** The hash of event `number` of a batch, as bytes. */
function hashOf({ index = new Uint32Array() }: Batch, number: number): string {
  return Buffer.from(index.slice(number * INDEX_WORDS + 1, (number + 1) * INDEX_WORDS).buffer).toString('hex');
}

const events = ['{"Id":"a"}', '{"Id":"12345678-1234-4abc-8def-1234567890ab","CreationTime":"2026-09-01T08:15:30"}', '{"Id":"\\u0041\\"\\\\é"}', '{"Operation":"without"}', '{"Id":12345678901234567890}'];

describe('the index of a batch', () => {
  test('is made by the hash that the test makes, whose known vectors these are', () => {
    assert.equal(sipHash('').toString('hex'), 'a3817f04ba25a8e66df67214c7550293');
    assert.equal(sipHash('\0').toString('hex'), 'da87c1d86b99af44347659119b22fc45');
  });

  for (const [format, encoding] of [['raw', 'msgpack'], ['raw', 'ndjson'], ['prepared', 'msgpack'], ['ecs', 'msgpack'], ['ecs', 'ndjson']] as const) {
    test(`says of ${format} records in ${encoding} where each ends and what its event.id hashes to`, () => {
      const batches = splitBatches(module, [`[${events.join(',')}]`], { format, encoding, idKey, batchBytes: 1200 });
      assert.ok(batches.length > 1);
      let seen = 0;
      for (const batch of batches) {
        const { bytes, index = new Uint32Array(), eventCount } = batch;
        assert.equal(index.length, eventCount * INDEX_WORDS);
        let start = 0;
        for (let number = 0; number < eventCount; number += 1, seen += 1) {
          const end = index[number * INDEX_WORDS] ?? 0;
          const part = Buffer.from(bytes.subarray(start, end));
          const record = (encoding === 'msgpack' ? entriesOf(part).map((entry) => entry.record) : linesOf(part).map((line) => JSON.parse(line) as Record<string, unknown>))[0];
          const { id } = record?.event as { id: string };
          assert.equal(hashOf(batch, number), sipHash(JSON.stringify(id).slice(1, -1)).toString('hex', 0, 12), id);
          start = end;
        }
        assert.equal(start, bytes.byteLength);
      }
      assert.equal(seen, events.length);
    });
  }

  test('tells the detections of DLP.All apart from the workload\'s own event', () => {
    const one = (contentType: 'DLP.All' | 'Audit.Exchange'): string | undefined => splitBatches(module, ['[{"Id":"a"}]'], { encoding: 'msgpack', idKey, envelope: { ...ENVELOPE, contentType } }).map((batch) => hashOf(batch, 0))[0];
    assert.equal(one('Audit.Exchange'), sipHash('a').toString('hex', 0, 12));
    assert.equal(one('DLP.All'), sipHash('a:dlp').toString('hex', 0, 12));
  });

  test('holds as many events as a batch has, however small they are', () => {
    const count = 40_000;
    const batches = splitBatches(module, [`[${Array.from({ length: count }, (_, number) => number).join(',')}]`], { encoding: 'msgpack', idKey, batchBytes: 1 << 26 });
    assert.equal(batches.reduce((sum, { eventCount }) => sum + eventCount, 0), count);
    for (const { index, eventCount, bytes } of batches) assert.deepEqual([index?.length, index?.at(-INDEX_WORDS)], [eventCount * INDEX_WORDS, bytes.byteLength]);
  });

  test('is only there when it is asked for', () => {
    assert.deepEqual(splitBatches(module, ['[{"Id":"a"}]']).map(({ index }) => index), [undefined]);
  });
});
