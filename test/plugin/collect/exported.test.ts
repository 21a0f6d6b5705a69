import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { exportedEvents } from '../../../plugin/collect/exported.ts';
import { AuditError } from '../../../plugin/errors.ts';

const EVENT = { Id: 'b2e3', Operation: 'Sluice, "Gate"; x\ty', UserId: 'ada.quill@brackwater.example', Note: 'ü 🚢' };
const JSON_TEXT = JSON.stringify(EVENT);
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function* inPieces(bytes: Buffer, pieceBytes: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    await Promise.resolve();
    yield bytes.subarray(at, at + pieceBytes);
  }
}

/** What comes out of a text, whatever the pieces are in which it comes. */
async function exported(text: string | Buffer): Promise<string> {
  const bytes = Buffer.from(text);
  const whole = await textOf(exportedEvents(inPieces(bytes, Math.max(1, bytes.length)), 'export'));
  if (bytes.length < 10_000) for (const pieceBytes of [1, 2, 3, 7, 64]) assert.equal(await textOf(exportedEvents(inPieces(bytes, pieceBytes), 'export')), whole, `in pieces of ${pieceBytes}`);
  return whole;
}

describe('exported events', () => {
  for (const [what, text] of [
    ['NDJSON', `${JSON_TEXT}\n${JSON_TEXT}\n`],
    ['a JSON array', `[${JSON_TEXT},\n${JSON_TEXT}]`],
    ['an array that speaks of the column', '["AuditData",1]\n'],
    ['a text that is nothing of the kind', 'hello, there\n'],
    ['an empty file', ''],
    ['a file with a byte order mark', `\ufeff${JSON_TEXT}\n`],
    ['a first line beyond what a header may have', `{"Note":"${'x'.repeat(100_000)}"}\n${JSON_TEXT}\n`],
  ] as const) {
    test(`of ${what} are its text as it is`, async () => assert.equal(await exported(text), text));
  }

  test('of a CSV are its column AuditData, a line a row', async () => {
    const csv = `RecordId,CreationDate,RecordType,Operation,UserId,AuditData,AssociatedAdminUnits\nb2e3,2026-09-01,8,Sluice,ada,${quoted(JSON_TEXT)},\nb2e4,2026-09-01,8,Gate,bo,${quoted('{"Id":"b2e4"}')},\n`;
    assert.equal(await exported(csv), `${JSON_TEXT}\n{"Id":"b2e4"}\n`);
  });

  for (const [name, delimiter] of [['semicolons', ';'], ['tabs', '\t']] as const) {
    test(`of a CSV with ${name} are found as well`, async () => {
      assert.equal(await exported(['CreationDate', 'AuditData'].join(delimiter) + `\n2026-09-01${delimiter}${quoted(JSON_TEXT)}\n`), `${JSON_TEXT}\n`);
    });
  }

  test('of a CSV do not break at what separates other CSVs', async () => {
    assert.equal(await exported(`UserIds,AuditData\nada;bo\tcy,${quoted(JSON_TEXT)}\n`), `${JSON_TEXT}\n`);
  });

  test('of a CSV may have line breaks between their tokens, quoted column names and a byte order mark', async () => {
    assert.equal(await exported(`\ufeff"CreationDate", "AuditData" \r\n2026-09-01,${quoted('{"Id":\r\n"b2e3"}')}\r\n`), '{"Id": "b2e3"}\n');
  });

  test('of a row without event are the row as text, so that the mapping tells of it', async () => {
    const [line = ''] = (await exported(`CreationDate,AuditData\n2026-09-01,\n,${quoted(JSON_TEXT)}\n`)).split('\n');
    assert.deepEqual(JSON.parse(JSON.parse(line) as string), { CreationDate: '2026-09-01', AuditData: '' });
  });

  test('may be in UTF-16, as Windows PowerShell writes it', async () => {
    const utf16 = (text: string): Buffer => Buffer.from(`\ufeff${text}`, 'utf16le');
    assert.equal(await exported(utf16(`${JSON_TEXT}\n`)), `${JSON_TEXT}\n`);
    assert.equal(await exported(utf16(`CreationDate,AuditData\n2026-09-01,${quoted(JSON_TEXT)}\n`)), `${JSON_TEXT}\n`);
  });

  test('of a broken CSV end with the line, after those before it', async () => {
    const bytes = Buffer.from(`Operation,AuditData\nx,${quoted('{"Id":"1"}')}\ny,"{" oops\n`);
    const lines: string[] = [];
    await assert.rejects(async () => {
      for await (const line of exportedEvents(inPieces(bytes, 5), 'audit.csv')) lines.push(String(line));
    }, (error) => error instanceof AuditError && error.code === 'MAP_CSV' && error.message.startsWith('The CSV file audit.csv cannot be read from line 3 on: '));
    assert.deepEqual(lines, ['{"Id":"1"}\n']);
  });

  test('of a CSV end with what its file fails with', async () => {
    const failing = async function* (): AsyncGenerator<Buffer> {
      yield Buffer.from('Operation,AuditData\n');
      await Promise.resolve();
      throw new Error('EIO: i/o error, read');
    };
    await assert.rejects(textOf(exportedEvents(failing(), 'audit.csv')), /EIO/);
  });

  for (const text of [`Operation,AuditData\n${`x,${quoted(JSON_TEXT)}\n`.repeat(5)}`, `${JSON_TEXT}\n`.repeat(5)]) {
    test(`of a ${text.startsWith('{') ? 'text' : 'CSV'} let go of their file when nobody wants more`, async () => {
      const stream = new PassThrough();
      stream.write(text);
      for await (const line of exportedEvents(stream, 'audit.csv')) {
        assert.ok(line.length > 0);
        break;
      }
      if (!stream.destroyed) await once(stream, 'close', { signal: AbortSignal.timeout(5_000) });
      assert.equal(stream.destroyed, true);
    });
  }
});
