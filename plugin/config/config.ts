/** Reads o365.yml, -M, flags and environment into one frozen configuration, or fails with every mistake at once. */
import { dirname, join, resolve } from 'node:path';
import { failure } from '../errors.ts';
import { weighOptions, type CollectorOptions } from './collector.ts';
import { readDocument } from './document.ts';
import type { Reading } from './expand.ts';
import { isReadableByAll, readConfigFile } from './file.ts';
import { Findings, placeText, type Notice } from './findings.ts';
import type { Leaves } from './leaves.ts';
import { findModules, isEnabled, type AuditEntry } from './modules.ts';
import type { Mapping, Place } from './node.ts';
import { OPTIONS, type Flags, type OptionsOf } from './options.ts';
import { readOverrides } from './overrides.ts';
import { readSource, type Source } from './source.ts';
import { overlay } from './tree.ts';
import type { Environment } from './variables.ts';

export type { CollectorOptions } from './collector.ts';
export { InvalidConfiguration, mistakeText, noticeText, type Mistake, type Notice } from './findings.ts';
export type { Source } from './source.ts';

/** The whole configuration, frozen. Times are milliseconds, sizes bytes, paths absolute. */
export interface Config {
  /** One for each enabled `audit:` block; none means that there is nothing to collect, and a notice says so. */
  readonly sources: readonly Source[];
  readonly collector: CollectorOptions;
  readonly notices: readonly Notice[];
  /** Where values come from (`o365.yml:12:5`, `command line`, `environment`), by `collector.output` or `sources.0.var.tenants`; defaults are not in it. */
  readonly origins: Readonly<Record<string, string>>;
}

export interface ConfigInput {
  /** As on the command line; `config` names the file, `moduleOverrides` are the values of -M. */
  readonly flags: Flags;
  readonly env: Environment;
  /** Read instead of the file, which then only lends its name. */
  readonly text?: string;
}

/** Beside the configuration, unless another one is named. */
export const STATE_FOLDER = 'o365audit-state';

/** An enabled block and what it was read from. */
interface Block {
  readonly place: Place;
  readonly source: Source;
  readonly leaves: Leaves;
}

