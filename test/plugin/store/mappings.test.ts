import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { readFields } from '../../../mapping/generate/fields.ts';
import { readTable } from '../../../mapping/generate/vocabulary.ts';
import { ALL_FEATURES, OPTIONAL_TYPES, VARIANTS, type StoreFeatures } from '../../../plugin/store/features.ts';
import { STORE_FIELDS } from '../../../plugin/store/fields.table.ts';
import { at, isObject, type JsonObject } from '../../../plugin/store/json.ts';
import { eventMappings, searchedFields, servedType, statusMappings } from '../../../plugin/store/mappings.ts';
import { ENRICHMENT, FAILED_TAG, processorsOf } from '../../../plugin/store/pipeline.ts';
import { markerOf, storeResources, versionNumber } from '../../../plugin/store/resources.ts';
import { STATUS_KINDS, statusFieldTypes } from '../../../plugin/telemetry/status.ts';

const fields = readFields('mapping/fields.yml');
const core: StoreFeatures = { ...ALL_FEATURES, types: new Set() };

/** Every mapped path with its mapping, multi-fields included. */
function mapped(mappings: JsonObject, path = ''): ReadonlyMap<string, JsonObject> {
  const found = new Map<string, JsonObject>();
  for (const [name, mapping] of Object.entries({ ...at(mappings, 'properties') as object, ...at(mappings, 'fields') as object })) {
    if (!isObject(mapping)) continue;
    found.set(`${path}${name}`, mapping);
    for (const [inner, other] of mapped(mapping, `${path}${name}.`)) found.set(inner, other);
  }
  return found;
}

describe('the mappings of events', () => {
  for (const [variant, features] of Object.entries({ ...VARIANTS, 'a server without modules': core })) {
    test(`have every field of fields.yml, below what is indexed as a whole only that: ${variant}`, () => {
      const all = mapped(eventMappings(STORE_FIELDS, features));
      const wholes = fields.filter(({ type }) => type === 'flattened').map(({ name }) => name);
      for (const { name, type } of fields) {
        if (name.includes('*')) continue;
        const inside = wholes.some((whole) => name.startsWith(`${whole}.`));
        assert.equal(all.has(name), !inside, name);
        if (!inside && !['object', 'flattened', 'constant_keyword', 'nested'].includes(type)) assert.equal(all.get(name)?.type, servedType(type, features), name);
      }
    });

    test(`cut every text off from the index before the engine refuses the document: ${variant}`, () => {
      for (const [path, { type, ignore_above: limit, index }] of mapped(eventMappings(STORE_FIELDS, features))) {
        // a term has at most 32,766 bytes, a character up to four
        if (['keyword', 'wildcard', 'flattened'].includes(String(type)) && index !== false) assert.ok(Number(limit) <= 8_191, path);
        assert.ok(type !== 'flat_object' && type !== 'constant_keyword', `${path}: ${String(type)} refuses documents`);
        if (typeof type === 'string' && type in OPTIONAL_TYPES) assert.ok(features.types.has(type), path);
      }
    });
  }

  test('have every field that a published detection rule names', () => {
    const all = mapped(eventMappings(STORE_FIELDS, VARIANTS.opensearch ?? core));
    const rows = readTable('mapping/tables/detection-fields.tsv');
    assert.ok(rows.length > 90);
    for (const { field = '', 'must map': must } of rows) {
      const isInside = [...all].some(([path, { enabled }]) => enabled === false && field.startsWith(`${path}.`));
      if (!isInside) assert.ok(all.has(field), `${field}${must === 'yes' ? ' (must be mapped)' : ''}`);
    }
  });

  test('index what is in no list only under o365.audit and labels, and only where a server never refuses for want of room', () => {
    const open = mapped(eventMappings(STORE_FIELDS, ALL_FEATURES));
    assert.equal(eventMappings(STORE_FIELDS, ALL_FEATURES).dynamic, false);
    assert.deepEqual([...open].filter(([, { dynamic }]) => dynamic === true).map(([path]) => path).sort(), ['labels', 'o365.audit']);
    const closed = eventMappings(STORE_FIELDS, { ...ALL_FEATURES, ignoreDynamicBeyondLimit: false });
    assert.deepEqual([...mapped(closed)].filter(([, { dynamic }]) => dynamic !== undefined), []);
    assert.equal(closed.dynamic_templates, undefined);
  });

  test('are searched without a field by texts of the schema, fewer than a server takes at once', () => {
    const searched = searchedFields(STORE_FIELDS);
    const all = mapped(eventMappings(STORE_FIELDS, ALL_FEATURES));
    assert.ok(searched.length > 80 && searched.length < 500, String(searched.length));
    for (const name of searched) assert.ok(all.has(name), name);
  });
});

