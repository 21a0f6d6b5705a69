import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createBytesInFlight } from '../../../plugin/collect/bytes-in-flight.ts';
import { BLOB_ATTEMPTS, carry, type BlobSplitter, type Carrier, type Fate } from '../../../plugin/collect/carry.ts';
import { failure, reasonOf } from '../../../plugin/errors.ts';
import type { LogLine, LogValues } from '../../../plugin/telemetry/log.ts';
import type { Batch, Output } from '../../../plugin/types.ts';
import { FIRST_BLOB_MS, testBlob } from '../../support/blobs.ts';
import { heldOutput, roomsFor, takingOutput } from '../../support/held-output.ts';
import { createHurriedClock, createManualClock, settled } from '../../support/manual-clock.ts';

const BLOB = testBlob(1);
const NOW_MS = FIRST_BLOB_MS + 3_600_000;
const broken = (): Error => failure('NETWORK_BROKEN', { host: 'manage.office.com', reason: 'reset' });

/** A splitter for letters: each is an event, a full stop is the end, a question mark is malformed. */
function letters(): BlobSplitter & { closed: number } {
  let isWhole = false;
  const splitter = {
    eventCount: 0,
    closed: 0,
    * push(chunk: Uint8Array): Generator<Batch> {
      for (const letter of Buffer.from(chunk).toString()) {
        if (letter === '?') throw failure('BLOB_MALFORMED', { blob: 'The blob', event: splitter.eventCount + 1 });
        isWhole = letter === '.';
        if (isWhole) continue;
        splitter.eventCount += 1;
        yield { bytes: Buffer.from(letter), eventCount: 1 };
      }
    },
    * end(): Generator<Batch> {
      if (!isWhole) throw failure('BLOB_TRUNCATED', { blob: 'The blob', event: splitter.eventCount + 1 });
      yield* [];
    },
    close: () => { splitter.closed += 1; },
  };
  return splitter;
}

async function* body(...pieces: readonly (string | Error)[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) {
    await Promise.resolve();
    if (piece instanceof Error) throw piece;
    yield Buffer.from(piece);
  }
}

interface Setup {
  readonly carrier: Carrier;
  readonly events: string[];
  readonly lines: [LogLine, LogValues | undefined][];
  readonly stop: AbortController;
  readonly abandon: AbortController;
  readonly splitters: ReturnType<typeof letters>[];
  readonly run: () => Promise<Fate>;
}

/** A carrier whose steps are written into `events`; `answers` are what opening the blob gives, one after the other. */
function setUp(answers: readonly (readonly (string | Error)[] | Error)[], changes: Partial<Carrier> = {}): Setup {
  const events: string[] = [];
  const lines: Setup['lines'] = [];
  const splitters: Setup['splitters'] = [];
  const stop = new AbortController();
  const abandon = new AbortController();
  const taking: Output = takingOutput(({ bytes }) => events.push(`delivered ${Buffer.from(bytes).toString()}`));
  let opened = 0;
  const carrier: Carrier = {
    tenant: 'Brackwater',
    open: async () => {
      await Promise.resolve();
      const answer = answers[opened++] ?? new Error('opened too often');
      events.push('opened');
      if (answer instanceof Error) throw answer;
      return body(...answer);
    },
    splitter: () => {
      const splitter = letters();
      splitters.push(splitter);
      return splitter;
    },
    commit: () => Promise.resolve(void events.push('committed')),
    lose: (_blob, reason) => Promise.resolve(void events.push(`lost: ${reason}`)),
    isHopeless: (error) => error instanceof Error && 'code' in error && error.code === 'API_BLOB_UNKNOWN',
    ...roomsFor(taking, 100),
    leaveOut: (_blob, { bytes }, { code }) => Promise.resolve(void events.push(`left out ${Buffer.from(bytes).toString()}: ${code}`)),
    nowMs: () => NOW_MS,
    isOver: (ms) => ms <= NOW_MS,
    clock: createHurriedClock(NOW_MS),
    log: (line, values) => lines.push([line, values]),
    random: () => 1,
    ...changes,
  };
  return { carrier, events, lines, stop, abandon, splitters, run: () => carry(BLOB, carrier, { stop: stop.signal, abandon: abandon.signal }, () => void events.push('handed over')) };
}

