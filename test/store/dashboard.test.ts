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

/** How many documents have each combination of the values, as nested terms count them. */
function countsBy(documents: readonly Document[], [split, ...rest]: NonNullable<Panel['splits']>): Map<string, number> {
  const counts = new Map<string, number>();
  if (split === undefined) return counts;
  const byValue = new Map<string, Document[]>();
  for (const document of documents) for (const value of new Set(textsAt(document, split.field))) byValue.set(value, [...byValue.get(value) ?? [], document]);
  for (const [value, found] of byValue) {
    counts.set(value, found.length);
    for (const [inner, count] of countsBy(found, rest)) counts.set(`${value}\n${inner}`, count);
  }
  return counts;
}

function flat(buckets: readonly Bucket[], before = ''): (readonly [string, number])[] {
  return buckets.flatMap(({ key, doc_count: count, split }) => [[before + String(key), count] as const, ...flat(split?.buckets ?? [], `${before}${String(key)}\n`)]);
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
      const { filter, kind, splits = [], countedField } = panel;
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
      if (kind === 'documents') assert.equal(new Set(hits.hits.map(({ _id }) => _id)).size, Math.min(500, found.length));
      if (kind === 'bars') {
        for (const { key, doc_count: count, split } of aggregations.time?.buckets ?? []) {
          const ofHour = found.filter((document) => Math.floor(Date.parse(document['@timestamp']) / 3_600_000) * 3_600_000 === key);
          assert.equal(count, ofHour.length);
          const expected = countsBy(ofHour, splits.slice(0, 1));
          for (const [value, counted] of flat(split?.buckets ?? [])) assert.equal(counted, expected.get(value), value);
        }
        assert.equal(aggregations.time?.buckets.reduce((sum, { doc_count: count }) => sum + count, 0), found.length);
      }
      if (kind === 'pie' || kind === 'table') {
        const shown = kind === 'pie' ? splits.slice(0, 1) : splits;
        const expected = countsBy(found, shown);
        const buckets = aggregations.split?.buckets ?? [];
        for (const [value, counted] of flat(buckets)) assert.equal(counted, expected.get(value), value);
        assert.equal(buckets.length, Math.min(shown[0]?.size ?? 0, [...expected.keys()].filter((key) => !key.includes('\n')).length));
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
