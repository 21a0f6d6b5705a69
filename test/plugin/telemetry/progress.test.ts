import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createProgress } from '../../../plugin/telemetry/progress.ts';
import { createManualClock } from '../../support/manual-clock.ts';

function setUp(terminal?: { columns: number }) {
  const stream = new PassThrough({ encoding: 'utf8' });
  const clock = createManualClock();
  const written = (): string => stream.read() as string | null ?? '';
  return { progress: createProgress(terminal === undefined ? stream : Object.assign(stream, { isTTY: true }, terminal), clock), clock, written };
}

const counts = (events: number, blobs = 0, waitingFor = '') => ({ events, blobs, waitingFor });
const CLEAR = '\r\u001b[K';

test('A terminal gets one line, rewritten in place at most ten times a second with the newest counts.', async () => {
  const { progress, clock, written } = setUp({ columns: 80 });
  progress.update(counts(0));
  assert.equal(written(), `${CLEAR}0 events   0/s   0 blobs`);
  for (let turn = 1; turn <= 100; turn += 1) progress.update(counts(turn * 10, turn));
  assert.equal(written(), '');
  await clock.advance(100);
  assert.equal(written(), `${CLEAR}1,000 events   10,000/s   100 blobs`);
  await clock.advance(1_000);
  assert.equal(written(), '', 'nothing is written while nothing changes');
  progress.update(counts(1_000, 100, 'the log agent'));
  assert.equal(written(), `${CLEAR}1,000 events   909/s   100 blobs   waiting for the log agent`);
  progress.end();
  assert.equal(written(), '\n');
});

test('What is no terminal gets a plain line at most every ten seconds, and the last counts at the end.', async () => {
  const { progress, clock, written } = setUp();
  progress.update(counts(10, 1));
  assert.equal(written(), '10 events   0/s   1 blob\n');
  for (let second = 1; second <= 10; second += 1) {
    await clock.advance(1_000);
    progress.update(counts(10 + second * 100, 1 + second));
  }
  assert.equal(written(), '910 events   90/s   10 blobs\n');
  progress.end();
  assert.equal(written(), '1,010 events   100/s   11 blobs\n');
  assert.equal(clock.waiting(), 0);
  progress.end();
  progress.update(counts(2_000));
  await clock.advance(60_000);
  assert.equal(written(), '');
});

test('The rate is that of the last seconds, not of the whole run.', async () => {
  const { progress, clock, written } = setUp({ columns: 80 });
  for (let tenth = 0; tenth <= 600; tenth += 1) {
    progress.update(counts(tenth <= 300 ? tenth * 100 : 30_000));
    await clock.advance(100);
  }
  assert.match(written(), /30,000 events {3}0\/s {3}0 blobs$/);
});

test('A line that is wider than the terminal is cut, so that it can be rewritten.', () => {
  const { progress, written } = setUp({ columns: 12 });
  progress.update(counts(123_456, 7));
  assert.equal(written(), `${CLEAR}123,456 eve`);
});

test('Log lines stand above the progress line and never in it.', () => {
  const { progress, written } = setUp({ columns: 80 });
  progress.write('first\n');
  progress.update(counts(1, 1));
  progress.write('second\n');
  progress.end();
  progress.write('third\n');
  const line = '1 event   0/s   1 blob';
  assert.equal(written(), `first\n${CLEAR}${line}${CLEAR}second\n${CLEAR}${line}\nthird\n`);
});

test('Log lines in a file are simply lines.', () => {
  const { progress, written } = setUp();
  progress.update(counts(1, 1));
  progress.write('second\n');
  assert.equal(written(), '1 event   0/s   1 blob\nsecond\n');
});
