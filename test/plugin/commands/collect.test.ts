/** The command inside this process, with the real simulator and real outputs; what needs a process of its own is in test/scenarios. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { collect } from '../../../plugin/commands/collect.ts';
import { AuditError } from '../../../plugin/errors.ts';
import { openLedger } from '../../../plugin/ledger/ledger.ts';
import { countStartFailure } from '../../../plugin/ledger/start-failures.ts';
import { silentLog } from '../../../plugin/telemetry/log.ts';
import { CONTENT_TYPES, type Clock } from '../../../plugin/types.ts';
import { listedUntil } from '../../support/earlier-run.ts';
import { isFailure } from '../../support/failures.ts';
import { startForwardHost } from '../../support/forward-host.ts';
import { until } from '../../support/manual-clock.ts';
import { createPatientClock } from '../../support/patient-clock.ts';
import { idsOf, realClock, withSimulation } from '../../support/simulation.ts';
import { argumentsOf, testSurroundings, type TestSurroundings } from '../../support/surroundings.ts';

const DAY = 86_400_000;
const root = mkdtempSync(join(tmpdir(), 'o365audit-collect-'));
after(() => rmSync(root, { recursive: true }));

interface Status {
  readonly event: { readonly action: string };
  readonly data_stream: { readonly namespace: string };
  readonly o365: { readonly status: Readonly<Record<string, string | number>> };
}

/** Runs `o365audit collect` with these words. */
async function run(words: readonly string[], surroundings: TestSurroundings = testSurroundings()): Promise<number> {
  return collect(await argumentsOf('collect', words, surroundings.env), surroundings);
}

const statuses = (surroundings: TestSurroundings): Status[] => surroundings.lines().map((line) => JSON.parse(line) as Status);
const actions = (surroundings: TestSurroundings): string[] => statuses(surroundings).map(({ event }) => event.action);
const wrongSecret = (text: string): string => text.replace(/client_secret: ".*"/, 'client_secret: "not the one"');

