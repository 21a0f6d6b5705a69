import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { type Readable, Writable } from 'node:stream';
import { test } from 'node:test';
import { openStdout } from '../../../plugin/output/stdout.ts';
import { isFailure } from '../../support/failures.ts';
import { createManualClock, until } from '../../support/manual-clock.ts';

const fixture = join(import.meta.dirname, 'fixtures/deliver.js');

interface Run {
  readonly child: ChildProcessByStdio<null, Readable | null, Readable>;
  readonly report: () => string[];
  readonly status: Promise<number | null>;
}

function run(stdout: 'pipe' | number, ...args: string[]): Run {
  const child = spawn(process.execPath, [fixture, 'stdout', ...args], { stdio: ['ignore', stdout, 'pipe'] }) as ChildProcessByStdio<null, Readable | null, Readable>;
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
  });
  const status = once(child, 'close').then(([code]) => code as number | null);
  return { child, status, report: () => said.split('\n').filter((line) => line !== '') };
}

test('Every line arrives whole and in order, at the pace of a slow reader, and no batch counts as delivered before the pipe took it.', async () => {
  const { child, report, status } = run('pipe', '8', '1000000', 'close');
  assert.ok(child.stdout);
  const { stdout } = child;
  stdout.once('readable', () => undefined);
  await until(() => stdout.readableLength > 0, 'the first bytes');
  // Nobody reads on: a pipe holds 64 KiB, so not even the first line can be delivered.
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.deepEqual(report(), []);
  let text = '';
  for await (const part of stdout.setEncoding('utf8')) text += String(part);
  assert.equal(await status, 0);
  const lines = text.split('\n');
  assert.deepEqual(lines.map((line) => line.slice(0, 2)), ['0.', '1.', '2.', '3.', '4.', '5.', '6.', '7.', '']);
  assert.ok(lines.slice(0, -1).every((line) => line.length === 999_999));
  assert.deepEqual(report(), [0, 1, 2, 3, 4, 5, 6, 7].map((index) => `${index} delivered`));
});

test('When the reader goes away every batch that it did not take is rejected as OUTPUT_CLOSED, and the process ends by itself, unharmed.', async () => {
  const { child, report, status } = run('pipe', '5', '1000000', 'close');
  assert.ok(child.stdout);
  for await (const part of child.stdout) {
    if (String(part) !== '') break;
  }
  assert.equal(await status, 0);
  assert.deepEqual(report().sort(), [0, 1, 2, 3, 4].map((index) => `${index} OUTPUT_CLOSED`));
});

test('A full disk behind stdout is told as such.', { skip: existsSync('/dev/full') ? false : 'this system has no /dev/full' }, async () => {
  const { report, status } = run(openSync('/dev/full', 'w'), '3', '1000', 'close');
  assert.equal(await status, 0);
  assert.deepEqual(report(), [0, 1, 2].map((index) => `${index} OUTPUT_WRITE`));
});

const line = { bytes: Buffer.from('line\n'), eventCount: 1 };

test('close waits for a slow reader up to its deadline and then rejects what was not taken; a late error harms nobody.', async () => {
  const clock = createManualClock();
  let fail: ((error: Error) => void) | undefined;
  const stream = new Writable({ write: (_bytes, _encoding, done) => {
    fail = done;
  } });
  const output = openStdout(stream, 4_000, clock);
  const rejected = assert.rejects(output.deliver(line), isFailure('OUTPUT_CLOSED'));
  const closing = output.close();
  await assert.rejects(output.deliver(line), isFailure('OUTPUT_CLOSED'));
  await clock.advance(3_999);
  assert.equal(clock.waiting(), 1);
  await clock.advance(1);
  await Promise.all([closing, rejected]);
  fail?.(Object.assign(new Error('gone'), { code: 'EPIPE' }));
  await new Promise((resolve) => stream.once('close', resolve));
});

test('An output that was closed in health leaves the stream as it was.', async () => {
  const stream = new Writable({ write: (_bytes, _encoding, done) => done() });
  const before = stream.eventNames().map((name) => stream.listenerCount(name));
  const output = openStdout(stream, 4_000, createManualClock());
  await output.deliver(line);
  await output.close();
  await output.close();
  assert.deepEqual(stream.eventNames().map((name) => stream.listenerCount(name)), before);
});

test('A stream that ends by itself rejects what is pending and what comes later.', async () => {
  const stream = new Writable({ write: () => undefined });
  const output = openStdout(stream, 4_000, createManualClock());
  const rejected = assert.rejects(output.deliver(line), isFailure('OUTPUT_CLOSED'));
  stream.destroy();
  await rejected;
  await assert.rejects(output.deliver(line), isFailure('OUTPUT_CLOSED'));
  await output.close();
});
