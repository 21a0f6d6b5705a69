import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, test } from 'node:test';
import { simulate, type SimulateArguments } from '../../../plugin/commands/simulate.ts';
import { loadConfig } from '../../../plugin/config/config.ts';
import { AuditError } from '../../../plugin/errors.ts';
import type { BooksSnapshot } from '../../../plugin/simulator/books.ts';
import type { FaultState } from '../../../plugin/simulator/faults.ts';
import { createManualClock, until } from '../../support/manual-clock.ts';

const OPTIONS: SimulateArguments = {
  port: 0, tenants: 1, count: 30, eventsPerSecond: 0, eventsPerBlob: 10, requestsPerMinute: 2000, pageSize: 200, latencyMs: 0, seed: 1, gzip: true, faults: [], logLevel: 'info', logFormat: 'text', outliveParent: false,
};

/** Runs the command until the test is over; `said` is what it has written to stderr. */
async function withCommand(options: Partial<SimulateArguments>, run: (url: URL, said: () => string) => Promise<void>): Promise<string> {
  const stop = new AbortController();
  const stderr = new PassThrough();
  let text = '';
  stderr.on('data', (piece: Buffer) => { text += piece.toString(); });
  const surroundings = { env: {}, stdin: new PassThrough(), stdout: new PassThrough(), stderr, clock: createManualClock(), version: '0', processId: 1, programFolder: tmpdir(), stop: stop.signal };
  const ended = simulate({ ...OPTIONS, ...options }, surroundings);
  try {
    await Promise.race([ended, until(() => text.includes('Ctrl-C'), 'the introduction')]);
    await run(new URL(/ is at (\S+)/.exec(text)?.[1] ?? ''), () => text);
  } finally {
    stop.abort(new Error('the signal SIGTERM'));
    assert.equal(await ended, 0);
  }
  return text;
}

describe('the command simulate', () => {
  test('serves until it is stopped, and says at the end what it served', async () => {
    const text = await withCommand({ tenants: 2 }, async (url, said) => {
      const books = await (await fetch(new URL('/simulator/books', url))).json() as BooksSnapshot;
      assert.equal(books.expectedEvents, 60);
      assert.match(said(), /A simulated Management Activity API with 2 tenants and 60 events is at http:\/\/127\.0\.0\.1:\d+\//);
    });
    assert.match(text, /The simulator answered 0 requests of the API and issued 0 tokens; 0 of 6 blobs were fetched, with 60 events to be had\. It ends because of the signal SIGTERM\.\n$/);
  });

  test('prints a configuration that a collector can take as it is', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'o365audit-simulate-'));
    try {
      await withCommand({ tenants: 3 }, async (url, said) => {
        const file = join(folder, 'o365.yml');
        await writeFile(file, said().slice(said().indexOf('- module: o365'), said().indexOf('\nand read from it')));
        const { applicationId, clientSecret, tenants } = await (await fetch(new URL('/simulator', url))).json() as { applicationId: string; clientSecret: string; tenants: { id: string; name: string }[] };
        const { sources: [source] } = loadConfig({ flags: { config: file }, env: {} });
        assert.ok(source);
        assert.equal(source.applicationId, applicationId);
        assert.deepEqual(source.credential, { kind: 'secret', secret: clientSecret });
        assert.deepEqual(source.tenants.map(({ id, name }) => ({ id, name })), tenants.map(({ id, name }) => ({ id, name })));
      });
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('switches faults on from the start, with a count where one is given', async () => {
    await withCommand({ faults: ['throttled=3', 'slow-drip'] }, async (url) => {
      const faults = await (await fetch(new URL('/simulator/faults', url))).json() as Record<string, FaultState>;
      assert.deepEqual([faults.throttled?.on, faults['slow-drip']?.on], [{ count: 3 }, {}]);
    });
  });

  test('serves the events of a file once each', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'o365audit-simulate-'));
    try {
      const file = join(folder, 'events.ndjson');
      await writeFile(file, '{"Id":"a","Workload":"Exchange"}\n{"Id":"b","Workload":"Yammer"}\n');
      await withCommand({ eventsFile: file }, async (url) => assert.equal((await (await fetch(new URL('/simulator/books', url))).json() as BooksSnapshot).expectedEvents, 2));
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  for (const [what, faults, code] of [['a fault that there is not', ['dely'], 'SIMULATOR_FAULT_UNKNOWN'], ['a count that is none', ['delay=often'], 'SIMULATOR_FAULT_SETTING']] as const) {
    test(`refuses ${what} before it serves`, async () => {
      await assert.rejects(withCommand({ faults }, () => Promise.resolve()), (error) => error instanceof AuditError && error.code === code);
    });
  }
});
