/** What the dashboard's panels, and the report, ask of a real store is what its documents hold; counted here from the documents themselves. */
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, suite, test } from 'node:test';
import { demo } from '../../plugin/commands/demo.ts';
import { report } from '../../plugin/commands/report.ts';
import { setup } from '../../plugin/commands/setup.ts';
import { readArguments } from '../../plugin/config/collector.ts';
import type { Command } from '../../plugin/config/options.ts';
import { PANELS, type Panel } from '../../plugin/report/dashboard.table.ts';
import { matches, textsAt } from '../../plugin/report/filter.ts';
import { panelSearch } from '../../plugin/report/panel-search.ts';
import type { Picture } from '../../plugin/report/picture.ts';
import { STORE_PRODUCTS, startStoreNode, storeIsMissing, type StoreNode } from '../support/store-node.ts';
import { testSurroundings } from '../support/surroundings.ts';

interface Bucket {
  readonly key: unknown;
  readonly doc_count: number;
  readonly split?: { readonly buckets: readonly Bucket[] };
}

interface Answer {
  readonly hits: { readonly total: { readonly value: number }; readonly hits: readonly { readonly _id: string; readonly _source: Document }[] };
  readonly aggregations?: { readonly split?: { readonly buckets: readonly Bucket[] }; readonly time?: { readonly buckets: readonly Bucket[] }; readonly counted?: { readonly value: number } };
}

type Document = Readonly<Record<string, unknown>> & { readonly '@timestamp': string; readonly event: { readonly id: string } };

const INDEX = 'logs-o365.audit-dashboard';
const folder = mkdtempSync(join(tmpdir(), 'o365audit-dashboard-'));
after(() => rmSync(folder, { recursive: true }));

async function run(command: Command & ('setup' | 'report' | 'demo'), flags: Readonly<Record<string, string | boolean | readonly string[]>>): Promise<string[]> {
  const surroundings = testSurroundings();
  const options = readArguments(command, flags, {});
  const commands = { setup, report, demo } as unknown as Readonly<Record<string, (given: typeof options, around: typeof surroundings) => Promise<number>>>;
  assert.equal(await commands[command]?.(options, surroundings), 0, surroundings.said.stderr);
  return surroundings.lines();
}

/** Places for some addresses, as the pipeline of a cluster that has the databases puts them; some files go to guests. */
async function documentsWithPlaces(): Promise<Document[]> {
  const lines = await run('demo', { eventCount: '1200', demoReport: join(folder, 'demo.html') });
  return lines.map((line) => {
    const document = JSON.parse(line) as Document & { source?: Record<string, unknown> };
    const digit = Number(String(document.source?.ip).at(-1));
    if (digit % 2 === 0 && document.source !== undefined) Object.assign(document.source, { geo: { country_name: digit % 4 === 0 ? 'Sweden' : 'Norway', location: { lat: 58 + digit, lon: 15 } }, as: { organization: { name: 'Brackwater Net' } } });
    return document;
  });
}

/**
 * Buckets of nested terms are those of the documents, level by level, the most frequent first and none left out. Resolves with how many levels hold something.
 */
function holdsBuckets(buckets: readonly Bucket[], documents: readonly Document[], [split, ...rest]: NonNullable<Panel['splits']>): number {
  if (split === undefined) return 0;
  const byValue = new Map<string, Document[]>();
  for (const document of documents) for (const value of new Set(textsAt(document, split.field))) byValue.set(value, [...byValue.get(value) ?? [], document]);
  const counts = [...byValue.values()].map(({ length }) => length).sort((left, right) => right - left).slice(0, split.size);
  assert.deepEqual(buckets.map(({ doc_count: count }) => count), counts, split.field);
  let levels = 0;
  for (const { key, doc_count: count, split: inner } of buckets) {
    const found = byValue.get(String(key)) ?? [];
    assert.equal(count, found.length, `${split.field}: ${String(key)}`);
    levels = Math.max(levels, 1 + holdsBuckets(inner?.buckets ?? [], found, rest));
  }
  return levels;
}

