import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { realFiles } from '../../../plugin/ledger/files.ts';
import { decodeLine, encodeLine, LINE_BYTES_MAX } from '../../../plugin/ledger/line.ts';
import { openTenantLedger, type TenantLedgerOptions } from '../../../plugin/ledger/tenant-ledger.ts';
import { silentLog, type LogLine, type LogValues } from '../../../plugin/telemetry/log.ts';
import type { ContentBlob } from '../../../plugin/types.ts';
import { FIRST_BLOB_MS, testBlob } from '../../support/blobs.ts';
import { createFailingFiles } from '../../support/failing-files.ts';
import { codeOf } from '../../support/failures.ts';
import { createManualClock, settled, until } from '../../support/manual-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-ledger-'));
after(() => rmSync(folder, { recursive: true }));
const clock = createManualClock(FIRST_BLOB_MS);
let journals = 0;

function newPath(): string {
  journals += 1;
  return join(folder, `${journals}.journal`);
}

type Opened = Awaited<ReturnType<typeof openTenantLedger>>;

async function open(path: string, options: Partial<TenantLedgerOptions> = {}): Promise<Opened> {
  return openTenantLedger({ tenantId: 'contoso.com', path, files: realFiles, clock, serviceNowMs: () => (options.clock ?? clock).nowMs(), log: silentLog, ...options });
}

function numbers(count: number, from = 0): ContentBlob[] {
  return Array.from({ length: count }, (_, number) => testBlob(from + number));
}

function ids(blobs: readonly ContentBlob[]): string[] {
  return blobs.map(({ contentId }) => contentId);
}

/** Which of the blobs 0 to `count` a ledger does not know. */
function unknown(ledger: Opened, count: number): number[] {
  return numbers(count).flatMap((blob, number) => ledger.owe([blob]).length === 1 ? [number] : []);
}

