/**
 * The log agent refuses one event for ever: it closes the connection upon each frame with that event in it, as Fluent Bit and the OpenTelemetry Collector do. The
 * collector takes the batch apart until the event is alone, keeps it in the state directory, and everything else arrives and is committed. Whose fault it is shows in
 * what the log agent takes between its refusals; where nothing else travels, that is what it took last, sent once more. `replay` lists the event, and delivers it once
 * the log agent is mended, also while a collector runs. Where there is no room for such an event its blob stays owed, and log, status and metrics say so. A log agent
 * that refuses everything never makes a dead letter.
 */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { addBacklog, committedIn, idsIn, untilListable, type KnownBlob } from '../support/backlog.ts';
import { startForwardHost, type ForwardHost } from '../support/forward-host.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { startSimulation, type Simulation } from '../support/simulation.ts';

const BACKLOG = { blobs: 6, eventsPerBlob: 40 };
const QUICK = ['--frame-attempts', '2'];
const OFTEN = ['-M', 'o365.audit.var.api.poll_interval=1s'];

interface Bed {
  readonly simulation: Simulation;
  readonly host: ForwardHost;
  readonly blobs: readonly KnownBlob[];
  readonly collect: readonly string[];
  readonly replay: readonly string[];
  readonly letters: () => string[];
}

async function withBed(use: (bed: Bed) => Promise<void>): Promise<void> {
  const simulation = await startSimulation({ eventCount: 0 });
  const host = await startForwardHost();
  try {
    const blobs = addBacklog(simulation.simulator, BACKLOG);
    await untilListable();
    const folder = join(simulation.stateDir, 'dead-letters');
    await use({
      simulation, host, blobs, collect: ['collect', ...simulation.words, '--output', host.url, ...QUICK], replay: ['replay', ...simulation.words, '--output', host.url],
      letters: () => existsSync(folder) ? readdirSync(folder).map((name) => join(folder, name)) : [],
    });
  } finally {
    await host.close();
    await simulation.close();
  }
}

const committed = async ({ simulation, blobs }: Bed): Promise<number> => (await committedIn(simulation.stateDir, simulation.simulator.tenants[0]?.id ?? '', blobs)).length;

