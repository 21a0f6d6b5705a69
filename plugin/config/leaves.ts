/** Sorts an `audit:` block by the table of module keys, and says which keys are unknown, refused, or read past. */
import { expand, type Reading } from './expand.ts';
import { INPUT_NAMES, MODULE_KEYS, type ModuleKey, type ModuleKeyPath } from './module-keys.ts';
import { nearest } from './nearest.ts';
import { COMMAND_LINE, describeKind, isNothing, type Mapping, type Node, type Place } from './node.ts';
import { readValue } from './value.ts';

/** A value of the block: its key as the operator has to write it, its place, and its node with variables not yet filled in. */
export interface Leaf {
  readonly key: string;
  readonly place: Place;
  readonly node: Node;
}

export type Leaves = ReadonlyMap<ModuleKeyPath, Leaf>;

/** The values of a nested block by the names of the table; `input.poll_interval` and its like win over `var.api.poll_interval`. */
export function sortLeaves(tree: Mapping, reading: Reading): Leaves {
  const found = new Map<string, Leaf>();
  collect(tree, '', found, reading);
  const leaves = new Map<ModuleKeyPath, Leaf>();
  for (const [path, leaf] of found) if (isModuleKey(path)) leaves.set(path, leaf);
  for (const [alias, path] of INPUT_NAMES) {
    const leaf = found.get(alias);
    if (leaf !== undefined) leaves.set(path, leaf);
  }
  for (const [path, leaf] of leaves) judge(MODULE_KEYS[path], leaf, reading);
  return leaves;
}

function collect(map: Mapping, prefix: string, found: Map<string, Leaf>, reading: Reading): void {
  for (const [name, { place, node }] of map.entries) {
    const path = prefix + name;
    const isKey = knownPaths.has(path);
    const leaf = { key: keyAt(place, path), place, node };
    if (!isKey && !parentPaths.has(path)) reportUnknown(path, leaf, reading);
    else if (isNothing(node)) continue;
    else if (isKey) found.set(path, leaf);
    else if (node.kind === 'map') collect(node, `${path}.`, found, reading);
    else reading.findings.mistake(place, leaf.key, 'keys below it', describeKind(node), `Write ${path}: and its keys on lines of their own.`);
  }
}

const knownPaths: ReadonlySet<string> = new Set([...Object.keys(MODULE_KEYS), ...INPUT_NAMES.keys()]);

/** `var`, `var.api`, `input`, `input.api`: what may have keys below it. */
const parentPaths: ReadonlySet<string> = new Set([...knownPaths].flatMap((path) => path.split('.').slice(0, -1).map((_, last, names) => names.slice(0, last + 1).join('.'))));

function isModuleKey(path: string): path is ModuleKeyPath {
  return Object.hasOwn(MODULE_KEYS, path);
}

function reportUnknown(path: string, { key, place }: Leaf, { findings }: Reading): void {
  const near = nearestPath(path);
  const row = near === undefined || !isModuleKey(near) ? undefined : MODULE_KEYS[near];
  const repair = near === undefined ? 'Leave it out; OPTIONS.md lists every key.' : row?.verdict === 'refused' ? row.sentence : `Write ${keyAt(place, near)}.`;
  findings.mistake(place, key, 'a key of the o365 module', 'an unknown one', repair);
}

/** The key that was meant: the same last name elsewhere in the table, else the most alike, else the one with the most alike last name. */
function nearestPath(path: string): string | undefined {
  const last = lastName(path);
  const nearLast = nearest(last, [...knownPaths].map(lastName));
  return [...knownPaths].find((known) => lastName(known) === last)
    ?? nearest(path, [...knownPaths, ...parentPaths])
    ?? [...knownPaths].find((known) => lastName(known) === nearLast);
}

function lastName(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1);
}

function keyAt(place: Place, path: string): string {
  return place.source === COMMAND_LINE ? `-M o365.audit.${path}` : path;
}

/** What is read past is said once, what would change the events is refused; both only away from the default. */
function judge(row: ModuleKey, { key, place, node }: Leaf, reading: Reading): void {
  if (row.verdict === 'honoured') return;
  if (row.default !== undefined) {
    const expanded = expand(node, key, reading);
    if (expanded === undefined || isNothing(expanded) || (expanded.kind === 'scalar' && isSame(row, expanded.text, row.default))) return;
  }
  if (row.verdict === 'notice') reading.findings.notice(place, key, row.sentence);
  else reading.findings.mistake(place, key, 'a setting that this program has', 'one that works only inside Filebeat', row.sentence);
}

function isSame(row: ModuleKey, text: string, standard: string): boolean {
  if (row.type !== 'boolean') return text.toLowerCase() === standard;
  const [one, other] = [readValue({ type: 'boolean' }, text), readValue({ type: 'boolean' }, standard)];
  return 'value' in one && 'value' in other && one.value === other.value;
}
