/**
 * The little value language of Filebeat's -M flag and of variables: a superset of JSON whose texts need no quotes. `a,b` and `[a, b]` are
 * lists, `{id: x, name: y}` is a map, 'single quotes' take everything as it stands, "double quotes" know JSON's escapes.
 */
import type { Entry, Node, Place, Scalar } from './node.ts';

/** Deepest nesting of lists and maps on a command line. */
const maxDepth = 16;

/** Reads a value, or says in a clause what is wrong with it. */
export function readSetting(text: string, place: Place): Node | { readonly problem: string } {
  try {
    return new SettingReader(text.trim(), place).read();
  } catch (error) {
    if (error instanceof SettingProblem) return { problem: error.message };
    throw error;
  }
}

class SettingProblem extends Error {}

class SettingReader {
  private position = 0;
  private readonly text: string;
  private readonly place: Place;

  constructor(text: string, place: Place) {
    this.text = text;
    this.place = place;
  }

  read(): Node {
    const items = [this.value(',', 0)];
    while (this.skipSpace() !== '') {
      this.expect(',');
      items.push(this.value(',', 0));
    }
    const [only] = items;
    return items.length === 1 && only !== undefined ? only : { kind: 'list', items, place: this.place };
  }

  private value(stops: string, depth: number): Node {
    if (depth > maxDepth) throw new SettingProblem(`more than ${maxDepth} lists inside each other`);
    const next = this.skipSpace();
    if (next === '[') return this.list(depth);
    if (next === '{') return this.map(depth);
    if (next === '"' || next === "'") return this.scalar(this.quoted(next), true);
    return this.scalar(this.plain(stops), false);
  }

  private list(depth: number): Node {
    const items: Node[] = [];
    this.position++;
    while (this.skipSpace() !== ']') {
      items.push(this.value(',]', depth + 1));
      if (this.skipSpace() === ',') this.position++;
      else if (this.skipSpace() !== ']') throw new SettingProblem('a list without its closing ]');
    }
    this.position++;
    return { kind: 'list', items, place: this.place };
  }

  private map(depth: number): Node {
    const entries = new Map<string, Entry>();
    this.position++;
    while (this.skipSpace() !== '}') {
      const next = this.skipSpace();
      const key = next === '"' || next === "'" ? this.quoted(next) : this.plain(':');
      this.skipSpace();
      this.expect(':');
      entries.set(key, { place: this.place, node: this.value(',}', depth + 1) });
      if (this.skipSpace() === ',') this.position++;
      else if (this.skipSpace() !== '}') throw new SettingProblem('a map without its closing }');
    }
    this.position++;
    return { kind: 'map', entries, place: this.place };
  }

  private quoted(quote: string): string {
    const start = this.position;
    let end = start + 1;
    while (end < this.text.length && this.text[end] !== quote) end += quote === '"' && this.text[end] === '\\' ? 2 : 1;
    if (end >= this.text.length) throw new SettingProblem(`a text without its closing ${quote}`);
    this.position = end + 1;
    if (quote === "'") return this.text.slice(start + 1, end);
    try {
      return JSON.parse(this.text.slice(start, end + 1)) as string;
    } catch {
      throw new SettingProblem('a text in double quotes with an unknown \\ sequence');
    }
  }

  /** A text without quotes; a reference such as ${NAME:a,b} is taken whole. */
  private plain(stops: string): string {
    const start = this.position;
    let braces = 0;
    while (this.position < this.text.length && (braces > 0 || !stops.includes(this.text[this.position] ?? ''))) {
      if (this.text.startsWith('${', this.position)) braces++;
      else if (braces > 0 && this.text[this.position] === '}') braces--;
      this.position++;
    }
    return this.text.slice(start, this.position).trim();
  }

  private scalar(text: string, quoted: boolean): Scalar {
    return { kind: 'scalar', text, value: quoted ? text : primitive(text), place: this.place, splits: !quoted };
  }

  private skipSpace(): string {
    while (/\s/.test(this.text[this.position] ?? '')) this.position++;
    return this.text[this.position] ?? '';
  }

  private expect(character: string): void {
    if (this.text[this.position] !== character) throw new SettingProblem(`no ${character} where one belongs`);
    this.position++;
  }
}

/** What Filebeat takes an unquoted text for. */
function primitive(text: string): unknown {
  if (text === '' || text === 'null') return null;
  if (/^(t|T|true|TRUE|True|on|ON)$/.test(text)) return true;
  if (/^(f|F|false|FALSE|False|off|OFF)$/.test(text)) return false;
  const number = Number(text);
  return /^[+-]?(\d|\.\d)/.test(text) && Number.isFinite(number) && (!Number.isInteger(number) || Number.isSafeInteger(number)) ? number : text;
}
