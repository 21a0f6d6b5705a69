/**
 * `o365audit audit`: lists all that the service still has, compares it with the ledger and, with --elasticsearch, looks every delivered event up in the store. It
 * takes nothing from a collector that runs beside it, and with --repair has fetched and sent again what is missing.
 */
import { collect as collectAll } from '../collect/collect.ts';
import { createReports } from '../collect/reports.ts';
import { loadConfig, loadStateOptions, type Config } from '../config/config.ts';
import type { ArgumentsOf } from '../config/options.ts';
import { AuditError, failure } from '../errors.ts';
import { leaveOrder } from '../ledger/orders.ts';
import { holderOf, surveyTenant } from '../ledger/survey.ts';
import { openNetwork } from '../network/network.ts';
import { counted } from '../telemetry/counted.ts';
import { Counters } from '../telemetry/counters.ts';
import type { Log } from '../telemetry/log.ts';
import type { ContentBlob, Surroundings } from '../types.ts';
import { auditAsJson, auditPage, isComplete, isLookedAt, type AuditFindings } from './audit-report.ts';
import { auditStore } from './audit-store.ts';
import { auditTenant, fatesIn, type AuditRooms, type TenantAudit, type Visit } from './audit-tenant.ts';
import { openLog } from './log.ts';

/** How long to wait for a running collector to fetch what is missing, and how often to look. */
const PATIENCE_MS = 120_000;
const LOOK_INTERVAL_MS = 2_000;

/** Resolves with 0 when nothing is missing, or is not any more, else with 1. Throws AUDIT_NOTHING, CONFIG_…, LEDGER_…, STORE_… and OUTPUT_… failures. */
export async function audit({ flags }: ArgumentsOf<'audit'>, surroundings: Surroundings): Promise<number> {
  const { clock, env, stderr, stdout, stop } = surroundings;
  const config = loadConfig({ flags, env });
  const options = loadStateOptions('audit', { flags, env });
  const { collector, sources } = config;
  if (sources.every(({ input }) => input.kind === 'files')) throw failure('AUDIT_NOTHING', {});
  const log = openLog(collector, surroundings, 'warn');
  const isRunning = await holderOf(collector.stateDir) !== undefined;
  const network = await openNetwork(collector, surroundings, log);
  const rooms: AuditRooms = { collector, network, clock, log, stop, isRunning };
  let findings: AuditFindings;
  try {
    findings = options.elasticsearch === undefined ? await auditAll(config, rooms, () => Promise.resolve())
      : await auditStore(options, rooms, surroundings, options.repair, (visit) => auditAll(config, rooms, visit));
  } finally {
    await network.close();
  }
  const isRepaired = options.repair && !isComplete(findings) && await repair(findings, config, surroundings, rooms);
  const blobs = missingOf(findings.tenants).reduce((sum, { blobs: { length } }) => sum + length, 0);
  const done = !options.repair || blobs === 0 ? [] : [isRepaired ? `${counted(blobs, 'content blob was missing, and has', 'content blobs were missing, and have')} been fetched and delivered.` : `${counted(blobs, 'content blob is', 'content blobs are')} ordered; not all has been delivered yet.`];
  const result = { ...findings, isRepaired, done: [...findings.done, ...done] };
  // where stdout carries events, the report must not stand among them
  const target = options.repair && collector.output === 'stdout' ? stderr : stdout;
  target.write(options.json ? `${JSON.stringify(auditAsJson(result))}\n` : auditPage(result));
  return isComplete(findings) || isRepaired ? 0 : 1;
}

async function auditAll({ sources }: Config, rooms: AuditRooms, visit: Visit): Promise<AuditFindings> {
  const tenants: TenantAudit[] = [];
  const failed: AuditFindings['failed'][number][] = [];
  for (const source of sources.filter(({ input }) => input.kind === 'api')) {
    for (const tenant of source.tenants) {
      try {
        tenants.push(await auditTenant(tenant, source, rooms, visit));
      } catch (error) {
        rooms.stop.throwIfAborted();
        if (!(error instanceof AuditError) || !/^(AUTH|API|NETWORK)_/.test(error.code)) throw error;
        failed.push({ tenant: tenant.name ?? tenant.id, reason: error.message, repair: error.repair });
      }
    }
  }
  return { tenants, failed, done: [] };
}

interface Missing {
  readonly tenantId: string;
  readonly blobs: readonly ContentBlob[];
}

function missingOf(tenants: readonly TenantAudit[]): readonly Missing[] {
  return tenants.map(({ tenant, feeds }) => ({ tenantId: tenant.id, blobs: feeds.flatMap(({ missing }) => missing) })).filter(({ blobs }) => blobs.length > 0);
}

/** Has missing blobs fetched, by the collector that runs or, where none does, here and now. Resolves with whether nothing is missing any more. */
async function repair({ tenants, failed, store }: AuditFindings, config: Config, surroundings: Surroundings, rooms: AuditRooms): Promise<boolean> {
  const { clock, collector, log, stop, isRunning } = rooms;
  const missing = missingOf(tenants);
  for (const { tenantId, blobs } of missing) await leaveOrder(collector.stateDir, { order: 'fetch', tenant: tenantId, blobs }, clock.nowMs());
  if (missing.length > 0) {
    if (!isRunning) await collectOnce(config, surroundings, log);
    const endMs = clock.nowMs() + PATIENCE_MS;
    while (!await areDelivered(missing, rooms)) {
      if (!isRunning || clock.nowMs() > endMs) return false;
      await clock.wait(LOOK_INTERVAL_MS, stop);
    }
  }
  return failed.length === 0 && (store?.stillMissing ?? 0) === 0 && tenants.every(({ feeds }) => feeds.every(isLookedAt));
}

/** A run of the collector that takes the orders that were left, and ends when all is delivered. */
async function collectOnce(config: Config, surroundings: Surroundings, log: Log): Promise<void> {
  const { clock, processId, version } = surroundings;
  const reports = createReports({ log, clock, started: () => undefined, changed: () => undefined, status: { caughtUp: () => undefined, lag: () => undefined, lostWindow: () => undefined } });
  const counters = new Counters({ program: version, processId, clock });
  await collectAll({ ...config, collector: { ...config.collector, once: true } }, surroundings, { reports, counters, log });
}

async function areDelivered(missing: readonly Missing[], { collector, clock }: AuditRooms): Promise<boolean> {
  for (const { tenantId, blobs } of missing) {
    const { state } = await surveyTenant(collector.stateDir, tenantId, clock.nowMs());
    const fateOf = fatesIn(state);
    if (!blobs.every((blob) => fateOf(blob) === 'delivered')) return false;
  }
  return true;
}
