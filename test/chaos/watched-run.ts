/** One run of the collector, with what it says of itself counted while it runs. */
import type { LogLine } from '../../plugin/telemetry/log.ts';
import { startProgram, type Ending, type Program } from '../support/program.ts';
import type { Doom } from './doom.ts';

/** A run that does not get as far as its doom is killed all the same, so long after it has begun; and one that does not even begin. */
const LIFE_LIMIT_MS = 6_000;
const START_LIMIT_MS = 20_000;
const PRELOAD = new URL('./kill-at-write.js', import.meta.url).href;

/** What all runs have said together. */
export class Sayings {
  readonly counts = new Map<LogLine, number>();
  /** Blobs that were given up, by contentId, with why. */
  readonly lost = new Map<string, string>();
  /** Lines that are no log lines, but for the farewell of a run that ends by itself. */
  readonly strange: string[] = [];
  #onLine: () => void = () => undefined;

  count(line: LogLine): number {
    return this.counts.get(line) ?? 0;
  }

  /** Reads a run's stderr; the last line of a killed one may be cut off. */
  follow({ child }: Program): void {
    const decoder = new TextDecoder();
    let rest = '';
    child.stderr?.on('data', (bytes: Buffer) => {
      const lines = (rest + decoder.decode(bytes, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) this.#read(line);
      this.#onLine();
    });
  }

  /** Calls back upon everything that is said from now on, and nobody else. */
  watch(onLine: () => void): void {
    this.#onLine = onLine;
  }

  #read(text: string): void {
    if (!text.startsWith('{')) {
      if (!text.startsWith('o365audit: ')) this.strange.push(text);
      return;
    }
    const { line, contentId, reason } = JSON.parse(text) as { readonly line: LogLine; readonly contentId?: string; readonly reason?: string };
    this.counts.set(line, this.count(line) + 1);
    if (line === 'blob.lost' && contentId !== undefined) this.lost.set(contentId, reason ?? '');
  }
}

/** What a doom may wait for. */
export interface Signs {
  readonly sayings: Sayings;
  /** How many events have arrived, all in all. */
  readonly arrivals: () => number;
  /** Calls back upon arrivals from now on, and nobody else. */
  readonly onArrival: (callback: () => void) => void;
}

/** Starts a run and sees it to its doom, or to an end of its own. */
export async function runToDoom(words: readonly string[], doom: Doom, { sayings, arrivals, onArrival }: Signs): Promise<{ readonly ending: Ending; readonly stderr: string }> {
  const isInWrite = 'at' in doom;
  const program = startProgram(words, isInWrite ? { nodeWords: ['--import', PRELOAD], env: { CHAOS_DOOM: JSON.stringify(doom) } } : {});
  sayings.follow(program);
  const before = { arrivals: arrivals(), commits: sayings.count('blob.delivered') };
  const kill = (): void => void program.child.kill('SIGKILL');
  let timer = setTimeout(kill, doom.kind === 'after a time' ? doom.ms : START_LIMIT_MS);
  const starts = sayings.count('collect.started');
  let hasBegun = doom.kind === 'after a time';
  const check = (): void => {
    if (!hasBegun && sayings.count('collect.started') > starts) {
      hasBegun = true;
      clearTimeout(timer);
      timer = setTimeout(kill, LIFE_LIMIT_MS);
    }
    if (doom.kind === 'after events' && arrivals() - before.arrivals >= doom.count) kill();
    if (doom.kind === 'after commits' && sayings.count('blob.delivered') - before.commits >= doom.count) kill();
  };
  sayings.watch(check);
  onArrival(check);
  const ending = await new Promise<Ending>((resolve) => program.child.once('close', (status, signal) => resolve({ status, signal })));
  clearTimeout(timer);
  return { ending, stderr: program.stderr };
}
