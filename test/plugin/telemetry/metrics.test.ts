import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { noCounts } from '../../../plugin/telemetry/counts.table.ts';
import { openEndpoint } from '../../../plugin/telemetry/endpoint.ts';
import { METRICS } from '../../../plugin/telemetry/metrics.table.ts';
import { METRICS_MEDIA_TYPE, metricsText } from '../../../plugin/telemetry/metrics.ts';
import { silentLog } from '../../../plugin/telemetry/log.ts';
import type { FeedStanding, Standing } from '../../../plugin/telemetry/standing.ts';
import type { Problem } from '../../../plugin/telemetry/verdict.ts';
import { codeOf } from '../../support/failures.ts';
import { until } from '../../support/manual-clock.ts';

const NOW_MS = Date.UTC(2026, 8, 1);
const FEED: FeedStanding = { counts: { ...noCounts(), eventsDelivered: 9_007_199_254_740_991 }, owed: 3, parked: 1, lastListedMs: NOW_MS - 1_500, listedUntilMs: NOW_MS - 60_000, lastDeliveredMs: NOW_MS, oldestOwedMs: NOW_MS - 90_000 };
const STANDING: Standing = {
  version: 1, program: '1.2.3', processId: 42, startedMs: NOW_MS - 1_000, writtenMs: NOW_MS,
  tenants: {
    a: { name: 'Contoso "GmbH" \\ & Co.\nKG', feeds: { 'Audit.General': FEED, 'DLP.All': { ...FEED, counts: noCounts() } }, quota: { used: 7, limit: 2_000, waiting: 0, pausedUntilMs: NOW_MS + 1 }, credentialExpiresMs: NOW_MS + 5_000 },
    b: { name: 'Fabrikam', feeds: { 'Audit.General': { counts: noCounts(), owed: 0, parked: 0 } }, trouble: { code: 'X', reason: '', repair: '', sinceMs: NOW_MS } },
  },
};
const text = [...metricsText(STANDING, { residentBytes: 100_000_000, cpuSeconds: 1.25, letters: { count: 3, bytes: 4_567, countLimit: 10_000, bytesLimit: 1_000_000 } }, NOW_MS)].join('');

interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Reads the format as its description has it, and fails at anything that is not in it. */
function parse(of: string): Map<string, { readonly type: string; readonly help: string; readonly samples: Sample[] }> {
  assert.ok(of.endsWith('\n'), 'the last line ends');
  const metrics = new Map<string, { type: string; help: string; samples: Sample[] }>();
  let current = '';
  for (const line of of.split('\n').slice(0, -1)) {
    const [, keyword, about = '', rest = ''] = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line) ?? [];
    if (keyword === 'HELP') {
      assert.ok(!metrics.has(about), `${about} is described once`);
      metrics.set(about, { type: '', help: rest, samples: [] });
      current = about;
    } else if (keyword === 'TYPE') {
      assert.equal(about, current);
      Object.assign(metrics.get(about) ?? {}, { type: rest });
    } else {
      const [, name = '', labels = '', value = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (\S+)$/.exec(line) ?? assert.fail(line);
      assert.equal(name, current, 'samples stand behind their description');
      assert.match(value, /^-?\d+(\.\d+)?(e[+-]?\d+)?$/);
      const pairs = [...labels.matchAll(/([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"/g)].map(([, key = '', escaped = '']): [string, string] => [key, escaped.replace(/\\(.)/g, (_whole, letter: string) => letter === 'n' ? '\n' : letter)]);
      metrics.get(name)?.samples.push({ labels: Object.fromEntries(pairs), value: Number(value) });
    }
  }
  return metrics;
}

describe('metrics', () => {
  const metrics = parse(text);
  const value = (name: string, labels: Readonly<Record<string, string>> = {}): number | undefined => metrics.get(name)?.samples
    .find((sample) => Object.entries(labels).every(([key, wanted]) => sample.labels[key] === wanted))?.value;

  test('are text of the format, each described once, with the labels and the type of the table, and no series twice', () => {
    assert.deepEqual([...metrics.keys()].sort(), METRICS.map(({ name }) => name).sort());
    for (const { name, type, help, labels } of METRICS) {
      const metric = metrics.get(name) ?? assert.fail(name);
      assert.deepEqual([metric.type, metric.help], [type, help]);
      for (const sample of metric.samples) assert.deepEqual(Object.keys(sample.labels), labels, name);
      const series = metric.samples.map((sample) => JSON.stringify(sample.labels));
      assert.equal(new Set(series).size, series.length, name);
    }
  });

  test('are named as Prometheus advises: a prefix, base units, _total for counters alone', () => {
    for (const { name, type } of METRICS) {
      assert.match(name, /^(o365audit|process)_[a-z]+(_[a-z]+)*$/);
      assert.equal(name.endsWith('_total'), type === 'counter', name);
      assert.doesNotMatch(name, /(milliseconds|_ms|minutes|hours|kb|mb)(_|$)/);
    }
  });

  test('say what the standing says, in seconds since 1970 where it is a time', () => {
    const general = { tenant_id: 'a', content_type: 'Audit.General' };
    assert.equal(value('o365audit_lag_seconds', general), 90);
    assert.equal(value('o365audit_last_listed_timestamp_seconds', general), NOW_MS / 1000 - 1.5);
    assert.equal(value('o365audit_events_delivered_total', general), 9_007_199_254_740_991);
    assert.equal(value('o365audit_owed_blobs', general), 3);
    assert.equal(value('o365audit_credential_expires_timestamp_seconds', { tenant_id: 'a' }), NOW_MS / 1000 + 5);
    assert.deepEqual([value('o365audit_throttled', { tenant_id: 'a' }), value('o365audit_tenant_refused', { tenant_id: 'b' }), value('o365audit_tenant_refused', { tenant_id: 'a' })], [1, 1, 0]);
    assert.deepEqual(['', '_limit', '_bytes', '_limit_bytes'].map((end) => value(`o365audit_dead_letters${end}`)), [3, 10_000, 4_567, 1_000_000]);
    assert.deepEqual([value('process_resident_memory_bytes'), value('process_cpu_seconds_total'), value('o365audit_build_info', { version: '1.2.3' })], [100_000_000, 1.25, 1]);
  });

  test('leave out what is not known, and escape what a name may hold', () => {
    assert.equal(value('o365audit_lag_seconds', { tenant_id: 'b' }), undefined);
    assert.equal(metrics.get('o365audit_lag_seconds')?.samples[0]?.labels.tenant, 'Contoso "GmbH" \\ & Co.\nKG');
  });

  const promtool = spawnSync('promtool', ['--version']).error === undefined;
  test('pass Prometheus\' own linter, and the alerts of the page are rules to it', { skip: promtool ? false : 'promtool is not on PATH' }, () => {
    const lint = spawnSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8' });
    assert.deepEqual([lint.status, lint.stdout, lint.stderr], [0, '', '']);
    const page = readFileSync(join(import.meta.dirname, '../../../../plugin/telemetry/METRICS.md'), 'utf8');
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-rules-'));
    try {
      writeFileSync(join(folder, 'rules.yml'), /```yaml\n([^]*?)```/.exec(page)?.[1] ?? '');
      const rules = spawnSync('promtool', ['check', 'rules', join(folder, 'rules.yml')], { encoding: 'utf8' });
      assert.equal(rules.status, 0, rules.stderr);
      assert.match(rules.stdout, /6 rules found/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('the endpoint', () => {
  const open = (problems: readonly Problem[] = [], pieces: Iterable<string> = [text.slice(0, 100), text.slice(100)]) => openEndpoint({ address: '127.0.0.1:0', metrics: () => Promise.resolve(pieces), problems: () => Promise.resolve(problems), log: silentLog });

  test('serves metrics, health and readiness, and nothing else', async () => {
    const endpoint = await open();
    const get = (path: string, method = 'GET') => fetch(new URL(path, endpoint.url), { method });
    try {
      const metrics = await get('/metrics?x=1');
      assert.deepEqual([metrics.status, metrics.headers.get('content-type'), await metrics.text()], [200, METRICS_MEDIA_TYPE, text]);
      for (const path of ['/healthz', '/readyz']) assert.deepEqual(await (await get(path)).json(), { status: 'ok', problems: [] });
      assert.deepEqual([(await get('/')).status, (await get('/metricsx')).status, (await get('/metrics', 'POST')).status], [404, 404, 405]);
      const head = await get('/metrics', 'HEAD');
      assert.deepEqual([head.status, head.headers.get('content-type'), await head.text()], [200, METRICS_MEDIA_TYPE, '']);
    } finally {
      await endpoint.close();
    }
    await assert.rejects(get('/metrics'));
  });

  test('is alive but not ready while something needs attention, and says what', async () => {
    const endpoint = await open([{ tenant: 'Contoso', contentType: 'DLP.All', sentence: 'It is late.', repair: 'Wait.' }]);
    try {
      const [alive, ready] = await Promise.all(['/healthz', '/readyz'].map((path) => fetch(new URL(path, endpoint.url))));
      assert.deepEqual([alive?.status, ready?.status], [200, 503]);
      assert.deepEqual(await ready?.json(), { status: 'degraded', problems: [{ tenant: 'Contoso', content_type: 'DLP.All', sentence: 'It is late.', repair: 'Wait.' }] });
      await alive?.text();
    } finally {
      await endpoint.close();
    }
  });

  test('makes metrics as they are read, and no more when their reader has gone', async () => {
    let made = 0;
    let isOver = false;
    function* endless(): Generator<string> {
      try {
        for (;; made += 1) yield `${'x'.repeat(100_000)}\n`;
      } finally {
        isOver = true;
      }
    }
    const endpoint = await open([], endless());
    try {
      const socket = connect(Number(endpoint.url.port), '127.0.0.1', () => socket.write('GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n'));
      await new Promise((resolve) => socket.once('readable', resolve));
      assert.equal(isOver, false);
      socket.destroy();
      await until(() => isOver, 'the making of metrics to end');
      assert.ok(made < 1_000, `${made} pieces were made for nobody`);
      assert.equal((await fetch(new URL('/healthz', endpoint.url))).status, 200);
    } finally {
      await endpoint.close();
    }
  });

  test('at an address that is taken, or not of this machine, is refused with the reason', async () => {
    const endpoint = await open();
    assert.equal(await codeOf(openEndpoint({ address: endpoint.url.host, metrics: () => Promise.resolve([]), problems: () => Promise.resolve([]), log: silentLog })), 'METRICS_ADDRESS');
    assert.equal(await codeOf(openEndpoint({ address: '192.0.2.1:0', metrics: () => Promise.resolve([]), problems: () => Promise.resolve([]), log: silentLog })), 'METRICS_ADDRESS');
    await endpoint.close();
  });

  test('is closed at once, also for those who hold a connection', async () => {
    const endpoint = await open();
    const socket = connect(Number(endpoint.url.port), '127.0.0.1');
    await new Promise((resolve) => socket.once('connect', resolve));
    const gone = new Promise((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    await endpoint.close();
    await gone;
  });
});
