/**
 * A configuration as written, before anything is known of its meaning: scalars, lists and maps that remember their place, whether they came
 * from the file or from -M on the command line.
 */
export interface Place {
  /** A file as the operator named it, COMMAND_LINE, or `environment variable NAME`. */
  readonly source: string;
  /** Line and column count from 1. */
  readonly line?: number;
  readonly column?: number;
}

export interface Scalar {
  readonly kind: 'scalar';
  /** The characters as written, without quotes: `0123` stays `0123`. Empty for nothing at all. */
  readonly text: string;
  /** What YAML (or the grammar of -M) takes the characters for; only free-form values such as `fields` ask for it. */
  readonly value: unknown;
  readonly place: Place;
  /** True where Filebeat reads its little list grammar inside a text (`a,b`, `[a, b]`): values of -M and of variables. */
  readonly splits?: boolean;
  /** The reference that the text was made of; messages show it instead, because the text may be somebody's secret. */
  readonly reference?: string;
}

export interface List {
  readonly kind: 'list';
  readonly items: readonly Node[];
  readonly place: Place;
}

export interface Entry {
  readonly place: Place;
  readonly node: Node;
}

export interface Mapping {
  readonly kind: 'map';
  readonly entries: ReadonlyMap<string, Entry>;
  readonly place: Place;
}

export type Node = Scalar | List | Mapping;

export const COMMAND_LINE = 'command line';

/** True for a key without a value (`key:`, `key: ~`, `key: ""`), which Filebeat treats as a key that is not there. */
export function isNothing(node: Node | undefined): boolean {
  return node === undefined || (node.kind === 'scalar' && (node.value === null || node.text === ''));
}

/** Longest piece of a wrong value that a message repeats, in characters. */
const shownCharacters = 60;

/** What came, as a clause for a mistake. Never call it for a secret. */
export function describe(node: Node): string {
  if (isNothing(node)) return 'nothing';
  if (node.kind !== 'scalar') return describeKind(node);
  return node.reference === undefined ? quote(node.text) : `what ${node.reference} stands for`;
}

/** What came, without its characters: `client_secret:x` without a space is a text, and must not be repeated. */
export function describeKind({ kind }: Node): string {
  return { scalar: 'a text', list: 'a list', map: 'a map' }[kind];
}

/** A text in double quotes, on one line, cut where it is long; an address loses its user name and password. */
export function quote(text: string): string {
  const line = text.replace(/\s+/g, ' ').replace(/\/\/[^/]*@/g, '//');
  return `"${line.length > shownCharacters ? `${line.slice(0, shownCharacters)}…` : line}"`;
}

/** A node as plain JavaScript, for values whose shape is the operator's own. */
export function toPlain(node: Node): unknown {
  if (node.kind === 'scalar') return node.value;
  if (node.kind === 'list') return node.items.map(toPlain);
  return Object.fromEntries([...node.entries].map(([key, { node: value }]) => [key, toPlain(value)]));
}
