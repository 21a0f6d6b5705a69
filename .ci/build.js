// Everything that `npm run …` does: node .ci/build.js [build|generate|check|test]. It speaks on stderr only: stdout belongs to `npm run demo`.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { builtinModules, createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, '..');
const node = process.execPath;

/** Runs one program with its output on stderr; a failure ends the build with its status. */
function run(name, args, env = {}) {
  const { status, error } = spawnSync(node, args, { cwd: root, stdio: ['ignore', 2, 2], env: { ...process.env, ...env } });
  if (error) throw error;
  if (status !== 0) {
    console.error(`${name} failed`);
    process.exit(status ?? 1);
  }
}

const bin = (path) => join(root, 'node_modules', path);

function filesUnder(folder, wanted) {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && wanted.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name)).sort();
}

function compileTypeScript() {
  run('tsc', [bin('typescript/bin/tsc'), '-p', 'tsconfig.json']);
  run('tsc', [bin('typescript/bin/tsc'), '-p', 'plugin/report/page/tsconfig.json']);
}

const ascFlags = ['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort=', '--enable', 'bulk-memory', '--disable', 'simd'];
/** The compiler inlines little: with more of it V8 maps a tenth faster, and the module is a twentieth larger. */
const optimizerFlags = ['-O4', '--always-inline-max-function-size=20', '--flexible-inline-max-function-size=120', '--enable-bulk-memory', '--enable-sign-ext', '--enable-nontrapping-float-to-int', '--enable-mutable-globals'];

/** Compiles the mapping, unless nothing it is made of has changed since the last time. */
function compileModule() {
  const sources = filesUnder(join(root, 'mapping/assembly'), /\.ts$/);
  const hash = createHash('sha256').update([...ascFlags, ...optimizerFlags].join(' ')).update(require('assemblyscript/package.json').version);
  for (const file of sources) hash.update(file).update(readFileSync(file));
  const stamp = join(root, 'build/module.stamp');
  const digest = hash.digest('hex');
  if (existsSync(join(root, 'dist/o365_ecs.wasm')) && existsSync(stamp) && readFileSync(stamp, 'utf8') === digest) return;
  run('asc', [bin('assemblyscript/bin/asc.js'), 'mapping/assembly/index.ts', '--outFile', 'build/compiled.wasm', ...ascFlags]);
  // binaryen comes with the compiler, which is made of it
  run('wasm-opt', [bin('binaryen/bin/wasm-opt'), 'build/compiled.wasm', '-o', 'dist/o365_ecs.wasm', ...optimizerFlags]);
  writeFileSync(stamp, digest);
}

/** Node's own modules are loaded when what needs them is, not all at the start: `--version` answers sooner. */
const builtinsWhenNeeded = {
  name: 'builtins when needed',
  setup(build) {
    build.onResolve({ filter: new RegExp(`^(node:)?(${builtinModules.join('|')})$`) }, ({ path, namespace }) => namespace === 'builtin' ? { path, external: true } : { path, namespace: 'builtin' });
    build.onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({ contents: `module.exports = require(${JSON.stringify(path)});` }));
  },
};

async function bundle() {
  const { build } = await import('esbuild');
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  await build({
    absWorkingDir: root,
    entryPoints: ['plugin/main.ts'],
    outfile: 'dist/o365audit.js',
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    format: 'esm',
    legalComments: 'linked',
    // smaller starts faster; names stay, for stack traces
    minifySyntax: true,
    minifyWhitespace: true,
    logLevel: 'warning',
    define: { O365AUDIT_VERSION: JSON.stringify(version) },
    // msgpackr's optional native helper: the program has no native part.
    external: ['msgpackr-extract'],
    plugins: [builtinsWhenNeeded],
    banner: { js: '#!/usr/bin/env node\nimport { createRequire as o365auditRequire } from "node:module"; const require = o365auditRequire(import.meta.url);' },
  });
}

/** The page of `o365audit report`: one file that holds its style and its script, and lets a browser run nothing else. */
async function bundlePage() {
  const { build } = await import('esbuild');
  const folder = 'plugin/report/page';
  const { outputFiles } = await build({
    absWorkingDir: root, entryPoints: [`${folder}/page.ts`, `${folder}/page.css`], outdir: 'dist', write: false, bundle: true, minify: true,
    format: 'iife', target: ['chrome111', 'firefox115', 'safari16.4'], charset: 'utf8', legalComments: 'inline', logLevel: 'warning',
  });
  const textOf = (ending) => outputFiles.find(({ path }) => path.endsWith(ending)).text.trim().replaceAll('</script', '<\\/script');
  const [script, style] = [textOf('.js'), textOf('.css')];
  const hash = (text) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
  const parts = { policy: `default-src 'none'; script-src ${hash(script)}; style-src ${hash(style)}; base-uri 'none'; form-action 'none'`, style, script };
  const page = readFileSync(join(root, folder, 'page.html'), 'utf8').replaceAll(/\{(policy|style|script)\}/g, (_, name) => parts[name]);
  writeFileSync(join(root, 'dist/report-page.html'), page);
}

async function buildAll() {
  mkdirSync(join(root, 'dist'), { recursive: true });
  mkdirSync(join(root, 'build'), { recursive: true });
  compileTypeScript();
  compileModule();
  await bundle();
  await bundlePage();
}

function check() {
  run('eslint', [bin('eslint/bin/eslint.js'), '-c', '.ci/eslint.config.js', '--max-warnings', '0', 'plugin', 'mapping/generate', 'test']);
  run('generate --check', ['build/mapping/generate/generate.js', '--check']);
  run('docs --check', ['.ci/docs.js', '--check']);
}

const groups = [
  { name: 'unit', folders: ['plugin', 'mapping', 'docs', 'ci'] },
  { name: 'scenarios', folders: ['scenarios'] },
  { name: 'WAMR and agents', folders: ['agents'] },
  { name: 'servers', folders: ['store'] },
];

/** Runs the compiled tests, of these folders or of all, group by group and says where the time went. Skips are printed by the reporter. */
function test(only) {
  const times = [];
  for (const { name, folders } of groups) {
    const files = folders.filter((folder) => only.length === 0 || only.includes(folder)).flatMap((folder) => filesUnder(join(root, 'build/test', folder), /\.test\.js$/));
    if (files.length === 0) continue;
    const start = process.hrtime.bigint();
    run(`tests: ${name}`, ['--import', join(root, 'build/test/support/warnings.js'), '--test', '--test-concurrency=2',
      `--test-reporter=${join(root, '.ci/reporter.js')}`, '--test-reporter-destination=stderr', ...files]);
    times.push(`${name} ${(Number(process.hrtime.bigint() - start) / 1e9).toFixed(1)} s`);
  }
  console.error(`tests passed on Node ${process.version}: ${times.join(', ')}`);
}

const [task = 'build', ...rest] = process.argv.slice(2);
if (task === 'generate') {
  // before the module, which cannot be compiled while it names what only the tables have
  compileTypeScript();
  run('generate', ['build/mapping/generate/generate.js']);
}
if (task !== 'test-only') await buildAll();
if (task === 'generate') run('docs', ['.ci/docs.js']);
if (task === 'check' || task === 'test') check();
if (task === 'test' || task === 'test-only') test(rest);
