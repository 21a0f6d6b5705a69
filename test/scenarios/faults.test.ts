/**
 * The service misbehaves in every way that anybody has seen or feared, one at a time. It lists content late (A4), hands events out twice (A5), says 403 when it
 * means that there were too many requests (A10, P6, P11), hides the next page behind another spelling (A12), lists what has expired (A15), never answers (A17).
 * To the operator it must look like this: whatever can still be had arrives, once, in this run or in the next after the trouble is over; what can never be had
 * is named on stderr, blob by blob; who must act is told so by the exit status and a sentence; and no request with a token ever leaves for another host. The
 * simulator's table of faults is gone through by name, and a fault without a row here fails the test.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { TenantBooks } from '../../plugin/simulator/books.ts';
import { FAULTS, FAULT_NAMES, type FaultName } from '../../plugin/simulator/faults.table.ts';
import type { FaultSetting } from '../../plugin/simulator/faults.ts';
import type { SimulatorOptions } from '../../plugin/simulator/simulator.ts';
import { CONTENT_TYPES } from '../../plugin/types.ts';
import { addBacklog, untilListable } from '../support/backlog.ts';
import { makeCertificate } from '../support/certificate.ts';
import { ageStarts } from '../support/earlier-run.ts';
import { startFarEnd, type FarEnd } from '../support/far-end.ts';
import { startForwardHost } from '../support/forward-host.ts';
import { runProgram, type Program } from '../support/program.ts';
import { idsOf, startSimulation, type Simulation } from '../support/simulation.ts';

interface Row {
  /** What is special about this row, where a fault has several. */
  readonly as?: string;
  /** How the fault is switched on; `elsewhere` is a host of ours to which nothing may ever be sent. */
  readonly on: FaultSetting | ((elsewhere: URL) => FaultSetting);
  /** Faults that belong to it. */
  readonly beside?: Partial<Record<FaultName, FaultSetting>>;
  readonly simulator?: Partial<SimulatorOptions>;
  /** The tenant has been collected for a while: what is there then is new, and its subscriptions were started long ago, or a moment ago. */
  readonly settled?: 'long ago' | 'just now';
  /** How far apart the new blobs lie then. */
  readonly freshStepMs?: number;
  readonly prepare?: (simulation: Simulation) => void;
  readonly words?: readonly string[];
  /** How often it must have happened at least; as often as its count, or once, by default. 0 for switches that a good client never meets. */
  readonly happens?: number;

  /** What must be true after the run: its status (0), and what stderr says. */
  readonly status?: number;
  readonly says?: RegExp;
  /** Blobs that are named as lost; their events are then missing. With `all`, those of the content type that the fault is for. */
  readonly lost?: { readonly blobs: number | 'all'; readonly events: number };
  /** Events that have no Id, and get one of ours. */
  readonly withoutId?: number;
  /** What did not arrive in the run arrives in the next, after the fault is switched off and, where it matters, a quarter of an hour has gone by. */
  readonly mends?: true;
  /** The content types of which nothing arrives before. */
  readonly keepsOut?: RegExp;
  readonly books?: (tenant: TenantBooks, arrived: readonly string[], program: Program) => void;
}

const EVENTS_PER_BLOB = 5;
const EXCHANGE = { contentType: 'Audit.Exchange' };
/** Requests of the API, not of the login. */
const API = { path: '/activity/feed/' };
const BLOB = { path: '/activity/feed/audit/' };
const LOST = 'A content blob can no longer be had: its events are lost.';
const DAY_MS = 86_400_000;

const issued = (count: number) => ({ tokens }: TenantBooks): void => assert.equal(tokens.issued, count);
/** The windows asked for were such that the fault cannot show. */
const asksNarrowly = ({ contentTypes }: TenantBooks): void => {
  for (const { widestWindowMs } of Object.values(contentTypes)) assert.ok(widestWindowMs < DAY_MS, `a window of ${widestWindowMs} ms`);
};
const refusedNothing = ({ byStatus }: TenantBooks): void => assert.deepEqual(Object.keys(byStatus), ['200']);
const startsOf = (started: number, alreadyEnabled: number) => ({ contentTypes }: TenantBooks): void => {
  assert.deepEqual([contentTypes['Audit.Exchange']?.starts.started, contentTypes['Audit.Exchange']?.starts.alreadyEnabled], [started, alreadyEnabled]);
};

