/** A process with what it used: Linux tells by /proc, as long as the process has not been waited for. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';

const POLL_MS = 10;
/** Linux counts CPU time in ticks of 10 ms whatever the kernel's own tick is. */
const TICKS_PER_SECOND = 100;

export interface Use {
  readonly cpuSeconds: number;
  readonly peakRssBytes: number;
  readonly seconds: number;
  readonly stderr: string;
}

/** Runs a program of Node to its end. Rejects when it fails. */
export async function runMeasured(words: readonly string[]): Promise<Use> {
  const startMs = performance.now();
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] });
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => { stderr += text; });
  let last = { cpuSeconds: 0, peakRssBytes: 0 };
  const timer = setInterval(() => { last = useOf(child) ?? last; }, POLL_MS);
  const status = await new Promise<number | null>((resolve) => child.once('exit', resolve));
  clearInterval(timer);
  if (status !== 0) throw new Error(`${words.join(' ')} ended with ${status}:\n${stderr}`);
  return { ...last, seconds: (performance.now() - startMs) / 1000, stderr };
}

export function useOf({ pid }: ChildProcess): { readonly cpuSeconds: number; readonly peakRssBytes: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    if (peak === null) return undefined;
    return { cpuSeconds: (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND, peakRssBytes: Number(peak[1]) * 1024 };
  } catch {
    // it has ended between two looks
    return undefined;
  }
}
