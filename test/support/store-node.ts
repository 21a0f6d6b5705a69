/**
 * Real stores for tests: one node of Elasticsearch (its server core, which is what Maven Central has of it) or of OpenSearch (with the modules of its
 * distribution), put together once from the recipes in test/servers, and started with empty folders on a free port of this machine.
 */
import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { until } from './manual-clock.ts';

const RECIPES = join(import.meta.dirname, '../../../test/servers');
const OLDEST_JAVA = 21;
const BUILD_LIMIT_MS = 15 * 60_000;
const START_LIMIT_MS = 180_000;
const STOP_LIMIT_MS = 30_000;
/** As long as a store may take to learn names (prepared-store.ts), and no longer than Node's own fetch waits. */
const REQUEST_LIMIT_MS = 290_000;
/** How much of what a node says is kept. */
const SAID_LIMIT = 200_000;
/** The heap is small, and a quick start is worth more here than the last bit of speed. */
const JAVA_FLAGS = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '--enable-native-access=ALL-UNNAMED'];

/** With that collector garbage fills the heap before anybody looks for it, and a store that counts it as memory in use refuses requests (429) for no reason. */
const SETTINGS = { 'indices.breaker.total.use_real_memory': 'false' };

/** The stores there are, in the order of their names. */
export const STORE_PRODUCTS = ['elasticsearch', 'opensearch'] as const;
export type StoreProduct = typeof STORE_PRODUCTS[number];

interface Recipe {
  readonly mainClass: string;
  /** The folder of parts that the node is told. */
  readonly parts: string;
}

const recipes: Readonly<Record<StoreProduct, Recipe>> = {
  elasticsearch: { mainClass: 'ElasticsearchNode', parts: 'transport-netty4' },
  opensearch: { mainClass: 'OpenSearchNode', parts: 'geoip' },
};

export interface StoreAnswer {
  readonly status: number;
  readonly text: string;
  /** The text as JSON; throws when it is none. */
  json(): unknown;
}

export interface StoreNode {
  readonly product: StoreProduct;
  readonly port: number;
  /** Without a slash at the end. */
  readonly url: string;
  /** What the node has logged, the last part of it. */
  said(): string;
  /** One request; see askStore. */
  request(method: string, path: string, body?: unknown): Promise<StoreAnswer>;
  /** Ends the process, and keeps its data. */
  stop(): Promise<void>;
  /** Starts it again on the same port with the same data. */
  start(): Promise<void>;
  /** Ends the process and removes its data. */
  close(): Promise<void>;
}

/** Why a store cannot be started here, or false. */
export function storeIsMissing(product: StoreProduct): string | false {
  if (findJava() === undefined) return `${product} needs Java ${OLDEST_JAVA} or later, which is not on PATH`;
  if (!existsSync(builtFolder(product)) && spawnSync('mvn', ['-version'], { stdio: 'ignore' }).error !== undefined) return `${product} is fetched with mvn, which is not on PATH`;
  return false;
}

/** Starts a node, with these settings of its own over those of its recipe; resolves when it answers. Whoever starts one closes it; it ends with the test's process, too. */
export async function startStoreNode(product: StoreProduct, settings: Readonly<Record<string, string>> = {}): Promise<StoreNode> {
  const node = new Node(product, await buildStore(product), settings);
  try {
    await node.start();
  } catch (error) {
    await node.close();
    throw error;
  }
  return node;
}

/**
 * One request to the store at `url`, which has no slash at its end, with a body as JSON, or as NDJSON when it is a string. Any status is an answer.
 * Rejects when there is none; where time ran out, with what was asked, which a timeout alone does not say.
 */
export async function askStore(url: string, method: string, path: string, body?: unknown): Promise<StoreAnswer> {
  const contents = body === undefined ? {} : typeof body === 'string'
    ? { body, headers: { 'content-type': 'application/x-ndjson' } }
    : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } };
  const signal = AbortSignal.timeout(REQUEST_LIMIT_MS);
  try {
    const answer = await fetch(url + path, { method, ...contents, signal });
    const text = await answer.text();
    return { status: answer.status, text, json: () => JSON.parse(text) as unknown };
  } catch (error) {
    throw signal.aborted ? new Error(`${method} ${path} was not answered within ${REQUEST_LIMIT_MS / 1000} s`, { cause: error }) : error;
  }
}

/** The folder of a store's parts; fetches them and compiles its node unless the same recipe has been built before. */
export async function buildStore(product: StoreProduct): Promise<string> {
  const folder = builtFolder(product);
  if (existsSync(folder)) return folder;
  const unfinished = `${folder}.${process.pid}`;
  mkdirSync(unfinished, { recursive: true });
  try {
    await run('mvn', ['--batch-mode', '--quiet', '--file', join(RECIPES, product, 'pom.xml'), 'package', `-Dfolder=${unfinished}`]);
    await run(findJava() ?? 'java', ['-jar', join(unfinished, 'compiler/ecj.jar'), `-${OLDEST_JAVA}`, '-classpath', jarsOf(join(unfinished, 'lib')),
      '-d', join(unfinished, 'classes'), ...sourcesOf(product)]);
    if (product === 'elasticsearch') linkZstd(unfinished);
    renameSync(unfinished, folder);
  } catch (error) {
    // another process may have been quicker
    if (!existsSync(folder)) throw error;
  } finally {
    rmSync(unfinished, { recursive: true, force: true });
  }
  return folder;
}

function builtFolder(product: StoreProduct): string {
  const hash = createHash('sha256');
  for (const file of [join(RECIPES, product, 'pom.xml'), ...sourcesOf(product)]) hash.update(readFileSync(file));
  return join(process.env.O365AUDIT_TEST_CACHE ?? join(homedir(), '.cache/o365audit-test'), `${product}-${hash.digest('hex').slice(0, 16)}`);
}

