/**
 * What Filebeat's module does not have: the options of this product. One row feeds the command line, the environment, the `collector:` block of
 * o365.yml, the types, --help and OPTIONS.md. A row without `key` cannot stand in the file, one without `flag` (a secret) never on the
 * command line. Precedence: flag, environment, file, default.
 */
import { LOG_LEVELS } from '../telemetry/log.ts';
import { DLP_DETECTIONS, MAPPING_SWITCHES } from '../types.ts';
import { readMoment } from './moment.ts';
import { isGuid, isNamespace, type Rules } from './value.ts';

/** The commands, with a sentence and examples for --help. */
export const COMMANDS = {
  collect: {
    sentence: 'Collect audit events and hand them to a log agent or to stdout',
    examples: [
      ['collect -c o365.yml --once', 'everything of the last seven days to stdout, one JSON record a line'],
      ['collect --format ecs', 'the same as ECS documents, and then on and on'],
      ['collect --output forward+unix:///run/o365audit.sock', 'to a log agent that acknowledges'],
    ],
  },
  check: {
    sentence: 'Check step by step whether events can flow: configuration, hosts, token, permissions, subscriptions, content, output',
    examples: [['check -c o365.yml', 'a tick, or the reason and its repair, for each step']],
  },
  status: {
    sentence: 'Show how a collector stands: what is listed, delivered, waiting and lost, and whether all is well',
    examples: [['status --state-dir /var/lib/o365audit', 'a table; the exit status is 0 when all is well, 1 when something needs attention']],
  },
  setup: {
    sentence: 'Prepare Elasticsearch or OpenSearch for the documents: templates, lifecycle, ingest pipeline',
    examples: [
      ['setup --elasticsearch https://es.example:9200', 'show what is missing or old, and install it'],
      ['setup --elasticsearch https://es.example:9200 --dry-run', 'only show it'],
      ['setup --kibana https://kibana.example:5601', 'install the dashboard'],
      ['setup --print files', 'write all of it to files, for every kind of server'],
    ],
  },
  audit: {
    sentence: 'Compare all that the service still has with what was delivered, and with what is in the store',
    examples: [
      ['audit -c o365.yml', 'what is missing by tenant, content type and hour; the exit status is 1 when something is'],
      ['audit -c o365.yml --elasticsearch https://es.example:9200 --repair', 'every event is looked up, and those that are missing are sent again'],
    ],
  },
  state: {
    sentence: 'Move what is known of a tenant to another state directory or id, or take over what Filebeat has delivered',
    examples: [
      ['state export --state-dir /var/lib/o365audit', 'all that is known of the tenant, on stdout; its id behind export where there are several'],
      ['state import contoso.state --state-dir /var/lib/o365audit', 'into a state directory that does not have the tenant yet'],
      ['state rename contoso.onmicrosoft.com 00000000-0000-4000-8000-00000000b001', 'before the configuration names the tenant by its GUID in place of its domain'],
      ['state import --filebeat-registry /var/lib/filebeat', 'the collector goes on where Filebeat has stopped'],
    ],
  },
  replay: {
    sentence: 'Send dead letters again, and try content blobs at once that could not be delivered; also while a collector runs',
    examples: [
      ['replay --list', 'what there is, one line each'],
      ['replay --dead-letters -c o365.yml', 'through the output of the configuration; what is acknowledged is removed'],
    ],
  },
  map: {
    sentence: 'Map audit events from files or stdin to ECS documents',
    examples: [['map events.ndjson', 'NDJSON, a JSON array, or the CSV that Purview exports']],
  },
  report: {
    sentence: 'Make one HTML page of events: when, who, from where, sign-ins, sharing, alerts',
    examples: [
      ['report events.ndjson -o report.html', 'of ECS documents, or of events in any form that map takes'],
      ['report --elasticsearch https://es.example:9200 --last 168h', 'of what the store has of the last seven days, where no file is named'],
      ['collect --once --format ecs | o365audit report -', 'of everything of the last seven days'],
    ],
  },
  simulate: {
    sentence: 'Serve a Management Activity API and its login on this machine, for tests and demonstrations',
    examples: [['simulate --port 8365 --count 5000', 'one tenant with 5,000 events']],
  },
  demo: {
    sentence: 'See simulated audit events become ECS documents; needs no tenant and no configuration',
    examples: [['demo | head -1', 'one document']],
  },
  config: {
    sentence: 'Print the configuration as it takes effect, secrets hidden',
    examples: [['config -c o365.yml --check', 'only say whether it is good']],
  },
} as const satisfies Record<string, { readonly sentence: string; readonly examples: readonly (readonly [line: string, sentence: string])[] }>;

export type Command = keyof typeof COMMANDS;

