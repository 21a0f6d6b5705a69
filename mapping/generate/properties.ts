/**
 * From fields.yml: the properties of the raw event that have a type of their own, numbered, with the context in which their members are looked up.
 * Context 0 is the event itself.
 */
import { type Field, type FieldType, RAW_ROOT } from './fields.ts';
import type { Name } from './names.ts';
import { bytes, constantEnum, header, identifier, u16, u8 } from './source.ts';

/** How the module treats a value; the order is the module's. */
const KINDS = ['keyword', 'long', 'boolean', 'date', 'ip', 'object', 'flattened', 'any', 'hashed'] as const;
type Kind = (typeof KINDS)[number];

const KIND_OF: Readonly<Record<FieldType, Kind>> = {
  keyword: 'keyword', wildcard: 'keyword', match_only_text: 'keyword', text: 'keyword', constant_keyword: 'keyword', date: 'date', ip: 'ip',
  long: 'long', boolean: 'boolean', flattened: 'flattened', nested: 'object', object: 'object', geo_point: 'object',
};

/** Properties of the event with a shape of their own, each by its rule: assembly/normalise/special.ts knows them. */
const SPECIAL: Readonly<Record<string, string>> = {
  Parameters: 'R009 R012', ExtendedProperties: 'R009 R012', ModifiedProperties: 'R010 R012', Data: 'R015', AlertLinks: 'R017', Platform: 'R018',
  AppAccessContext: 'R014', ExceptionInfo: 'R013 R014', Sender: 'R014', Message: 'R014', Messages: 'R014', Folders: 'R014', Actions: 'R016',
  ModifiedPropertyNames: 'R010',
  'PolicyDetails.Rules.ConditionsMatched.SensitiveInformation.SensitiveInformationDetections.DetectedValues': 'R540',
};

/** Properties that come as JSON inside a string (R013, R015, R016). */
const JSON_TEXT: ReadonlySet<string> = new Set(['AdditionalInfo', 'OperationProperties', 'Data', 'Actions', 'ReportMetadata', 'ExceptionInfo']);

const SPECIAL_FLAG = 1;
const JSON_TEXT_FLAG = 2;

interface Property {
  readonly path: string;
  readonly kind: Kind;
  readonly context: number;
  readonly childContext: number;
}

export interface Properties {
  readonly source: string;
  readonly names: readonly Name[];
}

/** The source of assembly/generated/properties.ts, and the names for the lookup table. */
export function propertySource(fields: readonly Field[]): Properties {
  const kinds = new Map<string, Kind>();
  for (const { name, type } of fields) {
    if (!name.startsWith(RAW_ROOT) || name.includes('*')) continue;
    const path = name.slice(RAW_ROOT.length);
    // a parent that is not listed itself is an object
    path.split('.').forEach((_, index, parts) => {
      const parent = parts.slice(0, index + 1).join('.');
      if (!kinds.has(parent)) kinds.set(parent, 'object');
    });
    kinds.set(path, KIND_OF[type]);
  }
  const open = new Set(fields.filter(({ name }) => name.startsWith(RAW_ROOT) && name.endsWith('.*')).map(({ name }) => name.slice(RAW_ROOT.length, -2)));
  const { properties, firstFlattened, nothing, nothingFlattened } = number([...kinds], open);
  const names = properties.map(({ path, context }, index) => ({ context, name: path.slice(path.lastIndexOf('.') + 1), value: index + 1 }));
  const rows = [0, 0, 0, 0, ...properties.flatMap(({ path, kind, childContext }) => [u8(KINDS.indexOf(kind)), flagsOf(path), ...u16(childContext)])];
  const source = [
    header('mapping/fields.yml', 'The typed properties of the raw event.'),
    constantEnum('Kind', KINDS.map((kind, index) => [kind, index]), 'How a value must look: the type of its path, as the mapping needs it.'),
    `/** Properties of the event itself are numbered from 1 to this. */\nexport const ROOT_PROPERTY_COUNT: u32 = ${properties.filter(({ context }) => context === 0).length};`,
    `export const PROPERTY_COUNT: u32 = ${properties.length};`,
    `/** Flags of a property: it has a shape of its own; it comes as JSON inside a string. */\nexport const SPECIAL_FLAG: u32 = ${SPECIAL_FLAG};\nexport const JSON_TEXT_FLAG: u32 = ${JSON_TEXT_FLAG};`,
    `/** Contexts from this one on lie below something flattened: what is not listed there may have any shape. */\nexport const FIRST_FLATTENED_CONTEXT: u32 = ${firstFlattened};`,
    `/** The contexts in which nothing is listed: of open objects, and below something flattened. */\nexport const OPEN_CONTEXT: u32 = ${nothing};\nexport const FLATTENED_CONTEXT: u32 = ${nothingFlattened};\n/** The context in which every value is written as its hash. */\nexport const HASHED_CONTEXT: u32 = ${nothingFlattened + 1};`,
    constantEnum('Property', properties.map(({ path }, index) => [identifier(path), index + 1]), 'A typed property of the raw event; 0 is none.'),
    constantEnum('Context', properties.filter(({ childContext }) => childContext !== 0).map(({ path, childContext }) => [identifier(path), childContext]), 'Where the members of a property are looked up.'),
    bytes('PROPERTY_ROWS', rows, 'A property, from 0: its Kind, flags, the context of its members (u16); 4 bytes.'),
  ].join('\n');
  return { source, names };
}

function flagsOf(path: string): number {
  return (path in SPECIAL ? SPECIAL_FLAG : 0) | (JSON_TEXT.has(path) ? JSON_TEXT_FLAG : 0);
}

interface Numbering {
  readonly properties: readonly Property[];
  readonly firstFlattened: number;
  readonly nothing: number;
  readonly nothingFlattened: number;
}

/** Numbers the properties: the event's own first, then each object's together, so that siblings have consecutive numbers. */
function number(kinds: readonly (readonly [string, Kind])[], open: ReadonlySet<string>): Numbering {
  const parentOf = (path: string): string => path.includes('.') ? path.slice(0, path.lastIndexOf('.')) : '';
  const flattened = (path: string): boolean => kinds.some(([other, kind]) => kind === 'flattened' && (path === other || path.startsWith(`${other}.`)));
  const parents = [...new Set(kinds.map(([path]) => parentOf(path)))].sort((a, b) => Number(flattened(a)) - Number(flattened(b)) || (a < b ? -1 : 1));
  const plain = parents.filter((parent) => !flattened(parent));
  // one context of its own for open objects of which no member is listed, and one for the like below something flattened
  const nothing = plain.length;
  const firstFlattened = nothing + 1;
  const contexts = new Map<string, number>(parents.map((parent, index) => [parent, index < nothing ? index : index + 1]));
  const nothingFlattened = parents.length + 1;
  const contextBelow = (path: string, kind: Kind): number => contexts.get(path)
    ?? (flattened(path) ? nothingFlattened : kind === 'object' || open.has(path) ? nothing : 0);
  const properties = parents.flatMap((parent) => kinds.filter(([path]) => parentOf(path) === parent).sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([path, kind]) => ({
      path,
      kind: kind === 'object' && flattened(path) ? 'any' as const : kind,
      context: contexts.get(parent) ?? 0,
      childContext: contextBelow(path, kind),
    })));
  return { properties, firstFlattened, nothing, nothingFlattened };
}
