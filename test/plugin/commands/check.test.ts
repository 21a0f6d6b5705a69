import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { check } from '../../../plugin/commands/check.ts';
import { AF_CODES } from '../../../plugin/api/af-codes.table.ts';
import { AADSTS } from '../../../plugin/auth/aadsts.ts';
import { API_ERRORS } from '../../../plugin/simulator/api-errors.table.ts';
import { ENTRA_ERRORS } from '../../../plugin/simulator/entra-errors.table.ts';
import type { FaultName } from '../../../plugin/simulator/faults.table.ts';
import { CONTENT_TYPES } from '../../../plugin/types.ts';
import { startForwardHost } from '../../support/forward-host.ts';
import { createClient } from '../simulator/client.ts';
import { realClock, withSimulation, type Simulation } from '../../support/simulation.ts';
import { argumentsOf, testSurroundings } from '../../support/surroundings.ts';

interface Step {
  readonly step: string;
  readonly result: 'good' | 'warning' | 'bad';
  readonly tenant?: string;
  readonly content_type?: string;
  readonly message: string;
  readonly repair?: string;
  readonly code?: string;
}

/** A deadline that is meant to pass is over so soon: what matters is what is said then. All others leave a busy machine its time. */
const SOON_MS = 1_500;

async function run(words: readonly string[], longestWaitMs = Infinity): Promise<{ readonly status: number; readonly text: string; readonly steps: readonly Step[]; readonly stderr: string }> {
  const clock = { nowMs: () => Date.now(), wait: (ms: number, signal?: AbortSignal) => realClock.wait(Math.min(ms, longestWaitMs), signal) };
  const surroundings = testSurroundings({ clock });
  const status = await check(await argumentsOf('check', words, surroundings.env), surroundings);
  const text = surroundings.said.stdout;
  return { status, text, stderr: surroundings.said.stderr, steps: words.includes('--json') ? surroundings.lines().map((line) => JSON.parse(line) as Step) : [] };
}

/** A simulation with fresh content, and subscriptions that are on. */
function within(act: (simulation: Simulation) => Promise<void>, change?: (text: string) => string, isOn = true): Promise<void> {
  return withSimulation({ eventCount: 400, eventsPerBlob: 5 }, async (simulation) => {
    if (isOn) for (const type of CONTENT_TYPES) await (await createClient(simulation.simulator, { nowMs: Date.now }).start(type)).arrayBuffer();
    await act(simulation);
  }, change);
}

describe('o365audit check', () => {
  test('asks the API under the publisher that collecting asks it under', () => within(async ({ words, stateDir }) => {
    const publisher = '00000000-0000-4000-8000-00000000c0de';
    const trace = `${stateDir}.trace`;
    assert.equal((await run([...words, '--publisher-id', publisher, '--trace-http', trace])).status, 0);
    const publishers = [...readFileSync(trace, 'utf8').matchAll(/"PublisherIdentifier":"([\w-]+)"/g)].map(([, id]) => id);
    rmSync(trace);
    assert.ok(publishers.length > 0);
    assert.deepEqual([...new Set(publishers)], [publisher]);
  }));

  test('ticks every step where events can flow, makes nothing and says nothing else', () => within(async ({ words, stateDir }) => {
    const { status, text, stderr } = await run(words);
    assert.equal(status, 0, text);
    for (const line of [/configuration: it is good: 1 source, 1 tenant/, /✓ state directory: .* will be made/, /✓ output: records go to stdout/, /✓ login host: 127\.0\.0\.1:\d+ answers, without a proxy/,
      /✓ clock: this machine is \d s/, /✓ token: tenant [\w-]+ gives application [\w-]+ a token/, /✓ permission DLP\.All: the token has ActivityFeed\.ReadDlp/, /✓ auditing/,
      /✓ subscription Audit\.Exchange: it is on/, /✓ listing Audit\.General/, /✓ content Audit\.\w+: a blob of events can be read/, /^Events can flow\.$/m]) assert.match(text, line);
    assert.doesNotMatch(text, /✗/);
    assert.equal(stderr, '');
    assert.equal(existsSync(stateDir), false);
  }));

  test('says in JSON what it says in words', () => within(async ({ words }) => {
    const { status, steps } = await run([...words, '--json']);
    assert.equal(status, 0);
    assert.deepEqual([...new Set(steps.map(({ step }) => step))], ['configuration', 'state directory', 'output', 'network', 'login host', 'clock', 'token', 'permission', 'API host', 'auditing', 'subscription', 'listing', 'content']);
    assert.deepEqual([...new Set(steps.filter(({ step }) => step === 'permission').map(({ content_type }) => content_type))], [...CONTENT_TYPES]);
  }));

  test('takes subscriptions that were never started for no obstacle: collecting starts them', () => within(async ({ words }) => {
    const { status, steps } = await run([...words, '--json']);
    assert.equal(status, 0);
    assert.deepEqual(steps.filter(({ step }) => step === 'subscription').map(({ result, message }) => [result, message]), CONTENT_TYPES.map(() => ['warning', 'it was never started']));
  }, undefined, false));
});

