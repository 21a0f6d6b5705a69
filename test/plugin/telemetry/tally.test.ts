import assert from 'node:assert/strict';
import { once } from 'node:events';
import { PassThrough, Writable } from 'node:stream';
import { describe, test } from 'node:test';
import { createTally, summaryOf } from '../../../plugin/telemetry/tally.ts';
import type { ContentType } from '../../../plugin/types.ts';

const document = (event: object): string => `${JSON.stringify({ event })}\n`;
const write = (stream: Writable, text: string): Promise<unknown> => new Promise((resolve) => stream.write(text, resolve));

describe('a tally', () => {
  test('hands every byte on, and counts the documents by category and outcome', async () => {
    const target = new PassThrough();
    const { stream, counts } = createTally(target, () => undefined);
    const text = document({ category: ['file', 'web'], outcome: 'success' }) + document({ category: ['file'], outcome: 'failure' }) + document({ kind: 'pipeline_error' }) + '{}\n';
    await write(stream, text);
    await write(stream, document({ category: ['iam'], outcome: 'success' }));
    assert.equal(String(target.read()), text + document({ category: ['iam'], outcome: 'success' }));
    assert.equal(counts.documents, 5);
    assert.deepEqual(counts.categories, new Map([['file', 2], ['web', 1], ['(none)', 2], ['iam', 1]]));
    assert.deepEqual(counts.outcomes, new Map([['success', 2], ['failure', 1], ['(none)', 2]]));
  });

  test('goes at the pace of whoever reads', async () => {
    const waiting: (() => void)[] = [];
    const { stream, counts } = createTally(new Writable({ write: (_chunk, _encoding, callback) => void waiting.push(callback) }), () => undefined);
    let isTaken = false;
    const taken = write(stream, document({})).then(() => { isTaken = true; });
    await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual([isTaken, counts.documents], [false, 0], 'what nobody has taken does not count');
    waiting[0]?.();
    await taken;
    assert.equal(counts.documents, 1);
  });

  test('passes on that nobody reads any more', async () => {
    const gone = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
    const target = new Writable({ write: (_chunk, _encoding, callback) => callback(gone) });
    target.on('error', () => undefined);
    const { stream, counts } = createTally(target, () => undefined);
    const failed = once(stream, 'error') as Promise<[Error]>;
    await write(stream, document({}));
    assert.deepEqual(await failed, [gone]);
    assert.equal(counts.documents, 0);
  });
});

describe('the summary', () => {
  const counts = { documents: 1_500, categories: new Map([['file', 900], ['authentication', 600]]), outcomes: new Map([['success', 1_400], ['failure', 100]]) };
  const types = new Map<ContentType, number>([['Audit.Exchange', 500], ['Audit.General', 1_000]]);

  test('says what it was, how fast it went and how to go on', () => {
    const lines = summaryOf(counts, types, { ms: 2_000, blobs: 30, reportFile: 'report.html' }).split('\n');
    assert.equal(lines[1], '1,500 ECS documents from 30 content blobs in 2.0 s (750 a second).');
    assert.deepEqual(lines.slice(3, 6), [
      'content type    events    category        events    outcome  events',
      'Audit.General    1,000    file               900    success   1,400',
      'Audit.Exchange     500    authentication     600    failure     100',
    ]);
    assert.ok(lines.includes('How to go on:'));
    assert.ok(lines.every((line) => line.length <= 100 && line === line.trimEnd()));
  });

  test('puts the smallest of very many together', () => {
    const categories = new Map(Array.from({ length: 20 }, (_, index) => [`category ${index}`, 100 - index]));
    const text = summaryOf({ ...counts, categories }, types, { ms: 1, blobs: 1, reportFile: 'report.html' });
    assert.match(text, /category 7 +93/);
    assert.match(text, /others +1,038/);
    assert.ok(!text.includes('category 8'));
  });

  test('of one says one', () => assert.match(summaryOf({ ...counts, documents: 1 }, types, { ms: 1_000, blobs: 1, reportFile: 'report.html' }), /^\n1 ECS document from 1 content blob in 1\.0 s \(1 a second\)\.\n/));

  test('of nothing has no tables, and divides by no zero', () => {
    const text = summaryOf({ documents: 0, categories: new Map(), outcomes: new Map() }, new Map(), { ms: 0, blobs: 0, reportFile: 'report.html' });
    assert.match(text, /^\n0 ECS documents from 0 content blobs in 0\.0 s \(0 a second\)\.\n/);
    assert.ok(!text.includes('events  '));
  });
});
