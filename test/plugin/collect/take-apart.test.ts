import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { deliverWhatCanBe, type Suspicions } from '../../../plugin/collect/take-apart.ts';
import { failure } from '../../../plugin/errors.ts';
import type { Batch, Output } from '../../../plugin/types.ts';
import { codeOf } from '../../support/failures.ts';

const EVENT_BYTES = 4;

/** A batch of the events with these numbers, each of four bytes. */
function batchOf(numbers: readonly number[]): Batch {
  return {
    bytes: Buffer.concat(numbers.map((number) => Buffer.from(String(number).padStart(EVENT_BYTES, '0')))), eventCount: numbers.length,
    index: Uint32Array.from(numbers.flatMap((number, at) => [(at + 1) * EVENT_BYTES, number, number, number])),
  };
}

const numbersIn = ({ bytes }: Batch): number[] => (Buffer.from(bytes).toString().match(/.{4}/g) ?? []).map(Number);
const span = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, index) => from + index);

/** A log agent that takes no batch with one of the `poison` events in it, or none at all. */
class Agent {
  readonly taken: number[] = [];
  readonly leftOut: number[] = [];
  readonly suspicions: Suspicions = new Map();
  readonly poison = new Set<number>();
  isDown = false;
  deliveries = 0;
  /** What else is acknowledged while something is waited for. */
  others = 0;
  acknowledged = 0;
  /** Called before each delivery. */
  before: () => void = () => undefined;

  readonly deliver: Output['deliver'] = async (batch, attempts = 8) => {
    await Promise.resolve();
    this.deliveries += 1;
    this.before();
    const numbers = numbersIn(batch);
    if (numbers.length !== batch.eventCount || batch.index?.length !== numbers.length * 4) throw new Error('the index does not fit');
    if (this.isDown || numbers.some((number) => this.poison.has(number))) {
      throw failure('OUTPUT_REFUSED', { output: 'there', events: batch.eventCount, attempts, reason: 'it closed the connection' });
    }
    this.acknowledged += 1;
    this.taken.push(...numbers);
  };

  send(numbers: readonly number[]): Promise<void> {
    const output = { deliver: this.deliver, watch: () => ({ settled: () => Promise.resolve() }), close: () => Promise.resolve() };
    return deliverWhatCanBe(batchOf(numbers), {
      output: Object.defineProperty(output as unknown as Output, 'acknowledged', { get: () => this.acknowledged }), suspicions: this.suspicions, taken: () => undefined, signal: new AbortController().signal,
      clock: { nowMs: () => 0, wait: () => Promise.resolve(void (this.acknowledged += this.others)) },
      leaveOut: (event) => Promise.resolve(void this.leftOut.push(...numbersIn(event))),
    });
  }
}

describe('a refused batch', () => {
  for (const place of [1, 2, 37, 59, 60]) {
    test(`of 64 events is taken apart until event ${place}, which is refused, is alone; all others are delivered once`, async () => {
      const agent = new Agent();
      agent.poison.add(place);
      await agent.send(span(1, 64));
      assert.deepEqual([...agent.taken].sort((left, right) => left - right), span(1, 64).filter((number) => number !== place));
      assert.deepEqual(agent.leftOut, [place]);
      assert.ok(agent.deliveries <= 20, `${agent.deliveries} deliveries`);
    });
  }

  test('does not give up an event that was held back to the last before others are acknowledged; what was taken meanwhile is not sent again', async () => {
    const agent = new Agent();
    agent.poison.add(64);
    assert.equal(await codeOf(agent.send(span(1, 64))), 'OUTPUT_REFUSED');
    assert.deepEqual([agent.leftOut, agent.taken.length], [[], 63]);
    agent.others = 1;
    await agent.send([64]);
    assert.deepEqual(agent.leftOut, [64]);
  });

  test('gives up several events, neighbours among them, and no other', async () => {
    const agent = new Agent();
    for (const number of [5, 6, 7, 60, 90]) agent.poison.add(number);
    await agent.send(span(1, 100));
    assert.deepEqual(agent.leftOut.sort((left, right) => left - right), [5, 6, 7, 60, 90]);
    assert.equal(new Set(agent.taken).size, 95);
    assert.equal(agent.taken.length, 95);
  });

  test('is left whole, and nothing is given up, when the log agent takes nothing at all', async () => {
    const agent = new Agent();
    agent.isDown = true;
    assert.equal(await codeOf(agent.send(span(1, 1000))), 'OUTPUT_REFUSED');
    assert.deepEqual([agent.leftOut, agent.taken], [[], []]);
    assert.ok(agent.deliveries <= 16, `${agent.deliveries} deliveries`);
  });

  test('loses no event when the log agent goes down while it is taken apart, or comes back', async () => {
    for (const turn of span(2, 20)) {
      const agent = new Agent();
      agent.poison.add(20);
      agent.before = () => { agent.isDown = agent.deliveries >= turn; };
      await codeOf(agent.send(span(1, 32)));
      assert.ok(agent.leftOut.every((number) => number === 20), `down at delivery ${turn}: ${agent.leftOut.join()}`);
      const late = new Agent();
      late.before = () => { late.isDown = late.deliveries < turn; };
      assert.equal(await codeOf(late.send(span(1, 32))), turn <= 15 ? 'nothing was thrown' : 'OUTPUT_REFUSED');
      assert.deepEqual(late.leftOut, [], `up at delivery ${turn}`);
    }
  });

  test('of one event is given up only when other events are acknowledged between its refusals', async () => {
    const alone = new Agent();
    alone.poison.add(1);
    for (let round = 0; round < 5; round += 1) assert.equal(await codeOf(alone.send([1])), 'OUTPUT_REFUSED');
    assert.deepEqual(alone.leftOut, []);
    const amongOthers = new Agent();
    amongOthers.poison.add(1);
    amongOthers.others = 3;
    await amongOthers.send([1]);
    assert.deepEqual(amongOthers.leftOut, [1]);
  });

  test('of one event is judged by what happened in earlier rounds, too', async () => {
    const agent = new Agent();
    agent.poison.add(1);
    assert.equal(await codeOf(agent.send([1])), 'OUTPUT_REFUSED');
    await agent.send([2]);
    assert.equal(await codeOf(agent.send([1])), 'OUTPUT_REFUSED');
    await agent.send([3]);
    await agent.send([1]);
    assert.deepEqual([agent.leftOut, agent.taken, agent.suspicions.size], [[1], [2, 3], 0]);
  });

  test('of one event is no longer suspected when it is taken after all', async () => {
    const agent = new Agent();
    agent.poison.add(1);
    assert.equal(await codeOf(agent.send([1])), 'OUTPUT_REFUSED');
    agent.others = 1;
    agent.before = () => { if (agent.deliveries === 3) agent.poison.clear(); };
    await agent.send([1]);
    assert.deepEqual([agent.taken, agent.suspicions.size], [[1], 0]);
  });
});
