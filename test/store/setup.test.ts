/** `o365audit setup` on real stores: what it installs takes whatever comes, is found again, and follows when it changes. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { check } from '../../plugin/commands/check.ts';
import { report } from '../../plugin/commands/report.ts';
import { setup } from '../../plugin/commands/setup.ts';
import { at, entriesAt, listAt } from '../../plugin/store/json.ts';
import { failureOf } from '../support/failures.ts';
import { realClock } from '../support/simulation.ts';
import { STORE_PRODUCTS, startStoreNode, storeIsMissing, type StoreNode } from '../support/store-node.ts';
import { argumentsOf, testSurroundings } from '../support/surroundings.ts';

const LONG = 'ö'.repeat(40_000);

for (const product of STORE_PRODUCTS) suite(`setup of ${product}`, { skip: storeIsMissing(product) }, () => {
  let node: StoreNode;
  before(async () => {
    node = await startStoreNode(product);
  });
  after(() => node.close());

  async function command(...words: readonly string[]): Promise<string> {
    const surroundings = testSurroundings({ version: '1.0.0' });
    await setup(await argumentsOf('setup', ['--elasticsearch', node.url, ...words]), surroundings);
    return surroundings.said.stdout;
  }

  async function create(stream: string, id: string, document: object): Promise<void> {
    const answer = await node.request('PUT', `/${stream}/_create/${id}?refresh=true`, { '@timestamp': '2026-09-01T08:00:00Z', ...document });
    assert.equal(answer.status, 201, answer.text);
  }

  async function idsBy(index: string, query: object): Promise<readonly string[]> {
    const answer = await node.request('POST', `/${index}/_search`, { query });
    return listAt(answer.json(), 'hits', 'hits').map((hit) => String(at(hit, '_id'))).sort();
  }

  test('It installs everything, and finds nothing to change when it runs again.', async () => {
    assert.match(await command('--dry-run'), /changes, not made because of --dry-run/);
    assert.equal((await node.request('GET', '/_index_template/o365audit-events')).status, 404);
    assert.match(await command(), /✓ create index template o365audit-status/);
    assert.match(await command(), /^Nothing to change: \d parts are as they should be\.$/m);
  });

  test('No document is refused for long values, values of other types, or more new names than there is room for.', async () => {
    const stream = 'logs-o365.audit-shapes';
    await create(stream, 'long', {
      event: { original: LONG, action: LONG }, url: { original: `https://example/${LONG}` }, message: LONG,
      o365: { audit: { Members: [{ UPN: LONG }], Data: { flattened: { a: LONG } }, Operation: LONG, Sluice_object: [{ gate: LONG }], Sluice: LONG } }, labels: { berth: LONG },
    });
    await create(stream, 'types', { source: { ip: 'nowhere', port: 'x', geo: { location: 'here' } }, event: { created: 'soon', severity: 1e99 }, o365: { audit: { IsManagedDevice: true } } });
    const names = Object.fromEntries(Array.from({ length: 3_000 }, (_, number) => [`Gate${number}`, 'open']));
    await create(stream, 'many', { o365: { audit: { Parameters: { ...names, ForwardTo: 'bo.lindqvist@tarnferry.example' } } }, sluice: names });
    await create(stream, 'later', { event: { action: 'Set-Mailbox' }, o365: { audit: { Parameters: { AnotherGate: 'x', ForwardTo: 'bo.lindqvist@tarnferry.example' } } } });
    await create(stream, 'namespace', { data_stream: { type: 'logs', dataset: 'o365.other', namespace: 'loom' } });
    assert.deepEqual(await idsBy(stream, { term: { 'o365.audit.Parameters.ForwardTo': 'bo.lindqvist@tarnferry.example' } }), ['later', 'many']);
    assert.deepEqual(await idsBy(stream, { term: { 'event.action': 'Set-Mailbox' } }), ['later']);
  });

  test('The pipeline adds what the cluster knows, and marks a document in which a step fails instead of dropping it.', async () => {
    const stream = 'logs-o365.audit-enriched';
    await create(stream, 'known', { source: { ip: '89.160.20.112' }, destination: { ip: '81.2.69.142' }, user_agent: { original: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' } });
    await create(stream, 'odd', { source: { ip: 'nowhere' }, tags: ['forwarded'] });
    const source = async (id: string): Promise<unknown> => at(listAt((await node.request('POST', `/${stream}/_search`, { query: { ids: { values: [id] } } })).json(), 'hits', 'hits')[0], '_source');
    const known = await source('known');
    const odd = await source('odd');
    if (product === 'elasticsearch') {
      // its core has no processors: setup says so, and documents come as they are
      assert.match(await command(), /Documents get no source\.geo: No processor type exists with name \[geoip\]/);
      assert.deepEqual(listAt(odd, 'tags'), ['forwarded']);
      return;
    }
    assert.ok(!Number.isNaN(Date.parse(String(at(known, 'event', 'ingested')))));
    assert.deepEqual([at(known, 'source', 'geo', 'country_name'), at(known, 'source', 'as'), at(known, 'destination', 'geo', 'country_iso_code'), at(known, 'user_agent', 'name')],
      ['Sweden', { number: 29518, organization: { name: 'Bredband2 AB' } }, 'GB', 'Firefox']);
    assert.deepEqual(listAt(odd, 'tags'), ['forwarded', 'o365audit_enrichment_failed']);
    assert.match(String(listAt(odd, 'error', 'message')[0]), /^source\.geo: .*nowhere/);
    assert.deepEqual(await idsBy(stream, { geo_distance: { distance: '800km', 'source.geo.location': { lat: 59, lon: 16 } } }), ['known']);
  });

  test('A browser that is long, or of another shape, is kept as it came: what reads it would take minutes, which an attacker could ask for.', async () => {
    const stream = 'logs-o365.audit-browsers';
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'.padEnd(512, ' x');
    const originals: Readonly<Record<string, unknown>> = { longest: firefox, longer: `${firefox}x`, slow: 'iPad; CPU OS 1_1 '.repeat(500), long: 'x'.repeat(100_000), many: [firefox, firefox], none: null };
    for (const [id, original] of Object.entries(originals)) await create(stream, id, { user_agent: { original }, tags: ['forwarded'] });
    for (const [id, original] of Object.entries(originals)) {
      const document = at(listAt((await node.request('POST', `/${stream}/_search`, { query: { ids: { values: [id] } } })).json(), 'hits', 'hits')[0], '_source');
      assert.deepEqual([at(document, 'user_agent', 'original'), listAt(document, 'tags')], [original, ['forwarded']]);
      assert.equal(at(document, 'user_agent', 'name'), product === 'opensearch' && id === 'longest' ? 'Firefox' : undefined, id);
    }
  });

  test('Status records have a data stream of their own.', async () => {
    await create('logs-o365.status-default', 'one', { event: { action: 'lag', dataset: 'o365.status' }, o365: { status: { tenant: 'loom', lag_seconds: 12.5, code: LONG } } });
    assert.deepEqual(await idsBy('logs-o365.status-default', { range: { 'o365.status.lag_seconds': { gt: 12.4, lt: 12.6 } } }), ['one']);
    assert.deepEqual(await idsBy('logs-o365.audit-*', { term: { 'event.action': 'lag' } }), []);
  });

  test('An index that was made by other templates is rolled over, once, and an alias is given to the data streams.', async () => {
    const other = { index_patterns: ['logs-o365.audit-old'], data_stream: {}, priority: 900, template: { mappings: { properties: { event: { properties: { action: { type: 'text' } } } } } } };
    assert.equal((await node.request('PUT', '/_index_template/other', other)).status, 200);
    await create('logs-o365.audit-old', 'before', { event: { action: 'UserLoggedIn' } });
    assert.equal((await node.request('PUT', '/_index_template/other', { ...other, priority: 1 })).status, 200);
    const said = await command('--alias', 'filebeat-o365');
    assert.match(said, /✓ roll over data stream logs-o365\.audit-old\n/);
    assert.match(await command('--alias', 'filebeat-o365'), /^Nothing to change/m);
    await create('logs-o365.audit-old', 'behind', { event: { action: 'UserLoggedIn' } });
    const mappings = entriesAt((await node.request('GET', '/logs-o365.audit-old/_mapping')).json()).map(([, index]) => at(index, 'mappings', 'properties', 'event', 'properties', 'action', 'type'));
    assert.deepEqual(mappings.sort(), ['keyword', 'text']);
    assert.ok((await idsBy('filebeat-*', { term: { 'event.action': 'UserLoggedIn' } })).includes('behind'));
  });

  test('An alias is taken away again, or gives way to another, and the plan says so.', async () => {
    const stream = 'logs-o365.audit-old';
    const hasIt = async (alias: string): Promise<boolean> => {
      const has = entriesAt((await node.request('GET', `/_alias/${alias}`)).json()).map(([name]) => name);
      const { indices = [] } = listAt((await node.request('GET', `/_resolve/index/${stream}`)).json(), 'data_streams').map((found) => ({ indices: [at(found, 'backing_indices')].flat().map(String).sort() }))[0] ?? {};
      return has.includes(product === 'opensearch' ? indices.at(-1) ?? '' : stream);
    };
    const gone = product === 'opensearch' ? /roll over data stream logs-o365\.audit-old \(only its next index can be without the alias filebeat-o365\)/ : /delete alias filebeat-o365 of data stream logs-o365\.audit-old\n/;
    assert.equal(await hasIt('filebeat-o365'), true);
    assert.match(await command('--no-alias', '--dry-run'), gone);
    assert.equal(await hasIt('filebeat-o365'), true);
    await command('--alias', 'filebeat-other');
    assert.deepEqual([await hasIt('filebeat-o365'), await hasIt('filebeat-other')], [false, true]);
    assert.match(await command(), /^Nothing to change/m);
    const said = await command('--no-alias');
    if (product === 'opensearch') assert.match(said, /! OpenSearch takes an alias from no index of a data stream: until they are deleted, these keep filebeat-other: \.ds-logs-o365\.audit-/);
    assert.equal(await hasIt('filebeat-other'), false);
    await create('logs-o365.audit-unnamed', 'one', {});
    assert.deepEqual(await idsBy('logs-o365.audit-unnamed', { match_all: {} }), ['one']);
    assert.match(await command('--no-alias'), /^Nothing to change/m);
    assert.match(await command(), /^Nothing to change/m);
  });

  test('A report is not made of less than there is in silence: a closed index is named and left out, a blocked one is not taken for a right that is lacking, and of nothing it says why.', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-less-'));
    const make = async (...words: readonly string[]): Promise<string> => {
      const surroundings = testSurroundings({ clock: { ...realClock, nowMs: () => Date.parse('2027-09-01T08:00:00Z') } });
      await report(await argumentsOf('report', ['--elasticsearch', node.url, '-o', join(folder, 'report.html'), ...words]), surroundings);
      return surroundings.said.stderr;
    };
    const countIn = (said: string): string | undefined => /(\d+) events in /.exec(said)?.[1];
    const [index = ''] = entriesAt((await node.request('GET', '/logs-o365.audit-old/_settings')).json()).map(([name]) => name).sort();
    const change = async (method: string, path: string, body?: object): Promise<void> => assert.equal((await node.request(method, path, body)).status, 200);
    try {
      const all = await make('--last', '87600h');
      assert.match(all, /^[1-9]\d* events in /);
      await change('POST', `/${index}/_close`);
      const open = await make('--last', '87600h');
      assert.ok(open.startsWith('! ') && open.includes(`closed (${index})`), open);
      assert.match(open, /leaves out what lies in closed indices\. .*\n[1-9]\d* events in /);
      assert.notEqual(countIn(open), countIn(all));
      assert.match(readFileSync(join(folder, 'report.html'), 'utf8'), /logs-o365\.audit-\* on 127\.0\.0\.1:\d+, without closed indices/);
      await change('POST', `/${index}/_open`);
      await change('PUT', `/${index}/_settings`, { 'index.blocks.read': true });
      const blocked = await failureOf(make('--last', '87600h'));
      assert.equal(blocked.code, 'STORE_BLOCKED');
      assert.ok(blocked.message.includes(index), blocked.message);
      await change('PUT', `/${index}/_settings`, { 'index.blocks.read': null });
      assert.match(await make('--last', '87600h'), /^[1-9]\d* events in /);
      assert.match(await make('--last', '1m'), /^! 127\.0\.0\.1:\d+ shows no document of the last 1m in logs-o365\.audit-\*: .*\n0 events in /);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('check says that it is ready, and changes nothing.', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'o365audit-setup-'));
    try {
      writeFileSync(join(folder, 'o365.yml'), '- module: o365\n  audit:\n    enabled: true\n    var.input: file\n    var.paths: ["/nowhere/*.json"]\n');
      const surroundings = testSurroundings({ version: '1.0.0' });
      await check(await argumentsOf('check', ['-c', join(folder, 'o365.yml'), '--elasticsearch', node.url, '--namespace', 'enriched']), surroundings);
      for (const step of ['store', 'store templates', 'store data streams', 'store template', 'store pipeline']) assert.match(surroundings.said.stdout, new RegExp(`✓ ${step}:`));
      assert.match(surroundings.said.stdout, product === 'opensearch' ? /✓ store enrichment: documents get event\.ingested/ : /! store enrichment: documents get no event\.ingested/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('It takes nothing away as long as data streams need it, and then all of it.', async () => {
    assert.equal((await failureOf(command('--remove'))).code, 'STORE_IN_USE');
    // the core of Elasticsearch cannot delete data streams
    if (product === 'elasticsearch') return;
    assert.equal((await node.request('DELETE', '/_data_stream/logs-o365.*')).status, 200);
    await command('--remove');
    for (const path of ['/_index_template/o365audit-*', '/_component_template/o365audit-*']) assert.deepEqual(Object.values((await node.request('GET', path)).json() as object).flat(), []);
    assert.equal((await node.request('GET', '/_ingest/pipeline/o365audit')).status, 404);
  });
});