export interface Option extends Omit<Rules, 'type'> {
  readonly type: Rules['type'] | 'list';
  readonly commands: readonly Command[];
  /** Without dashes; the one-letter alias likewise. */
  readonly flag?: string;
  readonly alias?: string;
  /** How words that are no flags are shown in the usage line. */
  readonly positional?: string;
  readonly environment?: string;
  /** Other names of the variable, which other programs use. */
  readonly environmentAliases?: readonly string[];
  /** In the `collector:` block. */
  readonly key?: string;
  /** In the operator's notation. */
  readonly default?: string;
  readonly unit?: string;
  readonly sentence: string;
  readonly example: string;
  readonly group: string;
  /** What is remembered where it was set up: `--no-FLAG` takes it back, and the value is false then. */
  readonly isRevocable?: true;
  /** May never be a flag, is never printed. */
  readonly secret?: true;
  /** What does not fit is not repeated, because people put secrets there. */
  readonly unquoted?: true;
}

const collecting = ['collect', 'config', 'check', 'audit', 'replay'] as const;
/** Commands that look into a state directory. */
const looking = [...collecting, 'status', 'state'] as const;
const all = [...looking, 'map', 'report', 'simulate', 'demo', 'setup'] as const;
/** What goes out over HTTP. */
const networked = [...collecting, 'setup', 'report'] as const;
/** What speaks to Elasticsearch or OpenSearch itself. */
const storing = ['setup', 'check', 'audit', 'report'] as const;

