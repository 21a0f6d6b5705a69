/** Real files, the real module and a clock by hand: what lies in files arrives once, whatever happens to the files. */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, readlinkSync, renameSync, rmSync, truncateSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { createFileCollector, SCAN_INTERVAL_MS, type FileOptions } from '../../../plugin/collect/files.ts';
import type { Collector } from '../../../plugin/collect/run.ts';
import { failure, type AuditError } from '../../../plugin/errors.ts';
import { openFilePositions } from '../../../plugin/ledger/file-positions.ts';
import { envelopeTexts } from '../../../plugin/module/envelope.ts';
import { loadModule } from '../../../plugin/module/instance.ts';
import { createSplitter } from '../../../plugin/module/splitter.ts';
import { silentLog, type LogLine, type LogValues } from '../../../plugin/telemetry/log.ts';
import type { Batch, Output } from '../../../plugin/types.ts';
import { createFailingFiles, type FailingFiles } from '../../support/failing-files.ts';
import { roomsFor } from '../../support/held-output.ts';
import { createManualClock, until } from '../../support/manual-clock.ts';

const root = mkdtempSync(join(tmpdir(), 'o365audit-files-'));
after(() => rmSync(root, { recursive: true }));
const module = await loadModule(join(import.meta.dirname, '../../../../dist'), silentLog);
const envelope = envelopeTexts({ namespace: 'default', tags: [] });
let worlds = 0;

const line = (id: string, note = ''): string => `{"Id":"${id}","CreationTime":"2026-09-01T08:15:30","Note":"${note}"}\n`;
const lines = (from: number, to: number, note = ''): string => Array.from({ length: to - from + 1 }, (_, index) => line(`e${from + index}`, note)).join('');
const numbered = (from: number, to: number): string[] => Array.from({ length: to - from + 1 }, (_, index) => `e${from + index}`);

/** A folder of files, a state directory, and one collector after the other. */
class World {
  readonly folder = join(root, String(worlds += 1));
  readonly clock = createManualClock();
  readonly said: [LogLine, LogValues][] = [];
  readonly counts = { started: 0, caughtUp: 0, events: 0, leftOut: 0 };
  /** The ids of what was delivered, in order. */
  readonly ids: string[] = [];
  /** What becomes of a batch. */
  act: (batch: Batch) => Promise<void> | void = () => undefined;
  /** How what was delivered settles. */
  settled: () => Promise<void> = () => Promise.resolve();
  disk: FailingFiles = createFailingFiles();
  stop = new AbortController();
  abandon = new AbortController();
  #running: Promise<unknown> = Promise.resolve();
  #collector: Collector | undefined;

  constructor() {
    mkdirSync(join(this.folder, 'state'), { recursive: true });
  }

  /** Events that are kept apart. */
  readonly leftOut: [string, number][] = [];

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string | Buffer): void {
    writeFileSync(this.path(name), text);
  }

  append(name: string, text: string): void {
    appendFileSync(this.path(name), text);
  }

  /** Starts a collector as a new process would; `run` is how it ends. */
  async start(changes: Partial<FileOptions> = {}): Promise<{ readonly run: Promise<AuditError | undefined> }> {
    const output: Output = {
      acknowledged: 0,
      deliver: async (batch) => {
        await this.act(batch);
        for (const text of Buffer.from(batch.bytes).toString().split('\n')) if (text !== '') this.ids.push((JSON.parse(text) as { event: { id: string } }).event.id);
      },
      watch: () => ({ settled: () => this.settled() }),
      close: () => Promise.resolve(),
    };
    this.stop = new AbortController();
    this.abandon = new AbortController();
    this.#collector = createFileCollector({
      paths: [this.path('*.ndjson')], once: false, ...roomsFor(output, 4 * 1024 * 1024), clock: this.clock,
      leaveOut: (file, { eventCount }) => Promise.resolve(void this.leftOut.push([file, eventCount])),
      log: (name, values = {}) => this.said.push([name, values]),
      positions: await openFilePositions(this.path('state'), silentLog, this.disk),
      splitter: (file) => createSplitter(module, envelope, { format: 'raw', encoding: 'ndjson', preserveOriginalEvent: false, timestamp: true, batchBytes: 64 * 1024, lines: true }, `The file ${file}`, () => this.clock.nowMs()),
      delivered: (events, leftOut) => {
        this.counts.events += events;
        this.counts.leftOut += leftOut;
      },
      started: () => { this.counts.started += 1; },
      caughtUp: () => { this.counts.caughtUp += 1; },
      errorRetryIntervalMs: 300_000,
      ...changes,
    });
    const run = this.#collector.run({ stop: this.stop.signal, abandon: this.abandon.signal });
    this.#running = run.catch(() => undefined);
    return { run };
  }

  /** Runs to the end of the files. */
  async once(changes: Partial<FileOptions> = {}): Promise<AuditError | undefined> {
    const { run } = await this.start({ once: true, ...changes });
    return run;
  }

  /** Waits until the files have been looked through. */
  async idle(): Promise<void> {
    await until(() => this.#collector?.isIdle === true && this.clock.waiting() > 0, 'the end of a scan');
  }

  /** Lets the next scan begin, and waits for its end. */
  async scan(): Promise<void> {
    await this.clock.advance(SCAN_INTERVAL_MS);
    await this.idle();
  }

  async end(): Promise<void> {
    this.stop.abort(new Error('the signal SIGTERM'));
    await this.#running;
  }

  lines(name: LogLine): LogValues[] {
    return this.said.filter(([said]) => said === name).map(([, values]) => values);
  }
}

