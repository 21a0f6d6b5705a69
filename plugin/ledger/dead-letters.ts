/**
 * Events that the output does not take, kept in the state directory until somebody mends what is wrong and delivers them again: a file an event, its metadata as
 * one line in front of the exact bytes of its record. A running collector puts letters in while another process, and only one (lock.ts), takes them out.
 */
import { createHash } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { crc32 } from 'node:zlib';
import { Unpackr } from 'msgpackr';
import { AuditError, failure, systemCodeOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import { namesIn, realFiles, replaceFile, writeFailure, type JournalFiles } from './files.ts';
import { decodeLine, encodeLine } from './line.ts';

const SUFFIX = '.letter';
const LINE_FEED = 0x0a;
/** More of a reason is not kept. */
const REASON_LIMIT = 1_000;
/** Whoever asks how many there are gets what was counted so long ago: each of them is a file. */
const COUNT_INTERVAL_MS = 10_000;

/** What is known of an event that was not taken. */
export interface LetterAbout {
  /** As it is configured; with files, the source's name. */
  readonly tenant: string;
  readonly contentType?: string;
  readonly contentId?: string;
  /** The file that it came from, when it came from one. */
  readonly file?: string;
  /** Why the output did not take it. */
  readonly reason: string;
  readonly output: string;
  /** Of the record: raw or ecs. */
  readonly format: string;
}

export interface DeadLetter extends LetterAbout {
  /** The letter's own name: the same for the same event. */
  readonly id: string;
  readonly eventId: string;
  readonly firstSeen: string;
  readonly recordBytes: number;
}

export interface DeadLetters {
  /**
   * Keeps a record (a Forward entry), durably when it resolves; an event that is kept already is not kept twice. Rejects with DEAD_LETTERS_FULL, LEDGER_DISK_FULL
   * or LEDGER_WRITE.
   */
  put(about: LetterAbout, record: Uint8Array): Promise<void>;
  /** How many there are, as of some seconds ago at most. Rejects with the system's own error. */
  use(): Promise<LettersUse>;
}

/** How many letters lie in a state directory, and their size on disk. */
export interface LettersUse {
  readonly count: number;
  readonly bytes: number;
}

export interface DeadLettersOptions {
  /** The state directory. */
  readonly directory: string;
  readonly countLimit: number;
  readonly bytesLimit: number;
  readonly nowMs: () => number;
  readonly log: Log;
  /** For tests: another file system. */
  readonly files?: JournalFiles;
}

/** The dead letters of a state directory; nothing is made before the first one. */
export function createDeadLetters({ directory, countLimit, bytesLimit, nowMs, log, files = realFiles }: DeadLettersOptions): DeadLetters {
  const folder = folderIn(directory);
  let saidFull = false;
  let counted: { readonly atMs: number; readonly use: Promise<LettersUse> } | undefined;
  let last: Promise<void> = Promise.resolve();

  /** What others have taken out counts at once, so the folder is asked each time; letters are rare. */
  async function checkRoom(byteCount: number): Promise<void> {
    const { count, bytes } = await countLetters(directory);
    const isFull = count + 1 > countLimit || bytes + byteCount > bytesLimit;
    if (isFull && !saidFull) log('letters.full', { folder, letters: count, bytes, countLimit, bytesLimit });
    saidFull = isFull;
    if (isFull) throw failure('DEAD_LETTERS_FULL', { folder, letters: count, bytes });
  }

  async function put(about: LetterAbout, record: Uint8Array): Promise<void> {
    const eventId = eventIdOf(record);
    const id = createHash('sha256').update(`${about.tenant}\n${eventId}`).digest('hex').slice(0, 16);
    const path = join(folder, `${id}${SUFFIX}`);
    try {
      await mkdir(folder, { recursive: true, mode: 0o700 });
      if (await bytesOf(path) !== undefined) return;
      const letter: DeadLetter = { ...about, reason: about.reason.slice(0, REASON_LIMIT), id, eventId, firstSeen: new Date(nowMs()).toISOString(), recordBytes: record.byteLength };
      const head = Buffer.from(encodeLine({ letter: 1, ...letter, recordCheck: crc32(record) }));
      await checkRoom(head.length + record.byteLength);
      await replaceFile(path, [head, record], files);
      counted = undefined;
    } catch (error) {
      throw error instanceof AuditError ? error : writeFailure(path, error);
    }
  }

  return {
    put(about, record) {
      const turn = last.then(() => put(about, record));
      // whoever put it learns of its failure
      last = turn.catch(() => undefined);
      return turn;
    },
    use() {
      const atMs = nowMs();
      if (counted === undefined || Math.abs(atMs - counted.atMs) >= COUNT_INTERVAL_MS) counted = { atMs, use: countLetters(directory) };
      return counted.use;
    },
  };
}

/** All letters, the oldest first; a file that is none is told to `damaged`. Rejects with the system's own error. */
export async function listDeadLetters(directory: string, damaged: (file: string) => void): Promise<readonly DeadLetter[]> {
  const letters: DeadLetter[] = [];
  for (const path of await lettersIn(directory)) {
    const letter = await openDeadLetter(directory, basename(path, SUFFIX));
    if (letter === 'damaged') damaged(path);
    else if (letter !== undefined) letters.push(letter.about);
  }
  return letters.sort((left, right) => left.firstSeen < right.firstSeen ? -1 : 1);
}

/** A letter with its record; undefined when it is gone. Rejects with the system's own error. */
export async function openDeadLetter(directory: string, id: string): Promise<{ readonly about: DeadLetter; readonly record: Buffer } | 'damaged' | undefined> {
  let bytes: Buffer;
  try {
    bytes = await readFile(join(folderIn(directory), `${id}${SUFFIX}`));
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
  const end = bytes.indexOf(LINE_FEED);
  const head = end < 0 ? undefined : decodeLine(bytes.subarray(0, end));
  const record = bytes.subarray(end + 1);
  if (head?.letter !== 1 || head.recordBytes !== record.length || head.recordCheck !== crc32(record)) return 'damaged';
  // the line has passed its check, so it is what `put` wrote
  return { about: head as unknown as DeadLetter, record };
}

/** Removes a letter, durably when it resolves. Rejects with the system's own error. */
export async function removeDeadLetter(directory: string, id: string, files: JournalFiles = realFiles): Promise<void> {
  await files.remove(join(folderIn(directory), `${id}${SUFFIX}`));
  await files.syncFolder(folderIn(directory));
}

/** Counts them. Rejects with the system's own error. */
export async function countLetters(directory: string): Promise<LettersUse> {
  const sizes = await Promise.all((await lettersIn(directory)).map(bytesOf));
  return { count: sizes.filter((size) => size !== undefined).length, bytes: sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0) };
}

function folderIn(directory: string): string {
  return join(directory, 'dead-letters');
}

async function lettersIn(directory: string): Promise<readonly string[]> {
  return (await namesIn(folderIn(directory))).filter((name) => name.endsWith(SUFFIX)).map((name) => join(folderIn(directory), name));
}

async function bytesOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (systemCodeOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

const unpackr = new Unpackr({ useRecords: false, int64AsType: 'bigint' });

/** The event.id of a Forward entry, `[EventTime, record]`; of what cannot be read, a hash. */
function eventIdOf(record: Uint8Array): string {
  const unreadable = (): string => createHash('sha256').update(record).digest('hex');
  try {
    const [, document] = unpackr.unpack(record) as [unknown, { readonly event?: { readonly id?: unknown } }];
    const id = document.event?.id;
    return typeof id === 'string' ? id : unreadable();
  } catch {
    // the output may have refused it for that very reason
    return unreadable();
  }
}