for (const product of STORE_PRODUCTS) suite(`the dashboard on ${product}`, { skip: storeIsMissing(product) }, () => {
  let node: StoreNode;
  let documents: readonly Document[];
  before(async () => {
    const sent = await documentsWithPlaces();
    node = await startStoreNode(product);
    await run('setup', { elasticsearch: node.url });
    const lines = sent.map((document) => `${JSON.stringify({ create: { _index: INDEX, _id: document.event.id } })}\n${JSON.stringify(document)}\n`);
    const answer = (await node.request('POST', '/_bulk?refresh=true', lines.join(''))).json() as { readonly items: readonly { readonly create: { readonly status: number; readonly error?: unknown } }[] };
    assert.deepEqual(answer.items.filter(({ create }) => create.status !== 201).map(({ create }) => create.error), []);
    // as they are stored: the pipeline of OpenSearch knows places and networks
    const { hits } = (await node.request('POST', `/${INDEX}/_search`, { size: 10_000 })).json() as Answer;
    documents = hits.hits.map(({ _source }) => _source);
    assert.equal(documents.length, sent.length);
  });
  after(() => node.close());

  for (const panel of PANELS) {
    test(`"${panel.title}" shows what the documents hold.`, async () => {
      const { filter, kind, splits = [], columns = [], countedField } = panel;
      const found = filter === undefined ? documents : documents.filter((document) => matches(filter, document));
      assert.ok(found.length > 0, 'a panel that sample data leave empty proves nothing');
      // the parts that tests have of both stores know no grids of places: they are asked which documents have one
      const isServed = kind !== 'map';
      const { status, text } = await node.request('POST', `/${INDEX}/_search`, isServed ? panelSearch(panel) : { query: { exists: { field: panel.geoField } }, track_total_hits: true });
      assert.equal(status, 200, text);
      const { hits, aggregations = {} } = JSON.parse(text) as Answer;
      const placed = found.filter((document) => textsAt(document, 'source.geo.location.lat').length > 0).length;
      assert.equal(hits.total.value, isServed ? found.length : placed);
      if (countedField !== undefined) assert.equal(aggregations.counted?.value, new Set(found.flatMap((document) => textsAt(document, countedField))).size);
      if (kind === 'documents') {
        const byId = new Map(found.map((document) => [document.event.id, document]));
        const shown = hits.hits.map(({ _id, _source }) => ({ document: byId.get(_id) ?? assert.fail(_id), row: _source }));
        assert.equal(new Set(shown.map(({ document }) => document)).size, Math.min(500, found.length));
        const newest = (some: readonly Document[]): number[] => some.map((document) => Date.parse(document['@timestamp']));
        assert.deepEqual(newest(shown.map(({ document }) => document)), newest(found).sort((left, right) => right - left).slice(0, 500));
        for (const column of columns) {
          assert.ok(found.some((document) => textsAt(document, column).length > 0), `${column} is empty, which proves nothing`);
          for (const { document, row } of shown) assert.deepEqual(textsAt(row, column), textsAt(document, column));
        }
      }
      if (kind === 'bars') {
        let levels = 0;
        for (const { key, doc_count: count, split } of aggregations.time?.buckets ?? []) {
          const ofHour = found.filter((document) => Math.floor(Date.parse(document['@timestamp']) / 3_600_000) * 3_600_000 === key);
          assert.equal(count, ofHour.length);
          levels = Math.max(levels, holdsBuckets(split?.buckets ?? [], ofHour, splits.slice(0, 1)));
        }
        assert.equal(levels, 1, 'bars without parts prove nothing');
        assert.equal(aggregations.time?.buckets.reduce((sum, { doc_count: count }) => sum + count, 0), found.length);
      }
      if (kind === 'pie' || kind === 'table') {
        const shown = kind === 'pie' ? splits.slice(0, 1) : splits;
        assert.equal(holdsBuckets(aggregations.split?.buckets ?? [], found, shown), shown.length, 'a column that is empty proves nothing');
      }
    });
  }

  test('The report of the store has the numbers of the report of its documents.', async () => {
    const pictureIn = (file: string): Picture => JSON.parse(/id="picture">(.*?)<\/script>/s.exec(readFileSync(file, 'utf8'))?.[1] ?? '') as Picture;
    const [fromStore, fromFile] = ['store', 'file'].map((name) => join(folder, `${name}.html`)) as [string, string];
    await run('report', { elasticsearch: node.url, reportFile: fromStore });
    const surroundings = testSurroundings();
    surroundings.stdin.end(documents.map((document) => `${JSON.stringify(document)}\n`).join(''));
    const options = readArguments('report', { reportFile: fromFile }, {});
    assert.equal(await report(options, surroundings), 0);
    const [stored, read] = [pictureIn(fromStore), pictureIn(fromFile)];
    assert.equal(stored.counts.events, documents.length);
    assert.match(stored.sources.join(), /^logs-o365\.audit-\* on 127\.0\.0\.1:\d+$/);
    const comparable = ({ counts, users, operations, workloads, addresses, countries, timeline, signIns, signInTimeline, signInFailures, alertNames, span }: Picture): object =>
      ({ counts, users, operations, workloads, addresses, countries, timeline, signIns, signInTimeline, signInFailures, alertNames, span });
    assert.deepEqual(comparable(stored), comparable(read));
    const order = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).sort();
    assert.deepEqual(order(stored.alerts.rows), order(read.alerts.rows));
    assert.deepEqual(order(stored.shares.rows), order(read.shares.rows));
  });
});
