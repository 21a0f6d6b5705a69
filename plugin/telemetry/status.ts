/**
 * What the collector tells the pipeline about itself: one ECS record a line on stdout, where Fluent Bit's exec input reads it and tags it
 * o365.status. They are for people and alerts, at most once: a slow reader loses records, never holds up events. When stdout carries events
 * there is no place for them, and the log lines on stderr must do.
 */
import { randomUUID } from 'node:crypto';
import type { Log } from './log.ts';

/** Fluent Bit's exec input splits a line at 4,096 bytes, its end included, unless it is told otherwise. */
export const STATUS_LINE_LIMIT_BYTES = 4_000;
/** More tags than this are not repeated on status records. */
export const STATUS_TAG_LIMIT = 20;

/** How each field of `o365.status` is typed; a name has one type in all kinds. A time is an RFC 3339 text. */
type FieldType = 'text' | 'number' | 'time';

interface Kind {
  /** ECS event.kind. */
  readonly kind: 'event' | 'state' | 'metric' | 'alert';
  readonly message: string;
  readonly fields: Readonly<Record<string, FieldType>>;
}

/** Every kind of status record, by its `event.action`. */
export const STATUS_KINDS = {
  started: { kind: 'event', message: 'The collector started.', fields: { version: 'text', process_id: 'number', tenants: 'number', output: 'text', format: 'text' } },
  stopped: { kind: 'event', message: 'The collector stopped.', fields: { reason: 'text', events: 'number', blobs: 'number' } },
  caught_up: { kind: 'state', message: 'Everything that the service offered has been delivered.', fields: { tenant: 'text', events: 'number', blobs: 'number' } },
  lag: { kind: 'metric', message: 'How far delivery is behind the service.', fields: { tenant: 'text', content_type: 'text', lag_seconds: 'number', waiting_blobs: 'number' } },
  lost_window: { kind: 'alert', message: 'Events of this time can no longer be had from the service.', fields: { tenant: 'text', content_type: 'text', from: 'time', to: 'time', reason: 'text' } },
  cannot_start: { kind: 'alert', message: 'The collector cannot start.', fields: { code: 'text', reason: 'text', repair: 'text', retry_seconds: 'number' } },
  credential_expires: { kind: 'metric', message: 'When the credential of the application expires.', fields: { tenant: 'text', expires: 'time', days_left: 'number' } },
  credential_expiring: { kind: 'alert', message: 'The credential of the application expires soon.', fields: { tenant: 'text', expires: 'time', days_left: 'number' } },
} as const satisfies Record<string, Kind>;

export type StatusKind = keyof typeof STATUS_KINDS;
type Value<Type> = Type extends 'number' ? number : string;
export type StatusFields<Name extends StatusKind> = {
  readonly [Field in keyof (typeof STATUS_KINDS)[Name]['fields']]: Value<(typeof STATUS_KINDS)[Name]['fields'][Field]>;
};

/** Writes one status record; never fails and never waits. */
export type Status = <Name extends StatusKind>(kind: Name, fields: StatusFields<Name>) => void;

export interface StatusOptions {
  readonly stream: NodeJS.WritableStream;
  /** data_stream.namespace of the records. */
  readonly namespace: string;
  readonly tags: readonly string[];
  readonly nowMs: () => number;
  readonly log: Log;
}

/** A status that says nothing, for when stdout belongs to events. */
export const silentStatus: Status = () => undefined;

/** A status whose records go to `stream`, each a line of at most STATUS_LINE_LIMIT_BYTES: long texts are cut. */
export function createStatus({ stream, namespace, tags, nowMs, log }: StatusOptions): Status {
  let writable = true;
  let said = false;
  stream.on('drain', () => {
    writable = true;
  });
  // A reader that has gone away is met again at the next write; here its error only must not end the program.
  stream.on('error', () => {
    writable = false;
  });
  return (kind, fields) => {
    if (writable) {
      writable = stream.write(encodeStatus(kind, fields, { namespace, tags, nowMs }));
    } else if (!said) {
      said = true;
      log('status.dropped', { kind });
    }
  };
}

function encodeStatus(kind: StatusKind, fields: object, options: Pick<StatusOptions, 'namespace' | 'tags' | 'nowMs'>): string {
  const id = randomUUID();
  const created = new Date(options.nowMs()).toISOString();
  const line = (limit: number): string => `${JSON.stringify({
    event: { id, kind: STATUS_KINDS[kind].kind, dataset: 'o365.status', module: 'o365', action: kind, created },
    data_stream: { type: 'logs', dataset: 'o365.status', namespace: options.namespace },
    message: STATUS_KINDS[kind].message,
    o365: { status: Object.fromEntries(Object.entries(fields).map(([name, value]: [string, unknown]) => [name, shorten(value, limit)])) },
    tags: options.tags.slice(0, STATUS_TAG_LIMIT).map((tag) => shorten(tag, limit)),
  })}\n`;
  // The last limit always fits, even when every character becomes an escape of six.
  return [1024, 256, 64].map(line).find((text) => Buffer.byteLength(text) <= STATUS_LINE_LIMIT_BYTES) ?? line(16);
}

/** A text of at most `limit` characters, without halves of characters; other values as they are. */
function shorten(value: unknown, limit: number): unknown {
  if (typeof value !== 'string') return value;
  const text = Buffer.from(value).toString();
  return text.length <= limit ? text : `${text.slice(0, limit - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
}

/** How every field under `o365.status` is typed, all kinds together; a test holds that a name has one type. */
export function statusFieldTypes(): Readonly<Record<string, FieldType>> {
  return Object.fromEntries(Object.values(STATUS_KINDS).flatMap(({ fields }) => Object.entries(fields as Readonly<Record<string, FieldType>>)).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
