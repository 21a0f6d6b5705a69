import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { check } from '../../../plugin/commands/check.ts';
import { setup } from '../../../plugin/commands/setup.ts';
import { readCommandLine } from '../../../plugin/config/command-line.ts';
import { failureOf } from '../../support/failures.ts';
import { startFakeStore, type FakeStore, type FakeStoreOptions } from '../../support/fake-store.ts';
import { createHurriedClock } from '../../support/manual-clock.ts';
import { argumentsOf, testSurroundings } from '../../support/surroundings.ts';

const VERSION = '1.2.0';

async function run(words: readonly string[], { version = VERSION, env = {} }: { readonly version?: string; readonly env?: Readonly<Record<string, string>> } = {}): Promise<string> {
  const surroundings = testSurroundings({ version, env, clock: createHurriedClock() });
  assert.equal(await setup(await argumentsOf('setup', words, env), surroundings), 0);
  return surroundings.said.stdout;
}

async function within(options: FakeStoreOptions, act: (store: FakeStore, words: readonly string[]) => Promise<void>): Promise<void> {
  const store = await startFakeStore(options);
  try {
    await act(store, ['--elasticsearch', store.url.href]);
  } finally {
    await store.close();
  }
}

/** Changes since the last look. */
function changesSince(store: FakeStore): () => readonly string[] {
  let seen = 0;
  return () => {
    const all = store.changes();
    const fresh = all.slice(seen);
    seen = all.length;
    return fresh;
  };
}

const templateOf = (store: FakeStore, name: string): Readonly<Record<string, unknown>> => store.held.get(`/_index_template/${name}`)?.template as Readonly<Record<string, unknown>>;
const settingsOf = (store: FakeStore): unknown => (store.held.get('/_component_template/o365audit-events@settings')?.template as { readonly settings: { readonly index: unknown } }).settings.index;

