/**
 * Finds every value of a raw event again in its document, below o365.audit, in the form that the rules give it (R004 to R020, mapping/README.md "One path,
 * one type"). Written from the rules and mapping/fields.yml, apart from the mapping itself.
 */
import { isIP } from 'node:net';
import type { FieldType } from '../../mapping/generate/fields.ts';
import { type Drop, findDrop } from './drops.ts';
import { BLANK_NAME, type FieldLookup, fieldLookup } from './fields.ts';
import { type Choice, type Json, type JsonObject, NumberText, type Scalar, readJson } from './json.ts';

const RAW = 'o365.audit';
/** The event is the first of so many levels; what lies deeper is text. */
const LEVELS_LIMIT = 16;
const KEY_LIMIT_BYTES = 240;
/** R018: the names of these codes. */
const PLATFORMS = ['Unknown', 'Windows', 'MacOS', 'iOS', 'Android', 'Web Browser'];
/** R013: these come as JSON inside a text. */
const JSON_TEXTS = new Set(['AdditionalInfo', 'OperationProperties', 'ReportMetadata', 'Actions']);

let fieldOf: FieldLookup | undefined;

/**
 * The values that are missing, a sentence each. `event` is the text of a bare event or of a collector's record, of which no settings ask for values to be
 * changed. The document is its text, or the object, whose large numbers then have lost digits already. `excuse` is told of each value that mapping/tables/drops.tsv
 * allows to be missing.
 */
export function missingValues(event: string, document: string | object, excuse: (drop: Drop, path: string) => void = () => undefined): string[] {
  const twice: Twice[] = [];
  const record = readJson(event, chooseAndTell(twice)).value;
  const isWrapped = record instanceof Map && record.has('o365audit');
  const bare = isWrapped ? record.get('o365audit') : record;
  const whole = typeof document === 'string' ? readJson(document).value : jsonOf(document);
  if (!(bare instanceof Map)) return memberAt(whole, ['event', 'original']) === null ? ['the text of what is no event is not in event.original'] : [];
  const search = new Search(memberAt(whole, RAW.split('.')), excuse);
  for (const { rule, path } of twice) if (!isWrapped || /^o365audit(?:\.|$)/.test(path)) search.drop(rule, isWrapped ? path.slice('o365audit.'.length) : path);
  search.event(withLargeNumbersAsTexts(bare) as JsonObject);
  return search.missing;
}

/** The type of a path below o365.audit. Inside of a flattened object only those paths of scalars have one that are listed by their names. */
function typeOf(path: string, insideFlattened: boolean): FieldType {
  fieldOf ??= fieldLookup();
  const field = fieldOf(`${RAW}.${path}`);
  if (insideFlattened) return field !== undefined && field !== 'objects' && field.name === `${RAW}.${path}` && !['object', 'nested', 'flattened'].includes(field.type) ? field.type : 'keyword';
  return field === undefined || field === 'objects' ? 'object' : field.type;
}

interface Leaf {
  readonly text: string;
  found: boolean;
}

/** The values of a document by their paths, and what was looked for and not there. */
class Search {
  readonly missing: string[] = [];
  readonly #leaves = new Map<string, Leaf[]>();
  readonly #excuse: (drop: Drop, path: string) => void;

  constructor(audit: Json, excuse: (drop: Drop, path: string) => void) {
    this.#excuse = excuse;
    this.#collect(audit, '');
  }

  /** A value is not in the document by a rule: the closed list has to say so. */
  drop(rule: string, path: string): void {
    const drop = findDrop(rule, path);
    if (drop === undefined) this.missing.push(`${path}: dropped, and drops.tsv has no ${rule} for it`);
    else this.#excuse(drop, path);
  }

