/** The real Fluent Bit with a configuration of this project: started in the project's folder, as its user starts it, and asked over its own HTTP interface. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { delimiter, dirname, join, resolve } from 'node:path';
import { until } from './manual-clock.ts';

export const ROOT = join(import.meta.dirname, '../../..');
const START_LIMIT_MS = 60_000;
const STOP_LIMIT_MS = 60_000;
/** How much of what it says is kept. */
const SAID_LIMIT = 1_000_000;

/** A status record of the collector, as Fluent Bit prints it. */
export interface StatusRecord {
  readonly event: { readonly id: string; readonly action: string };
  readonly o365: { readonly status: Readonly<Record<string, unknown>> };
}

export interface FluentBitOptions {
  /** The configuration, relative to the project's folder or absolute. */
  readonly configuration: string;
  /** Where it is started; the project's folder by default. */
  readonly folder?: string;
  readonly environment: Readonly<Record<string, string>>;
  /** Whether the configuration has the variables that switch the agent's HTTP interface on. */
  readonly http?: boolean;
}

export interface FluentBit {
  /** Its own log lines and the collector's. */
  said(): string;
  /** Status records of this kind, or of all. */
  statuses(action?: string): StatusRecord[];
  /** The process id of the collector that it has started and that is running, if any. */
  collector(): number | undefined;
  /** How many chunks it says that its storage holds; it counts every five seconds, and nothing before the first time. */
  chunkCount(): Promise<number | undefined>;
  /** Where its HTTP interface is, without a slash at the end. */
  readonly httpUrl: string;
  /** SIGTERM; resolves with its exit status when it has ended. */
  stop(): Promise<number | null>;
  /** SIGKILL. */
  kill(): Promise<void>;
  readonly running: boolean;
}

/** Why it cannot be run here, or false. */
export function fluentBitIsMissing(): string | false {
  return spawnSync('fluent-bit', ['--version'], { stdio: 'ignore' }).error === undefined ? false : 'fluent-bit is not on PATH';
}

/** What `--dry-run` says about a configuration, and its exit status. */
export function dryRun(configuration: string, environment: Readonly<Record<string, string>> = {}): { readonly status: number | null; readonly said: string } {
  const { status, stdout, stderr } = spawnSync('fluent-bit', ['--dry-run', '-c', configuration], { cwd: ROOT, env: environmentOf(environment), encoding: 'utf8', timeout: START_LIMIT_MS });
  return { status, said: stdout + stderr };
}

/** Starts it, and resolves when its inputs listen. */
export async function startFluentBit({ configuration, folder = ROOT, environment, http = true }: FluentBitOptions): Promise<FluentBit> {
  const port = await freePort();
  const env = environmentOf({ ...environment, ...(http ? { O365AUDIT_AGENT_HTTP: 'On', O365AUDIT_AGENT_HTTP_PORT: String(port) } : {}) });
  const child = spawn('fluent-bit', ['-c', resolve(ROOT, configuration)], { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  const agent = new Agent(child, port);
  await until(() => agent.said().includes('[engine] Shutdown Grace Period') || !agent.running, 'Fluent Bit', START_LIMIT_MS);
  if (!agent.running) throw new Error(`Fluent Bit ended at its start:\n${agent.said()}`);
  return agent;
}

/** Nothing of the caller's environment but what finds programs; the collector shall run on the Node that runs the tests. */
export function environmentOf(environment: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: [dirname(process.execPath), process.env.PATH ?? ''].join(delimiter), ...environment };
}

class Agent implements FluentBit {
  readonly #child: ChildProcess;
  readonly #port: number;
  readonly #statuses: StatusRecord[] = [];
  #said = '';

  constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.#port = port;
    for (const stream of [child.stdout, child.stderr]) {
      let rest = '';
      stream?.setEncoding('utf8').on('data', (text: string) => {
        const lines = (rest + text).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) this.#read(line);
      });
    }
  }

  #read(line: string): void {
    if (line.startsWith('{')) this.#statuses.push(JSON.parse(line) as StatusRecord);
    else this.#said = `${this.#said}${line}\n`.slice(-SAID_LIMIT);
  }

  get running(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get httpUrl(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  said(): string {
    return this.#said;
  }

  statuses(action?: string): StatusRecord[] {
    return this.#statuses.filter(({ event }) => action === undefined || event.action === action);
  }

  collector(): number | undefined {
    return childOf(this.#child);
  }

  async chunkCount(): Promise<number | undefined> {
    const answer = await (await fetch(`${this.httpUrl}/api/v1/storage`)).text();
    if (answer === '') return undefined;
    const { storage_layer: { chunks } } = JSON.parse(answer) as { readonly storage_layer: { readonly chunks: { readonly total_chunks: number } } };
    return chunks.total_chunks;
  }

  async stop(): Promise<number | null> {
    await this.#end('SIGTERM');
    return this.#child.exitCode;
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (!this.running) return;
    const ended = once(this.#child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
    this.#child.kill(signal);
    await ended;
  }
}

/** The process that this one has started and that is running, if any. */
export function childOf({ pid = 0 }: ChildProcess): number | undefined {
  return readdirSync('/proc').filter((name) => /^\d+$/.test(name)).map(Number).find((id) => {
    try {
      // the name stands in brackets; behind it come the state and the parent's id
      return readFileSync(`/proc/${id}/stat`, 'utf8').replace(/^.*\) ./s, '').startsWith(` ${pid} `);
    } catch {
      return false; // it has ended in the meantime
    }
  });
}

/** Whether there is a process with this id that has not ended, be it that nobody has asked for its exit status yet. */
export function isRunning(id: number | undefined): boolean {
  try {
    // the state stands behind the name, which is in brackets
    return id !== undefined && !/\) Z [^)]*$/.test(readFileSync(`/proc/${id}/stat`, 'utf8'));
  } catch {
    return false;
  }
}

/** A port on which nobody listens now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
