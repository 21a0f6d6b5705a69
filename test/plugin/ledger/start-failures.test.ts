import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { countStartFailure, forgetStartFailures } from '../../../plugin/ledger/start-failures.ts';

const root = mkdtempSync(join(tmpdir(), 'o365audit-starts-'));
after(() => rmSync(root, { recursive: true }));
let folders = 0;
const newFolder = (): string => join(root, String(folders += 1), 'state');

const NOW_MS = Date.UTC(2026, 8, 1);
const MINUTE = 60_000;

describe('failures to start', () => {
  test('are waited after for a second, and twice as long each time, up to five minutes, across processes', async () => {
    const folder = newFolder();
    const waits: number[] = [];
    let nowMs = NOW_MS;
    for (let start = 0; start < 12; start += 1) {
      const waitMs = await countStartFailure(folder, nowMs);
      waits.push(waitMs);
      nowMs += waitMs;
    }
    assert.deepEqual(waits, [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300, 300].map((seconds) => seconds * 1_000));
    assert.equal(statSync(folder).mode & 0o777, 0o700);
  });

  test('are no row when they lie far apart, or the clock was set wildly', async () => {
    const folder = newFolder();
    await countStartFailure(folder, NOW_MS);
    assert.equal(await countStartFailure(folder, NOW_MS + 14 * MINUTE), 2_000);
    assert.equal(await countStartFailure(folder, NOW_MS + 14 * MINUTE + 15 * MINUTE), 1_000);
    assert.equal(await countStartFailure(folder, NOW_MS - 1_000 * MINUTE), 1_000);
  });

  test('are forgotten once the program has started', async () => {
    const folder = newFolder();
    await countStartFailure(folder, NOW_MS);
    await countStartFailure(folder, NOW_MS);
    await forgetStartFailures(folder, NOW_MS);
    assert.equal(await countStartFailure(folder, NOW_MS), 1_000);
  });

  test('that never happened cost nothing to forget, not even a folder', async () => {
    const folder = newFolder();
    await forgetStartFailures(folder, NOW_MS);
    assert.throws(() => statSync(folder), /ENOENT/);
  });

  for (const text of ['', 'x', '[]', '{"count":-1,"lastMs":1788220800000}', '{"count":"7","lastMs":1788220800000}', '{"count":1.5,"lastMs":1788220800000}', '{"count":3}']) {
    test(`are counted anew when what was kept is ${JSON.stringify(text)}`, async () => {
      const folder = newFolder();
      await countStartFailure(folder, NOW_MS);
      writeFileSync(join(folder, 'start-failures.json'), text);
      assert.equal(await countStartFailure(folder, NOW_MS), 1_000);
    });
  }

  test('are waited after for a minute where nothing can be kept: the state directory may be what failed', async () => {
    const file = join(root, 'file');
    writeFileSync(file, '');
    assert.equal(await countStartFailure(join(file, 'state'), NOW_MS), MINUTE);
    assert.equal(await countStartFailure(join(file, 'state'), NOW_MS), MINUTE);
  });
});