describe('o365audit setup', () => {
  test('puts pipeline, component templates and index templates, what others need first, and says each; the second time there is nothing to change', () => within({}, async (store, words) => {
    const fresh = changesSince(store);
    const said = await run(words);
    assert.deepEqual(fresh(), ['PUT /_ingest/pipeline/o365audit', 'PUT /_component_template/o365audit-events@mappings', 'PUT /_component_template/o365audit-events@settings', 'PUT /_index_template/o365audit-events',
      'PUT /_component_template/o365audit-status@mappings', 'PUT /_component_template/o365audit-status@settings', 'PUT /_index_template/o365audit-status']);
    assert.match(said, /7 changes:\n {2}✓ create pipeline o365audit\n/);
    assert.match(await run(words), /^Nothing to change: 7 parts are as they should be\.$/m);
    assert.deepEqual(fresh(), []);
  }));

  test('changes nothing when it is only to show what it would', () => within({}, async (store, words) => {
    assert.match(await run([...words, '--dry-run']), /create index template o365audit-events\n[^]*7 changes, not made because of --dry-run/);
    assert.deepEqual(store.changes(), []);
  }));

  test('speaks JSON to machines, a line each', () => within({}, async (_, words) => {
    const lines = (await run([...words, '--json'])).trim().split('\n').map((line) => JSON.parse(line) as { readonly kind: string; readonly changes?: readonly unknown[] });
    assert.deepEqual(lines.map(({ kind }) => kind), ['server', 'plan', ...Array<string>(7).fill('done')]);
    assert.equal(lines[1]?.changes?.length, 7);
  }));

  test('gives data streams a lifecycle of 90 days, or as long as is asked for, or the policy of the operator in its place', () => within({}, async (store, words) => {
    await run(words);
    assert.deepEqual(templateOf(store, 'o365audit-events').lifecycle, { data_retention: '90d' });
    await run([...words, '--retention', '365d']);
    assert.deepEqual(templateOf(store, 'o365audit-status').lifecycle, { data_retention: '365d' });
    assert.equal((await failureOf(run([...words, '--ilm-policy', 'logs-1y']))).code, 'STORE_POLICY');
    store.held.set('/_ilm/policy/logs-1y', { 'logs-1y': {} });
    await run([...words, '--ilm-policy', 'logs-1y']);
    assert.equal(templateOf(store, 'o365audit-events').lifecycle, undefined);
    assert.deepEqual((settingsOf(store) as { readonly lifecycle: unknown }).lifecycle, { name: 'logs-1y' });
  }));

  test('keeps what an earlier run was told: nothing that is forgotten on the command line makes documents go sooner', () => within({}, async (store, words) => {
    await run([...words, '--retention', '365d', '--alias', 'filebeat-o365']);
    assert.match(await run(words), /Nothing to change/);
    store.held.set('/_ilm/policy/logs-1y', { 'logs-1y': {} });
    await run([...words, '--ilm-policy', 'logs-1y']);
    assert.match(await run(words), /Nothing to change/);
    assert.deepEqual(templateOf(store, 'o365audit-events').aliases, { 'filebeat-o365': {} });
    await run([...words, '--retention', '30d']);
    assert.deepEqual([templateOf(store, 'o365audit-events').lifecycle, (settingsOf(store) as { readonly lifecycle?: unknown }).lifecycle], [{ data_retention: '30d' }, undefined]);
  }));

  test('lets a policy of OpenSearch manage the data streams beside what it manages already, once', () => within({ product: 'OpenSearch' }, async (store, words) => {
    const path = '/_plugins/_ism/policies/logs-1y';
    store.held.set(path, { _seq_no: 4, _primary_term: 1, policy: { policy_id: 'logs-1y', description: 'ours', default_state: 'hot', states: [{ name: 'hot' }], ism_template: [{ index_patterns: ['web-*'], priority: 1 }] } });
    await run([...words, '--ism-policy', 'logs-1y']);
    assert.ok(store.changes().includes(`PUT ${path}?if_seq_no=4&if_primary_term=1`));
    const { policy } = store.held.get(path) as { readonly policy: object };
    assert.deepEqual(policy, { description: 'ours', default_state: 'hot', states: [{ name: 'hot' }], ism_template: [{ index_patterns: ['web-*'], priority: 1 }, { index_patterns: ['logs-o365.audit-*', 'logs-o365.status-*'], priority: 100 }] });
    const fresh = changesSince(store);
    fresh();
    await run([...words, '--ism-policy', 'logs-1y']);
    assert.deepEqual(fresh(), []);
  }));

  test('takes a policy of OpenSearch back, by --no-ism-policy, by another one, and by --remove; and only what setup has put into it', () => within({ product: 'OpenSearch', lacks: ['"lifecycle"'] }, async (store, words) => {
    const own = { index_patterns: ['logs-o365.audit-*', 'logs-o365.status-*'], priority: 100 };
    const theirs = [{ index_patterns: ['web-*'], priority: 1 }, { index_patterns: ['logs-o365.audit-*'], priority: 5 }];
    const policy = (name: string, templates: readonly object[]): readonly [string, Readonly<Record<string, unknown>>] => [`/_plugins/_ism/policies/${name}`, { _seq_no: 4, _primary_term: 1, policy: { description: name, default_state: 'hot', states: [{ name: 'hot' }], ism_template: templates } }];
    const put = (): void => { for (const [path, body] of [policy('logs-1y', [...theirs, own]), policy('logs-2y', [])]) store.held.set(path, body); };
    const templatesIn = (name: string): unknown => (store.held.get(`/_plugins/_ism/policies/${name}`)?.policy as { readonly ism_template: unknown }).ism_template;
    put();
    assert.doesNotMatch(await run(words), /keeps documents for ever/);
    assert.match(await run([...words, '--no-ism-policy', '--dry-run']), /set policy logs-1y \(it is to manage the data streams no more/);
    assert.deepEqual(templatesIn('logs-1y'), [...theirs, own]);
    assert.match(await run([...words, '--no-ism-policy']), /! Indices that are there stay with the policy[^]*✓ set policy logs-1y\n/);
    assert.deepEqual(templatesIn('logs-1y'), theirs);
    const fresh = changesSince(store);
    fresh();
    assert.match(await run([...words, '--no-ism-policy']), /^Nothing to change/m);
    assert.deepEqual(fresh(), []);
    put();
    await run([...words, '--ism-policy', 'logs-2y']);
    assert.deepEqual([templatesIn('logs-1y'), templatesIn('logs-2y')], [theirs, [own]]);
    assert.deepEqual(fresh().map((change) => change.split('?')[0]), ['PUT /_plugins/_ism/policies/logs-1y', 'PUT /_plugins/_ism/policies/logs-2y'], 'OpenSearch refuses two for the same names');
    await run([...words, '--remove']);
    assert.deepEqual([templatesIn('logs-1y'), templatesIn('logs-2y')], [theirs, []]);
  }));

  test('takes a policy of Elasticsearch back, and says what becomes of documents then', () => within({}, async (store, words) => {
    store.held.set('/_ilm/policy/logs-1y', { 'logs-1y': {} });
    await run([...words, '--ilm-policy', 'logs-1y']);
    assert.match(await run([...words, '--no-ilm-policy', '--dry-run']), /! Indices that are there stay with the policy logs-1y; .*_ilm\/remove .* keep documents for 90d[^]*update index template o365audit-events \(other options\)/);
    await run([...words, '--no-ilm-policy']);
    assert.deepEqual([templateOf(store, 'o365audit-events').lifecycle, (settingsOf(store) as { readonly lifecycle?: unknown }).lifecycle], [{ data_retention: '90d' }, undefined]);
    assert.match(await run([...words, '--no-ilm-policy']), /^Nothing to change/m);
    assert.match(await run(words), /^Nothing to change/m);
  }));

  test('puts nothing into a server that the server does not know, and says what that means', () => within({ product: 'OpenSearch', lacks: ['"type":"flattened"', '"lifecycle"', '"data_stream_options"', '"ignore_missing_component_templates"',
    'ignore_dynamic_beyond_limit"', '"_meta":{"probe', '"type":"wildcard"', '"geoip"'] }, async (store, words) => {
    const said = await run(words);
    for (const line of [/lacks field types; others take their place: keyword for wildcard/, /only the names in FIELDS\.md are indexed/, /keeps documents for ever by itself.*--ism-policy/,
      /Documents get no source\.geo: unknown "geoip"/]) assert.match(said, line);
    const all = JSON.stringify([...store.held.values()]);
    for (const name of ['"type":"flattened"', '"type":"wildcard"', 'data_retention', 'failure_store', 'ignore_missing_component', 'ignore_dynamic_beyond_limit', '"geoip"']) assert.ok(!all.includes(name), name);
    assert.match(all, /"user_agent":\{"tag"/);
    assert.ok(store.held.has('/_component_template/o365audit-events@custom'));
  }));

  test('leaves what the operator has put into the hook', () => within({ product: 'OpenSearch', lacks: ['"ignore_missing_component_templates"'] }, async (store, words) => {
    const own = { template: { settings: { index: { number_of_replicas: 2 } } } };
    store.held.set('/_component_template/o365audit-events@custom', own);
    await run(words);
    assert.equal(store.held.get('/_component_template/o365audit-events@custom'), own);
    assert.match(await run([...words, '--remove']), /The component template o365audit-events@custom stays: it holds settings of yours\./);
    assert.deepEqual([...store.held.keys()], ['/_component_template/o365audit-events@custom']);
  }));

  test('touches nothing where a part of it belongs to somebody else, and names him', () => within({}, async (store, words) => {
    store.held.set('/_index_template/o365audit-events', { index_patterns: ['x'], _meta: { managed_by: 'fleet' } });
    const error = await failureOf(run(words));
    assert.equal(error.code, 'STORE_FOREIGN');
    assert.match(error.message, /index template o365audit-events already, which was made by fleet/);
    assert.deepEqual(store.changes(), []);
  }));

  test('replaces what an older version made, and does not touch what a newer one did', () => within({}, async (store, words) => {
    await run(words, { version: '1.1.0' });
    // an older version made it otherwise
    const pipeline = store.held.get('/_ingest/pipeline/o365audit') as { readonly _meta: object };
    store.held.set('/_ingest/pipeline/o365audit', { ...pipeline, processors: [], _meta: { ...pipeline._meta, digest: 'other' } });
    assert.match(await run(words), /update pipeline o365audit \(version 1\.1\.0\)/);
    store.held.set('/_ingest/pipeline/o365audit', { ...pipeline, _meta: { ...pipeline._meta, version: '1.10.0', digest: 'other' } });
    const fresh = changesSince(store);
    fresh();
    assert.equal((await failureOf(run(words))).code, 'STORE_NEWER');
    assert.deepEqual(fresh(), []);
  }));

  test('puts back what was changed by hand', () => within({}, async (store, words) => {
    await run(words);
    const path = '/_component_template/o365audit-events@settings';
    const installed = store.held.get(path) ?? {};
    const changed = JSON.parse(JSON.stringify(installed)) as { template: { settings: { index: { codec: string } } } };
    changed.template.settings.index.codec = 'default';
    store.held.set(path, { ...changed });
    assert.match(await run(words), /update component template o365audit-events@settings \(it was changed by hand\)/);
    assert.deepEqual(store.held.get(path), installed);
  }));

  test('rolls a data stream over whose index was made by other templates, and not one that somebody else made', () => within({}, async (store, words) => {
    store.streams.set('logs-o365.audit-default', { indices: ['.ds-logs-o365.audit-default-2026.08.31-000001'], meta: new Map() });
    store.streams.set('logs-o365.audit-fleet', { indices: ['.ds-a'], meta: new Map([['.ds-a', { managed_by: 'fleet' }]]) });
    for (const name of ['default', 'fleet']) store.held.set(`/_data_stream/logs-o365.audit-${name}/_lifecycle`, { data_streams: [{ lifecycle: {} }] });
    const said = await run(words);
    assert.ok(!store.changes().some((change) => change.includes('fleet')), store.changes().join());
    assert.ok(store.changes().includes('PUT /_data_stream/logs-o365.audit-default/_lifecycle'));
    assert.match(said, /roll over data stream logs-o365\.audit-default \(its index was made without these templates\)/);
    assert.match(said, /The data stream logs-o365\.audit-fleet was made by fleet\. It is not touched/);
    assert.deepEqual(store.changes().filter((change) => change.includes('_rollover')), ['POST /logs-o365.audit-default/_rollover']);
    assert.match(await run(words), /Nothing to change/);
  }));

  test('takes away all that it made, and only when no data stream needs it any more', () => within({}, async (store, words) => {
    await run(words);
    store.streams.set('logs-o365.audit-default', { indices: ['.ds-a'], meta: new Map() });
    const error = await failureOf(run([...words, '--remove']));
    assert.deepEqual([error.code, error.values.streams, store.held.size], ['STORE_IN_USE', 'logs-o365.audit-default', 7]);
    store.streams.clear();
    const fresh = changesSince(store);
    fresh();
    await run([...words, '--remove']);
    assert.equal(store.held.size, 0);
    assert.match(fresh()[0] ?? '', /_index_template/);
    assert.match(await run([...words, '--remove']), /Nothing to change: nothing is there\./);
  }));

  test('says how far it came when the server refuses in the middle', () => {
    let refuses = true;
    return within({ instead: ({ method, target }) => (refuses && method === 'PUT' && target.startsWith('/_index_template') ? { status: 403, body: { error: { reason: 'no rights' } } } : undefined) }, async (_, words) => {
      const error = await failureOf(run(words));
      assert.equal(error.code, 'STORE_HALF_DONE');
      assert.match(error.message, /3 of 7 changes were made; the next one \(index template o365audit-events\) was not: .*no rights/);
      refuses = false;
      assert.match(await run(words), /4 changes:/);
    });
  });

  test('takes address and key from the names that other programs use, and never a key or a password from the command line', async () => {
    const keys: unknown[] = [];
    await within({ instead: ({ headers }) => void keys.push(headers.authorization) }, async ({ url }) => {
      await run([], { env: { ELASTICSEARCH_HOSTS: url.href, ES_API_KEY: 'aWQ6a2V5' } });
      await run([], { env: { ELASTICSEARCH_URL: url.href, ELASTICSEARCH_HOSTS: 'http://nowhere.example', ELASTICSEARCH_USERNAME: 'u', ELASTICSEARCH_PASSWORD: 'p' } });
    });
    assert.deepEqual([...new Set(keys)], ['ApiKey aWQ6a2V5', 'Basic dTpw']);
    for (const word of ['--elasticsearch-api-key', '--elasticsearch-password']) {
      const error = await failureOf(readCommandLine(['setup', word, 'S3CRET'], 80));
      assert.match(error.message, /would show the secret to every process; set ELASTICSEARCH_(API_KEY|PASSWORD) instead/);
      assert.ok(!error.message.includes('S3CRET'));
    }
    const error = await failureOf(run(['--elasticsearch', 'https://u:S3CRET@es.example']));
    assert.equal(error.code, 'CONFIG_INVALID');
    assert.ok(!error.message.includes('S3CRET'));
    assert.equal((await failureOf(run([]))).code, 'STORE_ADDRESS');
  });

  test('shows nothing of a key or a password, at any level of detail, in traces and in failures', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-canary-'));
    const trace = join(folder, 'trace.ndjson');
    const secret = 'c4n4ry-of-the-store';
    const forms = [secret, Buffer.from(secret).toString('base64').slice(0, 20), Buffer.from(`loom:${secret}`).toString('base64').slice(8, 28)];
    try {
      for (const env of [{ ELASTICSEARCH_API_KEY: secret }, { ELASTICSEARCH_USERNAME: 'loom', ELASTICSEARCH_PASSWORD: secret }]) {
        for (const status of [200, 401]) {
          await within({ instead: ({ headers }) => (status === 401 ? { status, body: { error: { reason: `no ${headers['user-agent'] ?? ''}` } } } : undefined) }, async (_, words) => {
            const surroundings = testSurroundings({ version: VERSION, clock: createHurriedClock() });
            const outcome = await setup(await argumentsOf('setup', [...words, '--log-level', 'trace', '--trace-http', trace], env), surroundings).catch((error: unknown) => error);
            const all = [surroundings.said.stdout, surroundings.said.stderr, readFileSync(trace, 'utf8'), outcome instanceof Error ? `${outcome.stack ?? ''}${JSON.stringify(outcome)}` : ''].join('\n');
            assert.match(all, /_index_template|does not know who asks/);
            for (const form of forms) assert.ok(!all.includes(form), form);
          });
        }
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('writes files for every kind of server without asking one, as they lie in mapping/elasticsearch', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-print-'));
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    try {
      await run(['--print', folder], { version });
      const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.json'));
      assert.ok(files.length > 20);
      for (const file of files) assert.equal(readFileSync(join(folder, file), 'utf8'), readFileSync(join('mapping/elasticsearch', file), 'utf8'), file);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('o365audit check with a store', () => {
  const folder = mkdtempSync(join(tmpdir(), 'o365audit-check-store-'));
  const config = join(folder, 'o365.yml');

  async function steps(words: readonly string[]): Promise<ReadonlyMap<string, readonly [result: string, message: string]>> {
    writeFileSync(config, '- module: o365\n  audit:\n    enabled: true\n    var.input: file\n    var.paths: ["/nowhere/*.json"]\n');
    const surroundings = testSurroundings({ version: VERSION });
    await check(await argumentsOf('check', ['-c', config, '--json', ...words]), surroundings);
    assert.ok(!existsSync(join(folder, 'o365audit-state')));
    return new Map(surroundings.lines().map((line) => JSON.parse(line) as { readonly step: string; readonly result: string; readonly message: string }).map(({ step, result, message }) => [step, [result, message]]));
  }
  const storeSteps = ['store', 'store templates', 'store data streams', 'store template', 'store failures', 'store enrichment', 'store pipeline'];

  test('says nothing of a store when none is given, and that it is not prepared before setup was run', () => within({}, async (store, words) => {
    assert.equal((await steps([])).has('store'), false);
    const found = await steps(words);
    assert.deepEqual(found.get('store'), ['good', `${store.url.host} is Elasticsearch 8.15.0, and lets us in`]);
    assert.equal(found.get('store templates')?.[0], 'bad');
    assert.deepEqual(store.changes(), []);
  }));

  test('ticks every step after setup, with whatever options that was run', () => within({}, async (store, words) => {
    await run([...words, '--retention', '7d', '--alias', 'filebeat-o365']);
    const before = store.changes().length;
    const found = await steps(words);
    assert.deepEqual(storeSteps.map((step) => [step, found.get(step)?.[0]]), storeSteps.map((step) => [step, 'good']));
    assert.equal(store.changes().length, before);
  }));

  test('names what is old, what other templates stand before ours, and what documents lack', () => within({ lacks: ['"geoip"'] }, async (store, words) => {
    await run(words);
    store.streams.set('logs-o365.audit-default', { indices: ['.ds-a'], meta: new Map() });
    const found = await steps(words);
    assert.match(found.get('store data streams')?.join(' ') ?? '', /^warning still to be done: roll over data stream logs-o365\.audit-default/);
    assert.match(found.get('store enrichment')?.join(' ') ?? '', /^warning documents get no source\.geo: unknown "geoip"/);
    store.held.set('/_component_template/o365audit-events@mappings', { ...store.held.get('/_component_template/o365audit-events@mappings'), template: { mappings: {} } });
    assert.match((await steps(words)).get('store template')?.join(' ') ?? '', /^bad Another index template counts for logs-o365\.audit-default, one of: logs/);
  }));

  test('says how many documents were set aside, and why, where the server has a place for them; an older one has not, or does not let everybody look', async () => {
    await within({}, async (store, words) => {
      await run(words);
      assert.deepEqual((await steps(words)).get('store failures'), ['good', 'no document was set aside']);
      store.setAside.set('document_parsing_exception', 1_200).set('timeout_exception', 1);
      assert.deepEqual((await steps(words)).get('store failures'), ['warning', '1,201 documents were set aside in failure stores: document_parsing_exception (1200), timeout_exception (1); no search of the data streams finds them']);
    });
    await within({ instead: ({ target }) => (target.includes('::failures') ? { status: 403, body: { error: { reason: 'unauthorized' } } } : undefined) }, async (_, words) => {
      await run(words);
      assert.match((await steps(words)).get('store failures')?.join(' ') ?? '', /^warning what was set aside in failure stores cannot be read/);
    });
    await within({ lacks: ['"failure_store"'] }, async (_, words) => {
      await run(words);
      assert.equal((await steps(words)).has('store failures'), false);
    });
  });

  test('tells a store that lets nobody in, and one that is none', async () => {
    await within({ instead: () => ({ status: 401, body: { error: { reason: 'who are you' } } }) }, async (_, words) => assert.match((await steps(words)).get('store')?.join(' ') ?? '', /^bad .*does not know who asks.*who are you/));
    assert.match((await steps(['--elasticsearch', 'http://127.0.0.1:9', '--elasticsearch-ca', join(folder, 'none')])).get('store')?.join(' ') ?? '', /^bad The file .* of certificate authorities cannot be used/);
    rmSync(folder, { recursive: true });
  });
});
