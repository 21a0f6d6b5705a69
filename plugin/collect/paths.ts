/** The files that patterns such as `/var/log/o365/*.ndjson` name: `*`, `?` and `[a-z]` within a name, `**` for any folders. */
import { readdir, stat } from 'node:fs/promises';
import { isAbsolute, join, parse, sep } from 'node:path';
import { systemCodeOf } from '../errors.ts';

/** `**` looks so many folders deep, as in Filebeat. */
const DEPTH_LIMIT = 8;

/** The regular files that match, each once, in the order of their names. A folder that cannot be read is given to `unreadable`. */
export async function matchingFiles(patterns: readonly string[], unreadable: (folder: string, error: unknown) => void): Promise<readonly string[]> {
  const found = new Set<string>();
  for (const pattern of patterns) {
    const { root } = parse(pattern);
    const parts = pattern.slice(root.length).split(/[\\/]/).filter((part) => part !== '' && part !== '.');
    for await (const path of walk(isAbsolute(pattern) ? root : '.', parts, unreadable)) found.add(path);
  }
  return [...found].sort();
}

async function* walk(folder: string, parts: readonly string[], unreadable: (folder: string, error: unknown) => void): AsyncGenerator<string> {
  const [part, ...rest] = parts;
  if (part === undefined) return;
  if (part === '**') {
    yield* deeper(folder, rest.length === 0 ? ['*'] : rest, DEPTH_LIMIT, unreadable);
    return;
  }
  const names = /[*?[]/.test(part) ? (await namesIn(folder, unreadable)).filter(matcherOf(part)) : [part];
  for (const name of names) {
    const path = folder === '.' ? name : folder.endsWith(sep) ? folder + name : join(folder, name);
    if (rest.length > 0) yield* walk(path, rest, unreadable);
    else if (await isFile(path)) yield path;
  }
}

/** What matches in the folder and in those below it. */
async function* deeper(folder: string, parts: readonly string[], levels: number, unreadable: (folder: string, error: unknown) => void): AsyncGenerator<string> {
  yield* walk(folder, parts, unreadable);
  if (levels === 0) return;
  for (const entry of await entriesOf(folder, unreadable)) {
    if (entry.isDirectory()) yield* deeper(folder === '.' ? entry.name : join(folder, entry.name), parts, levels - 1, unreadable);
  }
}

async function namesIn(folder: string, unreadable: (folder: string, error: unknown) => void): Promise<string[]> {
  return (await entriesOf(folder, unreadable)).map(({ name }) => name);
}

async function entriesOf(folder: string, unreadable: (folder: string, error: unknown) => void) {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    // a pattern may well pass through files and through folders that are not there yet
    if (!hasCode(error, 'ENOENT', 'ENOTDIR')) unreadable(folder, error);
    return [];
  }
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile();
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return false;
    // it is there; whoever opens it meets the reason
    return true;
  }
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return codes.includes(systemCodeOf(error) ?? '');
}

/** Hidden files match only a pattern that begins with a dot. */
function matcherOf(pattern: string): (name: string) => boolean {
  const source = pattern.replace(/\[(!|\^)?([^\]]+)\]|[*?]|[^*?[]+|\[/g, (token, not: string | undefined, range: string | undefined) => {
    if (range !== undefined) return `[${not === undefined ? '' : '^'}${range.replaceAll('\\', '\\\\')}]`;
    if (token === '*') return '.*';
    return token === '?' ? '.' : token.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  });
  const expression = expressionOf(`^${source}$`);
  return (name) => expression.test(name) && (!name.startsWith('.') || pattern.startsWith('.'));
}

function expressionOf(source: string): RegExp {
  try {
    return new RegExp(source, 's');
  } catch {
    // a range whose end comes before its start holds nothing
    return /(?!)/;
  }
}