export const OPTIONS = {
  config: {
    flag: 'config', alias: 'c', environment: 'O365AUDIT_CONFIG', type: 'path', default: './o365.yml', commands: looking, group: 'Configuration',
    sentence: 'Filebeat\'s o365.yml, as it is', example: '/etc/o365audit/o365.yml',
  },
  moduleOverrides: {
    flag: 'M', type: 'list', commands: collecting, group: 'Configuration',
    sentence: 'A setting of the module over the file\'s, such as o365.audit.var.api.poll_interval=1m; repeatable', example: 'o365.audit.enabled=true',
  },
  check: {
    flag: 'check', type: 'boolean', default: 'false', commands: ['config'], group: 'Configuration',
    sentence: 'Only say whether the configuration is good', example: 'true',
  },
  json: {
    flag: 'json', type: 'boolean', default: 'false', commands: ['check', 'status', 'audit', 'setup', 'replay'], group: 'Configuration',
    sentence: 'JSON for machines: of check and setup an object a step', example: 'true',
  },

  output: {
    flag: 'output', environment: 'O365AUDIT_OUTPUT', key: 'output', type: 'string', default: 'stdout', accepts: isOutput,
    expected: 'stdout, forward://host:port, forward+tls://host:port or forward+unix:///path', commands: collecting, group: 'Output',
    sentence: 'Where records go: stdout, forward://host:port, forward+tls://host:port or forward+unix:///path', example: 'forward://127.0.0.1:24224',
  },
  format: {
    flag: 'format', environment: 'O365AUDIT_FORMAT', key: 'format', type: 'choice', choices: ['raw', 'prepared', 'ecs'], default: 'raw', commands: collecting, group: 'Output',
    sentence: 'Events as Microsoft sent them, for the filter of the log agent to map (raw); documents, mapped here and marked so that this filter hands them on (prepared); documents for an agent without the filter (ecs)', example: 'ecs',
  },
  encoding: {
    flag: 'encoding', environment: 'O365AUDIT_ENCODING', key: 'encoding', type: 'choice', choices: ['ndjson', 'msgpack'], default: 'ndjson', commands: collecting, group: 'Output',
    sentence: 'How records are written to stdout, ndjson or msgpack; Forward is always msgpack', example: 'msgpack',
  },
  namespace: {
    flag: 'namespace', environment: 'O365AUDIT_NAMESPACE', key: 'namespace', type: 'string', default: 'default', accepts: isNamespace,
    expected: 'lower case, at most 100 bytes, without - and \\ / * ? " < > | , # : or spaces', commands: [...collecting, 'map'], group: 'Output',
    sentence: 'The last part of the data stream\'s name, logs-o365.audit-NAMESPACE', example: 'production',
  },
  dlpDetections: {
    flag: 'dlp-detections', environment: 'O365AUDIT_DLP_DETECTIONS', key: 'dlp_detections', type: 'choice', choices: DLP_DETECTIONS, default: 'keep', commands: [...collecting, 'map'], group: 'Mapping',
    sentence: 'What becomes of the secrets that data loss prevention has found, in documents: keep, hash (SHA-256) or drop', example: 'hash',
  },
  mappingSwitches: {
    flag: 'mapping-switches', environment: 'O365AUDIT_MAPPING_SWITCHES', key: 'mapping_switches', type: 'list', choices: MAPPING_SWITCHES, commands: [...collecting, 'map', 'report'], group: 'Mapping',
    sentence: `Rules of the mapping that are off by default: ${MAPPING_SWITCHES.join(', ')}`, example: 'user_roles,dlp_message',
  },
  eventTag: {
    flag: 'event-tag', environment: 'O365AUDIT_EVENT_TAG', key: 'event_tag', type: 'string', default: 'o365.audit', accepts: isTag,
    expected: 'letters, digits, dots, dashes and underscores', commands: collecting, group: 'Output',
    sentence: 'The Fluent tag of audit events', example: 'm365.audit',
  },

  forwardSharedKey: {
    environment: 'O365AUDIT_FORWARD_SHARED_KEY', key: 'forward_shared_key', type: 'string', secret: true, commands: collecting, group: 'Forward',
    sentence: 'The shared key of a Forward receiver that asks for one', example: '${FORWARD_SHARED_KEY}',
  },
  forwardCa: {
    flag: 'forward-ca', environment: 'O365AUDIT_FORWARD_CA', key: 'forward_ca', type: 'path', commands: collecting, group: 'Forward',
    sentence: 'With forward+tls, the certificates (PEM) to trust beside the usual ones', example: '/etc/o365audit/forward-ca.pem',
  },
  forwardServerName: {
    flag: 'forward-server-name', environment: 'O365AUDIT_FORWARD_SERVER_NAME', key: 'forward_server_name', type: 'string', commands: collecting, group: 'Forward',
    sentence: 'With forward+tls, the name that the receiver\'s certificate must carry, when it is not the host of the output', example: 'fluent.example.com',
  },
  frameBytes: {
    flag: 'frame-size', environment: 'O365AUDIT_FRAME_SIZE', key: 'frame_size', type: 'bytes', default: '1MiB', minimum: '4KiB', maximum: '4MiB', unit: 'bytes', commands: collecting, group: 'Forward',
    sentence: 'How large a Forward frame grows; hosts close the connection at 6 MB', example: '512KiB',
  },
  framesInFlight: {
    flag: 'frames-in-flight', environment: 'O365AUDIT_FRAMES_IN_FLIGHT', key: 'frames_in_flight', type: 'count', default: '4', minimum: '1', maximum: '64', unit: 'frames', commands: collecting, group: 'Forward',
    sentence: 'How many frames may wait for their acknowledgement', example: '8',
  },
  frameAttempts: {
    flag: 'frame-attempts', environment: 'O365AUDIT_FRAME_ATTEMPTS', key: 'frame_attempts', type: 'count', default: '8', minimum: '1', maximum: '100', unit: 'attempts', commands: collecting, group: 'Forward',
    sentence: 'How often a frame is sent that the receiver does not acknowledge, before it is taken apart to find the event that it refuses', example: '3',
  },
  eventLimitBytes: {
    flag: 'event-limit', environment: 'O365AUDIT_EVENT_LIMIT', key: 'event_limit', type: 'bytes', default: '6MB', minimum: '4MiB', maximum: '1GiB', unit: 'bytes', commands: collecting, group: 'Forward',
    sentence: 'The largest record that the receiver takes; a larger one becomes a dead letter (Buffer_Max_Size of Fluent Bit is 6,144,000 bytes)', example: '20MB',
  },
  ackTimeoutMs: {
    flag: 'ack-timeout', environment: 'O365AUDIT_ACK_TIMEOUT', key: 'ack_timeout', type: 'duration', default: '90s', minimum: '1s', maximum: '1h', commands: collecting, group: 'Forward',
    sentence: 'How long to wait for an acknowledgement before the frame is sent again', example: '3m',
  },
  ackSettleMs: {
    flag: 'ack-settle', environment: 'O365AUDIT_ACK_SETTLE', key: 'ack_settle', type: 'duration', default: '0s', minimum: '0s', maximum: '1m', commands: collecting, group: 'Forward',
    sentence: 'How long the connection must live on after an acknowledgement for it to count; for hosts that acknowledge before they have written', example: '3s',
  },

  deadLetters: {
    flag: 'dead-letters', type: 'boolean', default: 'false', commands: ['replay'], group: 'Replay',
    sentence: 'Only events that the output did not take', example: 'true',
  },
  parked: {
    flag: 'parked', type: 'boolean', default: 'false', commands: ['replay'], group: 'Replay',
    sentence: 'Only content blobs that are owed, whether they have failed or only wait their turn', example: 'true',
  },
  ids: {
    flag: 'id', type: 'list', commands: ['replay'], group: 'Replay',
    sentence: 'Only these: ids of letters, events or content blobs; repeatable', example: '4f0a3b1c9d2e7f60',
  },
  list: {
    flag: 'list', type: 'boolean', default: 'false', commands: ['replay'], group: 'Replay',
    sentence: 'Only say what there is', example: 'true',
  },

  stateDir: {
    flag: 'state-dir', environment: 'O365AUDIT_STATE_DIR', key: 'state_dir', type: 'path', commands: looking, group: 'Collecting',
    sentence: 'The folder that remembers what was delivered (default: o365audit-state beside the configuration file)', example: '/var/lib/o365audit',
  },
  lagLimitMs: {
    flag: 'lag-limit', environment: 'O365AUDIT_LAG_LIMIT', key: 'lag_limit', type: 'duration', default: '1h', minimum: '1m', maximum: '168h', commands: [...collecting, 'status'], group: 'Status',
    sentence: 'How far delivery may be behind the service before that needs attention, in status and /readyz', example: '26h',
  },
  action: {
    positional: '<export [tenant] | import [file] | rename [tenant] [new id]>', type: 'list', commands: ['state'], group: 'State',
    sentence: 'Write a tenant\'s state to stdout, read one from a file, or have it go on under another id', example: 'export contoso.onmicrosoft.com',
  },
  filebeatRegistry: {
    flag: 'filebeat-registry', type: 'path', commands: ['state'], group: 'State',
    sentence: 'Import the cursors of Filebeat\'s o365audit input from its path.data', example: '/var/lib/filebeat',
  },
  repair: {
    flag: 'repair', type: 'boolean', default: 'false', commands: ['audit'], group: 'Audit',
    sentence: 'Fetch and send again what is missing, by the collector that runs or, where none does, at once', example: 'true',
  },
  metrics: {
    flag: 'metrics', environment: 'O365AUDIT_METRICS', key: 'metrics', type: 'string', accepts: isListenAddress, expected: 'host:port, such as 127.0.0.1:9365', commands: collecting, group: 'Status',
    sentence: 'Where to serve /metrics for Prometheus, /healthz and /readyz: host:port', example: '127.0.0.1:9365',
  },
  once: {
    flag: 'once', environment: 'O365AUDIT_ONCE', type: 'boolean', default: 'false', commands: collecting, group: 'Collecting',
    sentence: 'End with status 0 when everything there is has been delivered', example: 'true',
  },
  since: {
    flag: 'since', environment: 'O365AUDIT_SINCE', type: 'string', accepts: isMoment, expected: 'a time such as 2026-09-01T08:00:00Z, or a duration back from now such as 36h', commands: collecting, group: 'Collecting',
    sentence: 'List once more what became available since then, beside what is new, and deliver what was not delivered yet; with --once only that', example: '36h',
  },
  until: {
    flag: 'until', environment: 'O365AUDIT_UNTIL', type: 'string', accepts: isMoment, expected: 'a time such as 2026-09-01T08:00:00Z, or a duration back from now such as 36h', commands: collecting, group: 'Collecting',
    sentence: 'Where the span of --since ends (default: now); without --since it begins seven days ago', example: '2026-09-01T08:00:00Z',
  },
  overlapMs: {
    flag: 'overlap', environment: 'O365AUDIT_OVERLAP', key: 'overlap', type: 'duration', default: '3h', minimum: '0s', maximum: '168h', commands: collecting, group: 'Collecting',
    sentence: 'Recent time that every round lists again, because the service lists content late', example: '12h',
  },
  relistIntervalMs: {
    flag: 'relist-interval', environment: 'O365AUDIT_RELIST_INTERVAL', key: 'relist_interval', type: 'duration', default: '24h', minimum: '0s', maximum: '168h', commands: collecting, group: 'Collecting',
    sentence: 'How often everything is listed once more with requests that nothing else needs, for content that turns up later than the overlap allows; 0s is never', example: '6h',
  },
  publisherId: {
    flag: 'publisher-id', environment: 'O365AUDIT_PUBLISHER_ID', key: 'publisher_id', type: 'string', accepts: isGuid, expected: 'a GUID', commands: collecting, group: 'Collecting',
    sentence: 'The PublisherIdentifier of all requests (default: the tenant\'s own id)', example: '00000000-0000-4000-8000-00000000c001',
  },
  contentConcurrency: {
    flag: 'content-concurrency', environment: 'O365AUDIT_CONTENT_CONCURRENCY', key: 'content_concurrency', type: 'count', default: '128', minimum: '1', maximum: '512', unit: 'content blobs', commands: collecting, group: 'Collecting',
    sentence: 'How many content blobs of a tenant are fetched at the same time at most; it begins with 16, and halves when the service throttles. All tenants together have 128 open, or as many where that is more, up to 224 of the 256 connections to the API', example: '16',
  },
  bytesInFlight: {
    flag: 'bytes-in-flight', environment: 'O365AUDIT_BYTES_IN_FLIGHT', key: 'bytes_in_flight', type: 'bytes', default: '32MiB', minimum: '8MiB', maximum: '4GiB', unit: 'bytes', commands: collecting, group: 'Collecting',
    sentence: 'How many bytes of fetched, undelivered events are held at most, all tenants together', example: '128MiB',
  },
  dedupe: {
    flag: 'dedupe', environment: 'O365AUDIT_DEDUPE', key: 'dedupe', type: 'boolean', default: 'true', commands: collecting, group: 'Collecting',
    sentence: 'Do not send events again whose ids were delivered within max_retention and a day: 21 to 43 bytes of memory and 12 of disk an event (--no-dedupe: send all)', example: 'false',
  },
  dedupeMemory: {
    flag: 'dedupe-memory', environment: 'O365AUDIT_DEDUPE_MEMORY', key: 'dedupe_memory', type: 'bytes', default: '64MiB', minimum: '1MiB', maximum: '16GiB', unit: 'bytes', commands: collecting, group: 'Collecting',
    sentence: 'The most memory for the ids of delivered events, all tenants together; where it is reached, the oldest are forgotten: 64 MiB hold three million, 256 MiB twelve', example: '256MiB',
  },
  dedupeDisk: {
    flag: 'dedupe-disk', environment: 'O365AUDIT_DEDUPE_DISK', key: 'dedupe_disk', type: 'bytes', default: '64MiB', minimum: '1MiB', maximum: '16GiB', unit: 'bytes', commands: collecting, group: 'Collecting',
    sentence: 'The most disk for them, in the state directory', example: '256MiB',
  },
  deadLettersLimit: {
    flag: 'dead-letters-limit', environment: 'O365AUDIT_DEAD_LETTERS_LIMIT', key: 'dead_letters_limit', type: 'count', default: '10000', minimum: '1', maximum: '1000000', unit: 'events', commands: [...collecting, 'status'], group: 'Collecting',
    sentence: 'How many events that the output does not take are kept in the state directory; beyond that their content blobs stay owed', example: '100000',
  },
  deadLettersBytes: {
    flag: 'dead-letters-size', environment: 'O365AUDIT_DEAD_LETTERS_SIZE', key: 'dead_letters_size', type: 'bytes', default: '256MiB', minimum: '1KiB', maximum: '1024GiB', unit: 'bytes', commands: [...collecting, 'status'], group: 'Collecting',
    sentence: 'How many bytes they may have together', example: '1GiB',
  },

  proxy: {
    flag: 'proxy', environment: 'O365AUDIT_PROXY', key: 'proxy', type: 'string', accepts: isProxy, unquoted: true, expected: 'http://host:port, https://host:port (user and password apart), or direct', commands: networked, group: 'Network',
    sentence: 'The forward proxy to login host and API, in place of HTTPS_PROXY: http://host:port, https://host:port, or direct for none', example: 'http://proxy.example:3128',
  },
  proxyBypass: {
    flag: 'proxy-bypass', environment: 'O365AUDIT_PROXY_BYPASS', key: 'proxy_bypass', type: 'string', commands: networked, group: 'Network',
    sentence: 'Hosts, networks and ports that are reached without the proxy, in place of NO_PROXY and written like it', example: '.example.com,10.0.0.0/8,api.example:8443',
  },
  proxyUser: {
    flag: 'proxy-user', environment: 'O365AUDIT_PROXY_USER', key: 'proxy_user', type: 'string', commands: networked, group: 'Network',
    sentence: 'The user name for the proxy', example: 'o365audit',
  },
  proxyPassword: {
    environment: 'O365AUDIT_PROXY_PASSWORD', key: 'proxy_password', type: 'string', secret: true, commands: networked, group: 'Network',
    sentence: 'The password for the proxy', example: '${PROXY_PASSWORD}',
  },
  ca: {
    flag: 'ca', environment: 'O365AUDIT_CA', key: 'ca', type: 'path', commands: networked, group: 'Network',
    sentence: 'Certificate authorities (PEM) to trust beside the usual ones, for login host, API and proxy', example: '/etc/o365audit/company-ca.pem',
  },
  traceHttp: {
    flag: 'trace-http', environment: 'O365AUDIT_TRACE_HTTP', type: 'path', commands: networked, group: 'Network',
    sentence: 'A file that takes every request and answer without secrets and bodies, at most 10 MiB', example: '/tmp/o365audit-trace.ndjson',
  },

  elasticsearch: {
    flag: 'elasticsearch', environment: 'ELASTICSEARCH_URL', environmentAliases: ['ELASTICSEARCH_HOSTS'], type: 'string', accepts: isStoreAddress, unquoted: true,
    expected: 'http(s)://host:port without user and password, several with commas between', commands: storing, group: 'Store',
    sentence: 'Elasticsearch or OpenSearch, several nodes with commas between', example: 'https://es.example:9200',
  },
  elasticsearchApiKey: {
    environment: 'ELASTICSEARCH_API_KEY', environmentAliases: ['ES_API_KEY', 'ELASTIC_API_KEY'], type: 'string', secret: true, commands: storing, group: 'Store',
    sentence: 'An API key of Elasticsearch, as Kibana shows it or as id:key', example: '${ES_API_KEY}',
  },
  elasticsearchUsername: {
    flag: 'elasticsearch-username', environment: 'ELASTICSEARCH_USERNAME', environmentAliases: ['ES_USERNAME'], type: 'string', commands: storing, group: 'Store',
    sentence: 'The user name for Elasticsearch or OpenSearch', example: 'o365audit',
  },
  elasticsearchPassword: {
    environment: 'ELASTICSEARCH_PASSWORD', environmentAliases: ['ES_PASSWORD'], type: 'string', secret: true, commands: storing, group: 'Store',
    sentence: 'The password for Elasticsearch or OpenSearch', example: '${ES_PASSWORD}',
  },
  elasticsearchCa: {
    flag: 'elasticsearch-ca', environment: 'ELASTICSEARCH_CA', type: 'path', commands: storing, group: 'Store',
    sentence: 'Certificate authorities (PEM) to trust beside the usual ones, for Elasticsearch or OpenSearch; in place of --ca', example: '/etc/o365audit/http_ca.crt',
  },
  kibana: {
    flag: 'kibana', environment: 'KIBANA_URL', environmentAliases: ['KIBANA_HOST'], type: 'string', accepts: isStoreAddress, unquoted: true,
    expected: 'http(s)://host:port without user and password', commands: ['setup'], group: 'Setup',
    sentence: 'Kibana, which gets the dashboard; with the credentials of Elasticsearch', example: 'https://kibana.example:5601',
  },
  kibanaSpace: {
    flag: 'kibana-space', environment: 'O365AUDIT_KIBANA_SPACE', type: 'string', commands: ['setup'], group: 'Setup',
    sentence: 'The space of Kibana that gets it, instead of the default one', example: 'security',
  },
  retention: {
    flag: 'retention', environment: 'O365AUDIT_RETENTION', type: 'string', accepts: isRetention, expected: 'days or hours, such as 90d', commands: ['setup'], group: 'Lifecycle',
    sentence: 'How long documents are kept, by the lifecycle of Elasticsearch\'s data streams (default: as it was set up before, else 90d)', example: '365d',
  },
  ilmPolicy: {
    flag: 'ilm-policy', environment: 'O365AUDIT_ILM_POLICY', type: 'string', isRevocable: true, commands: ['setup'], group: 'Lifecycle',
    sentence: 'A policy of your own (index lifecycle management of Elasticsearch), in place of --retention (--no-ilm-policy, or --retention: none any more)', example: 'logs-1y',
  },
  ismPolicy: {
    flag: 'ism-policy', environment: 'O365AUDIT_ISM_POLICY', type: 'string', isRevocable: true, commands: ['setup'], group: 'Lifecycle',
    sentence: 'A policy of your own (index state management of OpenSearch), which is to manage the data streams, and no other (--no-ism-policy: none any more)', example: 'logs-1y',
  },
  alias: {
    flag: 'alias', environment: 'O365AUDIT_ALIAS', type: 'string', isRevocable: true, accepts: isAlias, expected: 'a name in lower case, without wildcards', commands: ['setup'], group: 'Setup',
    sentence: 'A second name for the data streams of events, such as filebeat-o365 for searches and rules that read filebeat-*, in place of the one that they have (--no-alias: none any more)', example: 'filebeat-o365',
  },
  dryRun: {
    flag: 'dry-run', type: 'boolean', default: 'false', commands: ['setup'], group: 'Setup',
    sentence: 'Only show what would be changed', example: 'true',
  },
  print: {
    flag: 'print', type: 'path', commands: ['setup'], group: 'Setup',
    sentence: 'Write what would be installed to this folder as files; with --elasticsearch for that server, else for every kind', example: './elasticsearch',
  },
  remove: {
    flag: 'remove', type: 'boolean', default: 'false', commands: ['setup'], group: 'Setup',
    sentence: 'Take away what setup has installed; documents stay', example: 'true',
  },

  supervised: {
    flag: 'supervised', environment: 'O365AUDIT_SUPERVISED', type: 'boolean', default: 'false', commands: collecting, group: 'Process',
    sentence: 'For a launcher that starts the program again at once: wait before ending with a failure', example: 'true',
  },
  outliveParent: {
    flag: 'outlive-parent', environment: 'O365AUDIT_OUTLIVE_PARENT', type: 'boolean', default: 'false', commands: all, group: 'Process',
    sentence: 'Do not end when the parent process ends', example: 'true',
  },
  logLevel: {
    flag: 'log-level', environment: 'O365AUDIT_LOG_LEVEL', key: 'log_level', type: 'choice', choices: LOG_LEVELS, default: 'info', commands: all, group: 'Process',
    sentence: 'What is written to stderr: error, warn, info, debug or trace', example: 'debug',
  },
  logFormat: {
    flag: 'log-format', environment: 'O365AUDIT_LOG_FORMAT', key: 'log_format', type: 'choice', choices: ['text', 'json'], default: 'text', commands: all, group: 'Process',
    sentence: 'How it is written: text, or one JSON object a line', example: 'json',
  },

  files: {
    positional: '[file...]', type: 'list', commands: ['map', 'report'], group: 'Events',
    sentence: 'The files to read; none or - is stdin', example: 'events.ndjson',
  },
  lastMs: {
    flag: 'last', environment: 'O365AUDIT_REPORT_LAST', type: 'duration', default: '720h', minimum: '1m', maximum: '87600h', commands: ['report'], group: 'Report',
    sentence: 'How far back events are read from Elasticsearch or OpenSearch', example: '168h',
  },
  reportFile: {
    flag: 'output', alias: 'o', environment: 'O365AUDIT_REPORT_OUTPUT', type: 'path', default: './report.html', commands: ['report'], group: 'Report',
    sentence: 'The HTML file to write', example: '/var/www/html/audit.html',
  },

  port: {
    flag: 'port', environment: 'O365AUDIT_SIMULATOR_PORT', type: 'count', default: '8365', minimum: '0', maximum: '65535', commands: ['simulate'], group: 'Service',
    sentence: 'The port to listen on, on 127.0.0.1; 0 is any free one', example: '0',
  },
  tenants: {
    flag: 'tenants', environment: 'O365AUDIT_SIMULATOR_TENANTS', type: 'count', default: '1', minimum: '1', maximum: '10000', unit: 'tenants', commands: ['simulate'], group: 'Events',
    sentence: 'How many tenants there are', example: '20',
  },
  count: {
    flag: 'count', environment: 'O365AUDIT_SIMULATOR_COUNT', type: 'count', default: '1000', minimum: '0', unit: 'events', commands: ['simulate'], group: 'Events',
    sentence: 'How many events each tenant has at the start', example: '100000',
  },
  eventsFile: {
    flag: 'events', environment: 'O365AUDIT_SIMULATOR_EVENTS', type: 'path', commands: ['simulate'], group: 'Events',
    sentence: 'Serve the events of this NDJSON file, with fresh ids and times, instead of invented ones', example: 'events.ndjson',
  },
  eventsPerSecond: {
    flag: 'rate', environment: 'O365AUDIT_SIMULATOR_RATE', type: 'count', default: '0', minimum: '0', maximum: '100000', unit: 'events a second', commands: ['simulate'], group: 'Events',
    sentence: 'New events that come in while it runs, all tenants together', example: '50',
  },
  eventsPerBlob: {
    flag: 'events-per-blob', environment: 'O365AUDIT_SIMULATOR_EVENTS_PER_BLOB', type: 'count', default: '50', minimum: '1', maximum: '1000000', unit: 'events', commands: ['simulate'], group: 'Events',
    sentence: 'How many events a content blob holds', example: '5000',
  },
  seed: {
    flag: 'seed', environment: 'O365AUDIT_SIMULATOR_SEED', type: 'count', default: '1', minimum: '0', commands: ['simulate'], group: 'Events',
    sentence: 'The same seed makes the same events', example: '7',
  },
  pageSize: {
    flag: 'page-size', environment: 'O365AUDIT_SIMULATOR_PAGE_SIZE', type: 'count', default: '200', minimum: '1', maximum: '100000', unit: 'content blobs', commands: ['simulate'], group: 'Service',
    sentence: 'How many content blobs a page of a listing holds', example: '10',
  },
  requestsPerMinute: {
    flag: 'requests-per-minute', environment: 'O365AUDIT_SIMULATOR_REQUESTS_PER_MINUTE', type: 'count', default: '2000', minimum: '1', unit: 'requests a minute', commands: ['simulate'], group: 'Service',
    sentence: 'The quota of each tenant; what goes beyond is throttled', example: '100',
  },
  latencyMs: {
    flag: 'latency', environment: 'O365AUDIT_SIMULATOR_LATENCY', type: 'duration', default: '0s', minimum: '0s', maximum: '10m', commands: ['simulate'], group: 'Service',
    sentence: 'How long every answer takes', example: '200ms',
  },
  gzip: {
    flag: 'gzip', environment: 'O365AUDIT_SIMULATOR_GZIP', type: 'boolean', default: 'true', commands: ['simulate'], group: 'Service',
    sentence: 'Compress answers for clients that accept it', example: 'false',
  },
  faults: {
    flag: 'fault', environment: 'O365AUDIT_SIMULATOR_FAULTS', type: 'list', commands: ['simulate'], group: 'Service',
    sentence: 'Misbehaviour that is switched on from the start, by name; repeatable', example: 'blob-missing',
  },

  eventCount: {
    flag: 'events', environment: 'O365AUDIT_DEMO_EVENTS', type: 'count', default: '1000', minimum: '1', maximum: '10000000', unit: 'events', commands: ['demo'], group: 'Events',
    sentence: 'How many events the simulated backlog has', example: '20',
  },
  follow: {
    flag: 'follow', environment: 'O365AUDIT_DEMO_FOLLOW', type: 'boolean', default: 'false', commands: ['demo'], group: 'Events',
    sentence: 'Go on with new events after the backlog, until it is stopped', example: 'true',
  },
  demoReport: {
    flag: 'report', environment: 'O365AUDIT_DEMO_REPORT', type: 'path', commands: ['demo'], group: 'Report',
    sentence: 'The HTML file that shows what was collected (default: in a new folder for temporary files)', example: 'report.html',
  },
} as const satisfies Record<string, Option>;

