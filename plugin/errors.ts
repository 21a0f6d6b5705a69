/**
 * Every failure the program can name, in one table: what an operator reads, how to mend it, the exit status if it ends the program, and what
 * the collector does about it. `{name}` in a text is filled in where the failure is thrown. ERRORS.md is generated from this table.
 *
 * retry: never = a human must act; later = the same thing may work by itself after a back-off; skip = give up this one thing, go on with the rest.
 */
interface Failure {
  readonly sentence: string;
  readonly repair: string;
  readonly exitStatus: number;
  readonly retry: 'never' | 'later' | 'skip';
}

export const FAILURES = {
  // the program as a whole
  UNEXPECTED: { sentence: 'Something happened that this program did not foresee: {reason}.', repair: 'Run again with --log-level trace and report what it prints.', exitStatus: 1, retry: 'never' },
  USAGE: { sentence: '{reason}.', repair: 'See o365audit --help.', exitStatus: 2, retry: 'never' },

  // the module that splits and maps events
  MODULE_UNREADABLE: { sentence: 'The mapping module {file} cannot be loaded: {reason}.', repair: 'Keep o365_ecs.wasm beside o365audit.js, from the same version.', exitStatus: 1, retry: 'never' },
  MODULE_NO_MEMORY: { sentence: 'The mapping module gets no memory for {bytes} bytes.', repair: 'Give the process more memory: an event needs about ten times its size for a moment.', exitStatus: 1, retry: 'later' },
  MODULE_TRAPPED: { sentence: 'The mapping module stumbled over what it was given: {reason}.', repair: 'Report this with the event, which is a fault of this program; what else there is goes on without it.', exitStatus: 1, retry: 'later' },
  BLOB_MALFORMED: { sentence: '{blob} is no JSON array of events: it cannot be read from event {event} on.', repair: 'Nothing, if it stays an exception: the blob is fetched again. Else check whether a proxy changes answers.', exitStatus: 1, retry: 'later' },
  BLOB_TRUNCATED: { sentence: '{blob} was cut off in or before event {event}.', repair: 'Nothing, if it stays an exception: the blob is fetched again. Else check the line to the API host.', exitStatus: 1, retry: 'later' },

  // collecting
  COLLECT_START_PENDING: { sentence: 'The subscription of {contentType} of tenant {tenant} is off, and was started less than 15 minutes ago.', repair: 'Wait {minutes} minutes; the program does so by itself. If it stays off, see whether an administrator disables it.', exitStatus: 1, retry: 'later' },
  COLLECT_INCOMPLETE: { sentence: '{blobs} of the content blobs of tenant {tenant} could not be delivered in this run.', repair: 'Run again: they stay owed until they expire. The log lines above say what was wrong with each.', exitStatus: 1, retry: 'later' },
  COLLECT_NOTHING: { sentence: 'Nothing is configured to be collected: {reason}.', repair: 'Set enabled: true below audit: in the configuration.', exitStatus: 0, retry: 'never' },
  COLLECT_FILE: { sentence: 'The file {file} cannot be collected: {reason}.', repair: 'Check var.paths, and that this user may read the file.', exitStatus: 1, retry: 'later' },

  // looking after a collector
  METRICS_ADDRESS: { sentence: 'Metrics cannot be served at {address}: {reason}.', repair: 'Give --metrics an address of this machine and a port that is free, such as 127.0.0.1:9365.', exitStatus: 2, retry: 'never' },
  AUDIT_NOTHING: { sentence: 'There is nothing to audit: no o365 block of the configuration is enabled and has tenants (files are not audited).', repair: 'Name the configuration that the collector has, by -c; in it, set enabled: true below audit:.', exitStatus: 2, retry: 'never' },
  STATE_FILE: { sentence: 'The file {file} cannot be imported: {reason}.', repair: 'Export it again with o365audit state export, and copy it whole.', exitStatus: 2, retry: 'never' },
  STATE_TENANT_KNOWN: { sentence: 'The tenant {tenant} has a journal here already: {file}.', repair: 'Import into another state directory, or move that file away if nothing in it matters.', exitStatus: 2, retry: 'never' },
  STATE_TENANT_UNKNOWN: { sentence: 'It is not clear which tenant of {directory} is meant; it has {tenants}.', repair: 'Name one of them, as in o365audit state export TENANT.', exitStatus: 2, retry: 'never' },
  FILEBEAT_REGISTRY: { sentence: 'The Filebeat registry at {path} cannot be imported: {reason}.', repair: 'Name Filebeat\'s path.data, such as /var/lib/filebeat, with --filebeat-registry. Without its cursors the collector begins seven days ago.', exitStatus: 2, retry: 'never' },
  STATUS_NOTHING: { sentence: 'No collector has worked with the state directory {directory} yet.', repair: 'Name the one that o365audit collect uses, by --state-dir or by its configuration with -c.', exitStatus: 2, retry: 'never' },

  // replaying
  REPLAY_UNKNOWN: { sentence: 'There is no dead letter and no owed content blob {id} in {directory}.', repair: 'See o365audit replay --list.', exitStatus: 2, retry: 'never' },
  REPLAY_OUTPUT: { sentence: '{letters} dead letters cannot be delivered to stdout: they are records of Forward.', repair: 'Name the log agent by --output, as when they were collected.', exitStatus: 2, retry: 'never' },
  REPLAY_LOCKED: { sentence: 'The dead letters of {directory} are being delivered by process {pid}, since {since}.', repair: 'Let that process come to its end, and see by o365audit replay --list what is left; a second one would send the same events twice.', exitStatus: 4, retry: 'later' },
  REPLAY_INCOMPLETE: { sentence: '{left} dead letters could not be delivered. The last reason: {reason}', repair: 'They are kept. Mend what the reason names and run again.', exitStatus: 1, retry: 'later' },

  // mapping files
  MAP_FILE: { sentence: 'The file {file} cannot be read: {reason}.', repair: 'Give a file of audit events: one JSON object a line, a JSON array, or the CSV that Purview exports.', exitStatus: 1, retry: 'never' },
  MAP_STOPPED: { sentence: 'Mapping was stopped before the end of {file} by {reason}.', repair: 'Nothing: what was written so far is whole lines.', exitStatus: 130, retry: 'never' },
  MAP_CSV: { sentence: 'The CSV file {file} cannot be read from line {line} on: {reason}.', repair: 'Export it again, and do not open it in a spreadsheet program, which changes it.', exitStatus: 1, retry: 'never' },

  // the report
  REPORT_PAGE: { sentence: 'The page for the report, {file}, cannot be used: {reason}.', repair: 'Keep report-page.html beside o365audit.js, from the same version.', exitStatus: 1, retry: 'never' },
  REPORT_WRITE: { sentence: 'The report {file} cannot be written: {reason}.', repair: 'Name with -o a file in a folder that this user may write to.', exitStatus: 1, retry: 'never' },

  // plugin/config: o365.yml, flags, environment
  CONFIG_INVALID: { sentence: 'The configuration has {count}:{list}', repair: 'Nothing was started. Correct it and try again.', exitStatus: 2, retry: 'never' },
  CONFIG_MISSING: { sentence: 'There is no configuration file {path}.', repair: 'Name Filebeat\'s o365.yml with -c or O365AUDIT_CONFIG; o365audit demo runs without one.', exitStatus: 2, retry: 'never' },
  CONFIG_UNREADABLE: { sentence: 'The configuration file {path} cannot be read: {reason}.', repair: 'Check that it is a text file in UTF-8 that this user may read.', exitStatus: 2, retry: 'never' },

  // output: where batches go
  OUTPUT_URL: { sentence: 'The output "{url}" is not one that this program has: {reason}.', repair: 'Use stdout, forward://host:port, forward+tls://host:port or forward+unix:///path/of/the.sock.', exitStatus: 2, retry: 'never' },
  OUTPUT_CA_FILE: { sentence: 'The CA file {file} of the output cannot be read: {reason}.', repair: 'Name a readable file of PEM certificates.', exitStatus: 2, retry: 'never' },
  OUTPUT_CLOSED: { sentence: 'The output {output} was closed before it took a batch of {events} events.', repair: 'Nothing is lost: what was not taken stays uncommitted, and the next run delivers it.', exitStatus: 0, retry: 'never' },
  OUTPUT_WRITE: { sentence: 'Writing to {output} failed: {reason}.', repair: 'Mend what the reason names (a full disk, say) and start again; what was not written is delivered then.', exitStatus: 1, retry: 'never' },
  OUTPUT_REFUSED: { sentence: 'The log agent at {output} did not acknowledge a batch of {events} events in {attempts} attempts: {reason}.', repair: 'Look for the reason in the log agent\'s own log.', exitStatus: 1, retry: 'skip' },
  OUTPUT_BATCH_TOO_LARGE: { sentence: 'A batch of {bytes} bytes is larger than the {limitBytes} bytes that {output} takes at once.', repair: 'Make batches smaller, or raise the limit here and in the log agent (Buffer_Max_Size of Fluent Bit\'s forward input).', exitStatus: 1, retry: 'skip' },
  OUTPUT_QUEUE_FULL: { sentence: 'More than {limit} batches wait for {output}.', repair: 'Wait for batches to be delivered before handing over more.', exitStatus: 1, retry: 'later' },
  OUTPUT_UNSETTLED: { sentence: 'The log agent at {output} closed the connection within {seconds} s after an acknowledgement, and may have lost what it had acknowledged.', repair: 'Nothing, if the log agent was stopped or started: what may be lost is delivered again. Else look for the reason in the log agent\'s own log.', exitStatus: 1, retry: 'later' },
  OUTPUT_ANSWER_JSON: { sentence: 'The log agent at {output} acknowledges in JSON, as Vector did before version 0.31, and not in MessagePack.', repair: 'Update Vector to version 0.31 or later.', exitStatus: 1, retry: 'never' },

  // the simulator
  SIMULATOR_PORT_TAKEN: { sentence: 'The simulator cannot listen on port {port} of this machine: {reason}.', repair: 'Take another one by --port (0 is any that is free), or end what listens there.', exitStatus: 2, retry: 'never' },
  SIMULATOR_EVENTS_UNREADABLE: { sentence: 'The file of events for the simulator, {file}, cannot be read: {reason}.', repair: 'Give --events a file with one JSON object a line.', exitStatus: 2, retry: 'never' },
  SIMULATOR_EVENT_BROKEN: { sentence: 'Line {line} of {file} is not an audit event: {reason}.', repair: 'Mend or delete the line; each line is one JSON object.', exitStatus: 2, retry: 'never' },
  SIMULATOR_CERTIFICATE: { sentence: 'The simulator cannot register that certificate: {reason}.', repair: 'Give it certificates in PEM form with RSA keys of at least 2048 bits.', exitStatus: 2, retry: 'never' },
  SIMULATOR_FAULT_UNKNOWN: { sentence: 'The simulator has no fault named {name}.', repair: 'Take one of: {names}.', exitStatus: 2, retry: 'never' },
  SIMULATOR_FAULT_SETTING: { sentence: 'The fault {name} does not take {setting} as it was given.', repair: 'Give {expected}.', exitStatus: 2, retry: 'never' },

  // network: HTTP, to the login host and to the API
  NETWORK_UNREACHABLE: { sentence: '{host} cannot be reached: {reason}.', repair: 'Check the name, the firewall and the proxy on the way to {host}.', exitStatus: 1, retry: 'later' },
  NETWORK_TLS: { sentence: 'No trusted TLS connection to {host}: {reason}.', repair: 'Check the clock, and whether this port speaks TLS (where it speaks plain HTTP, the reason is a wrong version number, with newer Node a packet length too long). If a proxy on the way replaces certificates by its own, name its authority with --ca, or that of Elasticsearch and Kibana with --elasticsearch-ca.', exitStatus: 1, retry: 'later' },
  NETWORK_SILENT: { sentence: '{host} did not answer in time: {reason}.', repair: 'Nothing, if it stays an exception; else check the line to {host}.', exitStatus: 1, retry: 'later' },
  NETWORK_BROKEN: { sentence: 'The connection to {host} broke: {reason}.', repair: 'Nothing, if it stays an exception; else check the line to {host}, and whether its address should begin with https.', exitStatus: 1, retry: 'later' },
  NETWORK_NOT_HTTP: { sentence: '{host} does not speak HTTP as expected: {reason}.', repair: 'Check that the configured endpoint is the right host and port.', exitStatus: 1, retry: 'later' },
  NETWORK_ENCODING: { sentence: '{host} sent an answer encoded as {encoding}, which was not asked for.', repair: 'Check which proxy on the way changes answers.', exitStatus: 1, retry: 'later' },
  NETWORK_PROXY: { sentence: 'The proxy {proxy} opens no way to {host}: {reason}.', repair: 'Check the proxy\'s address and its rules for {host}; user and password go into O365AUDIT_PROXY_USER and O365AUDIT_PROXY_PASSWORD.', exitStatus: 1, retry: 'later' },
  NETWORK_PROXY_ADDRESS: { sentence: 'The address of the proxy in {place} cannot be used: {reason}.', repair: 'Write http://host:port or https://host:port, or set the option proxy to direct.', exitStatus: 2, retry: 'never' },
  NETWORK_CA_FILE: { sentence: 'The file {file} of certificate authorities cannot be used: {reason}.', repair: 'Name a readable file of PEM certificates as the option ca.', exitStatus: 2, retry: 'never' },
  NETWORK_TRACE_FILE: { sentence: 'The file {file} for traces of requests cannot be written: {reason}.', repair: 'Name a file that this process may write, or leave --trace-http out.', exitStatus: 2, retry: 'never' },

  // auth: tokens from Microsoft Entra
  AUTH_REFUSED: { sentence: 'Microsoft Entra gives no token for tenant {tenant}: {meaning} ({name}).', repair: '{repair}', exitStatus: 3, retry: 'never' },
  AUTH_BUSY: { sentence: 'Microsoft Entra gives no token for tenant {tenant} at the moment: {meaning} ({name}).', repair: '{repair}', exitStatus: 1, retry: 'later' },
  AUTH_UNREADABLE: { sentence: 'The login host {host} answered with something that is no token (HTTP {status}, {bytes} bytes of {kind}).', repair: 'Check that api.authentication_endpoint is a login host of Microsoft Entra, and whether a proxy answers in its place.', exitStatus: 1, retry: 'later' },
  AUTH_REQUEST: { sentence: 'A token for tenant {tenant} cannot be asked for: {reason}.', repair: 'Check application_id, the tenant and the credential in the configuration.', exitStatus: 2, retry: 'never' },
  AUTH_TENANT_UNKNOWN: { sentence: 'The token for tenant {tenant} does not say which GUID that tenant has.', repair: 'Configure the tenant by its GUID (the "Tenant ID" in Entra) and not by a domain.', exitStatus: 2, retry: 'never' },
  AUTH_TENANT_OTHER: { sentence: 'The token asked for in tenant {tenant} was issued by tenant {actual}.', repair: 'Check the tenant\'s id and api.authentication_endpoint.', exitStatus: 2, retry: 'never' },
  AUTH_SECRET_UNREADABLE: { sentence: 'The {what} in {place} cannot be read: {reason}.', repair: 'Name a file which this process may read and which holds the bare text alone.', exitStatus: 2, retry: 'never' },
  AUTH_HELPER: { sentence: 'The program {program}, which is to print the {what}, failed: {reason}.', repair: 'Run it by hand as this user: it has to print the bare text alone, and to end with status 0 within {seconds} s.', exitStatus: 1, retry: 'later' },
  AUTH_FEDERATED_TOKEN: { sentence: 'The federated token in {place} cannot be used: {reason}.', repair: 'Check that the platform (such as the Azure workload identity webhook of Kubernetes) renews the file, and that this process may read it.', exitStatus: 2, retry: 'never' },
  AUTH_CERTIFICATE_UNREADABLE: { sentence: 'The {part} in {place} cannot be read: {reason}.', repair: 'Give the path of a PEM or PFX file that this process may read, or the PEM text itself.', exitStatus: 2, retry: 'never' },
  AUTH_CERTIFICATE_EXPIRED: { sentence: 'The certificate in {place} expired at {at}.', repair: 'Create a new certificate, upload it to the application in Entra, and configure it.', exitStatus: 2, retry: 'never' },
  AUTH_CERTIFICATE_EARLY: { sentence: 'The certificate in {place} is not valid before {at}.', repair: 'Set this machine\'s clock right, or wait.', exitStatus: 2, retry: 'never' },
  AUTH_KEY_PASSPHRASE: { sentence: 'The private key in {place} is encrypted and {reason}.', repair: 'Configure its passphrase as key_passphrase or key_passphrase_file.', exitStatus: 2, retry: 'never' },
  AUTH_KEY_FOREIGN: { sentence: 'The private key does not belong to any certificate in {place}.', repair: 'Configure the key that the certificate was made with.', exitStatus: 2, retry: 'never' },
  AUTH_KEY_UNSUITABLE: { sentence: 'The private key in {place} (type {kind}, {bits} bits) is not one that Entra takes.', repair: 'Use an RSA key of at least {bitsMin} bits.', exitStatus: 2, retry: 'never' },

  // api: the Management Activity API; {what} is the call, {detail} what the service said
  API_SUBSCRIPTION: { sentence: 'Tenant {tenant}, {what}: there is no running subscription, says the service: {detail}.', repair: 'Nothing: it is started again, at most every 15 minutes. If it keeps being disabled, ask an administrator of the tenant who does it.', exitStatus: 1, retry: 'later' },
  API_WINDOW: { sentence: 'Tenant {tenant}, {what}: the span of time is not allowed: {detail}.', repair: 'Nothing: the span is computed anew. Check this machine\'s clock if it happens again.', exitStatus: 1, retry: 'later' },
  API_PAGE: { sentence: 'Tenant {tenant}, {what}: the link to the next page was not accepted: {detail}.', repair: 'Nothing: the listing begins anew.', exitStatus: 1, retry: 'later' },
  API_LINK: { sentence: 'Tenant {tenant}, {what}: the link to the next page is not usable: {detail}.', repair: 'Nothing: the listing begins anew. If it stays, check which proxy changes answers, and api.resource.', exitStatus: 1, retry: 'later' },
  API_BLOB_EXPIRED: { sentence: 'Tenant {tenant}, {what}: the blob has expired: {detail}.', repair: 'Its events cannot be had from the API any more. Keep the collector running: blobs live for seven days.', exitStatus: 1, retry: 'skip' },
  API_BLOB_UNKNOWN: { sentence: 'Tenant {tenant}, {what}: the service does not know the blob it listed: {detail}.', repair: 'Check that api.resource is the API host of the tenant\'s cloud; a single blob is a mistake of the service.', exitStatus: 1, retry: 'skip' },
  API_PERMISSION: { sentence: 'Tenant {tenant}, {what}: the application lacks the permission: {detail}.', repair: 'Give it ActivityFeed.Read of "Office 365 Management APIs" (for DLP.All also ActivityFeed.ReadDlp) as application permission, and let an administrator consent.', exitStatus: 3, retry: 'never' },
  API_CONTENT_TYPE: { sentence: 'Tenant {tenant}, {what}: the service does not have this content type: {detail}.', repair: 'Take it out of content_type.', exitStatus: 2, retry: 'never' },
  API_TENANT: { sentence: 'Tenant {tenant}, {what}: the service does not take this tenant: {detail}.', repair: 'Switch auditing on in Microsoft Purview (it takes up to an hour), and check the tenant\'s id and api.resource.', exitStatus: 3, retry: 'never' },
  API_UNAUTHORIZED: { sentence: 'Tenant {tenant}, {what}: the service does not accept the token: {detail}.', repair: 'Check that api.resource is the API host of the tenant\'s cloud, and api.authentication_endpoint its login host.', exitStatus: 3, retry: 'never' },
  API_FORBIDDEN: { sentence: 'Tenant {tenant}, {what}: the service refuses without saying why: {detail}.', repair: 'Check the application\'s permissions, and whether a proxy or firewall answers in the service\'s place.', exitStatus: 3, retry: 'never' },
  API_REFUSED: { sentence: 'Tenant {tenant}, {what}: the service refuses: {detail}.', repair: 'Report this with the line above: the program asked in a way that the service does not take.', exitStatus: 1, retry: 'never' },
  API_START_LIMIT: { sentence: 'Tenant {tenant}, {what}: too soon after the last start: {detail}.', repair: 'Nothing: subscriptions may be started once in 15 minutes, and this one is started again then.', exitStatus: 1, retry: 'later' },
  API_THROTTLED: { sentence: 'Tenant {tenant}, {what}: the service keeps throttling: {detail}.', repair: 'Lower api.max_requests_per_minute if other programs read the same tenant.', exitStatus: 1, retry: 'later' },
  API_UNAVAILABLE: { sentence: 'Tenant {tenant}, {what}: the service is not available: {detail}.', repair: 'Nothing: it is tried again. See https://status.cloud.microsoft if it lasts.', exitStatus: 1, retry: 'later' },
  API_UNREADABLE: { sentence: 'Tenant {tenant}, {what}: the answer cannot be read: {detail}.', repair: 'Nothing, if it stays an exception; else check which proxy changes answers, and api.resource.', exitStatus: 1, retry: 'later' },

  // ledger: what is owed, on disk
  LEDGER_LOCKED: { sentence: 'The state directory {directory} is in use by process {pid}, since {since}.', repair: 'Let that process do the work or stop it, or give this one a --state-dir of its own.', exitStatus: 4, retry: 'later' },
  LEDGER_DIRECTORY: { sentence: 'The state directory {directory} cannot be used: {reason}.', repair: 'Give --state-dir a directory on a local disk that this process may write to.', exitStatus: 2, retry: 'never' },
  LEDGER_PATH_TOO_LONG: { sentence: 'The path of the state directory {directory} is too long for a socket in it ({bytes} bytes; the system takes {bytesMax}).', repair: 'Give --state-dir a shorter path, or one relative to the working directory.', exitStatus: 2, retry: 'never' },
  LEDGER_DISK_FULL: { sentence: 'The disk of {file} is full: nothing can be committed.', repair: 'Make room. The program goes on by itself then, and nothing is lost.', exitStatus: 1, retry: 'later' },
  LEDGER_WRITE: { sentence: 'Writing to {file} failed: {reason}.', repair: 'Mend what the reason names. The program goes on by itself then, and nothing is lost.', exitStatus: 1, retry: 'later' },
  DEAD_LETTERS_FULL: { sentence: 'The folder of dead letters {folder} is full: it holds {letters} events in {bytes} bytes.', repair: 'Deliver them by o365audit replay --dead-letters, delete what nobody needs, or raise dead_letters_limit and dead_letters_size. Until then content blobs with such events stay owed.', exitStatus: 1, retry: 'later' },
  LEDGER_CLOSED: { sentence: '{file} is closed, and takes no commits any more.', repair: 'Nothing is lost: what was not committed is delivered again by the next run.', exitStatus: 0, retry: 'never' },

  // store: Elasticsearch and OpenSearch
  KIBANA_REFUSED: { sentence: 'Kibana at {kibana} does not take the dashboard (HTTP {status}): {reason}.', repair: 'Check the address, the space and the rights of the key or user: saved objects are written. The file can also be imported by hand: o365audit setup --print writes it.', exitStatus: 1, retry: 'never' },
  STORE_ADDRESS: { sentence: 'The address of the store cannot be used: {reason}.', repair: 'Give --elasticsearch or ELASTICSEARCH_URL as https://host:9200, several with commas between; user and password go into ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD, a key into ELASTICSEARCH_API_KEY.', exitStatus: 2, retry: 'never' },
  STORE_OTHER: { sentence: 'What answers at {store} is neither Elasticsearch nor OpenSearch.', repair: 'Check address and port, and whether a proxy answers in their place.', exitStatus: 2, retry: 'never' },
  STORE_UNAUTHORIZED: { sentence: '{store} does not know who asks ({what}): {reason}.', repair: 'Set ELASTICSEARCH_API_KEY, or ELASTICSEARCH_USERNAME and ELASTICSEARCH_PASSWORD.', exitStatus: 3, retry: 'never' },
  STORE_FORBIDDEN: { sentence: '{store} does not allow this ({what}): {reason}.', repair: 'setup and check need the cluster privileges monitor, manage_index_templates and manage_ingest_pipelines, and manage for logs-o365.*; audit and report need read for logs-o365.audit-*, and audit view_index_metadata to tell what the store has deleted by right.', exitStatus: 3, retry: 'never' },
  STORE_BLOCKED: { sentence: '{store} is blocked there ({what}): {reason}.', repair: 'Somebody has set the block, or a policy, or a full disk has: GET _settings of the index and GET _cluster/settings show it; take it away, or wait until who set it has.', exitStatus: 1, retry: 'later' },
  STORE_CLOSED: { sentence: '{store} cannot search what is closed ({what}): {reason}.', repair: 'Somebody has closed the index, or a policy has: open it by POST INDEX/_open, and try again.', exitStatus: 1, retry: 'never' },
  STORE_BUSY: { sentence: '{store} is too busy or not available ({what}): {reason}.', repair: 'Run the command again later; look at the cluster\'s health.', exitStatus: 1, retry: 'later' },
  STORE_REFUSED: { sentence: '{store} refuses ({what}): {reason}.', repair: 'Mend what the reason names.', exitStatus: 1, retry: 'never' },
  STORE_UNREADABLE: { sentence: '{store} answered with something that cannot be read ({what}, HTTP {status}, {bytes} characters).', repair: 'Check the address, and whether a proxy answers in its place.', exitStatus: 1, retry: 'later' },
  STORE_FOREIGN: { sentence: '{store} has a {what} already, which was made by {owner} and not by o365audit setup.', repair: 'Nothing was changed. Rename or delete it, then run setup again.', exitStatus: 5, retry: 'never' },
  STORE_RIVAL: { sentence: '{store} has an index template {name} for {patterns} with the priority of ours, {priority}.', repair: 'Nothing was changed. Give it another priority (below, so that it stays for other names) or other patterns, then run setup again.', exitStatus: 5, retry: 'never' },
  STORE_ALIAS: { sentence: '{alias} cannot be an alias of data streams in {store}: {what}.', repair: 'Nothing was changed. Give --alias another name, or take this one away there.', exitStatus: 5, retry: 'never' },
  STORE_NEWER: { sentence: '{store} has the {what} of version {version}, and this is o365audit {own}.', repair: 'Nothing was changed. Run the newer o365audit, or remove what it installed by its setup --remove.', exitStatus: 5, retry: 'never' },
  STORE_UNPREPARED: { sentence: 'The store is not prepared for the documents: {parts}.', repair: 'Run o365audit setup with the same --elasticsearch.', exitStatus: 1, retry: 'never' },
  STORE_SHADOWED: { sentence: 'Another index template counts for {stream}, one of: {others}.', repair: 'Give it a priority below 500, or other index patterns; GET _index_template lists all.', exitStatus: 1, retry: 'never' },
  STORE_PLAIN: { sentence: '{stream} is an index and no data stream: no index template counts for it, and documents may be refused.', repair: '{repair}', exitStatus: 1, retry: 'never' },
  STORE_HALF_DONE: { sentence: '{done} of {count} changes were made; the next one ({subject}) was not: {reason}', repair: '{repair} Run setup again then: it goes on where it stopped.', exitStatus: 1, retry: 'never' },
  STORE_POLICY: { sentence: '{store} has no policy {policy} for the lifecycle of indices: {reason}.', repair: 'Nothing was changed. Make the policy first, or leave the option out.', exitStatus: 2, retry: 'never' },
  STORE_IN_USE: { sentence: '{store} still has data streams that need what is to be removed: {streams}.', repair: 'Nothing was changed. Delete them first if their documents may go (DELETE _data_stream/NAME), or keep the templates.', exitStatus: 5, retry: 'never' },
  STORE_FILES: { sentence: 'The files cannot be written to {folder}: {reason}.', repair: 'Name a folder that this process may write to.', exitStatus: 2, retry: 'never' },
} as const satisfies Record<string, Failure>;

