/** The built program as a child process, as its users run it: words in; stdout, stderr, signals and an exit status out. */
import { spawn, type ChildProcess } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after } from 'node:test';
import { until } from './manual-clock.ts';
import { PROGRAM_FOLDER } from './surroundings.ts';

export const PROGRAM = join(PROGRAM_FOLDER, 'o365audit.js');

/** The longest that anything in a scenario may take on a busy machine: whoever waits longer waits for what will not come. */
export const DEADLINE_MS = 240_000;
/** A program that is asked to stop promises to be gone after 5 s; the rest is for a busy machine. Waits that hang are of 60 s and more. */
export const STOP_DEADLINE_MS = 20_000;

export interface StartOptions {
  /** Added to what any process has; settings of the program itself are not inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** A file that takes stdout in place of a pipe, by its descriptor. */
  readonly stdout?: number;
  /** What is started with the path of Node and the words for it; Node itself by default. */
  readonly launcher?: readonly [file: string, ...words: readonly string[]];
  /** Words for Node itself. */
  readonly nodeWords?: readonly string[];
}

export interface Ending {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Program {
  readonly child: ChildProcess;
  /** What was written so far. */
  readonly stdout: string;
  readonly stderr: string;
  /** How it ended; undefined while it runs. */
  readonly ending: Ending | undefined;
  /** The whole lines of stdout so far. */
  lines(): string[];
  /** How many those are. */
  readonly lineCount: number;
  /** Resolves when stdout has so many lines. */
  wrote(lineCount: number): Promise<void>;
  /** Resolves when stderr holds this text, or so many of it. */
  said(text: string, times?: number): Promise<void>;
  /** Resolves when the condition holds; rejects with what the program said when it does not in time, or the program ends before. */
  until(condition: () => boolean, what: string): Promise<void>;
  signal(name: NodeJS.Signals): void;
  /** Resolves when it has ended and all that it wrote has been read. */
  ended(deadlineMs?: number): Promise<Ending>;
  /** Kills it as a power cut would. */
  kill(): Promise<void>;
}

const running = new Set<ChildProcess>();
// Whatever a test ends with, its processes end with it. A program that is no test sees to that itself: this would make it one.
if (process.argv[1]?.endsWith('.test.js') === true) {
  after(() => {
    for (const child of running) child.kill('SIGKILL');
  });
}

/** Starts the program with these words. */
export function startProgram(words: readonly string[], options: StartOptions = {}): Program {
  const { env = {}, cwd, stdout = 'pipe', nodeWords = [], launcher: [file, ...before] = [process.execPath] } = options;
  const inherited = Object.entries(process.env).filter(([name]) => !/^(O365AUDIT_|NODE_)/.test(name));
  const child = spawn(file, [...before, ...nodeWords, PROGRAM, ...words], { cwd, env: { ...Object.fromEntries(inherited), ...env }, stdio: ['ignore', stdout, 'pipe'] });
  return watchProgram(child);
}

/** Runs the program to its end. */
export async function runProgram(words: readonly string[], options: StartOptions = {}): Promise<Program> {
  const program = startProgram(words, options);
  await program.ended();
  return program;
}

/** Reads what a child process writes, and waits for it. */
function watchProgram(child: ChildProcess): Program {
  running.add(child);
  const written = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  let lineCount = 0;
  let ending: Ending | undefined;
  let failed: Error | undefined;
  child.stdout?.on('data', (chunk: Buffer) => {
    written.stdout.push(chunk);
    for (let at = chunk.indexOf('\n'); at >= 0; at = chunk.indexOf('\n', at + 1)) lineCount += 1;
  });
  child.stderr?.on('data', (chunk: Buffer) => written.stderr.push(chunk));
  child.on('error', (error) => { failed = error; });
  child.on('close', (status, signal) => {
    running.delete(child);
    ending = { status, signal };
  });

  async function holds(condition: () => boolean, what: string, deadlineMs = DEADLINE_MS): Promise<void> {
    try {
      await until(() => {
        if (failed !== undefined) throw failed;
        if (ending !== undefined && !condition()) throw new Error(`it ended (${JSON.stringify(ending)}) before ${what}`);
        return condition();
      }, what, deadlineMs);
    } catch (error) {
      throw new Error(`${String(error)}\nIts stderr:\n${program.stderr.slice(-4_000)}`, { cause: error });
    }
  }

  const program: Program = {
    child,
    get stdout() { return Buffer.concat(written.stdout).toString(); },
    get stderr() { return Buffer.concat(written.stderr).toString(); },
    get ending() { return ending; },
    get lineCount() { return lineCount; },
    lines: () => wholeLines(program.stdout),
    wrote: (count) => holds(() => lineCount >= count, `${count} lines were written`),
    said: (text, times = 1) => holds(() => program.stderr.split(text).length > times, `it said "${text}"${times === 1 ? '' : `, ${times} times`}`),
    until: (condition, what) => holds(condition, what),
    signal: (name) => void child.kill(name),
    async ended(deadlineMs = DEADLINE_MS) {
      await holds(() => ending !== undefined, 'its end', deadlineMs);
      if (ending === undefined) throw new Error('it has not ended');
      return ending;
    },
    async kill() {
      child.kill('SIGKILL');
      await program.ended();
    },
  };
  return program;
}

/** The lines of a file so far; what follows the last line feed was cut off with its writer. */
export function linesOfFile(file: string): string[] {
  return wholeLines(readFileSync(file, 'utf8'));
}

function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
