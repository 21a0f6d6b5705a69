import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { openFilePositions, type FilePosition } from '../../../plugin/ledger/file-positions.ts';
import { silentLog, type LogLine } from '../../../plugin/telemetry/log.ts';
import { createFailingFiles } from '../../support/failing-files.ts';
import { isFailure } from '../../support/failures.ts';

const root = mkdtempSync(join(tmpdir(), 'o365audit-positions-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;

function newFolder(): string {
  const folder = join(root, String(folders += 1));
  mkdirSync(folder);
  return folder;
}

const position = (bytes: number): FilePosition => ({ bytes, head: 'c0ffee', headBytes: Math.min(bytes, 1024) });

describe('positions in files', () => {
  test('are known to the next run once they are saved', async () => {
    const folder = newFolder();
    const positions = await openFilePositions(folder, silentLog);
    assert.equal(positions.get('8:1'), undefined);
    positions.set('8:1', position(10));
    positions.set('8:18446744073709551615', position(5));
    positions.set('8:1', position(20));
    assert.deepEqual(positions.get('8:1'), position(20));
    assert.equal((await openFilePositions(folder, silentLog)).get('8:1'), undefined, 'not saved yet');
    await positions.save();
    const next = await openFilePositions(folder, silentLog);
    assert.deepEqual([next.get('8:1'), next.get('8:18446744073709551615'), next.get('8:2')], [position(20), position(5), undefined]);
  });

  test('cost a write only when something has changed, however many save them', async () => {
    const files = createFailingFiles();
    const positions = await openFilePositions(newFolder(), silentLog, files);
    await positions.save();
    assert.equal(files.syncs, 0);
    positions.set('8:1', position(10));
    await Promise.all([positions.save(), positions.save(), positions.save()]);
    assert.equal(files.syncs, 1);
    positions.set('8:1', position(11));
    const saving = positions.save();
    positions.set('8:1', position(12));
    await Promise.all([saving, positions.save()]);
    assert.ok(files.syncs <= 3);
  });

  for (const [what, code, spoil] of [
    ['the disk is full', 'LEDGER_DISK_FULL', (files: ReturnType<typeof createFailingFiles>) => { files.room = 0; }],
    ['the disk fails', 'LEDGER_WRITE', (files: ReturnType<typeof createFailingFiles>) => { files.syncCode = 'EIO'; }],
  ] as const) {
    test(`are not saved while ${what}, and are known all the same; they are saved when that has passed`, async () => {
      const folder = newFolder();
      const files = createFailingFiles();
      const positions = await openFilePositions(folder, silentLog, files);
      positions.set('8:1', position(10));
      spoil(files);
      await assert.rejects(positions.save(), isFailure(code));
      await assert.rejects(positions.save(), isFailure(code));
      assert.deepEqual(positions.get('8:1'), position(10));
      files.room = Infinity;
      files.syncCode = undefined;
      await positions.save();
      assert.deepEqual((await openFilePositions(folder, silentLog)).get('8:1'), position(10));
    });
  }

  test('are those of the files that were read last, when there are very many', async () => {
    const positions = await openFilePositions(newFolder(), silentLog);
    for (let inode = 0; inode < 20_000; inode += 1) positions.set(`8:${inode}`, position(1));
    positions.set('8:0', position(2));
    positions.set('8:20000', position(1));
    assert.deepEqual([positions.get('8:0'), positions.get('8:1'), positions.get('8:2')], [position(2), undefined, position(1)]);
  });

  for (const [what, text] of [['no JSON', '{"version":1,"files":{'], ['something else', '{"version":1}'], ['nothing', '']] as const) {
    test(`are lost when their file holds ${what}, which is said`, async () => {
      const folder = newFolder();
      writeFileSync(join(folder, 'files.json'), text);
      const said: LogLine[] = [];
      const positions = await openFilePositions(folder, (line) => said.push(line));
      assert.deepEqual(said, ['ledger.positions_lost']);
      positions.set('8:1', position(1));
      await positions.save();
      assert.deepEqual(JSON.parse(readFileSync(join(folder, 'files.json'), 'utf8')), { version: 1, files: { '8:1': position(1) } });
    });
  }

  test('that make no sense are passed over, and the others are kept', async () => {
    const folder = newFolder();
    const files = { '8:1': position(1), '8:2': null, '8:3': { bytes: '7' }, '8:4': { ...position(1), bytes: -1 }, '8:5': { ...position(1), bytes: 1.5 }, '8:6': { bytes: 1, headBytes: 1 } };
    writeFileSync(join(folder, 'files.json'), JSON.stringify({ version: 1, files }));
    const positions = await openFilePositions(folder, silentLog);
    assert.deepEqual(Object.keys(files).map((key) => positions.get(key)?.bytes), [1, undefined, undefined, undefined, undefined, undefined]);
  });

  test('in a place that cannot be read are refused as the state directory', async () => {
    const folder = newFolder();
    mkdirSync(join(folder, 'files.json'));
    await assert.rejects(openFilePositions(folder, silentLog), isFailure('LEDGER_DIRECTORY'));
  });
});
