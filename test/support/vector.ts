/** The real Vector with an example of this project: its literals replaced as its user would, started, and stopped. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT, childOf, environmentOf, freePort } from './fluent-bit.ts';
import { until } from './manual-clock.ts';

const START_LIMIT_MS = 120_000;
/** Vector gives its sinks 60 s for what is under way. */
const STOP_LIMIT_MS = 70_000;
/** How much of what it says is kept. */
const SAID_LIMIT = 1_000_000;

export interface Vector {
  /** Its own log lines and the collector's. */
  said(): string;
  /** The process id of the collector that it has started and that is running, if any. */
  collector(): number | undefined;
  /** SIGTERM; resolves with its exit status when it has ended. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
}

/** Why it cannot be run here, or false. */
export function vectorIsMissing(): string | false {
  return spawnSync('vector', ['--version'], { stdio: 'ignore' }).error === undefined ? false : 'vector is not on PATH';
}

/**
 * Writes the example into `folder`, where o365.yml lies, for a store on this port; returns its path. Throws when the example has not all of the literals that
 * it says are to be adapted.
 */
export async function adaptExample(example: string, folder: string, storePort: number): Promise<string> {
  const literals = {
    '/etc/o365audit/o365.yml': join(folder, 'o365.yml'), '/var/lib/o365audit': join(folder, 'state'), '/opt/o365audit': ROOT,
    'http://127.0.0.1:9200': `http://127.0.0.1:${storePort}`, ...(example === 'forward.yaml' ? { '127.0.0.1:24224': `127.0.0.1:${await freePort()}` } : {}),
  };
  let text = readFileSync(join(ROOT, 'examples/vector', example), 'utf8');
  for (const [literal, value] of Object.entries(literals)) {
    if (!text.includes(literal)) throw new Error(`${example} has no ${literal}`);
    text = text.replaceAll(literal, value);
  }
  const dataFolder = join(folder, 'vector');
  mkdirSync(dataFolder, { recursive: true });
  writeFileSync(join(folder, example), `data_dir: ${dataFolder}\n${text}`);
  return join(folder, example);
}

/** What `vector validate` says about a configuration, and its exit status. */
export function validate(configuration: string): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('vector', ['validate', configuration], { env: environmentOf(), encoding: 'utf8', timeout: START_LIMIT_MS });
  return { status, said: stdout + stderr };
}

/** Starts it, and resolves when it runs. */
export async function startVector(configuration: string): Promise<Vector> {
  const child = spawn('vector', ['--config', configuration], { env: environmentOf(), stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => { said = (said + text).slice(-SAID_LIMIT); });
  await until(() => said.includes('Vector has started') || !isRunning(child), 'Vector', START_LIMIT_MS);
  if (!isRunning(child)) throw new Error(`Vector ended at its start:\n${said}`);
  return {
    said: () => said,
    collector: () => childOf(child),
    async stop() {
      await end(child, 'SIGTERM');
      return child.exitCode;
    },
    kill: () => end(child, 'SIGKILL'),
  };
}

function isRunning({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode === null && signalCode === null;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (!isRunning(child)) return;
  const ended = once(child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
  child.kill(signal);
  await ended;
}
