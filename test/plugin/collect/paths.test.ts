import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { after, describe, test } from 'node:test';
import { matchingFiles } from '../../../plugin/collect/paths.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-paths-'));
after(() => rmSync(folder, { recursive: true }));

const FILES = [
  'a.ndjson', 'b.ndjson', 'b.json', '.hidden.ndjson', 'odd[1].ndjson', 'x+y.ndjson', '2026-09-01.ndjson', '2026-09-02.ndjson', '2026-10-01.ndjson',
  'one/a.ndjson', 'one/two/a.ndjson', 'one/two/three/b.ndjson', 'other/a.ndjson', '.secret/a.ndjson', 'deep/1/2/3/4/5/6/7/8/9/a.ndjson',
];
for (const file of FILES) {
  mkdirSync(join(folder, file, '..'), { recursive: true });
  writeFileSync(join(folder, file), '');
}
mkdirSync(join(folder, 'folder.ndjson'));

/** What patterns name, relative to the folder. */
async function matches(...patterns: readonly string[]): Promise<string[]> {
  const found = await matchingFiles(patterns.map((pattern) => join(folder, pattern)), (path, error) => assert.fail(`${path}: ${String(error)}`));
  return found.map((path) => relative(folder, path));
}

describe('patterns of files', () => {
  for (const [patterns, expected] of [
    [['a.ndjson'], ['a.ndjson']],
    [['nothing.ndjson', 'nowhere/*.ndjson', 'a.ndjson/*.ndjson'], []],
    [['?.ndjson'], ['a.ndjson', 'b.ndjson']],
    [['*.json', 'b.*'], ['b.json', 'b.ndjson']],
    [['[ab].ndjson'], ['a.ndjson', 'b.ndjson']],
    [['[!a].ndjson'], ['b.ndjson']],
    [['[^a].ndjson'], ['b.ndjson']],
    [['2026-09-0[1-9].ndjson'], ['2026-09-01.ndjson', '2026-09-02.ndjson']],
    [['odd[[]1].*'], ['odd[1].ndjson']],
    [['odd[1.ndjson', 'odd[z-a].ndjson'], []],
    [['x+?.ndjson'], ['x+y.ndjson']],
    [['*/a.ndjson'], ['one/a.ndjson', 'other/a.ndjson']],
    [['o*/*/a.ndjson'], ['one/two/a.ndjson']],
    [['one/../a.ndjson', './a.ndjson', 'a.ndjson'], ['a.ndjson']],
    [['one/**/*.ndjson'], ['one/a.ndjson', 'one/two/a.ndjson', 'one/two/three/b.ndjson']],
    [['one/**'], ['one/a.ndjson', 'one/two/a.ndjson', 'one/two/three/b.ndjson']],
    [['**/three/*.ndjson'], ['one/two/three/b.ndjson']],
    [['.h*.ndjson'], ['.hidden.ndjson']],
    [['.secret/*'], ['.secret/a.ndjson']],
  ] as const) {
    test(`${patterns.join(' and ')} ${expected.length === 0 ? 'name nothing' : `name ${expected.join(', ')}`}`, async () => {
      assert.deepEqual(await matches(...patterns), expected);
    });
  }

  test('never name a folder, nor a hidden file that they do not begin with a dot for', async () => {
    const found = await matches('*');
    assert.ok(!found.includes('folder.ndjson'));
    assert.ok(!found.includes('.hidden.ndjson'));
  });

  test('look eight folders deep for **', async () => {
    assert.ok(!(await matches('**/a.ndjson')).some((path) => path.startsWith('deep')));
    assert.deepEqual(await matches('deep/1/**/a.ndjson'), ['deep/1/2/3/4/5/6/7/8/9/a.ndjson']);
  });

  test('may be relative to the current folder', async () => {
    const pattern = relative(process.cwd(), join(folder, '*.json'));
    assert.deepEqual(await matchingFiles([pattern], () => undefined), [join(relative(process.cwd(), folder), 'b.json')]);
  });

  test('follow a link to a file, and ** follows no link to a folder, which might lead back', async () => {
    symlinkSync(join(folder, 'one'), join(folder, 'other', 'link'));
    symlinkSync(join(folder, 'b.json'), join(folder, 'other', 'linked.json'));
    try {
      assert.deepEqual(await matches('other/**/*'), ['other/a.ndjson', 'other/linked.json']);
    } finally {
      unlinkSync(join(folder, 'other', 'link'));
      unlinkSync(join(folder, 'other', 'linked.json'));
    }
  });

  test('tell of a folder that cannot be read, and name the files of the others', async () => {
    // A name that is too long cannot be read by anybody, root included.
    const told: string[] = [];
    const long = 'x'.repeat(300);
    const found = await matchingFiles([join(folder, long, '*'), join(folder, 'a.*')], (path) => told.push(path));
    assert.deepEqual(told, [join(folder, long)]);
    assert.deepEqual(found, [join(folder, 'a.ndjson')]);
  });
});
