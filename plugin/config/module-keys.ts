/**
 * Every key that Filebeat's o365 module, or the input below it, accepts in an `audit:` block, and what becomes of it here; and the few that this program
 * has beside them, because they belong to one application and its tenants (`own`). Keys and defaults are those of https://www.elastic.co/docs/reference/beats/filebeat/filebeat-module-o365 and of the inputs o365audit and log.
 *
 * honoured = does what it does in Filebeat. notice = read past, because it is not needed here; said once, unless it is at its default.
 * refused = it would change which events arrive or what they look like, and something else does that here; an error, unless at its default.
 */
import { CLOUD_NAMES, CONTENT_TYPES } from '../types.ts';
import { isDate, isGuid, type Rules } from './value.ts';

/** `tenants`, `texts` (a list, or one alone), `content types`, `address`, `secret`, `fields` (a map of one's own), `any` (not looked into). */
export type ModuleKeyType = Rules['type'] | 'tenants' | 'texts' | 'content types' | 'address' | 'secret' | 'fields' | 'any';

export interface ModuleKey extends Omit<Rules, 'type'> {
  readonly type: ModuleKeyType;
  readonly verdict: 'honoured' | 'notice' | 'refused';
  /** Filebeat's own default, in the operator's notation. */
  readonly default?: string;
  /** For operators: what it is for; with `notice` why it is not needed, with `refused` what to use instead. */
  readonly sentence: string;
  readonly example?: string;
  /** Unknown to Filebeat. */
  readonly own?: true;
}

const fileReader = 'It tunes Filebeat\'s own reader of files, which is not used here.';

