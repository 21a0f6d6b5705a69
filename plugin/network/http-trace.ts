/**
 * What is sent and answered, a line of JSON for each exchange, for whoever has to find out what a proxy does or for Microsoft's support. What is not known to
 * be harmless is hidden: tokens, secrets, assertions, and all bodies. The file belongs to this user alone and grows to a limit.
 */
import { closeSync, fchmodSync, openSync, writeSync } from 'node:fs';
import { failure, systemCodeOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock } from '../types.ts';

export interface TracedRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

export type TracedAnswer =
  | { readonly status: number; readonly headers: Readonly<Record<string, string | string[] | undefined>>; readonly ms: number }
  | { readonly failed: string; readonly ms: number };

export interface HttpTrace {
  note(request: TracedRequest, answer: TracedAnswer): void;
  close(): void;
}

export const TRACE_BYTES_MAX = 10 * 1024 * 1024;
const VALUE_CHARACTERS_MAX = 400;
/** Shorter pieces of a secret occur in anything. */
const ECHO_CHARACTERS_MIN = 6;
const HIDDEN = '<hidden>';

const REQUEST_HEADERS = new Set(['accept', 'accept-encoding', 'content-type', 'content-length', 'user-agent', 'client-request-id', 'return-client-request-id']);
const ANSWER_HEADERS = new Set(['date', 'content-type', 'content-length', 'content-encoding', 'transfer-encoding', 'retry-after', 'nextpageuri', 'location', 'server', 'via',
  'connection', 'request-id', 'client-request-id', 'x-ms-request-id', 'x-ms-ests-server', 'x-cache', 'x-azure-ref', 'www-authenticate']);
const FORM_FIELDS = new Set(['grant_type', 'client_id', 'scope', 'client_assertion_type', 'client_info']);
const QUERY_FIELDS = new Set(['contenttype', 'starttime', 'endtime', 'nextpage', 'publisheridentifier']);

/** Opens the file anew, for this user alone. Throws NETWORK_TRACE_FILE. */
export function openHttpTrace(file: string, clock: Clock, log: Log, limitBytes = TRACE_BYTES_MAX): HttpTrace {
  let descriptor: number | undefined;
  let bytes = 0;
  try {
    descriptor = openSync(file, 'w', 0o600);
    // The mode above is for a new file only.
    fchmodSync(descriptor, 0o600);
  } catch (error) {
    throw failure('NETWORK_TRACE_FILE', { file, reason: systemCodeOf(error) ?? 'it cannot be opened' }, error);
  }
  const close = (): void => {
    if (descriptor !== undefined) closeSync(descriptor);
    descriptor = undefined;
  };
  return {
    note(request, answer) {
      if (descriptor === undefined) return;
      const line = Buffer.from(`${JSON.stringify({ time: new Date(clock.nowMs()).toISOString(), ...redacted(request, answer) })}\n`);
      bytes += line.length;
      if (bytes <= limitBytes && written(descriptor, line)) return;
      log('network.trace_full', { file });
      close();
    },
    close,
  };
}

/** A disk that is full ends the trace, never the collection. */
function written(descriptor: number, line: Buffer): boolean {
  try {
    return writeSync(descriptor, line) === line.length;
  } catch {
    return false;
  }
}

function redacted({ method, url, headers, body }: TracedRequest, answer: TracedAnswer): object {
  const hidden: string[] = [];
  const shown = (entries: Iterable<readonly [string, string]>, known: ReadonlySet<string>): Record<string, string> => Object.fromEntries([...entries].map(([name, value]) => {
    if (known.has(name.toLowerCase())) return [name, short(value)];
    hidden.push(value.replace(/^(Bearer|Basic) /, ''));
    return [name, HIDDEN];
  }));
  const request = {
    method, url: `${url.origin}${url.pathname}`,
    query: shown(url.searchParams, QUERY_FIELDS),
    headers: shown(Object.entries(headers), REQUEST_HEADERS),
    ...(typeof body === 'string' && isForm(headers) ? { form: shown(new URLSearchParams(body), FORM_FIELDS) } : {}),
    bytes: body === undefined ? 0 : Buffer.byteLength(body),
  };
  if ('failed' in answer) return { request, failed: withoutEchoes(answer.failed, hidden), ms: answer.ms };
  const lines = Object.entries(answer.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value ?? ''] as const);
  const answerHeaders = Object.fromEntries(lines.map(([name, value]) => [name, ANSWER_HEADERS.has(name.toLowerCase()) ? withoutEchoes(short(value), hidden) : HIDDEN]));
  return { request, answer: { status: answer.status, headers: answerHeaders }, ms: answer.ms };
}

/** A server may say a secret back to us, whole or in part. */
function withoutEchoes(value: string, hidden: readonly string[]): string {
  return hidden.some((secret) => hasPieceOf(secret, value)) ? HIDDEN : value;
}

function hasPieceOf(secret: string, value: string): boolean {
  for (let at = 0; at + ECHO_CHARACTERS_MIN <= secret.length; at += 1) if (value.includes(secret.slice(at, at + ECHO_CHARACTERS_MIN))) return true;
  return false;
}

function isForm(headers: Readonly<Record<string, string>>): boolean {
  return Object.entries(headers).some(([name, value]) => name.toLowerCase() === 'content-type' && value.startsWith('application/x-www-form-urlencoded'));
}

function short(value: string): string {
  return value.length > VALUE_CHARACTERS_MAX ? `${value.slice(0, VALUE_CHARACTERS_MAX)}…` : value;
}
