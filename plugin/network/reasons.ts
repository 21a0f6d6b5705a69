/** Turns whatever undici, TLS, DNS or zlib throws into one of the NETWORK_ failures. No URL goes in, only a host: a query may hold secrets. */
import { errors } from 'undici';
import { AuditError, failure, reasonOf } from '../errors.ts';
import { TIME_IS_UP } from './deadline.ts';

const CONNECT_CODES = new Set(['ENOTFOUND', 'EAI_AGAIN', 'ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL', 'UND_ERR_CONNECT_TIMEOUT', 'ENOENT', 'EACCES']);
const RESET_CODES = new Set(['UND_ERR_SOCKET', 'ECONNRESET', 'EPIPE']);
/** `802C…:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../deps/…c:350:`, of which operators need one part. */
const OPENSSL_REASON = /^[0-9A-F]+:error:[^:]*:[^:]*:[^:]*:([^:]+):/;
const SILENT_CODES = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT']);

/** The failure for `thrown`, which came up in an exchange with `host`. A failure of the table passes unchanged. */
export function networkFailure(thrown: unknown, host: string): AuditError {
  if (thrown instanceof AuditError) return thrown;
  if (thrown === TIME_IS_UP) return failure('NETWORK_SILENT', { host, reason: TIME_IS_UP.message });
  const code = codeOf(thrown);
  const reason = reasonOf(thrown);
  if (CONNECT_CODES.has(code)) return failure('NETWORK_UNREACHABLE', { host, reason }, thrown);
  if (SILENT_CODES.has(code)) return failure('NETWORK_SILENT', { host, reason }, thrown);
  if (isTls(code)) return failure('NETWORK_TLS', { host, reason: OPENSSL_REASON.exec(reason)?.[1] ?? reason }, thrown);
  if (thrown instanceof errors.HTTPParserError || thrown instanceof errors.HeadersOverflowError) return failure('NETWORK_NOT_HTTP', { host, reason }, thrown);
  return failure('NETWORK_BROKEN', { host, reason }, thrown);
}

/** Whether a connection was reset under the request, as happens when the server closed an idle one. */
export function isReset(thrown: unknown): boolean {
  return RESET_CODES.has(codeOf(thrown));
}

function isTls(code: string): boolean {
  return code.startsWith('ERR_TLS') || code.startsWith('ERR_SSL') || code.startsWith('CERT_') || code === 'EPROTO'
    || /CERTIFICATE|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA/.test(code);
}

/** What an exchange was aborted with: the caller's own reason, or the failure for a deadline that passed; undefined if it was not aborted. */
export function abortReason(signal: AbortSignal, host: string): Error | undefined {
  if (!signal.aborted) return undefined;
  const reason: unknown = signal.reason;
  if (reason === TIME_IS_UP) return networkFailure(reason, host);
  return reason instanceof Error ? reason : new Error(reasonOf(reason));
}

/** The code of an error, of the first one it gathers (happy eyeballs), or of its cause. */
function codeOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return '';
  if ('code' in thrown && typeof thrown.code === 'string') return thrown.code;
  if (thrown instanceof AggregateError) return codeOf(thrown.errors[0]);
  return codeOf(thrown.cause);
}
