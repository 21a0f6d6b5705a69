/**
 * Published detection rules find what they look for in a real store: for each field of mapping/tables/detection-fields.tsv an event goes from the service
 * through the collector into a data stream that `setup` has made, and is found by the field in the form that the rules use: by its value, by a part
 * of it, by its size, or by being there. Nothing else is found.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test } from 'node:test';
import { readTable } from '../../mapping/generate/vocabulary.ts';
import { documentsOfCollector } from '../support/documents.ts';
import { valuesAt } from '../support/golden-values.ts';
import { goldenCases } from '../support/golden.ts';
import { prepareStore, preparedStoreIsMissing, type PreparedStore } from '../support/prepared-store.ts';
import { startSimulation } from '../support/simulation.ts';
import { STORE_PRODUCTS, type StoreProduct } from '../support/store-node.ts';

const table = readTable('mapping/tables/detection-fields.tsv');
// the original text is stored on request, and never indexed
const rows = table.filter(({ pair = '', field }) => pair !== '' && field !== 'event.original').map(({ field = '', values = '', form = '', pair = '', sigma = '' }) => ({ field, values, form: new RegExp(form), pair, sigma }));
/** What the cluster knows of addresses and browsers; nobody fills the rest. */
const enriched = table.filter(({ pair = '', 'fed by': fedBy = '' }) => pair === '' && !fedBy.includes('not filled')).map(({ field = '' }) => field);
const codes = (table.find(({ field }) => field === 'event.code')?.values ?? '').split('; ');

/** The event of an address that the databases of the tests know. */
const ENRICHED = 'enriched';

/** What cannot be found, and why. */
const LIMITS: Readonly<Record<string, { readonly reason: string; readonly products: readonly StoreProduct[] }>> = {
  'o365.audit.Members': { reason: 'OpenSearch has no flattened type that passes over long values', products: ['opensearch'] },
  'o365.audit.Members.DisplayName': { reason: 'OpenSearch has no flattened type that passes over long values', products: ['opensearch'] },
};

/** A query, and what it means for a document's values of the field. */
interface Search {
  readonly form: 'term' | 'wildcard' | 'range' | 'exists';
  readonly query: object;
  readonly finds: (value: string) => boolean;
}

for (const product of STORE_PRODUCTS) suite(product, { skip: preparedStoreIsMissing(product) }, () => {
  let store: PreparedStore;
  let index: string;
  /** By event.id. */
  let documents: ReadonlyMap<string, object>;

  before(async () => {
    store = await prepareStore(product);
    index = `logs-o365.audit-${store.namespace()}`;
    documents = await collected();
    const { statuses, reasons } = await store.create([...documents].map(([id, document]) => ({ index, id, text: JSON.stringify(document) })));
    assert.deepEqual([statuses, reasons], [{ 201: documents.size }, []]);
  });
  after(() => store.close());

  for (const { field, values, form, pair, sigma } of rows) {
    const title = sigma === '' ? field : `${field}, for Sigma's ${sigma}`;
    const limit = LIMITS[field]?.products.includes(product) === true ? LIMITS[field].reason : undefined;
    test(limit === undefined ? `${title} is found` : `${title} is not found: ${limit}`, async (t) => {
      const id = [...documents.keys()].find((key) => key.startsWith(idOf(pair))) ?? assert.fail(pair);
      const value = textsAt(documents.get(id), field).find((one) => form.test(one)) ?? assert.fail(`${pair} has no such value`);
      const isThere: Search = { form: 'exists', query: { exists: { field } }, finds: () => true };
      // an object that is no flattened field has no values of its own
      const searches = field.endsWith('.additionalDetails') ? [isThere] : [searchOf(field, values, value), isThere];
      if (limit !== undefined) t.diagnostic(`${product} does not find ${title}: ${limit}`);
      for (const search of searches) {
        const found = await store.find(index, search.query);
        const expected = [...documents].filter(([, document]) => textsAt(document, field).some(search.finds)).map(([key]) => key);
        assert.ok(expected.includes(id));
        assert.deepEqual(found, limit === undefined ? new Set(expected) : new Set(), JSON.stringify(search.query));
      }
    });
  }

  for (const field of enriched) test(`${field} is found where the cluster fills it`, async (t) => {
    const document = (await store.documents(index)).get(idOf(ENRICHED))?.source ?? assert.fail();
    const [value] = textsAt(document, field === 'source.geo.location' ? `${field}.lat` : field);
    const [lacking] = /Documents get no .*/.exec(store.prepared) ?? [];
    if (value === undefined && lacking !== undefined) {
      t.diagnostic(`${product} does not fill ${field}: ${lacking}`);
      return;
    }
    assert.ok(value !== undefined);
    for (const query of [{ exists: { field } }, ...(field === 'source.geo.location' ? [] : [{ term: { [field]: value } }])]) assert.ok((await store.find(index, query)).has(idOf(ENRICHED)), JSON.stringify(query));
  });

  test('event.code is found by each of the 41 names that rules ask for', async () => {
    assert.equal(codes.length, 41);
    for (const code of codes) assert.ok((await store.find(index, { term: { 'event.code': code } })).has(documentIdOf(idOf(code), documents)), code);
  });
});

