/**
 * Some people have their audit events in files: an export, or another program that writes and rotates logs. The collector reads them like any log shipper, and its
 * user expects of it what he expects of those: new lines are found, a file that was rotated away is read to its end and not again under its new name, a kill costs
 * repetitions of a bounded stretch and no event, and after a clean stop nothing comes twice.
 */
import assert from 'node:assert/strict';
import { appendFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { idsAfter } from '../support/arrivals.ts';
import { simulatedEvents } from '../support/events.ts';
import { startForwardHost } from '../support/forward-host.ts';
import { runProgram, startProgram, STOP_DEADLINE_MS } from '../support/program.ts';
import { idsOf } from '../support/simulation.ts';

const root = mkdtempSync(join(tmpdir(), 'o365audit-files-'));
after(() => rmSync(root, { recursive: true }));

/** More than is held at once. */
const LARGE_FILE_EVENTS = 24_000;

const texts = simulatedEvents().map(({ text }) => JSON.parse(text.toString()) as object);

/** Events with ids of their own, one a line. */
function linesFor(name: string, count: number): { readonly ids: string[]; readonly text: string } {
  const ids = Array.from({ length: count }, (_, index) => `${name}-${index}`);
  return { ids, text: ids.map((Id, index) => `${JSON.stringify({ ...texts[index % texts.length], Id })}\n`).join('') };
}

/** A folder of logs with an o365.yml beside it. */
function makeFolder(name: string, paths: readonly string[]): { readonly logs: string; readonly words: readonly string[]; readonly stateDir: string } {
  const folder = join(root, name);
  const logs = join(folder, 'logs');
  mkdirSync(join(logs, 'deeper'), { recursive: true });
  const config = join(folder, 'o365.yml');
  writeFileSync(config, `- module: o365\n  audit:\n    enabled: true\n    var.input: file\n    var.paths:\n${paths.map((path) => `      - ${join(logs, path)}\n`).join('')}`);
  const stateDir = join(folder, 'state');
  return { logs, words: ['collect', '-c', config, '--state-dir', stateDir], stateDir };
}

describe('events from files', { concurrency: 4 }, () => {
  test('come from all that match, lines and arrays, as they grow and are rotated, each once', async () => {
    const { logs, words } = makeFolder('live', ['**/*.ndjson', '*.json']);
    const [one, other, array, grown, last, fresh, later] = ['one', 'other', 'array', 'grown', 'last', 'fresh', 'later'].map((name) => linesFor(name, 7));
    assert.ok(one && other && array && grown && last && fresh && later);
    const file = join(logs, 'one.ndjson');
    writeFileSync(file, one.text);
    writeFileSync(join(logs, 'deeper', 'other.ndjson'), other.text);
    writeFileSync(join(logs, 'array.json'), `[\n  ${array.text.trim().split('\n').join(',\n  ')}\n]\n`);
    writeFileSync(join(logs, 'one.txt'), linesFor('unasked', 3).text);
    const program = startProgram(words);
    await program.wrote(21);
    // half a line is no event yet
    appendFileSync(file, grown.text.slice(0, -50));
    await program.wrote(27);
    // written right before it is rotated away, to a name that does not match
    appendFileSync(file, grown.text.slice(-50) + last.text);
    renameSync(file, `${file}.1`);
    writeFileSync(file, fresh.text);
    await program.wrote(42);
    program.signal('SIGTERM');
    assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, program.stderr);
    assert.deepEqual(idsOf(program.lines()).sort(), [one, other, array, grown, last, fresh].flatMap(({ ids }) => ids).sort());

    appendFileSync(file, later.text);
    const next = await runProgram([...words, '--once']);
    assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
    assert.deepEqual(idsOf(next.lines()), later.ids);
    assert.deepEqual((await runProgram([...words, '--once'])).lines(), []);
  });

  test('go on after a kill from the last saved position: none is missing, and none before it comes again', async () => {
    const { logs, words, stateDir } = makeFolder('killed', ['*.ndjson']);
    const file = join(logs, 'growing.ndjson');
    const [before, behind] = [linesFor('before', 2_000), linesFor('behind', 8_000)];
    writeFileSync(file, before.text);
    const host = await startForwardHost();
    try {
      const toHost = [...words, '--output', host.url];
      const first = startProgram(toHost);
      await first.until(() => existsSync(join(stateDir, 'files.json')), 'its first saved position');
      // from now on nothing is acknowledged, so nothing more is known to be delivered
      host.misbehave('acknowledge-late');
      appendFileSync(file, behind.text);
      await first.until(() => host.received.size > before.ids.length, 'events behind it');
      await first.kill();
      const connections = host.connectionCount();
      await host.behave();
      const next = await runProgram([...toHost, '--once']);
      assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
      assert.deepEqual(idsAfter(host, connections), behind.ids);
      assert.deepEqual(new Set(host.received.keys()), new Set([...before.ids, ...behind.ids]));
    } finally {
      await host.close();
    }
  });

  test('do not come twice after a clean stop in the middle of a file', async () => {
    const { logs, words } = makeFolder('stopped', ['*.ndjson']);
    const { ids, text } = linesFor('large', LARGE_FILE_EVENTS);
    writeFileSync(join(logs, 'large.ndjson'), text);
    const host = await startForwardHost();
    try {
      host.misbehave('acknowledge-late');
      const toHost = [...words, '--output', host.url, '--bytes-in-flight', '8MiB'];
      const first = startProgram(toHost);
      await first.until(() => host.frames.length >= 4, 'four frames');
      first.signal('SIGTERM');
      await host.behave();
      assert.deepEqual(await first.ended(STOP_DEADLINE_MS), { status: 0, signal: null }, first.stderr);
      assert.ok(host.received.size > 0 && host.received.size < ids.length, `${host.received.size} events`);
      const next = await runProgram([...toHost, '--once']);
      assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
      assert.deepEqual(new Set(host.received.keys()), new Set(ids));
      assert.deepEqual([...host.received].filter(([, times]) => times > 1), []);
    } finally {
      await host.close();
    }
  });

  test('that are cut off at the end of a run that ends by itself are waited for by the next one, and the status says so', async () => {
    const { logs, words } = makeFolder('cut', ['*.ndjson', '*.json']);
    const lines = linesFor('lines', 4);
    const array = linesFor('array', 4);
    const whole = `[${array.text.trim().split('\n').join(',')}]`;
    writeFileSync(join(logs, 'lines.ndjson'), lines.text.slice(0, -20));
    writeFileSync(join(logs, 'array.json'), whole.slice(0, -20));
    const first = await runProgram([...words, '--once']);
    assert.equal(first.ending?.status, 1);
    assert.match(first.stderr, /\[COLLECT_FILE\]/);
    for (const name of ['lines.ndjson', 'array.json']) assert.ok(first.stderr.includes(name), name);
    writeFileSync(join(logs, 'lines.ndjson'), lines.text);
    writeFileSync(join(logs, 'array.json'), whole);
    const next = await runProgram([...words, '--once']);
    assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
    const all = [...idsOf(first.lines()), ...idsOf(next.lines())];
    assert.deepEqual(new Set(all), new Set([...lines.ids, ...array.ids]));
    // of lines none comes twice; an array is one thing
    assert.equal(all.filter((id) => id.startsWith('lines')).length, lines.ids.length);
  });
});