/** Signs in with a certificate in place of a secret. */
function useCertificate({ simulator, config, folder }: Simulation): void {
  const { certificate, keyPem } = makeCertificate();
  const [certificateFile, keyFile] = [join(folder, 'certificate.pem'), join(folder, 'key.pem')];
  writeFileSync(certificateFile, certificate);
  writeFileSync(keyFile, keyPem('pkcs8'), { mode: 0o600 });
  simulator.setCertificates([certificate]);
  writeFileSync(config, readFileSync(config, 'utf8').replace(/var\.client_secret: .*/, `var.certificate: "${certificateFile}"\n    var.key: "${keyFile}"`));
}

const ROWS: Readonly<Record<FaultName, readonly [Row, ...Row[]]>> = {
  // Those that take a minute come first: the others go on beside them.
  'no-answer': [{ on: { count: 1, ...BLOB } }],
  'stalled-body': [{ on: { count: 1 } }],
  'throttle-answer': [{ on: { retryAfter: '62' }, simulator: { requestsPerMinute: 60 }, happens: 0, says: /The service throttles; the tenant pauses.* waitMs=62000/, books: ({ refusedByQuota }) => assert.ok(refusedByQuota > 0) }],

  'duplicate-record': [{ on: { count: 2 } }],
  'record-in-two-blobs': [{ on: {} }],
  'dlp-in-both-feeds': [{ on: {}, books: (_, arrived) => assert.equal(arrived.filter((id) => arrived.includes(`${id}:dlp`)).length, 1) }],
  'event-without-id': [{ on: {}, withoutId: 1 }],
  'reversed-members': [{ on: { count: 3 } }],
  'null-fields': [{ on: {} }],
  'huge-event': [{ on: { mebibytes: 8 }, books: (_, __, program) => assert.equal(program.lines().filter(({ length }) => length > 8 * 1024 ** 2).length, 1) }],

  'big-blob': [{ on: { mebibytes: 12 } }],
  'late-blob': [{ on: { ageMs: 2 * 3_600_000 }, settled: 'just now' }],
  'short-lived-blob': [{ on: { seconds: 600 } }],
  'blob-missing': [{ on: { count: 1 } }, { as: 'for good', on: EXCHANGE, happens: 2, lost: { blobs: 'all', events: 0 } }],
  'blob-unknown': [{ on: { count: 1 } }, { as: 'for good', on: EXCHANGE, happens: 2, lost: { blobs: 'all', events: 0 } }],
  'blob-expired': [{ on: { count: 2 }, lost: { blobs: 2, events: 2 * EVENTS_PER_BLOB } }, { as: 'for good', on: EXCHANGE, happens: 2, lost: { blobs: 'all', events: 0 } }],
  'blob-invalid': [{ on: { count: 2 }, lost: { blobs: 2, events: 2 * EVENTS_PER_BLOB } }, { as: 'for good', on: EXCHANGE, happens: 2, lost: { blobs: 'all', events: 0 } }],

  'listed-though-expired': [{ on: { count: 2 }, says: /reason="it expired before it could be fetched"/, lost: { blobs: 2, events: 0 } }],
  'blob-on-two-pages': [{ on: { count: 3 } }],
  'shuffled-page': [{ on: {} }],
  'newest-first': [{ on: {} }],
  'empty-page': [{ on: { count: 3 } }, {
    as: 'without an end', on: EXCHANGE, simulator: { requestsPerMinute: 100_000 }, words: ['-M', 'o365.audit.var.api.max_requests_per_minute=100000'],
    status: 1, says: /it was not followed.*1000 pages in a row held nothing new/, mends: true, keepsOut: /Audit\.Exchange/,
  }],
  'next-page-loops': [{ on: { count: 1 }, says: /it was not followed.*it leads back/ }],
  'next-page-refused': [{ on: { count: 2 } }],
  'next-page-header': [{ on: { name: 'nextpageuri' } }, { as: 'NextPageUrl', on: { name: 'NextPageUrl' } }],
  'next-page-lower-case': [{ on: {} }],
  'next-page-publisher': [{ on: {}, books: ({ withoutPublisherIdentifier }) => assert.equal(withoutPublisherIdentifier, 0) }],
  'next-page-without-times': [{ on: {} }],
  'next-page-other-host': [{ on: ({ origin }) => ({ origin }), says: /The link to the next page leads elsewhere; it was made anew/ }],
  // The next run's first window begins where blobs lie so close that it begins within some of them; what is new lies behind it.
  'partial-blob': [{
    on: {}, settled: 'just now', happens: 0, words: ['--overlap', '270s'], freshStepMs: 15_000,
    prepare: ({ simulator }) => void addBacklog(simulator, { blobs: 36, eventsPerBlob: EVENTS_PER_BLOB, stepMs: 10_000 }),
  }],
  'wide-window-answered': [{ on: {}, happens: 0, books: asksNarrowly }],
  'full-day-refused': [{ on: {}, happens: 0, books: asksNarrowly }],
  'window-refused': [{ on: { count: 1 }, says: /code=API_WINDOW/ }],
  'retention-grace': [{ on: {}, happens: 0, books: refusedNothing }],

  'content-uri-localhost': [{ on: {}, says: /its own link was made from its id/ }],
  'content-uri-other-tenant': [{ on: {}, says: /its own link was made from its id/ }],
  'content-uri-nowhere': [{ on: {} }],
  'content-uri-other-host': [{ on: ({ origin }) => ({ origin }), says: /its own link was made from its id/ }],

  'bare-object': [{ on: {} }],
  'error-as-blob': [{ on: { count: 2 } }, { as: 'in ASP.NET\'s form', on: { count: 2, body: '{"Message":"An error has occurred."}' } }, { as: 'that says nothing', on: { count: 2, body: 'null' } }],
  'blob-not-json': [{ on: { count: 2 } }],
  'byte-order-mark': [{ on: {} }],
  'wrong-content-type': [{ on: {} }],
  'gzip-unasked': [{ on: {} }],
  'truncated-body': [{ on: { count: 2 } }, { as: 'of listings', on: { count: 2, of: 'any', path: 'subscriptions/content' } }],
  'truncated-body-no-length': [{ on: { count: 2 } }, { as: 'of listings', on: { count: 2, of: 'any', path: 'subscriptions/content' } }],
  'connection-reset-in-body': [{ on: { count: 2 } }, { as: 'of listings', on: { count: 2, of: 'any', path: 'subscriptions/content' } }],
  'slow-drip': [{ on: { count: 3, bytes: 512, everyMs: 20 } }],

  'subscription-forgotten': [
    { as: 'long after its start', on: { count: 1, ...EXCHANGE }, settled: 'long ago', books: startsOf(2, 0) },
    { as: 'right after its start', on: { count: 1, ...EXCHANGE }, settled: 'just now', status: 1, says: /COLLECT_START_PENDING/, mends: true, keepsOut: /Audit\.Exchange/ },
  ],
  'subscription-disabled': [
    { as: 'long after its start', on: { count: 1, ...EXCHANGE }, settled: 'long ago', books: startsOf(2, 0) },
    { as: 'right after its start', on: { count: 1, ...EXCHANGE }, settled: 'just now', status: 1, says: /COLLECT_START_PENDING/, mends: true, keepsOut: /Audit\.Exchange/ },
  ],
  'subscription-stays-disabled': [{ on: EXCHANGE, beside: { 'subscription-disabled': { count: 1, ...EXCHANGE } }, settled: 'long ago', happens: 0, status: 1, says: /API_SUBSCRIPTION|COLLECT_START_PENDING/, mends: true, keepsOut: /Audit\.Exchange/ }],
  'subscription-without-status': [{ on: { count: 1 }, settled: 'long ago' }],
  'start-limit': [{ on: {}, beside: { 'subscription-disabled': { count: 1, ...EXCHANGE } }, settled: 'long ago', happens: 0, status: 1, says: /API_START_LIMIT/, mends: true, keepsOut: /Audit\.Exchange/, books: startsOf(1, 0) }],

  'no-permission': [{ on: {}, status: 3, says: /o365audit: .*lacks the permission.*Give it ActivityFeed\.Read .*\[API_PERMISSION\]/, mends: true, keepsOut: /./ }],
  'no-dlp-permission': [{ on: {}, says: /A content type cannot be collected until somebody mends this; the others go on\..*contentType=DLP\.All code=API_PERMISSION/, mends: true, keepsOut: /DLP\.All/ }],
  'strict-tenant': [{ on: {}, happens: 0, books: refusedNothing }],
  'auditing-off': [{ on: {}, happens: 0, status: 3, says: /o365audit: .*Switch auditing on in Microsoft Purview.*\[API_TENANT\]/, mends: true, keepsOut: /./ }],

  'expired-token': [{ on: { count: 1 }, books: issued(2) }, { as: 'in the middle of blobs', on: { count: 1, ...BLOB }, books: issued(2) }],
  // more requests follow on each other than can be answered in that time; a second such token could be over before it arrives
  'short-token': [{ on: { seconds: 2, count: 1 }, simulator: { latencyMs: 400 }, books: ({ tokens }) => assert.ok(tokens.issued > 1) }],
  'token-error': [
    { as: 'that a human must mend', on: { aadsts: 7000215 }, status: 3, says: /o365audit: .*the client secret is wrong.*Create a new client secret.*\[AUTH_REFUSED\]/, mends: true, keepsOut: /./ },
    { as: 'that passes', on: { aadsts: 90033, count: 1 } },
  ],
  'token-error-body': [{ on: { count: 1 } }],
  'assertion-once': [{ on: {}, prepare: useCertificate, beside: { 'expired-token': { count: 1 } }, happens: 0, books: issued(2) }],
  'sha1-only': [{ on: {}, prepare: useCertificate, happens: 0, status: 3, says: /\[AUTH_REFUSED\]/, mends: true, keepsOut: /./ }],

  'api-error': [
    { on: { count: 2 } },
    ...(['single-quoted', 'html', 'empty', 'cut-off'] as const).map((form): Row => ({ as: `in the form ${form}`, on: { count: 2, form } })),
    { as: 'that nobody knows', on: { code: 'AF59999', count: 1 } },
  ],
  throttled: [{ on: { count: 2, retryAfter: '1' }, says: /The service throttles; the tenant pauses.* waitMs=1000/ }, { as: 'in JSON with 429', on: { status: 429, form: 'json', count: 1, retryAfter: '1', ...BLOB } }],
  unavailable: [{ on: { count: 2, ...API } }],
  'request-timeout': [{ on: { count: 2, ...API } }],
  'empty-error': [{ on: { count: 1 }, books: issued(2) }, { as: 'with 500', on: { status: 500, count: 2 } }],
  redirect: [{ on: ({ href }) => ({ location: href, count: 2, ...API }) }, { as: 'of the login', on: ({ href }) => ({ location: href, count: 1, path: '/oauth2/' }) }],

  'connection-reset': [{ on: { count: 2, ...API } }],
  delay: [{ on: { count: 3, ms: 700 } }],
  'clock-skew': [
    { as: 'ahead', on: { ms: 600_000 }, happens: 0, says: /This machine's clock and the service's differ\..* adjusted=true/ },
    { as: 'behind', on: { ms: -600_000 }, happens: 0, says: /This machine's clock and the service's differ\..* adjusted=true/ },
    // the past reaches back to where the service lists, not to where this machine thinks that it does
    { as: 'ahead by less than is adjusted', on: { ms: 240_000 }, happens: 0 },
  ],
};

