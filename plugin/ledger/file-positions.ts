/** How far files of events were delivered, for the collector's `var.input: file`. */
import { join } from 'node:path';
import { failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import { writeFailure, type JournalFiles } from './files.ts';
import { keepText, readKeptObject, readKeptText } from './kept-text.ts';

/** A file that is known by what it is, not by its name, so that a rotated one is not read again. */
export interface FilePosition {
  /** Everything before this byte is delivered. */
  readonly bytes: number;
  /** A hash of the file's beginning, as much of it as was delivered then: another file in the same place is told apart by it. */
  readonly head: string;
  readonly headBytes: number;
}

export interface FilePositions {
  /** By device and inode. */
  get(file: string): FilePosition | undefined;
  /** Takes a position in; `save` makes it durable. */
  set(file: string, position: FilePosition): void;
  /** Resolves when all that was set is durable, at once when it is already. Rejects with LEDGER_WRITE or LEDGER_DISK_FULL. */
  save(): Promise<void>;
}

/** Beyond this the files that were read longest ago are forgotten; were they still there, they would be delivered again, under the same ids. */
const FILES_LIMIT = 20_000;

/** Opens what an earlier run left in the state directory; `files` is for tests. Throws LEDGER_DIRECTORY. */
export async function openFilePositions(directory: string, log: Log, files?: JournalFiles): Promise<FilePositions> {
  const path = join(directory, 'files.json');
  const positions = await readPositions(path, log);
  let changes = 0;
  let saved = 0;
  let saving: Promise<void> = Promise.resolve();

  async function write(): Promise<void> {
    if (saved === changes) return;
    const writing = changes;
    try {
      await keepText(path, `${JSON.stringify({ version: 1, files: Object.fromEntries(positions) })}\n`, files);
    } catch (error) {
      throw writeFailure(path, error);
    }
    saved = writing;
  }

  return {
    get: (file) => positions.get(file),
    set(file, position) {
      changes += 1;
      positions.delete(file);
      positions.set(file, position);
      for (const oldest of positions.keys()) {
        if (positions.size <= FILES_LIMIT) break;
        positions.delete(oldest);
      }
    },
    save() {
      saving = saving.catch(() => undefined /* whoever waited for that write has its failure */).then(write);
      return saving;
    },
  };
}

async function readPositions(path: string, log: Log): Promise<Map<string, FilePosition>> {
  let text: string | undefined;
  try {
    text = await readKeptText(path);
  } catch (error) {
    throw failure('LEDGER_DIRECTORY', { directory: path, reason: reasonOf(error) }, error);
  }
  if (text === undefined) return new Map();
  const kept = readKeptObject(text);
  const files = 'object' in kept ? kept.object.files : undefined;
  if (typeof files !== 'object' || files === null) {
    log('ledger.positions_lost', { file: path, reason: 'reason' in kept ? kept.reason : 'it has no files' });
    return new Map();
  }
  return new Map(Object.entries(files).filter((entry): entry is [string, FilePosition] => isPosition(entry[1])));
}

function isPosition(value: unknown): value is FilePosition {
  const { bytes, head, headBytes } = (value ?? {}) as Partial<Record<keyof FilePosition, unknown>>;
  return isCount(bytes) && typeof head === 'string' && isCount(headBytes);
}

function isCount(value: unknown): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}
