/**
 * The door: words in, exit status out. Only this file touches process.argv, process.env and process.exit; everything else is handed on as
 * Surroundings. Everything but the table of failures is loaded when it is needed, so that --version answers at once.
 */
import { AuditError, failure, reasonOf } from './errors.ts';
import type { ArgumentsOf, Command, Flags } from './config/options.ts';
import type { Clock, Surroundings } from './types.ts';

/** The package's version, put in by the build. */
declare const O365AUDIT_VERSION: string;

const commands: Readonly<Record<Command, (flags: Flags) => Promise<number>>> = {
  collect: async (flags) => (await import('./commands/collect.ts')).collect(await argumentsOf('collect', flags), surroundings()),
  map: async (flags) => (await import('./commands/map.ts')).map(await argumentsOf('map', flags), surroundings()),
  simulate: async (flags) => (await import('./commands/simulate.ts')).simulate(await argumentsOf('simulate', flags), surroundings()),
  demo: async (flags) => (await import('./commands/demo.ts')).demo(await argumentsOf('demo', flags), surroundings()),
  check: async (flags) => (await import('./commands/check.ts')).check(await argumentsOf('check', flags), surroundings()),
  audit: async (flags) => (await import('./commands/audit.ts')).audit(await argumentsOf('audit', flags), surroundings()),
  state: async (flags) => (await import('./commands/state.ts')).state(await argumentsOf('state', flags), surroundings()),
  replay: async (flags) => (await import('./commands/replay.ts')).replay(await argumentsOf('replay', flags), surroundings()),
  status: async (flags) => (await import('./commands/status.ts')).status(await argumentsOf('status', flags), surroundings()),
  setup: async (flags) => (await import('./commands/setup.ts')).setup(await argumentsOf('setup', flags), surroundings()),
  report: async (flags) => (await import('./commands/report.ts')).report(await argumentsOf('report', flags), surroundings()),
  config: async (flags) => (await import('./commands/config.ts')).config(await argumentsOf('config', flags), surroundings()),
};

/** How often to look whether the parent process is still there. */
const parentIntervalMs = 1000;
/** How long a slow reader of stdout or stderr may hold up the end; who asks the program to stop gets it soon. */
const flushLimitMs = 5000;
const stoppedFlushLimitMs = 200;
/** The longest time that a timer of Node takes. */
const longestTimerMs = 2 ** 31 - 1;
/** Exit status of a program that Ctrl-C ended, as shells have it. */
const interruptedStatus = 130;

const stop = new AbortController();
let showStacks = false;

/** Reads the words, runs the command, and resolves with the exit status. */
async function main(words: readonly string[]): Promise<number> {
  if (words.length === 1 && (words[0] === '--version' || words[0] === '-V')) return printVersion();
  const { readCommandLine } = await import('./config/command-line.ts');
  const asked = await readCommandLine(words, process.stdout.columns).catch((error: unknown) => cannotRead(words, error));
  if ('version' in asked) return printVersion();
  if ('help' in asked) {
    process.stdout.write(asked.help);
    return 0;
  }
  const { command, flags } = asked;
  showStacks = (flags.logLevel ?? process.env.O365AUDIT_LOG_LEVEL) === 'trace';
  const { isSwitchedOn } = await import('./config/collector.ts');
  if (!isSwitchedOn('outliveParent', flags, process.env)) {
    watchParent();
    if (isSwitchedOn('supervised', flags, process.env)) watchReader();
  }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => askToStop(signal));
  try {
    return await commands[command](flags);
  } catch (error) {
    // A command that only waited ends with the wait's own reason: it did as it was told.
    if (stop.signal.aborted && error === stop.signal.reason) return 0;
    throw error;
  }
}

/** A collector with a mistake among its words is started again at once like any other: it holds back, too. */
async function cannotRead(words: readonly string[], error: unknown): Promise<never> {
  if (words[0] === 'collect' || words.includes('--supervised')) {
    const { readClearFlags } = await import('./config/command-line.ts');
    const { holdBack } = await import('./commands/collect.ts');
    watchParent();
    await holdBack(error, { isStarted: false }, await readClearFlags('collect', words), surroundings());
  }
  throw error;
}

async function argumentsOf<C extends Command>(command: C, flags: Flags): Promise<ArgumentsOf<C>> {
  const { readArguments } = await import('./config/collector.ts');
  return readArguments(command, flags, process.env);
}

function printVersion(): number {
  process.stdout.write(`${O365AUDIT_VERSION}\n`);
  return 0;
}

function surroundings(): Surroundings {
  const { env, stdin, stdout, stderr, pid: processId } = process;
  return { env, stdin, stdout, stderr, clock, version: O365AUDIT_VERSION, processId, programFolder: import.meta.dirname, stop: stop.signal };
}

const clock: Clock = {
  nowMs: () => Date.now(),
  async wait(ms, signal) {
    let restMs = ms;
    for (; restMs > longestTimerMs; restMs -= longestTimerMs) await waitOnce(longestTimerMs, signal);
    await waitOnce(restMs, signal);
  },
};

function waitOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, ms);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}

/** The first time everything in flight is finished; Ctrl-C once more ends the program where it stands, which the ledger survives. */
function askToStop(signal: 'SIGTERM' | 'SIGINT'): void {
  if (stop.signal.aborted && signal === 'SIGINT') process.exit(interruptedStatus);
  stop.abort(new Error(`the signal ${signal}`));
}

/** A launcher that dies does not always take its children along; a collector without one would hold the state directory for ever. */
function watchParent(): void {
  const parent = process.ppid;
  const timer = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(timer);
    stop.abort(new Error('the end of the parent process'));
  }, parentIntervalMs);
  timer.unref();
}

/** A log agent that dies while its collector starts is no parent any more when that is looked for; but it does not read status records either. */
function watchReader(): void {
  process.stdout.once('error', () => stop.abort(new Error('the end of whoever reads stdout')));
}

/** Tells the operator what ended the program, and resolves with its exit status. */
function report(thrown: unknown): number {
  const error = thrown instanceof AuditError ? thrown : failure('UNEXPECTED', { reason: reasonOf(thrown) }, thrown);
  if (showStacks && thrown instanceof Error) process.stderr.write(`${thrown.stack ?? ''}\n`);
  process.stderr.write(`o365audit: ${error.message}${error.message.includes('\n') ? '\n' : ' '}${error.repair} [${error.code}]\n`);
  return error.exitStatus;
}

/** Ends the process once what was written is on its way, however slow the reader is. */
async function end(status: number): Promise<never> {
  const limit = new Promise<void>((resolve) => setTimeout(resolve, stop.signal.aborted ? stoppedFlushLimitMs : flushLimitMs));
  const flushed = Promise.all([process.stdout, process.stderr].map((stream) => new Promise<void>((resolve) => stream.write('', () => resolve()))));
  await Promise.race([flushed, limit]);
  process.exit(status);
}

// A reader that goes away is no accident: who writes learns of it from the write itself, and here nothing is left to be told.
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
// Once: what breaks while the end is under way ends the program at once.
process.once('uncaughtException', (error) => void end(report(error)));

void main(process.argv.slice(2)).catch(report).then(end);
