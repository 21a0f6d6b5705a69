/**
 * The Forward output against a log agent that others wrote: the OpenTelemetry Collector with its fluent_forward receiver, in which an
 * acknowledgement means that the server behind it has taken the events, and a closed connection that it has not.
 */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout } from 'node:timers/promises';
import { AuditError } from '../../plugin/errors.ts';
import { openOutput, type OutputOptions } from '../../plugin/output/output.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import type { Clock, Output } from '../../plugin/types.ts';
import { encodeBatch, encodeEntry } from '../support/entries.ts';
import { until } from '../support/manual-clock.ts';
import { otelIsMissing, type OtelCollector, startOtelCollector } from '../support/otel-collector.ts';

const skip = otelIsMissing();
const clock: Clock = { nowMs: Date.now, wait: (ms, signal) => setTimeout(ms, undefined, signal === undefined ? {} : { signal }) };

/** A Collector, and an output to it that tries again quickly. */
async function setUp(t: TestContext, url: (collector: OtelCollector) => string, options: Partial<OutputOptions> = {}): Promise<{ collector: OtelCollector; output: Output }> {
  const collector = await startOtelCollector();
  const output = openOutput({ url: url(collector), stdout: process.stdout, backoffStartMs: 20, backoffCapMs: 200, ...options }, silentLog, clock);
  t.after(async () => {
    await output.close();
    await collector.close();
  });
  return { collector, output };
}

const idsOf = (collector: OtelCollector): unknown[] => collector.records.map(({ fields }) => (fields.event as { id: unknown }).id);

for (const transport of ['tcp', 'unix'] as const) {
  test(`The Collector takes records whole over ${transport}: their time to the nanosecond, their values to the digit.`, { skip }, async (t) => {
    const { collector, output } = await setUp(t, ({ tcpUrl, unixUrl }) => (transport === 'tcp' ? tcpUrl : unixUrl));
    const record = {
      event: { id: 'a' }, text: 'Grüße, 世界 😀 "quoted"\n', largest: 9_223_372_036_854_775_807n, smallest: -9_223_372_036_854_775_808n,
      half: 0.5, yes: true, list: ['x', ['y'], { z: 'z' }], long: 'x'.repeat(100_000),
    };
    const times = [[1_790_000_000, 0], [1_790_000_001, 1], [1_790_000_002, 999_999_999], [4_294_967_295, 123_456_789]] as const;
    const bytes = Buffer.concat(times.map(([seconds, nanoseconds]) => encodeEntry(record, seconds, nanoseconds)));
    await output.deliver({ bytes, eventCount: times.length });
    assert.deepEqual(collector.records.map(({ timeUnixNano }) => timeUnixNano), times.map(([seconds, nanoseconds]) => BigInt(seconds) * 1_000_000_000n + BigInt(nanoseconds)));
    for (const { tag, fields } of collector.records) {
      assert.equal(tag, 'o365.audit');
      assert.deepEqual(fields, record);
    }
  });

  test(`20,000 records in frames of many sizes, several on their way at once, arrive once each over ${transport}.`, { skip }, async (t) => {
    const { collector, output } = await setUp(t, ({ tcpUrl, unixUrl }) => (transport === 'tcp' ? tcpUrl : unixUrl));
    const batches: string[][] = [];
    for (let next = 0; next < 20_000;) {
      const count = Math.min(20_000 - next, [1, 7, 100, 900, 4_000][batches.length % 5] ?? 1);
      batches.push(Array.from({ length: count }, (_, index) => String(next + index)));
      next += count;
    }
    await Promise.all(batches.map((ids) => output.deliver(encodeBatch(ids, 200))));
    assert.deepEqual(idsOf(collector), batches.flat());
  });
}

test('A record of 5 MB is taken.', { skip }, async (t) => {
  const { collector, output } = await setUp(t, ({ unixUrl }) => unixUrl);
  await output.deliver(encodeBatch(['large'], 5_000_000));
  assert.deepEqual(idsOf(collector), ['large']);
});

test('While the server behind the Collector fails nothing counts as delivered, and afterwards everything is there.', { skip }, async (t) => {
  const { collector, output } = await setUp(t, ({ tcpUrl }) => tcpUrl, { attempts: 1_000 });
  collector.answer(503);
  let delivered = 0;
  const ids = Array.from({ length: 12 }, (_, index) => String(index));
  const deliveries = Promise.all(ids.map(async (id) => {
    await output.deliver(encodeBatch([id]));
    delivered += 1;
  }));
  await until(() => collector.postCount() >= 6, 'attempts');
  assert.equal(delivered, 0);
  collector.answer(200);
  await deliveries;
  assert.deepEqual(new Set(idsOf(collector)), new Set(ids));
});

test('A Collector that is killed and started again receives what it had not acknowledged.', { skip }, async (t) => {
  for (const url of ['tcpUrl', 'unixUrl'] as const) {
    const { collector, output } = await setUp(t, (started) => started[url]);
    await output.deliver(encodeBatch(['before']));
    // Posts that are answered with a failure keep the frames un-acknowledged until the kill.
    collector.answer(503);
    const ids = Array.from({ length: 8 }, (_, index) => String(index));
    const deliveries = Promise.all(ids.map((id) => output.deliver(encodeBatch([id]))));
    await until(() => collector.postCount() >= 2, 'an attempt');
    collector.answer(200);
    await collector.restart();
    await deliveries;
    assert.deepEqual(new Set(idsOf(collector)), new Set(['before', ...ids]));
  }
});

test('A frame that the Collector cannot read is refused after its attempts, and the frames beside it are delivered.', { skip }, async (t) => {
  const { collector, output } = await setUp(t, ({ tcpUrl }) => tcpUrl, { attempts: 3 });
  const cut = encodeBatch(['cut'], 100);
  const results = await Promise.allSettled([
    output.deliver(encodeBatch(['a'])),
    output.deliver({ ...cut, bytes: cut.bytes.subarray(0, cut.bytes.byteLength - 1) }),
    output.deliver(encodeBatch(['b'])),
  ]);
  assert.deepEqual(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled']);
  const reason: unknown = results[1].status === 'rejected' ? results[1].reason : undefined;
  assert.ok(reason instanceof AuditError && reason.code === 'OUTPUT_REFUSED');
  assert.deepEqual(new Set(idsOf(collector)), new Set(['a', 'b']));
});
