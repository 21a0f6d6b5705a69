/** Checks documents against mapping/fields.yml: would a cluster with its types take them, and does each look as mapping/README.md says. */
import { isIP } from 'node:net';
import { type Field, readFields } from '../../mapping/generate/fields.ts';

/** A name that a cluster refuses: nothing but what Java takes for white space. */
export const BLANK_NAME = /^[ \u1680\u2000-\u2006\u2008-\u200a\u2028\u2029\u205f\u3000]*$/;

/** Answers what is wrong with a document (as JSON.parse gives it), a sentence each; nothing when it is as it should be. */
export type FieldCheck = (document: object) => string[];

/**
 * What the Elastic Common Schema allows in `event.category`, each with the types that it expects there.
 * https://www.elastic.co/docs/reference/ecs/ecs-allowed-values-event-category
 */
const TYPES_OF_CATEGORY: Readonly<Record<string, readonly string[]>> = {
  api: ['access', 'admin', 'allowed', 'change', 'creation', 'deletion', 'denied', 'end', 'info', 'start', 'user'],
  authentication: ['start', 'end', 'info'],
  configuration: ['access', 'change', 'creation', 'deletion', 'info'],
  database: ['access', 'change', 'info', 'error'],
  driver: ['change', 'end', 'info', 'start'],
  email: ['info'],
  file: ['access', 'change', 'creation', 'deletion', 'info'],
  host: ['access', 'change', 'end', 'info', 'start'],
  iam: ['admin', 'change', 'creation', 'deletion', 'group', 'info', 'user'],
  intrusion_detection: ['allowed', 'denied', 'info'],
  library: ['start'],
  malware: ['info'],
  network: ['access', 'allowed', 'connection', 'denied', 'end', 'info', 'protocol', 'start'],
  package: ['access', 'change', 'deletion', 'info', 'installation', 'start'],
  process: ['access', 'change', 'end', 'info', 'start'],
  registry: ['access', 'change', 'creation', 'deletion'],
  session: ['start', 'end', 'info'],
  threat: ['indicator'],
  vulnerability: ['info'],
  web: ['access', 'error', 'info'],
};

/** Other fields for which the Elastic Common Schema lists the values. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  'event.kind': ['alert', 'asset', 'enrichment', 'event', 'metric', 'state', 'pipeline_error', 'signal'],
  'event.outcome': ['failure', 'success', 'unknown'],
  'host.os.type': ['linux', 'macos', 'unix', 'windows', 'ios', 'android'],
};

const RAW = 'o365.audit';
/** Below o365.audit nothing lies deeper: what does becomes text. */
const DEPTH_LIMIT = 16;

/** The check by a fields.yml. */
export function createFieldCheck(file = 'mapping/fields.yml'): FieldCheck {
  const fieldOf = fieldLookup(file);
  return (document) => {
    const violations: string[] = [];
    new Walk(fieldOf, violations).object(document, '', 0);
    return [...violations, ...categoryViolations(document)];
  };
}

/** The field for a path of a document; `objects` for a path that is only the way to fields. */
export type FieldLookup = (path: string) => Field | 'objects' | undefined;

/** By the order that fields.yml states: the exact name, `_raw` and `_object`, one level at a `*`, then whatever lies below o365.audit. */
export function fieldLookup(file = 'mapping/fields.yml'): FieldLookup {
  const fields = readFields(file);
  const byName = new Map(fields.map((field) => [field.name, field]));
  const objects = new Set(fields.flatMap(({ name }) => name.split('.').map((_, index, parts) => parts.slice(0, index).join('.'))).filter((path) => !path.includes('*')));
  const catchAlls = [`${RAW}.*_raw`, `${RAW}.*_object`, `${RAW}.*`];
  const [raw, moved, rest] = catchAlls.map((name) => byName.get(name));
  const patterns = fields.filter(({ name }) => name.includes('*') && !catchAlls.includes(name))
    .map((field) => ({ field, pattern: new RegExp(`^${field.name.split('*').map((part) => part.replaceAll('.', '\\.')).join('[^.]+')}$`) }));
  const known = new Map<string, ReturnType<FieldLookup>>();
  const find: FieldLookup = (path) => {
    const exact = byName.get(path) ?? (objects.has(path) ? 'objects' : undefined);
    if (exact !== undefined || path.startsWith('labels.')) return exact ?? byName.get('labels.*');
    if (!path.startsWith(`${RAW}.`)) return undefined;
    if (path.endsWith('_raw')) return raw;
    if (path.endsWith('_object')) return moved;
    return patterns.find(({ pattern }) => pattern.test(path))?.field ?? rest;
  };
  return (path) => {
    if (!known.has(path)) known.set(path, find(path));
    return known.get(path);
  };
}

/** Goes through one document. */
class Walk {
  readonly #fieldOf: FieldLookup;
  readonly #violations: string[];

  constructor(fieldOf: FieldLookup, violations: string[]) {
    this.#fieldOf = fieldOf;
    this.#violations = violations;
  }

  object(object: object, path: string, depth: number): void {
    this.#container(Object.keys(object).length, path, depth);
    for (const [key, value] of Object.entries(object) as [string, unknown][]) {
      this.#key(key, path);
      const inside = path === '' ? key : `${path}.${key}`;
      const field = this.#fieldOf(inside);
      if (field === undefined) this.#complain(inside, value, 'is not in fields.yml');
      else if (field === 'objects') this.#plainObject(value, inside);
      else this.#member(value, inside, field, depth);
    }
  }

