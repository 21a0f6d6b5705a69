/** The few things a journal asks of a file system, as an interface, so that tests can have a full or broken disk at any moment. */
import { constants } from 'node:fs';
import { copyFile, open, readdir, rename, rm, truncate, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { failure, reasonOf, systemCodeOf, type AuditError } from '../errors.ts';

/** Journals are the operator's business only. */
const FILE_MODE = 0o600;

export interface JournalFile {
  /** Appends all of the bytes, or fails having written any part of them. */
  append(bytes: Uint8Array): Promise<void>;
  /** Resolves when what was appended survives a power cut. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface JournalFiles {
  /** Opens a file to append to it, emptying it first if `empty`. */
  open(path: string, empty: boolean): Promise<JournalFile>;
  rename(from: string, to: string): Promise<void>;
  /** Removes a file if it is there. */
  remove(path: string): Promise<void>;
  truncate(path: string, bytes: number): Promise<void>;
  copy(from: string, to: string): Promise<void>;
  /** Makes renames in a folder survive a power cut. */
  syncFolder(folder: string): Promise<void>;
}

/** LEDGER_DISK_FULL or LEDGER_WRITE: the failure for what the file system threw when `file` was to be written. */
export function writeFailure(file: string, error: unknown): AuditError {
  const code = systemCodeOf(error);
  return code === 'ENOSPC' || code === 'EDQUOT' ? failure('LEDGER_DISK_FULL', { file }, error) : failure('LEDGER_WRITE', { file, reason: reasonOf(error) }, error);
}

/** The real file system. */
export const realFiles: JournalFiles = {
  open: async (path, empty) => {
    const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_APPEND | (empty ? constants.O_TRUNC : 0), FILE_MODE);
    return {
      append: (bytes) => appendAll(handle, bytes),
      sync: () => handle.datasync(),
      close: () => handle.close(),
    };
  },
  rename,
  remove: (path) => rm(path, { force: true }),
  truncate,
  copy: async (from, to) => {
    await rm(to, { force: true });
    await copyFile(from, to);
  },
  syncFolder: async (folder) => {
    // Windows neither opens folders nor needs this.
    if (process.platform === 'win32') return;
    const handle = await open(folder, constants.O_RDONLY);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },
};

/** The names in a folder; none where there is no such folder. Rejects with the system's own error when it is there and cannot be read. */
export async function namesIn(folder: string): Promise<string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

/** Replaces a file, durable when it resolves: after a kill or a power cut it is the old one or the new one. Each part is written before the next is asked for. Rejects with the system's own error. */
export async function replaceFile(path: string, parts: Iterable<Uint8Array>, files: JournalFiles): Promise<void> {
  const next = `${path}.new`;
  const file = await files.open(next, true);
  try {
    for (const part of parts) await file.append(part);
    await file.sync();
  } catch (error) {
    // half of it is of no use, and its room may be what is missing
    await files.remove(next).catch(() => undefined);
    throw error;
  } finally {
    await file.close();
  }
  await files.rename(next, path);
  await files.syncFolder(dirname(path));
}

async function appendAll(handle: FileHandle, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += (await handle.write(bytes, written)).bytesWritten;
}
