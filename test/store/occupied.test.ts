/** `o365audit setup` on real stores in which somebody else has been before: what would stand in its way is found before anything is changed. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { check } from '../../plugin/commands/check.ts';
import { setup } from '../../plugin/commands/setup.ts';
import { report } from '../../plugin/commands/report.ts';
import { TEST_CERTIFICATE_FILE } from '../support/forward-host.ts';
import { failureOf } from '../support/failures.ts';
import { startGuard, type Guard } from '../support/store-guard.ts';
import { STORE_PRODUCTS, startStoreNode, storeIsMissing, type StoreNode } from '../support/store-node.ts';
import { argumentsOf, testSurroundings } from '../support/surroundings.ts';

const PLAIN = 'logs-o365.audit-plain';

for (const product of STORE_PRODUCTS) suite(`setup of ${product} that is in use`, { skip: storeIsMissing(product) }, () => {
  let node: StoreNode;
  before(async () => {
    node = await startStoreNode(product);
    // while no template says that it would have to be a data stream
    assert.equal((await node.request('PUT', `/${PLAIN}/_create/of-an-index?refresh=true`, { '@timestamp': '2026-09-01T08:00:00Z', event: { id: 'of-an-index' } })).status, 201);
  });
  after(() => node.close());

  async function command(words: readonly string[], env: Readonly<Record<string, string>> = {}, url = node.url): Promise<string> {
    const surroundings = testSurroundings({ version: '1.0.0', env });
    await setup(await argumentsOf('setup', ['--elasticsearch', url, ...words], env), surroundings);
    return surroundings.said.stdout;
  }

  /** Everything that setup changes, where there are no data streams. */
  async function prepared(): Promise<unknown> {
    const answers = [];
    for (const path of ['/_index_template', '/_component_template', '/_ingest/pipeline']) answers.push((await node.request('GET', path)).json());
    return answers;
  }

  async function checked(namespace: string): Promise<string> {
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-occupied-'));
    try {
      writeFileSync(join(folder, 'o365.yml'), '- module: o365\n  audit:\n    enabled: true\n    var.input: file\n    var.paths: ["/nowhere/*.json"]\n');
      const surroundings = testSurroundings({ version: '1.0.0' });
      await check(await argumentsOf('check', ['-c', join(folder, 'o365.yml'), '--elasticsearch', node.url, '--namespace', namespace]), surroundings);
      return surroundings.said.stdout;
    } finally {
      rmSync(folder, { recursive: true });
    }
  }

  async function put(path: string, body: object): Promise<void> {
    const answer = await node.request('PUT', path, body);
    assert.equal(answer.status, 200, answer.text);
  }

  async function create(stream: string): Promise<void> {
    const answer = await node.request('PUT', `/${stream}/_create/1`, { '@timestamp': '2026-09-01T08:00:00Z' });
    assert.equal(answer.status, 201, answer.text);
  }

  test('A template of the same priority is named before anything is changed, also by --dry-run: the store would refuse ours in the middle.', async () => {
    await put('/_index_template/rival', { index_patterns: ['logs-o365.*', 'other'], priority: 500, data_stream: {} });
    const found = await prepared();
    for (const words of [[], ['--dry-run']]) {
      const error = await failureOf(command(words));
      assert.equal(error.code, 'STORE_RIVAL');
      assert.match(error.message, /index template rival for logs-o365\.\* with the priority of ours, 500/);
    }
    assert.deepEqual(await prepared(), found);
    await put('/_index_template/rival', { index_patterns: ['logs-o365.*'], priority: 499, data_stream: {} });
    assert.match(await command([]), /✓ create index template o365audit-events/);
    assert.equal((await node.request('DELETE', '/_index_template/rival')).status, 200);
  });

  suite('behind TLS and sign-in', () => {
    let guard: Guard;
    before(async () => {
      guard = await startGuard(node.url, { 'ApiKey aWQ6a2V5': 'write', [`Basic ${Buffer.from('reader:pass').toString('base64')}`]: 'read' });
    });
    after(() => guard.close());

    test('It takes an authority of the operator\'s own, and a key.', async () => {
      const said = await command(['--elasticsearch-ca', TEST_CERTIFICATE_FILE], { ELASTICSEARCH_API_KEY: 'id:key' }, guard.url);
      assert.match(said, /(✓ create index template o365audit-status|Nothing to change)/);
      assert.match(await command([], { ELASTICSEARCH_API_KEY: 'id:key', ELASTICSEARCH_CA: TEST_CERTIFICATE_FILE }, guard.url), /^Nothing to change/m);
    });

    test('It does not speak to a server whose authority it does not know, and says which option names one.', async () => {
      const seen = guard.requestCount();
      const error = await failureOf(command([], { ELASTICSEARCH_API_KEY: 'id:key' }, guard.url));
      assert.match(error.code, /^NETWORK_/);
      assert.match(error.repair, /--elasticsearch-ca/);
      assert.equal(guard.requestCount(), seen);
    });

    test('Without rights it changes nothing, and names the rights that it needs.', async () => {
      const found = await prepared();
      const tls = { ELASTICSEARCH_CA: TEST_CERTIFICATE_FILE };
      assert.equal((await failureOf(command([], { ...tls, ELASTICSEARCH_API_KEY: 'id:other' }, guard.url))).code, 'STORE_UNAUTHORIZED');
      const error = await failureOf(command([], { ...tls, ELASTICSEARCH_USERNAME: 'reader', ELASTICSEARCH_PASSWORD: 'pass' }, guard.url));
      assert.equal(error.code, 'STORE_FORBIDDEN');
      assert.match(error.repair, /manage_index_templates/);
      assert.deepEqual(await prepared(), found);
    });
  });

  test('A template that counts before ours is named, and one for other names is not.', async () => {
    await put('/_index_template/first', { index_patterns: ['*-o365.audit-loom'], priority: 600, data_stream: {} });
    await put('/_index_template/beside', { index_patterns: ['logs-o366*'], priority: 601, data_stream: {} });
    const said = await command([]);
    assert.match(said, /! The index template first \(priority 600\) counts before ours for \*-o365\.audit-loom: /);
    assert.doesNotMatch(said, /beside/);
    for (const name of ['first', 'beside']) assert.equal((await node.request('DELETE', `/_index_template/${name}`)).status, 200);
  });

  test('A name that is in use is not given to data streams: the store takes such a template, and no data stream can be made by it.', async () => {
    await put('/filebeat-index', { aliases: { 'filebeat-alias': {} } });
    const found = await prepared();
    const taken = await failureOf(command(['--alias', 'filebeat-index']));
    assert.equal(taken.code, 'STORE_ALIAS');
    assert.match(taken.message, /filebeat-index cannot be an alias of data streams in .*: an index has this name/);
    assert.deepEqual(await prepared(), found);
    if (product === 'opensearch') {
      // its aliases are those of indices, also of data streams
      await command(['--alias', 'filebeat-alias']);
      await create('logs-o365.audit-aliased');
      return;
    }
    const mixed = await failureOf(command(['--alias', 'filebeat-alias']));
    assert.equal(mixed.code, 'STORE_ALIAS');
    assert.match(mixed.message, /filebeat-index has it and is an index/);
    assert.deepEqual(await prepared(), found);
    await command(['--alias', 'filebeat-free']);
    await create('logs-o365.audit-aliased');
    assert.match(await command(['--alias', 'filebeat-free']), /^Nothing to change/m);
    assert.equal((await failureOf(command(['--alias', 'logs-o365.audit-aliased']))).code, 'STORE_ALIAS');
  });

  test('An index that has a data stream\'s name is named, and makes whoever looks through all of them fail rather than find less.', async () => {
    assert.match(await command([]), new RegExp(`! ${PLAIN} is an index and no data stream`));
    assert.match(await checked('plain'), /✗ store template: logs-o365\.audit-plain is an index and no data stream[^]*POST _reindex[^]*Events cannot flow/);
    assert.match(await checked('other'), /! store data streams: still to be done: logs-o365\.audit-plain is an index[^]*✓ store template/);
    const answer = await node.request('PUT', '/logs-o365.audit-beside/_create/1?refresh=true', { '@timestamp': '2026-09-01T08:00:00Z', event: { id: 'of-a-stream' } });
    assert.equal(answer.status, 201, answer.text);
    const surroundings = testSurroundings();
    const error = await failureOf(report(await argumentsOf('report', ['--elasticsearch', node.url, '--last', '87600h', '-o', '/nowhere/report.html']), surroundings));
    assert.equal(error.code, 'STORE_REFUSED');
    assert.match(error.message, /[Tt]ext fields are not optimised/);
  });

  test('Data streams of somebody else do not keep it from being removed.', async () => {
    const template = { index_patterns: ['logs-o365.audit-fleet'], data_stream: {}, template: { mappings: { _meta: { managed_by: 'fleet' } } } };
    await put('/_index_template/elastic', { ...template, priority: 700 });
    await create('logs-o365.audit-fleet');
    await put('/_index_template/elastic', { ...template, priority: 200 });
    assert.match(await command([]), /The data stream logs-o365\.audit-fleet was made by fleet\./);
    const error = await failureOf(command(['--remove']));
    assert.equal(error.code, 'STORE_IN_USE');
    assert.doesNotMatch(error.message, /fleet/);
  });
});
