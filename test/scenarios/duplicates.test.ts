/**
 * The service lists the same event in two blobs, by design (A5), and a collector that was killed does not know for sure what it had delivered. Ids of delivered events
 * are remembered, so an event is sent once: in one run, across restarts, and when a blob was half delivered at a kill. The detections of DLP.All are never taken for
 * the workload's own event of the same Id. With --no-dedupe everything is sent, and where the memory was lost, too.
 */
import assert from 'node:assert/strict';
import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readIdFile } from '../../plugin/ledger/id-file.ts';
import { addBacklog, idsIn, untilListable } from '../support/backlog.ts';
import { eventually } from '../support/chain.ts';
import { startForwardHost } from '../support/forward-host.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { startSimulation } from '../support/simulation.ts';

const event = (id: string): string => JSON.stringify({ Id: id, CreationTime: '2026-09-01T08:15:30', Operation: 'FileAccessed', Workload: 'SharePoint', RecordType: 6 });
const COUNT = 500;
const numbered = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => `event-${from + index}`);
const ndjson = (ids: readonly string[]): string => ids.map(event).join('\n');

/** How many ids of delivered events are on the disk. */
async function rememberedCount(stateDir: string): Promise<number> {
  const folder = join(stateDir, 'delivered');
  const readings = await Promise.all(readdirSync(folder).map((name) => readIdFile(join(folder, name))));
  return readings.reduce((sum, reading) => sum + (reading?.idCount ?? 0), 0);
}

describe('an event that is listed twice', { concurrency: 2 }, () => {
  test('is sent once: in two blobs of one run, in a blob of the next run, but not in place of the detections of DLP.All', async () => {
    const simulation = await startSimulation({ eventCount: 0 });
    const host = await startForwardHost();
    try {
      const add = (ids: readonly string[], contentType: 'Audit.SharePoint' | 'Audit.General' | 'DLP.All', ageMs: number): void => void simulation.simulator.addEvents({ ndjson: ndjson(ids), contentType, ageMs, keepIds: true });
      add(numbered(1, COUNT), 'Audit.SharePoint', 120_000);
      add(numbered(COUNT / 2 + 1, COUNT * 2), 'Audit.SharePoint', 60_000);
      add(numbered(1, 10), 'DLP.All', 60_000);
      await untilListable();
      const words = ['collect', ...simulation.words, '--output', host.url, '--once'];
      const first = await runProgram(words);
      assert.deepEqual(first.ending, { status: 0, signal: null }, first.stderr);
      const expected = [...numbered(1, COUNT * 2), ...numbered(1, 10).map((id) => `${id}:dlp`)];
      assert.deepEqual([...host.received].sort(), expected.map((id): [string, number] => [id, 1]).sort());
      assert.match(first.stderr, new RegExp(`duplicates=${COUNT / 2}`));

      add(numbered(1, COUNT * 2), 'Audit.General', 0);
      await untilListable();
      const second = await runProgram(words);
      assert.match(second.stderr, new RegExp(`events=0 blobs=1 duplicates=${COUNT * 2}`));
      assert.equal([...host.received.values()].reduce((sum, times) => sum + times, 0), expected.length);

      add(numbered(1, 20), 'Audit.General', 0);
      await untilListable();
      const all = await runProgram([...words, '--no-dedupe']);
      assert.deepEqual(all.ending, { status: 0, signal: null }, all.stderr);
      assert.equal(host.received.get('event-20'), 2);

      rmSync(join(simulation.stateDir, 'delivered'), { recursive: true });
      add(numbered(21, 40), 'Audit.General', 0);
      await untilListable();
      await runProgram(words);
      assert.deepEqual([host.received.get('event-40'), host.received.get('event-41')], [2, 1], 'what is not remembered is sent');
    } finally {
      await host.close();
      await simulation.close();
    }
  });

  test('because the collector was killed in the middle of its blob is sent once, as far as its acknowledgement was known', async () => {
    const simulation = await startSimulation({ eventCount: 0 });
    const host = await startForwardHost();
    try {
      const blobs = addBacklog(simulation.simulator, { blobs: 1, eventsPerBlob: 3_000 });
      await untilListable();
      const words = ['collect', ...simulation.words, '--output', host.url, '--frame-size', '16KiB', '--frames-in-flight', '1'];
      host.misbehave('acknowledge-late');
      const killed = startProgram(words);
      for (let frames = 1; frames <= 30; frames += 1) {
        await killed.until(() => host.frames.length >= frames, `frame ${frames}`);
        host.release();
      }
      await killed.until(() => host.frames.length >= 31, 'the frame that is never acknowledged');
      const delivered = host.received.size;
      const acknowledged = host.frames.slice(0, 30).reduce((sum, { size }) => sum + size, 0);
      await eventually(async () => await rememberedCount(simulation.stateDir) >= acknowledged, 'what is acknowledged to be remembered');
      await killed.kill();
      assert.ok(delivered > 100 && delivered < 3_000, `${delivered} events`);
      await host.behave();
      const next = await runProgram([...words, '--once']);
      assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
      assert.deepEqual(new Set(host.received.keys()), idsIn(blobs));
      const twice = [...host.received.values()].filter((times) => times > 1).length;
      const inFrame = host.frames[30]?.size ?? 0;
      assert.ok(twice <= inFrame, `${twice} events came twice; the frame on its way had ${inFrame}`);
    } finally {
      await host.close();
      await simulation.close();
    }
  });
});