/** Throws CONFIG_MISSING, CONFIG_UNREADABLE, or CONFIG_INVALID (an InvalidConfiguration) with all mistakes. */
export function loadConfig({ flags, env, text }: ConfigInput): Config {
  const findings = new Findings();
  const { path, isNamed } = fileOf({ flags, env });
  const file = path.replace(/^\.\//, '');
  const overrides = readOverrides(listOf(flags.moduleOverrides), findings);
  // A command line that says everything by -M needs no file.
  const content = text ?? readConfigFile(path) ?? (!isNamed && overrides !== undefined ? '' : undefined);
  if (content === undefined) throw failure('CONFIG_MISSING', { path });
  const reading: Reading = { environment: env, findings, folder: resolve(dirname(path)) };
  const modules = findModules(readDocument(content, file, findings), reading);
  const blocks = enabledAudits(modules.audits, overrides, reading)
    .map(({ place, tree }) => ({ place, ...readSource(nameAt(place), tree, place, reading) }));
  if (blocks.length === 0) findings.notice({ source: file }, 'audit', 'No o365 block is enabled, so nothing is collected. Set enabled: true below audit:, and beside module: where it is false there.');
  reportSharedTenants(blocks, findings);
  const origins = new Map<string, Place>(blocks.flatMap(({ leaves }, index) => [...leaves].map(([key, leaf]): [string, Place] => [`sources.${index}.${key}`, leaf.place])));
  const options = weighOptions('collect', { flags, reading, origins, ...(modules.collector === undefined ? {} : { block: modules.collector }) });
  const collector = { ...options, stateDir: options.stateDir ?? join(reading.folder, STATE_FOLDER) };
  findings.throwMistakes();
  reportUnused(collector, origins, findings);
  if (text === undefined && isReadableByAll(path)) reportReadableSecrets(blocks, findings);
  return freeze({
    sources: blocks.map(({ source }) => source),
    collector,
    notices: findings.notices,
    origins: Object.fromEntries([...origins].map(([key, place]) => [key, placeText(place)])),
  });
}

/**
 * The options of a command that only looks at what a collector has left, from flags, environment and the collector's block of the file; whatever else is
 * wrong there, or missing, such as a secret, is no business of it. Throws CONFIG_UNREADABLE and CONFIG_INVALID.
 */
export function loadStateOptions<C extends 'status' | 'audit' | 'state'>(command: C, { flags, env }: Pick<ConfigInput, 'flags' | 'env'>): OptionsOf<C> & { readonly stateDir: string } {
  const { path, isNamed } = fileOf({ flags, env });
  const text = readConfigFile(path);
  if (text === undefined && isNamed) throw failure('CONFIG_MISSING', { path });
  const folder = resolve(dirname(path));
  const ofTheCollector: Reading = { environment: env, findings: new Findings(), folder };
  const { collector: block } = text === undefined ? {} : findModules(readDocument(text, path, ofTheCollector.findings), ofTheCollector);
  const findings = new Findings();
  const options = weighOptions(command, { flags, reading: { environment: env, findings, folder }, origins: new Map(), ...(block === undefined ? {} : { block }) }) as OptionsOf<C> & { readonly stateDir?: string };
  findings.throwMistakes();
  return { ...options, stateDir: options.stateDir ?? join(folder, STATE_FOLDER) };
}

/** The file of the configuration, and whether somebody has named it: one that nobody has named need not be there. */
function fileOf({ flags, env }: Pick<ConfigInput, 'flags' | 'env'>): { readonly path: string; readonly isNamed: boolean } {
  const named = typeof flags.config === 'string' ? flags.config : env.O365AUDIT_CONFIG ?? '';
  return named === '' ? { path: OPTIONS.config.default, isNamed: false } : { path: named, isNamed: true };
}

/** What a source is called in logs: its line in the file, or the command line. */
function nameAt({ source, line }: Place): string {
  return line === undefined ? source : `${source}:${line}`;
}

function listOf(flag: Flags[keyof Flags]): readonly string[] {
  return typeof flag === 'object' ? flag : typeof flag === 'string' ? [flag] : [];
}

/** The file's audit blocks under -M, without those that are switched off; -M alone makes one where the file has none. */
function enabledAudits(audits: readonly AuditEntry[], overrides: Mapping | undefined, reading: Reading): readonly AuditEntry[] {
  const written = audits.length === 0 && overrides !== undefined ? [{ place: overrides.place, tree: overrides }] : audits;
  return written
    .map(({ place, tree }) => ({ place, tree: overrides === undefined ? tree : overlay(tree, overrides) }))
    .filter(({ tree }) => {
      const input = tree.entries.get('input')?.node;
      return isEnabled(tree.entries.get('enabled')?.node, reading) && isEnabled(input?.kind === 'map' ? input.entries.get('enabled')?.node : undefined, reading);
    });
}

/** Two blocks that collect the same feed of one tenant would deliver its events twice and disagree on what is done. */
function reportSharedTenants(blocks: readonly Block[], findings: Findings): void {
  const seen = new Map<string, string>();
  for (const { place, source } of blocks) {
    if (source.input.kind === 'files') continue;
    for (const tenant of source.tenants) {
      const shared = source.contentTypes.find((type) => seen.has(`${tenant.id} ${type}`));
      if (shared !== undefined) {
        findings.mistake(place, 'var.tenants', 'each content type of a tenant in one block', `${shared} of ${tenant.id}, which ${seen.get(`${tenant.id} ${shared}`) ?? ''} collects too`,
          'Give the blocks different var.content_type, or leave the tenant out of one.');
      }
      for (const type of source.contentTypes) seen.set(`${tenant.id} ${type}`, source.name);
    }
  }
}

/** Says which of the given options the chosen output does not look at. */
function reportUnused({ output }: CollectorOptions, origins: ReadonlyMap<string, Place>, findings: Findings): void {
  const unused: readonly (readonly [unused: boolean, keys: readonly string[], sentence: string])[] = [
    [output !== 'stdout', ['encoding'], 'Only the output stdout has a choice of encodings; Forward is always msgpack.'],
    [!output.startsWith('forward'), ['event_tag', 'forward_shared_key', 'frame_size', 'frames_in_flight', 'frame_attempts', 'event_limit', 'ack_timeout', 'ack_settle'], `Not used by the output ${output}.`],
    [!output.startsWith('forward+tls'), ['forward_ca', 'forward_server_name'], `Not used by the output ${output}; forward+tls://host:port does.`],
  ];
  for (const [isUnused, keys, sentence] of unused) {
    for (const key of isUnused ? keys : []) {
      const place = origins.get(`collector.${key}`);
      if (place !== undefined) findings.notice(place, `collector.${key}`, sentence);
    }
  }
}

function reportReadableSecrets(blocks: readonly Block[], findings: Findings): void {
  for (const key of ['var.client_secret', 'var.key_passphrase'] as const) {
    for (const { leaves } of blocks) {
      const leaf = leaves.get(key);
      if (leaf?.place.line === undefined || leaf.node.kind !== 'scalar' || leaf.node.text.includes('${')) continue;
      findings.notice(leaf.place, key, 'A secret in a file that every user can read: chmod 640, or keep it in a variable.');
    }
  }
}

/** Freezes plain objects and lists, all the way down. */
function freeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) if (typeof inner === 'object' && inner !== null && !(inner instanceof URL)) freeze(inner as object);
  return Object.freeze(value);
}
