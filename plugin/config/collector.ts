/** This product's own options from the four places where they may be set: flag, environment, the file's `collector:` block, default. */
import { resolve } from 'node:path';
import { expand, itemsOf, type Reading } from './expand.ts';
import { Findings } from './findings.ts';
import { nearest } from './nearest.ts';
import { COMMAND_LINE, describe, isNothing, quote, type Mapping, type Node, type Place } from './node.ts';
import { COMMANDS_WITH_FILE, OPTIONS, optionsOf, type ArgumentsOf, type Command, type Flags, type Option, type OptionName, type OptionsOf } from './options.ts';
import { readValue, type Value } from './value.ts';
import type { Environment } from './variables.ts';

/** What a collection is run with, besides its sources. */
export type CollectorOptions = Omit<OptionsOf<'collect'>, 'config' | 'moduleOverrides'> & { readonly stateDir: string };

export interface Given {
  readonly flags: Flags;
  /** The `collector:` block, nested. */
  readonly block?: Mapping;
  readonly reading: Reading;
  /** Filled with where each value comes from; what is not in it is a default. */
  readonly origins: Map<string, Place>;
}

/** What a command is called with. Throws CONFIG_INVALID with all mistakes; commands that read the file find theirs when they do. */
export function readArguments<C extends Command>(command: C, flags: Flags, environment: Environment): ArgumentsOf<C> {
  // The compiler does not see that this narrows C.
  if ((COMMANDS_WITH_FILE as readonly Command[]).includes(command)) return { flags } as ArgumentsOf<C>;
  const findings = new Findings();
  const values = weighOptions(command, { flags, reading: { environment, findings, folder: '.' }, origins: new Map() });
  findings.throwMistakes();
  return values as ArgumentsOf<C>;
}

/** Whether a switch that never stands in the file is on; what is no switch counts as off, and is reported with everything else. */
export function isSwitchedOn(name: OptionName, flags: Flags, environment: Environment): boolean {
  const option: Option = OPTIONS[name];
  const setting = fromFlag(name, option, flags) ?? fromEnvironment(option, environment);
  const reading = setting?.node.kind === 'scalar' ? readValue({ type: 'boolean' }, setting.node.text) : undefined;
  return reading !== undefined && 'value' in reading && reading.value === true;
}

/** The options of a command; mistakes go to the findings, and then the values must not be used. */
export function weighOptions<C extends Command>(command: C, given: Given): OptionsOf<C> {
  const values: Partial<Record<OptionName, Value | readonly string[]>> = {};
  for (const [name, option] of optionsOf(command)) {
    const value = weigh(name, option, given);
    if (value !== undefined) values[name] = value;
  }
  reportUnknownKeys(given);
  reportUnknownVariables(given);
  // The loop above follows the same table as the type; the compiler cannot see that.
  return values as unknown as OptionsOf<C>;
}

/** A value as it was typed somewhere: its name there, and how the operator sees the place. */
interface Setting {
  readonly name: string;
  readonly place: Place;
  readonly node: Node;
}

function weigh(name: OptionName, option: Option, given: Given): Value | readonly string[] | undefined {
  if (option.isRevocable === true && given.flags[name] === false) return false;
  const setting = fromFlag(name, option, given.flags) ?? fromEnvironment(option, given.reading.environment) ?? fromFile(option, given);
  if (setting === undefined) return readDefault(option);
  given.origins.set(`collector.${option.key ?? name}`, setting.place);
  const { findings } = given.reading;
  if (option.type === 'list') {
    const items = itemsOf(setting.node, setting.name, findings)?.flatMap((item) => item.kind === 'scalar' ? [item.text] : []);
    return option.choices === undefined ? items : items?.flatMap((item) => item.split(',')).flatMap((item) => chosen(item.trim(), option.choices ?? [], setting, findings));
  }
  if (setting.node.kind !== 'scalar') {
    findings.mistake(setting.place, setting.name, 'one value', describe(setting.node), 'Write one value.');
    return undefined;
  }
  const reading = readValue({ ...option, type: option.type }, setting.node.text);
  if ('value' in reading) return option.type === 'path' ? absolute(String(reading.value), setting.place, given.reading.folder) : reading.value;
  findings.mistake(setting.place, setting.name, reading.expected, option.secret === true || option.unquoted === true ? 'another' : describe(setting.node), reading.repair);
  return undefined;
}