  /** R005: what is empty is not there. */
  #isDroppedAsEmpty(path: string, value: Json): boolean {
    if (isEmpty(value)) this.drop('R005', path);
    return isEmpty(value);
  }

  /** The object or array that a text at a path holds. */
  #parsed(path: string, text: string): Json | undefined {
    const twice: Twice[] = [];
    const value = parsed(text, chooseAndTell(twice));
    if (value !== undefined) for (const { rule, path: inside } of twice) this.drop(rule, `${path}.${inside}`);
    return value;
  }

  #collect(value: Json, path: string): void {
    if (Array.isArray(value)) for (const element of value) this.#collect(element, path);
    else if (value instanceof Map) for (const [key, member] of value) this.#collect(member, path === '' ? key : `${path}.${key}`);
    else if (value !== null) {
      const leaf = { text: scalarText(value), found: false };
      const others = this.#leaves.get(path);
      if (others === undefined) this.#leaves.set(path, [leaf]);
      else others.push(leaf);
    }
  }

  event(event: JsonObject): void {
    for (const [key, name, value] of members(event)) {
      if (!this.#special(key, value, event)) this.#value(name, value, 1, false);
    }
  }

  /** The properties with rules of their own; false for any other, or any other form of these. */
  #special(key: string, value: Json, event: JsonObject): boolean {
    switch (key) {
      case 'Parameters': case 'ExtendedProperties': case 'ModifiedProperties': return this.#pairs(key, value);
      case 'Data': return this.#data(value);
      case 'AlertLinks': return this.#links(value);
      case 'Platform': return this.#platform(value);
      case 'ExceptionInfo': return this.#exceptionInfo(value);
      case 'Sender': return this.#renamedObject(value, 'SenderEntity');
      case 'Message': return this.#renamedObject(value, 'MessageObject');
      case 'Messages': case 'Folders': return this.#aggregated(value, `ExchangeAggregated${key}`, event);
      case 'AppAccessContext': return this.#firstContext(value);
      default: return JSON_TEXTS.has(key) && this.#jsonText(key, value);
    }
  }

  /** R009, R010, R012: pairs become members; what is no pair stays in `_raw`, plain names of modified properties in a field of their own. */
  #pairs(path: string, value: Json): boolean {
    if (typeof value === 'string') {
      if (!this.#isDroppedAsEmpty(path, value)) this.#text(`${path}._raw`, value);
      return true;
    }
    if (!Array.isArray(value)) return false;
    const sides = path === 'ModifiedProperties' ? ['NewValue', 'OldValue'] : ['Value'];
    for (const element of value) {
      if (this.#isDroppedAsEmpty(path, element)) continue;
      if (typeof element === 'string' && sides.length === 2) {
        this.#text('ModifiedPropertyNames', element);
        continue;
      }
      const name = element instanceof Map ? element.get('Name') : undefined;
      if (!(element instanceof Map) || typeof name !== 'string') {
        this.#asText(`${path}._raw`, element);
        continue;
      }
      if (name !== '' && sides.every((side) => isEmpty(element.get(side) ?? null))) this.drop(sides.length === 2 ? 'R010' : 'R009', `${path}.Name`);
      const key = `${path}.${nameKey(name)}`;
      // at a name that ends in _raw only texts may stand
      for (const side of sides) this.#pairValue(sides.length === 2 ? `${key}${key.endsWith('_raw') ? '_object' : ''}.${side}` : key, element.get(side));
      if ([...element].some(([key, member]) => key !== 'Name' && !sides.includes(key) && !isEmpty(member))) this.#asText(`${path}._raw`, element);
    }
    return true;
  }

  #pairValue(path: string, value: Json | undefined): void {
    if (value === undefined || this.#isDroppedAsEmpty(path, value)) return;
    // R013: the details are JSON in a text
    const details = path === 'ExtendedProperties.additionalDetails' && typeof value === 'string' ? this.#parsed(path, value) : undefined;
    if (details !== undefined) this.#value(path, details, 2, false);
    else if (path === 'ExtendedProperties.additionalDetails') this.#asText(`${path}_raw`, value);
    else this.#asText(typeOf(path, false) === 'flattened' ? `${path}_raw` : path, value);
  }

  /** R015: the body of an alert, text or object, is all in `Data.flattened`. */
  #data(value: Json, level = 1): boolean {
    const inArray = level > 1;
    if (Array.isArray(value) && level < LEVELS_LIMIT) for (const element of value) this.#data(element, level + 1);
    else {
      const body = typeof value === 'string' && level < LEVELS_LIMIT ? this.#parsed('Data', value) : inArray ? undefined : value;
      if (body === undefined || !isContainer(body)) this.#value('Data', value, level, false);
      else this.#value('Data.flattened', body, level + 1, false);
    }
    return true;
  }

  /** R013, R016: JSON in a text, or in the texts of an array, as if it stood there itself. */
  #jsonText(path: string, value: Json): boolean {
    if (typeof value !== 'string' && !Array.isArray(value) && (path !== 'Actions' || !isContainer(value))) return false;
    // R016: one action is an array of one
    const level = Array.isArray(value) || path === 'Actions' ? 2 : 1;
    for (const element of Array.isArray(value) ? value : [value]) this.#elementOfJson(path, element, level);
    return true;
  }

  #elementOfJson(path: string, value: Json, level: number): void {
    if (this.#isDroppedAsEmpty(path, value)) return;
    if (Array.isArray(value) && level < LEVELS_LIMIT) {
      for (const element of value) this.#elementOfJson(path, element, level + 1);
      return;
    }
    const body = typeof value === 'string' ? this.#parsed(path, value) : value;
    this.#value(path, body ?? value, level, false);
  }

  /** R014, R013: a text is the reason, unless it is JSON. */
  #exceptionInfo(value: Json): boolean {
    if (typeof value !== 'string') return this.#jsonText('ExceptionInfo', value);
    if (value.startsWith('{')) this.#elementOfJson('ExceptionInfo', value, 1);
    else if (!this.#isDroppedAsEmpty('ExceptionInfo', value)) this.#text('ExceptionInfo.Reason', value);
    return true;
  }

  /** R017: of each link its text. */
  #links(value: Json): boolean {
    if (!Array.isArray(value) && !(value instanceof Map)) return false;
    for (const element of Array.isArray(value) ? value : [value]) {
      const link = element instanceof Map && element.has('AlertLinkHref') ? element.get('AlertLinkHref') ?? null : element;
      if (element instanceof Map && link !== element && [...element].some(([key, member]) => key !== 'AlertLinkHref' && !isEmpty(member))) this.#asText('AlertLinks_raw', element);
      if (!this.#isDroppedAsEmpty('AlertLinks', link)) this.#asText('AlertLinks', link);
    }
    return true;
  }

  #platform(value: Json): boolean {
    const name = typeof value === 'string' || value instanceof NumberText ? PLATFORMS.find((_, code) => String(code) === scalarText(value)) : undefined;
    if (name === undefined) return false;
    this.#text('Platform', name);
    return true;
  }

  #renamedObject(value: Json, name: string): boolean {
    if (!(value instanceof Map)) return false;
    this.#value(name, value, 1, false);
    return true;
  }

  /** R014: the lists of record type 50 have names of their own. */
  #aggregated(value: Json, name: string, event: JsonObject): boolean {
    const recordType = event.get('RecordType');
    const isAggregated = recordType !== undefined && recordType !== null && !isContainer(recordType) && ['50', 'ExchangeItemAggregated'].includes(scalarText(recordType));
    if (!isAggregated || !Array.isArray(value)) return false;
    this.#value(name, value, 1, false);
    return true;
  }

  /** R014: of an array of contexts the first; the others are texts. */
  #firstContext(value: Json): boolean {
    const [first, ...others] = Array.isArray(value) ? value : [];
    if (!(first instanceof Map) || isEmpty(first)) return false;
    this.#value('AppAccessContext', first, 1, false);
    for (const other of others) if (!this.#isDroppedAsEmpty('AppAccessContext', other)) this.#asText('AppAccessContext_raw', other);
    return true;
  }

  /** The table of types, for the value at a path; `level` is the event's 0 and one more for each bracket around the value. */
  #value(path: string, value: Json, level: number, insideFlattened: boolean): void {
    if (this.#isDroppedAsEmpty(path, value)) return;
    const type = typeOf(path, insideFlattened);
    if (isContainer(value)) {
      if (level >= LEVELS_LIMIT) this.#deep(path, value, type);
      else if (Array.isArray(value)) for (const element of value) this.#value(path, element, level + 1, insideFlattened);
      else if (insideFlattened) this.#object(type === 'keyword' ? path : `${path}_object`, value, level, true);
      else if (type === 'flattened') this.#object(path, value, level, true);
      else if (type === 'object' || type === 'nested') this.#object(path, value, level, false);
      else this.#object(`${path}_object`, value, level, true);
    } else if (value !== null) {
      this.#scalar(path, value, type);
    }
  }

  #object(path: string, object: JsonObject, level: number, insideFlattened: boolean): void {
    for (const [, name, value] of members(object)) this.#value(`${path}.${name}`, value, level + 1, insideFlattened);
  }

  #deep(path: string, value: Json, type: FieldType): void {
    this.#asText(isTextType(type) ? path : `${path}_raw`, value);
  }

  #scalar(path: string, value: Scalar, type: FieldType): void {
    const text = scalarText(value);
    const fitting = isTextType(type) ? text : converted(value, text, type);
    this.#text(fitting === undefined ? `${path}_raw` : path, fitting ?? text);
  }

  /** A value as one text: a scalar as it is, anything else as JSON. */
  #asText(path: string, value: Json): void {
    if (!isContainer(value)) {
      if (value !== null) this.#text(path, scalarText(value));
      return;
    }
    const wanted = fingerprint(value);
    this.#take(path, jsonText(value), ({ text }) => /^[[{]/.test(text) && parsed(text) !== undefined && fingerprint(readJson(text, isoTimeOf).value) === wanted);
  }

  #text(path: string, text: string): void {
    const wanted = wellFormed(text);
    this.#take(path, wanted, (leaf) => leaf.text === wanted);
  }

  #take(path: string, what: string, matches: (leaf: Leaf) => boolean): void {
    const leaf = this.#leaves.get(path)?.find((candidate) => !candidate.found && matches(candidate));
    if (leaf === undefined) this.missing.push(`${path}: ${what.slice(0, 200)}`);
    else leaf.found = true;
  }
}

