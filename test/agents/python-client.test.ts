/**
 * The simulator against a client that others wrote: Microsoft's MSAL for Python and plain HTTP (python-client/client.py). What that client can
 * do with the simulator it can do with the real service, so a collector that is only ever tested on the simulator is not tested on a fancy.
 */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startSimulator, type Simulator, type SimulatorOptions } from '../../plugin/simulator/simulator.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';
import { CONTENT_TYPES, type Clock } from '../../plugin/types.ts';
import { makeCertificate } from '../support/certificate.ts';
import { preparePython } from '../support/python.ts';

const RECIPE = join(import.meta.dirname, '../../../test/agents/python-client');
const CLIENT_LIMIT_MS = 300_000;
const DAY_MS = 86_400_000;
const clock: Clock = { nowMs: () => Date.now(), wait: () => Promise.reject(new Error('Nothing here waits.')) };

const python = await preparePython(RECIPE);

interface Found {
  readonly starts: readonly string[];
  readonly pages: number;
  readonly ids: readonly string[];
  readonly refused?: readonly number[];
}

/** Runs the client with this credential against the first tenant; it looks at the last two days. */
async function runClient({ url, applicationId, tenants }: Simulator, credential: unknown): Promise<Found> {
  if ('reason' in python) throw new Error(python.reason);
  const nowMs = Date.now();
  const text = (ms: number): string => new Date(ms).toISOString().slice(0, 19);
  const task = {
    url: url.href, tenant: tenants[0]?.id, applicationId, credential, contentTypes: CONTENT_TYPES,
    windows: [[text(nowMs - 2 * DAY_MS + 60_000), text(nowMs - DAY_MS + 60_000)], [text(nowMs - DAY_MS + 60_000), text(nowMs + 60_000)]],
  };
  const client = spawn(python.program, [join(RECIPE, 'client.py')], { stdio: ['pipe', 'pipe', 'pipe'], timeout: CLIENT_LIMIT_MS });
  let [output, errors] = ['', ''];
  client.stdout.on('data', (piece: Buffer) => { output += piece.toString(); });
  client.stderr.on('data', (piece: Buffer) => { errors += piece.toString(); });
  client.stdin.end(JSON.stringify(task));
  const status = await new Promise((resolve, reject) => client.once('close', resolve).once('error', reject));
  assert.equal(status, 0, errors);
  return JSON.parse(output) as Found;
}

async function withSimulator(options: Partial<SimulatorOptions>, run: (simulator: Simulator) => Promise<void>): Promise<void> {
  const simulator = await startSimulator({ clock, log: silentLog, ...options });
  try {
    await run(simulator);
  } finally {
    await simulator.close();
  }
}

describe('MSAL for Python and requests', { skip: 'reason' in python ? python.reason : false }, () => {
  test('get a token by secret, subscribe, follow every page and read every event once', () => withSimulator({ eventCount: 600, pageSize: 2 }, async (simulator) => {
    const { starts, pages, ids } = await runClient(simulator, simulator.clientSecret);
    assert.deepEqual(starts, CONTENT_TYPES.map(() => 'enabled'));
    assert.ok(pages > 10, `${pages} pages`);
    assert.equal(ids.length, 600);
    assert.deepEqual(new Set(ids), simulator.books.expectedIds());
    const books = simulator.books.snapshot().tenants[simulator.tenants[0]?.id ?? ''];
    assert.equal(books?.withoutPublisherIdentifier, 0);
    assert.deepEqual(Object.keys(books.byStatus), ['200']);
  }));

  test('get a token by certificate', () => withSimulator({ eventCount: 20 }, async (simulator) => {
    const { certificate, keyPem } = makeCertificate();
    simulator.setCertificates([certificate]);
    const { ids } = await runClient(simulator, { private_key: keyPem('pkcs8'), public_certificate: certificate });
    assert.equal(ids.length, 20);
  }));

  test('are refused with a wrong secret and with a certificate that the application does not have', () => withSimulator({ eventCount: 0 }, async (simulator) => {
    assert.deepEqual((await runClient(simulator, 'wrong')).refused, [7000215]);
    const { certificate, keyPem } = makeCertificate();
    assert.deepEqual((await runClient(simulator, { private_key: keyPem('pkcs8'), public_certificate: certificate })).refused, [700027]);
  }));
});