export type OptionName = keyof typeof OPTIONS;

interface TypeOf { string: string; path: string; count: number; boolean: boolean; choice: string; duration: number; bytes: number; list: readonly string[] }
type ValueOf<Row extends Option> = Row extends { readonly isRevocable: true } ? TypeOf[Row['type']] | false : Row extends { readonly type: 'list'; readonly choices: readonly (infer Choice)[] } ? readonly Choice[] : Row extends { readonly choices: readonly (infer Choice)[] } ? Choice : TypeOf[Row['type']];
type NamesOf<C extends Command> = { [Name in OptionName]: C extends (typeof OPTIONS)[Name]['commands'][number] ? Name : never }[OptionName];
type Always<Name extends OptionName> = Name extends OptionName ? (typeof OPTIONS)[Name] extends { readonly default: string } | { readonly type: 'list' } ? Name : never : never;

/** The options of a command by their names in the table, durations in milliseconds, sizes in bytes. What has no default may be absent. */
export type OptionsOf<C extends Command> =
  & { readonly [Name in Always<NamesOf<C>>]: ValueOf<(typeof OPTIONS)[Name]> }
  & { readonly [Name in Exclude<NamesOf<C>, Always<NamesOf<C>>>]?: ValueOf<(typeof OPTIONS)[Name]> };