export type FailureCode = keyof typeof FAILURES;

type Placeholders<Text extends string> = Text extends `${string}{${infer Name}}${infer Rest}` ? Name | Placeholders<Rest> : never;
type Values<Code extends FailureCode> = Record<Placeholders<(typeof FAILURES)[Code]['sentence' | 'repair']>, string | number>;

/** A failure from the table, with the underlying error as `cause`. */
export class AuditError extends Error {
  override readonly name = 'AuditError';
  readonly code: FailureCode;
  readonly repair: string;
  readonly values: Readonly<Record<string, string | number>>;

  constructor(code: FailureCode, values: Readonly<Record<string, string | number>>, cause?: unknown) {
    super(fill(FAILURES[code].sentence, values), cause === undefined ? undefined : { cause });
    this.code = code;
    this.values = values;
    this.repair = fill(FAILURES[code].repair, values);
  }

  get exitStatus(): number {
    return FAILURES[this.code].exitStatus;
  }

  get retry(): Failure['retry'] {
    return FAILURES[this.code].retry;
  }
}

/** Makes a failure; the compiler asks for exactly the values that its texts name. */
export function failure<Code extends FailureCode>(code: Code, values: Values<Code>, cause?: unknown): AuditError {
  return new AuditError(code, values, cause);
}

/** The reason in any thrown thing, as a clause for a failure's text: innermost cause last, no stack, no full stop. */
export function reasonOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const own = (thrown.message || thrown.name).replace(/\.$/, '');
  const inner = thrown instanceof AggregateError && thrown.errors.length > 0 ? thrown.errors[0] as unknown : thrown.cause;
  const cause = inner === undefined ? '' : reasonOf(inner);
  // a failure of the table often says its cause already
  return own.includes(cause) ? own : `${own}: ${cause}`;
}

/** The name that the system has for what went wrong, such as ENOENT; undefined where there is none. */
export function systemCodeOf(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;
}

function fill(text: string, values: Readonly<Record<string, string | number>>): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}
