import { spawnSync } from 'node:child_process';
import { PROGRAM } from './bed.ts';
import { median, type Figure } from './figures.ts';

const RUNS = 15;

/** How long the program takes to answer, process and all. */
export function startUpFigures(): Promise<readonly Figure[]> {
  const time = (...words: readonly string[]): number => {
    const startMs = performance.now();
    const { status } = spawnSync(process.execPath, words);
    if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}`);
    return performance.now() - startMs;
  };
  return Promise.resolve([
    { what: 'o365audit --version, median', value: median(Array.from({ length: RUNS }, () => time(PROGRAM, '--version'))), unit: 'ms', atMost: 150 },
    { what: 'node -e 0, for comparison', value: median(Array.from({ length: RUNS }, () => time('-e', '0'))), unit: 'ms' },
  ]);
}
