import { strict as assert } from 'node:assert';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { Packr } from 'msgpackr';
import { countLetters, createDeadLetters, listDeadLetters, openDeadLetter, removeDeadLetter, type DeadLetters, type DeadLettersOptions, type LetterAbout } from '../../../plugin/ledger/dead-letters.ts';
import type { LogLine } from '../../../plugin/telemetry/log.ts';
import { createFailingFiles } from '../../support/failing-files.ts';
import { codeOf } from '../../support/failures.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-letters-'));
after(() => rmSync(folder, { recursive: true }));
let directory = folder;
let lines: LogLine[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(folder, 'state-'));
  lines = [];
});

const about: LetterAbout = { tenant: 'Brackwater', contentType: 'DLP.All', contentId: 'blob1', reason: 'it closed the connection', output: 'forward://127.0.0.1:24224', format: 'raw' };
const packr = new Packr({ useRecords: false });

function open(changes: Partial<DeadLettersOptions> = {}): DeadLetters {
  return createDeadLetters({ directory, countLimit: 3, bytesLimit: 1 << 20, nowMs: () => Date.UTC(2026, 8, 1), log: (line) => lines.push(line), ...changes });
}

/** A Forward entry as the collector makes it: an array of an extension and a map. */
function entry(id: string, more = ''): Buffer {
  return Buffer.concat([Buffer.from([0x92, 0xd7, 0x00, 0, 0, 0, 1, 0, 0, 0, 0]), packr.pack({ o365audit: { Id: id, more }, event: { id } })]);
}

const all = (): ReturnType<typeof listDeadLetters> => listDeadLetters(directory, (file) => assert.fail(file));

describe('dead letters', () => {
  test('keep an event\'s very bytes and all that is known of it, for this user only', async () => {
    await open().put(about, entry('5b0e:dlp'));
    const [letter] = await all();
    assert.deepEqual({ ...letter }, { ...letter, ...about, eventId: '5b0e:dlp', firstSeen: '2026-09-01T00:00:00.000Z', recordBytes: entry('5b0e:dlp').length });
    const opened = await openDeadLetter(directory, letter?.id ?? '');
    assert.deepEqual(typeof opened === 'object' ? opened.record : opened, entry('5b0e:dlp'));
    if (process.platform === 'win32') return;
    assert.equal(statSync(join(directory, 'dead-letters')).mode & 0o777, 0o700);
    assert.deepEqual(readdirSync(join(directory, 'dead-letters')).map((name) => statSync(join(directory, 'dead-letters', name)).mode & 0o777), [0o600]);
  });

  test('keep an event once, however often it comes, and those of two tenants apart', async () => {
    const letters = open();
    await Promise.all([letters.put(about, entry('1')), letters.put(about, entry('1', 'with more')), letters.put({ ...about, tenant: 'Fabrikam' }, entry('1'))]);
    assert.deepEqual((await all()).map(({ tenant }) => tenant).sort(), ['Brackwater', 'Fabrikam']);
  });

  test('keep what is no record at all, by its bytes', async () => {
    const letters = open();
    await letters.put(about, Buffer.from([0xc1, 1]));
    await letters.put(about, Buffer.from([0xc1, 2]));
    assert.equal((await all()).length, 2);
  });

  test('take no more than their limits, say so once, and go on when others have made room', async () => {
    const letters = open();
    for (const id of ['1', '2', '3']) await letters.put(about, entry(id));
    assert.equal(await codeOf(letters.put(about, entry('4'))), 'DEAD_LETTERS_FULL');
    assert.equal(await codeOf(letters.put(about, entry('5'))), 'DEAD_LETTERS_FULL');
    await letters.put(about, entry('2'));
    assert.deepEqual(lines, ['letters.full']);
    await removeDeadLetter(directory, (await all())[0]?.id ?? '');
    await letters.put(about, entry('4'));
    assert.equal((await countLetters(directory)).count, 3);
    assert.equal(await codeOf(open({ countLimit: 100, bytesLimit: 1_000 }).put(about, entry('6', 'x'.repeat(1_000)))), 'DEAD_LETTERS_FULL');
  });

  test('leave nothing behind on a full disk but what was whole', async () => {
    const disk = createFailingFiles();
    const letters = open({ files: disk });
    disk.room = 10;
    assert.equal(await codeOf(letters.put(about, entry('1'))), 'LEDGER_DISK_FULL');
    assert.deepEqual(await all(), []);
    disk.room = Infinity;
    await letters.put(about, entry('1'));
    assert.deepEqual([(await all()).length, readdirSync(join(directory, 'dead-letters')).length], [1, 1]);
  });

  test('that are damaged are told apart, cut or flipped anywhere', async () => {
    await open().put(about, entry('1'));
    const [letter] = await all();
    const path = join(directory, 'dead-letters', `${letter?.id ?? ''}.letter`);
    const whole = readFileSync(path);
    for (const bytes of [whole.subarray(0, 0), whole.subarray(0, 30), whole.subarray(0, -1), Buffer.concat([whole, whole]), Buffer.from(whole.map((byte, at) => at === whole.length - 3 ? byte ^ 1 : byte)), Buffer.from(whole.map((byte, at) => at === 20 ? byte ^ 1 : byte))]) {
      writeFileSync(path, bytes);
      assert.equal(await openDeadLetter(directory, letter?.id ?? ''), 'damaged');
    }
    const damaged: string[] = [];
    assert.deepEqual([await listDeadLetters(directory, (file) => damaged.push(file)), damaged], [[], [path]]);
  });

  test('are none where there never were any', async () => {
    assert.deepEqual([await all(), await countLetters(directory), await openDeadLetter(directory, 'none')], [[], { count: 0, bytes: 0 }, undefined]);
    assert.deepEqual(readdirSync(directory), []);
  });
});