describe('a ledger', () => {
  test('returns only blobs that are new, however often they are listed', async () => {
    const ledger = await open(newPath());
    assert.deepEqual(ids(ledger.owe(numbers(3))), ids(numbers(3)));
    assert.deepEqual(ids(ledger.owe([...numbers(5), ...numbers(5)])), ids(numbers(2, 3)));
    await ledger.commit(testBlob(1));
    assert.deepEqual(ledger.owe(numbers(5)), []);
    assert.deepEqual(ids(ledger.owe([testBlob(1, { contentType: 'Audit.Exchange' })])), [testBlob(1).contentId], 'another type is another blob');
    assert.deepEqual([ledger.counts.owed, ledger.counts.committed, ledger.counts.lost], [5, 1, 0]);
    await ledger.close();
  });

  test('owes blobs once more that an operator has ordered, whatever became of them, and across a restart', async () => {
    const path = newPath();
    const first = await open(path);
    first.owe(numbers(3));
    await first.commit(testBlob(0));
    await first.lose(testBlob(1), 'it expired');
    const ordered = await first.oweAgain(numbers(4));
    assert.deepEqual(ids(ordered), [0, 1, 3].map((number) => testBlob(number).contentId), 'what is owed is left alone');
    assert.deepEqual(ordered.map(({ isOrdered }) => isOrdered), [true, true, true]);
    assert.deepEqual(first.owe(numbers(4)), []);
    assert.deepEqual(first.losses(), [], 'what is owed again is not lost');
    await first.close();
    const second = await open(path);
    assert.deepEqual(second.losses(), []);
    assert.deepEqual(second.owed().map(({ isOrdered }) => isOrdered), [true, true, undefined, true]);
    for (const number of [0, 1, 2, 3]) await second.commit(testBlob(number));
    assert.deepEqual([second.owed(), second.owe(numbers(4))], [[], []]);
    await second.close();
    const third = await open(path);
    assert.deepEqual([third.owed(), third.owe(numbers(4))], [[], []]);
    await third.close();
  });

  test('tells blobs that have failed from those that wait their turn, across restarts and when it is written anew, until they are done', async () => {
    const path = newPath();
    const parked = (ledger: Opened): string[] => ids(ledger.owed().filter((blob) => ledger.isParked(blob)));
    const first = await open(path);
    first.owe(numbers(5));
    for (const number of [0, 1, 2, 2, 9]) first.park(testBlob(number), `refused ${'again '.repeat(1_000)}`);
    assert.deepEqual(parked(first), ids(numbers(3)));
    await first.commit(testBlob(0));
    first.park(testBlob(0), 'too late');
    await first.close();
    const facts = readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => decodeLine(Buffer.from(line)));
    assert.equal(facts.filter((fact) => fact?.fact === 'parked').length, 3, 'each is noted once');
    assert.ok(facts.every((fact) => typeof fact?.reason !== 'string' || fact.reason.length <= 500));
    assert.equal(facts[0]?.version, 1, 'an older program passes over what it does not know');

    const second = await open(path, { snapshotBytesMin: 1 });
    assert.deepEqual(parked(second), ids(numbers(2, 1)));
    await second.lose(testBlob(1), 'it expired');
    second.owe(numbers(1, 7));
    await second.close();
    const third = await open(path);
    assert.deepEqual([parked(third), third.counts.owed], [ids(numbers(1, 2)), 4]);
    await third.oweAgain([testBlob(0)]);
    assert.equal(third.isParked(testBlob(0)), false, 'what an operator orders again has not failed yet');
    await third.close();
  });

  test('finds everything again after it was closed, what is owed oldest first', async () => {
    const path = newPath();
    const first = await open(path);
    first.owe(numbers(6).reverse());
    await first.commit(testBlob(2));
    await first.lose(testBlob(4), 'it has expired');
    first.listed('Audit.General', 123_456);
    first.loseWindow('DLP.All', { startMs: 1_000, endMs: 2_000 }, 'out of reach');
    first.loseWindow('Audit.General', { startMs: 1_000, endMs: 3_000 }, 'out of reach');
    first.loseWindow('DLP.All', { startMs: 2_000, endMs: 4_000 }, 'out of reach');
    first.loseWindow('DLP.All', { startMs: 5_000, endMs: 6_000 }, 'out of reach');
    first.relisted('DLP.All', 1_000, 5_000);
    first.relisted('DLP.All', 1_000, 6_000);
    first.started('DLP.All', 1_000);
    first.started('DLP.All', 2_000);
    first.off('DLP.All', 6_001);
    first.off('Audit.General', 3_000);
    first.loseWindow('Audit.General', { startMs: 2_900, endMs: 3_000 }, 'off');
    await first.close();
    for (const snapshotBytesMin of [undefined, 1]) {
      const again = await open(path, snapshotBytesMin === undefined ? {} : { snapshotBytesMin });
      assert.deepEqual(again.owed(), [0, 1, 3, 5].map((number) => testBlob(number)));
      assert.deepEqual([again.listedUntilMs('Audit.General'), again.listedUntilMs('DLP.All')], [123_456, undefined]);
      assert.deepEqual([again.startedAtMs('DLP.All'), again.startedAtMs('Audit.General')], [2_000, undefined]);
      assert.deepEqual([again.counts.owed, again.counts.committed, again.counts.lost], [4, 1, 1]);
      assert.deepEqual(again.losses(), [{ contentType: 'Audit.General', contentId: testBlob(4).contentId, contentExpiration: testBlob(4).contentExpiration, reason: 'it has expired', atMs: FIRST_BLOB_MS }]);
      assert.deepEqual(again.lostWindows().map(({ contentType, startMs, endMs, reason, atMs }) => [contentType, startMs, endMs, reason, atMs]), [
        ['Audit.General', 1_000, 3_000, 'out of reach', FIRST_BLOB_MS],
        ['DLP.All', 1_000, 4_000, 'out of reach', FIRST_BLOB_MS],
        ['DLP.All', 5_000, 6_000, 'out of reach', FIRST_BLOB_MS],
        ['Audit.General', 2_900, 3_000, 'off', FIRST_BLOB_MS],
      ], 'those that touch are one');
      assert.deepEqual([again.offUntilMs('DLP.All'), again.offUntilMs('Audit.General')], [6_001, undefined]);
      assert.deepEqual([again.relistedOf('DLP.All'), again.relistedOf('Audit.General')], [{ fromMs: 1_000, atMs: 6_000 }, undefined]);
      // The second time round this has been written as a snapshot.
      again.listed('Audit.General', 123_456);
      await again.close();
    }
  });

  test('counts a blob once, though it is committed twice, at once or later, or lost after that', async () => {
    const path = newPath();
    const ledger = await open(path);
    ledger.owe(numbers(2));
    await Promise.all([ledger.commit(testBlob(0)), ledger.commit(testBlob(0)), ledger.lose(testBlob(0), 'no')]);
    await ledger.commit(testBlob(0));
    await ledger.lose(testBlob(0), 'no');
    assert.deepEqual([ledger.counts.owed, ledger.counts.committed, ledger.counts.lost], [1, 1, 0]);
    await ledger.close();
    const again = await open(path);
    assert.deepEqual([again.counts.owed, again.counts.committed, again.counts.lost], [1, 1, 0]);
    await again.close();
  });

  test('takes commits of blobs that it never heard of', async () => {
    const ledger = await open(newPath());
    await ledger.commit(testBlob(7));
    assert.deepEqual(ledger.owe([testBlob(7)]), []);
    await ledger.close();
  });

  test('has files that nobody else may read', async () => {
    const path = newPath();
    const ledger = await open(path, { snapshotBytesMin: 1 });
    ledger.owe(numbers(1));
    await ledger.commit(testBlob(0));
    assert.equal(statSync(path).mode & 0o777, 0o600);
    await ledger.close();
  });

  test('makes many commits durable with few syncs, each before it resolves', async () => {
    const files = createFailingFiles();
    const path = newPath();
    const ledger = await open(path, { files });
    const before = files.syncs;
    const blobs = numbers(500);
    ledger.owe(blobs);
    await Promise.all(blobs.map(async (blob) => {
      await ledger.commit(blob);
      assert.ok(readFileSync(path, 'utf8').includes(`"committed","type":"Audit.General","id":"${blob.contentId}"`));
    }));
    assert.ok(files.syncs - before <= 3, `${files.syncs - before} syncs`);
    await ledger.close();
  });

  test('takes no commits after it was closed', async () => {
    const ledger = await open(newPath());
    await ledger.close();
    assert.equal(await codeOf(ledger.commit(testBlob(0))), 'LEDGER_CLOSED');
  });
});

