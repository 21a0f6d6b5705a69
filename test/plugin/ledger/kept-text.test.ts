import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { keepLongText, keepText, readKeptObject, readKeptText } from '../../../plugin/ledger/kept-text.ts';
import { createFailingFiles } from '../../support/failing-files.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-kept-'));
after(() => rmSync(folder, { recursive: true }));

describe('a kept text', () => {
  test('is what was kept last, for the operator only, and leaves nothing else behind', async () => {
    const path = join(folder, 'a.json');
    for (const text of ['first', 'second, which is longer', '3']) {
      await keepText(path, text);
      assert.equal(await readKeptText(path), text);
    }
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(readdirSync(folder), ['a.json']);
  });

  test('that is long comes in pieces of any length, and characters are not cut where one is written', async () => {
    const path = join(folder, 'long.json');
    for (const pieces of [[], [''], ['a', '', '€'.repeat(21_845), '€'], ['x'.repeat(65_535), '€'], ['x'.repeat(65_534), '😀'.repeat(100_000)], Array.from({ length: 9_000 }, (_, at) => `tenant ${at} ü`)]) {
      await keepLongText(path, pieces);
      assert.equal(await readKeptText(path), pieces.join(''));
    }
  });

  test('is nothing where there is none', async () => assert.equal(await readKeptText(join(folder, 'none.json')), undefined));

  test('that is there and cannot be read is an error, not nothing', async () => {
    mkdirSync(join(folder, 'b.json'));
    await assert.rejects(readKeptText(join(folder, 'b.json')), /EISDIR/);
  });

  test('stays the old one, whole, when the disk is full or fails', async () => {
    const path = join(folder, 'c.json');
    const files = createFailingFiles();
    await keepText(path, 'old', files);
    files.room = 2;
    await assert.rejects(keepText(path, 'a new one', files), /ENOSPC/);
    assert.equal(readFileSync(path, 'utf8'), 'old');
    files.room = Infinity;
    files.syncCode = 'EIO';
    await assert.rejects(keepText(path, 'a new one', files), /EIO/);
    assert.equal(readFileSync(path, 'utf8'), 'old');
    files.syncCode = undefined;
    await keepText(path, 'a new one', files);
    assert.equal(readFileSync(path, 'utf8'), 'a new one');
  });

  test('is not promised before it and its folder are on the disk', async () => {
    const files = createFailingFiles();
    await keepText(join(folder, 'd.json'), 'x', files);
    assert.equal(files.syncs, 1);
    files.folderCode = 'EIO';
    await assert.rejects(keepText(join(folder, 'd.json'), 'y', files), /EIO/);
  });

  for (const [text, expected] of [
    ['{"a":1}', { object: { a: 1 } }],
    ['[1]', { reason: 'it is no JSON object' }],
    ['null', { reason: 'it is no JSON object' }],
    ['7', { reason: 'it is no JSON object' }],
  ] as const) {
    test(`${text} ${'object' in expected ? 'holds an object' : 'holds none'}`, () => assert.deepEqual(readKeptObject(text), expected));
  }

  for (const text of ['', '{"a":', '\u0000\u0000\u0000']) {
    test(`${JSON.stringify(text)} holds no object, and it is said why`, () => {
      const kept = readKeptObject(text);
      assert.ok('reason' in kept && kept.reason !== '');
    });
  }
});
