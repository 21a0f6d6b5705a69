import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { NewestOf } from '../../../plugin/report/newest.ts';
import { PARTNERS_LIMIT, ROWS_LIMIT } from '../../../plugin/report/picture.ts';
import { NameCounts, type Occurrence } from '../../../plugin/report/ranking.ts';

const event = (name: string, rest: Partial<Occurrence> = {}): Occurrence => ({ name, isFailure: false, isFailedSignIn: false, ...rest });

describe('counts by name', () => {
  test('tell how often, how many failed, from how many partners, and when last', () => {
    const counts = new NameCounts();
    counts.add(event('b', { partner: 'x', atMs: 20 }));
    counts.add(event('b', { partner: 'x', atMs: 10, isFailure: true, isFailedSignIn: true }));
    counts.add(event('b', { partner: 'y', isFailure: true }));
    counts.add(event('a'));
    counts.add(event(''));
    assert.deepEqual(counts.ranking(), {
      rows: [
        { name: 'b', detail: '', events: 3, failures: 2, failedSignIns: 1, lastMs: 20, partners: 2 },
        { name: 'a', detail: '', events: 1, failures: 0, failedSignIns: 0, lastMs: 0, partners: 0 },
      ],
      rowCount: 2, isLowerBound: false, otherEvents: 0,
    });
    assert.deepEqual(counts.ranking(undefined, 1), { rows: counts.ranking().rows.slice(0, 1), rowCount: 2, isLowerBound: false, otherEvents: 1 });
  });

  test('tell names of different groups apart, and keep the last detail of one', () => {
    const counts = new NameCounts();
    counts.add(event('a', { group: 'x' }));
    counts.add(event('a', { group: 'y' }));
    counts.add(event('b', { detail: 'old' }));
    counts.add(event('b', { detail: 'new' }));
    counts.add(event('b'));
    assert.deepEqual(counts.ranking().rows.map(({ name, detail, events }) => [name, detail, events]), [['b', 'new', 3], ['a', 'x', 1], ['a', 'y', 1]]);
  });

  test('count partners up to the limit', () => {
    const counts = new NameCounts();
    for (let index = 0; index < PARTNERS_LIMIT * 2; index++) counts.add(event('a', { partner: String(index) }));
    assert.equal(counts.ranking().rows[0]?.partners, PARTNERS_LIMIT);
  });

  test('keep the frequent ones exact when there are too many names, lose no event, and say that the number of names is a lower bound', () => {
    const counts = new NameCounts(100);
    for (let index = 0; index < 1000; index++) {
      counts.add(event(`rare ${index}`));
      counts.add(event(`frequent ${index % 10}`));
    }
    const { rows, rowCount, isLowerBound, otherEvents } = counts.ranking(undefined, 10);
    assert.deepEqual(rows.map(({ name }) => name), Array.from({ length: 10 }, (_, index) => `frequent ${index}`));
    assert.ok(rows.every(({ events }) => events === 100));
    assert.equal(isLowerBound, true);
    assert.ok(rowCount > 100 && rowCount <= 1010, String(rowCount));
    assert.equal(rows.reduce((sum, { events }) => sum + events, 0) + otherEvents, 2000);
  });
});

describe('the newest of many', () => {
  test('are the latest in order, with the count of all', () => {
    const newest = new NewestOf<{ readonly atMs: number }>();
    const count = ROWS_LIMIT * 5;
    // a step that goes through all numbers in another order
    for (let index = 0; index < count; index++) newest.add({ atMs: index * 7 % count });
    const { rows, count: counted } = newest.newest();
    assert.equal(counted, count);
    assert.deepEqual(rows.map(({ atMs }) => atMs), Array.from({ length: ROWS_LIMIT }, (_, index) => count - 1 - index));
  });
});