/** The documents of an event for each pair and each code, as the collector makes them of what the service serves. */
async function collected(): Promise<ReadonlyMap<string, object>> {
  const simulation = await startSimulation({ eventCount: 0 });
  try {
    const pairs = new Set(rows.map(({ pair }) => pair));
    const inputs = goldenCases().filter(({ name }) => pairs.has(name)).map(({ name, input }) => ({ name, event: bareEvent(input) }));
    assert.equal(inputs.length, pairs.size);
    const numbers = new Map(readTable('mapping/tables/record-types.tsv').map(({ value = '', name = '' }) => [name, Number(value)]));
    const coded = codes.map((name) => ({ name, event: { CreationTime: '2026-09-01T08:15:30', Operation: 'Sluice', RecordType: numbers.get(name), UserId: 'ada.quill@brackwater.example', Workload: 'SecurityComplianceCenter' } }));
    const located = { CreationTime: '2026-09-01T08:15:30', Operation: 'UserLoggedIn', RecordType: 15, UserId: 'ada.quill@brackwater.example', Workload: 'AzureActiveDirectory', ClientIP: '89.160.20.112',
      ExtendedProperties: [{ Name: 'UserAgent', Value: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0' }] };
    const sent = [...inputs, ...coded, { name: ENRICHED, event: located }];
    for (const { name, event } of sent) {
      // one character a byte, as it is read from a file
      const ndjson = Buffer.from(JSON.stringify({ ...event, Id: idOf(name) })).toString('latin1');
      simulation.simulator.addEvents({ ndjson, contentType: 'Audit.General', verbatim: true, ageMs: 60_000 });
    }
    const texts = await documentsOfCollector(simulation.folder);
    assert.equal(texts.size, sent.length);
    return new Map([...texts].map(([id, text]) => [id, JSON.parse(text) as object]));
  } finally {
    await simulation.close();
  }
}

function bareEvent(input: Buffer): object {
  const record = JSON.parse(input.toString()) as { readonly o365audit?: object };
  return record.o365audit ?? record;
}

/** An Id that is the event's alone. */
function idOf(name: string): string {
  return `of-${name.replaceAll('/', '-')}`;
}

function documentIdOf(id: string, documents: ReadonlyMap<string, object>): string {
  return documents.has(id) ? id : assert.fail(id);
}

/** How rules ask for the field, with something that this value is found by. */
function searchOf(field: string, values: string, value: string): Search {
  // `<=1023` is asked of a size in words, whose order no rule can rely on
  const size = /^>= ?(\d+)$/.exec(values)?.[1];
  if (size !== undefined) return { form: 'range', query: { range: { [field]: { gte: size } } }, finds: (one) => Number(one) >= Number(size) };
  for (const pattern of values.split(/[;,] */).filter((word) => /^\*?[^*]+\*?$/.test(word) && word.includes('*'))) {
    const whole = new RegExp(`^${pattern.split('*').map((part) => part.replace(/[^\w ]/g, '\\$&')).join('.*')}$`, 'is');
    if (whole.test(value)) return { form: 'wildcard', query: { wildcard: { [field]: { value: pattern, case_insensitive: true } } }, finds: (one) => whole.test(one) };
  }
  if (field === '@timestamp') return { form: 'range', query: { range: { [field]: { gte: value, lte: value } } }, finds: (one) => Date.parse(one) === Date.parse(value) };
  return { form: 'term', query: { term: { [field]: value } }, finds: (one) => one === value };
}

/** The scalars as texts. */
function textsAt(document: object | undefined, field: string): string[] {
  return valuesAt(document, field.split('.')).map(String);
}