function isContainer(value: Json): value is Json[] | JsonObject {
  return Array.isArray(value) || value instanceof Map;
}

/** R005: null, "", [] and {}. */
function isEmpty(value: Json): boolean {
  return value === null || value === '' || (Array.isArray(value) && value.length === 0) || (value instanceof Map && value.size === 0);
}

function isTextType(type: FieldType): boolean {
  return ['keyword', 'wildcard', 'match_only_text', 'text', 'constant_keyword'].includes(type);
}

/** An object's members by their own keys and by those that they have in the document. Where those are equal, what stands under both is joined there. */
function members(object: JsonObject): [key: string, name: string, value: Json][] {
  return [...object].map(([key, value]) => [key, memberKey(key), value]);
}

/** A key as Elasticsearch takes it: no dot, nothing that JSON would have to escape, not blank, and not too long in JSON. */
function memberKey(name: string, isBad = /\\u....|\\.|\.|\\/g): string {
  const json = shortened(JSON.stringify(wellFormed(name)).slice(1, -1));
  // an escape that is cut short, not a backslash and a letter of the name
  const key = json.replace(/(?<=(?<!\\)(?:\\\\)*)\\u.{0,3}$/, '_').replace(isBad, '_');
  return BLANK_NAME.test(key) ? '_' : key;
}