describe('o365audit check names what is wrong and its repair', () => {
  for (const [fault, setting, step, message, repair] of [
    ['token-error', { aadsts: 7000222 }, 'token', /the client secret has expired \(invalid_client, AADSTS7000222, HTTP 401\)/, /Create a new client secret/],
    ['token-error', { aadsts: 53003 }, 'token', /Conditional Access/, /exempt this application/],
    ['no-permission', {}, 'token', /lacks the permission/, /let an administrator consent/],
    ['no-dlp-permission', {}, 'permission', /the token lacks ActivityFeed\.ReadDlp/, /take DLP\.All out of var\.content_type/],
    ['auditing-off', {}, 'auditing', /does not exist/, /Switch auditing on in Microsoft Purview/],
    ['window-refused', {}, 'listing', /the span of time is not allowed/, /Check this machine's clock/],
    ['blob-expired', {}, 'content', /the blob has expired/, /Keep the collector running/],
    ['no-answer', {}, 'login host', /no answer within/, /./],
  ] as const satisfies readonly (readonly [FaultName, object, string, RegExp, RegExp])[]) {
    test(`with ${fault}${'aadsts' in setting ? ` ${setting.aadsts}` : ''}, at the step "${step}"`, () => within(async ({ words, simulator }) => {
      simulator.faults.set(fault, setting);
      const { status, steps } = await run([...words, '--json'], fault === 'no-answer' ? SOON_MS : undefined);
      assert.equal(status, 1);
      const first = steps.find(({ result }) => result === 'bad');
      assert.equal(first?.step, step, JSON.stringify(steps, undefined, 1));
      assert.match(first.message, message);
      assert.match(first.repair ?? '', repair);
    }));
  }

  test('with a clock that is off', () => within(async ({ words, simulator }) => {
    simulator.faults.set('clock-skew', { ms: 3_600_000 });
    const { steps } = await run([...words, '--json']);
    const clock = steps.find(({ step }) => step === 'clock');
    assert.deepEqual([clock?.result, clock?.repair?.includes('clock right')], ['warning', true]);
    assert.match(clock?.message ?? '', /this machine is 3\d\d\d s behind/);
  }));

  test('with a configuration that cannot be read, and then nothing else is looked at', async () => {
    const { status, steps } = await run(['-c', '/nowhere/o365.yml', '--json']);
    assert.equal(status, 1);
    assert.deepEqual(steps.map(({ step, result, code }) => [step, result, code]), [['configuration', 'bad', 'CONFIG_MISSING']]);
  });

  test('with a state directory that cannot be made', () => within(async ({ config }) => {
    const { status, text } = await run(['-c', config, '--state-dir', join(config, 'state')]);
    assert.equal(status, 1);
    assert.match(text, /✗ state directory: The state directory .* cannot be used/);
  }));

  test('with a proxy that is not there, which is named', () => within(async ({ words }) => {
    const { status, text } = await run([...words, '--proxy', 'http://127.0.0.1:1']);
    assert.equal(status, 1);
    assert.match(text, /✗ login host: The proxy 127\.0\.0\.1:1 opens no way to login\.invalid:443: .*ECONNREFUSED/);
  }, (text) => text.replace(/authentication_endpoint: .*/, 'authentication_endpoint: https://login.invalid/')));
});

describe('the output', () => {
  test('is asked to acknowledge one record, under a tag of its own', async () => {
    const host = await startForwardHost();
    try {
      await within(async ({ words }) => {
        const { status, text } = await run([...words, '--output', host.url]);
        assert.equal(status, 0, text);
        assert.match(text, /✓ output: forward:.* acknowledges \(one record with the tag o365\.check was sent\)/);
        assert.deepEqual(host.frames.map(({ tag }) => tag), ['o365.check']);
      });
    } finally {
      await host.close();
    }
  });

  test('that is not there, or acknowledges nothing, is told of with the reason', async () => {
    const host = await startForwardHost();
    try {
      host.misbehave('never-acknowledge');
      await within(async ({ words }) => {
        const silent = await run([...words, '--output', host.url], SOON_MS);
        assert.deepEqual([silent.status, /✗ output: forward:.* acknowledged nothing/.test(silent.text)], [1, true], silent.text);
        const absent = await run([...words, '--output', 'forward://127.0.0.1:1'], SOON_MS);
        assert.deepEqual([absent.status, /✗ output: forward:\/\/127\.0\.0\.1:1 acknowledged nothing: .*ECONNREFUSED/.test(absent.text)], [1, true], absent.text);
      });
    } finally {
      await host.close();
    }
  });
});

test('every code that the simulated services refuse with has its sentence and repair', () => {
  for (const number of Object.keys(ENTRA_ERRORS)) if (number !== '70003' && number !== '900561') assert.ok(Object.hasOwn(AADSTS, number), number);
  for (const code of Object.keys(API_ERRORS)) assert.ok(Object.hasOwn(AF_CODES, code), code);
});
