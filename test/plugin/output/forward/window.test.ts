import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Frame, FrameWindow } from '../../../../plugin/output/forward/window.ts';

const frame = (chunk: string): Frame => ({
  chunk, batch: { bytes: new Uint8Array(1), eventCount: 1 }, resolve: () => undefined, reject: () => undefined, attempts: 8, failedAttempts: 0,
});

function windowOf(limit: number, ...chunks: string[]): FrameWindow {
  const window = new FrameWindow(limit);
  for (const chunk of chunks) window.add(frame(chunk));
  return window;
}

/** Sends what the window lets through and names it. */
function sent(window: FrameWindow): string[] {
  const chunks: string[] = [];
  for (let next = window.next(); next !== undefined; next = window.next()) chunks.push(next.chunk);
  return chunks;
}

test('At most the limit is on its way, oldest first, and an acknowledgement of any of them lets the next one go.', () => {
  const window = windowOf(2, 'a', 'b', 'c', 'd');
  assert.deepEqual(sent(window), ['a', 'b']);
  assert.equal(window.acknowledge('b')?.chunk, 'b');
  assert.deepEqual(sent(window), ['c']);
  assert.equal(window.sentCount, 2);
  assert.equal(window.size, 3);
});

test('A chunk that is not on its way is not acknowledged: neither an unknown one, nor one twice, nor one that still waits.', () => {
  const window = windowOf(1, 'a', 'b');
  sent(window);
  assert.equal(window.acknowledge('x'), undefined);
  assert.equal(window.acknowledge('b'), undefined);
  assert.equal(window.acknowledge('a')?.chunk, 'a');
  assert.equal(window.acknowledge('a'), undefined);
});

test('After a lost connection what was on its way goes first again, in its order, one at a time until something is acknowledged.', () => {
  const window = windowOf(3, 'a', 'b', 'c', 'd', 'e');
  sent(window);
  assert.equal(window.rewind()?.chunk, 'a');
  assert.equal(window.sentCount, 0);
  assert.deepEqual(sent(window), ['a']);
  window.acknowledge('a');
  assert.deepEqual(sent(window), ['b', 'c', 'd']);
});

test('A frame that was alone on its way takes the blame for sure, and goes behind the others.', () => {
  const window = windowOf(3, 'a', 'b', 'c');
  sent(window);
  window.rewind();
  sent(window);
  assert.equal(window.rewind()?.chunk, 'a');
  assert.deepEqual(sent(window), ['b']);
  window.acknowledge('b');
  assert.deepEqual(sent(window), ['c', 'a']);
});

test('A connection that is lost with nothing on its way blames nobody and changes nothing.', () => {
  const window = windowOf(2, 'a', 'b', 'c');
  assert.equal(window.rewind(), undefined);
  assert.deepEqual(sent(window), ['a', 'b']);
});

test('Frames can be taken out one by one and all at once, wherever they are.', () => {
  const window = windowOf(1, 'a', 'b', 'c', 'd');
  const [first] = [window.next()];
  assert.ok(first);
  window.remove(first);
  assert.deepEqual(sent(window), ['b']);
  assert.deepEqual(window.clear().map(({ chunk }) => chunk), ['b', 'c', 'd']);
  assert.equal(window.size, 0);
});
