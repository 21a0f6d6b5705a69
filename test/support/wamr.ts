/**
 * WAMR, the WebAssembly runtime inside Fluent Bit, for tests and measurements: built once from the recipe in test/servers/wamr, and run over a row of
 * records with one instance of the mapping, as Fluent Bit's wasm filter keeps one.
 */
import { execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { availableParallelism, homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { GOLDEN_SECONDS } from './golden.ts';
import { MODULE_FILE } from './module.ts';

const RECIPE = 'test/servers/wamr';
const RECIPE_FILES = ['CMakeLists.txt', 'Cargo.lock', 'Cargo.toml', 'run.c'];
const CRATE = 'wamrx-sys';
const BUILD_LIMIT_MS = 300_000;
const RUN_LIMIT_MS = 300_000;
const OUTPUT_LIMIT_BYTES = 64 * 1024 * 1024;
const PAGE_BYTES = 65_536;
/** In the order of `enum outcome` in run.c. */
const OUTCOMES = ['document', 'trap', 'no string'] as const;

/** What became of one record. */
export interface WamrAnswer {
  /** Fluent Bit drops the record of any but `document`. */
  readonly outcome: typeof OUTCOMES[number];
  /** The document, or WAMR's reason. */
  readonly bytes: Buffer;
  /** The size of the instance's memory after the record. */
  readonly memoryBytes: number;
  /** How long the calls took: both arguments' allocation and release, the mapping, the copy of the document. */
  readonly nanoseconds: number;
}

export interface WamrRun {
  readonly answers: readonly WamrAnswer[];
  /** What the program wrote to stderr: its version and settings, the number of calls and the time in them. */
  readonly said: string;
}

export interface WamrOptions {
  readonly moduleFile?: string;
  /** The time that each record is said to have. */
  readonly seconds?: number;
  readonly nanoseconds?: number;
}

/** Why WAMR cannot be had here, or false. On a machine of CI it must be possible. */
export function wamrIsMissing(): string | false {
  const { status, stdout } = spawnSync('cc', ['--version'], { encoding: 'utf8' });
  const lacks = (tool: string): boolean => spawnSync(tool, ['--version'], { stdio: 'ignore' }).status !== 0;
  const lacking = status !== 0 ? 'cc' : existsSync(programOf(stdout)) ? undefined : ['cmake', 'cargo'].find(lacks);
  if (lacking === undefined) return false;
  if (process.env.CI === 'true') throw new Error(`CI needs ${lacking} on PATH for WAMR.`);
  return `WAMR is built with cc, cmake and cargo, and ${lacking} is not on PATH`;
}

/** Where the program is kept, by what it is made of; `compiler` is what `cc --version` says. */
function programOf(compiler: string): string {
  const hash = createHash('sha256').update(process.arch).update(compiler);
  for (const file of RECIPE_FILES) hash.update(readFileSync(join(RECIPE, file)));
  return join(cacheFolder(), `wamr-${hash.digest('hex').slice(0, 16)}`);
}

function cacheFolder(): string {
  return process.env.O365AUDIT_TEST_CACHE ?? join(homedir(), '.cache/o365audit-test');
}

/** The program of the recipe; builds it unless the same recipe and compiler have built it before. Throws with the tool's output when that fails. */
export async function buildWamr(): Promise<string> {
  const program = programOf(await run('cc', ['--version']));
  if (existsSync(program)) return program;
  const cache = cacheFolder();
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, 'wamr-build-'));
  try {
    // A copy, for CMake writes into the sources, and cargo's own are for everyone.
    cpSync(await fetchSources(), join(folder, 'sources'), { recursive: true });
    await run('cmake', ['-S', RECIPE, '-B', folder, `-DWAMR_ROOT_DIR=${join(folder, 'sources')}`]);
    await run('cmake', ['--build', folder, '--parallel', String(availableParallelism())]);
    renameSync(join(folder, 'run'), program);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return program;
}

/** Where the sources of WAMR lie, after cargo has fetched what Cargo.lock names. */
async function fetchSources(): Promise<string> {
  const metadata = await run('cargo', ['metadata', '--locked', '--format-version', '1', '--manifest-path', join(RECIPE, 'Cargo.toml')]);
  const { packages } = JSON.parse(metadata) as { packages: readonly { readonly name: string; readonly manifest_path: string }[] };
  const crate = packages.find(({ name }) => name === CRATE);
  if (crate === undefined) throw new Error(`cargo knows no package ${CRATE}`);
  return join(dirname(crate.manifest_path), 'wasm-micro-runtime');
}

async function run(program: string, words: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)(program, words, { timeout: BUILD_LIMIT_MS, maxBuffer: OUTPUT_LIMIT_BYTES })).stdout;
  } catch (error) {
    // The message has the command and what it wrote to stderr.
    const { message, stdout = '' } = error as Error & { stdout?: string };
    throw new Error(`WAMR cannot be built: ${message}\n${stdout}`, { cause: error });
  }
}

/** Maps records, one after the other, with one instance under WAMR. Throws when the program ends with a failure; a trap is an answer. */
export async function runWamr(records: Iterable<Uint8Array>, options: WamrOptions = {}): Promise<WamrRun> {
  const { moduleFile = MODULE_FILE, seconds = GOLDEN_SECONDS, nanoseconds = 0 } = options;
  const child = spawn(await buildWamr(), [moduleFile], { stdio: 'pipe', timeout: RUN_LIMIT_MS });
  const parts: Buffer[] = [];
  let said = '';
  child.stdout.on('data', (part: Buffer) => parts.push(part));
  child.stderr.setEncoding('utf8').on('data', (text: string) => { said += text; });
  // A program that ends early breaks the pipe; its status and its words say more than that.
  const fed = pipeline(Readable.from(framed(records, seconds, nanoseconds)), child.stdin).then(() => undefined, (error: unknown) => error);
  const [status, signal] = await once(child, 'close') as [number | null, string | null];
  const cause = await fed;
  if (status !== 0 || cause !== undefined) throw new Error(`WAMR ended with ${signal ?? `status ${status}`}:\n${said}`, { cause });
  return { answers: [...readAnswers(Buffer.concat(parts))], said };
}

function* framed(records: Iterable<Uint8Array>, seconds: number, nanoseconds: number): Generator<Uint8Array> {
  for (const record of records) {
    const head = Buffer.alloc(12);
    head.writeUInt32LE(record.byteLength, 0);
    head.writeUInt32LE(seconds, 4);
    head.writeUInt32LE(nanoseconds, 8);
    yield Buffer.concat([head, record]);
  }
}

function* readAnswers(output: Buffer): Generator<WamrAnswer> {
  for (let at = 0; at < output.byteLength;) {
    const start = at + 16;
    const outcome = OUTCOMES[output.readUInt32LE(at + 4)];
    if (outcome === undefined) throw new Error('WAMR answered with an outcome that is not in the list');
    const bytes = output.subarray(start, start + output.readUInt32LE(at));
    yield { outcome, bytes, memoryBytes: output.readUInt32LE(at + 8) * PAGE_BYTES, nanoseconds: output.readUInt32LE(at + 12) };
    at = start + bytes.byteLength;
  }
}