/** What flags gave, as they were typed; `true` and `false` for switches, lists for what may be repeated. */
export type Flags = Readonly<Partial<Record<OptionName, FlagValue>>>;

/** What one of them gave. */
export type FlagValue = string | boolean | readonly string[];

/** Commands that read the configuration file, all of it or the block of the collector. */
export const COMMANDS_WITH_FILE = ['collect', 'config', 'check', 'status', 'audit', 'state', 'replay'] as const satisfies readonly Command[];
type CommandWithFile = (typeof COMMANDS_WITH_FILE)[number];

/** What a command is called with. Commands with a configuration file get their flags untouched: loadConfig weighs them against the file. */
export type ArgumentsOf<C extends Command> = C extends CommandWithFile ? { readonly flags: Flags } : OptionsOf<C>;

/** The rows that serve a command. */
export function optionsOf(command: Command): readonly (readonly [OptionName, Option])[] {
  return (Object.entries(OPTIONS) as [OptionName, Option][]).filter(([, option]) => option.commands.includes(command));
}

function isOutput(text: string): boolean {
  if (text === 'stdout' || /^forward\+unix:\/\/\/./.test(text)) return true;
  const address = /^forward(?:\+tls)?:\/\/(?:[^\s/:@[\]]+|\[[0-9a-f:.]+\])(?::(\d{1,5}))?\/?$/i.exec(text);
  const port = Number(address?.[1] ?? '24224');
  return address !== null && port > 0 && port < 65_536;
}

function isStoreAddress(text: string): boolean {
  return text.split(',').every((part) => URL.canParse(part.trim()) && /^https?:\/\/[^@]+$/i.test(part.trim()));
}

function isRetention(text: string): boolean {
  return /^[1-9]\d{0,5}[dh]$/.test(text);
}

/** What both servers take for an alias. */
function isAlias(text: string): boolean {
  return /^[a-z0-9][a-z0-9._-]{0,99}$/.test(text);
}

function isListenAddress(text: string): boolean {
  const [, port] = /^(?:[^\s/:@[\]]+|\[[0-9a-f:.]+\]):(\d{1,5})$/i.exec(text) ?? [];
  return port !== undefined && Number(port) < 65_536;
}

function isProxy(text: string): boolean {
  return text === 'direct' || /^https?:\/\/(?:[^\s/:@[\]]+|\[[0-9a-f:.]+\])(?::\d{1,5})?\/?$/i.test(text);
}

function isMoment(text: string): boolean {
  return readMoment(text, 0) !== undefined;
}

function isTag(text: string): boolean {
  return /^[\w.-]+$/.test(text);
}