export const MODULE_KEYS = {
  'enabled': { type: 'boolean', verdict: 'honoured', default: 'true', sentence: 'Whether this block collects anything. Filebeat\'s sample file says false.', example: 'true' },
  'var.input': { type: 'choice', choices: ['o365audit', 'file'], verdict: 'honoured', default: 'o365audit', sentence: 'Where events come from: the Management Activity API, or files of audit events.', example: 'file' },
  'var.paths': { type: 'texts', verdict: 'honoured', sentence: 'With var.input: file, the files to read, one audit event a line; globs are allowed.', example: '[/var/log/o365/*.ndjson]' },
  'var.application_id': { type: 'string', accepts: isGuid, expected: 'the application (client) ID, a GUID', verdict: 'honoured', sentence: 'The application (client) ID of the app registration.', example: '00000000-0000-4000-8000-00000000a001' },
  'var.tenants': { type: 'tenants', verdict: 'honoured', sentence: 'The tenants to collect: `id` is the tenant ID or one of its domains, `name` what documents call it, `namespace` the last part of its own data stream\'s name in place of collector.namespace.', example: '[{id: 00000000-0000-4000-8000-00000000b001, name: contoso.onmicrosoft.com}]' },
  'var.client_secret': { type: 'secret', verdict: 'honoured', sentence: 'The value (not the ID) of the application\'s client secret. Not beside var.certificate.', example: '${O365_CLIENT_SECRET}' },
  'var.certificate': { type: 'path', verdict: 'honoured', sentence: 'The certificate file (PEM or PFX) that proves the application\'s identity, or its PEM text; during a rollover it may hold two, each with its key. Not beside var.client_secret.', example: '/etc/o365audit/certificate.pem' },
  'var.key': { type: 'path', verdict: 'honoured', sentence: 'The private key file of var.certificate, or its text; not needed when the certificate file holds the key too.', example: '/etc/o365audit/key.pem' },
  'var.key_passphrase': { type: 'secret', verdict: 'honoured', sentence: 'The passphrase of an encrypted private key.', example: '${O365_KEY_PASSPHRASE}' },
  'var.client_secret_file': { type: 'path', own: true, verdict: 'honoured', sentence: 'A file that holds the client secret alone, read again when it changes. A credential of systemd is one below ${CREDENTIALS_DIRECTORY}.', example: '/run/secrets/o365-client-secret' },
  'var.client_secret_command': { type: 'texts', own: true, verdict: 'honoured', sentence: 'A program and its words, started without a shell whenever a token is needed, that prints the client secret within 30 s.', example: '[/usr/local/bin/vault-read, o365/client-secret]' },
  'var.key_passphrase_file': { type: 'path', own: true, verdict: 'honoured', sentence: 'A file that holds the passphrase of the private key alone.', example: '/run/secrets/o365-key-passphrase' },
  'var.key_passphrase_command': { type: 'texts', own: true, verdict: 'honoured', sentence: 'A program and its words that prints the passphrase of the private key, as var.client_secret_command.', example: '[/usr/local/bin/vault-read, o365/key-passphrase]' },
  'var.certificate_thumbprint': { type: 'choice', choices: ['sha256', 'sha1'], own: true, verdict: 'honoured', default: 'sha256', sentence: 'How the certificate is named to Entra ID: by SHA-256, with a PS256 signature, or by SHA-1, with RS256, for tenants that refuse the first (AADSTS700027).', example: 'sha1' },
  'var.send_certificate': { type: 'boolean', own: true, verdict: 'honoured', default: 'false', sentence: 'Whether the certificate itself goes along (x5c), for applications that trust its subject name and issuer.', example: 'true' },
  'var.federated_token_file': { type: 'path', own: true, verdict: 'honoured', sentence: 'The file of a federated token (workload identity), in place of a secret or certificate. Without any of them AZURE_FEDERATED_TOKEN_FILE counts, and AZURE_CLIENT_ID, AZURE_TENANT_ID and AZURE_AUTHORITY_HOST where nothing else is set.', example: '/var/run/secrets/azure/tokens/azure-identity-token' },
  'var.credential_expires': { type: 'string', accepts: isDate, expected: 'a day, such as 2027-03-01', own: true, verdict: 'honoured', sentence: 'The day on which the client secret expires, as Entra shows it: no token says so. It is in status and metrics, and warned of from 30 days before; of a certificate it is known without.', example: '2027-03-01' },
  'var.cloud': { type: 'choice', choices: CLOUD_NAMES, own: true, verdict: 'honoured', default: 'commercial', sentence: 'The Microsoft cloud of the tenants: sets var.api.authentication_endpoint and var.api.resource together, unless they are set themselves.', example: 'gcc-high' },
  'var.content_type': { type: 'content types', verdict: 'honoured', default: CONTENT_TYPES.join(', '), sentence: 'The feeds to collect, one or a list.', example: '[Audit.Exchange, DLP.All]' },
  'var.tags': { type: 'texts', verdict: 'honoured', default: 'forwarded', sentence: 'The `tags` of every document.', example: '[forwarded, m365]' },

  'var.api.authentication_endpoint': { type: 'address', verdict: 'honoured', default: 'https://login.microsoftonline.com/', sentence: 'The login host of the cloud. Without a scheme https is meant; http only on this machine.', example: 'https://login.microsoftonline.us' },
  'var.api.resource': { type: 'address', verdict: 'honoured', default: 'https://manage.office.com', sentence: 'The Management Activity API of the cloud, which is also what the token is asked for.', example: 'https://manage.office365.us' },
  'var.api.max_retention': { type: 'duration', minimum: '1m', verdict: 'honoured', default: '168h', sentence: 'How far back the first run reaches. The API keeps seven days, so more than 168h counts as 168h.', example: '72h' },
  'var.api.poll_interval': { type: 'duration', minimum: '1ms', verdict: 'honoured', default: '3m', sentence: 'The pause between two listings once everything is collected.', example: '1m' },
  'var.api.max_requests_per_minute': { type: 'count', minimum: '1', verdict: 'honoured', default: '2000', sentence: 'The requests a minute that a tenant\'s collection may use, all kinds together.', example: '1500' },
  'var.api.max_query_size': { type: 'duration', minimum: '1m', maximum: '24h', verdict: 'honoured', default: '24h', sentence: 'The longest span of one listing; the API takes at most 24h.', example: '12h' },
  'var.api.error_retry_interval': { type: 'duration', minimum: '1ms', verdict: 'honoured', default: '5m', sentence: 'How long to wait after an error before the same thing is tried again.', example: '2m' },
  'var.api.adjust_clock': { type: 'boolean', verdict: 'honoured', default: 'true', sentence: 'Whether spans are reckoned by the server\'s clock when it differs from this machine\'s.', example: 'false' },
  'var.api.adjust_clock_min_difference': { type: 'duration', verdict: 'honoured', default: '5m', sentence: 'The difference of clocks from which that is done.', example: '1m' },
  'var.api.adjust_clock_warn': { type: 'boolean', verdict: 'honoured', default: 'true', sentence: 'Whether a difference of clocks is written to the log.', example: 'false' },
  'var.api.preserve_original_event': { type: 'boolean', verdict: 'honoured', default: 'false', sentence: 'Whether documents keep the event\'s JSON text, byte for byte, in `event.original`.', example: 'true' },
  'var.api.set_id_from_audit_record': { type: 'boolean', verdict: 'notice', default: 'true', sentence: 'Every record carries a stable event.id, made from the event\'s Id; whether the store uses it is set in the log agent\'s output.' },

  'input.tags': { type: 'texts', verdict: 'honoured', sentence: 'The `tags` of every document, instead of var.tags.', example: '[m365, prod]' },
  'input.fields': { type: 'fields', verdict: 'honoured', sentence: 'Constant fields of every document, below `fields` unless input.fields_under_root is set.', example: '{labels: {team: soc}}' },
  'input.fields_under_root': { type: 'boolean', verdict: 'honoured', default: 'false', sentence: 'Whether input.fields stand at the top of the document.', example: 'true' },
  'input.enabled': { type: 'boolean', verdict: 'honoured', default: 'true', sentence: 'Whether this block collects anything, as `enabled`.', example: 'true' },

  'input.index': { type: 'any', verdict: 'notice', sentence: 'The log agent\'s Elasticsearch output names the index; collector.namespace gives the last part of the data stream.' },
  'input.pipeline': { type: 'any', verdict: 'notice', sentence: 'Documents are ready when they leave here; the log agent\'s Elasticsearch output names an ingest pipeline, if one is wanted.' },
  'input.publisher_pipeline': { type: 'any', verdict: 'notice', sentence: 'Nothing about this host is added to events in the first place.' },
  'input.keep_null': { type: 'boolean', verdict: 'notice', default: 'false', sentence: 'Documents leave out nulls; var.api.preserve_original_event keeps the event as it came.' },
  'input.id': { type: 'any', verdict: 'notice', sentence: 'State is kept by tenant and content type and needs no name.' },
  'input.service': { type: 'any', verdict: 'notice', sentence: 'Every document says `service.type: o365`; another name for the service goes to input.fields.' },
  'input.allow_deprecated_use': { type: 'any', verdict: 'notice', sentence: 'Reading audit events from files is not deprecated here.' },
  'input.scan_frequency': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.harvester_limit': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.harvester_buffer_size': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.backoff': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.max_backoff': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.backoff_factor': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.close_inactive': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.close_renamed': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.close_removed': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.close_eof': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.close_timeout': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.clean_inactive': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.clean_removed': { type: 'any', verdict: 'notice', sentence: fileReader },
  'input.file_identity': { type: 'any', verdict: 'notice', sentence: fileReader },

  'input.type': { type: 'choice', choices: ['o365audit', 'log'], verdict: 'refused', default: 'o365audit', sentence: 'Use var.input, which is o365audit or file.' },
  'input.processors': { type: 'any', verdict: 'refused', sentence: 'Processors are the log agent\'s work: use its filters or transforms. Constant fields go to input.fields, tags to input.tags.' },
  'input.key_passphrase_path': { type: 'path', verdict: 'refused', sentence: 'Use var.key_passphrase_file.' },
  'input.exclude_files': { type: 'any', verdict: 'refused', sentence: 'Write var.paths so that only the wanted files match.' },
  'input.include_lines': { type: 'any', verdict: 'refused', sentence: 'Choose events by a filter of the log agent.' },
  'input.exclude_lines': { type: 'any', verdict: 'refused', sentence: 'Choose events by a filter of the log agent.' },
  'input.ignore_older': { type: 'any', verdict: 'refused', sentence: 'Write var.paths so that only the wanted files match.' },
  'input.tail_files': { type: 'boolean', verdict: 'refused', default: 'false', sentence: 'Files are read from their beginning; move old ones out of var.paths.' },
  'input.symlinks': { type: 'boolean', verdict: 'refused', default: 'false', sentence: 'Write the paths that the links lead to.' },
  'input.encoding': { type: 'choice', choices: ['utf-8', 'plain'], verdict: 'refused', default: 'utf-8', sentence: 'Audit events are JSON and so UTF-8; convert the files first.' },
  'input.json': { type: 'any', verdict: 'refused', sentence: 'Lines are always read as JSON, one audit event each; leave it out.' },
  'input.multiline': { type: 'any', verdict: 'refused', sentence: 'One line is one event: convert other files with o365audit map.' },
  'input.parsers': { type: 'any', verdict: 'refused', sentence: 'One line is one event: convert other files with o365audit map.' },
  'input.max_bytes': { type: 'any', verdict: 'refused', sentence: 'Events are never cut; leave it out.' },
} as const satisfies Record<string, ModuleKey>;

export type ModuleKeyPath = keyof typeof MODULE_KEYS;

/** What the input itself calls a setting of the module; set here it wins, as in Filebeat. */
export const INPUT_NAMES: ReadonlyMap<string, ModuleKeyPath> = new Map([
  ['input.application_id', 'var.application_id'], ['input.tenant_id', 'var.tenants'], ['input.client_secret', 'var.client_secret'],
  ['input.certificate', 'var.certificate'], ['input.key', 'var.key'], ['input.key_passphrase', 'var.key_passphrase'],
  ['input.content_type', 'var.content_type'], ['input.paths', 'var.paths'],
  ...(Object.keys(MODULE_KEYS) as ModuleKeyPath[]).filter((path) => path.startsWith('var.api.'))
    .map((path): [string, ModuleKeyPath] => [path.replace('var.', 'input.'), path]),
]);
