/**
 * The registry of Filebeat 7.16 to 9, as far as its o365audit input has left something there: up to which content blob each type of each tenant was delivered. It is
 * a folder with a snapshot (`<number>.json`) and a log of what changed since (`log.json`), described in libbeat/statestore/backend/memlog/doc.go of
 * https://github.com/elastic/beats.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure, reasonOf, systemCodeOf } from '../errors.ts';
import { CONTENT_TYPES, type ContentType } from '../types.ts';

/** Where the registry lies below what people name: the folder itself, path.data, or path.home. */
const PLACES = ['.', 'filebeat', 'registry/filebeat', 'data/registry/filebeat'];
const KEY_PREFIX = 'o365audit::';

/** All content that became available before `untilMs` was delivered by Filebeat. */
export interface FilebeatCursor {
  readonly tenantId: string;
  readonly contentType: ContentType;
  readonly untilMs: number;
}

/** The cursors of a registry. Throws FILEBEAT_REGISTRY when there is none at the path, none of o365audit in it, or it cannot be read. */
export async function readFilebeatRegistry(path: string): Promise<readonly FilebeatCursor[]> {
  const folder = await findRegistry(path);
  const entries = new Map<string, unknown>();
  try {
    const snapshotId = await readSnapshot(folder, entries);
    await readLog(join(folder, 'log.json'), snapshotId, entries);
  } catch (error) {
    throw failure('FILEBEAT_REGISTRY', { path, reason: reasonOf(error) }, error);
  }
  const cursors = [...entries].flatMap(([key, value]) => cursorOf(key, value) ?? []);
  if (cursors.length === 0) throw failure('FILEBEAT_REGISTRY', { path, reason: 'nothing in it is of the input o365audit' });
  return cursors;
}

async function findRegistry(path: string): Promise<string> {
  for (const place of PLACES) {
    const folder = join(path, place);
    try {
      if ((await readdir(folder)).includes('meta.json')) return folder;
    } catch (error) {
      if (!['ENOENT', 'ENOTDIR'].includes(systemCodeOf(error) ?? '')) throw failure('FILEBEAT_REGISTRY', { path, reason: reasonOf(error) }, error);
    }
  }
  throw failure('FILEBEAT_REGISTRY', { path, reason: 'there is no meta.json of a registry' });
}

/** Reads the newest snapshot; resolves with its number, which is that of the last change in it. */
async function readSnapshot(folder: string, entries: Map<string, unknown>): Promise<number> {
  const ids = (await readdir(folder)).flatMap((name) => /^\d+\.json$/.test(name) ? [Number.parseInt(name, 10)] : []);
  if (ids.length === 0) return 0;
  const id = Math.max(...ids);
  const rows = JSON.parse(await readFile(join(folder, `${id}.json`), 'utf8')) as unknown;
  for (const row of Array.isArray(rows) ? rows as unknown[] : []) {
    const { _key: key, ...value } = fieldsOf(row);
    if (typeof key === 'string') entries.set(key, value);
  }
  return id;
}

/** Applies what changed after the snapshot: pairs of lines, what is done and to what. A cut end is what a kill leaves, and is passed over. */
async function readLog(file: string, snapshotId: number, entries: Map<string, unknown>): Promise<void> {
  const lines = (await readFile(file, 'utf8').catch((error: unknown) => {
    if (systemCodeOf(error) === 'ENOENT') return '';
    throw error;
  })).split('\n');
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [{ op, id }, { k: key, v: value }] = [parsed(lines[at]), parsed(lines[at + 1])];
    if (typeof key !== 'string') return;
    if (typeof id === 'number' && id <= snapshotId) continue;
    if (op === 'set') entries.set(key, value);
    if (op === 'remove') entries.delete(key);
  }
}

/** `o365audit::<tenant>::<content type>`, or with the input's own id between: `o365audit::<id>::<tenant>::<content type>`. */
function cursorOf(key: string, value: unknown): FilebeatCursor | undefined {
  if (!key.startsWith(KEY_PREFIX)) return undefined;
  const [tenantId = '', type = ''] = key.split('::').slice(-2);
  const contentType = CONTENT_TYPES.find((known) => known.toLowerCase() === type.toLowerCase());
  const untilMs = timeOf(fieldsOf(fieldsOf(value).cursor).timestamp);
  // A cursor that was never set stands at the year 1.
  return contentType === undefined || tenantId === '' || untilMs === undefined || untilMs <= 0 ? undefined : { tenantId: tenantId.toLowerCase(), contentType, untilMs };
}

/** A time as Filebeat keeps it: nanoseconds (the lower 32 bits, beside zone and version) and seconds since 1970; or a text. */
function timeOf(value: unknown): number | undefined {
  if (typeof value === 'string') return Number.isNaN(Date.parse(value)) ? undefined : Date.parse(value);
  if (!Array.isArray(value)) return undefined;
  const [extra, seconds] = value as readonly unknown[];
  return typeof extra === 'number' && typeof seconds === 'number' ? seconds * 1000 + Math.floor((extra % 2 ** 32) / 1e6) : undefined;
}

function parsed(line: string | undefined): Readonly<Record<string, unknown>> {
  try {
    return fieldsOf(JSON.parse(line ?? ''));
  } catch {
    // told by the key that is missing
    return {};
  }
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? value as Readonly<Record<string, unknown>> : {};
}
