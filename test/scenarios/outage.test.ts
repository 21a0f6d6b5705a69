/**
 * The log agent behind the collector is restarted, hangs, breaks connections in mid-frame, or takes events and forgets to say so. The collector holds what is not
 * acknowledged and sends it again, under the same chunk id by which the agent could know it; it says once that there is trouble and once that it is over; and in the
 * end every event has been acknowledged. Each outage here comes in the middle of a delivery and is over at some time, as outages are.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { addBacklog, committedIn, idsIn } from '../support/backlog.ts';
import { startForwardHost, TEST_CERTIFICATE_FILE, type ForwardHost, type Misbehaviour, type ReceivedFrame } from '../support/forward-host.ts';
import { runProgram, startProgram, STOP_DEADLINE_MS, type Program } from '../support/program.ts';
import { startSimulation } from '../support/simulation.ts';

const BACKLOG = { blobs: 150, eventsPerBlob: 20 };
/** Small, so that there are many frames, of which some are in flight at any moment. */
const SMALL_FRAMES = '16KiB';
const LARGE_FRAMES = '1MiB';
/** The shortest that an operator can ask for. */
const ACK_TIMEOUT = '1s';
const LATENCY_MS = 20;

interface Outage {
  readonly misbehaviour: Misbehaviour;
  readonly transport?: 'tcp' | 'tls' | 'unix';
  /** By what it is seen that the outage has done its harm. */
  readonly isFelt: (host: ForwardHost, before: { readonly connections: number }, program: Program) => boolean;
  /** Whether the agent is certain to get a frame twice; it always may, for an acknowledgement can be lost with its connection. */
  readonly comesTwice?: true;
  /** On top of each event, so that frames are larger than what is read at once. */
  readonly ballast?: string;
}

const saysTrouble = (_: ForwardHost, __: unknown, { stderr }: Program): boolean => stderr.includes('The log agent takes no events.');

const OUTAGES: Readonly<Record<string, Outage>> = {
  'is gone and refuses connections': { misbehaviour: 'refuse-connections', isFelt: saysTrouble },
  'is gone with its socket file': { misbehaviour: 'refuse-connections', transport: 'unix', isFelt: saysTrouble },
  'is gone behind TLS': { misbehaviour: 'refuse-connections', transport: 'tls', isFelt: saysTrouble },
  'closes each connection as soon as it is made, and the one there is': { misbehaviour: 'close-after-frame', isFelt: (host, { connections }) => host.connectionCount() > connections + 1 },
  'closes connections in the middle of a frame': { misbehaviour: 'close-in-mid-frame', isFelt: (host, { connections }) => host.connectionCount() > connections + 1, ballast: 'x'.repeat(8_000) },
  'reads, and acknowledges nothing': { misbehaviour: 'never-acknowledge', isFelt: saysTrouble },
  'reads nothing any more': { misbehaviour: 'stall', isFelt: saysTrouble },
  'refuses frames': { misbehaviour: 'refuse', isFelt: saysTrouble },
  'takes frames and dies before it says so': { misbehaviour: 'lose-acknowledgement', isFelt: (host, { connections }) => host.connectionCount() > connections + 1, comesTwice: true },
};

/** The chunks that the host took, each with its events and how often it came. */
function takenByChunk({ frames, events }: ForwardHost): Map<string, { readonly ids: readonly string[]; readonly times: number }> {
  const chunks = new Map<string, { readonly ids: readonly string[]; readonly times: number }>();
  let at = 0;
  for (const { chunk, size } of frames.filter(({ taken }) => taken)) {
    chunks.set(chunk, { ids: events.slice(at, at + size).map(({ id }) => id ?? ''), times: (chunks.get(chunk)?.times ?? 0) + 1 });
    at += size;
  }
  return chunks;
}

describe('a log agent that, in the middle of a delivery,', { concurrency: 4 }, () => {
  for (const [happening, { misbehaviour, transport, isFelt, comesTwice, ballast }] of Object.entries(OUTAGES)) {
    test(`${happening}, has everything in the end`, async () => {
      const simulation = await startSimulation({ eventCount: 0, latencyMs: LATENCY_MS });
      const host = await startForwardHost(transport === undefined ? {} : { transport });
      try {
        const blobs = addBacklog(simulation.simulator, { ...BACKLOG, ...(ballast === undefined ? {} : { ballast }) });
        const trust = transport === 'tls' ? ['--forward-ca', TEST_CERTIFICATE_FILE] : [];
        const words = ['collect', ...simulation.words, '--output', host.url, '--frame-size', ballast === undefined ? SMALL_FRAMES : LARGE_FRAMES, '--ack-timeout', ACK_TIMEOUT, ...trust];
        const program = startProgram(words);
        await program.until(() => host.received.size > 200, 'the first events');
        const before = { connections: host.connectionCount() };
        host.misbehave(misbehaviour);
        await program.until(() => isFelt(host, before, program), 'the outage to be felt');
        assert.equal(program.ending, undefined);
        await host.behave();
        await program.said('Everything that there was has been delivered.');
        program.signal('SIGTERM');
        assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);

        assert.deepEqual(new Set(host.received.keys()), idsIn(blobs));
        assert.equal((await committedIn(simulation.stateDir, simulation.simulator.tenants[0]?.id ?? '', blobs)).length, blobs.length);
        const taken = takenByChunk(host);
        assert.deepEqual([...taken.values()].flatMap(({ ids }) => ids).sort(), [...idsIn(blobs)].sort(), 'who tells chunks apart has an event twice');
        if (comesTwice === true) assert.ok([...taken.values()].some(({ times }) => times > 1), 'the frame without an acknowledgement did not come again under its id');
        // what was read and not taken comes again with the same events under the same id
        const first = new Map<string, ReceivedFrame>();
        for (const frame of host.frames) {
          const same = first.get(frame.chunk) ?? frame;
          first.set(frame.chunk, same);
          assert.deepEqual([frame.size, Buffer.compare(frame.entries, same.entries)], [same.size, 0]);
        }
        const frames = host.frames.length;
        const again = await runProgram([...words, '--once']);
        assert.deepEqual(again.ending, { status: 0, signal: null }, again.stderr);
        assert.equal(host.frames.length, frames, 'the next run delivered something again');
      } finally {
        await host.close();
        await simulation.close();
      }
    });
  }

  test('is not there at all when the collector starts is waited for, for as long as it takes', async () => {
    const simulation = await startSimulation({ eventCount: 100 });
    const host = await startForwardHost();
    try {
      host.misbehave('refuse-connections');
      const program = startProgram(['collect', ...simulation.words, '--output', host.url, '--once']);
      await program.said('The log agent takes no events. They wait here, and it is tried again for as long as needed.');
      await host.behave();
      assert.deepEqual(await program.ended(), { status: 0, signal: null }, program.stderr);
      assert.match(program.stderr, /The log agent takes events again\./);
      assert.deepEqual(new Set(host.received.keys()), simulation.expectedIds());
    } finally {
      await host.close();
      await simulation.close();
    }
  });
});
