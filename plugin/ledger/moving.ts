/**
 * One tenant's state under another name, or as a file of its own, to move it to another state directory: the lines of a journal between a line that says what they
 * are and a line that says that none is missing. Ids of delivered events stay behind: they are hashed with a key of their directory, and do not tell whose they are. So do dead letters.
 */
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { AuditError, failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock } from '../types.ts';
import type { FilebeatCursor } from './filebeat-registry.ts';
import { JOURNAL_VERSION } from './fact.ts';
import { namesIn, realFiles, replaceFile } from './files.ts';
import { readJournal } from './journal-reader.ts';
import { keepText } from './kept-text.ts';
import { fileNameOf, JOURNAL_FOLDER, JOURNAL_SUFFIX, openLedger } from './ledger.ts';
import { decodeLine, encodeLine } from './line.ts';
import { takeLock } from './lock.ts';
import type { Survey } from './survey.ts';

export { readFilebeatRegistry } from './filebeat-registry.ts';

const EXPORT_VERSION = 1;
const LINE_FEED = 0x0a;

export interface MovedTenant {
  readonly tenantId: string;
  /** What was counted of it, as whoever counts has written it. */
  readonly standing: unknown;
}

/** The lines of the file. */
export function* exportLines({ tenantId, state, badLines }: Survey, standing: unknown, nowMs: number): Generator<string, void, undefined> {
  // bad lines may have held blobs that are owed, and whoever imports the good ones does not know of them: all is to be listed again
  if (badLines > 0) state.listedUntilMs.clear();
  yield encodeLine({ fact: 'export', version: EXPORT_VERSION, tenant: tenantId, atMs: nowMs, standing });
  let count = 0;
  // the state was read without its name
  yield encodeLine({ fact: 'journal', version: JOURNAL_VERSION, tenant: tenantId });
  for (const line of state.lines(undefined)) {
    count += 1;
    if (count > 1) yield line;
  }
  yield encodeLine({ fact: 'end', lines: count });
}

/** Puts an exported tenant into a state directory. Throws STATE_FILE, STATE_TENANT_KNOWN, LEDGER_LOCKED, LEDGER_DIRECTORY; nothing was changed then. */
export async function importTenant(directory: string, file: string, clock: Clock, log: Log): Promise<MovedTenant> {
  const { tenantId, standing, lines } = await readExport(file);
  const folder = join(directory, JOURNAL_FOLDER);
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw failure('LEDGER_DIRECTORY', { directory, reason: reasonOf(error) }, error);
  }
  const lock = await takeLock(directory, clock, log);
  try {
    const name = `${fileNameOf(tenantId)}${JOURNAL_SUFFIX}`;
    if ((await readdir(folder)).includes(name)) throw failure('STATE_TENANT_KNOWN', { tenant: tenantId, file: join(folder, name) });
    await keepText(join(folder, name), lines.join(''));
  } finally {
    await lock.release();
  }
  return { tenantId, standing };
}

/**
 * Has a tenant go on under the name that the configuration has for it now: its GUID in place of a domain, or the reverse. What is damaged stays so, for the next
 * collector to mend. Throws STATE_TENANT_KNOWN, LEDGER_LOCKED, LEDGER_DIRECTORY.
 */
export async function renameTenant(directory: string, tenantId: string, newId: string, clock: Clock, log: Log): Promise<void> {
  const folder = join(directory, JOURNAL_FOLDER);
  const [path, newPath] = [join(folder, `${fileNameOf(tenantId)}${JOURNAL_SUFFIX}`), join(folder, `${fileNameOf(newId)}${JOURNAL_SUFFIX}`)];
  const lock = await takeLock(directory, clock, log);
  try {
    if ((await namesIn(folder)).includes(basename(newPath))) throw failure('STATE_TENANT_KNOWN', { tenant: newId, file: newPath });
    const bytes = await readFile(path);
    const end = bytes.indexOf(LINE_FEED);
    const head = decodeLine(bytes.subarray(0, Math.max(0, end)));
    if (head?.fact === 'journal') await replaceFile(path, [Buffer.from(encodeLine({ ...head, tenant: newId })), bytes.subarray(end + 1)], realFiles);
    await realFiles.rename(path, newPath);
    await realFiles.syncFolder(folder);
  } catch (error) {
    throw error instanceof AuditError ? error : failure('LEDGER_DIRECTORY', { directory, reason: reasonOf(error) }, error);
  } finally {
    await lock.release();
  }
}

/** Notes what Filebeat has delivered as listed; resolves with what was noted. A type of which the ledger knows something already stays as it is. Throws LEDGER_…. */
export async function importCursors(directory: string, cursors: readonly FilebeatCursor[], clock: Clock, log: Log): Promise<readonly FilebeatCursor[]> {
  const ledger = await openLedger({ directory }, clock, log);
  const noted: FilebeatCursor[] = [];
  try {
    for (const cursor of cursors) {
      const tenant = await ledger.tenant(cursor.tenantId);
      if (tenant.listedUntilMs(cursor.contentType) !== undefined) continue;
      tenant.listed(cursor.contentType, Math.min(cursor.untilMs, clock.nowMs()));
      noted.push(cursor);
    }
  } finally {
    await ledger.close();
  }
  return noted;
}

async function readExport(file: string): Promise<MovedTenant & { readonly lines: readonly string[] }> {
  const lines: string[] = [];
  let head: Readonly<Record<string, unknown>> | undefined;
  let end: unknown;
  let badLines = 0;
  let reading;
  try {
    reading = await readJournal(file, {
      good(value) {
        if (head === undefined) head = value;
        else if (value.fact === 'end') end = value.lines;
        else lines.push(encodeLine(value));
        return end === undefined;
      },
      bad: () => { badLines += 1; },
    });
  } catch (error) {
    throw failure('STATE_FILE', { file, reason: reasonOf(error) }, error);
  }
  const reason = reading.wholeBytes + reading.cutBytes === 0 ? 'it is empty, or not there' : head?.fact !== 'export' || typeof head.tenant !== 'string' ? 'it is no exported state'
    : head.version !== EXPORT_VERSION ? 'it is of a newer version' : badLines > 0 ? `${badLines} of its lines are damaged` : end !== lines.length ? 'its end is missing' : undefined;
  if (reason !== undefined) throw failure('STATE_FILE', { file, reason });
  return { tenantId: String(head?.tenant), standing: head?.standing, lines };
}