describe('a journal', () => {
  test('does not grow without bound: what is done is packed, what has expired is forgotten', async () => {
    const path = newPath();
    let largest = 0;
    const month = createManualClock(FIRST_BLOB_MS);
    const busy = await open(path, { snapshotBytesMin: 50_000, clock: month });
    // Thirty days, of which the last eight are remembered.
    for (let day = 0; day < 30; day += 1) {
      const blobs = numbers(400, day * 86_400);
      busy.owe(blobs);
      await Promise.all(blobs.map((blob) => busy.commit(blob)));
      largest = Math.max(largest, statSync(path).size);
      await month.advance(86_400_000);
    }
    assert.equal(busy.counts.committed, 12_000);
    // All facts together would be more than seven.
    assert.ok(largest < 1_000_000, `${largest} bytes`);
    assert.ok(busy.counts.remembered < 4_400, `${busy.counts.remembered} remembered`);
    await busy.close();
    const again = await open(path, { clock: month });
    assert.equal(again.counts.committed, 12_000);
    assert.deepEqual(again.owe(numbers(400, 29 * 86_400)), []);
    await again.close();
  });

  test('that is being written anew when the process ends leaves the old one, and its rest is overwritten', async () => {
    const path = newPath();
    const ledger = await open(path);
    ledger.owe(numbers(3));
    await ledger.close();
    writeFileSync(`${path}.new`, 'half a snapsh');
    const again = await open(path, { snapshotBytesMin: 1 });
    assert.equal(again.counts.owed, 3);
    await again.commit(testBlob(0));
    await again.close();
    assert.equal(existsSync(`${path}.new`), false);
    const third = await open(path);
    assert.deepEqual([third.counts.owed, third.counts.committed], [2, 1]);
    await third.close();
  });

  test('cut off at any byte is the beginning of itself, and goes on from there', async () => {
    const path = newPath();
    const ledger = await open(path);
    ledger.owe(numbers(2));
    await ledger.commit(testBlob(0));
    ledger.listed('Audit.General', 5);
    ledger.owe([testBlob(2)]);
    await ledger.close();
    const whole = readFileSync(path);
    const lines: LogLine[] = [];
    const cutPath = newPath();
    const expectations = new Set<string>();
    for (let cut = 0; cut <= whole.length; cut += 1) {
      writeFileSync(cutPath, whole.subarray(0, cut));
      const opened = await open(cutPath, { log: (line) => lines.push(line) });
      // A line that lacks only its newline is complete.
      const facts = whole.subarray(0, cut + 1).toString().split('\n').slice(0, -1).map((line) => decodeLine(Buffer.from(line)));
      const owed = facts.filter((fact) => fact?.fact === 'owed').length;
      const committed = facts.filter((fact) => fact?.fact === 'committed').length;
      assert.deepEqual([opened.counts.owed, opened.counts.committed], [owed - committed, committed], `cut at ${cut}`);
      expectations.add(`${owed} ${committed}`);
      if (cut % 50 === 0) {
        await opened.commit(testBlob(9));
        await opened.close();
        const again = await open(cutPath, { log: (line) => lines.push(line) });
        assert.deepEqual([again.counts.owed, again.counts.committed], [owed - committed, committed + 1], `after a cut at ${cut}`);
        await again.close();
      } else await opened.close();
    }
    assert.deepEqual([...expectations], ['0 0', '1 0', '2 0', '2 1', '3 1']);
    assert.ok(!lines.includes('ledger.bad_line'), 'a cut last line is nothing to worry about');
    assert.ok(lines.includes('ledger.cut_line'));
  });

  test('with any byte changed loses at most one line, names it, and counts nothing as listed any more', async () => {
    const path = newPath();
    const ledger = await open(path);
    ledger.owe(numbers(3));
    await ledger.commit(testBlob(0));
    ledger.listed('Audit.General', 5);
    await ledger.commit(testBlob(1));
    await ledger.close();
    const whole = readFileSync(path);
    const flippedPath = newPath();
    for (let at = 0; at < whole.length; at += 3) {
      const flipped = Buffer.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << at % 8);
      writeFileSync(flippedPath, flipped);
      const said: [LogLine, LogValues | undefined][] = [];
      const opened = await open(flippedPath, { log: (line, values) => said.push([line, values]) });
      const lineNumber = whole.subarray(0, at).toString().split('\n').length;
      // Two lines are joined when a newline is hit; the last newline of all makes a cut line.
      const hitNewline = whole[at] === 0x0a;
      if (!hitNewline || at < whole.length - 1) {
        assert.deepEqual(said.filter(([line]) => line === 'ledger.bad_line').map(([, values]) => values?.line), [lineNumber], `byte ${at}`);
        assert.equal(opened.listedUntilMs('Audit.General'), undefined, `byte ${at}`);
        assert.deepEqual(readFileSync(`${flippedPath}.damaged`), flipped);
        assert.ok(unknown(opened, 3).length <= (hitNewline ? 2 : 1), `byte ${at}`);
      }
      await opened.close();
      const again = await open(flippedPath, { log: (line, values) => said.push([line, values]) });
      assert.equal(said.filter(([line]) => line === 'ledger.bad_line').length <= 1, true, 'the next time it is whole');
      assert.deepEqual(unknown(again, 3), []);
      await again.close();
    }
  });

  test('with garbage, zeros, endless lines and foreign facts in it keeps all the rest', async () => {
    const path = newPath();
    const ledger = await open(path);
    ledger.owe(numbers(2));
    await ledger.close();
    appendFileSync(path, `${'x'.repeat(LINE_BYTES_MAX * 3)}\n`);
    appendFileSync(path, Buffer.concat([Buffer.alloc(5_000), Buffer.from('\n\n\nnot a line\n')]));
    appendFileSync(path, encodeLine({ fact: 'something of tomorrow', id: 1 }) + encodeLine({ fact: 'owed', type: 'Audit.General' }) + encodeLine({ fact: 'committed', type: 'Audit.Elsewhere', id: 'x', expires: '' }) + encodeLine([1]));
    appendFileSync(path, encodeLine({ fact: 'listed', type: 'Audit.General', untilMs: 9 }));
    let bad = 0;
    const again = await open(path, {
      log: (line) => {
        if (line === 'ledger.bad_line') bad += 1;
      },
    });
    assert.equal(again.counts.owed, 2);
    assert.equal(again.listedUntilMs('Audit.General'), undefined);
    assert.equal(bad, 5);
    await again.close();
  });

  test('that is nothing but garbage begins anew, and names only so many lines', async () => {
    const path = newPath();
    writeFileSync(path, 'garbage\n'.repeat(10_000));
    const said: [LogLine, LogValues | undefined][] = [];
    const ledger = await open(path, { log: (line, values) => said.push([line, values]) });
    assert.equal(said.filter(([line]) => line === 'ledger.bad_line').length, 10);
    assert.equal(said.find(([line]) => line === 'ledger.mending')?.[1]?.badLines, 10_000);
    await ledger.commit(testBlob(0));
    await ledger.close();
  });

  test('of a newer version is put aside untouched, and collection begins anew', async () => {
    const path = newPath();
    const text = encodeLine({ fact: 'journal', version: 2, tenant: 'contoso.com' }) + encodeLine({ fact: 'owed', type: 'Audit.General', id: 'x', uri: '', created: '', expires: '' });
    writeFileSync(path, text);
    const said: [LogLine, LogValues | undefined][] = [];
    const ledger = await open(path, { log: (line, values) => said.push([line, values]) });
    const aside = said.find(([line]) => line === 'ledger.newer')?.[1]?.aside;
    assert.equal(readFileSync(String(aside), 'utf8'), text);
    assert.deepEqual([ledger.counts.owed, ledger.listedUntilMs('Audit.General')], [0, undefined]);
    await ledger.commit(testBlob(0));
    await ledger.close();
    const again = await open(path);
    assert.equal(again.counts.committed, 1);
    await again.close();
  });

  test('that cannot be read is refused as that', async () => {
    const path = newPath();
    mkdirSync(path);
    assert.equal(await codeOf(open(path)), 'LEDGER_DIRECTORY');
  });
});

