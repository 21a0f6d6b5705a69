import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { demo } from '../../../plugin/commands/demo.ts';
import { createFieldCheck } from '../../support/fields.ts';
import { until } from '../../support/manual-clock.ts';
import { idsOf } from '../../support/simulation.ts';
import { argumentsOf, testSurroundings, type TestSurroundings } from '../../support/surroundings.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-test-'));
after(() => rmSync(folder, { recursive: true }));
let runs = 0;
/** Where the report of the last run was to be written. */
const reportFile = (): string => join(folder, `${runs}.html`);

/** Runs `o365audit demo` with these words. */
async function run(words: readonly string[], surroundings: TestSurroundings): Promise<number> {
  runs += 1;
  return demo(await argumentsOf('demo', ['--report', reportFile(), ...words], surroundings.env), surroundings);
}

const stateFolders = (): string[] => readdirSync(tmpdir()).filter((name) => name.startsWith('o365audit-demo-'));

describe('o365audit demo', () => {
  test('makes a document of each event of its backlog, every one as fields.yml has it, and says at the end what they were', async () => {
    const before = stateFolders();
    const surroundings = testSurroundings();
    assert.equal(await run([], surroundings), 0);
    const lines = surroundings.lines();
    assert.equal(lines.length, 1_000);
    assert.equal(new Set(idsOf(lines)).size, 1_000);
    const fields = createFieldCheck();
    for (const line of lines) assert.deepEqual(fields(JSON.parse(line) as object), [], line);
    assert.match(surroundings.said.stderr, /^1,000 ECS documents from \d+ content blobs in \d+\.\d s \([\d,]+ a second\)\.$/m);
    assert.match(surroundings.said.stderr, /^content type +events +category +events +outcome +events$/m);
    assert.match(surroundings.said.stderr, /^How to go on:$/m);
    assert.ok(surroundings.said.stderr.includes(`All of it to look at, in a browser: ${reportFile()}\n`));
    assert.match(readFileSync(reportFile(), 'utf8'), /"counts":\{"events":1000,/);
    assert.match(surroundings.said.stderr, /^1,000 events +[\d,]+\/s/m);
    assert.doesNotMatch(surroundings.said.stderr, / (warn|error) /);
    assert.deepEqual(stateFolders(), before);
  });

  test('makes as many as it is told', async () => {
    const surroundings = testSurroundings();
    assert.equal(await run(['--events', '7'], surroundings), 0);
    assert.equal(surroundings.lines().length, 7);
    assert.match(surroundings.said.stderr, /^7 ECS documents/m);
  });

  test('goes on with new events until it is stopped, which is a good end', async () => {
    const surroundings = testSurroundings();
    const running = run(['--events', '10', '--follow'], surroundings);
    await until(() => surroundings.lines().length > 10, 'a new event', 30_000);
    surroundings.end();
    assert.equal(await running, 0);
    assert.match(surroundings.said.stderr, /How to go on:/);
  });

  test('ends well when somebody has seen enough', async () => {
    const before = stateFolders();
    const surroundings = testSurroundings();
    surroundings.stdout.once('data', () => surroundings.stdout.destroy());
    assert.equal(await run(['--events', '5000'], surroundings), 0);
    assert.match(surroundings.said.stderr, /How to go on:/);
    // of a part of the events there is no report
    assert.equal(existsSync(reportFile()), false);
    assert.doesNotMatch(surroundings.said.stderr, /in a browser|ECS documents/);
    assert.deepEqual(stateFolders(), before);
  });
});
