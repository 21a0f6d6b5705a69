/** Reads mapping/fields.yml, the one list of every field that a document may have, and refuses what the other generators could not use. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

export const FIELD_TYPES = ['keyword', 'wildcard', 'match_only_text', 'text', 'constant_keyword', 'date', 'ip', 'long', 'boolean', 'flattened',
  'nested', 'object', 'geo_point'] as const;
export type FieldType = (typeof FIELD_TYPES)[number];

/** One field: its path with dots, its Elasticsearch type, who defines it (ECS, this product, the cluster's enrichment), the rules that fill it. */
export interface Field {
  readonly name: string;
  readonly type: FieldType;
  readonly source: 'ecs' | 'o365' | 'enrichment';
  readonly rules: readonly string[];
  readonly description: string;
  readonly example?: string | number | boolean;
  /** Whether the index has it as <name>.text too. */
  readonly text: boolean;
  readonly array: boolean;
  readonly mustMap: boolean;
}

/** Where the service's own properties stand in a document. */
export const RAW_ROOT = 'o365.audit.';

/** The fields of a fields.yml, in its order. Throws an Error that names the entry when one is not usable. */
export function readFields(file: string): readonly Field[] {
  const entries = parse(readFileSync(file, 'utf8')) as Record<string, unknown>[];
  const names = new Set<string>();
  return entries.map((entry) => {
    const field = fieldOf(entry);
    if (names.has(field.name)) throw new Error(`${file}: ${field.name} is listed twice`);
    names.add(field.name);
    return field;
  });
}

const KEYS = new Set(['name', 'type', 'source', 'rules', 'description', 'example', 'array', 'text', 'must_map']);

function fieldOf(entry: Record<string, unknown>): Field {
  const { name, type, source, rules, description, example, array, text, must_map: mustMap } = entry;
  const complain = (what: string): never => { throw new Error(`fields.yml: ${String(name)}: ${what}`); };
  if (typeof name !== 'string') return complain('an entry without a name');
  for (const key of Object.keys(entry)) if (!KEYS.has(key)) complain(`unknown key ${key}`);
  if (!FIELD_TYPES.some((known) => known === type)) complain(`unknown type ${String(type)}`);
  if (source !== 'ecs' && source !== 'o365' && source !== 'enrichment') return complain(`unknown source ${String(source)}`);
  if (typeof description !== 'string' || description === '') return complain('no description');
  if (!Array.isArray(rules)) return complain('rules is not a list');
  return {
    name, type: type as FieldType, source, rules: rules.map(String), description,
    ...(example === undefined ? {} : { example: example as string | number | boolean }),
    array: array === true, text: text === true, mustMap: mustMap === true,
  };
}