/** One of several words, or none after a mistake was noted. */
function chosen(word: string, choices: readonly string[], { place, name }: Setting, findings: Findings): readonly string[] {
  const reading = readValue({ type: 'choice', choices }, word);
  if ('value' in reading) return [String(reading.value)];
  findings.mistake(place, name, reading.expected, quote(word), reading.repair);
  return [];
}

function readDefault(option: Option): Value | readonly string[] | undefined {
  if (option.type === 'list') return [];
  if (option.default === undefined) return undefined;
  const reading = readValue({ ...option, type: option.type }, option.default);
  return 'value' in reading ? reading.value : undefined;
}

function fromFlag(name: OptionName, option: Option, flags: Flags): Setting | undefined {
  const typed = flags[name];
  if (typed === undefined) return undefined;
  const place = { source: COMMAND_LINE };
  const scalar = (text: string): Node => ({ kind: 'scalar', text, value: text, place });
  const node: Node = typeof typed === 'object' ? { kind: 'list', items: typed.map(scalar), place } : scalar(String(typed));
  return { name: flagText(option), place, node };
}

function fromEnvironment(option: Option, environment: Environment): Setting | undefined {
  const names = [option.environment ?? [], option.environmentAliases ?? []].flat();
  const name = names.find((one) => (environment[one] ?? '') !== '');
  if (name === undefined) return undefined;
  const text = environment[name] ?? '';
  const place = { source: 'environment' };
  return { name, place, node: { kind: 'scalar', text, value: text, place, splits: true } };
}

function fromFile(option: Option, { block, reading }: Given): Setting | undefined {
  const entry = option.key === undefined ? undefined : block?.entries.get(option.key);
  if (entry === undefined) return undefined;
  const name = `collector.${option.key ?? ''}`;
  const node = expand(entry.node, name, reading);
  return node === undefined || isNothing(node) ? undefined : { name, place: entry.place, node };
}

/** How an option is written on the command line: `--output`, `-M`. */
export function flagText({ flag = '' }: Option): string {
  return flag.length === 1 ? `-${flag}` : `--${flag}`;
}

/** Paths in the file are relative to the file, all others to the current folder. */
function absolute(path: string, place: Place, folder: string): string {
  return place.line === undefined ? resolve(path) : resolve(folder, path);
}

function reportUnknownKeys({ block, reading: { findings } }: Given): void {
  const rows: readonly Option[] = Object.values(OPTIONS);
  const keys = rows.flatMap(({ key }) => key ?? []);
  for (const [key, { place }] of block?.entries ?? []) {
    if (keys.includes(key)) continue;
    const flag = rows.find((row) => row.commands.includes('collect') && row.flag === key.replaceAll('_', '-'));
    const near = nearest(key, keys);
    const repair = flag !== undefined ? `Set it by ${flagText(flag)}${flag.environment === undefined ? '' : ` or ${flag.environment}`}.`
      : near === undefined ? 'Leave it out; OPTIONS.md lists every key.' : `Write ${near}.`;
    findings.mistake(place, `collector.${key}`, 'a key of the collector block', 'an unknown one', repair);
  }
}

/** A variable that is almost ours is probably a slip; others may be somebody else's (Kubernetes makes O365AUDIT_PORT of a service's name). */
function reportUnknownVariables({ reading: { environment, findings } }: Given): void {
  const rows: readonly Option[] = Object.values(OPTIONS);
  const names = rows.flatMap((row) => row.environment ?? []);
  for (const name of Object.keys(environment)) {
    if (!name.startsWith('O365AUDIT_') || names.includes(name)) continue;
    const near = nearest(name.slice('O365AUDIT_'.length), names.map((known) => known.slice('O365AUDIT_'.length)));
    if (near !== undefined) findings.notice({ source: 'environment' }, name, `No option has this variable; O365AUDIT_${near} is one.`);
  }
}
