import { strict as assert } from 'node:assert';
import { describe, test } from 'node:test';
import { DoneIndex, ENTRY_BYTES, keyOf } from '../../../plugin/ledger/done-index.ts';

const DAY_MS = 86_400_000;

describe('the index of done blobs', () => {
  test('finds what was added and nothing else, each once, over many growths', () => {
    const index = new DoneIndex();
    for (let number = 0; number < 20_000; number += 1) assert.equal(index.add(keyOf('Audit.General', `blob${number}`), DAY_MS), true);
    for (let number = 0; number < 20_000; number += 1) {
      assert.equal(index.add(keyOf('Audit.General', `blob${number}`), 2 * DAY_MS), false);
      assert.equal(index.has(keyOf('Audit.General', `blob${number}`)), true);
      assert.equal(index.has(keyOf('Audit.Exchange', `blob${number}`)), false);
      assert.equal(index.has(keyOf('Audit.General', `other${number}`)), false);
    }
    assert.equal(index.size, 20_000);
  });

  test('keeps keys apart that differ in one word only, and those that begin at the same slot', () => {
    const index = new DoneIndex();
    const keys = [];
    for (const first of [0, 64, 2 ** 32 - 1]) for (const second of [0, 1]) for (const third of [0, 2 ** 32 - 1]) keys.push({ first, second, third });
    keys.forEach((key) => assert.equal(index.add(key, 0), true));
    keys.forEach((key) => assert.equal(index.has(key), true));
    assert.equal(index.has({ first: 64, second: 2, third: 0 }), false);
  });

  test('forgets one blob in the middle of a row, finds the others, and takes it in again', () => {
    const index = new DoneIndex();
    const keys = [0, 1, 2, 3].map((third) => ({ first: 7, second: 0, third }));
    for (const key of keys) index.add(key, 5 * DAY_MS);
    const [, gone = keyOf('', ''), ...rest] = keys;
    index.remove(gone);
    index.remove({ first: 9, second: 9, third: 9 });
    assert.deepEqual([index.has(gone), ...rest.map((key) => index.has(key))], [false, true, true]);
    const copy = new DoneIndex();
    for (const piece of index.packed(64)) copy.addPacked(piece);
    assert.equal(copy.has(gone), false);
    assert.deepEqual([copy.add(gone, 5 * DAY_MS), copy.has(gone), copy.add(gone, 5 * DAY_MS)], [true, true, false]);
  });

  test('comes out packed and goes in again', () => {
    const index = new DoneIndex();
    for (let number = 0; number < 1_000; number += 1) index.add(keyOf('DLP.All', `blob${number}`), (number + 1) * 60_000);
    const pieces = [...index.packed(64)];
    assert.deepEqual(pieces.map((piece) => piece.length / ENTRY_BYTES), [...Array.from({ length: 15 }, () => 64), 40]);
    const copy = new DoneIndex();
    for (const piece of pieces) copy.addPacked(piece);
    copy.addPacked(Buffer.alloc(ENTRY_BYTES - 1));
    assert.equal(copy.size, 1_000);
    copy.forgetUntil(500 * 60_000);
    assert.equal(copy.size, 500);
    assert.equal(copy.has(keyOf('DLP.All', 'blob499')), false);
    assert.equal(copy.has(keyOf('DLP.All', 'blob500')), true);
  });

  test('tells what was given up from what was delivered, packed or not, and forgets both in time', () => {
    const index = new DoneIndex();
    const [delivered, lost, again] = [keyOf('DLP.All', 'delivered'), keyOf('DLP.All', 'lost'), keyOf('DLP.All', 'again')];
    index.add(delivered, 2 * DAY_MS);
    for (const key of [lost, again]) index.add(key, 2 * DAY_MS, true);
    index.remove(again);
    index.add(again, 2 * DAY_MS);
    for (let number = 0; number < 1_000; number += 1) index.add(keyOf('Audit.General', `blob${number}`), DAY_MS);
    const copy = new DoneIndex();
    for (const piece of index.packed(64)) copy.addPacked(piece);
    for (const each of [index, copy]) {
      each.forgetUntil(DAY_MS);
      assert.equal(each.size, 3);
      assert.deepEqual([delivered, lost, again, keyOf('DLP.All', 'other')].map((key) => [each.has(key), each.isLost(key)]), [[true, false], [true, true], [true, false], [false, false]]);
      each.forgetUntil(2 * DAY_MS);
      assert.equal(each.size, 0);
    }
  });

  test('gives memory back when it forgets', () => {
    const index = new DoneIndex();
    for (let number = 0; number < 50_000; number += 1) index.add(keyOf('Audit.General', `blob${number}`), number < 100 ? 2 * DAY_MS : DAY_MS);
    const before = index.bytes;
    index.forgetUntil(DAY_MS);
    assert.equal(index.size, 100);
    assert.ok(index.bytes < before / 100);
  });

  test('holds a million blobs in less than 64 MB, growing included', () => {
    const before = process.memoryUsage().arrayBuffers;
    const index = new DoneIndex();
    let peak = 0;
    for (let number = 0; number < 1_000_000; number += 1) {
      index.add(keyOf('Audit.SharePoint', `20260901081530123${number}$20260901081755901000012$audit_sharepoint$Audit_SharePoint$emea0042`), DAY_MS);
      if (number % 5_000 === 0) peak = Math.max(peak, process.memoryUsage().arrayBuffers - before);
    }
    assert.equal(index.size, 1_000_000);
    assert.ok(index.bytes <= 32 * 1024 * 1024);
    assert.ok(peak < 64_000_000, `${Math.round(peak / 1e6)} MB`);
  });
});
