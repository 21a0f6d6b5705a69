import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Suspicions } from '../../../plugin/collect/suspicions.ts';
import { deliverWhatCanBe } from '../../../plugin/collect/take-apart.ts';
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
  readonly suspicions = new Suspicions();
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
    if (numbers.length !== batch.eventCount || (batch.index?.length ?? 4) !== numbers.length * 4) throw new Error('the index does not fit');
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

  test('has an event that was held back to the last given up, too: what was taken before is sent once more, and shows that the log agent is well', async () => {
    const agent = new Agent();
    agent.poison.add(64);
    await agent.send(span(1, 64));
    assert.deepEqual(agent.leftOut, [64]);
    assert.deepEqual(new Set(agent.taken), new Set(span(1, 63)));
    assert.ok(agent.taken.length <= 63 + 2, `${agent.taken.length - 63} events were sent once more`);
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
      const isDone = await codeOf(agent.send(span(1, 32))) === 'nothing was thrown';
      if (isDone) assert.deepEqual(new Set([...agent.taken, ...agent.leftOut]), new Set(span(1, 32)), `down at delivery ${turn}`);
      assert.ok(agent.leftOut.every((number) => number === 20), `down at delivery ${turn}: ${agent.leftOut.join()}`);
      const late = new Agent();
      late.before = () => { late.isDown = late.deliveries < turn; };
      assert.equal(await codeOf(late.send(span(1, 32))), turn <= 15 ? 'nothing was thrown' : 'OUTPUT_REFUSED');
      assert.deepEqual([late.leftOut, new Set(late.taken)], [[], new Set(turn <= 15 ? span(1, 32) : [])], `up at delivery ${turn}`);
    }
  });

  test('of one event is not given up before the log agent has taken anything', async () => {
    const alone = new Agent();
    alone.poison.add(1);
    for (let round = 0; round < 5; round += 1) assert.equal(await codeOf(alone.send([1])), 'OUTPUT_REFUSED');
    assert.deepEqual(alone.leftOut, []);
  });

  test('of one event is given up when other events are acknowledged between its refusals', async () => {
    const agent = new Agent();
    agent.poison.add(1);
    agent.others = 3;
    await agent.send([1]);
    assert.deepEqual([agent.leftOut, agent.taken], [[1], []]);
  });

  test('of one event is given up when what was taken before is taken once more between its refusals, and the newest of that is sent', async () => {
    const agent = new Agent();
    agent.poison.add(1);
    for (const number of [2, 3]) await agent.send([number, number + 10]);
    await agent.send([1]);
    assert.deepEqual([agent.leftOut, agent.taken], [[1], [2, 12, 3, 13, 3, 3]]);
  });

  test('of one event is not given up when what was taken before is refused, too', async () => {
    const agent = new Agent();
    await agent.send([2]);
    agent.isDown = true;
    for (let round = 0; round < 5; round += 1) {
      const before = agent.deliveries;
      assert.equal(await codeOf(agent.send([1])), 'OUTPUT_REFUSED');
      assert.ok(agent.deliveries - before <= 2, `${agent.deliveries - before} deliveries to a log agent that takes nothing`);
    }
    assert.deepEqual(agent.leftOut, []);
  });

  test('of one event is judged by what happened in earlier rounds, too', async () => {
    const agent = new Agent();
    agent.poison.add(1);
    for (const other of [2, 3]) {
      assert.equal(await codeOf(agent.send([1])), 'OUTPUT_REFUSED');
      await agent.send([other]);
      // it is not taken once more
      agent.poison.add(other);
    }
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