let elsewhere: FarEnd;
before(async () => {
  elsewhere = await startFarEnd((_, response) => response.end());
});
after(() => elsewhere.close());

describe('each fault of the service', { concurrency: 5 }, () => {
  test('has its row here', () => assert.deepEqual(Object.keys(ROWS).sort(), [...FAULT_NAMES].sort()));

  for (const [fault, rows] of Object.entries(ROWS) as [FaultName, readonly Row[]][]) {
    for (const row of rows) {
      test(`${fault}${row.as === undefined ? '' : `, ${row.as}`}: ${FAULTS[fault].sentence}`, async () => {
        const simulation = await startSimulation({ eventCount: 120, eventsPerBlob: EVENTS_PER_BLOB, pageSize: 2, ...row.simulator });
        try {
          await goThrough(fault, row, simulation);
        } finally {
          await simulation.close();
        }
      });
    }
  }

  test('but a record that is larger than a log agent takes becomes a dead letter there, and the others of its blob arrive', async () => {
    const simulation = await startSimulation({ eventCount: 20 });
    const host = await startForwardHost();
    try {
      simulation.simulator.faults.set('huge-event', { mebibytes: 8 });
      await untilListable();
      const { stderr, ending } = await runProgram(['collect', ...simulation.words, '--once', '--output', host.url]);
      assert.equal(ending?.status, 0);
      assert.match(stderr, /error The output does not take an event.* contentId=/);
      assert.match(stderr, /Stopped\..* deadLetters=1/);
      assert.equal([...simulation.expectedIds()].filter((id) => !host.received.has(id)).length, 1);
      assert.equal(host.received.size, 24);
    } finally {
      await host.close();
      await simulation.close();
    }
  });
});

