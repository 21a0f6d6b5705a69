/**
 * A collector finds a state directory of another day: it was switched off for longer than Microsoft keeps content, or its clock was wrong, or its configuration
 * names other content types now. Peers ask for a window that is too old, are refused with AF20055, and ask again until somebody deletes their state (A1); or
 * wait, with a cursor in the future, for a time that does not come (A13); or go on polling what nobody wants any more (A14); or ask for more than a day at
 * once, which the service answers with a part and a 200 (A22). Here windows are made anew each time, of what can be asked for now; what can no longer be had is
 * named once; and nobody ever deletes state by hand.
 */
import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { JOURNAL_FOLDER, JOURNAL_SUFFIX } from '../../plugin/ledger/ledger.ts';
import { CONTENT_TYPES } from '../../plugin/types.ts';
import { addBacklog, idsIn, untilListable } from '../support/backlog.ts';
import { inLedger, listedUntil } from '../support/earlier-run.ts';
import { runProgram, startProgram } from '../support/program.ts';
import { idsOf, withSimulation, type Simulation } from '../support/simulation.ts';

const DAY_MS = 86_400_000;

const within = (act: (simulation: Simulation) => Promise<void>): Promise<void> => withSimulation({ eventCount: 200 }, act);

const journalOf = ({ simulator, stateDir }: Simulation): string => join(stateDir, JOURNAL_FOLDER, `${simulator.tenants[0]?.id ?? ''}${JOURNAL_SUFFIX}`);

/** The service was never asked for what it does not serve. */
function assertAskedWell({ simulator }: Simulation): void {
  for (const { byStatus, contentTypes } of Object.values(simulator.books.snapshot().tenants)) {
    assert.deepEqual(Object.keys(byStatus), ['200']);
    for (const { widestWindowMs } of Object.values(contentTypes)) assert.ok(widestWindowMs < DAY_MS, `a window of ${widestWindowMs} ms`);
  }
}

