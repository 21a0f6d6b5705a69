import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Counters } from '../../../plugin/telemetry/counters.ts';
import { keepStanding } from '../../../plugin/telemetry/standing-keeper.ts';
import { readStanding } from '../../../plugin/telemetry/standing.ts';
import type { LogLine } from '../../../plugin/telemetry/log.ts';
import { createManualClock } from '../../support/manual-clock.ts';

async function setUp(changes: { read?: () => Promise<string | undefined>; keep?: (text: Iterable<string>) => Promise<void> } = {}) {
  const clock = createManualClock();
  const counters = new Counters({ program: '1.2.3', processId: 42, clock });
  const lines: LogLine[] = [];
  const texts: string[] = [];
  const told: (string | undefined)[] = [];
  const keeper = await keepStanding(counters, {
    read: changes.read ?? (() => Promise.resolve(undefined)),
    keep: changes.keep ?? (async (text) => { texts.push([...text].join('')); await Promise.resolve(); }),
    kept: (unwritten) => told.push(unwritten),
  }, clock, (line) => lines.push(line));
  return { clock, counters, lines, texts, told, keeper };
}

describe('what a run says of itself', () => {
  test('is kept soon after the start, every few seconds, and once more at the end', async () => {
    const { clock, counters, texts, keeper } = await setUp();
    await clock.advance(1_000);
    assert.equal(texts.length, 1);
    await clock.advance(10_000);
    assert.equal(texts.length, 3);
    counters.end('it was enough', true);
    await keeper.close();
    assert.equal(readStanding(texts.at(-1) ?? '')?.ending?.reason, 'it was enough');
    assert.equal(clock.waiting(), 0);
  });

  test('takes little of the time, however long it takes', async () => {
    let saves = 0;
    const { clock, keeper } = await setUp({ keep: async () => {
      saves += 1;
      await Promise.resolve();
      clock.jump(300);
    } });
    await clock.advance(60_000);
    assert.ok(saves >= 2 && saves <= 3, `${saves} times 300 ms in a minute`);
    await keeper.close();
  });

  test('is kept again within a minute when the machine has slept while it was written', async () => {
    const nightMs = 8 * 3_600_000;
    let saves = 0;
    const { clock, keeper } = await setUp({ keep: async () => {
      saves += 1;
      await Promise.resolve();
      if (saves === 1) clock.jump(nightMs);
    } });
    await clock.advance(1_000);
    assert.equal(saves, 1);
    // the clock has gone back to where it was advanced to
    await clock.advance(nightMs + 60_000);
    assert.equal(saves, 2);
    await keeper.close();
  });

  test('that cannot be written or read is complained of once, and tried again', async () => {
    let works = false;
    let saves = 0;
    const { clock, lines, told, keeper } = await setUp({
      read: () => Promise.reject(new Error('EACCES')),
      keep: () => {
        saves += 1;
        return works ? Promise.resolve() : Promise.reject(new Error('ENOSPC'));
      },
    });
    await clock.advance(20_000);
    assert.deepEqual(lines, ['status.unreadable', 'status.unwritten']);
    assert.deepEqual([keeper.unwritten, new Set(told)], ['ENOSPC', new Set(['ENOSPC'])]);
    works = true;
    await clock.advance(5_000);
    assert.deepEqual([keeper.unwritten, told.at(-1)], [undefined, undefined]);
    works = false;
    await keeper.close();
    assert.deepEqual(lines, ['status.unreadable', 'status.unwritten', 'status.unwritten']);
    assert.ok(saves >= 6);
  });

  test('goes on with the counts of the last run, and at zero where they are damaged', async () => {
    const first = await setUp();
    first.counters.tenant('contoso.com').watch(() => ({ owed: new Map(), quota: { used: 0, limit: 1, waiting: 0 } }), ['DLP.All']);
    first.counters.tenant('contoso.com').add('DLP.All', 'eventsDelivered', 9);
    await first.keeper.close();
    for (const [text, count, lines] of [[first.texts.at(-1), 9, []], ['{', 0, ['status.unreadable']]] as const) {
      const next = await setUp({ read: () => Promise.resolve(text) });
      next.counters.tenant('contoso.com').watch(() => ({ owed: new Map(), quota: { used: 0, limit: 1, waiting: 0 } }), ['DLP.All']);
      assert.equal(next.counters.standing().tenants['contoso.com']?.feeds['DLP.All']?.counts.eventsDelivered, count);
      assert.deepEqual(next.lines, lines);
      await next.keeper.close();
    }
  });
});
