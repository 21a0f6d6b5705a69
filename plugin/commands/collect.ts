/** `o365audit collect`: from the Management Activity API, or files, to a log agent or stdout, until it is stopped or, with --once, has caught up. */
import { dirname, join, resolve } from 'node:path';
import { collect as collectAll } from '../collect/collect.ts';
import { watchCredentials } from '../collect/expiry.ts';
import { createReports, type Reports } from '../collect/reports.ts';
import { isSwitchedOn } from '../config/collector.ts';
import { loadConfig, noticeText, STATE_FOLDER, type Config } from '../config/config.ts';
import { OPTIONS, type ArgumentsOf, type Flags } from '../config/options.ts';
import { AuditError, failure, reasonOf } from '../errors.ts';
import { readCertificates } from '../auth/certificate.ts';
import { countStartFailure, forgetStartFailures } from '../ledger/start-failures.ts';
import { Counters } from '../telemetry/counters.ts';
import { createLog, type Log } from '../telemetry/log.ts';
import { createProgress, type Progress } from '../telemetry/progress.ts';
import { createStatus, silentStatus, type Status } from '../telemetry/status.ts';
import type { Surroundings } from '../types.ts';
import { openLog } from './log.ts';

/** A run that lasts so long ends the row of failures before it: what fails sooner may fail as soon again. */
const STEADY_MS = 5 * 60_000;

/** How far a run has come. */
interface Run {
  config?: Config;
  isStarted: boolean;
}

/** Resolves with 0 when it did what it was to do. Throws CONFIG_…, COLLECT_… and whatever failure of a room ended it. */
export async function collect({ flags }: ArgumentsOf<'collect'>, surroundings: Surroundings): Promise<number> {
  const run: Run = { isStarted: false };
  try {
    run.config = loadConfig({ flags, env: surroundings.env });
    return await collectOnce(run.config, surroundings, run);
  } catch (error) {
    const isOwnEnd = !surroundings.stop.aborted && !(error instanceof AuditError && error.code === 'OUTPUT_CLOSED');
    if (isOwnEnd) await holdBack(error, run, flags, surroundings);
    throw error;
  }
}

async function collectOnce(config: Config, surroundings: Surroundings, run: Run): Promise<number> {
  const { collector, sources, notices } = config;
  const { clock, stderr, stop, stdout, version, processId } = surroundings;
  const nowMs = (): number => clock.nowMs();
  const progress = stderr.isTTY === true && collector.output !== 'stdout' ? createProgress(stderr, clock) : undefined;
  const log = createLog({ level: collector.logLevel, format: collector.logFormat, nowMs, write: (text) => progress === undefined ? void stderr.write(text) : progress.write(text) });
  for (const notice of notices) log('config.notice', { notice: noticeText(notice) });
  if (sources.length === 0) throw failure('COLLECT_NOTHING', { reason: 'no o365 block of the configuration is enabled' });
  // where stdout carries events, log lines must do
  const status = collector.output === 'stdout' ? silentStatus : createStatus({ stream: stdout, namespace: collector.namespace, tags: [], nowMs, log });
  const tenants = sources.reduce((sum, source) => sum + source.tenants.length, 0);
  const over = new AbortController();
  const forget = (): Promise<void> => forgetStartFailures(collector.stateDir, nowMs()).catch((error: unknown) => log('collect.state_unusable', { reason: reasonOf(error) }));
  const reports = reportsOf({ status, log, progress, clock }, () => {
    run.isStarted = true;
    log('collect.started', { version, tenants, output: collector.output, format: collector.format });
    status('started', { version, process_id: processId, tenants, output: collector.output, format: collector.format });
    clock.wait(STEADY_MS, over.signal).then(forget, () => undefined /* it was over before */);
  });
  const counters = new Counters({ program: version, processId, clock });
  const watch = watchCredentials(sources, {
    clock, log,
    expires(fields, tenantId) {
      counters.credentialExpires(tenantId, Date.parse(fields.expires));
      status('credential_expires', fields);
    },
    expiring: (fields) => status('credential_expiring', fields),
    expiryOf: async (credential) => (await readCertificates(credential, clock))[0].expiresAtMs,
  });
  let reason = 'everything is delivered';
  try {
    await collectAll(config, surroundings, { reports, counters, log });
    if (stop.aborted) reason = reasonOf(stop.reason);
    if (run.isStarted) await forget();
    return 0;
  } catch (error) {
    reason = reasonOf(error);
    throw error;
  } finally {
    over.abort();
    watch.end();
    progress?.end();
    const { events, blobs, leftOut, duplicates } = reports.totals;
    if (run.isStarted) {
      log('collect.stopped', { reason, events, blobs, ...(leftOut === 0 ? {} : { deadLetters: leftOut }), ...(duplicates === 0 ? {} : { duplicates }) });
      status('stopped', { reason, events, blobs });
    }
  }
}

