/**
 * Somebody has set everything up, and nothing arrives (A20). With peers that is all one sees; it can mean that the first content takes up to twelve hours, that
 * nobody has consented, that auditing is switched off in the tenant, or that the secret's id was pasted in place of the secret. Here `o365audit check` tells
 * them apart, says who has to do what, and how long to wait; and its exit status tells a script whether there is anything to do.
 */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import type { FaultName } from '../../plugin/simulator/faults.table.ts';
import { runProgram } from '../support/program.ts';
import { startSimulation, type Simulation } from '../support/simulation.ts';

interface Day {
  readonly fault?: FaultName;
  readonly prepare?: (simulation: Simulation) => void;
  readonly status: number;
  readonly says: RegExp;
}

const DAYS: Readonly<Record<string, Day>> = {
  'whose subscriptions are new is told to wait': { status: 0, says: /12 hours/ },
  'that nobody has consented for is told which permission is missing': { fault: 'no-permission', status: 1, says: /✗ token: .*lacks the permission[^]*Give it ActivityFeed\.Read/ },
  'whose auditing is switched off is told where to switch it on': { fault: 'auditing-off', status: 1, says: /✗ auditing[^]*Switch auditing on in Microsoft Purview/ },
  'with a wrong secret is told to make a new one': {
    prepare: ({ config }) => writeFileSync(config, readFileSync(config, 'utf8').replace(/client_secret: ".*"/, 'client_secret: "the wrong one"')),
    status: 1, says: /✗ token[^]*Create a new client secret/,
  },
};

describe('a tenant from which nothing arrives,', { concurrency: 2 }, () => {
  for (const [what, { fault, prepare, status, says }] of Object.entries(DAYS)) {
    test(what, async () => {
      const simulation = await startSimulation({ eventCount: 0 });
      try {
        prepare?.(simulation);
        if (fault !== undefined) simulation.simulator.faults.set(fault);
        const { ending, stdout } = await runProgram(['check', ...simulation.words]);
        assert.match(stdout, says);
        assert.deepEqual(ending, { status, signal: null }, stdout);
        for (const [other, { says: otherSays }] of Object.entries(DAYS)) if (other !== what) assert.doesNotMatch(stdout, otherSays, `it says what is for one ${other}`);
      } finally {
        await simulation.close();
      }
    });
  }
});
