import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { quietly, runCollectors, type Collector, type Signals } from '../../../plugin/collect/run.ts';
import { failure, type AuditError } from '../../../plugin/errors.ts';
import { createManualClock, settled } from '../../support/manual-clock.ts';

const reason = new Error('the signal SIGTERM');
const missing = (blobs: number): AuditError => failure('COLLECT_INCOMPLETE', { tenant: 'Brackwater', blobs });

function collector(run: (signals: Signals) => Promise<AuditError | undefined>): Collector {
  return { isIdle: true, run };
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}

function setUp() {
  const clock = createManualClock();
  const stop = new AbortController();
  const told: string[] = [];
  return { clock, stop, told, options: { clock, stop: stop.signal, graceMs: 3_000, abandoned: () => void told.push('abandoned') } };
}

describe('a run', () => {
  test('ends when all collectors have ended, with what the first of them left undone', async () => {
    const { clock, options } = setUp();
    const results = [undefined, missing(2), missing(3)];
    assert.equal(await runCollectors(results.map((result) => collector(() => Promise.resolve(result))), options), results[1]);
    assert.equal(clock.waiting(), 0);
  });

  test('goes on when one collector ends with something undone', async () => {
    const { options } = setUp();
    let open = (): void => undefined;
    let isOver = false;
    const running = runCollectors([collector(() => Promise.resolve(missing(1))), collector(() => new Promise((resolve) => { open = () => resolve(undefined); }))], options).then((result) => {
      isOver = true;
      return result;
    });
    await settled();
    assert.equal(isOver, false);
    open();
    assert.equal((await running)?.code, 'COLLECT_INCOMPLETE');
  });

  test('tells all collectors to stop, and gives up what is in flight only after the grace time', async () => {
    const { clock, stop, told, options } = setUp();
    const running = runCollectors([collector(async ({ stop: stopped, abandon }) => {
      await aborted(stopped);
      told.push('stopping');
      await aborted(abandon);
      assert.equal(abandon.reason, reason);
      return undefined;
    })], options);
    stop.abort(reason);
    await settled();
    assert.deepEqual(told, ['stopping']);
    await clock.advance(2_999);
    assert.deepEqual(told, ['stopping']);
    await clock.advance(1);
    assert.deepEqual(told, ['stopping', 'abandoned']);
    assert.equal(await running, undefined);
  });

  test('that is finished within the grace time abandons nothing, and leaves no timer behind', async () => {
    const { clock, stop, told, options } = setUp();
    const running = runCollectors([collector(async ({ stop: stopped }) => {
      await aborted(stopped);
      return undefined;
    })], options);
    stop.abort(reason);
    await running;
    await settled();
    assert.equal(clock.waiting(), 0);
    await clock.advance(10_000);
    assert.deepEqual(told, []);
  });

  test('fails with what one collector fails with, once the others have finished what they had', async () => {
    const { told, options } = setUp();
    const ending = failure('OUTPUT_CLOSED', { output: 'stdout', events: 3 });
    const running = runCollectors([
      collector(async ({ stop: stopped }) => {
        await aborted(stopped);
        told.push('finished');
        return missing(1);
      }),
      collector(() => Promise.reject(ending)),
    ], options);
    await assert.rejects(running, ending);
    assert.deepEqual(told, ['finished']);
  });

  test('without collectors is over', async () => {
    assert.equal(await runCollectors([], setUp().options), undefined);
  });
});

describe('a quiet wait', () => {
  test('ends well when the stop ended it, and fails with anything else', async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    const waiting = quietly(clock.wait(1_000, stop.signal), stop.signal);
    stop.abort(reason);
    await waiting;
    await assert.rejects(quietly(Promise.reject(reason), new AbortController().signal), reason);
  });
});
