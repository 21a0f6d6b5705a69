/** `o365audit demo`: the simulator and a real collector beside it, over loopback HTTP, so that everybody can see documents without a tenant. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { collect } from '../collect/collect.ts';
import { createReports } from '../collect/reports.ts';
import { loadConfig } from '../config/config.ts';
import type { ArgumentsOf } from '../config/options.ts';
import { AuditError } from '../errors.ts';
import { createAggregation } from '../report/aggregation.ts';
import { startSimulator } from '../simulator/simulator.ts';
import { Counters } from '../telemetry/counters.ts';
import { createLog } from '../telemetry/log.ts';
import { createProgress } from '../telemetry/progress.ts';
import { createTally, NEXT_STEPS, summaryOf } from '../telemetry/tally.ts';
import type { Surroundings } from '../types.ts';
import { writeReport } from './report.ts';
import { configurationFor } from './simulate.ts';

/** With --follow: new events, and how soon they are looked for. */
const EVENTS_PER_SECOND = 5;
const POLL_INTERVAL = '1s';

/** Documents go to stdout, everything else to stderr; at the end a report of them is written. Resolves with 0 when the backlog is delivered, or, with `follow`, when it is stopped. */
export async function demo({ eventCount, follow, demoReport, logLevel, logFormat }: ArgumentsOf<'demo'>, surroundings: Surroundings): Promise<number> {
  const { clock, stderr, stdout } = surroundings;
  const startedAtMs = clock.nowMs();
  const progress = createProgress(stderr, clock);
  // what lines of the level info say, the summary says in more friendly words
  const log = createLog({ level: logLevel === 'info' ? 'warn' : logLevel, format: logFormat, nowMs: () => clock.nowMs(), write: (text) => progress.write(text) });
  const simulator = await startSimulator({ clock, log, eventCount, ratePerSecond: follow ? EVENTS_PER_SECOND : 0 });
  const stateDir = await mkdtemp(join(tmpdir(), 'o365audit-demo-'));
  const aggregation = createAggregation();
  const tally = createTally(stdout, (document) => aggregation.add(document));
  let reportFile: string | undefined;
  const reports = createReports({
    log, clock, started: () => undefined,
    status: { caughtUp: () => undefined, lag: () => undefined, lostWindow: () => undefined },
    changed: ({ events, blobs, isIdle }) => progress.update({ events, blobs, waitingFor: follow && isIdle ? 'new events' : '' }),
  });
  try {
    const config = loadConfig({
      flags: { format: 'ecs', once: !follow, stateDir, moduleOverrides: [`o365.audit.var.api.poll_interval=${POLL_INTERVAL}`] },
      env: {}, text: configurationFor(simulator),
    });
    const counters = new Counters({ program: surroundings.version, processId: surroundings.processId, clock });
    await collect(config, { ...surroundings, stdout: tally.stream }, { reports, counters, log });
    reportFile = demoReport ?? join(await mkdtemp(join(tmpdir(), 'o365audit-report-')), 'report.html');
    await writeReport(aggregation, ['the simulator'], reportFile, surroundings);
  } catch (error) {
    // whoever reads a few documents and goes away has seen what he wanted, and needs no sum of what he has not
    if (!(error instanceof AuditError && error.code === 'OUTPUT_CLOSED')) throw error;
  } finally {
    progress.end();
    await simulator.close();
    await rm(stateDir, { recursive: true, force: true });
  }
  stderr.write(reportFile === undefined ? NEXT_STEPS : summaryOf(tally.counts, reports.totals.contentTypes, { ms: clock.nowMs() - startedAtMs, blobs: reports.totals.blobs, reportFile }));
  return 0;
}
