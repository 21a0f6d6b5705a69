// The house rules that a machine can check: sound promises (a floating one is a lost event), file and function sizes, and one
// direction of imports. A room (a folder of plugin/) imports only itself, types.ts, errors.ts and telemetry/log.ts; the corridors
// (commands/, collect/collect.ts, rooms.ts and records.ts) import rooms and hand one room to another through an interface that its user declares.
import { join } from 'node:path';
import eslint from '@eslint/js';
import typescript from 'typescript-eslint';

const rooms = ['config', 'network', 'auth', 'api', 'module', 'collect', 'ledger', 'output', 'store', 'telemetry', 'simulator', 'report'];

/** Forbids every import of another room; `from` is how a file in the room writes a path to a neighbour. */
function roomImports(room, depth) {
  const up = '../'.repeat(depth);
  const others = rooms.filter((other) => other !== room && other !== 'telemetry');
  const patterns = [
    { regex: `^${up.replaceAll('.', '\\.')}(${others.join('|')}|commands)/`, message: 'A room imports no other room: take what it needs as an interface.' },
    { regex: `^${up.replaceAll('.', '\\.')}main\\.ts$`, message: 'Nothing imports the door.' },
  ];
  if (room !== 'telemetry') {
    patterns.push({ regex: `^${up.replaceAll('.', '\\.')}telemetry/(?!log\\.ts$)`, message: 'Of telemetry/ a room may import log.ts only.' });
  }
  return patterns;
}

const roomRules = rooms.flatMap((room) => [1, 2].map((depth) => ({
  files: [depth === 1 ? `plugin/${room}/*.ts` : `plugin/${room}/*/*.ts`],
  ignores: ['plugin/collect/collect.ts', 'plugin/collect/rooms.ts', 'plugin/collect/records.ts'],
  rules: { 'no-restricted-imports': ['error', { patterns: roomImports(room, depth) }] },
})));

export default typescript.config(
  { ignores: ['build/', 'dist/', 'node_modules/', 'mapping/assembly/'] },
  eslint.configs.recommended,
  {
    files: ['plugin/**/*.ts', 'mapping/generate/**/*.ts', 'test/**/*.ts'],
    extends: [typescript.configs.strictTypeChecked, typescript.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: join(import.meta.dirname, '..') } },
    rules: {
      'max-lines': ['error', { max: 250, skipBlankLines: false, skipComments: false }],
      'max-lines-per-function': ['error', { max: 80, skipComments: true }],
      'no-console': 'error',
      eqeqeq: 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
      // eslint cannot know that node:test awaits what test() and describe() return
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafeCalls: [{ from: 'package', package: 'node:test', name: ['test', 'describe', 'it', 'suite', 'before', 'after'] }] }],
    },
  },
  {
    // What runs in a browser.
    files: ['plugin/report/page/*.ts'],
    languageOptions: { parserOptions: { project: './plugin/report/page/tsconfig.json', tsconfigRootDir: join(import.meta.dirname, '..') } },
  },
  {
    // Only the door touches the process.
    files: ['plugin/**/*.ts'],
    ignores: ['plugin/main.ts'],
    rules: {
      'no-restricted-properties': ['error',
        { object: 'process', property: 'argv', message: 'Only plugin/main.ts reads it; it is passed on.' },
        { object: 'process', property: 'env', message: 'Only plugin/main.ts reads it; it is passed on.' },
        { object: 'process', property: 'exit', message: 'Only plugin/main.ts ends the process.' }],
    },
  },
  {
    // Tables are as long as their subject.
    files: ['plugin/errors.ts', 'plugin/telemetry/log.ts', 'plugin/config/module-keys.ts', 'plugin/config/options.ts', 'plugin/simulator/families/*.ts', 'test/**/*.ts', '**/*.table.ts'],
    rules: { 'max-lines': 'off' },
  },
  { files: ['test/**/*.ts'], rules: { 'max-lines-per-function': 'off' } },
  ...roomRules,
);
