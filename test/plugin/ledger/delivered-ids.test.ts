import { strict as assert } from 'node:assert';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, beforeEach, describe, test } from 'node:test';
import { openDeliveredIds, type DeliveredIds } from '../../../plugin/ledger/delivered-ids.ts';
import type { GenerationsOptions } from '../../../plugin/ledger/id-generations.ts';
import type { LogLine } from '../../../plugin/telemetry/log.ts';
import type { Claim } from '../../../plugin/types.ts';
import { createFailingFiles } from '../../support/failing-files.ts';
import { createManualClock, settled, until } from '../../support/manual-clock.ts';

const DAY_MS = 86_400_000;
const folder = mkdtempSync(join(tmpdir(), 'o365audit-ids-'));
after(() => rmSync(folder, { recursive: true }));
let directory = folder;
let clock = createManualClock();
let lines: LogLine[] = [];
beforeEach(() => {
  directory = mkdtempSync(join(folder, 'state-'));
  clock = createManualClock();
  lines = [];
});

function open(changes: Partial<GenerationsOptions> = {}): Promise<DeliveredIds> {
  return openDeliveredIds({ directory, retentionMs: 8 * DAY_MS, memoryLimitBytes: 1 << 22, diskLimitBytes: 1 << 22, serviceNowMs: () => clock.nowMs(), clock, log: (line) => lines.push(line), ...changes });
}

/** The index of a batch of events with these numbers; their hashes differ in one bit or in all. */
function indexOf(numbers: readonly number[]): Uint32Array {
  return Uint32Array.from(numbers.flatMap((number, at) => [at + 1, Math.imul(number, 0x9e3779b1), number, 7]));
}

const span = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

function delivered(ids: DeliveredIds, numbers: readonly number[]): void {
  const claim = ids.claim(indexOf(numbers), false);
  claim.delivered();
  claim.keep();
}

/** Which of the events a batch may not send; they are given back again. */
function known(ids: DeliveredIds, numbers: readonly number[]): number[] {
  const claim = ids.claim(indexOf(numbers), false);
  claim.failed(new Error('only asked'));
  return numbers.filter((_, event) => claim.known?.[event] === 1);
}

const files = (): string[] => readdirSync(join(directory, 'delivered')).sort();

async function fateOf(claim: Claim): Promise<string> {
  let fate = 'open';
  claim.elsewhere[0]?.then(() => { fate = 'delivered'; }, () => { fate = 'failed'; });
  await settled();
  return fate;
}

