import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { map } from '../../../plugin/commands/map.ts';
import { AuditError } from '../../../plugin/errors.ts';
import { isFailure } from '../../support/failures.ts';
import { createFieldCheck } from '../../support/fields.ts';
import { goldenCases } from '../../support/golden.ts';
import { until } from '../../support/manual-clock.ts';
import { idsOf } from '../../support/simulation.ts';
import { argumentsOf, testSurroundings, type TestSurroundings } from '../../support/surroundings.ts';

const folder = mkdtempSync(join(tmpdir(), 'o365audit-map-'));
after(() => rmSync(folder, { recursive: true }));

const event = (id: string): string => `{"Id":"${id}","CreationTime":"2026-09-01T08:15:30","Operation":"UserLoggedIn","RecordType":15,"UserId":"ada.quill@brackwater.example"}`;

function file(name: string, text: string | Buffer): string {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
}

/** Runs `o365audit map` with these words. */
async function run(words: readonly string[], surroundings: TestSurroundings = testSurroundings()): Promise<number> {
  return map(await argumentsOf('map', words, surroundings.env), surroundings);
}

describe('o365audit map', () => {
  test('makes the golden documents of the golden events', async () => {
    const cases = goldenCases().filter(({ input }) => isBareEvent(input));
    assert.ok(cases.length > 100);
    const surroundings = testSurroundings();
    assert.equal(await run([file('golden.ndjson', Buffer.concat(cases.flatMap(({ input }) => [input, Buffer.from('\n')])))], surroundings), 0);
    const lines = surroundings.lines();
    assert.equal(lines.length, cases.length);
    const fields = createFieldCheck();
    cases.forEach(({ name, expected }, index) => {
      const document = JSON.parse(lines[index] ?? '') as { o365?: unknown };
      assert.deepEqual(fields(document), [], name);
      assert.deepEqual(document.o365, (expected as { o365?: unknown }).o365, name);
    });
  });

  test('does with what data loss prevention detected, and with rules that are off by default, as it is told', async () => {
    const detection = `{"Id":"d1","CreationTime":"2026-09-01T08:15:30","RecordType":13,"Operation":"DlpRuleMatch","UserId":"ada.quill@brackwater.example","UserType":2,
      "PolicyDetails":[{"Rules":[{"ConditionsMatched":{"SensitiveInformation":[{"SensitiveInformationDetections":{"DetectedValues":[{"Name":"4000 1234 5678 9010","Value":"my card"}]}}]}}]}]}`;
    const documentOf = async (...words: readonly string[]): Promise<string> => {
      const surroundings = testSurroundings();
      assert.equal(await run([...words, file('detection.json', detection)], surroundings), 0);
      return surroundings.lines().join();
    };
    const [kept, hashed, dropped] = [await documentOf(), await documentOf('--dlp-detections', 'hash'), await documentOf('--dlp-detections', 'drop', '--mapping-switches', 'user_roles')];
    assert.match(kept, /"Name":"4000 1234 5678 9010"/);
    assert.match(hashed, new RegExp(`"Name":"${createHash('sha256').update('4000 1234 5678 9010').digest('hex')}"`));
    assert.doesNotMatch(hashed + dropped, /4000 1234|my card/);
    assert.doesNotMatch(kept, /"roles"/);
    assert.match(dropped, /"roles":\["Admin"\]/);
  });

  for (const [what, text] of [
    ['NDJSON', `${event('e1')}\n${event('e2')}\n`],
    ['NDJSON without its last line end', `${event('e1')}\n${event('e2')}`],
    ['a JSON array', `[\n${event('e1')},\n${event('e2')}\n]\n`],
    ['a Purview export', `RecordId,AuditData\ne1,"${event('e1').replaceAll('"', '""')}"\ne2,"${event('e2').replaceAll('"', '""')}"\n`],
    ['a Purview export in UTF-16', Buffer.from(`\ufeffRecordId,AuditData\r\ne1,"${event('e1').replaceAll('"', '""')}"\r\ne2,"${event('e2').replaceAll('"', '""')}"\r\n`, 'utf16le')],
  ] as const) {
    test(`takes ${what}, from a file and from stdin`, async () => {
      const fromFile = testSurroundings();
      assert.equal(await run([file('events', text)], fromFile), 0);
      assert.deepEqual(idsOf(fromFile.lines()), ['e1', 'e2']);
      for (const words of [[], ['-']]) {
        const fromStdin = testSurroundings();
        fromStdin.stdin.end(text);
        assert.equal(await run(words, fromStdin), 0);
        assert.deepEqual(fromStdin.lines(), fromFile.lines());
      }
    });
  }

  test('takes several files, and the namespace of the data stream', async () => {
    const surroundings = testSurroundings();
    await run(['--namespace', 'lab', file('a', `${event('e1')}\n`), file('b', `${event('e2')}\n`)], surroundings);
    assert.deepEqual(idsOf(surroundings.lines()), ['e1', 'e2']);
    for (const line of surroundings.lines()) assert.equal((JSON.parse(line) as { data_stream: { namespace: string } }).data_stream.namespace, 'lab');
  });

  test('makes a document of every line, also of one that is no event', async () => {
    const surroundings = testSurroundings();
    assert.equal(await run([file('odd', `${event('e1')}\nnot an event\n{"Id":\n${event('e2')}\n`)], surroundings), 0);
    const documents = surroundings.lines().map((line) => JSON.parse(line) as { event: { id: string; kind: string; original?: string } });
    assert.deepEqual(documents.map(({ event: { kind } }) => kind), ['event', 'pipeline_error', 'pipeline_error', 'event']);
    assert.match(documents[1]?.event.original ?? '', /not an event/);
  });

  test('says what is wrong with a file, maps the others, and ends with the first failure', async () => {
    const surroundings = testSurroundings();
    const words = [join(folder, 'none'), folder, file('cut', `[${event('e1')},`), file('good', `${event('e2')}\n`)];
    await assert.rejects(run(words, surroundings), (error) => error instanceof AuditError && error.code === 'MAP_FILE' && error.message.includes(join(folder, 'none')));
    assert.deepEqual(idsOf(surroundings.lines()), ['e1', 'e2']);
    assert.deepEqual([...surroundings.said.stderr.matchAll(/code=(\w+)/g)].map(([, code]) => code), ['MAP_FILE', 'MAP_FILE', 'BLOB_TRUNCATED']);
  });

  test('of nothing makes nothing', async () => {
    const surroundings = testSurroundings();
    assert.equal(await run([file('empty', '')], surroundings), 0);
    assert.equal(surroundings.said.stdout, '');
  });

  test('ends when nobody reads any more', async () => {
    const surroundings = testSurroundings();
    surroundings.stdout.destroy();
    await assert.rejects(run([file('a', `${event('e1')}\n`)], surroundings), isFailure('OUTPUT_CLOSED'));
  });

  test('says that it waits for somebody who types, and says nothing of the kind to a pipe', async () => {
    for (const [isTTY, said] of [[true, 'Events are read from the terminal, until Ctrl-D. Name a file to read that one.\n'], [undefined, '']] as const) {
      const surroundings = testSurroundings();
      Object.assign(surroundings.stdin, { isTTY });
      surroundings.stdin.end();
      assert.equal(await run([], surroundings), 0);
      assert.equal(surroundings.said.stderr, said);
    }
  });

  test('hears of a stop while it waits for stdin, and does not end as if all were well', async () => {
    const surroundings = testSurroundings();
    const running = run([], surroundings);
    running.catch(() => undefined);
    surroundings.stdin.write(`${event('e1')}\n${event('e2').slice(0, 20)}`);
    await until(() => surroundings.stdin.readableLength === 0, 'the events to be read');
    surroundings.end();
    await assert.rejects(running, (error) => error instanceof AuditError && error.code === 'MAP_STOPPED' && error.exitStatus === 130);
    for (const line of surroundings.lines()) JSON.parse(line);
  });
});

/** Whether a golden input is an event as a file would have it, and not a record of the collector, or a text that is broken on purpose. */
function isBareEvent(input: Buffer): boolean {
  try {
    const value: unknown = JSON.parse(String(input));
    return typeof value === 'object' && value !== null && !Array.isArray(value) && !('o365audit' in value) && !input.includes('\n');
  } catch {
    return false;
  }
}
