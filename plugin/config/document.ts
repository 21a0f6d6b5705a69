/** From the text of a YAML file to nodes with places. YAML 1.1, because that is what Filebeat reads: `yes` is true, `<<` merges. */
import { isAlias, isMap, isScalar, isSeq, LineCounter, parseAllDocuments, type Document, type Node as YamlNode } from 'yaml';
import type { Findings } from './findings.ts';
import { type Entry, type Node, type Place } from './node.ts';

/** Bounds on what aliases may multiply a small file to. */
const maxDepth = 32;
const maxNodes = 100_000;

/**
 * Reads a whole file. Mistakes of syntax go to `findings` in words of our own, because those of a parser quote the line, and the line
 * may hold a secret. Undefined for an empty file and for one that cannot be understood.
 */
export function readDocument(text: string, source: string, findings: Findings): Node | undefined {
  const lines = new LineCounter();
  const documents = parseAllDocuments(text, { lineCounter: lines, version: '1.1', merge: true, uniqueKeys: false, prettyErrors: false });
  const place = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { source, line, column: col };
  };
  if (!Array.isArray(documents)) return undefined;
  const [document, second] = documents;
  if (second !== undefined) {
    findings.mistake(place(second.range[0]), '---', 'one YAML document', 'a second one', 'Put everything into one document.');
  }
  const problems = documents.flatMap(({ errors, warnings }) => [...errors, ...warnings]);
  for (const { code, pos } of problems) reportSyntax(code, place(pos[0]), findings);
  if (document === undefined || document.contents === null || problems.length > 0) return undefined;
  return new Converter(document, place, findings).convert(document.contents, 0);
}

/** The parser's codes that people meet, in an operator's words; other codes are named as they are. */
const syntaxMistakes = new Map<string, readonly [found: string, repair: string]>([
  ['TAB_AS_INDENT', ['a tab', 'Indent with spaces.']],
  ['BAD_INDENT', ['a line that is indented otherwise than its neighbours', 'Indent the keys of one block by the same number of spaces.']],
  ['MULTILINE_IMPLICIT_KEY', ['a key that goes over several lines', 'Look for a missing colon, space or quote at the line before.']],
  ['BLOCK_AS_IMPLICIT_KEY', ['a second colon in one line', 'Put the value into quotes, or the inner key on a line of its own.']],
  ['MISSING_CHAR', ['a missing colon, comma, bracket or quote', 'Close what was opened, and put texts with special characters into quotes.']],
  ['BAD_ALIAS', ['an alias (*name) that was never defined', 'Put a value that begins with * into quotes.']],
  ['BAD_SCALAR_START', ['a value that begins with a reserved character', 'Put the value into quotes.']],
  ['BAD_DQ_ESCAPE', ['an unknown \\ sequence', 'Double the \\, or use single quotes.']],
  ['TAG_RESOLVE_FAILED', ['a tag (!name) that means nothing here', 'Put a value that begins with ! into quotes.']],
  ['UNEXPECTED_TOKEN', ['something that does not belong here', 'Look for a missing quote, colon or dash, here or at the line before.']],
]);

function reportSyntax(code: string, place: Place, findings: Findings): void {
  const [found, repair] = syntaxMistakes.get(code) ?? [`something else (${code})`, 'Look at this line and the one before.'];
  findings.mistake(place, 'YAML', 'well-formed YAML', found, repair);
}

class Converter {
  private nodes = 0;
  private readonly document: Document;
  private readonly place: (offset: number) => Place;
  private readonly findings: Findings;

  constructor(document: Document, place: (offset: number) => Place, findings: Findings) {
    this.document = document;
    this.place = place;
    this.findings = findings;
  }

  convert(yaml: YamlNode, depth: number): Node | undefined {
    const place = this.place(yaml.range?.[0] ?? 0);
    if (++this.nodes > maxNodes || depth > maxDepth) {
      if (this.nodes <= maxNodes + 1) {
        this.nodes = maxNodes + 1;
        this.findings.mistake(place, 'YAML', `at most ${maxDepth} levels and ${maxNodes} values`, 'more', 'Write out what the aliases stand for.');
      }
      return undefined;
    }
    if (isAlias(yaml)) {
      const target = yaml.resolve(this.document);
      if (target !== undefined) return this.convert(target, depth + 1);
      reportSyntax('BAD_ALIAS', place, this.findings);
      return undefined;
    }
    if (isScalar(yaml)) {
      const { value, source } = yaml;
      return { kind: 'scalar', text: value === null ? '' : source ?? '', value, place };
    }
    if (isSeq(yaml)) {
      const items = yaml.items.map((item) => this.convert(item as YamlNode, depth + 1));
      return { kind: 'list', items: items.filter((item) => item !== undefined), place };
    }
    return isMap(yaml) ? { kind: 'map', entries: this.entries(yaml.items, depth), place } : undefined;
  }

  /** The members of a map; `<<` puts in what is not there already, a key written twice is a mistake. */
  private entries(pairs: readonly { key: unknown; value: unknown }[], depth: number): ReadonlyMap<string, Entry> {
    const entries = new Map<string, Entry>();
    const merged = new Map<string, Entry>();
    for (const { key, value } of pairs) {
      const keyNode = isScalar(key) ? key : undefined;
      const place = this.place((key as YamlNode | null)?.range?.[0] ?? 0);
      if (keyNode === undefined) {
        this.findings.mistake(place, 'YAML', 'a key', 'a list, a map or an alias as a key', 'Write a plain name before the colon.');
        continue;
      }
      const name = keyNode.source ?? '';
      const nothing: Node = { kind: 'scalar', text: '', value: null, place };
      const node = value === null ? nothing : this.convert(value as YamlNode, depth + 1);
      if (node === undefined) continue;
      const earlier = entries.get(name);
      if (name === '<<') {
        for (const source of node.kind === 'list' ? node.items : [node]) {
          if (source.kind === 'map') for (const [inherited, entry] of source.entries) if (!merged.has(inherited)) merged.set(inherited, entry);
        }
      } else if (earlier !== undefined) {
        this.findings.mistake(place, name, 'each key once', `a second ${name} (the first is on line ${earlier.place.line ?? 0})`, 'Keep one of them.');
      } else {
        entries.set(name, { place, node });
      }
    }
    for (const [name, entry] of merged) if (!entries.has(name)) entries.set(name, entry);
    return entries;
  }
}
