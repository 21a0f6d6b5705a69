/** The values of one `audit:` block, each read by its type: filled-in variables, defaults, absolute paths, and a mistake for what does not fit. */
import { isAbsolute, resolve } from 'node:path';
import { expand, itemsOf, type Reading } from './expand.ts';
import type { Leaf, Leaves } from './leaves.ts';
import { MODULE_KEYS, type ModuleKey, type ModuleKeyPath } from './module-keys.ts';
import { COMMAND_LINE, describe, isNothing, toPlain, type Node, type Place } from './node.ts';
import { readAddress, readValue, type Value } from './value.ts';

export class AuditBlock {
  private readonly leaves: Leaves;
  /** The block's own place, for what is missing. */
  private readonly place: Place;
  private readonly reading: Reading;
  private readonly failed = new Set<ModuleKeyPath>();

  constructor(leaves: Leaves, place: Place, reading: Reading) {
    this.leaves = leaves;
    this.place = place;
    this.reading = reading;
  }

  /** Where a value was written; undefined for a default. */
  placeOf(path: ModuleKeyPath): Place | undefined {
    return this.leaves.get(path)?.place;
  }

  /** Whether something was written at the key, be it right or wrong; call it after the value was read. */
  isGiven(path: ModuleKeyPath, value: unknown): boolean {
    return value !== undefined || this.failed.has(path);
  }

  /** Notes a mistake about a key, or about its absence. */
  mistake(path: ModuleKeyPath, expected: string, found: string, repair: string, place?: Place): void {
    this.failed.add(path);
    const leaf = this.leaf(path);
    this.reading.findings.mistake(place ?? leaf.place, leaf.key, expected, found, repair);
  }

  notice(path: ModuleKeyPath, sentence: string): void {
    const leaf = this.leaf(path);
    this.reading.findings.notice(leaf.place, leaf.key, sentence);
  }

  /** A single text, or undefined where there is none. */
  text(path: ModuleKeyPath): string | undefined {
    const value = this.single(path);
    return typeof value === 'string' ? value : undefined;
  }

  /** A number that has a default; 0 after a mistake was noted. */
  number(path: ModuleKeyPath): number {
    const value = this.single(path);
    return typeof value === 'number' ? value : 0;
  }

  flag(path: ModuleKeyPath): boolean {
    return this.single(path) === true;
  }

  /** A file name, made absolute; a text in PEM form is passed on as it is. */
  file(path: ModuleKeyPath): string | undefined {
    const text = this.text(path);
    return text === undefined || text.startsWith('-----BEGIN ') ? text : this.absolute(text, path);
  }

  files(path: ModuleKeyPath): readonly string[] {
    return (this.texts(path) ?? []).map((text) => this.absolute(text, path));
  }

  /** A secret: on the command line, where every process can read it, only as the name of a variable. */
  secret(path: ModuleKeyPath): string | undefined {
    const { node } = this.leaf(path);
    if (node.kind === 'scalar' && node.place.source === COMMAND_LINE && node.text !== '' && !/^\$\{[^{}:]+\}$/.test(node.text)) {
      this.mistake(path, 'the name of a variable, such as ${O365_SECRET}', 'a secret, which every process of this machine can read there',
        'Put it into the environment or into the file.');
      return undefined;
    }
    const expanded = this.expanded(path);
    if (expanded === undefined) return undefined;
    if (expanded.kind !== 'scalar') {
      this.mistake(path, 'one text', describe(expanded), 'Write one text, in quotes.');
      return undefined;
    }
    if (/^<.*>$/.test(expanded.text)) {
      this.mistake(path, 'a secret', 'the placeholder of the sample file', 'Put the real one in.');
      return undefined;
    }
    return expanded.text;
  }

  /** A list, or one value alone; undefined where there is none, or after a mistake was noted. */
  items(path: ModuleKeyPath): readonly Node[] | undefined {
    const node = this.expanded(path);
    if (node === undefined) return undefined;
    return itemsOf(node, this.leaf(path).key, this.reading.findings)?.filter((item) => !isNothing(item));
  }

  /** A list of texts, or one text alone. */
  texts(path: ModuleKeyPath): readonly string[] | undefined {
    return this.items(path)?.flatMap((item) => {
      if (item.kind === 'scalar') return [item.text];
      this.mistake(path, 'a text or a list of texts', describe(item), 'Write [one, two].', item.place);
      return [];
    });
  }

  address(path: ModuleKeyPath, standard: URL): URL {
    const node = this.expanded(path);
    if (node === undefined) return standard;
    if (node.kind !== 'scalar') {
      this.mistake(path, 'one web address', describe(node), 'Write one address.');
      return standard;
    }
    const reading = readAddress(node.text);
    if ('url' in reading) return reading.url;
    this.mistake(path, reading.expected, reading.found, reading.repair);
    return standard;
  }

  /** A map of the operator's own. */
  fields(path: ModuleKeyPath): Readonly<Record<string, unknown>> {
    const node = this.expanded(path);
    if (node === undefined) return {};
    if (node.kind === 'map') return toPlain(node) as Record<string, unknown>;
    this.mistake(path, 'a map', describe(node), 'Write {name: value}.');
    return {};
  }

  /** The value of a row of a single value: what was written, or the default; undefined if neither is there, or after a mistake. */
  private single(path: ModuleKeyPath): Value | undefined {
    const row: ModuleKey = MODULE_KEYS[path];
    const rules = { ...row, type: singleType(row) };
    const node = this.expanded(path);
    if (node !== undefined && node.kind !== 'scalar') {
      this.mistake(path, 'one value', describe(node), 'Write one value.');
      return undefined;
    }
    const text = node?.text ?? row.default;
    if (text === undefined) return undefined;
    const reading = readValue(rules, text);
    if ('value' in reading) return reading.value;
    if (node !== undefined) this.mistake(path, reading.expected, describe(node), reading.repair, node.place);
    return undefined;
  }

  private expanded(path: ModuleKeyPath): Node | undefined {
    const { node, key } = this.leaf(path);
    const expanded = expand(node, key, this.reading);
    if (expanded === undefined) this.failed.add(path);
    return isNothing(expanded) ? undefined : expanded;
  }

  private leaf(path: ModuleKeyPath): Leaf {
    return this.leaves.get(path) ?? { key: path, place: this.place, node: { kind: 'scalar', text: '', value: null, place: this.place } };
  }

  /** Paths in the file are relative to the file, those on the command line to the current folder. */
  private absolute(text: string, path: ModuleKeyPath): string {
    if (isAbsolute(text)) return text;
    return this.placeOf(path)?.source === COMMAND_LINE ? resolve(text) : resolve(this.reading.folder, text);
  }
}

function singleType({ type }: ModuleKey): 'string' | 'path' | 'count' | 'boolean' | 'choice' | 'duration' | 'bytes' {
  switch (type) {
    case 'tenants': case 'texts': case 'content types': case 'address': case 'secret': case 'fields': case 'any': return 'string';
    case 'string': case 'path': case 'count': case 'boolean': case 'choice': case 'duration': case 'bytes': return type;
  }
}
