/**
 * Microsoft has an incident. For hours every call is answered with AF50000 and a friendly "please retry the request again in an hour", or the front door
 * answers with a page of HTML that is no JSON, or nobody answers at all. Peers end with "unknown error", hang until somebody restarts them, or knock as fast as
 * they can (A17, A18, A19). Here the collector waits, longer each time; says once a round what it was told, with the status and the page's own words; never
 * gives up, and never hammers; and when the incident is over it goes on by itself. And where the incident is in one part of the service only, what the other parts
 * have goes on arriving.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { FaultName } from '../../plugin/simulator/faults.table.ts';
import type { FaultSetting } from '../../plugin/simulator/faults.ts';
import { CONTENT_TYPES } from '../../plugin/types.ts';
import { startProgram, STOP_DEADLINE_MS } from '../support/program.ts';
import { idsOf, startSimulation } from '../support/simulation.ts';

/** Five attempts, with waits of at least 0.5, 1, 2 and 4 s between them: of the question what is subscribed, then of the five content types. */
const ATTEMPTS = 5;
const CALLS = 1 + CONTENT_TYPES.length;
/** The shortest that a round of that takes: the listings are asked for side by side, after that question. */
const ROUND_MS = 2 * 7_500;
const FEED = '/activity/feed/';

interface Incident {
  readonly fault: FaultName;
  readonly setting: FaultSetting;
  /** What the operator reads. */
  readonly says: RegExp;
}

const INCIDENTS: Readonly<Record<string, Incident>> = {
  'answers with AF50000 and asks for an hour': {
    fault: 'api-error', setting: { path: FEED, message: 'An internal error occurred. Please retry the request again in an hour. We have been notified and would be resolved soon.' },
    says: /code=API_UNAVAILABLE reason=".*AF50000: .*retry the request again in an hour.*\(HTTP 500\)/,
  },
  'answers with a page that is no JSON': { fault: 'unavailable', setting: { path: FEED }, says: /code=API_UNAVAILABLE reason=".*services aren't available right now.*\(HTTP 503\)/ },
  'resets every connection': { fault: 'connection-reset', setting: { path: FEED }, says: /code=NETWORK_\w+ reason=/ },
};

describe('a service that', { concurrency: 3 }, () => {
  for (const [what, { fault, setting, says }] of Object.entries(INCIDENTS)) {
    test(`${what} is asked again slowly and without an end, and everything arrives when the incident is over`, async () => {
      const simulation = await startSimulation({ eventCount: 60 });
      try {
        const { simulator } = simulation;
        simulator.faults.set(fault, setting);
        const startedAt = performance.now();
        const program = startProgram(['collect', ...simulation.words, '-M', 'o365.audit.var.api.error_retry_interval=500ms', '-M', 'o365.audit.var.api.poll_interval=500ms']);
        await program.said('The tenant could not be listed; the program tries again by itself.');
        assert.ok(performance.now() - startedAt >= ROUND_MS, `it waited only ${performance.now() - startedAt} ms`);
        assert.match(program.stderr, says);
        const asked = simulator.faults.happened(fault);
        // a connection that dies is replaced once at once
        assert.ok(asked >= ATTEMPTS && asked <= 2 * ATTEMPTS * CALLS, `it asked ${asked} times`);
        await program.until(() => simulator.faults.happened(fault) > asked, 'another try');
        simulator.faults.clear();
        await program.said('Everything that there was has been delivered.');
        program.signal('SIGTERM');
        assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null });
        assert.deepEqual(new Set(idsOf(program.lines())), simulation.expectedIds());
      } finally {
        await simulation.close();
      }
    });
  }

  for (const [what, fault, setting] of [
    ['has no answer to the question what is subscribed', 'api-error', { path: 'subscriptions/list' }],
    ['never answers listings of one content type', 'no-answer', { path: 'subscriptions/content', contentType: 'Audit.Exchange' }],
  ] as const) {
    test(`${what} goes on being collected, and soon`, async () => {
      const simulation = await startSimulation({ eventCount: 60 });
      try {
        const { simulator } = simulation;
        const program = startProgram(['collect', ...simulation.words, '-M', 'o365.audit.var.api.error_retry_interval=500ms', '-M', 'o365.audit.var.api.poll_interval=500ms']);
        await program.said('Everything that there was has been delivered.');
        simulator.faults.set(fault, setting);
        await program.until(() => simulator.faults.happened(fault) > 0, 'the incident');
        for (const number of [1, 2]) {
          const { ids } = simulator.addEvents({ contentType: 'Audit.SharePoint', ndjson: JSON.stringify({ Id: '', CreationTime: '2026-09-01T08:00:00', RecordType: 6, Operation: 'FileAccessed' }) });
          const sinceMs = Date.now();
          await program.until(() => ids.every((id) => id !== null && program.stdout.includes(id)), `what is new, for the ${number}. time`);
          assert.ok(Date.now() - sinceMs < 75_000, `it took ${Date.now() - sinceMs} ms`);
        }
        program.signal('SIGTERM');
        assert.deepEqual(await program.ended(STOP_DEADLINE_MS), { status: 0, signal: null });
      } finally {
        await simulation.close();
      }
    });
  }
});