describe('an event that the log agent refuses for ever', { concurrency: 2 }, () => {
  test('is kept apart, and all others arrive; replay lists it, and delivers it when the log agent takes it', async () => {
    await withBed(async (bed) => {
      const { host, blobs, collect, replay, letters } = bed;
      const poison = blobs[2]?.ids[11] ?? '';
      host.misbehave('refuse-event', { id: poison });
      const run = await runProgram([...collect, '--once']);
      assert.deepEqual(run.ending, { status: 0, signal: null }, run.stderr);
      assert.deepEqual(new Set(host.received.keys()), new Set([...idsIn(blobs)].filter((id) => id !== poison)));
      assert.match(run.stderr, /The output does not take an event/);
      assert.match(run.stderr, /deadLetters=1/);
      assert.equal(await committed(bed), BACKLOG.blobs);
      assert.equal(letters().length, 1);
      if (process.platform !== 'win32') assert.equal(statSync(letters()[0] ?? '').mode & 0o777, 0o600);

      const listed = await runProgram([...replay, '--list', '--json']);
      const { id, ...letter } = JSON.parse(listed.lines()[0] ?? '') as Record<string, unknown>;
      assert.deepEqual([letter.kind, letter.event_id, letter.content_id], ['dead_letter', poison, blobs[2]?.contentId]);
      const refused = await runProgram([...replay, '--dead-letters']);
      assert.equal(refused.ending?.status, 1, refused.stderr);
      assert.match(refused.stderr, /REPLAY_INCOMPLETE/);
      assert.equal(letters().length, 1);
      const unknown = await runProgram([...replay, '--id', 'no-such-letter']);
      assert.equal(unknown.ending?.status, 2, unknown.stderr);

      await host.behave();
      const before = new Map(host.received);
      const collector = startProgram(collect);
      await collector.said('Everything that there was has been delivered.');
      const delivered = await runProgram([...replay, '--dead-letters', '--id', String(id)]);
      assert.deepEqual(delivered.ending, { status: 0, signal: null }, delivered.stderr);
      assert.deepEqual([host.received.get(poison), letters()], [1, []]);
      assert.equal((await runProgram([...replay, '--list'])).stdout, '');
      collector.signal('SIGTERM');
      assert.equal((await collector.ended()).status, 0);
      // in the first run something may come twice: an acknowledgement can be lost with the connection that the event costs
      assert.deepEqual(new Map(host.received), new Map([...before, [poison, 1]]), 'nothing else came in later runs');
    });
  });

  test('is delivered by one replay at a time, beside a running collector: a second one says who is at it; after a kill the next one delivers it', async () => {
    await withBed(async (bed) => {
      const { host, blobs, collect, replay, letters } = bed;
      const poison = blobs[2]?.ids[11] ?? '';
      host.misbehave('refuse-event', { id: poison });
      assert.equal((await runProgram([...collect, '--once'])).ending?.status, 0);
      await host.behave();
      const collector = startProgram(collect);
      await collector.said('Everything that there was has been delivered.');
      host.misbehave('acknowledge-late');
      for (const isKilled of [true, false]) {
        const framesBefore = host.frames.length;
        const first = startProgram([...replay, '--dead-letters']);
        await first.until(() => host.frames.length > framesBefore, 'the letter');
        const second = await runProgram(replay);
        assert.deepEqual([second.ending, host.frames.length], [{ status: 4, signal: null }, framesBefore + 1], second.stderr);
        assert.match(second.stderr, new RegExp(`The dead letters of .* are being delivered by process (${first.child.pid}, since \\d{4}-|\\(it does not answer\\)).*\\[REPLAY_LOCKED\\]$`, 'm'));
        assert.equal((await runProgram([...replay, '--list'])).lineCount, 1);
        if (isKilled) await first.kill();
        else host.release();
        assert.deepEqual([(await first.ended()).status, letters().length], isKilled ? [null, 1] : [0, 0], first.stderr);
      }
      await host.behave();
      collector.signal('SIGTERM');
      assert.equal((await collector.ended()).status, 0);
    });
  });

  test('keeps its blob owed while there is no room for it, which is said; replay --parked has a running collector try at once', async () => {
    await withBed(async (bed) => {
      const { host, blobs, collect, replay, letters, simulation } = bed;
      const poison = [blobs[1]?.ids[3] ?? '', blobs[4]?.ids[7] ?? ''];
      host.misbehave('refuse-event', { id: poison[0] ?? '' });
      assert.equal((await runProgram([...collect, '--once', '--dead-letters-limit', '1'])).ending?.status, 0);
      host.misbehave('refuse-event', { id: poison[1] ?? '' });
      const ids = addBacklog(simulation.simulator, { blobs: 1, eventsPerBlob: 40 });
      await untilListable();
      const next = ids[0]?.ids[5] ?? '';
      host.misbehave('refuse-event', { id: next });
      const collector = startProgram([...collect, '--dead-letters-limit', '1', '--metrics', '127.0.0.1:0']);
      await collector.said('The folder of dead letters is full.');
      await collector.said('it stays owed and is tried again in the next round');
      assert.equal(letters().length, 1);
      const metrics = await fetch(/Metrics and health are served\. url=(\S+)/.exec(collector.stderr)?.[1] ?? '');
      const figures = new Map([...(await metrics.text()).matchAll(/^(o365audit_\w+?)(?:\{.*\})? (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]));
      assert.deepEqual(['o365audit_dead_letters', 'o365audit_dead_letters_limit', 'o365audit_dead_letters_bytes'].map((name) => figures.get(name)), [1, 1, statSync(letters()[0] ?? '').size]);
      assert.equal((await fetch(new URL('/readyz', metrics.url))).status, 503);
      const status = await runProgram(['status', ...simulation.words, '--dead-letters-limit', '1']);
      assert.equal(status.ending?.status, 1);
      assert.match(status.stdout, /1 event in [\d,]+ bytes waits in dead letters.*; there is room for 1 in [\d,]+ bytes, and content blobs with further such events stay owed[^]*See why by o365audit replay --list/);
      await host.behave();
      const owed = await runProgram([...replay, '--parked', '--list', '--json']);
      const listed = owed.lines().map((line) => JSON.parse(line) as Readonly<Record<string, string>>);
      assert.deepEqual(listed.map(({ kind, id }) => [kind, id]), [['parked_blob', ids[0]?.contentId]]);
      assert.match(listed[0]?.reason ?? '', /The folder of dead letters .* is full/);
      const ordered = await runProgram([...replay, '--parked']);
      assert.equal(ordered.ending?.status, 0, ordered.stderr);
      await collector.until(() => host.received.has(next), 'the event whose blob was owed');
      await collector.said('An order of the operator was taken over.');
      collector.signal('SIGTERM');
      assert.equal((await collector.ended()).status, 0);
      assert.equal(host.received.get(next), 1);
    });
  });

  test('is kept apart when nothing else travels, too: what was delivered last is sent once more, to see that the log agent is well', async () => {
    await withBed(async (bed) => {
      const { host, blobs, collect, letters, simulation } = bed;
      const collector = startProgram([...collect, ...OFTEN]);
      await collector.said('Everything that there was has been delivered.');
      const [alone] = addBacklog(simulation.simulator, { blobs: 1, eventsPerBlob: 1 });
      host.misbehave('refuse-event', { id: alone?.ids[0] ?? '' });
      await collector.said('The output does not take an event.');
      await collector.until(() => letters().length === 1, 'a dead letter');
      collector.signal('SIGTERM');
      assert.equal((await collector.ended()).status, 0);
      assert.deepEqual(new Set(host.received.keys()), idsIn(blobs));
      const again = [...host.received.values()].reduce((sum, times) => sum + times, 0) - host.received.size;
      assert.ok(again <= 2, `${again} events came once more`);
    });
  });

  test('stays owed as long as the log agent has taken nothing else: nothing tells whose fault it is', async () => {
    const simulation = await startSimulation({ eventCount: 0 });
    const host = await startForwardHost();
    try {
      const [alone] = addBacklog(simulation.simulator, { blobs: 1, eventsPerBlob: 1 });
      host.misbehave('refuse-event', { id: alone?.ids[0] ?? '' });
      await untilListable();
      const words = ['collect', ...simulation.words, '--output', host.url, ...QUICK, ...OFTEN];
      const collector = startProgram(words);
      await collector.said('it stays owed and is tried again in the next round');
      assert.equal(existsSync(join(simulation.stateDir, 'dead-letters')), false);
      const [other] = addBacklog(simulation.simulator, { blobs: 1, eventsPerBlob: 1 });
      await collector.said('The output does not take an event.');
      collector.signal('SIGTERM');
      assert.equal((await collector.ended()).status, 0);
      assert.deepEqual([...host.received.keys()], other?.ids);
    } finally {
      await host.close();
      await simulation.close();
    }
  });

  test('is told apart from a log agent that refuses everything, which gets everything in the end', async () => {
    await withBed(async (bed) => {
      const { host, blobs, collect, letters } = bed;
      host.misbehave('close-after-frame');
      const collector = startProgram([...collect, '--frame-size', '4KiB', '--once']);
      await collector.until(() => host.connectionCount() > 5, 'several refusals');
      await host.behave();
      assert.deepEqual(await collector.ended(), { status: 0, signal: null }, collector.stderr);
      assert.deepEqual(letters(), []);
      assert.deepEqual(new Set(host.received.keys()), idsIn(blobs));
    });
  });
});
