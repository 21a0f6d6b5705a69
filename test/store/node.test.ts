/** The stores of the other tests are real ones: what is known of both by name is what they do. */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { STORE_PRODUCTS, startStoreNode, storeIsMissing, type StoreNode } from '../support/store-node.ts';

interface BulkAnswer {
  readonly items: readonly Readonly<Record<string, { readonly status: number }>>[];
}

const STREAM = 'logs-o365.audit-node';
const LINE = '{"@timestamp":"2026-09-01T08:00:00Z","source":{"ip":"89.160.20.112"}}';

for (const product of STORE_PRODUCTS) suite(product, { skip: storeIsMissing(product) }, () => {
  let node: StoreNode;
  before(async () => {
    node = await startStoreNode(product, { 'thread_pool.write.queue_size': '7' });
  });
  after(() => node.close());

  async function bulk(stream: string, action: string, id: string, line: string): Promise<number | undefined> {
    const answer = (await node.request('POST', '/_bulk', `${JSON.stringify({ [action]: { _index: stream, _id: id } })}\n${line}\n`)).json() as BulkAnswer;
    return answer.items[0]?.[action]?.status;
  }

  test('A data stream takes a document by create once, and nothing by index, of another shape or without a time.', async () => {
    const template = { index_patterns: [STREAM], data_stream: {}, priority: 500, template: { mappings: { properties: { source: { properties: { ip: { type: 'ip' } } } } } } };
    assert.equal((await node.request('PUT', '/_index_template/node', template)).status, 200);
    assert.equal(await bulk(STREAM, 'create', 'a', LINE), 201);
    assert.equal(await bulk(STREAM, 'create', 'a', LINE), 409);
    assert.equal(await bulk(STREAM, 'index', 'b', LINE), 400);
    assert.equal(await bulk(STREAM, 'create', 'c', LINE.replace('89.160.20.112', 'nowhere')), 400);
    assert.equal(await bulk(STREAM, 'create', 'd', '{"source":{}}'), 400);
  });

  test('It keeps its data and its port when it is stopped and started.', async () => {
    const { port } = node;
    await node.stop();
    await assert.rejects(node.request('GET', '/_cluster/health'), TypeError);
    await node.start();
    assert.equal(node.port, port);
    assert.equal(await bulk(STREAM, 'create', 'a', LINE), 409);
  });

  test('It runs with the settings that the test has asked for.', async () => {
    assert.match((await node.request('GET', '/_nodes/settings?flat_settings')).text, /"thread_pool\.write\.queue_size":"7"/);
  });

  if (product === 'opensearch') test('It knows where an address is, and whose.', async () => {
    const processors = [{ geoip: { field: 'source.ip', target_field: 'geo' } }, { geoip: { field: 'source.ip', target_field: 'as', database_file: 'GeoLite2-ASN.mmdb' } }];
    const answer = await node.request('POST', '/_ingest/pipeline/_simulate', { pipeline: { processors }, docs: [{ _source: JSON.parse(LINE) as unknown }] });
    const { docs: [{ doc: { _source: { geo, as } } }] } = answer.json() as { docs: [{ doc: { _source: { geo: { city_name: string; country_iso_code: string }; as: { asn: number } } } }] };
    assert.deepEqual([geo.city_name, geo.country_iso_code, as.asn], ['Tumba', 'SE', 29518]);
  });
});
