/** Fills the variables of a value in, however deep they are, and takes apart what Filebeat takes apart once they are filled in. */
import type { Findings } from './findings.ts';
import { type Entry, type Node, type Place, type Scalar } from './node.ts';
import { readSetting } from './setting.ts';
import { expandVariables, type Environment } from './variables.ts';

/** What reading a value needs to know of the world. */
export interface Reading {
  readonly environment: Environment;
  readonly findings: Findings;
  /** Relative paths start here. */
  readonly folder: string;
}

/** The value without variables, or undefined after a mistake was noted: a variable that is not set, a brace that is not closed. */
export function expand(node: Node, key: string, reading: Reading): Node | undefined {
  if (node.kind === 'scalar') return node.text.includes('$') ? expandScalar(node, key, reading) : node;
  if (node.kind === 'list') {
    const items = node.items.map((item) => expand(item, key, reading)).filter((item) => item !== undefined);
    return items.length === node.items.length ? { ...node, items } : undefined;
  }
  const entries = new Map<string, Entry>();
  for (const [name, entry] of node.entries) {
    const expanded = expand(entry.node, `${key}.${name}`, reading);
    if (expanded !== undefined) entries.set(name, { ...entry, node: expanded });
  }
  return entries.size === node.entries.size ? { ...node, entries } : undefined;
}

function expandScalar(scalar: Scalar, key: string, { environment, findings }: Reading): Scalar | undefined {
  const expansion = expandVariables(scalar.text, environment);
  if ('text' in expansion) {
    const typed = scalar.text.startsWith('${') ? readSetting(expansion.text, scalar.place) : undefined;
    const value = typed !== undefined && 'kind' in typed && typed.kind === 'scalar' ? typed.value : expansion.text;
    return { kind: 'scalar', text: expansion.text, value, place: scalar.place, splits: true, reference: scalar.text };
  }
  findings.mistake(scalar.place, key, 'a value', expansion.found, expansion.repair);
  return undefined;
}

/** The items of a list, of one value alone, or of a text in which Filebeat finds a list. Undefined after a mistake was noted. */
export function itemsOf(node: Node, key: string, findings: Findings): readonly Node[] | undefined {
  if (node.kind === 'list') return node.items;
  if (node.kind === 'map' || node.splits !== true) return [node];
  const split = readSetting(node.text, node.place);
  if ('problem' in split) {
    reportSetting(split.problem, node.place, key, findings);
    return undefined;
  }
  return (split.kind === 'list' ? split.items : [split]).map((item) => withReference(item, node.reference));
}

/** The same node, known to come from a variable. */
function withReference(node: Node, reference: string | undefined): Node {
  if (reference === undefined) return node;
  if (node.kind === 'scalar') return { ...node, reference };
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => withReference(item, reference)) };
  return { ...node, entries: new Map([...node.entries].map(([name, entry]) => [name, { ...entry, node: withReference(entry.node, reference) }])) };
}

/** Notes that a value on the command line or in a variable cannot be taken apart. */
export function reportSetting(problem: string, place: Place, key: string, findings: Findings): void {
  findings.mistake(place, key, 'a value, [a, b] or {key: value}', problem, 'Put texts with special characters into quotes inside the shell\'s quotes.');
}