describe('delivered ids', () => {
  test('are known again, alone and among others, and nothing else is', async () => {
    const ids = await open();
    delivered(ids, span(1, 10_000));
    assert.deepEqual(known(ids, [10_001, 5, 20_000, 10_000]), [5, 10_000]);
    assert.deepEqual(known(ids, span(10_001, 30_000)), []);
    await ids.close();
  });

  test('are known after a restart, and after a kill as far as they were written', async () => {
    const first = await open();
    delivered(first, span(1, 5_000));
    await first.written();
    const second = await open();
    assert.deepEqual(known(second, span(4_990, 5_010)), span(4_990, 5_000), 'the first one was never closed');
    delivered(second, span(5_001, 6_000));
    await second.close();
    const third = await open();
    assert.deepEqual(known(third, span(1, 7_000)), span(1, 6_000));
    assert.equal(files().length, 1);
    await first.close();
    await third.close();
  });

  test('hash under a key for each tenant, which stays as long as they do', async () => {
    const first = await open();
    const keys = ['contoso.com', 'Contoso.COM', 'fabrikam.com'].map((tenant) => first.keyOf(tenant).join());
    assert.deepEqual([keys[0] === keys[1], keys[0] === keys[2]], [true, false]);
    delivered(first, [1]);
    await first.close();
    const second = await open();
    assert.equal(second.keyOf('contoso.com').join(), keys[0]);
    await second.close();
    rmSync(join(directory, 'delivered'), { recursive: true });
    const third = await open();
    assert.notEqual(third.keyOf('contoso.com').join(), keys[0]);
    await third.close();
  });

  test('are claimed by one batch at a time: another learns its fate, and may send what failed', async () => {
    const ids = await open();
    const first = ids.claim(indexOf([1, 2]), false);
    const second = ids.claim(indexOf([2, 3, 3]), false);
    assert.deepEqual([first.known, second.known, second.knownCount], [undefined, Uint8Array.of(1, 0, 1), 2], 'an event that is twice in a batch is sent once');
    assert.equal(await fateOf(second), 'open');
    first.failed(new Error('refused'));
    assert.equal(await fateOf(second), 'failed');
    const third = ids.claim(indexOf([1, 2, 3]), false);
    assert.deepEqual(third.known, Uint8Array.of(0, 0, 1));
    second.delivered();
    assert.equal(await fateOf(third), 'delivered');
    third.delivered();
    assert.deepEqual(ids.claim(indexOf([1, 2, 3]), false).elsewhere, [], 'what is delivered is nobody\'s any more');
    await ids.close();
  });

  test('stay known in part when the rest of their batch fails, and that is written', async () => {
    const ids = await open();
    const claim = ids.claim(indexOf([1, 2, 3]), false);
    claim.partDelivered(indexOf([2]));
    claim.failed(new Error('refused'));
    assert.deepEqual(known(ids, [1, 2, 3]), [2]);
    await ids.close();
    const again = await open();
    assert.deepEqual(known(again, [1, 2, 3]), [2]);
    await again.close();
  });

  test('do not hold back what an operator has ordered, and are not forgotten when that fails', async () => {
    const ids = await open();
    delivered(ids, [1]);
    const claim = ids.claim(indexOf([1, 2]), true);
    assert.equal(claim.known, undefined);
    claim.failed(new Error('refused'));
    assert.deepEqual(known(ids, [1, 2]), [1]);
    await ids.close();
  });

  test('are forgotten by the day, when they are older than the retention, with their files', async () => {
    const ids = await open();
    for (let day = 0; day < 12; day += 1) {
      delivered(ids, [day]);
      await ids.written();
      await clock.advance(DAY_MS);
    }
    delivered(ids, [99]);
    await ids.written();
    await settled();
    assert.deepEqual(known(ids, span(0, 12)), span(4, 11));
    // the oldest file is removed beside what is written
    await until(() => files().length === 9, 'nine files');
    await ids.close();
    await clock.advance(5 * DAY_MS);
    const again = await open();
    assert.deepEqual(known(again, [...span(0, 12), 99]), [...span(9, 11), 99]);
    await again.close();
  });

  test('stay within the limits of memory and disk: the oldest go, which is said once', async () => {
    for (const limits of [{ memoryLimitBytes: 1 << 20 }, { diskLimitBytes: 1 << 19 }]) {
      directory = mkdtempSync(join(folder, 'state-'));
      lines = [];
      const ids = await open(limits);
      for (let start = 1; start <= 200_000; start += 1_000) {
        delivered(ids, span(start, start + 999));
        await ids.written();
        assert.ok(ids.counts.memoryBytes <= (limits.memoryLimitBytes ?? Infinity), `${ids.counts.memoryBytes} bytes of memory`);
      }
      await settled();
      const bytes = files().reduce((sum, name) => sum + statSync(join(directory, 'delivered', name)).size, 0);
      assert.ok(bytes <= (limits.diskLimitBytes ?? Infinity) * 1.05, `${bytes} bytes on disk`);
      assert.deepEqual([known(ids, [1]), known(ids, span(180_001, 200_000)).length], [[], 20_000]);
      assert.deepEqual(lines, ['dedupe.limit']);
      await ids.close();
    }
  });

  test('take 16 bytes a slot, three quarters of which are used at most, and 12 bytes on disk', async () => {
    const ids = await open({ memoryLimitBytes: 1 << 26, diskLimitBytes: 1 << 26 });
    for (let start = 1; start <= 390_000; start += 3_000) delivered(ids, span(start, start + 2_999));
    await ids.written();
    const { ids: count, memoryBytes, diskBytes } = ids.counts;
    assert.equal(count, 390_000);
    assert.ok(memoryBytes / count < 22, `${memoryBytes / count} bytes of memory`);
    assert.ok(diskBytes / count < 12.1, `${diskBytes / count} bytes on disk`);
    await ids.close();
  });

  test('of a file that was cut anywhere, or has a flipped byte, are known as far as it is good, and it is written on from there', async () => {
    const first = await open();
    for (const start of [1, 101, 201]) {
      delivered(first, span(start, start + 99));
      await first.written();
    }
    await first.close();
    const [name = ''] = files();
    const path = join(directory, 'delivered', name);
    const whole = readFileSync(path);
    const blockBytes = 8 + 1_200;
    for (const [damage, left] of [[() => truncateSync(path, 40 + blockBytes * 2 + 7), 200], [() => truncateSync(path, 40 + blockBytes * 2 + 500), 200], [() => writeFileSync(path, whole.map((byte, at) => at === 40 + blockBytes + 100 ? byte ^ 1 : byte)), 100], [() => appendFileSync(path, 'x'.repeat(5_000)), 300]] as const) {
      writeFileSync(path, whole);
      damage();
      const ids = await open();
      assert.deepEqual(known(ids, span(1, 300)), span(1, left));
      delivered(ids, [1_000]);
      await ids.close();
      const again = await open();
      assert.deepEqual(known(again, [...span(1, 300), 1_000]), [...span(1, left), 1_000]);
      await again.close();
    }
    assert.deepEqual(lines, ['dedupe.cut', 'dedupe.cut', 'dedupe.cut', 'dedupe.cut']);
    writeFileSync(path, 'no such file');
    const ids = await open();
    assert.deepEqual([known(ids, [1]), files()], [[], []]);
    await ids.close();
  });

  test('go on when the clock was set back or forth by years', async () => {
    const ids = await open();
    delivered(ids, [1]);
    await ids.written();
    clock.jump(-400 * DAY_MS);
    for (const number of span(2, 50)) delivered(ids, [number]);
    await ids.written();
    assert.equal(files().length, 2, 'a generation a jump, not one a batch');
    assert.deepEqual(known(ids, span(1, 51)), span(1, 50));
    clock.jump(800 * DAY_MS);
    delivered(ids, [60]);
    await ids.close();
    const again = await open();
    assert.deepEqual(known(again, [60]), [60]);
    await again.close();
  });

  test('are not forgotten because this machine\'s clock is days ahead, as long as the service has not said what time it is, nor when it has', async () => {
    const first = await open();
    delivered(first, [1]);
    await first.close();
    const serviceMs = clock.nowMs();
    clock.jump(30 * DAY_MS);
    let isHeard = false;
    const serviceNowMs = (): number | undefined => isHeard ? serviceMs : undefined;
    for (const number of [2, 3]) {
      const ids = await open({ serviceNowMs });
      assert.deepEqual(known(ids, span(1, number)), span(1, number - 1), isHeard ? 'the service\'s clock is right' : 'nobody knows what time it is');
      delivered(ids, [number]);
      await ids.close();
      isHeard = true;
    }
    assert.equal(files().length, 1, 'it is the day that it was');
  });

  test('begin no generation for each time that the service is not heard for a while', async () => {
    let serviceMs: number | undefined = clock.nowMs();
    clock.jump(30 * DAY_MS);
    const ids = await open({ serviceNowMs: () => serviceMs });
    for (const number of span(1, 40)) {
      delivered(ids, [number]);
      serviceMs = serviceMs === undefined ? Date.UTC(2026, 8, 1) : undefined;
    }
    await ids.close();
    assert.equal(files().length, 1);
  });

  test('go on without a disk: nothing fails, it is said once, and what comes later is written', async () => {
    const disk = createFailingFiles();
    const ids = await open({ files: disk });
    delivered(ids, [1]);
    await ids.written();
    disk.room = 10;
    delivered(ids, [2]);
    await ids.written();
    delivered(ids, [3]);
    await ids.written();
    assert.deepEqual([known(ids, [1, 2, 3, 4]), lines], [[1, 2, 3], ['dedupe.write_failed']]);
    disk.room = Infinity;
    delivered(ids, [4]);
    await ids.close();
    const again = await open();
    assert.deepEqual(known(again, [1, 2, 3, 4, 5]), [1, 4]);
    await again.close();
  });
});
