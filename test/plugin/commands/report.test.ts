import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { map } from '../../../plugin/commands/map.ts';
import { report } from '../../../plugin/commands/report.ts';
import type { Picture } from '../../../plugin/report/picture.ts';
import { isFailure } from '../../support/failures.ts';
import { argumentsOf, testSurroundings, type TestSurroundings } from '../../support/surroundings.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-report-test-'));
after(() => rmSync(folder, { recursive: true }));
const page = join(folder, 'report.html');

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/** Runs `o365audit report` with these words. */
async function run(words: readonly string[], surroundings: TestSurroundings = testSurroundings()): Promise<number> {
  return report(await argumentsOf('report', words, surroundings.env), surroundings);
}

/** The picture in the page, without what differs from run to run. */
function pictureIn(path = page): Omit<Picture, 'madeAtMs' | 'sources'> {
  const text = /<script type="application\/json" id="picture">(.*?)<\/script>/s.exec(readFileSync(path, 'utf8'))?.[1] ?? '';
  const { madeAtMs, sources, ...rest } = JSON.parse(text) as Picture;
  assert.ok(madeAtMs > 0 && sources.length > 0);
  return rest;
}

const event = (id: string, operation = 'UserLoginFailed', userId = 'ada.quill@brackwater.example'): string => JSON.stringify({
  Id: id, CreationTime: '2026-09-01T08:15:30', Operation: operation, RecordType: operation === 'FileAccessed' ? 6 : 15, Workload: 'AzureActiveDirectory', UserId: userId, ClientIP: '192.0.2.7', LogonError: 'IdsLocked',
});

/** What `o365audit map` makes of these events. */
async function documentsOf(...events: readonly string[]): Promise<string> {
  const surroundings = testSurroundings();
  surroundings.stdin.end(events.join('\n'));
  assert.equal(await map(await argumentsOf('map', []), surroundings), 0);
  return surroundings.said.stdout;
}

describe('o365audit report', () => {
  test('shows the same of events and of their documents, from files and from stdin', async () => {
    const events = [event('e1'), event('e2', 'UserLoggedIn'), event('e3', 'FileAccessed', 'ben')];
    assert.equal(await run([file('events.ndjson', events.join('\n')), '-o', page]), 0);
    const fromEvents = pictureIn();
    assert.equal(fromEvents.counts.events, 3);
    assert.deepEqual([fromEvents.counts.signIns, fromEvents.counts.failedSignIns], [2, 1]);
    const documents = await documentsOf(...events);
    await run([file('documents.ndjson', documents), '-o', page]);
    assert.deepEqual(pictureIn(), fromEvents);
    for (const [words, text] of [[['-'], documents], [[], `[${events.join(',')}]`]] as const) {
      const surroundings = testSurroundings();
      surroundings.stdin.end(text);
      assert.equal(await run([...words, '-o', page], surroundings), 0);
      assert.deepEqual(pictureIn(), fromEvents);
      assert.equal(surroundings.said.stderr, `3 events in ${page}\n`);
      assert.equal(surroundings.said.stdout, '');
    }
  });

  test('puts files of both kinds together', async () => {
    await run([file('a.ndjson', event('e1')), file('b.ndjson', await documentsOf(event('e2'))), '-o', page]);
    assert.equal(pictureIn().counts.events, 2);
  });

  test('writes a page that nobody else may read', async () => {
    const fresh = join(folder, 'fresh.html');
    await run([file('a.ndjson', event('e1')), '-o', fresh]);
    if (process.platform !== 'win32') assert.equal(statSync(fresh).mode & 0o777, 0o600);
  });

  test('fails without a page when a file cannot be read, when the page cannot be written, and when it is stopped', async () => {
    const none = join(folder, 'none.html');
    await assert.rejects(run([join(folder, 'absent.ndjson'), '-o', none]), isFailure('MAP_FILE'));
    await assert.rejects(run([file('a.ndjson', event('e1')), '-o', join(folder, 'absent', 'report.html')]), isFailure('REPORT_WRITE'));
    await assert.rejects(run([file('a.ndjson', event('e1')), '-o', none], testSurroundings({ programFolder: folder })), isFailure('MODULE_UNREADABLE'));
    const surroundings = testSurroundings();
    const running = run(['-o', none], surroundings);
    surroundings.end();
    await assert.rejects(running, isFailure('MAP_STOPPED'));
    assert.throws(() => statSync(none), { code: 'ENOENT' });
  });
});
