import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Claims } from '../../../plugin/collect/claims.ts';
import { createDeliveries, type Deliveries, type DeliveryRooms } from '../../../plugin/collect/deliveries.ts';
import { failure, type AuditError } from '../../../plugin/errors.ts';
import type { Batch, Claim } from '../../../plugin/types.ts';
import { heldOutput, roomsFor, type HeldOutput } from '../../support/held-output.ts';
import { settled, until } from '../../support/manual-clock.ts';

const { signal } = new AbortController();
const refused = (): AuditError => failure('OUTPUT_REFUSED', { output: 'there', events: 1, attempts: 8, reason: 'no' });

interface SetUp {
  readonly deliveries: Deliveries;
  readonly output: HeldOutput;
  readonly held: () => number;
  readonly leftOut: AuditError[];
}

function setUp(limitBytes = 1_000, changes: Partial<DeliveryRooms> = {}, all = false): SetUp {
  const output = heldOutput();
  const rooms = { ...roomsFor(output, limitBytes), ...changes };
  const leftOut: AuditError[] = [];
  const deliveries = createDeliveries(rooms, { all, leaveOut: (_event, error) => Promise.resolve(void leftOut.push(error)), signal });
  return { deliveries, output, held: () => rooms.bytesInFlight.held, leftOut };
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
    const first = failure('OUTPUT_CLOSED', { output: 'there', events: 1 });
    for (const byteCount of [1, 2, 3]) await deliveries.send(batch(byteCount));
    output.waiting[1]?.reject(first);
    await settled();
    await assert.rejects(deliveries.send(batch(4)), first);
    output.waiting[0]?.reject(failure('OUTPUT_CLOSED', { output: 'there', events: 2 }));
    output.waiting[2]?.resolve();
    await deliveries.ended();
    assert.throws(() => deliveries.throwFailure(), first);
    assert.equal(held(), 0);
    assert.equal(output.waiting.length, 3, 'nothing is handed over after a failure');
  });

  test('leave an event out that is too large for the output, and go on', async () => {
    const { deliveries, output, leftOut } = setUp();
    const refusal = failure('OUTPUT_BATCH_TOO_LARGE', { output: 'there', bytes: 7_000_000, limitBytes: 6_000_000 });
    await deliveries.send(batch(1));
    await deliveries.send(batch(2));
    output.waiting[0]?.reject(refusal);
    output.waiting[1]?.resolve();
    await deliveries.ended();
    deliveries.throwFailure();
    assert.deepEqual([leftOut, deliveries.leftOut], [[refusal], 1]);
  });

  test('do not leave out several events because they are too large together, when nothing says where each ends', async () => {
    const { deliveries, output, leftOut } = setUp();
    const refusal = failure('OUTPUT_BATCH_TOO_LARGE', { output: 'there', bytes: 7_000_000, limitBytes: 6_000_000 });
    await deliveries.send(batch(1, 2));
    output.waiting[0]?.reject(refusal);
    await deliveries.ended();
    assert.throws(() => deliveries.throwFailure(), refusal);
    assert.deepEqual(leftOut, []);
  });

  test('settle as the output says, and are watched anew after that', async () => {
    const output = heldOutput();
    const answers = [Promise.resolve(), Promise.reject(failure('OUTPUT_UNSETTLED', { output: 'there', seconds: 3 }))];
    let watches = 0;
    const { deliveries } = setUp(100, { output: { ...output, watch: () => ({ settled: () => answers[watches++] ?? Promise.resolve() }) } });
    await deliveries.settled(signal);
    await assert.rejects(deliveries.settled(signal), { code: 'OUTPUT_UNSETTLED' });
  });
});

/** Three events of one byte each. */
const three: Batch = { bytes: Buffer.from('abc'), eventCount: 3, index: Uint32Array.of(1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3) };

/** A memory that knows the events at `known` of each batch; what is told to it is written down. */
function memory(known: readonly number[], elsewhere: readonly Promise<void>[] = []): { readonly claims: Claims; readonly said: string[] } {
  const said: string[] = [];
  const claim: Claim = {
    known: known.length === 0 ? undefined : Uint8Array.from([0, 1, 2], (event) => known.includes(event) ? 1 : 0), knownCount: known.length, elsewhere,
    partDelivered: (index) => said.push(`part of ${index.length / 4}`), delivered: () => said.push('delivered'), keep: () => said.push('keep'), failed: () => said.push('failed'),
  };
  return { claims: { claim: (_index, all) => (said.push(all ? 'claim all' : 'claim'), claim) }, said };
}