async function goThrough(fault: FaultName, row: Row, simulation: Simulation): Promise<void> {
  const { simulator, words } = simulation;
  const arrived: string[] = [];
  const run = async (more: readonly string[] = []): Promise<Program> => {
    const program = await runProgram(['collect', ...words, '--once', ...more]);
    arrived.push(...idsOf(program.lines()));
    return program;
  };
  row.prepare?.(simulation);
  if (row.settled !== undefined) await settle(row, simulation, run);
  switchOn(fault, row, simulation);
  if (FAULTS[fault].count === 'at once') await untilListable();

  const program = await run(row.words);
  assert.deepEqual(program.ending, { status: row.status ?? 0, signal: null }, program.stderr);
  if (row.says !== undefined) assert.match(program.stderr, row.says);
  const [tenant] = Object.values(simulator.books.snapshot().tenants);
  assert.ok(tenant !== undefined);
  row.books?.(tenant, arrived, program);
  const on = typeof row.on === 'function' ? row.on(elsewhere.url) : row.on;
  const happened = simulator.faults.happened(fault);
  assert.ok(happened >= (row.happens ?? on.count ?? 1), `it happened ${happened} times`);
  assert.deepEqual(elsewhere.requests, []);

  const lostBlobs = [...program.stderr.matchAll(new RegExp(`${LOST.replaceAll('.', '\\.')}.* contentId=(\\S+)`, 'g'))].map(([, contentId]) => contentId);
  const lost = row.lost ?? { blobs: 0, events: 0 };
  assert.equal(new Set(lostBlobs).size, lostBlobs.length, 'a blob was lost twice');
  assert.equal(lostBlobs.length, lost.blobs === 'all' ? tenant.contentTypes['Audit.Exchange']?.blobs : lost.blobs);
  if (row.mends === true) await mend(row, simulation, arrived, run);
  const expected = simulation.expectedIds();
  const got = new Set(arrived);
  assert.equal([...expected].filter((id) => !got.has(id)).length, lost.events, `missing; ${program.stderr}`);
  assert.equal([...got].filter((id) => !expected.has(id)).length, row.withoutId ?? 0, 'ids that nobody knows');
  assert.equal(arrived.length - got.size, 0, 'events came twice');
  // what has arrived or is lost is done with: nothing comes again
  if (row.settled === undefined) assert.deepEqual((await run()).lines(), []);
}

