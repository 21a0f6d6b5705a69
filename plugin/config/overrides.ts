/** Filebeat's -M: `o365.audit.var.x=y` puts a value over that of every o365 entry; `*` stands for any module or fileset. */
import { reportSetting } from './expand.ts';
import type { Findings } from './findings.ts';
import { nearest } from './nearest.ts';
import { COMMAND_LINE, type Mapping, type Node, type Place } from './node.ts';
import { readSetting } from './setting.ts';
import { branch, nest, overlay } from './tree.ts';

/** All -M values of a command line as one nested block, later ones over earlier ones; undefined without any. */
export function readOverrides(settings: readonly string[], findings: Findings): Mapping | undefined {
  let all: Mapping | undefined;
  for (const setting of settings) {
    const one = readOverride(setting, findings);
    if (one !== undefined) all = all === undefined ? one : overlay(all, one);
  }
  return all;
}

function readOverride(setting: string, findings: Findings): Mapping | undefined {
  const place: Place = { source: COMMAND_LINE };
  const equals = setting.indexOf('=');
  const key = (equals < 0 ? setting : setting.slice(0, equals)).trim();
  const [module = '', fileset = '', ...path] = key.split('.');
  const known = (name: string, right: string): boolean => name === right || name === '*';
  if (!known(module, 'o365') || !known(fileset, 'audit') || path.length === 0) {
    const isNear = path.length > 0 && nearest(`${module}.${fileset}`, ['o365.audit']) !== undefined;
    findings.mistake(place, `-M ${key}`, 'o365.audit. and the name of a setting', 'something else',
      isNear ? `Write -M o365.audit.${path.join('.')}=…` : 'Write it like -M o365.audit.enabled=true.');
    return undefined;
  }
  const text = equals < 0 ? 'true' : setting.slice(equals + 1);
  // Filebeat ignores a setting without a value.
  if (text.trim() === '') return undefined;
  const node: Node | { readonly problem: string } = readSetting(text, place);
  if ('problem' in node) {
    reportSetting(node.problem, place, `-M ${key}`, findings);
    return undefined;
  }
  return nest(branch(path, node, place), findings);
}
