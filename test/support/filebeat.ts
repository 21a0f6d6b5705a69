/** Documents that Filebeat's o365 module made, beside ours: what is different, and what kind of difference that is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readTable } from '../../mapping/generate/vocabulary.ts';

export const DIFFERENCES = 'mapping/tables/filebeat-differences.tsv';
/** mapping/tables/filebeat-differences.tsv says what each means. */
export const CHANGES = ['new', 'gone', 'empty', 'text', 'number', 'array', 'case', 'more', 'other'] as const;
export type Change = (typeof CHANGES)[number];

/** A row of the table. */
export interface ExpectedDifference {
  readonly field: string;
  readonly change: string;
  /** Values of event.code; none means any. */
  readonly codes: readonly string[];
  readonly rules: readonly string[];
  /** The golden pair that shows it; '' when events of 2020 do. */
  readonly pair: string;
  readonly why: string;
  readonly toDo: string;
  readonly matches: (difference: Difference) => boolean;
}

/** One field of one event that is not the same in both documents. */
export interface Difference {
  readonly field: string;
  readonly change: Change;
  readonly code: string;
  readonly module: unknown;
  readonly ours: unknown;
}

type Flat = Readonly<Record<string, unknown>>;

/** An event, and what the module made of it as flat fields. */
export interface ModuleDocument {
  readonly line: number;
  readonly event: Readonly<Record<string, unknown>>;
  readonly text: Buffer;
  readonly fields: Flat;
}

/** The rows of the table, in its order. */
export function readDifferences(): ExpectedDifference[] {
  return readTable(DIFFERENCES).map((row) => {
    const { field = '', change = '', codes = '', rules = '', pair = '', why = '' } = row;
    const list = codes === '' ? [] : codes.split(',');
    const patterns = field.split(',').map((path) => new RegExp(`^${path.split('.').map((part) => part.replace(/[^\w*]/g, '\\$&').replace(/^\*\*$/, '[^]+').replace(/\*/g, '[^.]*')).join('\\.')}$`));
    return {
      field, change, codes: list, rules: rules.split(' '), pair, why, toDo: row['what to do'] ?? '',
      matches: (difference) => patterns.some((pattern) => pattern.test(difference.field)) && change === difference.change && (list.length === 0 || list.includes(difference.code)),
    };
  });
}

/**
 * The module's documents of 2020. Where hand-made events of the module's tests have one Id, its document can be that of the other event; those of
 * which that shows are left out: they have properties that the event does not have.
 */
export function moduleDocuments(folder: string): { readonly documents: ModuleDocument[]; readonly ofOthers: number[] } {
  const lines = (path: string): string[] => readFileSync(join(folder, path, 'module-fixtures-2020.ndjson'), 'utf8').split('\n').filter((line) => line !== '');
  const expected = lines('expected');
  const all = lines('events').map((text, index) => ({
    line: index + 1, text: Buffer.from(text), event: JSON.parse(text) as Record<string, unknown>, fields: JSON.parse(expected[index] ?? '{}') as Flat,
  }));
  const isOfOther = ({ event, fields }: ModuleDocument): boolean => Object.keys(fields).filter((name) => name.startsWith('o365.audit.')).some((name) => {
    const [property = '', member] = name.split('.').slice(2);
    const value = event[property];
    return !(property in event) || (!Array.isArray(value) && member !== undefined && !JSON.stringify(value).includes(member));
  });
  return { documents: all.filter((document) => !isOfOther(document)), ofOthers: all.filter(isOfOther).map(({ line }) => line) };
}

/** What is different between the module's fields and our document. */
export function differencesBetween(fields: Flat, document: object): Difference[] {
  const ours = flat(document);
  const code = String(fields['event.code']);
  return [...new Set([...Object.keys(fields), ...Object.keys(ours)])].flatMap((field) => {
    const change = changeOf(fields[field], ours[field]);
    return change === undefined ? [] : [{ field, change, code, module: fields[field], ours: ours[field] }];
  });
}

/** The leaves of a document by their paths; an array is a leaf. */
function flat(value: object, path = '', into: Record<string, unknown> = {}): Record<string, unknown> {
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    const inside = path === '' ? key : `${path}.${key}`;
    if (typeof member === 'object' && member !== null && !Array.isArray(member)) flat(member, inside, into);
    else into[inside] = member;
  }
  return into;
}

function changeOf(module: unknown, ours: unknown): Change | undefined {
  const [before, after] = [canonical(module), canonical(ours)];
  if (after === '') return module === undefined ? undefined : before === '' ? 'empty' : 'gone';
  if (module === undefined || before === '') return 'new';
  if (exact(module) === exact(ours)) return undefined;
  if (before === after) return typeof ours === 'number' ? 'number' : 'text';
  if (Array.isArray(ours) && !Array.isArray(module) && canonical([module]) === after) return 'array';
  if (before.toLowerCase() === after.toLowerCase()) return 'case';
  const [had, have] = [module, ours].map((value) => (Array.isArray(value) ? value : [value]).map(canonical));
  return had?.every((value) => have?.includes(value)) === true ? 'more' : 'other';
}

/** A value as a text that tells its type, whatever the order of keys. */
function exact(value: unknown): string {
  if (value === undefined) return '';
  return JSON.stringify(value, (_, member: unknown) => (isObject(member) ? Object.fromEntries(Object.entries(member).sort(([a], [b]) => (a < b ? -1 : 1))) : member));
}

/** The same for values that say the same: without what is empty, numbers as texts. */
function canonical(value: unknown): string {
  const pruned = (member: unknown): unknown => {
    if (Array.isArray(member)) return emptied(member.map(pruned).filter((element) => element !== undefined));
    if (isObject(member)) return emptied(Object.fromEntries(Object.entries(member).map(([key, inside]) => [key, pruned(inside)]).filter(([, inside]) => inside !== undefined)) as object);
    return member === null || member === '' ? undefined : typeof member === 'number' ? String(member) : member;
  };
  return exact(pruned(value));
}

function emptied(value: object): object | undefined {
  return Object.keys(value).length === 0 ? undefined : value;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
