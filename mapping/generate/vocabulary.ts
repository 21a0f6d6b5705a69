/**
 * From mapping/tables: the words that the mapping recognises and those that it writes. A word becomes a number here, so that no string is compared in
 * the module and none is built.
 */
import { readFileSync } from 'node:fs';
import type { Name } from './names.ts';
import { TextPool, bytes, constantEnum, header, identifier, u16, words16 } from './source.ts';

/** Contexts of words in the lookup table; properties have the small numbers. */
const VOCABULARIES = ['record-type', 'operation', 'operation-8', 'operation-22', 'operation-25', 'outcome', 'no-address', 'nobody',
  'severity', 'direction', 'alert-category', 'entity-type', 'sharing-target', 'cmdlet-verb', 'cmdlet-iam', 'dlp-operation', 'option', 'envelope', 'envelope-event', 'envelope-organization',
  'envelope-data-stream', 'field-set'] as const;
const FIRST_VOCABULARY = 0x1000;
/** In field-set, beside the number: it is no object. assembly/prepared.ts has the same. */
const NO_OBJECT = 64;

/** In the order in which several of one operation are written. */
export const CATEGORIES = ['web', 'authentication', 'email', 'file', 'iam', 'configuration', 'intrusion_detection', 'malware'] as const;
export const TYPES = ['info', 'group', 'user', 'admin', 'access', 'change', 'creation', 'deletion', 'start', 'end'] as const;

export interface Vocabulary {
  readonly source: string;
  readonly names: readonly Name[];
}

/** The rows of a table file: columns by their names in its first line; lines that begin with # are remarks. */
export function readTable(file: string): readonly Readonly<Record<string, string>>[] {
  const [head = '', ...lines] = readFileSync(file, 'utf8').split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const columns = head.split('\t');
  return lines.map((line) => {
    const cells = line.split('\t');
    return Object.fromEntries(columns.map((column, index) => [column, cells[index] ?? '']));
  });
}

/** The source of assembly/generated/vocabulary.ts, and the names for the lookup table; `fieldSets` are the names at a document's top, and whether they are objects. */
export function vocabularySource(tables: { recordTypes: string; operations: string; words: string }, fieldSets: ReadonlyMap<string, boolean>): Vocabulary {
  const words = new Words();
  words.add('');
  for (const word of [...CATEGORIES, ...TYPES]) words.add(word);
  const names: Name[] = [];
  const recordTypes = readTable(tables.recordTypes);
  const byNumber: number[] = [];
  for (const { value = '', name = '' } of recordTypes) {
    byNumber[Number(value)] = words.add(name);
    // where Microsoft's two lists disagree a name can stand twice: the smaller number counts
    if (!names.some((known) => known.name === name)) names.push({ context: contextOf('record-type'), name, value: Number(value) });
  }
  for (const row of readTable(tables.words)) {
    const { context = '', word = '', meaning = '' } = row;
    if (context === 'word') words.add(word);
    else if (context === 'key') words.add(`"${word}"`);
    else if (context === 'text') words.add(meaning.replace('\\0', '\0'), identifier(word));
    else names.push({ context: contextOf(context), name: word, value: meaningOf(meaning) });
  }
  for (const row of readTable(tables.operations)) names.push({ context: scopeOf(row), name: row.operation ?? '', value: effectOf(row, words) });
  for (const [index, [name, isObject]] of [...fieldSets].entries()) {
    // @timestamp has no number: outputs add it, documents in an agent do not have it
    names.push({ context: contextOf('field-set'), name, value: name === '@timestamp' ? NO_OBJECT : index + 1 + (isObject ? 0 : NO_OBJECT) });
  }
  const source = [
    header('mapping/tables', 'The words that the mapping knows.'),
    constantEnum('Vocabulary', VOCABULARIES.map((name, index) => [identifier(name), FIRST_VOCABULARY + index]), 'Where a word is looked up.'),
    constantEnum('Category', CATEGORIES.map((name, index) => [name, 1 << index]), 'event.category, a bit each.'),
    constantEnum('Type', TYPES.map((name, index) => [name, 1 << index]), 'event.type, a bit each.'),
    `/** The words of the categories and of the types follow each other from these on. */\nexport const FIRST_CATEGORY_WORD: u32 = 1;\nexport const FIRST_TYPE_WORD: u32 = ${1 + CATEGORIES.length};`,
    constantEnum('Word', words.members(), 'A word that the mapping writes.'),
    bytes('WORD_ROWS', words.rows(), 'A word: where it lies in WORD_TEXT (u16), how long it is (u16).'),
    bytes('WORD_TEXT', words.pool.bytes, 'The words.'),
    `export const LAST_RECORD_TYPE: u32 = ${byNumber.length - 1};`,
    words16('RECORD_TYPE_WORDS', Array.from(byNumber as readonly (number | undefined)[], (index) => index ?? 0), 'The name of each record type, by its number, as a word; 0 where there is none.'),
  ].join('\n');
  return { source, names };
}

