/** The tour of one event (examples/tour/) is what the program really makes of it. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Unpackr } from 'msgpackr';
import { readPage } from '../../plugin/api/page.ts';
import { envelopeTexts } from '../../plugin/module/envelope.ts';
import { loadModule } from '../../plugin/module/instance.ts';
import { createSplitter, type SplitOptions } from '../../plugin/module/splitter.ts';
import { silentLog } from '../../plugin/telemetry/log.ts';

const root = join(import.meta.dirname, '../../..');
const station = (name: string): Buffer => readFileSync(join(root, 'examples/tour', name));
const json = (bytes: Uint8Array): unknown => JSON.parse(Buffer.from(bytes).toString());
/** When the blob of the tour was fetched. */
const FETCHED_MS = Date.UTC(2026, 2, 2, 8, 19, 4, 517);

async function split(options: Pick<SplitOptions, 'format' | 'encoding' | 'timestamp'>): Promise<Buffer> {
  const [blob] = readPage(station('1-listing.json').toString(), 'Audit.Exchange', 0).blobs;
  const envelope = envelopeTexts({
    createdMs: FETCHED_MS, organizationId: '00000000-0000-4000-8000-00000000b001', organizationName: 'Contoso', namespace: 'default', tags: ['forwarded'],
    contentType: blob?.contentType ?? assert.fail('the listing has no blob'),
  });
  const splitter = createSplitter(await loadModule(join(root, 'dist'), silentLog), envelope, { preserveOriginalEvent: false, batchBytes: 1024 * 1024, ...options }, 'the blob', () => FETCHED_MS);
  return Buffer.concat([...splitter.push(station('2-blob.json')), ...splitter.end()].map(({ bytes }) => bytes));
}

test('The record of the tour is what goes to the log agent, as JSON and as MessagePack.', async () => {
  const expected = json(station('3-record.json'));
  assert.deepEqual(json(await split({ format: 'raw', encoding: 'ndjson', timestamp: false })), expected);
  const [, record] = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: 'number' }).unpack(await split({ format: 'raw', encoding: 'msgpack', timestamp: false })) as [unknown, unknown];
  assert.deepEqual(record, expected);
});

test('The document of the tour is what the mapping makes of that record, in either host.', async () => {
  const expected = json(station('4-document.json'));
  assert.deepEqual(json(await split({ format: 'ecs', encoding: 'ndjson', timestamp: true })), expected);
  const module = await loadModule(join(root, 'dist'), silentLog);
  assert.deepEqual(json(module.map(Buffer.from(JSON.stringify(json(station('3-record.json')))), FETCHED_MS)), expected);
});

test('The bulk request of the tour creates that document under the id of the event.', () => {
  const [action, document] = station('5-bulk.ndjson').toString().trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>);
  const { event, data_stream: stream } = json(station('4-document.json')) as { event: { id: string }; data_stream: { type: string; dataset: string; namespace: string } };
  assert.deepEqual(action, { create: { _index: `${stream.type}-${stream.dataset}-${stream.namespace}`, _id: event.id } });
  assert.deepEqual(document, json(station('4-document.json')));
});
