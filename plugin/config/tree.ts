/** Dotted keys are nested maps: `var.api.poll_interval: 1m` and `var: {api: {poll_interval: 1m}}` are the same, and may be mixed. */
import type { Findings } from './findings.ts';
import type { Entry, Mapping, Node, Place } from './node.ts';

/** What becomes of a place in the tree that has a value already. */
type Conflict = (earlier: Entry, later: Entry, path: string) => Entry;

/** The map with every dotted key taken apart; what is then said twice is a mistake. Lists are left as they are. */
export function nest(map: Mapping, findings: Findings): Mapping {
  const twice: Conflict = (earlier, later, path) => {
    findings.mistake(later.place, path, 'each key once', `a second ${path} (the first is on line ${earlier.place.line ?? 0})`, 'Keep one of them.');
    return earlier;
  };
  let nested: Mapping = { ...map, entries: new Map() };
  for (const [key, { place, node }] of map.entries) {
    nested = merge(nested, branch(key.split('.'), node.kind === 'map' ? nest(node, findings) : node, place), twice, '');
  }
  return nested;
}

/** Puts one map over another; where both have a value, the upper one's counts. */
export function overlay(lower: Mapping, upper: Mapping): Mapping {
  return merge(lower, upper, (_, later) => later, '');
}

/** The map in which `path` leads to `node` and nothing else. */
export function branch(path: readonly string[], node: Node, place: Place): Mapping {
  const [first = '', ...rest] = path;
  return { kind: 'map', place, entries: new Map([[first, { place, node: rest.length === 0 ? node : branch(rest, node, place) }]]) };
}

function merge(lower: Mapping, upper: Mapping, conflict: Conflict, prefix: string): Mapping {
  const entries = new Map(lower.entries);
  for (const [key, later] of upper.entries) {
    const earlier = entries.get(key);
    const path = prefix + key;
    if (earlier === undefined) entries.set(key, later);
    else if (earlier.node.kind === 'map' && later.node.kind === 'map') {
      entries.set(key, { place: earlier.place, node: merge(earlier.node, later.node, conflict, `${path}.`) });
    } else entries.set(key, conflict(earlier, later, path));
  }
  return { ...lower, entries };
}
