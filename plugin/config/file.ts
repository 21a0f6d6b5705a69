/** The configuration file as text. */
import { readFileSync, statSync } from 'node:fs';
import { failure, reasonOf, systemCodeOf } from '../errors.ts';

/** A configuration is written by hand; anything larger is another file. */
const maxFileBytes = 1024 * 1024;

/** Reads a file as UTF-8; undefined if there is none. Throws CONFIG_UNREADABLE: no permission, a folder, too large, not UTF-8. */
export function readConfigFile(path: string): string | undefined {
  try {
    const status = statSync(path);
    if (status.isDirectory()) throw new Error('it is a folder');
    if (status.size > maxFileBytes) throw new Error(`it has ${status.size} bytes, and a configuration has at most ${maxFileBytes}`);
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(path));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    const isEncoding = error instanceof TypeError && systemCodeOf(error) === 'ERR_ENCODING_INVALID_ENCODED_DATA';
    throw failure('CONFIG_UNREADABLE', { path, reason: isEncoding ? 'it is not UTF-8 text' : reasonOf(error) }, error);
  }
}

/** Whether every user of this machine may read the file; false where modes mean nothing. */
export function isReadableByAll(path: string): boolean {
  return process.platform !== 'win32' && (statSync(path, { throwIfNoEntry: false })?.mode ?? 0) % 8 >= 4;
}
