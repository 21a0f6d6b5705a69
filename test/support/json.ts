/** Reads JSON as it stands: numbers keep their digits, and a key that stands twice is told. `JSON.parse` does neither. */

/** A number by its text, for its digits. */
export class NumberText {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

export type Scalar = boolean | string | NumberText;
export type Json = null | Scalar | Json[] | JsonObject;
export type JsonObject = Map<string, Json>;

export interface ReadJson {
  readonly value: Json;
  /** Where a key stands twice in one object: the paths of the later ones. */
  readonly duplicates: readonly string[];
}

const SPACE = /[ \t\n\r]*/y;
const NUMBER = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
// eslint-disable-next-line no-control-regex -- control characters are what JSON does not allow
const PLAIN = /^"[^\\\u0000-\u001f]*"$/;
const WORD = /true|false|null/y;

/** Deeper brackets are refused, as Elasticsearch does. */
const NESTING_LIMIT = 1000;

/** Decides between the values of a key that stands twice. */
export type Choice = (earlier: Json, later: Json, path: string) => Json;

/**
 * The value that a text is. Of a key that stands twice the later value counts unless `choose` says otherwise. Throws a SyntaxError that names the position
 * when the text is not exactly one JSON value.
 */
export function readJson(text: string, choose: Choice = (_, later) => later): ReadJson {
  const duplicates: string[] = [];
  let at = 0;
  let depth = 0;
  const fail = (): never => { throw new SyntaxError(`not JSON at ${at}: ${text.slice(at, at + 40)}`); };
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0];
    if (found !== undefined) at += found.length;
    return found;
  };
  const space = (): void => {
    // between the tokens of a document there is none
    if (text.charCodeAt(at) <= 32) take(SPACE);
  };
  const skip = (mark: string): boolean => {
    space();
    if (text[at] !== mark) return false;
    at++;
    return true;
  };
  const string = (): string => {
    if (text[at] !== '"') return fail();
    let end = at;
    do end = text.indexOf('"', end + 1); while (end > 0 && isEscaped(text, end));
    if (end < 0) return fail();
    const quoted = text.slice(at, end + 1);
    at = end + 1;
    // most strings have nothing to decode or to refuse
    return PLAIN.test(quoted) ? quoted.slice(1, -1) : JSON.parse(quoted) as string;
  };
  const list = (end: string, item: () => void): void => {
    if (skip(end)) return;
    if (++depth > NESTING_LIMIT) fail();
    do item(); while (skip(','));
    if (!skip(end)) fail();
    depth--;
  };
  const value = (path: string): Json => {
    space();
    const head = text[at];
    if (head === '"') return string();
    if (head === '{') {
      at++;
      const object: JsonObject = new Map();
      list('}', () => {
        space();
        const key = string();
        const inside = path === '' ? key : `${path}.${key}`;
        if (!skip(':')) fail();
        const earlier = object.get(key);
        const later = value(inside);
        if (earlier !== undefined) duplicates.push(inside);
        object.set(key, earlier === undefined ? later : choose(earlier, later, inside));
      });
      return object;
    }
    if (head === '[') {
      at++;
      const array: Json[] = [];
      list(']', () => { array.push(value(path)); });
      return array;
    }
    const word = take(WORD);
    if (word !== undefined) return word === 'null' ? null : word === 'true';
    return new NumberText(take(NUMBER) ?? fail());
  };
  const whole = value('');
  space();
  if (at < text.length) fail();
  return { value: whole, duplicates };
}

/** Whether an odd number of backslashes stands before a position. */
function isEscaped(text: string, at: number): boolean {
  let start = at;
  while (text[start - 1] === '\\') start--;
  return (at - start) % 2 === 1;
}