/** A meaning is a number, or a category, or a type, by its bit. */
function meaningOf(meaning: string): number {
  const category = CATEGORIES.findIndex((known) => known === meaning);
  if (category >= 0) return 1 << category;
  const type = TYPES.findIndex((known) => known === meaning);
  const value = type >= 0 ? 1 << type : Number(meaning);
  if (!(value > 0)) throw new Error(`words.tsv: ${meaning} is no meaning`);
  return value;
}

/** What an operation does to a document, in 32 bits: categories (8), types (12), the word of its action (12). */
function effectOf(row: Readonly<Record<string, string>>, words: Words): number {
  const bits = (column: string, known: readonly string[]): number => (row[column] ?? '').split(',').filter((word) => word !== '').reduce((sum, word) => {
    const index = known.indexOf(word);
    if (index < 0) throw new Error(`operations.tsv: ${row.operation ?? ''}: unknown ${column} ${word}`);
    return sum | (1 << index);
  }, 0);
  const effect = bits('category', CATEGORIES) + bits('type', TYPES) * 0x100 + words.add(row.action ?? '') * 0x100000;
  if (effect === 0) throw new Error(`operations.tsv: ${row.operation ?? ''} has no effect`);
  return effect;
}

/** Where the words of an operation are looked up. Throws when the mapping looks nowhere for it. */
function scopeOf({ scope = '', operation = '' }: Readonly<Record<string, string>>): number {
  const name = scope === '*' ? 'operation' : `operation-${scope}`;
  if (!VOCABULARIES.some((known) => known === name)) throw new Error(`operations.tsv: ${operation}: scope ${scope} is neither * nor one that scopeOf in records/families.ts knows`);
  return contextOf(name);
}

function contextOf(name: string): number {
  const index = VOCABULARIES.findIndex((known) => known === name);
  if (index < 0) throw new Error(`unknown vocabulary ${name}`);
  return FIRST_VOCABULARY + index;
}

/** The words to write, numbered in the order in which they came. */
class Words {
  readonly pool = new TextPool();
  private readonly numbers = new Map<string, number>();
  private readonly identifiers = new Map<string, string>();

  add(word: string, name = identifier(word.replace(/^"(.*)"$/, 'key_$1'))): number {
    const known = this.numbers.get(word);
    if (known !== undefined) return known;
    this.numbers.set(word, this.numbers.size);
    this.identifiers.set(word, name);
    return this.numbers.size - 1;
  }

  members(): [string, number][] {
    return [...this.numbers].filter(([word]) => word !== '').map(([word, index]) => [this.identifiers.get(word) ?? '', index]);
  }

  rows(): number[] {
    return [...this.numbers.keys()].flatMap((word) => [...u16(this.pool.offsetOf(word)), ...u16(word.length)]);
  }
}