describe('a full disk', () => {
  test('stops commits, keeps what is owed, and heals by itself, wherever in a line it was hit', async () => {
    for (let room = 0; room < 700; room += 23) {
      const files = createFailingFiles();
      const path = newPath();
      const lines: LogLine[] = [];
      const ledger = await open(path, { files, log: (line) => lines.push(line) });
      ledger.owe(numbers(2));
      await ledger.commit(testBlob(0));
      files.room = room;
      ledger.owe(numbers(10, 2));
      ledger.listed('Audit.General', 7);
      const refused = await Promise.all([codeOf(ledger.commit(testBlob(1))), codeOf(ledger.commit(testBlob(2))), codeOf(ledger.lose(testBlob(3), 'x'))]);
      assert.deepEqual(refused, ['LEDGER_DISK_FULL', 'LEDGER_DISK_FULL', 'LEDGER_DISK_FULL'], `room ${room}`);
      assert.deepEqual([ledger.counts.owed, ledger.counts.committed, ledger.counts.lost], [11, 1, 0]);
      // It stays full for a while; each further attempt fails alone, and is not made before its time.
      const still = codeOf(ledger.commit(testBlob(1)));
      await settled();
      assert.equal(clock.waiting(), 1);
      await clock.advance(1_000);
      assert.equal(await still, 'LEDGER_DISK_FULL');
      assert.equal(lines.filter((line) => line === 'ledger.write_failed').length, 1, 'said once');
      files.room = Infinity;
      const healed = Promise.all([ledger.commit(testBlob(1)), ledger.commit(testBlob(2)), ledger.lose(testBlob(3), 'x')]);
      await settled();
      await clock.advance(1_000);
      await healed;
      assert.ok(lines.includes('ledger.mended'));
      await ledger.close();
      const again = await open(path, { log: (line) => lines.push(line) });
      assert.deepEqual([again.counts.owed, again.counts.committed, again.counts.lost, again.listedUntilMs('Audit.General')], [8, 3, 1, 7]);
      assert.ok(!lines.includes('ledger.bad_line'));
      await again.close();
    }
  });

  test('left full until the end costs only what was not committed', async () => {
    for (const room of [0, 10, 100, 400]) {
      const files = createFailingFiles();
      const path = newPath();
      const ledger = await open(path, { files });
      ledger.owe(numbers(4));
      await ledger.commit(testBlob(0));
      files.room = room;
      assert.equal(await codeOf(ledger.commit(testBlob(1))), room === 400 ? 'nothing was thrown' : 'LEDGER_DISK_FULL');
      await ledger.close();
      const again = await open(path);
      assert.deepEqual([again.counts.owed, again.counts.committed], room === 400 ? [2, 2] : [3, 1]);
      await again.close();
    }
  });

  test('when a journal should be written anew leaves the old one in use', async () => {
    const files = createFailingFiles();
    const path = newPath();
    const lines: LogLine[] = [];
    const ledger = await open(path, { files, snapshotBytesMin: 2_000, log: (line) => lines.push(line) });
    ledger.owe(numbers(20));
    await ledger.commit(testBlob(0));
    files.room = 1_000;
    await ledger.commit(testBlob(1));
    assert.ok(lines.includes('ledger.snapshot_failed'));
    assert.deepEqual(readdirSync(folder).filter((name) => name.endsWith('.new')), []);
    await ledger.close();
    const again = await open(path);
    assert.deepEqual([again.counts.owed, again.counts.committed], [18, 2]);
    await again.close();
  });

  test('at the start is no reason not to start', async () => {
    const files = createFailingFiles();
    files.room = 0;
    const path = newPath();
    const ledger = await open(path, { files });
    ledger.owe(numbers(1));
    const refused = codeOf(ledger.commit(testBlob(0)));
    await until(() => clock.waiting() === 1, 'the rest after a failure');
    await clock.advance(1_000);
    assert.equal(await refused, 'LEDGER_DISK_FULL');
    files.room = Infinity;
    await ledger.close();
    const again = await open(path);
    assert.equal(again.counts.owed, 1);
    await again.close();
  });

  test('is told from other trouble, and a sync that failed is not believed when it succeeds the next time', async () => {
    const files = createFailingFiles();
    const path = newPath();
    const ledger = await open(path, { files });
    ledger.owe(numbers(2));
    files.syncCode = 'EIO';
    assert.equal(await codeOf(ledger.commit(testBlob(0))), 'LEDGER_WRITE');
    files.syncCode = undefined;
    const before = readFileSync(path, 'utf8');
    const healed = ledger.commit(testBlob(1));
    await settled();
    await clock.advance(1_000);
    await healed;
    // Everything was written again, into another file.
    assert.ok(!readFileSync(path, 'utf8').startsWith(before));
    await ledger.close();
  });

  test('that breaks just when a new journal has taken the old one\'s place loses nothing of either', async () => {
    const files = createFailingFiles();
    const path = newPath();
    const ledger = await open(path, { files, snapshotBytesMin: 2_000 });
    ledger.owe(numbers(20));
    await ledger.commit(testBlob(0));
    files.folderCode = 'EIO';
    assert.equal(await codeOf(ledger.commit(testBlob(1))), 'LEDGER_WRITE');
    files.folderCode = undefined;
    const healed = Promise.all([ledger.commit(testBlob(1)), ledger.commit(testBlob(2))]);
    await settled();
    await clock.advance(1_000);
    await healed;
    await ledger.close();
    const again = await open(path);
    assert.deepEqual([again.counts.owed, again.counts.committed], [17, 3]);
    await again.close();
  });

  test('that is a real one behaves the same', { skip: canMount() ? false : 'needs the right to mount a file system' }, async () => {
    const mount = join(folder, 'small');
    mkdirSync(mount);
    assert.equal(spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', mount]).status, 0);
    try {
      const path = join(mount, 'tenant.journal');
      const ledger = await open(path);
      ledger.owe(numbers(3));
      await ledger.commit(testBlob(0));
      const filler = join(mount, 'filler');
      try {
        for (;;) appendFileSync(filler, Buffer.alloc(512));
      } catch (error) {
        assert.equal((error as NodeJS.ErrnoException).code, 'ENOSPC');
      }
      let refused = 'nothing was thrown';
      let count = 1;
      // The last page of the journal may have room for some lines still.
      for (; refused === 'nothing was thrown' && count < 100; count += 1) refused = await codeOf(ledger.commit(testBlob(count)));
      assert.equal(refused, 'LEDGER_DISK_FULL');
      rmSync(filler);
      const healed = ledger.commit(testBlob(count));
      await settled();
      await clock.advance(1_000);
      await healed;
      await ledger.close();
      const again = await open(path);
      assert.equal(again.counts.committed, count);
      await again.close();
    } finally {
      spawnSync('umount', ['-l', mount]);
    }
  });
});

function canMount(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'o365audit-mount-'));
  const able = process.platform === 'linux' && spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', probe]).status === 0;
  if (able) spawnSync('umount', ['-l', probe]);
  rmSync(probe, { recursive: true });
  return able;
}

