/** The effective configuration as YAML that could be read again: every value with where it comes from, secrets hidden. */
import { Document, isCollection, type Node as YamlNode, type YAMLMap, type YAMLSeq } from 'yaml';
import type { Credential, SecretSource } from '../types.ts';
import type { Config } from './config.ts';
import { OPTIONS, type Option, type OptionName } from './options.ts';
import type { Source } from './source.ts';
import { bytesText, durationText } from './value.ts';

const hidden = '<hidden>';

/** Prints a configuration; nothing of a secret is in it, not even its length. */
export function printConfig({ sources, collector, origins }: Config): string {
  const document = new Document<YAMLSeq>(undefined);
  const list = document.createNode([]) as YAMLSeq;
  sources.forEach((source, index) => {
    const audit = document.createNode({}) as YAMLMap;
    for (const [key, value] of sourceValues(source)) add(document, audit, key, value, origins[`sources.${index}.${key}`]);
    list.add(document.createNode({ module: 'o365', audit }));
  });
  const block = document.createNode({}) as YAMLMap;
  for (const [name, option] of Object.entries(OPTIONS) as [OptionName, Option][]) {
    const value = (collector as Readonly<Partial<Record<OptionName, unknown>>>)[name];
    if (option.key === undefined || value === undefined) continue;
    add(document, block, option.key, option.secret === true ? hidden : inNotation(option, value), origins[`collector.${option.key}`]);
  }
  list.add(document.createNode({ collector: block }));
  document.contents = list;
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** A source in the keys of the module. */
function sourceValues(source: Source): readonly (readonly [key: string, value: unknown])[] {
  return [
    ['enabled', true],
    ['var.input', source.input.kind === 'files' ? 'file' : 'o365audit'],
    ['var.paths', source.input.kind === 'files' ? source.input.paths : undefined],
    ['var.application_id', source.applicationId === '' ? undefined : source.applicationId],
    ['var.tenants', source.tenants.length === 0 ? undefined : source.tenants],
    ...credentialValues(source.credential),
    ['var.content_type', source.contentTypes],
    ['var.tags', source.tags],
    ['var.api.authentication_endpoint', source.authenticationEndpoint.href],
    ['var.api.resource', source.resource.href],
    ['var.api.max_retention', durationText(source.maxRetentionMs)],
    ['var.api.poll_interval', durationText(source.pollIntervalMs)],
    ['var.api.max_requests_per_minute', source.maxRequestsPerMinute],
    ['var.api.max_query_size', durationText(source.maxQuerySizeMs)],
    ['var.api.error_retry_interval', durationText(source.errorRetryIntervalMs)],
    ['var.api.adjust_clock', source.adjustClock],
    ['var.api.adjust_clock_min_difference', durationText(source.adjustClockMinDifferenceMs)],
    ['var.api.adjust_clock_warn', source.adjustClockWarn],
    ['var.api.preserve_original_event', source.preserveOriginalEvent],
    ['input.fields', Object.keys(source.fields).length === 0 ? undefined : source.fields],
    ['input.fields_under_root', Object.keys(source.fields).length === 0 ? undefined : source.fieldsUnderRoot],
  ];
}

/** Secrets hidden; where they are read from is no secret. */
function credentialValues(credential: Credential | undefined): readonly (readonly [key: string, value: unknown])[] {
  switch (credential?.kind) {
    case undefined: return [];
    case 'secret': return secretValues('var.client_secret', credential.secret);
    case 'federated': return [['var.federated_token_file', credential.tokenFile]];
    case 'certificate': return [
      ['var.certificate', withoutKey(credential.certificate)],
      ['var.key', credential.key === undefined ? undefined : withoutKey(credential.key)],
      ...(credential.passphrase === undefined ? [] : secretValues('var.key_passphrase', credential.passphrase)),
      ['var.certificate_thumbprint', credential.thumbprint ?? 'sha256'],
      ['var.send_certificate', credential.sendsCertificate ?? false],
    ];
  }
}

function secretValues(key: string, secret: SecretSource): readonly (readonly [key: string, value: unknown])[] {
  if (typeof secret === 'string') return [[key, hidden]];
  return 'file' in secret ? [[`${key}_file`, secret.file]] : [[`${key}_command`, secret.command]];
}

/** A path as it is; a certificate or key that stands in the configuration itself is hidden. */
function withoutKey(text: string): string {
  return text.startsWith('-----BEGIN ') ? hidden : text;
}

/** A value in the notation in which it could be written. */
function inNotation({ type }: Option, value: unknown): unknown {
  if (typeof value !== 'number') return value;
  return type === 'duration' ? durationText(value) : type === 'bytes' ? bytesText(value) : value;
}

/** Adds `key: value # where from`, everything on one line. */
function add(document: Document<YAMLSeq>, map: YAMLMap, key: string, value: unknown, origin: string | undefined): void {
  if (value === undefined) return;
  const node = document.createNode(value) as YamlNode;
  if (isCollection(node)) node.flow = true;
  node.comment = ` ${origin ?? 'default'}`;
  map.add({ key, value: node });
}
