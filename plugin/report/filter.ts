/** A condition on documents, as data: it is asked of a document here, of a search engine as a query, and written in Kibana's language for people to read. */

/** Every `all` holds, or one of `any` does, or a field has one of the values; `*` in `like` stands for any characters. */
export type Filter =
  | { readonly all: readonly Filter[] }
  | { readonly any: readonly Filter[] }
  | { readonly not: Filter }
  | { readonly field: string; readonly is: readonly string[] }
  | { readonly field: string; readonly like: string }
  | { readonly field: string; readonly exists: true };

/** The texts that a document has at a path, such as `event.category`; none for what is missing or is no text, number or boolean. */
export function textsAt(document: unknown, path: string): readonly string[] {
  let found: readonly unknown[] = [document];
  for (const name of path.split('.')) {
    found = found.flatMap((value) => isObject(value) && Object.hasOwn(value, name) ? value[name] : []);
  }
  return found.flatMap((value) => typeof value === 'string' ? value : typeof value === 'number' || typeof value === 'boolean' ? String(value) : []);
}

/** Whether the condition holds for a document. */
export function matches(filter: Filter, document: unknown): boolean {
  if ('all' in filter) return filter.all.every((each) => matches(each, document));
  if ('any' in filter) return filter.any.some((each) => matches(each, document));
  if ('not' in filter) return !matches(filter.not, document);
  const texts = textsAt(document, filter.field);
  if ('is' in filter) return texts.some((text) => filter.is.includes(text));
  if ('like' in filter) return texts.some((text) => isLike(text, filter.like));
  return texts.length > 0;
}

/** The same as a query of Elasticsearch and OpenSearch. */
export function queryOf(filter: Filter): object {
  if ('all' in filter) return { bool: { filter: filter.all.map(queryOf) } };
  if ('any' in filter) return { bool: { should: filter.any.map(queryOf), minimum_should_match: 1 } };
  if ('not' in filter) return { bool: { must_not: [queryOf(filter.not)] } };
  if ('is' in filter) return { terms: { [filter.field]: filter.is } };
  if ('like' in filter) return { wildcard: { [filter.field]: { value: filter.like } } };
  return { exists: { field: filter.field } };
}

/** The same in Kibana's query language. */
export function kqlOf(filter: Filter): string {
  if ('all' in filter) return filter.all.map(nested).join(' and ');
  if ('any' in filter) return filter.any.map(nested).join(' or ');
  if ('not' in filter) return `not ${nested(filter.not)}`;
  if ('is' in filter) return `${filter.field}: ${filter.is.length === 1 ? quoted(filter.is[0] ?? '') : `(${filter.is.map(quoted).join(' or ')})`}`;
  return `${filter.field}: ${'like' in filter ? filter.like : '*'}`;
}

function nested(filter: Filter): string {
  return 'all' in filter || 'any' in filter ? `(${kqlOf(filter)})` : kqlOf(filter);
}

function quoted(text: string): string {
  return /^\w+$/.test(text) ? text : `"${text.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Without a regular expression: what is asked comes from a table, what is looked at from anybody. */
function isLike(text: string, pattern: string): boolean {
  const [first = '', ...rest] = pattern.split('*');
  if (rest.length === 0) return text === pattern;
  const last = rest.pop() ?? '';
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false;
  let from = first.length;
  for (const piece of rest) {
    const at = text.indexOf(piece, from);
    if (at < 0) return false;
    from = at + piece.length;
  }
  return from <= text.length - last.length;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