describe('a state directory', { concurrency: 2 }, () => {
  test('of nine days ago: what can no longer be had is named once, and everything else arrives at once', () => within(async (simulation) => {
    await listedUntil(simulation, Date.now() - 9 * DAY_MS);
    const words = ['collect', ...simulation.words, '--once'];
    const program = await runProgram(words);
    assert.deepEqual(program.ending, { status: 0, signal: null }, program.stderr);
    assert.deepEqual(new Set(idsOf(program.lines())), simulation.expectedIds());
    const named = [...program.stderr.matchAll(/error The service no longer serves this span of time.* contentType=(\S+) from=(\S+) to=(\S+)/g)];
    assert.deepEqual(named.map(([, type]) => type).sort(), [...CONTENT_TYPES].sort());
    for (const [, , from = '', to = ''] of named) assert.ok(Math.abs(Date.parse(to) - Date.parse(from) - 2 * DAY_MS) < 3_600_000, `${from} to ${to}`);
    assert.doesNotMatch((await runProgram(words)).stderr, /no longer serves/);
    assertAskedWell(simulation);
  }));

  test('of three days ago: everything arrives, and no window is wider than a day', () => within(async (simulation) => {
    await listedUntil(simulation, Date.now() - 3 * DAY_MS);
    simulation.simulator.faults.set('wide-window-answered');
    const program = await runProgram(['collect', ...simulation.words, '--once']);
    assert.deepEqual([program.ending?.status, new Set(idsOf(program.lines()))], [0, simulation.expectedIds()], program.stderr);
    assert.doesNotMatch(program.stderr, /no longer serves/);
    assertAskedWell(simulation);
  }));

  test('of a machine whose clock was days ahead: what is new arrives at once, and nothing waits for that day', () => within(async (simulation) => {
    const { simulator } = simulation;
    const words = ['collect', ...simulation.words, '--once'];
    assert.equal((await runProgram(words)).ending?.status, 0);
    await listedUntil(simulation, Date.now() + 5 * DAY_MS);
    const fresh = addBacklog(simulator, { blobs: 8, eventsPerBlob: 3, stepMs: 1_000 });
    for (const expected of [idsIn(fresh), new Set()]) {
      const program = await runProgram(words);
      assert.deepEqual([program.ending?.status, new Set(idsOf(program.lines()))], [0, expected], program.stderr);
    }
    assertAskedWell(simulation);
  }));

  test('of a machine whose clock is days ahead now: what is owed is asked for, not given up, for only the service knows what has expired', () => within(async (simulation) => {
    const { simulator, words } = simulation;
    simulator.faults.set('clock-skew', { ms: -8 * DAY_MS });
    simulator.faults.set('api-error', { path: '/activity/feed/audit/' });
    const owed = addBacklog(simulator, { blobs: 8, eventsPerBlob: 3 });
    const first = startProgram(['collect', ...words]);
    await first.until(() => {
      const asked = (simulator.books.snapshot({ log: true }).log ?? []).map(({ path }) => path);
      return owed.every(({ contentId }) => asked.some((path) => path.includes(contentId)) && readFileSync(journalOf(simulation), 'latin1').includes(contentId));
    }, 'a request for each blob, which is owed by the journal');
    await first.kill();
    assert.equal(await inLedger(simulation, (ledger) => owed.filter(({ contentId }) => ledger.owed().some((blob) => blob.contentId === contentId)).length), owed.length);
    simulator.faults.clear('api-error');
    const second = await runProgram(['collect', ...words, '--once']);
    assert.deepEqual(second.ending, { status: 0, signal: null }, second.stderr);
    assert.doesNotMatch(second.stderr, /can no longer be had|no longer serves/);
    assert.deepEqual([...idsIn(owed)].filter((id) => !second.stdout.includes(id)), []);
  }));

  test('of the right day, on a machine that starts days ahead of it or behind: nothing is forgotten, lost or sent again, though the journal is damaged, too', () => within(async (simulation) => {
    const { simulator, words } = simulation;
    const first = await runProgram(['collect', ...words, '--once']);
    assert.deepEqual([first.ending?.status, new Set(idsOf(first.lines()))], [0, simulation.expectedIds()], first.stderr);
    for (const days of [30, -30]) {
      // a damaged journal is listed from the beginning, and made anew at the wrong time
      appendFileSync(journalOf(simulation), 'garbage\n');
      // the service cannot say what is subscribed, so listing is what is asked for first
      simulator.faults.set('api-error', { path: 'subscriptions/list' });
      const fresh = addBacklog(simulator, { blobs: 2, eventsPerBlob: 3, stepMs: 1_000 });
      const program = await runProgram(['collect', ...words, '--once'], { nodeWords: ['--import', `data:text/javascript,const now = Date.now; Date.now = () => now() + ${days * DAY_MS}`] });
      assert.deepEqual([program.ending?.status, new Set(idsOf(program.lines()))], [0, idsIn(fresh)], program.stderr);
      assert.doesNotMatch(program.stderr, /can no longer be had|no longer serves/);
    }
    // new blobs of the same events: only their ids tell that they were delivered
    const again = first.lines().filter((line) => !line.includes(':dlp"')).slice(0, 50).map((line) => JSON.stringify((JSON.parse(line) as { o365audit: unknown }).o365audit));
    simulator.addEvents({ ndjson: Buffer.from(again.join('\n')).toString('latin1'), contentType: 'Audit.General', keepIds: true });
    await untilListable();
    const last = await runProgram(['collect', ...words, '--once']);
    assert.deepEqual(last.lines(), [], last.stderr);
    assert.match(last.stderr, /duplicates=50/);
  }));

  test('with content types that are not wanted any more: they are left alone, and taken up again when they are wanted', () => within(async (simulation) => {
    const { simulator, words } = simulation;
    // an outage leaves much of it owed
    simulator.faults.set('api-error', { path: 'audit_exchange' });
    const first = startProgram(['collect', ...words]);
    const exchange = simulator.books.blobs().filter(({ contentType }) => contentType === 'Audit.Exchange');
    await first.said('A content blob could not be delivered in several attempts', 1);
    await first.kill();
    const owed = await inLedger(simulation, (ledger) => ledger.owed().filter(({ contentType }) => contentType === 'Audit.Exchange').length);
    assert.ok(owed > 0);
    simulator.faults.clear();

    const requests = (): number => (simulator.books.snapshot({ log: true }).log ?? []).filter(({ contentType, path }) => contentType === 'Audit.Exchange' || path.includes('audit_exchange')).length;
    const before = requests();
    const second = await runProgram(['collect', ...words, '--once', '-M', 'o365.audit.var.content_type=["Audit.SharePoint","Audit.General"]']);
    assert.deepEqual(second.ending, { status: 0, signal: null }, second.stderr);
    assert.equal(requests(), before, 'the service was asked for a content type that is not wanted');
    assert.equal(await inLedger(simulation, (ledger) => ledger.owed().filter(({ contentType }) => contentType === 'Audit.Exchange').length), owed, 'what is owed of it was forgotten');

    const third = await runProgram(['collect', ...words, '--once']);
    assert.deepEqual(third.ending, { status: 0, signal: null }, third.stderr);
    const arrived = new Set([first, second, third].flatMap((program) => idsOf(program.lines())));
    assert.deepEqual(arrived, simulation.expectedIds());
    assert.ok(exchange.every(({ ids }) => ids.every((id) => id === undefined || arrived.has(id))));
  }));
});
