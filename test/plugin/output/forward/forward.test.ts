import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type TestContext, test } from 'node:test';
import type { AuditError } from '../../../../plugin/errors.ts';
import { openOutput, type OutputOptions } from '../../../../plugin/output/output.ts';
import type { LogLine, LogValues } from '../../../../plugin/telemetry/log.ts';
import type { Output } from '../../../../plugin/types.ts';
import { encodeBatch } from '../../../support/entries.ts';
import { isFailure } from '../../../support/failures.ts';
import { type ForwardHost, type ForwardHostOptions, startForwardHost, TEST_CERTIFICATE_FILE } from '../../../support/forward-host.ts';
import { createManualClock, type ManualClock, until } from '../../../support/manual-clock.ts';

interface Setting {
  readonly host: ForwardHost;
  readonly output: Output;
  readonly clock: ManualClock;
  readonly lines: { readonly line: LogLine; readonly values: LogValues }[];
  /** Lets time pass, step by step, until the condition holds. */
  readonly pass: (stepMs: number, condition: () => boolean, what: string) => Promise<void>;
}

/** A host, and an output to it whose clock stands still; the jitter of its waits is switched off. */
async function setUp(t: TestContext, options: Partial<OutputOptions> = {}, hostOptions: ForwardHostOptions = {}, prepare: (host: ForwardHost) => void = () => undefined): Promise<Setting> {
  const host = await startForwardHost(hostOptions);
  prepare(host);
  const clock = createManualClock();
  const lines: { line: LogLine; values: LogValues }[] = [];
  const output = openOutput({ url: host.url, stdout: process.stdout, random: () => 1, ...options }, (line, values = {}) => {
    // How slow a host is belongs to the clock of a test, which goes in steps; one test is about it.
    if (line !== 'output.slow' || options.ackWarningMs !== undefined) lines.push({ line, values });
  }, clock);
  t.after(async () => {
    host.misbehave('refuse-connections');
    await Promise.all([output.close(), clock.advance(60_000)]);
    await host.close();
    assert.equal(clock.waiting(), 0, 'nothing is left waiting on the clock');
  });
  const pass = async (stepMs: number, condition: () => boolean, what: string): Promise<void> => {
    const endMs = performance.now() + 60_000;
    while (!condition()) {
      assert.ok(performance.now() < endMs, `still waiting for ${what}`);
      await clock.advance(stepMs);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { host, output, clock, lines, pass };
}

const ids = (host: ForwardHost): (string | undefined)[] => host.events.map(({ id }) => id);

/** Follows a delivery without waiting for it. */
function follow(delivery: Promise<void>): { state: 'pending' | 'delivered' | 'rejected'; error: unknown } {
  const followed: ReturnType<typeof follow> = { state: 'pending', error: undefined };
  delivery.then(() => {
    followed.state = 'delivered';
  }, (error: unknown) => {
    followed.state = 'rejected';
    followed.error = error;
  });
  return followed;
}

for (const transport of ['tcp', 'unix', 'tls'] as const) {
  test(`Batches arrive whole and are delivered when they are acknowledged, over ${transport}.`, async (t) => {
    const { host, output, lines } = await setUp(t, { caFile: TEST_CERTIFICATE_FILE, tag: 'o365.test' }, { transport });
    await Promise.all([output.deliver(encodeBatch(['a', 'b'])), output.deliver(encodeBatch(['c'])), output.deliver(encodeBatch(['d'], 3_000_000))]);
    assert.deepEqual(ids(host), ['a', 'b', 'c', 'd']);
    assert.deepEqual(host.frames.map(({ size }) => size), [2, 1, 1]);
    assert.deepEqual(new Set(host.events.map(({ tag, seconds, nanoseconds }) => `${tag} ${seconds} ${nanoseconds}`)), new Set(['o365.test 1790000000 0']));
    assert.equal(new Set(host.frames.map(({ chunk }) => chunk)).size, 3);
    for (const { chunk } of host.frames) assert.equal(Buffer.from(chunk, 'base64').length, 16);
    assert.deepEqual(lines.map(({ line }) => line), ['output.connected']);
    assert.equal(host.connectionCount(), 1);
  });
}

test('No more frames are on their way than may be, and a batch is not delivered before its acknowledgement.', async (t) => {
  const { host, output } = await setUp(t, { framesInFlight: 3 });
  host.misbehave('acknowledge-late');
  const followed = ['a', 'b', 'c', 'd', 'e'].map((id) => follow(output.deliver(encodeBatch([id]))));
  await until(() => host.frames.length === 3, 'three frames');
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(host.frames.length, 3);
  assert.deepEqual(followed.map(({ state }) => state), Array(5).fill('pending'));
  host.release();
  await until(() => host.frames.length === 5, 'five frames');
  assert.deepEqual(followed.map(({ state }) => state), ['delivered', 'delivered', 'delivered', 'pending', 'pending']);
  await host.behave();
  await until(() => followed.every(({ state }) => state === 'delivered'), 'all acknowledgements');
});

test('What was acknowledged has settled when the connection has lived on for as long as is asked, and at once when nothing is asked.', async (t) => {
  const { signal } = new AbortController();
  const { output, clock } = await setUp(t, { ackSettleMs: 3_000 });
  const watch = output.watch();
  await output.deliver(encodeBatch(['a']));
  const followed = follow(watch.settled(signal));
  await clock.advance(2_999);
  assert.equal(followed.state, 'pending');
  await clock.advance(1);
  assert.equal(followed.state, 'delivered');
  const { output: hasty } = await setUp(t);
  const hastyWatch = hasty.watch();
  await hasty.deliver(encodeBatch(['a']));
  await hastyWatch.settled(signal);
});

test('What was acknowledged on a connection that ended before it settled may be lost; what comes on the next one is not touched by that.', async (t) => {
  const { signal } = new AbortController();
  const { host, output, clock, pass } = await setUp(t, { ackSettleMs: 3_000 });
  const watch = output.watch();
  await output.deliver(encodeBatch(['a']));
  const followed = follow(watch.settled(signal));
  await clock.advance(1_000);
  host.misbehave('refuse-connections');
  const again = output.deliver(encodeBatch(['b']));
  await host.behave();
  await pass(500, () => host.events.length === 2, 'the second batch');
  await again;
  await clock.advance(3_000);
  assert.ok(isFailure('OUTPUT_UNSETTLED')(followed.error), String(followed.error));
  const next = output.watch();
  await output.deliver(encodeBatch(['c']));
  const following = follow(next.settled(signal));
  await clock.advance(3_000);
  assert.equal(following.state, 'delivered');
});

test('Nobody waits for what was acknowledged to settle once the run is abandoned.', async (t) => {
  const { output } = await setUp(t, { ackSettleMs: 3_000 });
  const abandon = new AbortController();
  const watch = output.watch();
  await output.deliver(encodeBatch(['a']));
  const settling = watch.settled(abandon.signal);
  const reason = new Error('the run is over');
  abandon.abort(reason);
  await assert.rejects(settling, reason);
});

for (const name of ['acknowledge-in-reverse', 'acknowledge-together', 'acknowledge-in-pieces'] as const) {
  test(`Acknowledgements count however they come: ${name}.`, async (t) => {
    const { host, output } = await setUp(t, {}, {}, (prepared) => prepared.misbehave(name, { count: 4 }));
    await Promise.all(['a', 'b', 'c', 'd'].map((id) => output.deliver(encodeBatch([id]))));
    assert.deepEqual(ids(host), ['a', 'b', 'c', 'd']);
    assert.equal(host.connectionCount(), 1);
  });
}

test('An acknowledgement that comes late, but within the deadline, is an acknowledgement.', async (t) => {
  const { host, output, clock } = await setUp(t, { ackTimeoutMs: 10_000 });
  host.misbehave('acknowledge-late', { times: 1 });
  const delivery = output.deliver(encodeBatch(['a']));
  await until(() => host.frames.length === 1, 'the frame');
  await clock.advance(9_999);
  host.release();
  await delivery;
  assert.equal(host.connectionCount(), 1);
});

test('Frames that are not acknowledged in time are sent again, in order and under the same ids, on a new connection.', async (t) => {
  const { host, output, lines, pass } = await setUp(t, { ackTimeoutMs: 10_000 });
  host.misbehave('never-acknowledge', { times: 3 });
  const deliveries = Promise.all(['a', 'b', 'c'].map((id) => output.deliver(encodeBatch([id]))));
  await until(() => host.frames.length === 3, 'three frames');
  await pass(10_000, () => host.frames.length === 6, 'the frames again');
  await deliveries;
  const [first, second] = [host.frames.slice(0, 3), host.frames.slice(3)];
  assert.deepEqual(second.map(({ chunk }) => chunk), first.map(({ chunk }) => chunk));
  assert.deepEqual(ids(host), ['a', 'b', 'c']);
  assert.deepEqual(lines.map(({ line }) => line), ['output.connected', 'output.trouble', 'output.recovered']);
  assert.match(String(lines[1]?.values.reason), /acknowledged nothing for 10000 ms/);
});

test('A host that takes its time is told before it is left.', async (t) => {
  const { host, output, lines, clock } = await setUp(t, { ackWarningMs: 3_000, ackTimeoutMs: 10_000 });
  host.misbehave('acknowledge-late');
  const followed = ['a', 'b'].map((id) => follow(output.deliver(encodeBatch([id]))));
  await until(() => host.frames.length === 2, 'the frames');
  await clock.advance(2_999);
  assert.deepEqual(lines.map(({ line }) => line), ['output.connected']);
  await clock.advance(6_999);
  assert.deepEqual(lines.map(({ line, values }) => [line, values.seconds]), [['output.connected', undefined], ['output.slow', 3]]);
  await host.behave();
  await until(() => followed.every(({ state }) => state === 'delivered'), 'the acknowledgements');
  assert.equal(host.connectionCount(), 1);
});

test('Each acknowledgement gives the others a new deadline.', async (t) => {
  const { host, output, clock } = await setUp(t, { ackTimeoutMs: 10_000, framesInFlight: 2 });
  host.misbehave('acknowledge-late');
  const followed = ['a', 'b', 'c', 'd'].map((id) => follow(output.deliver(encodeBatch([id]))));
  for (const count of [2, 4]) {
    await until(() => host.frames.length === count, `${count} frames`);
    await clock.advance(9_000);
    host.release();
  }
  await until(() => followed.every(({ state }) => state === 'delivered'), 'all acknowledgements');
  assert.equal(host.connectionCount(), 1);
});

for (const name of ['close-after-frame', 'close-in-mid-frame', 'refuse', 'answer-garbage', 'lose-acknowledgement'] as const) {
  test(`Nothing is lost and only what was in doubt is sent again when the host does this once: ${name}.`, async (t) => {
    const { host, output, lines, pass } = await setUp(t);
    await output.deliver(encodeBatch(['before']));
    host.misbehave(name, { times: 1 });
    const batch = encodeBatch(['a', 'b'], 400_000);
    const followed = follow(output.deliver(batch));
    await pass(500, () => followed.state !== 'pending', 'the delivery');
    assert.equal(followed.state, 'delivered', String(followed.error));
    const twice = name === 'lose-acknowledgement' ? 2 : 1;
    assert.deepEqual([...host.received], [['before', 1], ['a', twice], ['b', twice]]);
    assert.equal(host.connectionCount(), 2);
    assert.deepEqual(lines.map(({ line }) => line), ['output.connected', 'output.trouble', 'output.recovered']);
  });
}

test('A frame that the host never takes is tried so many times, with longer and longer waits, and then refused, while others pass.', async (t) => {
  const { host, output, clock, pass } = await setUp(t, { attempts: 4, backoffStartMs: 100 });
  host.misbehave('refuse-event', { id: 'poison' });
  const poisoned = follow(output.deliver(encodeBatch(['x', 'poison'])));
  const startMs = clock.nowMs();
  await pass(10, () => poisoned.state !== 'pending', 'the refusal');
  assert.ok(isFailure('OUTPUT_REFUSED')(poisoned.error));
  assert.match(String(poisoned.error), /batch of 2 events in 4 attempts: it closed the connection/);
  assert.equal(host.connectionCount(), 4);
  assert.ok(clock.nowMs() - startMs >= 100 + 200 + 400, `${clock.nowMs() - startMs} ms`);
  assert.deepEqual(ids(host), []);
  const other = follow(output.deliver(encodeBatch(['a'])));
  await pass(100, () => other.state !== 'pending', 'the other batch');
  assert.equal(other.state, 'delivered');
});

test('A frame that the host never takes holds up none of the others and is the only one refused, whatever its place.', async (t) => {
  for (const poisonAt of [0, 2, 5]) {
    const { host, output, pass } = await setUp(t, { attempts: 4, framesInFlight: 3 });
    host.misbehave('refuse-event', { id: 'poison' });
    const followed = [0, 1, 2, 3, 4, 5].map((index) => follow(output.deliver(encodeBatch([index === poisonAt ? 'poison' : String(index)]))));
    await pass(500, () => followed.every(({ state }) => state !== 'pending'), 'all deliveries');
    assert.deepEqual(followed.map(({ state }) => state), followed.map((_, index) => (index === poisonAt ? 'rejected' : 'delivered')));
    assert.equal(host.received.size, 5);
  }
});

test('A host that cannot be reached is tried for ever, at waits that grow to the cap, and is reported once.', async (t) => {
  const { host, output, lines, clock, pass } = await setUp(t, { attempts: 2, backoffStartMs: 1_000, backoffCapMs: 8_000 });
  await output.deliver(encodeBatch(['before']));
  host.misbehave('refuse-connections');
  const followed = follow(output.deliver(encodeBatch(['a'])));
  const failed = (): number => lines.filter(({ line }) => line === 'output.attempt_failed').length;
  const startMs = clock.nowMs();
  await pass(500, () => failed() >= 20, 'twenty attempts');
  assert.ok(clock.nowMs() - startMs > 15 * 8_000, `${clock.nowMs() - startMs} ms`);
  assert.equal(followed.state, 'pending');
  const told = lines.filter(({ line }) => line === 'output.trouble');
  assert.ok(told.length <= 2 && told.length >= 1, 'the lost connection and the refused one');
  assert.match(String(told.at(-1)?.values.reason), /ECONNREFUSED/);
  await host.behave();
  await pass(500, () => followed.state !== 'pending', 'the delivery');
  assert.equal(followed.state, 'delivered');
  assert.equal(lines.at(-1)?.line, 'output.recovered');
  assert.equal(host.received.get('a'), 1);
});

test('The waits of several senders differ: jitter takes up to half of each.', async (t) => {
  const { host, output, clock } = await setUp(t, { backoffStartMs: 1_000, random: () => 0 });
  await output.deliver(encodeBatch(['before']));
  host.misbehave('close-after-frame', { times: 2 });
  const followed = follow(output.deliver(encodeBatch(['a'])));
  // The first connection had acknowledged something, so the second follows at once.
  await until(() => host.frames.length === 3 && clock.waiting() === 1, 'the wait');
  await clock.advance(499);
  assert.equal(host.connectionCount(), 2);
  await clock.advance(1);
  await until(() => followed.state === 'delivered', 'the delivery');
});

test('A host that is not there at the start is said to be missing at once, and found when it comes.', async (t) => {
  const { host, output, lines, pass } = await setUp(t, {}, {}, (prepared) => prepared.misbehave('refuse-connections'));
  await until(() => lines.length > 0, 'a log line');
  assert.equal(lines[0]?.line, 'output.trouble');
  const followed = follow(output.deliver(encodeBatch(['a'])));
  await host.behave();
  await pass(500, () => followed.state !== 'pending', 'the delivery');
  assert.equal(followed.state, 'delivered');
  assert.deepEqual(lines.map(({ line }) => line).filter((line) => line !== 'output.attempt_failed'), ['output.trouble', 'output.connected', 'output.recovered']);
});

test('A connection that the host closes while it is idle is no trouble, and is opened again with the next batch.', async (t) => {
  const { host, output, lines } = await setUp(t);
  await output.deliver(encodeBatch(['a']));
  host.misbehave('refuse-connections');
  await until(() => lines.some(({ line }) => line === 'output.idle_end'), 'the end of the connection');
  await host.behave();
  await output.deliver(encodeBatch(['b']));
  assert.deepEqual(ids(host), ['a', 'b']);
  assert.deepEqual(lines.map(({ line }) => line), ['output.connected', 'output.idle_end']);
});

test('A host that stops reading is left after the write deadline, and the frame is sent again.', async (t) => {
  const { host, output, lines, clock } = await setUp(t, { writeTimeoutMs: 5_000 });
  await output.deliver(encodeBatch(['before']));
  host.misbehave('stall');
  const followed = follow(output.deliver(encodeBatch(['a'], 5_900_000)));
  await until(() => clock.waiting() === 2, 'the deadlines of the frame');
  await clock.advance(5_000);
  await until(() => lines.some(({ line }) => line === 'output.trouble'), 'the end of the connection');
  assert.match(String(lines.at(-1)?.values.reason), /did not read for 5000 ms/);
  await host.behave();
  await clock.advance(500);
  await until(() => followed.state === 'delivered', 'the delivery');
});

test('An acknowledgement of a chunk that nobody sent is ignored and logged once; one that comes twice counts once.', async (t) => {
  const { host, output, lines, pass } = await setUp(t, { ackTimeoutMs: 10_000 });
  host.misbehave('acknowledge-twice', { times: 2 });
  await output.deliver(encodeBatch(['a']));
  await output.deliver(encodeBatch(['b']));
  host.misbehave('acknowledge-other-chunk', { times: 1 });
  const followed = follow(output.deliver(encodeBatch(['c'])));
  await until(() => host.frames.length === 3, 'the third frame');
  assert.deepEqual(lines.map(({ line }) => line), ['output.connected', 'output.unknown_chunk']);
  assert.equal(followed.state, 'pending');
  await pass(10_000, () => followed.state !== 'pending', 'the delivery');
  assert.equal(followed.state, 'delivered');
});

test('A Vector that acknowledges in JSON ends the output, for every batch and with the repair, and gets nothing twice.', async (t) => {
  const { host, output } = await setUp(t, { framesInFlight: 1 });
  host.misbehave('acknowledge-in-json');
  const followed = ['a', 'b'].map((id) => follow(output.deliver(encodeBatch([id]))));
  await until(() => followed.every(({ state }) => state === 'rejected'), 'the refusals');
  for (const { error } of followed) assert.ok(isFailure('OUTPUT_ANSWER_JSON')(error));
  assert.match((followed[0]?.error as AuditError).repair, /0\.31/);
  await assert.rejects(output.deliver(encodeBatch(['c'])), isFailure('OUTPUT_ANSWER_JSON'));
  assert.deepEqual([...host.received], [['a', 1]]);
});

test('A batch above the limit is refused by name and the others go on; an empty one is delivered without a frame.', async (t) => {
  const { host, output } = await setUp(t, { batchLimitBytes: 1_000 });
  const large = encodeBatch(['large'], 1_000);
  const delivery = output.deliver(encodeBatch(['a']));
  await assert.rejects(output.deliver(large), (error) => isFailure('OUTPUT_BATCH_TOO_LARGE')(error) && String(error).includes(`${large.bytes.byteLength} bytes`));
  await output.deliver({ bytes: new Uint8Array(0), eventCount: 0 });
  await delivery;
  assert.equal(host.frames.length, 1);
});

test('The largest batch that is allowed by default still fits into the host\'s own limit.', async (t) => {
  const { host, output } = await setUp(t);
  const bytes = encodeBatch(['a'], 5_999_950).bytes;
  assert.ok(bytes.byteLength <= 6_000_000 && bytes.byteLength > 5_999_900, `${bytes.byteLength}`);
  await output.deliver({ bytes, eventCount: 1 });
  assert.deepEqual(ids(host), ['a']);
});

test('More batches than the queue holds are refused, to be tried later.', async (t) => {
  const { host, output, clock } = await setUp(t, { queueLimit: 3 });
  host.misbehave('never-acknowledge');
  const followed = [1, 2, 3].map((id) => follow(output.deliver(encodeBatch([String(id)]))));
  await assert.rejects(output.deliver(encodeBatch(['4'])), (error) => isFailure('OUTPUT_QUEUE_FULL')(error) && (error as AuditError).retry === 'later');
  await Promise.all([output.close(), clock.advance(4_000)]);
  await until(() => followed.every(({ state }) => state === 'rejected'), 'the end of those in the queue');
});

for (const nonceAs of ['text', 'binary'] as const) {
  test(`The shared key opens a host that asks for it, with a nonce in ${nonceAs}.`, async (t) => {
    const { host, output } = await setUp(t, { sharedKey: 'secret words' }, { sharedKey: 'secret words', nonceAs });
    await output.deliver(encodeBatch(['a']));
    assert.deepEqual(ids(host), ['a']);
    assert.deepEqual(host.complaints, []);
  });
}

const handshakeFaults = [
  ['know-another-key', /is the shared key the same on both sides/],
  ['prove-nothing', /does not know the shared key/],
  ['refuse-user', /username\/password mismatch/],
  ['send-no-helo', /did not shake hands within 10000 ms/],
  ['answer-no-ping', /did not shake hands within 10000 ms/],
] as const;

for (const [fault, reason] of handshakeFaults) {
  test(`No event goes to a host that fails the handshake (${fault}); it is tried again and never told the key.`, async (t) => {
    const { host, output, lines, pass } = await setUp(t, { sharedKey: 'secret words', attempts: 1 }, { sharedKey: 'secret words' }, (prepared) => prepared.misbehave(fault));
    const followed = follow(output.deliver(encodeBatch(['a'])));
    await pass(2_000, () => lines.filter(({ line }) => line === 'output.attempt_failed').length >= 2, 'attempts');
    assert.match(String(lines[0]?.values.reason), reason);
    assert.equal(host.frames.length, 0);
    assert.equal(followed.state, 'pending');
    assert.doesNotMatch(JSON.stringify(lines), /secret words/);
    await host.behave();
    await pass(2_000, () => followed.state !== 'pending', 'the delivery');
    assert.equal(followed.state, 'delivered');
  });
}

test('A host that asks for a shared key when none is configured is reported, and no frame is given up for it.', async (t) => {
  const { host, output, lines, pass } = await setUp(t, { attempts: 1 }, { sharedKey: 'secret words' });
  const followed = follow(output.deliver(encodeBatch(['a'])));
  await pass(1_000, () => host.connectionCount() >= 4, 'attempts');
  assert.equal(followed.state, 'pending');
  assert.match(String(lines.find(({ line }) => line === 'output.trouble')?.values.reason), /asks for a shared key/);
});

test('Over TLS a host is trusted only with a certificate from the given authority and for the expected name.', async (t) => {
  await t.test('not without the authority', async (inner) => {
    const { host, lines } = await setUp(inner, {}, { transport: 'tls' });
    await until(() => lines.length > 0, 'a log line');
    assert.match(String(lines[0]?.values.reason), /self-signed certificate/);
    assert.equal(host.frames.length, 0);
  });
  await t.test('not under another name', async (inner) => {
    const { lines } = await setUp(inner, { caFile: TEST_CERTIFICATE_FILE, serverName: 'another.test' }, { transport: 'tls' });
    await until(() => lines.length > 0, 'a log line');
    assert.match(String(lines[0]?.values.reason), /another\.test/);
  });
  await t.test('but under the name that it is told to expect', async (inner) => {
    const { output } = await setUp(inner, { caFile: TEST_CERTIFICATE_FILE, serverName: 'forward-host.test' }, { transport: 'tls' });
    await output.deliver(encodeBatch(['a']));
  });
});

test('A host that accepts connections and says nothing over TLS is left after the connect deadline.', async () => {
  let connections = 0;
  const server = createServer(() => {
    connections += 1;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const clock = createManualClock();
  const lines: LogValues[] = [];
  const url = `forward+tls://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const output = openOutput({ url, stdout: process.stdout, connectTimeoutMs: 3_000 }, (_line, values = {}) => lines.push(values), clock);
  await until(() => connections === 1, 'the connection');
  await clock.advance(3_000);
  await until(() => lines.length > 0, 'a log line');
  assert.match(String(lines[0]?.reason), /no connection within 3000 ms/);
  await output.close();
  server.close();
});

test('close waits for what is on its way and then refuses what comes later.', async (t) => {
  const { host, output } = await setUp(t, { framesInFlight: 1 });
  host.misbehave('acknowledge-late');
  const followed = ['a', 'b'].map((id) => follow(output.deliver(encodeBatch([id]))));
  await until(() => host.frames.length === 1, 'the first frame');
  const closing = output.close();
  await assert.rejects(output.deliver(encodeBatch(['late'])), isFailure('OUTPUT_CLOSED'));
  await host.behave();
  await closing;
  assert.deepEqual(followed.map(({ state }) => state), ['delivered', 'delivered']);
  assert.deepEqual(ids(host), ['a', 'b']);
});

test('close gives up after its deadline, and rejects what was not acknowledged.', async (t) => {
  const { host, output, clock } = await setUp(t, { closeTimeoutMs: 4_000 });
  host.misbehave('never-acknowledge');
  const followed = follow(output.deliver(encodeBatch(['a'])));
  await until(() => host.frames.length === 1, 'the frame');
  let closed = false;
  const closing = output.close().then(() => {
    closed = true;
  });
  await clock.advance(3_999);
  assert.equal(closed, false);
  await clock.advance(1);
  await closing;
  assert.ok(isFailure('OUTPUT_CLOSED')(followed.error));
  await output.close();
});

test('close does not wait for a host that is not there, even in the middle of a wait.', async (t) => {
  const { host, output, lines } = await setUp(t, {}, {}, (prepared) => prepared.misbehave('refuse-connections'));
  const followed = follow(output.deliver(encodeBatch(['a'])));
  await until(() => lines.length > 0, 'trouble');
  await output.close();
  await until(() => followed.state === 'rejected', 'the rejection');
  assert.ok(isFailure('OUTPUT_CLOSED')(followed.error));
  assert.equal(host.frames.length, 0);
});

test('close in the middle of a handshake ends it.', async (t) => {
  const { host, output } = await setUp(t, { sharedKey: 'k', closeTimeoutMs: 1_000 }, { sharedKey: 'k' }, (prepared) => prepared.misbehave('send-no-helo'));
  await until(() => host.connectionCount() === 1, 'the connection');
  await output.close();
});

test('Many lost connections leave no listeners behind and warn of none.', async (t) => {
  const warnings: string[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning.message);
  process.on('warning', onWarning);
  t.after(() => process.off('warning', onWarning));
  const { host, output, pass } = await setUp(t);
  for (let turn = 0; turn < 25; turn += 1) {
    host.misbehave('lose-acknowledgement', { times: 1 });
    const followed = follow(output.deliver(encodeBatch([String(turn)])));
    await pass(500, () => followed.state !== 'pending', 'the delivery');
  }
  assert.equal(host.connectionCount(), 26);
  assert.deepEqual(warnings, []);
});

test('The host itself is strict: it closes the connection on what is no PackedForward frame.', async (t) => {
  const host = await startForwardHost();
  t.after(() => host.close());
  const socket = connect(Number(new URL(host.url).port), '127.0.0.1', () => socket.write(Buffer.from('92a17480', 'hex')));
  await once(socket, 'close');
  assert.equal(host.complaints.length, 1);
});
