/**
 * Somebody has cloned the project and wants to see what it does before giving it a tenant. One command must show it: documents on stdout, so that they can be
 * piped into anything, and everything for a person on stderr. Whoever asks for less, or for more, gets that too; and what has been shown of it is the real thing,
 * so it must be whole: every kind of record, each event once.
 */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { FAMILIES } from '../../plugin/simulator/families/families.ts';
import { createFieldCheck } from '../support/fields.ts';
import { runProgram, startProgram, STOP_DEADLINE_MS } from '../support/program.ts';

interface Document {
  readonly '@timestamp': string;
  readonly event: { readonly id: string };
  readonly o365: { readonly audit: { readonly RecordType: string | number } };
}

const folder = mkdtempSync(join(tmpdir(), 'o365audit-test-'));
after(() => rmSync(folder, { recursive: true }));
const report = ['--report', join(folder, 'report.html')];

const documentsOf = (lines: readonly string[]): Document[] => lines.map((line) => JSON.parse(line) as Document);

describe('o365audit demo', { concurrency: 2 }, () => {
  test('shows a thousand documents of every kind of record, one a line and nothing else, and says on stderr what they were', async () => {
    const program = await runProgram(['demo', ...report]);
    assert.deepEqual(program.ending, { status: 0, signal: null }, program.stderr);
    assert.ok(program.stdout.endsWith('}\n'));
    const documents = documentsOf(program.lines());
    assert.equal(documents.length, 1000);
    assert.equal(new Set(documents.map(({ event }) => event.id)).size, 1000);
    const kinds = Object.values(FAMILIES).flat().flatMap(({ recordTypes }) => Object.keys(recordTypes));
    const shown = new Set(documents.map(({ o365 }) => String(o365.audit.RecordType)));
    assert.deepEqual(kinds.filter((recordType) => !shown.has(recordType)), []);
    const check = createFieldCheck();
    assert.deepEqual(documents.flatMap((document) => check(document)), []);
    assert.ok(documents.every((document) => !Number.isNaN(Date.parse(document['@timestamp']))));
    for (const part of [/1,000 ECS documents from \d+ content blobs/, /content type +events +category +events +outcome +events/, /Audit\.Exchange +\d+/, /success +\d+/, /How to go on:/]) assert.match(program.stderr, part);
    assert.ok(program.stderr.includes(`in a browser: ${join(folder, 'report.html')}\n`));
    assert.ok(existsSync(join(folder, 'report.html')));
    // a person reads this: no line of it is an object, or a complaint
    assert.doesNotMatch(program.stderr, /[{}]|error|warn/i);
  });

  test('hands over the first documents while it is still at work', async () => {
    const program = startProgram(['demo', ...report]);
    await program.wrote(1);
    // a pipe holds a small part of a thousand documents, so who has read the first ones knows that the program cannot have ended
    assert.equal(program.ending, undefined);
    assert.deepEqual(await program.ended(), { status: 0, signal: null });
  });

  test('shows as many as it is asked for', async () => {
    const program = await runProgram(['demo', '--events', '7', ...report]);
    assert.deepEqual(program.ending, { status: 0, signal: null });
    assert.equal(documentsOf(program.lines()).length, 7);
    assert.match(program.stderr, /^7 ECS documents from /m);
  });

  test('goes on with new events with --follow, until Ctrl-C, and then sums up', async () => {
    const program = startProgram(['demo', '--events', '20', '--follow', ...report]);
    await program.wrote(20);
    // the backlog is all there: what comes now is new
    await program.wrote(26);
    assert.doesNotMatch(program.stderr, /How to go on/);
    program.signal('SIGINT');
    assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null });
    const ids = documentsOf(program.lines()).map(({ event }) => event.id);
    assert.equal(new Set(ids).size, ids.length);
    assert.match(program.stderr, new RegExp(`^${ids.length} ECS documents from `, 'm'));
  });
});
