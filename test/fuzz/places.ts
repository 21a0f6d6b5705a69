/** The places of a JSON text at which something else can stand. */

/** A value or a key of a text, and the whole text with another in its place. */
export interface Place {
  readonly kind: 'value' | 'key';
  /** What stands there now, as JSON. */
  readonly json: string;
  readonly put: (json: string) => string;
}

const TOKEN = /[ \t\r\n]*("(?:[^"\\]|\\[^])*"|[[\]{},:]|[^[\]{},:"\s]+)/y;
/** Texts within texts within texts are followed so far. */
const INNER_LEVELS = 2;

/**
 * Every key and every value of a JSON text but the outermost one, also inside of texts that are JSON themselves. A text that is no JSON has the places that come
 * before its fault.
 */
export function placesOf(text: string, innerLevels = INNER_LEVELS): Place[] {
  const places: Place[] = [];
  const place = (kind: Place['kind'], start: number, end: number): void => {
    const json = text.slice(start, end);
    const put = (other: string): string => text.slice(0, start) + other + text.slice(end);
    places.push({ kind, json, put });
    if (kind === 'value' && innerLevels > 0 && /^"\s*[[{]/.test(json)) places.push(...innerPlaces(json, put, innerLevels - 1));
  };
  /** The brackets that are open, by the position where each began. */
  const open: { readonly start: number; readonly isObject: boolean; expectsKey: boolean }[] = [];
  let end = 0;
  for (;;) {
    // a place inside of a text moves it, too
    TOKEN.lastIndex = end;
    const token = TOKEN.exec(text)?.[1];
    if (token === undefined) return places;
    end = TOKEN.lastIndex;
    const inner = open.at(-1);
    if (token === '{' || token === '[') {
      open.push({ start: end - 1, isObject: token === '{', expectsKey: token === '{' });
    } else if (token === '}' || token === ']') {
      const closed = open.pop();
      if (closed === undefined || open.length === 0) return places;
      place('value', closed.start, end);
    } else if (token === ',') {
      if (inner !== undefined) inner.expectsKey = inner.isObject;
    } else if (token !== ':') {
      const isKey = inner?.expectsKey === true;
      if (inner !== undefined) inner.expectsKey = false;
      place(isKey ? 'key' : 'value', end - token.length, end);
    }
  }
}

/** The places of the JSON that a JSON string holds. */
function innerPlaces(json: string, put: (json: string) => string, levels: number): Place[] {
  let inner: string;
  try {
    inner = JSON.parse(json) as string;
  } catch {
    return []; // a broken string
  }
  return placesOf(inner, levels).map((inside) => ({ ...inside, put: (other) => put(JSON.stringify(inside.put(other))) }));
}