/** A world with a collector that goes on and has looked through the files once. */
async function following(files: Readonly<Record<string, string>>, changes: Partial<FileOptions> = {}): Promise<World> {
  const world = new World();
  for (const [name, text] of Object.entries(files)) world.write(name, text);
  await world.start(changes);
  await world.idle();
  return world;
}

describe('files that are read once', () => {
  test('give every event once, file by file, and the next run finds nothing more', async () => {
    const world = new World();
    world.write('b.ndjson', lines(11, 20));
    world.write('a.ndjson', lines(1, 10));
    world.write('c.json', lines(21, 30));
    assert.equal(await world.once(), undefined);
    assert.deepEqual(world.ids, numbered(1, 20));
    assert.deepEqual(world.counts, { started: 1, caughtUp: 1, events: 20, leftOut: 0 });
    assert.equal(await world.once(), undefined);
    assert.equal(world.ids.length, 20);
    world.append('a.ndjson', lines(31, 32));
    await world.once();
    assert.deepEqual(world.ids.slice(20), ['e31', 'e32']);
  });

  test('may hold blank lines, carriage returns, a byte order mark, and a last line without its end', async () => {
    const world = new World();
    world.write('a.ndjson', `\ufeff${line('e1').replace('\n', '\r\n')}\n  \r\n${line('e2').trimEnd()}`);
    world.write('empty.ndjson', '');
    world.write('blank.ndjson', ' \n\n  ');
    assert.equal(await world.once(), undefined);
    assert.deepEqual(world.ids, ['e1', 'e2']);
  });

  test('may hold lines that are no events: they travel on as texts, and hold up nothing', async () => {
    const world = new World();
    world.write('a.ndjson', `${line('e1')}this is no event\n{"Id":"cut","x\n${line('e2')}`);
    assert.equal(await world.once(), undefined);
    assert.deepEqual([world.ids.length, world.ids[0], world.ids[3]], [4, 'e1', 'e2']);
  });

  test('whose last line is cut off are not finished, and say so; the rest is delivered, and the line when it is whole', async () => {
    const world = new World();
    world.write('a.ndjson', `${line('e1')}{"Id":"e2","Creat`);
    const failed = await world.once();
    assert.equal(failed?.code, 'COLLECT_FILE');
    assert.match(failed.message, /its last line is cut off/);
    world.append('a.ndjson', 'ionTime":"2026-09-01T08:15:30"}\n');
    assert.equal(await world.once(), undefined);
    assert.deepEqual(world.ids, ['e1', 'e2']);
  });

  test('may be arrays, which count as delivered at their end', async () => {
    const world = new World();
    world.write('a.ndjson', `[${lines(1, 3).trimEnd().replaceAll('\n', ',\n')}]\n`);
    assert.equal(await world.once(), undefined);
    assert.equal(await world.once(), undefined);
    assert.deepEqual(world.ids, numbered(1, 3));
  });

  test('that are arrays without their end fail, and are read anew when they have grown', async () => {
    const world = new World();
    world.write('a.ndjson', `[${line('e1')},`);
    assert.equal((await world.once())?.code, 'COLLECT_FILE');
    world.append('a.ndjson', `${line('e2')}]`);
    assert.equal(await world.once(), undefined);
    assert.deepEqual(world.ids, ['e1', 'e1', 'e2']);
  });

  test('do not keep each other from being read', async () => {
    const world = new World();
    world.write('a.ndjson', '[oops');
    world.write('b.ndjson', lines(1, 3));
    const failed = await world.once({ paths: [world.path('*.ndjson'), join(world.folder, 'x'.repeat(300), '*')] });
    assert.equal(failed?.code, 'COLLECT_FILE');
    assert.deepEqual(world.ids, numbered(1, 3));
    assert.equal(world.lines('file.failed').length, 2);
    assert.equal(world.counts.caughtUp, 0);
  });

  test('that do not exist are said to be missing', async () => {
    const world = new World();
    assert.equal(await world.once(), undefined);
    assert.deepEqual(world.lines('file.none'), [{ paths: world.path('*.ndjson') }]);
  });

  test('larger than a stretch are noted on the way, and a run that is killed in the middle repeats less than a stretch', async () => {
    const world = new World();
    const count = 4_000;
    world.write('a.ndjson', lines(1, count, 'x'.repeat(20_000)));
    let left = 600;
    const gone = failure('OUTPUT_WRITE', { output: 'stdout', reason: 'no space left on device' });
    world.act = () => { if (--left < 0) throw gone; };
    // a kill saves no positions at the end
    const positions = await openFilePositions(world.path('state'), silentLog);
    await assert.rejects(world.once({ positions: { ...positions, save: () => left < 0 ? Promise.resolve() : positions.save() } }), gone);
    const first = world.ids.length;
    world.act = () => undefined;
    assert.equal(await world.once(), undefined);
    assert.equal(new Set(world.ids).size, count);
    assert.ok(world.ids.length - count < 2_000, `${world.ids.length - count} events twice, ${first} in the first run`);
  });

  test('are noted only as far as what was acknowledged has settled: the rest is delivered again', async () => {
    const world = new World();
    world.write('a.ndjson', lines(1, 3));
    world.settled = () => Promise.reject(failure('OUTPUT_UNSETTLED', { output: 'there', seconds: 3 }));
    assert.match((await world.once())?.message ?? '', /closed the connection within 3 s after an acknowledgement/);
    world.settled = () => Promise.resolve();
    assert.equal(await world.once(), undefined);
    assert.deepEqual(world.ids, [...numbered(1, 3), ...numbered(1, 3)]);
    assert.equal(world.counts.events, 3);
  });

  test('leave an event out that the output can never take, and count it', async () => {
    const world = new World();
    world.write('a.ndjson', lines(1, 2) + line('e3', 'x'.repeat(200_000)) + line('e4'));
    world.act = ({ bytes }) => { if (bytes.length > 100_000) throw failure('OUTPUT_BATCH_TOO_LARGE', { output: 'there', bytes: bytes.length, limitBytes: 100_000 }); };
    assert.equal(await world.once(), undefined);
    assert.deepEqual(world.ids, ['e1', 'e2', 'e4']);
    assert.deepEqual([world.counts.events, world.counts.leftOut, world.leftOut], [3, 1, [[world.path('a.ndjson'), 1]]]);
    await world.once();
    assert.equal(world.ids.length, 3);
  });

  test('end the run when the output is closed, and what was delivered is known to the next', async () => {
    const world = new World();
    world.write('a.ndjson', lines(1, 10));
    world.write('b.ndjson', lines(11, 20));
    const closed = failure('OUTPUT_CLOSED', { output: 'stdout', events: 10 });
    world.act = () => { if (world.ids.length >= 10) throw closed; };
    await assert.rejects(world.once(), closed);
    world.act = () => undefined;
    await world.once();
    assert.deepEqual(world.ids, numbered(1, 20));
  });

  test('are delivered once though the disk of the state directory is full for a while: only the note of it waits', async () => {
    const world = new World();
    world.write('a.ndjson', lines(1, 10));
    world.disk.room = 0;
    const { run } = await world.start({ once: true });
    const isMet = (): Promise<void> => until(() => world.clock.waiting() > 0, 'the full disk to be met');
    await isMet();
    for (let attempts = 0; attempts < 10; attempts++) {
      await world.clock.advance(5_000);
      await isMet();
    }
    assert.equal(existsSync(join(world.folder, 'state', 'files.json')), false);
    world.disk.room = Infinity;
    await world.clock.advance(5_000);
    assert.equal(await run, undefined);
    await world.once();
    assert.deepEqual(world.ids, numbered(1, 10));
  });
});

