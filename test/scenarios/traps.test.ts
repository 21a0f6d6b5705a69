/** No trap is forgotten: each one has a scenario that names it, and no scenario names one that nobody knows. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { readEssay, TRAPS } from './traps.table.ts';

const FOLDER = join(import.meta.dirname, '../../../test/scenarios');
const scenarios = readdirSync(FOLDER).filter((name) => name.endsWith('.test.ts') && name !== 'traps.test.ts').map((name) => ({ name, ...readEssay(readFileSync(join(FOLDER, name), 'utf8')) }));

describe('the traps of collecting', () => {
  for (const [trap, sentence] of Object.entries(TRAPS)) {
    test(`${trap} has a scenario: ${sentence}`, () => assert.ok(scenarios.some(({ traps }) => traps.includes(trap)), `no essay in ${FOLDER} names (${trap})`));
  }

  for (const { name, firstSentence, traps } of scenarios) {
    test(`${name} begins with an essay, and names known traps`, () => {
      assert.ok(firstSentence.length > 10);
      assert.deepEqual(traps.filter((trap) => !(trap in TRAPS)), []);
    });
  }

  test('are read from the first comment of a file only', () => {
    assert.deepEqual(readEssay('/**\n * It rains. It pours (A1, A13), and\n * it blows (G).\n */\n/** (A2) */ const a = f(B);'), { firstSentence: 'It rains.', traps: ['A1', 'A13', 'G'] });
  });
});
