import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { createStatus, STATUS_KINDS, STATUS_LINE_LIMIT_BYTES, type Status, type StatusKind } from '../../../plugin/telemetry/status.ts';

/** A status on a stream whose reader reads while `reading` is true. */
function setUp(tags: readonly string[] = ['forwarded'], reading = true) {
  const lines: string[] = [];
  const said: string[] = [];
  let resume: () => void = () => undefined;
  const stream = new Writable({ highWaterMark: 2_000, write: (bytes: Buffer, _encoding, done) => {
    lines.push(bytes.toString());
    if (reading) done();
    else resume = done;
  } });
  const status = createStatus({ stream, namespace: 'default', tags, nowMs: () => Date.UTC(2026, 8, 1), log: (line) => said.push(line) });
  return { status, lines, said, stream, resume: () => {
    reading = true;
    resume();
  } };
}

/** Writes a record of any kind, with this text and number in all its fields. */
function write(status: Status, kind: StatusKind, text: string): void {
  const fields = Object.fromEntries(Object.entries(STATUS_KINDS[kind].fields).map(([name, type]) => [name, type === 'number' ? 7 : text]));
  status(kind, fields as never);
}

const kinds = Object.keys(STATUS_KINDS) as StatusKind[];

test('A status record is one ECS object a line, without a time stamp of its own name, under the data set o365.status.', () => {
  const { status, lines } = setUp();
  status('lost_window', { tenant: 't', content_type: 'Audit.Exchange', from: '2026-08-01T00:00:00.000Z', to: '2026-08-02T00:00:00.000Z', reason: 'retention' });
  const { event: { id, ...event }, ...record } = JSON.parse(lines.join('')) as { event: { id: string } };
  assert.match(id, /^[0-9a-f-]{36}$/);
  assert.deepEqual({ event, ...record }, {
    event: { kind: 'alert', dataset: 'o365.status', module: 'o365', action: 'lost_window', created: '2026-09-01T00:00:00.000Z' },
    data_stream: { type: 'logs', dataset: 'o365.status', namespace: 'default' },
    message: 'Events of this time can no longer be had from the service.',
    o365: { status: { tenant: 't', content_type: 'Audit.Exchange', from: '2026-08-01T00:00:00.000Z', to: '2026-08-02T00:00:00.000Z', reason: 'retention' } },
    tags: ['forwarded'],
  });
});

test('Every record has an id of its own.', () => {
  const { status, lines } = setUp();
  for (let turn = 0; turn < 100; turn += 1) write(status, 'caught_up', 't');
  assert.equal(new Set(lines.map((line) => (JSON.parse(line) as { event: { id: string } }).event.id)).size, 100);
});

test('A field has one type, whatever the kind.', () => {
  const types = new Map<string, string>();
  for (const kind of kinds) {
    for (const [name, type] of Object.entries(STATUS_KINDS[kind].fields)) {
      assert.equal(types.get(name) ?? type, type, `${kind}.${name}`);
      types.set(name, type);
    }
  }
});

for (const [name, text] of [['long', 'x'.repeat(10_000)], ['full of escapes', '\u0001'.repeat(10_000)], ['wide', '€😀'.repeat(5_000)], ['broken', '\ud800'.repeat(5_000)]] as const) {
  test(`A line of any kind stays below the limit and whole when its texts and tags are ${name}.`, () => {
    const { status, lines } = setUp(Array<string>(100).fill(text));
    for (const kind of kinds) write(status, kind, text);
    assert.equal(lines.length, kinds.length);
    for (const line of lines) {
      assert.ok(Buffer.byteLength(line) <= STATUS_LINE_LIMIT_BYTES, `${Buffer.byteLength(line)} bytes`);
      assert.equal(line.indexOf('\n'), line.length - 1);
      const { o365: { status: fields } } = JSON.parse(line) as { o365: { status: Record<string, unknown> } };
      assert.doesNotMatch(line, /\\ud[89a-f]/i, 'half a character');
      for (const value of Object.values(fields)) assert.ok(value === 7 || String(value).endsWith('…'));
    }
  });
}

test('Short texts are not touched.', () => {
  const { status, lines } = setUp();
  status('stopped', { reason: 'SIGTERM', events: 10, blobs: 2 });
  assert.deepEqual((JSON.parse(lines.join('')) as { o365: unknown }).o365, { status: { reason: 'SIGTERM', events: 10, blobs: 2 } });
});

test('A reader that is too slow loses records, which is told once, and gets new ones when it reads again.', async () => {
  const { status, lines, said, stream, resume } = setUp([], false);
  for (let turn = 0; turn < 100; turn += 1) write(status, 'caught_up', 't');
  assert.ok(stream.writableLength < 4_000, `${stream.writableLength} bytes are kept`);
  assert.deepEqual(said, ['status.dropped']);
  const drained = new Promise((resolve) => stream.once('drain', resolve));
  resume();
  await drained;
  const before = lines.length;
  write(status, 'caught_up', 't');
  assert.equal(lines.length, before + 1);
});

test('A reader that has gone away harms nobody.', async () => {
  const { status, said, stream } = setUp();
  stream.destroy(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' }));
  await new Promise((resolve) => stream.once('close', resolve));
  write(status, 'caught_up', 't');
  write(status, 'caught_up', 't');
  assert.deepEqual(said, ['status.dropped']);
});