/** What is compiled: a node's own class, and what both nodes have in common. */
function sourcesOf(product: StoreProduct): readonly string[] {
  return [join(RECIPES, product, `${recipes[product].mainClass}.java`), join(RECIPES, 'NodeLife.java')];
}

function jarsOf(folder: string): string {
  return readdirSync(folder).map((name) => join(folder, name)).join(delimiter);
}

/** Elasticsearch compresses some indices with zstd and looks for the library in a folder of its distribution; every Debian has it. */
function linkZstd(folder: string): void {
  const places = ['/usr/lib', '/usr/lib64', `/usr/lib/${process.arch === 'arm64' ? 'aarch64' : 'x86_64'}-linux-gnu`];
  const library = places.map((place) => join(place, 'libzstd.so.1')).find((path) => existsSync(path));
  mkdirSync(join(folder, 'native'));
  if (library !== undefined) symlinkSync(library, join(folder, 'native/libzstd.so'));
}

async function run(program: string, words: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)(program, words, { timeout: BUILD_LIMIT_MS, maxBuffer: 64 * 1024 * 1024 });
  } catch (error) {
    const { message, stdout = '' } = error as Error & { stdout?: string };
    throw new Error(`the store cannot be built: ${message}\n${stdout}`, { cause: error });
  }
}

let java: { readonly program: string | undefined } | undefined;

/** The first Java that is new enough: that of O365AUDIT_TEST_JAVA_HOME or JAVA_HOME, the one on PATH, one that lies where distributions put theirs. */
function findJava(): string | undefined {
  if (java === undefined) {
    const distributed = existsSync('/usr/lib/jvm') ? readdirSync('/usr/lib/jvm').sort().map((name) => join('/usr/lib/jvm', name)) : [];
    const homes = [process.env.O365AUDIT_TEST_JAVA_HOME, process.env.JAVA_HOME].filter((home) => home !== undefined && home !== '') as string[];
    const programs = [...homes.map((home) => join(home, 'bin/java')), 'java', ...distributed.map((home) => join(home, 'bin/java'))];
    java = { program: programs.find((program) => javaVersion(program) >= OLDEST_JAVA) };
  }
  return java.program;
}

function javaVersion(program: string): number {
  const { error, stderr } = spawnSync(program, ['-version'], { encoding: 'utf8' });
  return error === undefined ? Number(/ version "(\d+)/.exec(stderr)?.[1] ?? 0) : 0;
}

class Node implements StoreNode {
  readonly product: StoreProduct;
  port = 0;
  readonly #folder: string;
  readonly #home = mkdtempSync(join(tmpdir(), 'store-'));
  readonly #settings: readonly string[];
  #child: ChildProcess | undefined;
  #said = '';

  constructor(product: StoreProduct, folder: string, settings: Readonly<Record<string, string>>) {
    this.product = product;
    this.#folder = folder;
    this.#settings = Object.entries({ ...SETTINGS, ...settings }).map(([name, value]) => `${name}=${value}`);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  said(): string {
    return this.#said;
  }

  async start(): Promise<void> {
    const { mainClass, parts } = recipes[this.product];
    // of the vector library, which Maven Central does not have either, there is nothing to be tested here
    const child = spawn(findJava() ?? 'java', [...JAVA_FLAGS, `-Des.nativelibs.path=${join(this.#folder, 'native')}`, '-Dorg.elasticsearch.nativeaccess.enableVectorLibrary=false',
      '-classpath', [join(this.#folder, 'classes'), join(this.#folder, 'lib/*')].join(delimiter), mainClass, this.#home, String(this.port), join(this.#folder, parts), ...this.#settings],
    // it ends when the pipe of its standard input does, and so with this process at the latest
    { stdio: ['pipe', 'pipe', 'pipe'] });
    this.#child = child;
    this.#said = '';
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text: string) => {
      this.#said = (this.#said + text).slice(-SAID_LIMIT);
    });
    // when it has ended its exit says more than the broken pipe
    child.stdin.on('error', () => undefined);
    const ready = (): RegExpExecArray | null => /^READY http:\/\/127\.0\.0\.1:(\d+)$/m.exec(this.#said);
    await until(() => ready() !== null || !isRunning(child), `the start of ${this.product}`, START_LIMIT_MS);
    const port = ready()?.[1];
    if (port === undefined) throw new Error(`${this.product} ended at its start:\n${this.#said.slice(-5_000)}`);
    this.port = Number(port);
    const { status, text } = await this.request('GET', '/_cluster/health?wait_for_status=yellow&timeout=60s');
    if (status !== 200) throw new Error(`${this.product} does not get ready: ${text}\n${this.#said.slice(-5_000)}`);
  }

  request(method: string, path: string, body?: unknown): Promise<StoreAnswer> {
    return askStore(this.url, method, path, body);
  }

  async stop(): Promise<void> {
    if (!isRunning(this.#child)) return;
    const ended = once(this.#child, 'exit', { signal: AbortSignal.timeout(STOP_LIMIT_MS) });
    this.#child.stdin?.end();
    await ended;
  }

  async close(): Promise<void> {
    if (isRunning(this.#child)) {
      const ended = once(this.#child, 'exit');
      this.#child.kill('SIGKILL');
      await ended;
    }
    rmSync(this.#home, { recursive: true, force: true });
  }
}

function isRunning(child: ChildProcess | undefined): child is ChildProcess {
  return child?.exitCode === null && child.signalCode === null;
}
