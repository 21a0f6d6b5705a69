/** How often in a row the program could not start, for a back-off that survives the process: whoever starts it again knows nothing of it. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { keepText, readKeptObject, readKeptText } from './kept-text.ts';

const FIRST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 5 * 60_000;
/** Failures that lie further apart are not one row. */
const ROW_MS = 15 * 60_000;
/** The wait where nothing can be kept. */
const UNKNOWN_WAIT_MS = 60_000;

/** Counts a failure at `nowMs`; resolves with how long to wait before the end. Never rejects: a state directory that is of no use may be what failed. */
export async function countStartFailure(directory: string, nowMs: number): Promise<number> {
  const path = pathIn(directory);
  try {
    const count = await countUntil(path, nowMs) + 1;
    await mkdir(directory, { recursive: true, mode: 0o700 });
    await keepText(path, `${JSON.stringify({ count, lastMs: nowMs })}\n`);
    return Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(count - 1, 20));
  } catch {
    // what failed is reported by whoever calls; here it only means that nothing can be remembered
    return UNKNOWN_WAIT_MS;
  }
}

/** Ends a row: the program has started. Rejects with the system's own error. */
export async function forgetStartFailures(directory: string, nowMs: number): Promise<void> {
  if (await countUntil(pathIn(directory), nowMs) > 0) await keepText(pathIn(directory), `${JSON.stringify({ count: 0, lastMs: nowMs })}\n`);
}

async function countUntil(path: string, nowMs: number): Promise<number> {
  const text = await readKeptText(path);
  const kept = text === undefined ? undefined : readKeptObject(text);
  if (kept === undefined || !('object' in kept)) return 0;
  const { count, lastMs } = kept.object;
  if (typeof count !== 'number' || typeof lastMs !== 'number' || !Number.isSafeInteger(count) || count < 0) return 0;
  return Math.abs(nowMs - lastMs) < ROW_MS ? count : 0;
}

function pathIn(directory: string): string {
  return join(directory, 'start-failures.json');
}
