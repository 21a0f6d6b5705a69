/**
 * One collector serves many companies, and one of them is in trouble: its secret is wrong, nobody has consented, auditing is off, the service throttles it.
 * That must stay its own trouble (D6). All others are delivered to the last event, each under its own name; and the operator reads on stderr whose trouble it
 * is, and what to do.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { FaultName } from '../../plugin/simulator/faults.table.ts';
import type { FaultSetting } from '../../plugin/simulator/faults.ts';
import { runProgram, startProgram, STOP_DEADLINE_MS, type Program } from '../support/program.ts';
import { withSimulation, type Simulation } from '../support/simulation.ts';

interface Document {
  readonly event: { readonly id: string };
  readonly organization: { readonly id: string; readonly name: string };
  readonly o365: { readonly audit: { readonly OrganizationId: string } };
}

const TENANTS = 6;
const EVENTS_EACH = 60;
/** Which of them is in trouble. */
const UNLUCKY = 2;

const within = (act: (simulation: Simulation) => Promise<void>): Promise<void> => withSimulation({ tenants: TENANTS, eventCount: TENANTS * EVENTS_EACH }, act);

const documentsOf = (program: Program): Document[] => program.lines().map((line) => JSON.parse(line) as Document);

/** Every event of these tenants is there once, under the tenant's own id and name; nothing else is. */
function assertDelivered(documents: readonly Document[], { simulator }: Simulation, isDelivered: (index: number) => boolean): void {
  for (const [index, { id: tenant, name }] of simulator.tenants.entries()) {
    const own = documents.filter(({ organization }) => organization.id === tenant);
    const ids = own.map(({ event }) => event.id.replace(/:dlp$/, ''));
    assert.deepEqual(new Set(ids), isDelivered(index) ? simulator.books.expectedIds({ tenant }) : new Set(), name);
    assert.equal(new Set(ids).size, ids.length);
    for (const { organization, o365 } of own) assert.deepEqual([organization.name, o365.audit.OrganizationId], [name, tenant]);
  }
  const known = new Set(simulator.tenants.map(({ id }) => id));
  assert.deepEqual(documents.filter(({ organization }) => !known.has(organization.id)), []);
}

/** What can happen to one tenant: how it is brought about, and what the end of the program says. */
const TROUBLES: Readonly<Record<string, { readonly fault: FaultName; readonly setting?: FaultSetting; readonly status: number; readonly says: RegExp }>> = {
  'lacks the permission': { fault: 'no-permission', status: 3, says: /lacks the permission.*Give it ActivityFeed\.Read .*\[API_PERMISSION\]/ },
  'has auditing switched off': { fault: 'auditing-off', status: 3, says: /Switch auditing on in Microsoft Purview.*\[API_TENANT\]/ },
  'is throttled for as long as the run lasts': { fault: 'throttled', setting: { retryAfter: '0' }, status: 1, says: /keeps throttling.*\[API_THROTTLED\]/ },
  'is answered with errors for as long as the run lasts': { fault: 'api-error', setting: { code: 'AF20011' }, status: 3, says: /\[API_TENANT\]/ },
};

describe('many tenants, of which one', { concurrency: 3 }, () => {
  for (const [trouble, { fault, setting = {}, status, says }] of Object.entries(TROUBLES)) {
    test(`${trouble}: the others are delivered, and it is named`, () => within(async (simulation) => {
      const unlucky = simulation.simulator.tenants[UNLUCKY];
      assert.ok(unlucky !== undefined);
      simulation.simulator.faults.set(fault, { ...setting, tenant: unlucky.id });
      const program = await runProgram(['collect', ...simulation.words, '--once', '--format', 'ecs']);
      assert.deepEqual(program.ending, { status, signal: null }, program.stderr);
      assertDelivered(documentsOf(program), simulation, (index) => index !== UNLUCKY);
      const last = program.stderr.trimEnd().split('\n').at(-1) ?? '';
      assert.match(last, /^o365audit: /);
      assert.match(last, says);
      assert.ok(last.includes(unlucky.id) || last.includes(unlucky.name), last);
      const complaints = program.stderr.split('\n').filter((line) => / (error|warn) .* tenant=/.test(line));
      assert.ok(complaints.length > 0);
      for (const line of complaints) assert.ok(line.includes(`tenant="${unlucky.name}"`) || line.includes(`tenant=${unlucky.id}`) || line.includes(`tenant=${unlucky.name} `), line);

      simulation.simulator.faults.clear();
      const next = await runProgram(['collect', ...simulation.words, '--once', '--format', 'ecs']);
      assert.deepEqual(next.ending, { status: 0, signal: null }, next.stderr);
      assertDelivered(documentsOf(next), simulation, (index) => index === UNLUCKY);
    }));
  }

  test('has a wrong secret in a source of its own: the others are delivered, and it is named', () => within(async (simulation) => {
    const { config, simulator, words } = simulation;
    const text = readFileSync(config, 'utf8');
    const { id = '', name = '' } = simulator.tenants[UNLUCKY] ?? {};
    const entry = `      - id: "${id}"\n        name: "${name}"\n`;
    assert.ok(text.includes(entry));
    const wrong = text.replace(/client_secret: ".*"/, 'client_secret: "the wrong one"').replace(/( +var\.tenants:\n)[^]*?( +var\.api:)/, `$1${entry}$2`);
    writeFileSync(config, text.replace(entry, '') + wrong);
    const program = await runProgram(['collect', ...words, '--once', '--format', 'ecs']);
    assert.deepEqual(program.ending, { status: 3, signal: null }, program.stderr);
    assertDelivered(documentsOf(program), simulation, (index) => index !== UNLUCKY);
    assert.match(program.stderr, new RegExp(`error The tenant cannot be collected until somebody mends this.* tenant="?${name}"? code=AUTH_REFUSED`));
    assert.match(program.stderr, new RegExp(`^o365audit: .*no token for tenant ${id}: the client secret is wrong.*\\[AUTH_REFUSED\\]$`, 'm'));
    assert.doesNotMatch(program.stderr, /the wrong one/);
  }));

  test('recovers while the collector runs on: it is delivered without a restart', () => within(async (simulation) => {
    const { simulator, words } = simulation;
    const unlucky = simulator.tenants[UNLUCKY]?.id ?? '';
    simulator.faults.set('auditing-off', { tenant: unlucky });
    const program = startProgram(['collect', ...words, '--format', 'ecs', '-M', 'o365.audit.var.api.error_retry_interval=1s', '-M', 'o365.audit.var.api.poll_interval=1s']);
    await program.wrote((TENANTS - 1) * EVENTS_EACH);
    await program.said('The tenant cannot be collected until somebody mends this', 2);
    simulator.faults.clear();
    await program.wrote(TENANTS * EVENTS_EACH);
    program.signal('SIGTERM');
    assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null });
    assertDelivered(documentsOf(program), simulation, () => true);
  }));
});
