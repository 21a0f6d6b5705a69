import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { readDocuments, type Mapper, type Reading } from '../../../plugin/report/documents.ts';

/** Makes a document of every line it is given, which it calls an event. */
function createMapper(): Mapper {
  let text = '';
  return {
    push: (chunk) => {
      text += Buffer.from(chunk).toString();
      return [];
    },
    end: () => text.split('\n').filter((line) => line !== '').map((line) => ({ bytes: Buffer.from(`{"mapped":${line}}\n`) })),
  };
}

/** What is read when the text comes in pieces of this size. */
async function read(text: string, pieceBytes = 1 << 20): Promise<{ readonly readings: Reading[]; readonly isMapped: boolean }> {
  const bytes = Buffer.from(text);
  let isMapped = false;
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += pieceBytes) yield await Promise.resolve(bytes.subarray(at, at + pieceBytes));
  }
  const readings: Reading[] = [];
  for await (const reading of readDocuments(pieces(), () => {
    isMapped = true;
    return createMapper();
  })) readings.push(reading);
  return { readings, isMapped };
}

const document = (id: string): string => `{"@timestamp":"2026-09-01T08:00:00Z","event":{"id":"${id}"},"o365":{"audit":{"UserId":"zoë"}}}`;

describe('documents of a stream', () => {
  for (const pieceBytes of [1, 7, 1 << 20]) {
    test(`are read line by line, in pieces of ${pieceBytes} bytes, whatever the lines end with`, async () => {
      const { readings, isMapped } = await read(`\ufeff\n${document('a')}\r\n\n${document('b')}`, pieceBytes);
      assert.equal(isMapped, false);
      assert.deepEqual(readings, [document('a'), document('b')].map((text) => ({ document: JSON.parse(text) as unknown })));
    });
  }

  test('leave out lines that are none, and say so of each', async () => {
    const { readings } = await read(`${document('a')}\n{"cut":\n7\n[]\n${document('b')}\n`);
    assert.deepEqual(readings.map((reading) => 'document' in reading), [true, false, false, false, true]);
  });

  for (const [what, text] of [['an event', '{"Id":"a","Operation":"x"}'], ['an event whose own member is called event', '{"Id":"a","event":"x"}'], ['a line that is no JSON', '"text"']] as const) {
    test(`are made by the mapping when the first line is ${what}`, async () => {
      const { readings, isMapped } = await read(`${text}\n${text}\n`, 5);
      assert.equal(isMapped, true);
      assert.deepEqual(readings, [1, 2].map(() => ({ document: { mapped: JSON.parse(text) as unknown } })));
    });
  }

  test('are read in time that grows with their size, also one that is all in one line', { timeout: 20_000 }, async () => {
    const large = document('x'.repeat(48 << 20));
    const { readings } = await read(`${document('a')}\n${large}\n${document('b')}`, 8 << 10);
    assert.deepEqual(readings.map((reading) => 'document' in reading && (reading.document as { readonly event: { readonly id: string } }).event.id.length), [1, 48 << 20, 1]);
  });

  test('of nothing are none', async () => assert.deepEqual((await read('')).readings, []));
});