describe('deliveries with a memory', () => {
  test('send what is not known, and count what is', async () => {
    const { claims, said } = memory([0, 2]);
    const { deliveries, output } = setUp(1_000, { claims });
    await deliveries.send(three);
    assert.deepEqual(output.waiting.map(({ batch: { bytes, index } }) => [Buffer.from(bytes).toString(), index]), [['b', Uint32Array.of(1, 2, 2, 2)]]);
    assert.deepEqual(said, ['claim']);
    output.waiting[0]?.resolve();
    await deliveries.ended();
    await deliveries.settled(signal);
    assert.deepEqual([said, deliveries.duplicates], [['claim', 'delivered', 'keep'], 2]);
  });

  test('send no batch whose events are all known', async () => {
    const { claims, said } = memory([0, 1, 2]);
    const { deliveries, output, held } = setUp(1_000, { claims });
    await deliveries.send(three);
    await deliveries.ended();
    await deliveries.settled(signal);
    assert.deepEqual([output.waiting.length, deliveries.duplicates, held(), said], [0, 3, 0, ['claim', 'delivered']]);
  });

  test('ask for all of what an operator has ordered', async () => {
    const { claims, said } = memory([]);
    const { deliveries } = setUp(1_000, { claims }, true);
    await deliveries.send(three);
    assert.deepEqual(said, ['claim all']);
  });

  test('give back what failed, and what had no room before the end', async () => {
    const failing = memory([]);
    const first = setUp(1_000, { claims: failing.claims });
    await first.deliveries.send(three);
    first.output.waiting[0]?.reject(failure('OUTPUT_CLOSED', { output: 'there', events: 3 }));
    await first.deliveries.ended();
    assert.deepEqual(failing.said, ['claim', 'failed']);
    const crowded = memory([]);
    const rooms = roomsFor(heldOutput(), 3);
    const end = new AbortController();
    const second = createDeliveries({ ...rooms, claims: crowded.claims }, { all: false, leaveOut: () => Promise.resolve(), signal: end.signal });
    await second.send(three);
    const sending = second.send(three);
    end.abort(new Error('the end'));
    await assert.rejects(sending, /the end/);
    assert.deepEqual(crowded.said, ['claim', 'claim', 'failed']);
  });

  test('remember what was taken of a batch whose rest was not, so that only the rest comes again', async () => {
    const { claims, said } = memory([]);
    const { deliveries, output } = setUp(1_000, { claims });
    await deliveries.send(three);
    // all, the first, the other two, each of them, and the first once more
    for (const [number, isTaken] of [false, true, false, false, false, false].entries()) {
      await until(() => output.waiting.length > number, `delivery ${number}`);
      if (isTaken) output.waiting[number]?.resolve();
      else output.waiting[number]?.reject(refused());
    }
    await deliveries.ended();
    assert.throws(() => deliveries.throwFailure(), { code: 'OUTPUT_REFUSED' });
    assert.deepEqual(said, ['claim', 'part of 1', 'failed']);
  });

  test('remember only what is settled, and give back what is not', async () => {
    const { claims, said } = memory([]);
    const output = heldOutput();
    const { deliveries } = setUp(1_000, { claims, output: { ...output, watch: () => ({ settled: () => Promise.reject(failure('OUTPUT_UNSETTLED', { output: 'there', seconds: 3 })) }) } });
    await deliveries.send(three);
    output.waiting[0]?.resolve();
    await deliveries.ended();
    await assert.rejects(deliveries.settled(signal), { code: 'OUTPUT_UNSETTLED' });
    assert.deepEqual(said, ['claim', 'failed']);
  });

  test('remember nothing before the end where the far side acknowledges nothing', async () => {
    const { claims, said } = memory([]);
    const { deliveries, output } = setUp(1_000, { claims, remembersParts: false });
    await deliveries.send(three);
    output.waiting[0]?.resolve();
    await deliveries.ended();
    await settled();
    assert.deepEqual(said, ['claim', 'delivered']);
    await deliveries.settled(signal);
    assert.deepEqual(said, ['claim', 'delivered', 'keep']);
  });

  test('are not settled before what others have on their way is delivered, and fail when that fails', async () => {
    let resolve: () => void = () => undefined;
    const { claims } = memory([1], [new Promise<void>((done) => { resolve = done; })]);
    const one = setUp(1_000, { claims });
    await one.deliveries.send(three);
    one.output.waiting[0]?.resolve();
    await one.deliveries.ended();
    let isSettled = false;
    const settling = one.deliveries.settled(signal).then(() => { isSettled = true; });
    await settled();
    assert.equal(isSettled, false);
    resolve();
    await settling;
    const failing = memory([1], [Promise.reject(refused())]);
    const other = setUp(1_000, { claims: failing.claims });
    await other.deliveries.send(three);
    other.output.waiting[0]?.resolve();
    await other.deliveries.ended();
    await assert.rejects(other.deliveries.settled(signal), { code: 'OUTPUT_REFUSED' });
  });
});
