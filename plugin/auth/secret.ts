/** The text of a secret, from wherever it is kept. It is read anew whenever it is needed, so that a rotated one counts at once. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { failure, systemCodeOf } from '../errors.ts';
import type { SecretSource } from '../types.ts';

/** A program that looks a secret up in a vault may take so long. */
const HELPER_LIMIT_MS = 30_000;
/** Secrets are short; anything longer is another file, or another program's chatter. */
const SECRET_BYTES_MAX = 16 * 1024;

/**
 * Reads a secret; a line feed at its end is not a part of it. `what` names it in failures, as `client secret`.
 *
 * Throws AUTH_SECRET_UNREADABLE, AUTH_HELPER, or the signal's reason. No failure quotes anything of what was read.
 */
export async function readSecret(source: SecretSource, what: string, signal?: AbortSignal): Promise<string> {
  if (typeof source === 'string') return source;
  return 'file' in source ? readSecretFile(source.file, what) : askHelper(source.command, what, signal);
}

async function readSecretFile(file: string, what: string): Promise<string> {
  const unreadable = (reason: string): Error => failure('AUTH_SECRET_UNREADABLE', { what, place: file, reason });
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    throw unreadable(systemCodeOf(error) ?? 'it cannot be opened');
  }
  if (bytes.length > SECRET_BYTES_MAX) throw unreadable(`it has ${bytes.length} bytes, and a secret at most ${SECRET_BYTES_MAX}`);
  const secret = bareText(bytes.toString());
  if (secret === '') throw unreadable('it is empty');
  if (/[\r\n]/.test(secret)) throw unreadable('it has several lines');
  return secret;
}

/** Runs the program with the rights and the environment of this process. What it says on stderr is not repeated: it may be the secret. */
function askHelper([program = '', ...words]: readonly string[], what: string, signal?: AbortSignal): Promise<string> {
  const failed = (reason: string): Error => failure('AUTH_HELPER', { program, what, reason, seconds: HELPER_LIMIT_MS / 1000 });
  return new Promise((resolve, reject) => {
    const child = execFile(program, words, { timeout: HELPER_LIMIT_MS, killSignal: 'SIGKILL', maxBuffer: SECRET_BYTES_MAX, windowsHide: true, ...(signal === undefined ? {} : { signal }) }, (error, stdout) => {
      const secret = bareText(stdout);
      const problem = error !== null ? endOf(error) : secret === '' ? 'it printed nothing' : /[\r\n]/.test(secret) ? 'it printed several lines' : undefined;
      if (signal?.aborted === true) reject(signal.reason as Error);
      else if (problem !== undefined) reject(failed(problem));
      else resolve(secret);
    });
    child.stdin?.end();
  });
}

function endOf(error: { readonly code?: string | number | null | undefined; readonly killed?: boolean | undefined; readonly signal?: string | null | undefined }): string {
  if (error.code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER') return `it printed more than ${SECRET_BYTES_MAX} bytes`;
  if (error.killed === true) return 'it took too long';
  if (typeof error.code === 'number') return `it ended with status ${error.code}`;
  return typeof error.code === 'string' ? error.code : `it was ended by ${error.signal ?? 'something'}`;
}

/** The text without the line end that editors and `echo` put behind it, and without a byte order mark. */
function bareText(text: string): string {
  return text.replace(/^\uFEFF/, '').replace(/\r?\n$/, '');
}
