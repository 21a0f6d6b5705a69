/**
 * A subscription to a content type is started once, and then it is on. Peers start it at each poll, which Microsoft answers, since the summer of 2025, with
 * "too many subscription start requests": one start in a quarter of an hour is allowed (A8). And some day an administrator, or Microsoft, switches a
 * subscription off, and a listing is refused with AF20022 or AF20023; peers end there, or knock at every poll (A9). Here the service is asked what is on, and
 * only what is missing is started; when the last start was is remembered over restarts and kills; until the next one is allowed, that content type alone stays
 * out, and the log says for how long; then it heals without anybody's help. What became available while it was off the service never hands out: that is named.
 */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { ContentTypeBooks } from '../../plugin/simulator/books.ts';
import { CONTENT_TYPES, type ContentType } from '../../plugin/types.ts';
import { addBacklog, untilListable } from '../support/backlog.ts';
import { ageStarts } from '../support/earlier-run.ts';
import { runProgram, startProgram, type Program } from '../support/program.ts';
import { idsOf, roundsOf, withSimulation, type Simulation } from '../support/simulation.ts';

const OFTEN = ['-M', 'o365.audit.var.api.poll_interval=200ms', '-M', 'o365.audit.var.api.error_retry_interval=200ms'];
const POLLS = 8;

const within = (act: (simulation: Simulation) => Promise<void>): Promise<void> => withSimulation({ eventCount: 100 }, act);

const collect = ({ words }: Simulation): Program => startProgram(['collect', ...words, ...OFTEN]);
const startsOf = ({ simulator }: Simulation, type: ContentType): ContentTypeBooks['starts'] | undefined => simulator.books.snapshot().tenants[simulator.tenants[0]?.id ?? '']?.contentTypes[type]?.starts;

/** Resolves after so many further polls. */
async function pollOn(program: Program, simulation: Simulation): Promise<void> {
  const before = roundsOf(simulation);
  await program.until(() => roundsOf(simulation) >= before + POLLS, 'further polls');
}

