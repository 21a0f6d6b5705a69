/**
 * Mappings that refuse no document, from the fields of mapping/fields.yml: every value is cut off from the index before the engine's own limit, a value
 * of another type is passed over (`ignore_malformed`, in settings.ts), and what is in no list is indexed only while there is room for it.
 */
import { OPTIONAL_TYPES, type StoreFeatures } from './features.ts';
import type { JsonObject } from './json.ts';

/** A field of mapping/fields.yml: its path, its type there, and whether it can be searched by words too. */
export type StoreField = readonly [name: string, type: string, text?: 'text'];

/** Longer values stay in the document, and are not found by the field. The engine refuses a document whose term has more than 32,766 bytes. */
const KEYWORD_CHARACTERS_MAX = 1_024;
const WILDCARD_CHARACTERS_MAX = 8_191;
/** The event is 16 levels deep at most. */
const FLATTENED_DEPTH_MAX = 20;
/** What a status record says of times; its other texts are keywords. */
const STATUS_TYPES: Readonly<Record<string, JsonObject>> = { text: { type: 'keyword', ignore_above: KEYWORD_CHARACTERS_MAX }, number: { type: 'double' }, time: { type: 'date' } };
const RAW_ROOT = 'o365.audit';

/** The mappings of audit events. */
export function eventMappings(fields: readonly StoreField[], features: StoreFeatures): JsonObject {
  const root: Tree = { properties: {} };
  const flattened = fields.flatMap(([name, type]) => type === 'flattened' ? [`${name}.`] : []);
  for (const [name, type, text] of fields.toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (name.includes('*') || flattened.some((path) => name.startsWith(path))) continue;
    Object.assign(place(root, name), mappingOf(name, type, text, features));
  }
  const isOpen = features.ignoreDynamicBeyondLimit;
  if (isOpen) {
    for (const path of [RAW_ROOT, 'labels']) Object.assign(place(root, path), { type: 'object', dynamic: true });
  }
  return {
    // what is in no list of ours could come with any type; it stays in the document
    dynamic: false, date_detection: false, numeric_detection: false,
    ...(isOpen ? { dynamic_templates: eventTemplates(features) } : {}),
    ...root,
  };
}

/** A mapping under construction. */
interface Tree {
  properties?: Record<string, Tree>;
  [setting: string]: unknown;
}

/** The node of a path; made, as an object, where there is none. */
function place(root: Tree, path: string): Tree {
  let node = root;
  for (const name of path.split('.')) {
    node.properties ??= {};
    node = node.properties[name] ??= {};
  }
  return node;
}

function mappingOf(name: string, type: string, text: string | undefined, features: StoreFeatures): JsonObject {
  // an event of another language than ours may be long; nobody searches by it, and it costs as much as the event itself
  if (name === 'event.original') return { type: 'keyword', index: false, doc_values: false };
  const fields = text === undefined ? {} : { fields: { text: { type: servedType('match_only_text', features) } } };
  switch (type) {
    case 'object': return { type };
    case 'nested': return { type };
    case 'flattened': return flattenedMapping(features);
    // A record may bring a namespace or a data set of its own, and constant_keyword would refuse it.
    case 'constant_keyword': case 'keyword': return { type: 'keyword', ignore_above: KEYWORD_CHARACTERS_MAX, ...fields };
    case 'wildcard': return { type: servedType(type, features), ignore_above: features.types.has(type) ? WILDCARD_CHARACTERS_MAX : KEYWORD_CHARACTERS_MAX, ...fields };
    default: return { type: servedType(type, features) };
  }
}

/** flat_object of OpenSearch refuses a document in which one value is long, and has no limit to be set: there such an object is kept, and not indexed. */
function flattenedMapping({ flattened }: StoreFeatures): JsonObject {
  return flattened ? { type: 'flattened', ignore_above: KEYWORD_CHARACTERS_MAX, depth_limit: FLATTENED_DEPTH_MAX } : { type: 'object', enabled: false };
}

/** The type, or what takes its place where the server lacks it: `setup` says so, and a search for a part of a word finds less there. */
export function servedType(type: string, { types }: StoreFeatures): string {
  const substitute = OPTIONAL_TYPES[type];
  return substitute === undefined || types.has(type) ? type : substitute;
}

/** In the order in which the mapping itself decides: `_object`, pairs of old and new values, then texts. */
function eventTemplates(features: StoreFeatures): readonly JsonObject[] {
  const aside = flattenedMapping(features);
  const keyword = { type: 'keyword', ignore_above: KEYWORD_CHARACTERS_MAX };
  return [
    { objects_aside: { path_match: `${RAW_ROOT}.*_object`, match_mapping_type: 'object', mapping: aside } },
    { modified_properties: { path_match: `${RAW_ROOT}.ModifiedProperties.*`, match_mapping_type: 'object', mapping: { type: 'object' } } },
    { objects: { path_match: `${RAW_ROOT}.*`, match_mapping_type: 'object', mapping: aside } },
    { values: { path_match: `${RAW_ROOT}.*`, match_mapping_type: '*', mapping: keyword } },
    { labels: { path_match: 'labels.*', match_mapping_type: '*', mapping: keyword } },
  ];
}

/** The mappings of the collector's status records; `kinds` are the types of what stands under o365.status. */
export function statusMappings(kinds: Readonly<Record<string, string>>, features: StoreFeatures): JsonObject {
  const keyword = STATUS_TYPES.text;
  return {
    dynamic: false, date_detection: false, numeric_detection: false,
    properties: {
      '@timestamp': { type: 'date' },
      message: { type: servedType('match_only_text', features) },
      tags: keyword,
      data_stream: { properties: { type: keyword, dataset: keyword, namespace: keyword } },
      event: { properties: { id: keyword, kind: keyword, dataset: keyword, module: keyword, action: keyword, created: { type: 'date' }, ingested: { type: 'date' } } },
      error: { properties: { message: { type: servedType('match_only_text', features) } } },
      o365: { properties: { status: { properties: Object.fromEntries(Object.entries(kinds).map(([name, type]) => [name, STATUS_TYPES[type] ?? keyword])) } } },
    },
  };
}

/** The fields that a search without a field looks at: all texts of the schema; a search through everything would be refused for its size. */
export function searchedFields(fields: readonly StoreField[]): readonly string[] {
  return fields.flatMap(([name, type]) => !name.startsWith('o365.') && !name.includes('*') && name !== 'event.original' && ['keyword', 'wildcard', 'match_only_text'].includes(type) ? [name] : [])
    .concat(['o365.audit.Operation', 'o365.audit.ObjectId', 'o365.audit.UserId', 'o365.audit.Comments', 'o365.audit.Description']).toSorted();
}