describe('the mapping of status records', () => {
  test('has every field of every kind, with one type', () => {
    const all = mapped(statusMappings(statusFieldTypes(), ALL_FEATURES));
    for (const [kind, { fields: own }] of Object.entries(STATUS_KINDS)) {
      for (const [name, type] of Object.entries(own)) {
        assert.equal(statusFieldTypes()[name], type, `${name} of ${kind}`);
        assert.equal(all.get(`o365.status.${name}`)?.type, { text: 'keyword', number: 'double', time: 'date' }[type], name);
      }
    }
  });
});

describe('a type that a server lacks', () => {
  test('is rewritten to one that takes the same values, and only then', () => {
    assert.deepEqual(Object.keys(OPTIONAL_TYPES).map((type) => servedType(type, core)), ['keyword', 'keyword', 'text', 'keyword', 'double']);
    for (const type of [...Object.keys(OPTIONAL_TYPES), 'keyword', 'ip', 'geo_point']) assert.equal(servedType(type, ALL_FEATURES), type);
    assert.equal(servedType('wildcard', { ...core, types: new Set(['wildcard']) }), 'wildcard');
  });
});

describe('the pipeline', () => {
  test('has no step that can fail a document: each marks it and goes on', () => {
    const processors = processorsOf(ENRICHMENT);
    assert.ok(processors.length >= 8);
    for (const processor of processors) {
      const [settings] = Object.values(processor) as { readonly on_failure: readonly JsonObject[] }[];
      assert.deepEqual(settings?.on_failure.map((step) => Object.keys(step)), [['append'], ['append']]);
      assert.ok(JSON.stringify(settings).includes(FAILED_TAG));
    }
  });

  test('fills fields that the mappings have', () => {
    const all = mapped(eventMappings(STORE_FIELDS, ALL_FEATURES));
    for (const { name, source } of fields) if (source === 'enrichment') assert.ok(all.has(name));
    for (const { gains } of ENRICHMENT) assert.ok(all.has(gains), gains);
  });
});

describe('resources', () => {
  const make = (version: string, retention = '90d') => storeResources({ fields: STORE_FIELDS, statusFields: {}, features: ALL_FEATURES, steps: ENRICHMENT, layout: { retention }, version });

  test('say whose they are, in every kind of server', () => {
    for (const features of Object.values(VARIANTS)) {
      for (const { name, body, isOperators } of storeResources({ fields: STORE_FIELDS, statusFields: {}, features, steps: ENRICHMENT, layout: { retention: '90d' }, version: '1.2.3' })) {
        assert.deepEqual([markerOf(body)?.owner, isOperators], isOperators === true ? [undefined, true] : ['o365audit', undefined], name);
      }
    }
  });

  test('have another digest when they say something else, and the same in another version that says the same', () => {
    const digests = (resources: ReturnType<typeof make>): readonly unknown[] => resources.map(({ body }) => markerOf(body)?.digest);
    assert.deepEqual(digests(make('1.0.0')), digests(make('1.0.1')));
    assert.equal(digests(make('1.0.0')).filter((digest, index) => digest !== digests(make('1.0.0', '30d'))[index]).length, 2);
  });

  test('count versions as servers compare them', () => {
    assert.deepEqual(['0.1.0', '1.2.3', '1.10.0', '2.0.0-beta.1', ''].map(versionNumber), [1_000, 1_002_003, 1_010_000, 2_000_000, 0]);
  });

  test('are printed as they are installed', () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { readonly version: string };
    const file = JSON.parse(readFileSync('mapping/elasticsearch/elasticsearch-9/_index_template/o365audit-events.json', 'utf8')) as object;
    assert.deepEqual(file, make(version).find(({ kind, name }) => kind === 'index template' && name === 'o365audit-events')?.body);
  });
});
