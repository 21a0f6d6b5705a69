/** Queries in Lucene's syntax, as far as converted Sigma rules use it: which fields one names, and which documents it finds. */

/** A parsed query. Fields are keywords: a value is compared with the whole of it. */
export interface LuceneQuery {
  readonly fields: ReadonlySet<string>;
  readonly finds: (document: object) => boolean;
}

type Test = (document: object) => boolean;
/** How a value is compared. */
type Matches = (value: string) => boolean;

const TOKEN = /\s*(?:(\(|\)|AND\b|OR\b|NOT\b)|_exists_:([\w.]+)|([\w.@]+):(?!\s)|\/((?:[^/\\]|\\.)*)\/|"((?:[^"\\]|\\.)*)"|((?:[^\s()"/\\]|\\.)+))/y;

/** Throws a SyntaxError at what it does not know. */
export function readLucene(text: string): LuceneQuery {
  const fields = new Set<string>();
  let at = 0;
  const peek = (): RegExpExecArray => {
    TOKEN.lastIndex = at;
    return TOKEN.exec(text) ?? fail();
  };
  const fail = (): never => { throw new SyntaxError(`no query at ${at}: ${text.slice(at, at + 40)}`); };
  const take = (mark: string): boolean => {
    if (text.slice(at).trim() === '') return false;
    const token = peek();
    if (token[1] !== mark) return false;
    at += token[0].length;
    return true;
  };
  const either = (one: () => Test): Test => {
    const tests = [both(one)];
    while (take('OR')) tests.push(both(one));
    return (document) => tests.some((test) => test(document));
  };
  const both = (one: () => Test): Test => {
    const tests = [not(one)];
    while (take('AND')) tests.push(not(one));
    return (document) => tests.every((test) => test(document));
  };
  const not = (one: () => Test): Test => {
    if (!take('NOT')) return one();
    const test = not(one);
    return (document) => !test(document);
  };
  const group = (one: () => Test): Test | undefined => {
    if (!take('(')) return undefined;
    const test = either(one);
    return take(')') ? test : fail();
  };
  const clause = (): Test => {
    const inner = group(clause);
    if (inner !== undefined) return inner;
    const [whole, , existing, field] = peek();
    const name = existing ?? field;
    if (name === undefined) return fail();
    at += whole.length;
    fields.add(name);
    return existing === undefined ? values(name) : (document) => valuesAt(document, existing.split('.')).length > 0;
  };
  const values = (name: string): Test => {
    const one = (): Test => {
      const inner = group(one);
      if (inner !== undefined) return inner;
      const [whole, , , , pattern, quoted, word] = peek();
      const matches = pattern !== undefined ? regular(pattern) : quoted !== undefined ? equals(quoted.replace(/\\(.)/g, '$1')) : word !== undefined ? wildcard(word) : fail();
      at += whole.length;
      return (document) => valuesAt(document, name.split('.')).some(matches);
    };
    return one();
  };
  const test = either(clause);
  if (text.slice(at).trim() !== '') fail();
  return { fields, finds: test };
}

function equals(text: string): Matches {
  return (value) => value === text;
}

/** Lucene's regular expressions match whole values. */
function regular(pattern: string): Matches {
  const whole = new RegExp(`^(?:${pattern})$`, 's');
  return (value) => whole.test(value);
}

function wildcard(word: string): Matches {
  return regular(word.replace(/\\(.)|([*?])|([^\w])/g, (_, escaped?: string, mark?: string, other?: string) => (mark === undefined ? `\\x${(escaped ?? other ?? '').charCodeAt(0).toString(16).padStart(2, '0')}` : mark === '*' ? '.*' : '.')));
}

/** Every scalar at a path, through arrays, as text. */
function valuesAt(value: unknown, path: readonly string[]): string[] {
  if (Array.isArray(value)) return value.flatMap((element) => valuesAt(element, path));
  const [key, ...rest] = path;
  if (typeof value === 'object' && value !== null) return key === undefined ? [] : valuesAt((value as Record<string, unknown>)[key], rest);
  return key === undefined && (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') ? [String(value)] : [];
}
