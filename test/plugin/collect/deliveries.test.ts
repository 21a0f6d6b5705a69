import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBytesInFlight } from '../../../plugin/collect/bytes-in-flight.ts';
import { createDeliveries, type Deliveries } from '../../../plugin/collect/deliveries.ts';
import { failure, type AuditError } from '../../../plugin/errors.ts';
import type { Batch } from '../../../plugin/types.ts';
import { heldOutput, type HeldOutput } from '../../support/held-output.ts';
import { settled } from '../../support/manual-clock.ts';

const { signal } = new AbortController();

function setUp(limitBytes = 1_000): { readonly deliveries: Deliveries; readonly output: HeldOutput; readonly held: () => number; readonly tooLarge: AuditError[] } {
  const bytes = createBytesInFlight(limitBytes);
  const output = heldOutput();
  const tooLarge: AuditError[] = [];
  return { deliveries: createDeliveries(output, bytes, (error) => tooLarge.push(error), signal), output, held: () => bytes.held, tooLarge };
}

const batch = (byteCount: number, eventCount = 1): Batch => ({ bytes: new Uint8Array(byteCount), eventCount });

describe('deliveries', () => {
  test('go side by side while there is room, and wait where there is none', async () => {
    const { deliveries, output, held } = setUp(100);
    await deliveries.send(batch(60));
    await deliveries.send(batch(40));
    let isSent = false;
    void deliveries.send(batch(1)).then(() => { isSent = true; });
    await settled();
    assert.equal(output.waiting.length, 2);
    assert.equal(isSent, false);
    output.waiting[0]?.resolve();
    await settled();
    assert.equal(isSent, true);
    assert.equal(held(), 41);
  });

  test('are ended when none is under way, and give back what they held', async () => {
    const { deliveries, output, held } = setUp();
    await deliveries.send(batch(10));
    await deliveries.send(batch(20));
    let isEnded = false;
    const waiting = deliveries.ended().then(() => { isEnded = true; });
    output.waiting[1]?.resolve();
    await settled();
    assert.equal(isEnded, false);
    output.waiting[0]?.resolve();
    await waiting;
    deliveries.throwFailure();
    assert.equal(held(), 0);
  });

  test('fail with the first failure, once and for all, though the others are waited for', async () => {
    const { deliveries, output, held } = setUp();
    const first = failure('OUTPUT_REFUSED', { output: 'there', events: 1, attempts: 8, reason: 'no' });
    for (const byteCount of [1, 2, 3]) await deliveries.send(batch(byteCount));
    output.waiting[1]?.reject(first);
    await settled();
    await assert.rejects(deliveries.send(batch(4)), first);
    output.waiting[0]?.reject(failure('OUTPUT_CLOSED', { output: 'there', events: 1 }));
    output.waiting[2]?.resolve();
    await deliveries.ended();
    assert.throws(() => deliveries.throwFailure(), first);
    assert.equal(held(), 0);
    assert.equal(output.waiting.length, 3, 'nothing is handed over after a failure');
  });

  test('leave an event out that is too large for the output, and go on', async () => {
    const { deliveries, output, tooLarge } = setUp();
    const refusal = failure('OUTPUT_BATCH_TOO_LARGE', { output: 'there', bytes: 7_000_000, limitBytes: 6_000_000 });
    await deliveries.send(batch(1));
    await deliveries.send(batch(2));
    output.waiting[0]?.reject(refusal);
    output.waiting[1]?.resolve();
    await deliveries.ended();
    deliveries.throwFailure();
    assert.deepEqual(tooLarge, [refusal]);
  });

  test('settle as the output says, and are watched anew after that', async () => {
    const output = heldOutput();
    const answers = [Promise.resolve(), Promise.reject(failure('OUTPUT_UNSETTLED', { output: 'there', seconds: 3 }))];
    let watches = 0;
    const deliveries = createDeliveries({ ...output, watch: () => ({ settled: () => answers[watches++] ?? Promise.resolve() }) }, createBytesInFlight(100), () => undefined, signal);
    await deliveries.settled(signal);
    await assert.rejects(deliveries.settled(signal), { code: 'OUTPUT_UNSETTLED' });
  });

  test('do not leave out several events because they are too large together', async () => {
    const { deliveries, output, tooLarge } = setUp();
    const refusal = failure('OUTPUT_BATCH_TOO_LARGE', { output: 'there', bytes: 7_000_000, limitBytes: 6_000_000 });
    await deliveries.send(batch(1, 2));
    output.waiting[0]?.reject(refusal);
    await deliveries.ended();
    assert.throws(() => deliveries.throwFailure(), refusal);
    assert.deepEqual(tooLarge, []);
  });
});