interface Telling {
  readonly status: Status;
  readonly log: Log;
  readonly progress: Progress | undefined;
  readonly clock: Surroundings['clock'];
}

function reportsOf({ status, log, progress, clock }: Telling, started: () => void): Reports {
  return createReports({
    log, clock, started,
    status: {
      caughtUp: (fields) => status('caught_up', fields),
      lag: (fields) => status('lag', fields),
      lostWindow: (fields) => status('lost_window', fields),
    },
    changed: ({ events, blobs, isIdle }) => progress?.update({ events, blobs, waitingFor: isIdle ? 'new content' : '' }),
  });
}

/**
 * With --supervised, waits before the end, longer each time: a launcher that starts the program again at once would ask Entra for tokens as fast as it can, and hand
 * over again what was not acknowledged. Of a run that has not started one status record says why; one that has is known to be stopped.
 */
export async function holdBack(error: unknown, { config, isStarted }: Run, flags: Flags, surroundings: Surroundings): Promise<void> {
  const { clock, stdout, stop, env } = surroundings;
  if (!isSwitchedOn('supervised', flags, env)) return;
  const { stateDir, output, namespace } = whereabouts(config, flags, env);
  const thrown = error instanceof AuditError ? error : failure('UNEXPECTED', { reason: reasonOf(error) }, error);
  const nowMs = (): number => clock.nowMs();
  const waitMs = await countStartFailure(stateDir, nowMs());
  const log = openLog({ logLevel: 'info', logFormat: 'text' }, surroundings);
  const status = output === 'stdout' || isStarted ? silentStatus : createStatus({ stream: stdout, namespace, tags: [], nowMs, log });
  status('cannot_start', { code: thrown.code, reason: thrown.message, repair: thrown.repair, retry_seconds: Math.round(waitMs / 1000) });
  log(isStarted ? 'collect.held_back' : 'collect.cannot_start', { code: thrown.code, waitMs });
  await clock.wait(waitMs, stop).catch(() => undefined /* being stopped while waiting is a good end too */);
}

interface Whereabouts {
  readonly stateDir: string;
  readonly output: string;
  readonly namespace: string;
}

/** What must be known to say that nothing works, as far as it can be known without the configuration, which may be what is wrong. */
function whereabouts(config: Config | undefined, flags: Flags, env: Surroundings['env']): Whereabouts {
  if (config !== undefined) return config.collector;
  const text = (flag: unknown, variable: string | undefined): string | undefined => [flag, variable].find((value) => typeof value === 'string' && value !== '') as string | undefined;
  const file = text(flags.config, env.O365AUDIT_CONFIG) ?? OPTIONS.config.default;
  return {
    stateDir: text(flags.stateDir, env.O365AUDIT_STATE_DIR) ?? join(resolve(dirname(file)), STATE_FOLDER),
    output: text(flags.output, env.O365AUDIT_OUTPUT) ?? OPTIONS.output.default,
    namespace: [text(flags.namespace, env.O365AUDIT_NAMESPACE)].find((given) => given !== undefined && OPTIONS.namespace.accepts(given)) ?? OPTIONS.namespace.default,
  };
}