function switchOn(fault: FaultName, { on, beside = {} }: Row, { simulator }: Simulation): void {
  for (const [name, setting] of Object.entries(beside)) simulator.faults.set(name as FaultName, setting);
  simulator.faults.set(fault, typeof on === 'function' ? on(elsewhere.url) : on);
}

/** Collects what there is, and adds what is new. */
async function settle({ settled, freshStepMs = 60_000 }: Row, simulation: Simulation, run: () => Promise<Program>): Promise<void> {
  addBacklog(simulation.simulator, { blobs: 12, eventsPerBlob: EVENTS_PER_BLOB });
  const first = await run();
  assert.deepEqual(first.ending, { status: 0, signal: null }, first.stderr);
  if (settled === 'long ago') await ageStarts(simulation);
  addBacklog(simulation.simulator, { blobs: 12, eventsPerBlob: EVENTS_PER_BLOB, stepMs: freshStepMs });
}

/** The trouble is over, and so is the quarter of an hour within which no subscription may be started again. */
async function mend({ keepsOut = /^$/ }: Row, simulation: Simulation, arrived: readonly string[], run: () => Promise<Program>): Promise<void> {
  const { simulator } = simulation;
  const got = new Set(arrived);
  for (const contentType of CONTENT_TYPES.filter((type) => !keepsOut.test(type))) {
    for (const id of simulator.books.expectedIds({ contentType })) assert.ok(got.has(contentType === 'DLP.All' ? `${id}:dlp` : id), `${id} of ${contentType} was kept out, too`);
  }
  assert.ok(got.size < simulation.expectedIds().size, 'nothing was kept out');
  simulator.faults.clear();
  await ageStarts(simulation);
  const next = await run();
  assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
}
