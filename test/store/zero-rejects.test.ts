/**
 * No store refuses a document of ours, whatever was in the event: an agent would send a refused one again and again, or lose it. Documents of golden
 * pairs, of real events and of the fuzzer's odd ones go into a data stream that `setup` has made, with `create`: once they are stored, twice they are known.
 */
import assert from 'node:assert/strict';
import { after, before, suite, test, type TestContext } from 'node:test';
import { baseEvents } from '../fuzz/base-events.ts';
import { createInputs } from '../fuzz/inputs.ts';
import { placesOf } from '../fuzz/places.ts';
import { SLOW_TEXT } from '../fuzz/variants.ts';
import { realEvents, simulatedEvents } from '../support/events.ts';
import { goldenCases } from '../support/golden.ts';
import { openModule } from '../support/module.ts';
import { prepareStore, preparedStoreIsMissing, type PreparedStore, type StoreDocument } from '../support/prepared-store.ts';
import { STORE_PRODUCTS } from '../support/store-node.ts';

const ODD_EVENTS = 100_000;
const SEED = 20260901;

for (const product of STORE_PRODUCTS) suite(product, { skip: preparedStoreIsMissing(product) }, () => {
  let store: PreparedStore;
  before(async () => {
    store = await prepareStore(product);
  });
  after(() => store.close());

  test('takes the documents of every golden pair and every kind of event that the simulator has, once.', (t) => {
    const inputs = [...goldenCases().map(({ input }) => input), ...simulatedEvents().map(({ text }) => text)];
    return takesOnce(t, inputs.length, () => inputs);
  });

  test('takes the documents of events in which any one value is a long text that is slow to search, once.', (t) => {
    const inputs = eventsWithSlowTexts();
    return takesOnce(t, inputs.length, () => inputs);
  });

  if (process.env.O365AUDIT_DATA_DIR !== undefined) test('takes the documents of all real events, once.', (t) => {
    const inputs = realEvents().map(({ text }) => text);
    return takesOnce(t, inputs.length, () => inputs);
  });

  test('takes the documents of 100,000 odd events, once.', (t) => takesOnce(t, ODD_EVENTS, oddEvents));

  async function takesOnce(t: TestContext, count: number, events: () => Iterable<Uint8Array>): Promise<void> {
    const index = `logs-o365.audit-${store.namespace()}`;
    // Each document that brings new names changes the state of the cluster, which takes longer than all else here: so the store learns them at once.
    const names: Names = {};
    for (const { text } of documentsOf(events(), index)) learn(names, JSON.parse(text) as object);
    const learnt = await store.create([{ index, id: 'names', text: JSON.stringify(names) }]);
    assert.deepEqual([learnt.statuses, learnt.reasons], [{ 201: 1 }, []]);

    const startMs = performance.now();
    const once = await store.create(documentsOf(events(), index));
    assert.deepEqual([once.statuses, once.reasons], [{ 201: count }, []]);
    const middleMs = performance.now();
    const twice = await store.create(documentsOf(events(), index));
    assert.deepEqual([twice.statuses, twice.reasons], [{ 409: count }, []]);
    const endMs = performance.now();
    assert.equal(await store.count(index), count + 1);
    t.diagnostic(`${product}: ${count} documents of ${Math.round(once.bytes / count)} bytes stored in ${seconds(startMs, middleMs)} s, known again in ${seconds(middleMs, endMs)} s; `
      + `${await store.count(index, { exists: { field: '_ignored' } })} hold a value that cannot be searched`);
  }
});

/** One event of each record type, each with each of its values in turn a text for which a pattern that looks for a browser in it needs minutes. */
function eventsWithSlowTexts(): readonly Buffer[] {
  const kinds = new Map(simulatedEvents().map(({ name, text }) => [name.replace(/, number \d+$/, ''), text]));
  return [...kinds.values()].flatMap((event) => placesOf(event.toString()).flatMap(({ kind, put }) => (kind === 'value' ? [Buffer.from(put(SLOW_TEXT))] : [])));
}

function* oddEvents(): Generator<Buffer> {
  const inputs = createInputs(baseEvents(), SEED);
  for (let number = 0; number < ODD_EVENTS; number++) yield inputs.next().bytes;
}

function* documentsOf(events: Iterable<Uint8Array>, index: string): Generator<StoreDocument> {
  const module = openModule();
  let number = 0;
  // odd events have one another's ids
  for (const event of events) yield { index, id: String(number++), text: module.mapRecord(event) };
}

type Names = Record<string, unknown>;

/** Adds the names of a document to those of others, each with one value; where there are objects, objects. */
function learn(names: Names, document: object): void {
  for (const [name, value] of Object.entries(document) as [string, unknown][]) {
    for (const element of [value].flat(Infinity)) {
      if (typeof element !== 'object' || element === null) {
        names[name] ??= element;
        continue;
      }
      const known = names[name];
      const inner: Names = typeof known === 'object' && known !== null ? known as Names : {};
      learn(inner, element);
      names[name] = inner;
    }
  }
}

function seconds(fromMs: number, toMs: number): string {
  return ((toMs - fromMs) / 1000).toFixed(1);
}
