/**
 * Log lines for the operator, on stderr; stdout belongs to events and status records. Every line the program can write stands in one table:
 * a sentence whose values are separate fields. Levels mean consequences: error = an event was lost or a human must act; warn = surprising but
 * recovered; info = what an operator wants to see once; debug = one line a step; trace = one line a request, never a secret, never an event's body.
 */
export type LogLevel = 'error' | 'warn' | 'info' | 'debug' | 'trace';
export const LOG_LEVELS: readonly LogLevel[] = ['error', 'warn', 'info', 'debug', 'trace'];

export const LINES = {
  'collect.started': ['info', 'Collecting.'],
  'collect.cannot_start': ['error', 'The program cannot start. It ends after a wait, so that whoever starts it again does not do so in a storm.'],
  'collect.held_back': ['error', 'The program has failed. It ends after a wait, so that whoever starts it again does not do so in a storm.'],
  'collect.state_unusable': ['warn', 'The state directory could not be written for a moment.'],
  'collect.stopped': ['info', 'Stopped.'],
  'collect.caught_up': ['info', 'Everything that there was has been delivered.'],
  'tenant.resumed': ['info', 'Earlier runs left content blobs that are owed; they come first.'],
  'tenant.refused': ['error', 'The tenant cannot be collected until somebody mends this; the program looks again by itself.'],
  'tenant.failed': ['warn', 'The tenant could not be listed; the program tries again by itself.'],
  'tenant.set_aside': ['warn', 'Nothing of the tenant can be had at the moment. The content blobs that wait stay owed and are tried again in the next round.'],
  'tenant.clock_skew': ['warn', 'This machine\'s clock and the service\'s differ. Spans of time go by the service\'s where it is adjusted.'],
  'tenant.lost_window': ['error', 'The service no longer serves this span of time, and it was never listed: its events are lost.'],
  'subscription.started': ['info', 'A subscription was started. The first content can take up to 12 hours.'],
  'subscriptions.unknown': ['warn', 'The subscriptions could not be asked for; the content types are listed all the same.'],
  'feed.degraded': ['error', 'A content type cannot be collected until somebody mends this; the others go on.'],
  'feed.failed': ['warn', 'A content type could not be listed; it is listed in the next round.'],
  'window.listed': ['debug', 'A window was listed.'],
  'blob.delivered': ['debug', 'A content blob was delivered and committed.'],
  'blob.again': ['debug', 'A content blob could not be delivered; it is fetched again.'],
  'blob.waiting': ['warn', 'A content blob could not be delivered in several attempts; it stays owed and is tried again in the next round.'],
  'blob.lost': ['error', 'A content blob can no longer be had: its events are lost.'],
  'order.taken': ['info', 'An order of the operator was taken over.'],
  'order.unreadable': ['warn', 'An order of the operator cannot be read, and was put aside.'],
  'order.failed': ['warn', 'Orders of the operator cannot be taken over now; they are met again.'],
  'event.dead_lettered': ['error', 'The output does not take an event. It was put to the dead letters, and the others of its blob or file go on. o365audit replay delivers it again.'],
  'file.delivered': ['debug', 'Events of a file were delivered.'],
  'file.failed': ['warn', 'A file could not be collected; it is tried again by and by.'],
  'file.none': ['warn', 'No file matches the patterns. They are looked through again and again.'],
  'map.failed': ['error', 'A file could not be mapped to its end; the others go on.'],
  'module.replaced': ['debug', 'The mapping module was replaced by a fresh instance: a large event had made its memory grow.'],
  'program.stopping': ['info', 'Stopping: finishing what is in flight.'],

  // plugin/config
  'config.notice': ['warn', 'A setting works otherwise than its author may expect.'],

  // output
  'output.connected': ['info', 'Connected to the log agent.'],
  'output.trouble': ['warn', 'The log agent takes no events. They wait here, and it is tried again for as long as needed.'],
  'output.recovered': ['info', 'The log agent takes events again.'],
  'output.slow': ['warn', 'The log agent has acknowledged nothing for a while. Each does so at the pace of the store behind it, and Vector over TCP only.'],
  'output.attempt_failed': ['debug', 'The log agent could not be reached, or left frames unanswered.'],
  'output.idle_end': ['debug', 'A connection on which nothing was waiting for an answer has ended.'],
  'output.unknown_chunk': ['warn', 'The log agent acknowledged a chunk that is not on its way; further ones are ignored silently on this connection.'],

  // status records and progress
  'metrics.listening': ['info', 'Metrics and health are served.'],
  'status.unreadable': ['warn', 'What the last run counted could not be read; counting begins at zero. What is owed and delivered is not affected.'],
  'status.unwritten': ['warn', 'The file that o365audit status reads could not be written. Collecting goes on.'],
  'status.dropped': ['warn', 'A status record was dropped, because the reader of stdout is too slow or gone; further ones are dropped silently.'],

  // the simulator
  'simulator.listening': ['info', 'The simulated Management Activity API is listening.'],
  'simulator.full': ['warn', 'The simulator holds as many bytes as it may: no live events until older ones expire.'],
  'simulator.request': ['trace', 'The simulator answered a request.'],
  'simulator.failed': ['error', 'The simulator could not answer a request.'],

  // network
  'network.answer': ['trace', 'A server answered.'],
  'network.tunnel': ['debug', 'The proxy opened a way to a host.'],
  'network.trace_full': ['warn', 'The file for traces of requests has reached its largest size; nothing more is written into it.'],
  'network.again': ['debug', 'A reused connection was dead; asking once more on a new one.'],

  // auth
  'auth.token': ['debug', 'Got a token.'],
  'auth.refused': ['debug', 'The token endpoint refused; its own ids for Microsoft\'s support are these.'],
  'auth.renewal_failed': ['warn', 'The token could not be renewed; the old one is used until it expires.'],
  'auth.next_certificate': ['warn', 'The newest certificate is not accepted yet, or not any more; the other one of the file is tried.'],
  'auth.credential_changed': ['info', 'The credential on disk has changed since it was refused; it is tried again at once.'],
  'auth.rejected': ['debug', 'The API refused the token; the next request gets a new one.'],
  'auth.clouds_mixed': ['warn', 'The login host and the API host belong to different Microsoft clouds; no token will fit.'],
  'auth.expiring': ['warn', 'The credential of the application expires soon. Create a new one in Entra, and configure it.'],
  'auth.expiry_unknown': ['debug', 'When the certificate expires could not be read.'],
  'auth.msal': ['trace', 'msal-node says something.'],

  // api
  'api.repeat': ['debug', 'A call did not succeed; it is made again after a while.'],
  'api.throttled': ['warn', 'The service throttles; the tenant pauses.'],
  'api.relinked': ['warn', 'A blob was listed with a link that leads elsewhere; its own link was made from its id.'],
  'api.page_relinked': ['warn', 'The link to the next page leads elsewhere; it was made anew from its token, for the configured host.'],
  'api.link_refused': ['warn', 'The link to the next page leads elsewhere, or back; it was not followed.'],
  'api.listing_again': ['debug', 'The service does not know its own link to the next page any more; the listing begins anew.'],
  'api.element_unusable': ['error', 'A listing contained something that is no blob; what it stands for cannot be fetched.'],
  'api.blob_has_pages': ['warn', 'A blob came with a link to a next page, which is not documented and not followed.'],

  // ledger
  'ledger.stale_lock': ['info', 'The last process did not end by itself; its lock was removed.'],
  'ledger.bad_line': ['warn', 'A line of the journal is damaged and was passed over.'],
  'ledger.mending': ['warn', 'The journal is damaged. All that the service still has is listed again, and what is known as delivered is not fetched again.'],
  'ledger.other_tenants': ['warn', 'A tenant begins anew, and the state directory knows one that is not configured. If that is the same under its other id: stop, move the new journal away, and say o365audit state rename.'],
  'ledger.newer': ['warn', 'The journal was written by a newer version of this program. It was put aside, and collection begins anew from what the service still has.'],
  'ledger.cut_line': ['debug', 'The last line of the journal was cut off, as happens when a process is killed.'],
  'ledger.snapshot': ['debug', 'The journal was written anew.'],
  'ledger.snapshot_failed': ['warn', 'The journal could not be written anew; the old one grows on.'],
  'ledger.write_failed': ['error', 'The journal cannot be written. Nothing is committed until it can.'],
  'ledger.positions_lost': ['warn', 'What files were read up to is not known any more; they are read again, and their events keep their ids.'],
  'dedupe.limit': ['warn', 'More events were delivered within the retention than may be remembered. The oldest are forgotten; were they listed again, they would be sent again.'],
  'dedupe.cut': ['debug', 'A file of ids of delivered events was cut off or damaged; the events behind that place are forgotten.'],
  'dedupe.write_failed': ['warn', 'The ids of delivered events cannot be written. Events may be sent twice after the next start, under the same ids.'],
  'letters.damaged': ['error', 'The file of a dead letter is damaged, and was passed over.'],
  'letters.refused': ['warn', 'A dead letter was not delivered; it is kept.'],
  'letters.full': ['error', 'The folder of dead letters is full. Content blobs with events that the output does not take stay owed until there is room.'],
  'ledger.mended': ['info', 'The journal can be written again.'],

  // store
  'store.next_node': ['warn', 'A node of the store cannot be reached; the next one is asked.'],
  'store.busy': ['warn', 'The store is busy; it is asked again after a while.'],
} as const satisfies Record<string, readonly [LogLevel, string]>;

export type LogLine = keyof typeof LINES;
export type LogValues = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** Writes one line of the table; values travel beside the sentence, never inside it. */
export type Log = (line: LogLine, values?: LogValues) => void;

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'text' | 'json';
  readonly nowMs: () => number;
  readonly write: (text: string) => void;
}

/** A log that writes lines up to `level`, as `time level sentence key=value…` or as one JSON object a line. */
export function createLog({ level, format, nowMs, write }: LogOptions): Log {
  const rank = LOG_LEVELS.indexOf(level);
  return (line, values = {}) => {
    const [lineLevel, sentence] = LINES[line];
    if (LOG_LEVELS.indexOf(lineLevel) > rank) return;
    const time = new Date(nowMs()).toISOString();
    write(format === 'json' ? `${JSON.stringify({ time, level: lineLevel, line, message: sentence, ...values })}\n`
      : `${time} ${lineLevel.padEnd(5)} ${sentence}${fields(values)}\n`);
  };
}

/** A log that says nothing, for parts used without an operator. */
export const silentLog: Log = () => undefined;

function fields(values: LogValues): string {
  return Object.entries(values).filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${typeof value === 'string' && /[\s"=]|^$/.test(value) ? JSON.stringify(value) : String(value)}`).join('');
}