/** R020: a name that becomes a key. */
function nameKey(name: string): string {
  return memberKey(name.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '')).replaceAll(' ', '_');
}

function shortened(key: string): string {
  const bytes = Buffer.from(key);
  let end = Math.min(bytes.length, KEY_LIMIT_BYTES);
  while (end < bytes.length && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

/** A lone surrogate is no character; it becomes the replacement character. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function scalarText(value: Scalar): string {
  if (typeof value === 'string') return value;
  return typeof value === 'boolean' ? String(value) : plainNumber(value.text);
}

/** What a scalar is at a path of a type; nothing when it does not fit. */
function converted(value: Json, text: string, type: FieldType): string | undefined {
  if (type === 'long') {
    const number = value instanceof NumberText ? text : typeof value === 'string' && isNumber(value) ? plainNumber(value) : '';
    return /^-?\d+$/.test(number) && BigInt(number) >= -(2n ** 63n) && BigInt(number) < 2n ** 63n ? number : undefined;
  }
  if (type === 'boolean') return /^(true|false)$/i.test(text) ? text.toLowerCase() : undefined;
  if (typeof value !== 'string') return undefined;
  if (type === 'date') return utcTime(text);
  return type === 'ip' && isIP(value) !== 0 ? canonicalAddress(value) : undefined;
}

function isNumber(text: string): boolean {
  return /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/.test(text);
}

/** R006: a number's exact digits without exponent, of up to 40 digits on a side of the point; beyond them with one. */
function plainNumber(text: string): string {
  const [, minus = '', whole = '', fraction = '', power = '0'] = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const all = whole + fraction;
  const digits = all.replace(/^0+/, '').replace(/0+$/, '');
  if (digits === '') return '0';
  if (power.length > 15) return text;
  // as many digits stand before the point
  const point = whole.length + Number(power) - (all.length - all.replace(/^0+/, '').length);
  if (Math.abs(point) > 40 && (fraction !== '' || /[eE]/.test(text))) {
    return `${minus}${digits.slice(0, 1)}${digits.length > 1 ? `.${digits.slice(1)}` : ''}e${point - 1}`;
  }
  if (point <= 0) return `${minus}0.${'0'.repeat(-point)}${digits}`;
  return minus + (digits.length <= point ? digits.padEnd(point, '0') : `${digits.slice(0, point)}.${digits.slice(point)}`);
}

/** R019: a date in UTC with at least three digits of a second; nothing when it is none. */
function utcTime(text: string): string | undefined {
  const [, day, time, fraction = '', zone = 'Z'] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/.exec(text) ?? [];
  if (day === undefined || time === undefined) return undefined;
  const utc = new Date(`${day}T${time}${zone}`);
  if (Number.isNaN(utc.getTime()) || !/^\d{4}-/.test(utc.toISOString()) || !new Date(`${day}T${time}Z`).toISOString().startsWith(`${day}T${time}`)) return undefined;
  return `${utc.toISOString().slice(0, 19)}.${fraction.padEnd(3, '0')}Z`;
}

function canonicalAddress(text: string): string {
  return isIP(text) === 4 ? text : new URL(`http://[${text}]`).hostname.slice(1, -1);
}

/** R013: the object or array that a text holds. Control characters may stand in its strings as they are: some services write them so. */
function parsed(text: string, choose: Choice = isoTimeOf): Json | undefined {
  try {
    // eslint-disable-next-line no-control-regex -- control characters are what is escaped
    const escaped = text.replace(/"(?:[^"\\]|\\[^])*"/g, (string) => string.replace(/[\u0000-\u001f]/g, (character) => `\\u00${character.charCodeAt(0).toString(16).padStart(2, '0')}`));
    const { value } = readJson(escaped, choose);
    return isContainer(value) ? value : undefined;
  } catch {
    return undefined; // a text like any other
  }
}

/** R015: of two values with one key the ISO time of a query, else the later one. */
function isoTimeOf(earlier: Json, later: Json, path: string): Json {
  return isQueryTime(path) && isIsoTime(earlier) && !isIsoTime(later) ? earlier : later;
}

function isQueryTime(path: string): boolean {
  return /(?:^|\.)QueryTime$/.test(path);
}

function isIsoTime(value: Json): boolean {
  return typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value);
}