  #plainObject(value: unknown, path: string): void {
    if (isObject(value)) this.object(value, path, 0);
    else this.#complain(path, value, 'is no object');
  }

  #member(value: unknown, path: string, field: Field, depth: number): void {
    if (field.source === 'enrichment') this.#complain(path, value, 'is for the cluster to fill');
    if (!Array.isArray(value)) {
      if (field.array) this.#complain(path, value, 'is no array');
      this.#value(value, path, field, depth + 1);
      return;
    }
    if (!path.startsWith(`${RAW}.`)) this.#ownArray(value, path, field);
    this.#elements(value, path, field, depth + 1);
  }

  /** Outside the event, an array has several values, all different; it is an array of one where the field is always one. */
  #ownArray(array: readonly unknown[], path: string, field: Field): void {
    if (!field.array && array.length === 1) this.#complain(path, array, 'is an array of one');
    if (array.some(Array.isArray)) this.#complain(path, array, 'has an array in it');
    const scalars = array.filter((element) => typeof element !== 'object');
    if (new Set(scalars).size < scalars.length) this.#complain(path, array, 'has a value twice');
  }

  #elements(array: readonly unknown[], path: string, field: Field, depth: number): void {
    this.#container(array.length, path, depth);
    for (const element of array) {
      if (Array.isArray(element)) this.#elements(element, path, field, depth + 1);
      else this.#value(element, path, field, depth + 1);
    }
  }

  #value(value: unknown, path: string, field: Field, depth: number): void {
    if (field.type === 'flattened') {
      if (typeof value === 'object' && value !== null) this.#flattened(value, path, depth);
      else this.#complain(path, value, 'is a scalar where objects belong');
    } else if (field.type === 'object' || field.type === 'nested') {
      if (isObject(value)) this.object(value, path, depth);
      else this.#complain(path, value, 'is no object');
    } else {
      this.#scalar(value, path, field);
    }
  }

  #scalar(value: unknown, path: string, field: Field): void {
    if (value === '' || value === null) this.#complain(path, value, 'is empty');
    else if (!isOfType(value, field.type)) this.#complain(path, value, `is no ${field.type}`);
    else if (typeof value === 'string' && ALLOWED[path]?.includes(value) === false) this.#complain(path, value, 'is no value of the schema');
  }

  /** Below a flattened field everything is text, but where fields.yml says otherwise. */
  #flattened(value: unknown, path: string, depth: number): void {
    if (Array.isArray(value)) {
      this.#container(value.length, path, depth);
      for (const element of value) this.#flattened(element, path, depth + 1);
    } else if (isObject(value)) {
      this.#container(Object.keys(value).length, path, depth);
      for (const [key, member] of Object.entries(value)) {
        this.#key(key, path);
        this.#flattened(member, `${path}.${key}`, depth + 1);
      }
    } else {
      const field = this.#fieldOf(path);
      const listed = field !== undefined && field !== 'objects' && field.name === path && !['object', 'flattened'].includes(field.type) ? field : undefined;
      if (value === '' || value === null) this.#complain(path, value, 'is empty');
      else if (!isOfType(value, listed?.type ?? 'keyword')) this.#complain(path, value, `is no ${listed?.type ?? 'text'}`);
    }
  }

  #container(size: number, path: string, depth: number): void {
    if (size === 0 && path !== '') this.#complain(path, size, 'is empty');
    if (depth > DEPTH_LIMIT) this.#complain(path, size, `lies deeper than ${DEPTH_LIMIT}`);
  }

  #key(key: string, path: string): void {
    // eslint-disable-next-line no-control-regex -- control characters are what is looked for
    if (BLANK_NAME.test(key) || /[.\u0000-\u001f]/.test(key)) this.#complain(path, key, 'is a key that a cluster splits or refuses');
  }

  #complain(path: string, value: unknown, what: string): void {
    this.#violations.push(`${path}: ${JSON.stringify(value).slice(0, 80)} ${what}`);
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOfType(value: unknown, type: Field['type']): boolean {
  switch (type) {
    case 'keyword': case 'wildcard': case 'match_only_text': case 'text': case 'constant_keyword': return typeof value === 'string';
    // 2^63 - 1 is 2^63 once JSON.parse has read it
    case 'long': return Number.isInteger(value) && Math.abs(value as number) <= 2 ** 63;
    case 'boolean': return typeof value === 'boolean';
    case 'date': return typeof value === 'string' && isDate(value);
    case 'ip': return typeof value === 'string' && isCanonicalAddress(value);
    case 'flattened': case 'nested': case 'object': return isObject(value);
    case 'geo_point': return false;
  }
}

/** RFC 3339 in UTC with three to nine digits of a second, and a day that exists. */
function isDate(text: string): boolean {
  if (!/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,9}Z$/.test(text)) return false;
  const date = new Date(`${text.slice(0, 19)}Z`);
  return !Number.isNaN(date.getTime()) && date.toISOString().startsWith(text.slice(0, 19));
}

function isCanonicalAddress(text: string): boolean {
  return isIP(text) === 4 || (isIP(text) === 6 && !text.includes('%') && new URL(`http://[${text}]`).hostname === `[${text}]`);
}

/** Each type of the event is expected in one of its categories at least. */
function categoryViolations(document: object): string[] {
  const { category = [], type = [] } = ((document as { event?: object }).event ?? {}) as { category?: string[]; type?: string[] };
  const unknown = category.filter((word) => TYPES_OF_CATEGORY[word] === undefined).map((word) => `event.category: "${word}" is no value of the schema`);
  const expected = new Set(category.flatMap((word) => TYPES_OF_CATEGORY[word] ?? []));
  return [...unknown, ...type.filter((word) => !expected.has(word)).map((word) => `event.type: "${word}" is not expected in ${category.join(', ')}`)];
}
