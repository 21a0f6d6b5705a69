/**
 * An operator trusts the documents in place of the events: nobody looks into Microsoft's audit log again. So every event of a file goes the whole way here, from
 * `simulate --events` through `collect --format ecs`, and is then compared with what a plain HTTP client reads from the same service: it is there once, a
 * cluster would take its document, and each of its values is found again in it, to the last digit. O365AUDIT_DATA_DIR names a folder with real events
 * (events/*.ndjson); without it, the simulator's own do.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, describe, test } from 'node:test';
import { simulatedEvents } from '../support/events.ts';
import { createFieldCheck } from '../support/fields.ts';
import { runProgram } from '../support/program.ts';
import { startService } from '../support/service.ts';
import { missingValues } from '../support/whole.ts';

/** A digit more than a double holds, the largest numbers of 64 bits, and characters of every width. */
const AWKWARD = String.raw`{"CreationTime":"2026-09-01T08:15:30","Id":"5f0c1d9e-7c0b-4a54-9c5a-0d8f6f2f0a01","OrganizationId":"7d1c0f5e-2f0a-4a57-9d0a-3a1b5d7e9c11","RecordType":6,"Operation":"FileAccessed","Workload":"SharePoint","UserId":"zoë@contoso.example","UserType":0,"Version":1,"FileSizeBytes":9007199254740993,"Largest":18446744073709551615,"Smallest":-9223372036854775808,"Beyond":123456789012345678901234567890,"SourceFileName":"\u00fcber \ud83d\ude80 \"quoted\" \\ back.txt","Nested":{"Deep":[{"Id":9007199254740995}]}}`;

/** Of the simulator's own events, of which there are many of each kind, so many-th ones. */
const EVERY = 6;

const folder = mkdtempSync(join(tmpdir(), 'o365audit-real-'));
after(() => rmSync(folder, { recursive: true }));

/** The files of events to go through. */
function eventFiles(): readonly string[] {
  const own = join(folder, 'simulated.ndjson');
  const varied = simulatedEvents().filter((_, index) => index % EVERY === 0);
  writeFileSync(own, [AWKWARD, ...varied.map(({ text }) => text.toString())].join('\n'));
  const data = process.env.O365AUDIT_DATA_DIR;
  return data === undefined ? [own] : [own, ...readdirSync(join(data, 'events')).filter((name) => name.endsWith('.ndjson')).sort().map((name) => join(data, 'events', name))];
}

describe('events of a file, through the simulator and the collector', { concurrency: 2 }, () => {
  const check = createFieldCheck();
  for (const file of eventFiles()) {
    test(`${basename(file)}: each arrives once, fits the index, and is whole`, async () => {
      // an event a blob: its body without the brackets is the event's very text
      const service = await startService(['--events', file, '--events-per-blob', '1', '--requests-per-minute', '100000']);
      const config = join(folder, `${basename(file)}.yml`);
      writeFileSync(config, service.configuration);
      const collector = await runProgram(['collect', '-c', config, '--once', '--format', 'ecs', '--state-dir', join(folder, `${basename(file)}.state`)]);
      assert.deepEqual(collector.ending, { status: 0, signal: null }, collector.stderr);
      const documents = new Map(collector.lines().map((line) => [(JSON.parse(line) as { event: { id: string } }).event.id, line]));
      const events = (await service.bodies()).map(({ contentType, text }) => ({ contentType, text: text.trim().slice(1, -1) }));
      await service.stop();

      assert.equal(events.length, readFileSync(file, 'utf8').split('\n').filter((line) => line.trim() !== '').length);
      assert.equal(collector.lineCount, events.length);
      assert.equal(documents.size, events.length);
      for (const { contentType, text } of events) {
        const { Id } = JSON.parse(text) as { Id: string };
        const document = documents.get(contentType === 'DLP.All' ? `${Id}:dlp` : Id);
        assert.ok(document !== undefined, `${Id} has not arrived`);
        assert.deepEqual(check(JSON.parse(document) as object), [], document);
        assert.deepEqual(missingValues(text, document), [], document);
      }
    });
  }

  test('digits and characters that JavaScript would lose are in the document as they were', async () => {
    const file = join(folder, 'awkward.ndjson');
    writeFileSync(file, AWKWARD);
    const service = await startService(['--events', file]);
    const config = join(folder, 'awkward.yml');
    writeFileSync(config, service.configuration);
    const { stdout } = await runProgram(['collect', '-c', config, '--once', '--format', 'ecs']);
    await service.stop();
    for (const digits of ['9007199254740993', '18446744073709551615', '-9223372036854775808', '123456789012345678901234567890', '9007199254740995']) assert.match(stdout, new RegExp(`[:"[]${digits}[",}\\]]`));
    const { o365 } = JSON.parse(stdout) as { o365: { audit: { SourceFileName: string; UserId: string } } };
    assert.equal(o365.audit.SourceFileName, 'über 🚀 "quoted" \\ back.txt');
    assert.equal(o365.audit.UserId, 'zoë@contoso.example');
  });
});
