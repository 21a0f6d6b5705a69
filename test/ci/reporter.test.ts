/** The reporter of our own tests: whatever fails, and however, can be read in what it prints. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

const REPORTER = join(import.meta.dirname, '../../../.ci/reporter.js');
/** What a test throws, and what of it must be read. */
const THROWN: readonly (readonly [thrown: string, readable: readonly RegExp[]])[] = [
  ['new Error("the ship has sunk")', [/^Error: the ship has sunk$/m, /odd\.test\.mjs:\d+/]],
  ['new Error()', [/^Error$/m, /odd\.test\.mjs:\d+/]],
  ['Object.assign(new Error("without a stack"), { stack: undefined })', [/without a stack/]],
  ['Object.assign(new Error("with a code"), { code: "E_TIDE", berth: { number: 7 } })', [/with a code/, /code: 'E_TIDE'/, /berth: \{ number: 7 \}/]],
  ['new Error("outer", { cause: new TypeError("middle", { cause: { tide: "low" } }) })', [/outer/, /\[cause\].*middle/, /\[cause\]: \{ tide: 'low' \}/]],
  ['new AggregateError([new Error("first leak"), new RangeError("second leak")])', [/AggregateError/, /first leak/, /second leak/]],
  ['new DOMException("nobody answered in time", "TimeoutError")', [/nobody answered in time/]],
  ['{ tide: { of: { the: { day: [1, { height: 2 }] } } } }', [/height: 2/]],
  ['new Map([["tide", "low"]])', [/'tide' => 'low'/]],
  ['"a mere text"', [/^a mere text$/m]],
  ['undefined', [/^thrown: undefined$/m]],
  ['null', [/^thrown: null$/m]],
];

let folder: string;
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'reporter-'));
});
after(() => rmSync(folder, { recursive: true, force: true }));

/** What the reporter prints of a test file with this text. */
function report(text: string, ends: 0 | 1 = 1): string {
  const file = join(folder, 'odd.test.mjs');
  writeFileSync(file, `import assert from 'node:assert/strict';\nimport { before, suite, test } from 'node:test';\n${text}\n`);
  // without what this run's own runner has said to this process
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined, CI: undefined };
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', `--test-reporter=${REPORTER}`, file], { env, encoding: 'utf8', timeout: 60_000 });
  assert.equal(status, ends, stdout + stderr);
  return stdout;
}

test('Whatever a test throws is shown, with its causes and with what it holds.', () => {
  const said = report(THROWN.map(([thrown], number) => `test('number ${number}.', () => { throw ${thrown}; });`).join('\n')).split(/^FAILED /m);
  THROWN.forEach(([thrown, readable], number) => {
    const part = said.find((text) => text.includes(` number ${number}.\n`)) ?? assert.fail(`nothing is said of ${thrown}: ${said.join('')}`);
    for (const pattern of readable) assert.match(part, pattern, thrown);
    assert.doesNotMatch(part, /\[object /, thrown);
  });
});

test('A failed assertion shows both values.', () => {
  const said = report('test("unequal", () => assert.equal("high", "low", "the tide is wrong"));');
  assert.match(said, /the tide is wrong/);
  assert.match(said, /high[^]*low/);
  assert.match(report('const circle = { depth: 7n }; circle.circle = circle; test("no JSON", () => assert.deepEqual(circle, { depth: 8n }));'), /FAILED .* no JSON\n[^]*7n[^]*8n/);
});

test('A hook that fails, and a file that ends before its tests do, say why.', () => {
  assert.match(report('suite("harbour", () => { before(() => { throw new Error("no water"); }); test("floats", () => {}); });'), /FAILED .* harbour\n[^]*no water/);
  assert.match(report('process.kill(process.pid, "SIGKILL");'), /signal SIGKILL/);
  assert.match(report('process.exit(3);'), /exit status 3/);
});

test('What is skipped is listed with its reason, be it a test or a suite, whose tests are not told of.', () => {
  const said = report('suite("harbour", { skip: "no water" }, () => { test("floats", () => {}); }); test("sails", { skip: "no wind" }, () => {});', 0);
  assert.match(said, /SKIPPED, 2 in all:\n {2}.*: harbour \(no water\)\n {2}.*: sails \(no wind\)\n/);
});

test('Where all is well, a file is one line.', () => {
  assert.match(report('test("floats", () => {});', 0), /^✔ .*odd\.test\.mjs: 1 passed \(\d+\.\d s\)\n$/);
});
