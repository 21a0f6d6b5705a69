import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { replay } from '../../../plugin/commands/replay.ts';
import { codeOf } from '../../support/failures.ts';
import { argumentsOf, testSurroundings } from '../../support/surroundings.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-replay-'));
after(() => rmSync(folder, { recursive: true }));
const config = join(folder, 'o365.yml');
writeFileSync(config, `- module: o365
  audit:
    var.application_id: 00000000-0000-4000-8000-00000000a001
    var.client_secret: nothing
    var.tenants: [{id: 00000000-0000-4000-8000-00000000b001}]
`, { mode: 0o600 });

describe('o365audit replay', () => {
  for (const words of [['--list'], ['--list', '--json'], ['--dead-letters'], ['--parked'], []]) {
    test(`${['replay', ...words].join(' ')} says where it has looked when there is nothing, for who has named another folder than was meant`, async () => {
      const surroundings = testSurroundings();
      const directory = join(folder, 'elsewhere');
      assert.equal(await replay(await argumentsOf('replay', ['-c', config, '--state-dir', directory, ...words], {}), surroundings), 0);
      assert.deepEqual([surroundings.said.stdout, surroundings.said.stderr], ['', `There is nothing to replay in ${directory}.\n`]);
    });
  }

  test('names an id that is not there', async () => {
    assert.equal(await codeOf(replay(await argumentsOf('replay', ['-c', config, '--id', 'x'], {}), testSurroundings())), 'REPLAY_UNKNOWN');
  });
});