describe('o365audit collect', () => {
  test('writes every event once to stdout and nothing else, and ends when it has caught up', () => withSimulation({ eventCount: 500 }, async ({ words, expectedIds, simulator }) => {
    const surroundings = testSurroundings();
    assert.equal(await run([...words, '--once'], surroundings), 0);
    const ids = idsOf(surroundings.lines());
    assert.deepEqual(new Set(ids), expectedIds());
    assert.equal(ids.length, 500);
    for (const said of ['Collecting.', 'Everything that there was has been delivered.', 'Stopped. reason="everything is delivered" events=500']) assert.ok(surroundings.said.stderr.includes(said), said);
    const books = simulator.books.snapshot();
    for (const { contentTypes } of Object.values(books.tenants)) {
      for (const { starts, blobsListed, blobsServed, timesServed, widestWindowMs } of Object.values(contentTypes)) {
        assert.deepEqual(starts, { started: 1, alreadyEnabled: 0, refused: 0 });
        assert.deepEqual([blobsServed, timesServed], [blobsListed, blobsListed]);
        assert.ok(widestWindowMs < DAY);
      }
    }
  }));

  test('fetches nothing twice in the next run, and starts no subscription twice', () => withSimulation({}, async ({ words, simulator }) => {
    await run([...words, '--once']);
    const surroundings = testSurroundings();
    assert.equal(await run([...words, '--once'], surroundings), 0);
    assert.deepEqual(surroundings.lines(), []);
    const [tenant] = Object.values(simulator.books.snapshot().tenants);
    for (const { starts, timesServed, blobsServed } of Object.values(tenant?.contentTypes ?? {})) assert.deepEqual([starts.started, starts.alreadyEnabled, timesServed], [1, 0, blobsServed]);
  }));

  test('goes on with what comes in later, at its interval, until it is stopped', () => withSimulation({ eventCount: 20 }, async ({ words, simulator, expectedIds }) => {
    const surroundings = testSurroundings();
    const running = run([...words, '-M', 'o365.audit.var.api.poll_interval=1s'], surroundings);
    await until(() => surroundings.lines().length === 20, 'the backlog', 20_000);
    const { ids: [id] } = simulator.addEvents({ ndjson: '{"Id":"b0b0b0b0-0000-4000-8000-000000000001","CreationTime":"2026-09-01T08:15:30","RecordType":8,"Workload":"AzureActiveDirectory"}' });
    await until(() => surroundings.lines().length === 21, 'the new event', 20_000);
    assert.ok(typeof id === 'string' && idsOf(surroundings.lines()).includes(id));
    surroundings.end();
    assert.equal(await running, 0);
    assert.deepEqual(new Set(idsOf(surroundings.lines())), expectedIds());
    assert.match(surroundings.said.stderr, /Stopped\. reason="the signal SIGTERM"/);
  }));

  test('tells a log agent\'s launcher on stdout what it does, while the events take their own way', () => withSimulation({}, async ({ words, expectedIds }) => {
    const host = await startForwardHost();
    try {
      const surroundings = testSurroundings();
      assert.equal(await run([...words, '--once', '--output', host.url, '--namespace', 'production', '--supervised'], surroundings), 0);
      assert.deepEqual(new Set(host.received.keys()), expectedIds());
      assert.ok([...host.received.values()].every((times) => times === 1));
      const told = statuses(surroundings);
      assert.deepEqual([actions(surroundings)[0], ...actions(surroundings).slice(-2)], ['started', 'caught_up', 'stopped']);
      assert.ok(told.every(({ data_stream: { namespace } }) => namespace === 'production'));
      assert.equal(told.at(-1)?.o365.status.events, 300);
    } finally {
      await host.close();
    }
  }));

  test('says that it has started before the backlog is listed, not after', () => withSimulation({ eventCount: 3_000, eventsPerBlob: 5, pageSize: 5, latencyMs: 20 }, async ({ words, simulator }) => {
    const host = await startForwardHost();
    try {
      const surroundings = testSurroundings();
      const running = run([...words, '--output', host.url], surroundings);
      await until(() => actions(surroundings).includes('started'), 'the first record', 20_000);
      const { expectedEvents } = simulator.books.snapshot();
      assert.ok(host.received.size < expectedEvents, `${host.received.size} of ${expectedEvents} events`);
      surroundings.end();
      await running;
    } finally {
      await host.close();
    }
  }));

  test('says which span is lost when nobody collected for longer than the service keeps content', () => withSimulation({}, async (simulation) => {
    const { words, expectedIds } = simulation;
    const fromMs = Math.floor(Date.now() / 1_000) * 1_000 - 9 * DAY;
    await listedUntil(simulation, fromMs);
    const host = await startForwardHost();
    try {
      const surroundings = testSurroundings();
      assert.equal(await run([...words, '--once', '--output', host.url], surroundings), 0);
      const lost = statuses(surroundings).filter(({ event }) => event.action === 'lost_window').map(({ o365: { status } }) => status);
      assert.deepEqual(lost.map(({ content_type: type }) => type).sort(), [...CONTENT_TYPES].sort());
      for (const { from, to } of lost) {
        assert.equal(from, new Date(fromMs).toISOString());
        const reachMs = Date.now() - Date.parse(String(to));
        assert.ok(reachMs < 7 * DAY && reachMs > 7 * DAY - 600_000, String(to));
      }
      assert.match(surroundings.said.stderr, /it was never listed: its events are lost/);
      assert.deepEqual(new Set(host.received.keys()), expectedIds());
      // said once, not each time that it starts
      const again = testSurroundings();
      await run([...words, '--once', '--output', host.url], again);
      assert.ok(!actions(again).includes('lost_window'));
    } finally {
      await host.close();
    }
  }));

  test('goes by the service\'s clock where this machine\'s is days off, and not where the operator forbids it', () => withSimulation({}, async ({ words, simulator, expectedIds }) => {
    simulator.faults.set('clock-skew', { ms: 3 * DAY });
    const stubborn = testSurroundings();
    const running = run([...words, '-M', 'o365.audit.var.api.adjust_clock=false'], stubborn);
    await until(() => stubborn.said.stderr.includes('Everything that there was has been delivered.'), 'all that lies within its reach', 20_000).finally(() => stubborn.end());
    await running;
    assert.match(stubborn.said.stderr, /clock and the service's differ.* adjusted=false/);
    assert.doesNotMatch(stubborn.said.stderr, /API_WINDOW/, 'nothing was asked for that the service serves no more');
    const surroundings = testSurroundings();
    assert.equal(await run([...words, '--once'], surroundings), 0);
    // what its own clock holds for new is within the service's reach, too
    assert.deepEqual(new Set(idsOf([...stubborn.lines(), ...surroundings.lines()])), expectedIds());
    assert.match(surroundings.said.stderr, /clock and the service's differ.* adjusted=true/);
  }));

  test('ends with the failure when every tenant is refused, before anything is started', () => withSimulation({ tenants: 2 }, async ({ words }) => {
    const surroundings = testSurroundings();
    await assert.rejects(run(words, surroundings), isFailure('AUTH_REFUSED'));
    assert.doesNotMatch(surroundings.said.stderr, /Collecting\.|Stopped\./);
    assert.deepEqual(surroundings.lines(), []);
  }, wrongSecret));

  test('refuses a state directory that another one uses, and says who it is', () => withSimulation({}, async ({ words, stateDir }) => {
    const ledger = await openLedger({ directory: stateDir }, realClock, silentLog);
    try {
      await assert.rejects(run([...words, '--once']), (error) => error instanceof AuditError && error.code === 'LEDGER_LOCKED' && error.exitStatus === 4 && error.message.includes(`process ${process.pid}`));
    } finally {
      await ledger.close();
    }
  }));

  test('lets go of the state directory whatever it ends with', () => withSimulation({}, async ({ words, stateDir, simulator }) => {
    await assert.rejects(run([...words, '--output', 'forward+tls://127.0.0.1:1', '--forward-ca', join(root, 'none.pem')]), isFailure('OUTPUT_CA_FILE'));
    simulator.setSecrets(['another']);
    await assert.rejects(run(words), isFailure('AUTH_REFUSED'));
    await (await openLedger({ directory: stateDir }, realClock, silentLog)).close();
  }));

  test('with nothing enabled says so, and that is no failure', async () => {
    const config = join(root, 'off.yml');
    writeFileSync(config, '- module: o365\n  audit:\n    enabled: false\n');
    await assert.rejects(run(['-c', config]), (error) => error instanceof AuditError && error.code === 'COLLECT_NOTHING' && error.exitStatus === 0);
  });
});

describe('o365audit collect from files', () => {
  const event = (id: string): string => `{"Id":"${id}","CreationTime":"2026-09-01T08:15:30","OrganizationId":"7d1c0f5e-2f0a-4a57-9d0a-3a1b5d7e9c11"}\n`;
  const source = (folder: string, extra = ''): string => `- module: o365\n  audit:\n    enabled: true\n    var.input: file\n    var.paths: ["${folder}/*.ndjson"]\n${extra}`;

  test('delivers them as records of their own tenants, and says that it has started and stopped', async () => {
    const folder = join(root, 'files');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.ndjson'), event('e1') + event('e2'));
    writeFileSync(join(folder, 'o365.yml'), source(folder));
    const host = await startForwardHost();
    try {
      const surroundings = testSurroundings();
      assert.equal(await run(['-c', join(folder, 'o365.yml'), '--once', '--output', host.url, '--supervised'], surroundings), 0);
      assert.deepEqual([...host.received.keys()], ['e1', 'e2']);
      assert.deepEqual(actions(surroundings), ['started', 'caught_up', 'stopped']);
      assert.equal(statuses(surroundings).at(-1)?.o365.status.events, 2);
      assert.ok(existsSync(join(folder, 'o365audit-state', 'files.json')));
    } finally {
      await host.close();
    }
  });

  test('remembers how far it is in all of them, however many sources they belong to', async () => {
    const [one, other] = [join(root, 'one'), join(root, 'other')];
    for (const folder of [one, other]) mkdirSync(folder);
    const config = join(root, 'two.yml');
    writeFileSync(config, source(one) + source(other));
    const words = ['-c', config, '--once', '--state-dir', join(root, 'two-state')];
    for (let round = 1; round <= 3; round += 1) {
      for (const folder of [one, other]) writeFileSync(join(folder, 'a.ndjson'), event(`${folder.slice(-5)}-${round}`), { flag: 'a' });
      const surroundings = testSurroundings();
      assert.equal(await run(words, surroundings), 0);
      assert.deepEqual(idsOf(surroundings.lines()).sort(), [`${one.slice(-5)}-${round}`, `${other.slice(-5)}-${round}`].sort());
    }
  });

  test('ends with the failure of a file that cannot be read to its end', async () => {
    const folder = join(root, 'broken');
    mkdirSync(folder);
    writeFileSync(join(folder, 'a.ndjson'), `${event('e1')}{"Id":`);
    writeFileSync(join(folder, 'o365.yml'), source(folder));
    const surroundings = testSurroundings();
    await assert.rejects(run(['-c', join(folder, 'o365.yml'), '--once'], surroundings), isFailure('COLLECT_FILE'));
    assert.deepEqual(idsOf(surroundings.lines()), ['e1']);
  });
});

describe('o365audit collect --supervised', () => {
  /** Runs until it says that it cannot start, and stops it while it waits; gives back the status record. */
  async function cannotStart(words: readonly string[], surroundings = testSurroundings()): Promise<Status> {
    let isOver = false;
    const running = run([...words, '--supervised'], surroundings).finally(() => { isOver = true; });
    running.catch(() => undefined);
    await until(() => surroundings.lines().length > 0, 'the status record', 20_000);
    // whoever launched it would start it again at once: it holds back
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(isOver, false);
    surroundings.end();
    await assert.rejects(running);
    assert.equal(surroundings.lines().length, 1);
    const [status] = statuses(surroundings);
    assert.ok(status);
    assert.equal(status.event.action, 'cannot_start');
    return status;
  }

  test('says in one status record why it cannot start, and waits longer each time, also as a new process', () => withSimulation({}, async ({ words, simulator }) => {
    const forward = [...words, '--output', 'forward://127.0.0.1:1'];
    for (const seconds of [1, 2, 4]) {
      const { o365: { status } } = await cannotStart(forward);
      assert.deepEqual([status.code, status.retry_seconds], ['AUTH_REFUSED', seconds]);
      assert.match(String(status.reason), /7000215/);
    }
    assert.equal(simulator.books.snapshot().tokens.refused, 3, 'one question a start');
  }, wrongSecret));

  test('ends with its failure after the wait', () => withSimulation({}, async ({ words }) => {
    const surroundings = testSurroundings();
    const startedAt = performance.now();
    await assert.rejects(run([...words, '--output', 'forward://127.0.0.1:1', '--supervised'], surroundings), isFailure('AUTH_REFUSED'));
    assert.ok(performance.now() - startedAt >= 1_000);
  }, wrongSecret));

  test('forgets its failures once it has started', () => withSimulation({}, async ({ words, simulator }) => {
    const host = await startForwardHost();
    try {
      const forward = [...words, '--output', host.url];
      const [secret] = [simulator.clientSecret];
      simulator.setSecrets(['another']);
      await cannotStart(forward);
      simulator.setSecrets([secret]);
      await run([...forward, '--once', '--supervised']);
      simulator.setSecrets(['another']);
      assert.equal((await cannotStart(forward)).o365.status.retry_seconds, 1);
    } finally {
      await host.close();
    }
  }));

  test('waits as well, longer each time, before it ends with what has ended a run that had started, unless that has lasted for a while', () => withSimulation({ eventCount: 0 }, async ({ words, stateDir, simulator }) => {
    const host = await startForwardHost();
    try {
      host.misbehave('acknowledge-in-json');
      /** Runs until it holds back, and stops it while it does; resolves with for how long it would have. */
      const failed = async (clock: Clock, meanwhile: () => Promise<void> = () => Promise.resolve()): Promise<string | undefined> => {
        const surroundings = testSurroundings({ clock });
        const running = run([...words, '--output', host.url, '--supervised', '-M', 'o365.audit.var.api.poll_interval=100ms'], surroundings);
        running.catch(() => undefined);
        try {
          await meanwhile();
          await until(() => surroundings.said.stderr.includes('The program has failed.'), 'the log line', 20_000);
        } finally {
          surroundings.end();
        }
        await assert.rejects(running, isFailure('OUTPUT_ANSWER_JSON'));
        assert.deepEqual(actions(surroundings).filter((action) => action === 'started' || action === 'stopped' || action === 'cannot_start'), ['started', 'stopped']);
        return /The program has failed\. .* waitMs=(\d+)/.exec(surroundings.said.stderr)?.[1];
      };
      for (let failures = 1; failures <= 3; failures += 1) await countStartFailure(stateDir, Date.now());
      const steady: Clock = { ...realClock, wait: (ms, signal) => realClock.wait(ms === 5 * 60_000 ? 0 : ms, signal) };
      assert.equal(await failed(steady, async () => {
        await until(() => readFileSync(join(stateDir, 'start-failures.json'), 'utf8').includes('"count":0'), 'the failures before it to be forgotten', 20_000);
        simulator.addEvents({ ndjson: '{"Id":"c0c0c0c0-0000-4000-8000-000000000001","CreationTime":"2026-09-01T08:15:30","RecordType":8}' });
      }), '1000');
      assert.deepEqual([await failed(realClock), await failed(realClock)], ['2000', '4000']);
      assert.equal(simulator.books.snapshot().tokens.issued, 3, 'one token a start');
    } finally {
      await host.close();
    }
  }));

  test('finds output, state directory and namespace in the configuration where no flag names them', () => withSimulation({}, async ({ config, folder }) => {
    const status = await cannotStart(['-c', config]);
    assert.equal(status.data_stream.namespace, 'production');
    assert.ok(existsSync(join(folder, 'elsewhere', 'start-failures.json')));
  }, (text) => `${wrongSecret(text).replace(/^/gm, '  ').replace(/^/, 'filebeat.modules:\n')}\ncollector:\n  output: forward://127.0.0.1:1\n  state_dir: elsewhere\n  namespace: production\n`));

  test('says so of a configuration that cannot be read, too', async () => {
    const status = await cannotStart(['-c', join(root, 'none.yml'), '--output', 'forward://127.0.0.1:1', '--state-dir', join(root, 'none-state')], testSurroundings({ env: { O365AUDIT_NAMESPACE: 'lab' } }));
    assert.equal(status.o365.status.code, 'CONFIG_MISSING');
    assert.equal(status.data_stream.namespace, 'lab');
    assert.ok(existsSync(join(root, 'none-state', 'start-failures.json')));
  });

  test('says nothing on a stdout that carries events', () => withSimulation({}, async ({ words }) => {
    const surroundings = testSurroundings();
    const running = run([...words, '--supervised'], surroundings);
    running.catch(() => undefined);
    await until(() => surroundings.said.stderr.includes('cannot start'), 'the log line', 20_000);
    surroundings.end();
    await assert.rejects(running, isFailure('AUTH_REFUSED'));
    assert.equal(surroundings.said.stdout, '');
  }, wrongSecret));
});

describe('a backlog of several minutes', () => {
  const [quota, tenants, blobsEach] = [200, 3, 560];

  test('uses at least 95% of each tenant\'s quota over any two minutes, and passes it in no 60 seconds, by the service\'s own count', async () => {
    const clock = createPatientClock();
    const startMs = clock.nowMs();
    try {
      await withSimulation({ clock: clock.ofFarEnd, tenants, requestsPerMinute: quota, latencyMs: 200, eventsPerBlob: 1, eventCount: tenants * blobsEach }, async ({ words, simulator, expectedIds }) => {
        const surroundings = testSurroundings({ clock });
        assert.equal(await run([...words, '--once'], surroundings), 0, surroundings.said.stderr);
        assert.deepEqual(new Set(idsOf(surroundings.lines())), expectedIds());
        // the last few requests of each belong to the fourth minute's quota
        const tookMs = clock.lastRequestMs - startMs;
        assert.ok(tookMs <= 3 * 60_000 / 0.95, `three minutes' quota took ${tookMs / 1000} s`);
        for (const { name, requests, byMinute, refusedByQuota, largestMinute } of Object.values(simulator.books.snapshot().tenants)) {
          const used = [0, 1, 2].map((minute) => byMinute[`${new Date(startMs + minute * 60_000).toISOString().slice(0, 16)}Z`] ?? 0);
          for (const from of [0, 1]) assert.ok(used.slice(from, from + 2).reduce((sum, count) => sum + count, 0) >= 2 * quota * 0.95, `${name} used ${used.join(', ')}`);
          assert.ok(requests > 3 * quota, `${name}: ${requests} requests`);
          assert.deepEqual([refusedByQuota, largestMinute], [0, quota]);
        }
      }, (text) => `${text}      max_requests_per_minute: ${quota}\n`);
    } finally {
      await clock.stop();
    }
  });
});