describe('a blob that is carried', () => {
  test('is delivered piece by piece, and committed only then', async () => {
    const { events, run, splitters } = setUp([['ab', 'c.']]);
    assert.deepEqual(await run(), { fate: 'delivered', events: 3, leftOut: 0, duplicates: 0 });
    assert.deepEqual(events, ['opened', 'delivered a', 'delivered b', 'delivered c', 'handed over', 'committed']);
    assert.equal(splitters[0]?.closed, 1);
  });

  test('is not committed while the output has not taken responsibility for every one of its events', async () => {
    const output = heldOutput();
    const { events, run } = setUp([['ab.']], { output });
    const carried = run();
    await settled();
    assert.equal(output.waiting.length, 2);
    output.waiting[1]?.resolve();
    await settled();
    assert.deepEqual(events, ['opened']);
    output.waiting[0]?.resolve();
    await carried;
    assert.deepEqual(events, ['opened', 'handed over', 'committed']);
  });

  test('is fetched again when its body breaks off, is cut short or cannot be read, after waits that double', async () => {
    const clock = createHurriedClock(NOW_MS);
    const { events, run, splitters, lines } = setUp([['a', broken()], ['ab'], ['a?'], ['ab', 'c.']], { clock });
    assert.deepEqual(await run(), { fate: 'delivered', events: 3, leftOut: 0, duplicates: 0 });
    assert.equal(events.filter((event) => event === 'opened').length, 4);
    assert.deepEqual(clock.waits, [1_000, 2_000, 4_000]);
    assert.deepEqual(lines.map(([line]) => line), ['blob.again', 'blob.again', 'blob.again', 'blob.delivered']);
    assert.deepEqual(splitters.map(({ closed }) => closed), [1, 1, 1, 1]);
  });

  test('stays owed after five attempts', async () => {
    assert.equal(BLOB_ATTEMPTS, 5);
    const { events, run, lines } = setUp(Array.from({ length: 6 }, () => ['a']));
    assert.equal((await run()).fate, 'waiting');
    assert.equal(events.filter((event) => event === 'opened').length, 5);
    assert.ok(!events.includes('committed'));
    assert.equal(lines.at(-1)?.[0], 'blob.waiting');
  });

  test('stays owed at once when it cannot be opened: the API has asked several times already', async () => {
    const refusal = broken();
    const { events, run } = setUp([refusal]);
    assert.deepEqual(await run(), { fate: 'waiting', reason: reasonOf(refusal), unopened: refusal });
    assert.deepEqual(events, ['opened']);
  });

  test('stays owed at once when the log agent refuses its events: it was asked several times, and gets the others twice', async () => {
    const refusal = failure('OUTPUT_REFUSED', { output: 'there', events: 1, attempts: 8, reason: 'no' });
    const output = takingOutput(() => { throw refusal; });
    const { events, run } = setUp([['a.']], { output });
    assert.deepEqual(await run(), { fate: 'waiting', reason: reasonOf(refusal) });
    assert.deepEqual(events, ['opened']);
  });

  test('is committed only when what was acknowledged has settled; until then it is handed over', async () => {
    let settle: () => void = () => undefined;
    const settling = new Promise<void>((resolve) => { settle = resolve; });
    const output = { ...takingOutput(), watch: () => ({ settled: () => settling }) };
    const { events, run } = setUp([['a.']], { output });
    const carried = run();
    await settled();
    assert.deepEqual(events, ['opened', 'handed over']);
    settle();
    assert.deepEqual(await carried, { fate: 'delivered', events: 1, leftOut: 0, duplicates: 0 });
    assert.deepEqual(events, ['opened', 'handed over', 'committed']);
  });

  test('stays owed when the log agent may have lost what it had acknowledged', async () => {
    const output = { ...takingOutput(), watch: () => ({ settled: () => Promise.reject(failure('OUTPUT_UNSETTLED', { output: 'there', seconds: 3 })) }) };
    const { events, run, lines } = setUp([['a.']], { output });
    assert.equal((await run()).fate, 'waiting');
    assert.deepEqual(events, ['opened', 'handed over']);
    assert.equal(lines.at(-1)?.[0], 'blob.waiting');
  });

  test('is lost, and recorded as that, when the service does not know it', async () => {
    const { events, run, lines } = setUp([failure('API_BLOB_UNKNOWN', { tenant: 'Brackwater', what: 'reading a blob', detail: 'no such thing' })]);
    assert.deepEqual(await run(), { fate: 'lost' });
    assert.match(events[1] ?? '', /^lost: Tenant Brackwater, reading a blob/);
    assert.deepEqual(lines.map(([line]) => line), ['blob.lost']);
  });

  test('is lost without being asked for when it has expired, by the clock of the service', async () => {
    const expiresMs = Date.parse(BLOB.contentExpiration);
    const wrong = createHurriedClock(expiresMs + 86_400_000 * 1_000);
    assert.equal((await setUp([['a.']], { clock: wrong }).run()).fate, 'delivered', 'a machine whose clock is years ahead loses nothing');
    const { events, run } = setUp([['a.']], { isOver: (ms) => ms <= expiresMs });
    assert.deepEqual(await run(), { fate: 'lost' });
    assert.deepEqual(events, ['lost: it expired before it could be fetched']);
  });

  test('may expire while it is tried', async () => {
    const clock = createHurriedClock(Date.parse(BLOB.contentExpiration) - 1_500);
    const { events, run } = setUp([['a'], ['a'], ['a.']], { clock, isOver: (ms) => ms <= clock.nowMs() });
    assert.deepEqual(await run(), { fate: 'lost' });
    assert.deepEqual(events, ['opened', 'delivered a', 'opened', 'delivered a', 'lost: it expired before it could be fetched']);
  });

  test('goes on without an event that is too large for the output, which is kept apart first', async () => {
    const output = takingOutput(({ bytes }) => {
      if (Buffer.from(bytes).toString() === 'b') throw failure('OUTPUT_BATCH_TOO_LARGE', { output: 'there', bytes: 7_000_000, limitBytes: 6_000_000 });
    });
    const { events, run } = setUp([['abc.']], { output });
    assert.deepEqual(await run(), { fate: 'delivered', events: 2, leftOut: 1, duplicates: 0 });
    assert.deepEqual(events, ['opened', 'left out b: OUTPUT_BATCH_TOO_LARGE', 'handed over', 'committed']);
  });

  test('stays owed while there is no room for an event that has to be kept apart, and is not asked for again at once', async () => {
    const output = takingOutput(() => { throw failure('OUTPUT_BATCH_TOO_LARGE', { output: 'there', bytes: 7_000_000, limitBytes: 6_000_000 }); });
    const { events, run, lines } = setUp([['a.']], { output, leaveOut: () => Promise.reject(failure('DEAD_LETTERS_FULL', { folder: 'state/dead-letters', letters: 1, bytes: 1 })) });
    assert.equal((await run()).fate, 'waiting');
    assert.deepEqual([events, lines.map(([line]) => line)], [['opened'], ['blob.waiting']]);
  });

  test('waits with an event that has to be kept apart while the disk is full', async () => {
    let attempts = 0;
    const output = takingOutput(() => { throw failure('OUTPUT_BATCH_TOO_LARGE', { output: 'there', bytes: 7_000_000, limitBytes: 6_000_000 }); });
    const { run } = setUp([['a.']], { output, leaveOut: () => ++attempts < 4 ? Promise.reject(failure('LEDGER_DISK_FULL', { file: 'state/dead-letters/a.letter' })) : Promise.resolve() });
    assert.deepEqual([await run(), attempts], [{ fate: 'delivered', events: 0, leftOut: 1, duplicates: 0 }, 4]);
  });

  for (const code of ['OUTPUT_CLOSED', 'OUTPUT_WRITE', 'OUTPUT_ANSWER_JSON'] as const) {
    test(`ends the run with ${code}, which is not its own trouble`, async () => {
      const ending = failure(code, { output: 'stdout', events: 1, reason: 'full' });
      const { events, run, splitters } = setUp([['ab.']], { output: takingOutput(() => { throw ending; }) });
      await assert.rejects(run(), ending);
      assert.ok(!events.includes('committed'));
      assert.equal(splitters[0]?.closed, 1);
    });
  }

  test('ends the run with what is no failure of the table: a fault of this program', async () => {
    const fault = new TypeError('undefined is not an object');
    await assert.rejects(setUp([['a', fault]]).run(), fault);
  });

  for (const code of ['LEDGER_DISK_FULL', 'LEDGER_WRITE'] as const) {
    test(`is neither fetched nor delivered twice when its commit meets ${code}: only the commit is made again, for as long as it takes`, async () => {
      const clock = createHurriedClock(NOW_MS);
      let refusals = 7;
      const setup = setUp([['ab.']], {
        clock,
        commit: () => refusals-- > 0 ? Promise.reject(failure(code, { file: 'journal', reason: 'i/o error' })) : Promise.resolve(void setup.events.push('committed')),
      });
      assert.deepEqual(await setup.run(), { fate: 'delivered', events: 2, leftOut: 0, duplicates: 0 });
      assert.deepEqual(setup.events, ['opened', 'delivered a', 'delivered b', 'handed over', 'committed']);
      assert.deepEqual(clock.waits, Array.from({ length: 7 }, () => 5_000));
    });
  }

  test('that is lost is recorded as soon as the disk has room', async () => {
    let refusals = 2;
    const setup = setUp([], {
      isOver: () => true,
      lose: (_blob, reason) => refusals-- > 0 ? Promise.reject(failure('LEDGER_DISK_FULL', { file: 'journal' })) : Promise.resolve(void setup.events.push(`lost: ${reason}`)),
    });
    assert.deepEqual(await setup.run(), { fate: 'lost' });
    assert.equal(setup.events.length, 1);
    assert.equal(setup.lines.filter(([line]) => line === 'blob.lost').length, 1, 'it is said once');
  });

  test('ends the run when the ledger is closed', async () => {
    await assert.rejects(setUp([['a.']], { commit: () => Promise.reject(failure('LEDGER_CLOSED', { file: 'journal' })) }).run(), /is closed/);
  });

  test('is finished after a stop, and committed', async () => {
    const output = heldOutput();
    const { events, run, stop } = setUp([['ab.']], { output });
    const carried = run();
    await settled();
    stop.abort(new Error('the signal SIGTERM'));
    for (const { resolve } of output.waiting) resolve();
    assert.equal((await carried).fate, 'delivered');
    assert.deepEqual(events, ['opened', 'handed over', 'committed']);
  });

  test('is not tried again after a stop, which need not wait for that', async () => {
    const clock = createManualClock(NOW_MS);
    const { run, stop } = setUp([['a', broken()], ['a.']], { clock });
    const carried = run();
    await settled();
    assert.equal(clock.waiting(), 1);
    stop.abort(new Error('the signal SIGTERM'));
    assert.equal((await carried).fate, 'waiting');
  });

  test('is given up when it is abandoned, wherever it is: nothing is committed that was not delivered', async () => {
    const reason = new Error('the signal SIGTERM');
    const output = heldOutput();
    const waiting = setUp([['ab.']], { output });
    const carried = waiting.run();
    await settled();
    waiting.stop.abort(reason);
    waiting.abandon.abort(reason);
    for (const { reject } of output.waiting) reject(failure('OUTPUT_CLOSED', { output: 'there', events: 1 }));
    await assert.rejects(carried, reason);
    assert.deepEqual(waiting.events, ['opened']);

    const clock = createManualClock(NOW_MS);
    const committing = setUp([['a.']], { clock, commit: () => Promise.reject(failure('LEDGER_DISK_FULL', { file: 'journal' })) });
    const stuck = committing.run();
    await settled();
    committing.abandon.abort(reason);
    await assert.rejects(stuck, reason);
  });

  test('waits for room when the process holds too much already, and hears of the end while it waits', async () => {
    const output = heldOutput();
    const bytesInFlight = createBytesInFlight(1);
    const { run, abandon } = setUp([['ab.']], { output, bytesInFlight });
    const carried = run();
    await settled();
    assert.equal(output.waiting.length, 1);
    abandon.abort(new Error('too late'));
    output.waiting[0]?.reject(failure('OUTPUT_CLOSED', { output: 'there', events: 1 }));
    await assert.rejects(carried, /too late/);
    assert.equal(bytesInFlight.held, 0);
  });
});