describe('a subscription', { concurrency: 2 }, () => {
  test('is started once, however often the collector polls and is killed', () => within(async (simulation) => {
    simulation.simulator.faults.set('start-limit');
    for (let run = 0; run < 2; run += 1) {
      const program = collect(simulation);
      await pollOn(program, simulation);
      await program.kill();
    }
    for (const type of CONTENT_TYPES) assert.deepEqual(startsOf(simulation, type), { started: 1, alreadyEnabled: 0, refused: 0 }, type);
  }));

  test('is started by the next run when the collector is killed while it asks for that', () => within(async (simulation) => {
    const { simulator, words } = simulation;
    simulator.faults.set('no-answer', { path: 'subscriptions/start' });
    const first = collect(simulation);
    await first.until(() => simulator.faults.happened('no-answer') > 0, 'the first start');
    await first.kill();
    simulator.faults.clear();
    const next = await runProgram(['collect', ...words, '--once']);
    assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
    assert.deepEqual(new Set(idsOf(next.lines())), simulation.expectedIds());
  }));

  test('that is switched off keeps only its own content out, is not asked for before it may be, and then heals by itself', () => within(async (simulation) => {
    const { simulator } = simulation;
    const first = collect(simulation);
    await first.said('Everything that there was has been delivered.');
    simulator.faults.set('start-limit');
    simulator.faults.set('subscription-disabled', { count: 1, contentType: 'Audit.Exchange', message: 'The subscription was disabled by a tenant admin.' });
    await first.said('A content type could not be listed; it is listed in the next round.');
    const blobs = addBacklog(simulator, { blobs: 8, eventsPerBlob: 3, stepMs: 1_000 });
    const others = blobs.filter(({ contentType }) => contentType !== 'Audit.Exchange').flatMap(({ ids }) => ids);
    await first.until(() => others.every((id) => first.stdout.includes(id)), 'what is new of the other content types');
    await pollOn(first, simulation);
    assert.match(first.stderr, /contentType=Audit\.Exchange code=COLLECT_START_PENDING reason=".*15 minutes/);
    await first.kill();

    const second = collect(simulation);
    await second.said('code=COLLECT_START_PENDING');
    await pollOn(second, simulation);
    await second.kill();
    assert.deepEqual(startsOf(simulation, 'Audit.Exchange'), { started: 1, alreadyEnabled: 0, refused: 0 });

    simulator.faults.clear('start-limit');
    await ageStarts(simulation);
    const third = collect(simulation);
    await third.said('Everything that there was has been delivered.');
    await third.kill();
    assert.deepEqual(startsOf(simulation, 'Audit.Exchange'), { started: 2, alreadyEnabled: 0, refused: 0 });
    const arrived = new Set([first, second, third].flatMap((program) => idsOf(program.lines())));
    assert.deepEqual([...simulation.expectedIds()].filter((id) => !arrived.has(id)), []);
  }));

  for (const isKilled of [false, true]) test(`that somebody has stopped costs what became available meanwhile, which is named with from when to when${isKilled ? ', also when the collector that started it was killed before it listed' : ''}`, () => within(async (simulation) => {
    const { simulator, words, stateDir } = simulation;
    const { ending } = await runProgram(['collect', ...words, '--once']);
    assert.equal(ending?.status, 0);
    await stop(simulation, 'Audit.SharePoint');
    const before = [...simulation.expectedIds()];
    const missed = addBacklog(simulator, { blobs: 4, eventsPerBlob: 3, stepMs: 1 }).filter(({ contentType }) => contentType === 'Audit.SharePoint');
    assert.equal(missed.length, 1);
    await untilListable();
    await ageStarts(simulation);
    if (isKilled) {
      simulator.faults.set('no-answer', { path: 'subscriptions/content', contentType: 'Audit.SharePoint' });
      const killed = startProgram(['collect', ...words]);
      await killed.until(() => readFileSync(join(stateDir, 'ledger', `${simulator.tenants[0]?.id ?? ''}.journal`), 'utf8').includes('"fact":"off"'), 'its note that the subscription was off');
      await killed.kill();
      simulator.faults.clear();
      assert.doesNotMatch(killed.stderr, /no longer serves/);
      before.push(...idsOf(killed.lines()));
    }
    const next = await runProgram(['collect', ...words, '--once']);
    assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
    const [, from = '', to = '', ...more] = /no longer serves this span of time.* contentType=Audit\.SharePoint from=(\S+) to=(\S+) reason="The subscription was off/.exec(next.stderr) ?? [];
    assert.deepEqual(more, []);
    for (const { contentCreated } of missed) assert.ok(Date.parse(from) <= Date.parse(contentCreated) && Date.parse(contentCreated) < Date.parse(to), `${from} to ${to}, ${contentCreated}`);
    assert.equal(next.stderr.split('no longer serves').length, 2, 'nothing else is lost');
    assert.deepEqual(new Set([...before, ...idsOf(next.lines())]), simulation.expectedIds());
    assert.match((await runProgram(['status', '--state-dir', simulation.stateDir])).stdout, /Audit\.SharePoint: everything from .* to /);
    assert.doesNotMatch((await runProgram(['collect', ...words, '--once'])).stderr, /no longer serves/);
  }));
});

/** Stops it as an administrator's script would. */
async function stop({ simulator: { url, tenants: [tenant], applicationId, clientSecret } }: Simulation, contentType: ContentType): Promise<void> {
  const form = new URLSearchParams({ grant_type: 'client_credentials', client_id: applicationId, client_secret: clientSecret, scope: `${url.origin}/.default` });
  const { access_token: token } = await (await fetch(new URL(`/${tenant?.id}/oauth2/v2.0/token`, url), { method: 'POST', body: form })).json() as { access_token: string };
  const { status } = await fetch(new URL(`/api/v1.0/${tenant?.id}/activity/feed/subscriptions/stop?contentType=${contentType}`, url), { method: 'POST', headers: { authorization: `Bearer ${token}` } });
  assert.equal(status, 200);
}