function isUnitedStatesTime(value: Json): boolean {
  return typeof value === 'string' && /^\d{1,2}\/\d{1,2}\/\d{4} [^]*M$/.test(value);
}

/** A key that stood twice in one object, and the rule by which one of its values is not there. */
interface Twice {
  readonly rule: 'R004' | 'R015';
  readonly path: string;
}

/** The choice of the mapping; what it leaves out is added to `twice`, unless that is empty or the same. */
function chooseAndTell(twice: Twice[]): Choice {
  return (earlier, later, path) => {
    const kept = isoTimeOf(earlier, later, path);
    const gone = kept === earlier ? later : earlier;
    if (!isEmpty(gone) && fingerprint(gone) !== fingerprint(kept)) twice.push({ rule: isQueryTime(path) && isIsoTime(kept) && isUnitedStatesTime(gone) ? 'R015' : 'R004', path });
    return kept;
  };
}

/** A number that some host would bend is its text wherever it stands. */
function withLargeNumbersAsTexts(value: Json): Json {
  if (Array.isArray(value)) return value.map(withLargeNumbersAsTexts);
  if (value instanceof Map) return new Map([...value].map(([key, member]) => [key, withLargeNumbersAsTexts(member)]));
  return value instanceof NumberText && !isExact(value.text) ? plainNumber(value.text) : value;
}

/** Whether 64 bits hold an integer, and a double a decimal: of at most 15 digits, and a power of ten of at most 22. */
function isExact(text: string): boolean {
  if (/^-?\d+$/.test(text)) return BigInt(text) >= -(2n ** 63n) && BigInt(text) < 2n ** 64n;
  const [, whole = '', fraction = '', power = '0'] = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  return significant === '' || (significant.length <= 15 && Math.abs(Number(power) - fraction.length + digits.length - significant.length) <= 22);
}

/** A value as a text that is equal for equal values, whatever the order of their members. */
function fingerprint(value: Json): string {
  return jsonText(value, (members) => members.sort());
}

function jsonText(value: Json, order = (members: string[]): string[] => members): string {
  if (Array.isArray(value)) return `[${value.map((element) => jsonText(element, order)).join(',')}]`;
  if (value instanceof Map) return `{${order([...value].map(([key, member]) => `${JSON.stringify(wellFormed(key))}:${jsonText(member, order)}`)).join(',')}}`;
  return value instanceof NumberText ? plainNumber(value.text) : JSON.stringify(typeof value === 'string' ? wellFormed(value) : value);
}

function jsonOf(value: unknown): Json {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === 'number' || typeof value === 'bigint') return new NumberText(String(value).replace('e+', 'e'));
  if (typeof value === 'object' && value !== null) return new Map(Object.entries(value).map(([key, member]) => [key, jsonOf(member)]));
  return value as Json;
}

function memberAt(value: Json, path: readonly string[]): Json {
  return path.reduce<Json>((at, key) => (at instanceof Map ? at.get(key) : undefined) ?? null, value);
}