describe('a clock that is set', () => {
  const DAY_MS = 86_400_000;

  test('far back or far ahead forgets nothing that a listing can still contain, once it is right again', async () => {
    const rightMs = FIRST_BLOB_MS + 60_000;
    for (const [jumpMs, heardMs] of [[-400 * DAY_MS, undefined], [400 * DAY_MS, undefined], [-400 * DAY_MS, rightMs], [400 * DAY_MS, rightMs]] as const) {
      const path = newPath();
      const wrong = createManualClock(rightMs);
      const before = await open(path, { clock: wrong, serviceNowMs: () => heardMs, snapshotBytesMin: 1 });
      before.owe(numbers(6));
      await before.commit(testBlob(0));
      before.listed('Audit.General', FIRST_BLOB_MS + 5_000);
      wrong.jump(jumpMs);
      // each is written by a journal that is made anew at the wrong time
      await before.commit(testBlob(1));
      await before.commit(testBlob(2));
      wrong.jump(-jumpMs);
      await before.commit(testBlob(3));
      await before.close();
      const again = await open(path, { clock: wrong });
      assert.deepEqual(ids(again.owed()), ids(numbers(2, 4)), 'what is owed stays owed');
      assert.equal(again.listedUntilMs('Audit.General'), FIRST_BLOB_MS + 5_000);
      assert.deepEqual(again.owe(numbers(4)), [], 'what is delivered is known');
      await again.close();
    }
  });
});
