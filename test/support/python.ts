/** Python programs for tests, each with the packages that its requirements.txt pins. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const INSTALL_LIMIT_MS = 180_000;

/** The Python of an environment with the packages of `recipe`/requirements.txt, or why there is none. On a machine of CI there must be one. */
export async function preparePython(recipe: string): Promise<{ readonly program: string } | { readonly reason: string }> {
  const requirements = join(recipe, 'requirements.txt');
  const digest = createHash('sha256').update(await readFile(requirements)).digest('hex').slice(0, 16);
  const folder = join(process.env.O365AUDIT_TEST_CACHE ?? join(homedir(), '.cache/o365audit-test'), `${basename(recipe)}-${digest}`);
  const program = join(folder, 'bin/python');
  const marker = join(folder, 'complete');
  if (existsSync(marker)) return { program };
  const run = (file: string, words: readonly string[]): Promise<unknown> => promisify(execFile)(file, words, { timeout: INSTALL_LIMIT_MS });
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder, { recursive: true });
    await run('python3', ['-m', 'venv', folder]);
    await run(program, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--requirement', requirements]);
    await writeFile(marker, '');
    return { program };
  } catch (error) {
    if (process.env.CI === 'true') throw error;
    return { reason: `the Python packages of ${basename(recipe)} cannot be installed here: ${String(error).split('\n')[0] ?? ''}` };
  }
}
