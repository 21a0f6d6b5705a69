/**
 * Finds what concerns this program in a Filebeat configuration: the o365 entries and the `collector:` block. The file may be a list of modules
 * (modules.d/o365.yml), a bare `audit:` block, or a whole filebeat.yml.
 */
import { expand, type Reading } from './expand.ts';
import { nearest } from './nearest.ts';
import { describe, describeKind, isNothing, type Entry, type Mapping, type Node, type Place } from './node.ts';
import { nest } from './tree.ts';
import { readValue } from './value.ts';

/** One o365 entry with an audit fileset; `tree` is nested. */
export interface AuditEntry {
  readonly place: Place;
  readonly tree: Mapping;
}

export interface Modules {
  readonly audits: readonly AuditEntry[];
  readonly collector?: Mapping;
}

/** Sorts the root of a file. Other modules and the rest of a filebeat.yml are skipped with a notice; anything else is a mistake. */
export function findModules(root: Node | undefined, reading: Reading): Modules {
  const finder = new Finder(reading);
  if (root?.kind === 'list') finder.list(root.items);
  else if (root?.kind === 'map') finder.root(nest(root, reading.findings));
  else if (root !== undefined && !isNothing(root)) finder.mistake(root, 'file', 'a list of modules (- module: o365)', describeKind(root));
  return finder.found();
}

/** Top-level keys of filebeat.yml; a file that has one of `filebeat` is a whole one. */
const keysOfFilebeat = new Set(['filebeat', 'output', 'setup', 'processors', 'logging', 'path', 'http', 'monitoring', 'xpack', 'name', 'tags', 'fields', 'fields_under_root', 'queue',
  'max_procs', 'cloud', 'keystore', 'seccomp', 'features', 'instrumentation', 'timestamp', 'management', 'fleet', 'ssl', 'migrate_to_data_stream', 'config_dir']);

class Finder {
  private readonly reading: Reading;
  private readonly audits: AuditEntry[] = [];
  private readonly skipped: string[] = [];
  private skippedAt: Place | undefined;
  private collector: Mapping | undefined;

  constructor(reading: Reading) {
    this.reading = reading;
  }

  found(): Modules {
    if (this.skippedAt !== undefined) {
      this.reading.findings.notice(this.skippedAt, [...new Set(this.skipped)].join(', '), 'Skipped: this program reads the module o365 and nothing else of Filebeat.');
    }
    return { audits: this.audits, ...(this.collector === undefined ? {} : { collector: this.collector }) };
  }

  mistake(node: Node, key: string, expected: string, found: string, repair = 'Write - module: o365 and below it audit:.'): void {
    this.reading.findings.mistake(node.place, key, expected, found, repair);
  }

  list(items: readonly Node[]): void {
    for (const item of items) {
      if (item.kind === 'map') this.module(nest(item, this.reading.findings));
      else if (!isNothing(item)) this.mistake(item, 'file', '- module: o365', describeKind(item));
    }
  }

  root(map: Mapping): void {
    if (map.entries.has('module')) {
      this.module(map);
      return;
    }
    const isWhole = map.entries.has('filebeat');
    for (const [key, entry] of map.entries) {
      if (key === 'audit') this.audit(entry);
      else if (key === 'collector') this.collectorBlock(entry);
      else if (key === 'filebeat') this.filebeat(entry);
      else if (isWhole && keysOfFilebeat.has(key)) this.skip(key, entry.place);
      else this.unknown(key, entry.place, ['audit', 'collector', 'module', 'filebeat'], 'audit:, collector:, a list of modules or filebeat.modules:');
    }
  }

  private filebeat({ node, place }: Entry): void {
    const modules = node.kind === 'map' ? node.entries.get('modules')?.node : undefined;
    if (modules?.kind === 'list') this.list(modules.items);
    for (const key of node.kind === 'map' ? node.entries.keys() : []) if (key !== 'modules') this.skip(`filebeat.${key}`, place);
    if (modules === undefined) {
      this.reading.findings.notice(place, 'filebeat', 'No filebeat.modules here. Where Filebeat loads modules from a folder, name that file: -c modules.d/o365.yml.');
    }
  }

  /** An element of the list: a module, or the collector block, which Filebeat itself passes over because it names no module. */
  private module(map: Mapping): void {
    const block = map.entries.get('collector');
    const name = map.entries.get('module')?.node;
    if (name === undefined && block !== undefined) {
      for (const [key, entry] of map.entries) if (key !== 'collector') this.unknown(key, entry.place, ['collector'], 'nothing beside collector:');
      this.collectorBlock(block);
    } else if (name?.kind !== 'scalar' || isNothing(name)) {
      const isInput = map.entries.get('type') !== undefined;
      this.mistake(map, 'module', 'the name of a module', name === undefined ? 'none' : describe(name),
        isInput ? 'Inputs are not read: write - module: o365, audit:, and the input\'s keys below var:.' : undefined);
    } else if (name.text === 'o365') {
      this.o365(map);
    } else if (name.text.includes('365') || nearest(name.text, ['o365']) !== undefined) {
      this.mistake(name, 'module', 'o365', describe(name), 'Write o365.');
    } else {
      this.skip(name.text, name.place);
    }
  }

  private o365(map: Mapping): void {
    if (!isEnabled(map.entries.get('enabled')?.node, this.reading)) return;
    for (const [key, entry] of map.entries) {
      if (key === 'audit') this.audit(entry);
      else if (key === 'collector') {
        this.reading.findings.mistake(entry.place, key, 'a list entry of its own', 'a fileset of the module', 'Write - collector: at the left margin of the list.');
      } else if (key !== 'module' && key !== 'enabled' && key !== 'path') {
        this.unknown(key, entry.place, ['audit', 'enabled'], 'the fileset audit:');
      }
    }
  }

  private audit({ place, node }: Entry): void {
    if (node.kind === 'map') this.audits.push({ place, tree: node });
    else if (isNothing(node)) this.audits.push({ place, tree: { kind: 'map', entries: new Map(), place } });
    else this.mistake(node, 'audit', 'keys below it', describeKind(node), 'Write audit: and its keys on lines of their own.');
  }

  private collectorBlock({ place, node }: Entry): void {
    if (this.collector !== undefined) {
      this.reading.findings.mistake(place, 'collector', 'one collector block', `a second one (the first is on line ${this.collector.place.line ?? 0})`, 'Keep one of them.');
    } else if (node.kind === 'map') this.collector = node;
    else if (!isNothing(node)) this.mistake(node, 'collector', 'keys below it', describeKind(node), 'Write collector: and its keys on lines of their own.');
  }

  private skip(name: string, place: Place): void {
    this.skipped.push(name);
    this.skippedAt ??= place;
  }

  private unknown(key: string, place: Place, candidates: readonly string[], expected: string): void {
    const near = nearest(key, candidates);
    this.reading.findings.mistake(place, key, expected, 'an unknown key', near === undefined ? 'Leave it out.' : `Write ${near}.`);
  }
}

/** Whether a switch is on: it is unless it says otherwise. A value that is no switch is noted as a mistake. */
export function isEnabled(node: Node | undefined, reading: Reading): boolean {
  const expanded = node === undefined ? undefined : expand(node, 'enabled', reading);
  if (node === undefined || expanded === undefined || isNothing(expanded)) return true;
  const value = expanded.kind === 'scalar' ? readValue({ type: 'boolean' }, expanded.text) : { expected: 'true or false', repair: 'Write true or false.' };
  if ('value' in value) return value.value === true;
  reading.findings.mistake(node.place, 'enabled', value.expected, describe(expanded), value.repair);
  return true;
}
