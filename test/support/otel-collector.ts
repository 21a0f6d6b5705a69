/**
 * The OpenTelemetry Collector as a log agent for tests: built once from the recipe in test/servers/otel, started with a receiver on TCP and one
 * on a unix socket. Whatever it receives it posts to a server of the test, and acknowledges only when that has answered 2xx.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { constants, homedir, setPriority, tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './manual-clock.ts';

const recipe = join(import.meta.dirname, '../../../test/servers/otel');
const BUILD_LIMIT_MS = 15 * 60_000;
const START_LIMIT_MS = 120_000;

/** A log record as the Collector hands it on, its time in nanoseconds. */
export interface OtelRecord {
  readonly tag: string;
  readonly timeUnixNano: bigint;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface OtelCollector {
  readonly tcpUrl: string;
  readonly unixUrl: string;
  /** Records that the test has answered with 2xx. */
  readonly records: OtelRecord[];
  /** How many batches were posted, whatever the answer. */
  readonly postCount: () => number;
  /** From now on posts are answered with this status. */
  answer(status: number): void;
  /** SIGKILL, and a new process on the same addresses. */
  restart(): Promise<void>;
  close(): Promise<void>;
}

/** Why the Collector cannot be built here, or false. On a machine of CI it must be possible. */
export function otelIsMissing(): string | false {
  try {
    execFileSync('go', ['version'], { stdio: 'ignore' });
    return false;
  } catch {
    if (process.env.CI === 'true') throw new Error('CI needs Go 1.26 or later on PATH for the OpenTelemetry Collector.');
    return 'the OpenTelemetry Collector is built with Go, which is not on PATH';
  }
}

/** The Collector's program; builds it, at low priority, unless the same recipe and compiler have built it before. */
export async function buildOtelCollector(): Promise<string> {
  const cache = process.env.O365AUDIT_TEST_CACHE ?? join(homedir(), '.cache/o365audit-test');
  const hash = createHash('sha256').update(execFileSync('go', ['version']));
  for (const file of ['go.mod', 'go.sum', 'main.go']) hash.update(readFileSync(join(recipe, file)));
  const program = join(cache, `otelcol-${hash.digest('hex').slice(0, 16)}`);
  if (existsSync(program)) return program;
  mkdirSync(cache, { recursive: true });
  const unfinished = `${program}.${process.pid}`;
  const build = spawn('go', ['build', '-trimpath', '-buildvcs=false', '-mod=readonly', '-o', unfinished, '.'], {
    cwd: recipe,
    env: { ...process.env, GOTOOLCHAIN: 'local', GOFLAGS: '', CGO_ENABLED: '0' },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: BUILD_LIMIT_MS,
  });
  if (build.pid !== undefined) setPriority(build.pid, constants.priority.PRIORITY_LOW);
  const said = collect(build);
  const [status] = await once(build, 'close') as [number | null];
  if (status !== 0) throw new Error(`go build of test/servers/otel failed (${status}):\n${said()}`);
  renameSync(unfinished, program);
  return program;
}

/** Starts the Collector and the server that it posts to. */
export async function startOtelCollector(): Promise<OtelCollector> {
  const program = await buildOtelCollector();
  const folder = mkdtempSync(join(tmpdir(), 'otel-'));
  const socket = join(folder, 'forward.sock');
  const tcp = `127.0.0.1:${await freePort()}`;
  const records: OtelRecord[] = [];
  let status = 200;
  let posts = 0;
  const sink = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      posts += 1;
      if (status < 300) records.push(...readRecords(Buffer.concat(parts).toString()));
      response.writeHead(status).end();
    });
  }).listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const env = { OTEL_TEST_TCP: tcp, OTEL_TEST_UNIX: `unix://${socket}`, OTEL_TEST_SINK: `http://127.0.0.1:${(sink.address() as AddressInfo).port}/` };
  let child = await start(program, env);
  return {
    tcpUrl: `forward://${tcp}`,
    unixUrl: `forward+unix://${socket}`,
    records,
    postCount: () => posts,
    answer(next) {
      status = next;
    },
    async restart() {
      await stop(child);
      // It leaves its socket behind and would not start again.
      rmSync(socket, { force: true });
      child = await start(program, env);
    },
    async close() {
      await stop(child);
      sink.closeAllConnections();
      sink.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function start(program: string, env: Record<string, string>): Promise<ChildProcess> {
  const child = spawn(program, ['--config', `file:${join(recipe, 'collector.yaml')}`], { env, stdio: ['ignore', 'ignore', 'pipe'] });
  const said = collect(child);
  await until(() => said().includes('Everything is ready') || child.exitCode !== null, 'the Collector', START_LIMIT_MS);
  if (child.exitCode !== null) throw new Error(`the Collector ended at its start:\n${said()}`);
  return child;
}

async function stop(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

function collect(child: ChildProcess): () => string {
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    said = (said + text).slice(-100_000);
  });
  return () => said;
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The members of OTLP's JSON that are read here. */
interface Value {
  readonly stringValue?: string;
  readonly intValue?: string;
  readonly doubleValue?: number;
  readonly boolValue?: boolean;
  readonly arrayValue?: { readonly values?: readonly Value[] };
  readonly kvlistValue?: { readonly values?: readonly Member[] };
}

interface Member {
  readonly key: string;
  readonly value: Value;
}

interface LogsData {
  readonly resourceLogs: readonly { readonly scopeLogs: readonly { readonly logRecords: readonly { readonly timeUnixNano: string; readonly attributes: readonly Member[] }[] }[] }[];
}

function readRecords(json: string): OtelRecord[] {
  const { resourceLogs } = JSON.parse(json) as LogsData;
  return resourceLogs.flatMap(({ scopeLogs }) => scopeLogs).flatMap(({ logRecords }) => logRecords).map(({ timeUnixNano, attributes }) => {
    const { 'fluent.tag': tag, ...fields } = readMembers(attributes);
    return { tag: String(tag), timeUnixNano: BigInt(timeUnixNano), fields };
  });
}

function readMembers(members: readonly Member[] = []): Record<string, unknown> {
  return Object.fromEntries(members.map(({ key, value }) => [key, readValue(value)]));
}

/** Integers become BigInt, so that none is rounded. */
function readValue(value: Value): unknown {
  if (value.intValue !== undefined) return BigInt(value.intValue);
  if (value.arrayValue !== undefined) return (value.arrayValue.values ?? []).map(readValue);
  if (value.kvlistValue !== undefined) return readMembers(value.kvlistValue.values);
  return value.stringValue ?? value.doubleValue ?? value.boolValue ?? null;
}