describe('files that are followed', () => {
  test('are read on as they grow, line by line, and new ones are found', async () => {
    const world = await following({ 'a.ndjson': lines(1, 2) });
    world.append('a.ndjson', `${line('e3')}{"Id":"e4",`);
    world.write('b.ndjson', line('e5'));
    await world.scan();
    assert.deepEqual(world.ids, ['e1', 'e2', 'e3', 'e5']);
    world.append('a.ndjson', '"CreationTime":"2026-09-01T08:15:30"}');
    await world.scan();
    assert.deepEqual(world.ids, ['e1', 'e2', 'e3', 'e5', 'e4']);
    await world.scan();
    assert.equal(world.counts.caughtUp, 3, 'once for each time that there was something');
    await world.end();
  });

  test('that are rotated away are read to their end, though their new name matches nothing', async () => {
    const world = await following({ 'a.ndjson': lines(1, 2) });
    world.append('a.ndjson', line('e3'));
    renameSync(world.path('a.ndjson'), world.path('a.ndjson.1'));
    world.write('a.ndjson', line('e5'));
    await world.scan();
    // whoever writes goes on in the old file until he is told
    world.append('a.ndjson.1', line('e4'));
    await world.scan();
    assert.deepEqual(world.ids.sort(), numbered(1, 5));
    await world.end();
  });

  test('that are rotated and match still are known again, in this run and in the next', async () => {
    const paths = (world: World): Partial<FileOptions> => ({ paths: [world.path('a.ndjson*')] });
    const world = new World();
    world.write('a.ndjson', lines(1, 2));
    await world.once(paths(world));
    renameSync(world.path('a.ndjson'), world.path('a.ndjson.1'));
    world.append('a.ndjson.1', line('e3'));
    world.write('a.ndjson', line('e4'));
    await world.once(paths(world));
    assert.deepEqual(world.ids, ['e1', 'e2', 'e4', 'e3']);
  });

  test('that are deleted right after they grew lose nothing', async () => {
    const world = await following({ 'a.ndjson': line('e1') });
    world.append('a.ndjson', line('e2'));
    unlinkSync(world.path('a.ndjson'));
    await world.scan();
    assert.deepEqual(world.ids, ['e1', 'e2']);
    await world.end();
  });

  test('are closed when they have been quiet for long, and read on when they grow again', { skip: existsSync('/proc/self/fd') ? false : 'this system has no /proc' }, async () => {
    const world = await following({ 'a.ndjson': line('e1') });
    const isOpen = (): boolean => openFiles().includes(world.path('a.ndjson'));
    assert.equal(isOpen(), true);
    for (let scans = 0; scans < 31; scans += 1) await world.scan();
    assert.equal(isOpen(), false);
    world.append('a.ndjson', line('e2'));
    await world.scan();
    assert.deepEqual(world.ids, ['e1', 'e2']);
    await world.end();
  });

  test('that were cut and written anew are read from the beginning, as after logrotate\'s copytruncate', async () => {
    const world = await following({ 'a.ndjson': lines(1, 5) });
    truncateSync(world.path('a.ndjson'));
    await world.scan();
    world.append('a.ndjson', line('e6'));
    await world.scan();
    // cut, and grown beyond where it was, between two looks
    world.write('a.ndjson', lines(7, 20));
    await world.scan();
    assert.deepEqual(world.ids, numbered(1, 20));
    await world.end();
  });

  test('are told apart by what they are: a new one in the place, and with the number, of an old one is read', async () => {
    const world = new World();
    for (let file = 1; file <= 20; file += 1) {
      // a file system gives a number again as soon as it is free
      world.write('a.ndjson', line(`e${file}`));
      await world.once();
      unlinkSync(world.path('a.ndjson'));
    }
    assert.deepEqual(world.ids, numbered(1, 20));
  });

  test('with two names are read once', async () => {
    const world = new World();
    world.write('a.ndjson', lines(1, 3));
    linkSync(world.path('a.ndjson'), world.path('b.ndjson'));
    await world.once();
    assert.deepEqual(world.ids, numbered(1, 3));
  });

  test('that are arrays and not whole are said once, and not delivered again and again', async () => {
    const world = await following({ 'a.ndjson': `[${line('e1')},`, 'b.ndjson': line('e2') });
    for (let scans = 0; scans < 60; scans += 1) await world.scan();
    assert.deepEqual(world.ids, ['e1', 'e2']);
    assert.equal(world.lines('file.failed').length, 1);
    world.append('a.ndjson', `${line('e3')}]`);
    await world.scan();
    assert.deepEqual(world.ids, ['e1', 'e2', 'e1', 'e3']);
    await world.end();
  });

  test('whose events the log agent refuses are left alone for a while, and delivered then', async () => {
    const world = new World();
    world.write('a.ndjson', line('e1'));
    let attempts = 0;
    world.act = () => {
      attempts += 1;
      throw failure('OUTPUT_REFUSED', { output: 'there', events: 1, attempts: 8, reason: 'no' });
    };
    await world.start();
    await until(() => attempts === 1 && world.clock.waiting() > 0, 'others to be acknowledged');
    // the suspect's patience, and the rest of the scan
    await world.clock.advance(5_000);
    await world.idle();
    for (let scans = 0; scans < 29; scans += 1) await world.scan();
    assert.equal(attempts, 1);
    world.act = () => undefined;
    await world.scan();
    assert.deepEqual(world.ids, ['e1']);
    await world.end();
  });

  test('say that nothing matches once, until something does', async () => {
    const world = await following({});
    await world.scan();
    await world.scan();
    assert.equal(world.lines('file.none').length, 1);
    world.write('a.ndjson', line('e1'));
    await world.scan();
    unlinkSync(world.path('a.ndjson'));
    await world.scan();
    await world.scan();
    assert.equal(world.lines('file.none').length, 2);
    await world.end();
  });

  test('are finished line by line when the run is stopped, and noted', async () => {
    const world = new World();
    world.write('a.ndjson', lines(1, 3_000, 'x'.repeat(1_000)));
    let open = (): void => undefined;
    const opened = new Promise<void>((resolve) => { open = resolve; });
    let batches = 0;
    world.act = () => {
      batches += 1;
      return opened;
    };
    const { run } = await world.start();
    await until(() => batches > 0, 'the first batch');
    world.stop.abort(new Error('the signal SIGTERM'));
    open();
    assert.equal(await run, undefined);
    const delivered = world.ids.length;
    assert.ok(delivered > 0 && delivered < 3_000, `${delivered} events`);
    world.act = () => undefined;
    await world.once();
    assert.deepEqual(world.ids, numbered(1, 3_000));
  });

  test('are given up when the run is abandoned, and nothing counts as delivered that was not', async () => {
    const world = new World();
    world.write('a.ndjson', lines(1, 10));
    let reject: ((error: Error) => void) | undefined;
    world.act = () => new Promise((_, refuse) => { reject = refuse; });
    const { run } = await world.start();
    const reason = new Error('the signal SIGTERM');
    await until(() => reject !== undefined, 'the batch');
    world.stop.abort(reason);
    world.abandon.abort(reason);
    reject?.(failure('OUTPUT_CLOSED', { output: 'there', events: 10 }));
    await assert.rejects(run, reason);
    world.act = () => undefined;
    await world.once();
    assert.deepEqual(world.ids, numbered(1, 10));
  });
});

/** The files that this process has open. */
function openFiles(): string[] {
  return readdirSync('/proc/self/fd').flatMap((descriptor) => {
    try {
      return readlinkSync(join('/proc/self/fd', descriptor));
    } catch {
      return []; // the one that the folder was read by
    }
  });
}
