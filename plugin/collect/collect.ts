/**
 * The pipeline: plan, list, fetch, split, deliver, commit. This file opens the rooms and hands each what it needs of the others; the journey of an event is in
 * round.ts (found and owed) and carry.ts (fetched, split, delivered, committed).
 */
import { setMaxListeners } from 'node:events';
import { join } from 'node:path';
import { createRequestBudget, type RequestBudget } from '../api/budget.ts';
import { consequenceOf } from '../api/classifier.ts';
import { createManagementApi } from '../api/management-api.ts';
import { createTokenSource, type TokenSource } from '../auth/token-source.ts';
import type { Config, Source } from '../config/config.ts';
import { readMoment } from '../config/moment.ts';
import { reasonOf, type AuditError } from '../errors.ts';
import { openFilePositions, type FilePositions } from '../ledger/file-positions.ts';
import { keepText, readKeptText } from '../ledger/kept-text.ts';
import { openLedger, type Ledger } from '../ledger/ledger.ts';
import { takeOrders } from '../ledger/orders.ts';
import { createGathering, type Gathering } from '../module/gathering.ts';
import { loadModule, type EcsModule } from '../module/instance.ts';
import { openNetwork, type Network } from '../network/network.ts';
import { openOutput } from '../output/output.ts';
import type { Counters } from '../telemetry/counters.ts';
import { openEndpoint, type EndpointOptions } from '../telemetry/endpoint.ts';
import type { Log } from '../telemetry/log.ts';
import { metricsText } from '../telemetry/metrics.ts';
import { keepStanding } from '../telemetry/standing-keeper.ts';
import type { Quota } from '../telemetry/standing.ts';
import { problemsOf } from '../telemetry/verdict.ts';
import type { Clock, Output, Surroundings, Tenant } from '../types.ts';
import { createBytesInFlight, type BytesInFlight } from './bytes-in-flight.ts';
import { createConcurrency } from './concurrency.ts';
import { countTenant } from './counting.ts';
import { createFileCollector } from './files.ts';
import { createOrderDesk, type OrderTaker } from './order-desk.ts';
import { splitterOf } from './records.ts';
import type { Reports } from './reports.ts';
import { runCollectors, type Collector } from './run.ts';
import { ServiceClock } from './service-clock.ts';
import { spanOf } from './span.ts';
import { createTenantCollector } from './tenant.ts';

/** In the state directory: what o365audit status reads. */
export const STANDING_FILE = 'status.json';
/** After a stop what is in flight has so long to be finished, and its acknowledgements so much longer: less than 5 s together. */
const GRACE_MS = 3_400;
const CLOSE_MS = 1_200;

/** The rooms of one run. */
interface Rooms {
  readonly config: Config;
  readonly module: EcsModule;
  readonly ledger: Ledger;
  readonly positions: FilePositions;
  readonly network: Network;
  readonly output: Output;
  readonly bytesInFlight: BytesInFlight;
  readonly gathering: Gathering;
  readonly budgets: Map<string, RequestBudget>;
  readonly orderTakers: OrderTaker[];
  readonly reports: Reports;
  readonly counters: Counters;
  readonly log: Log;
  readonly surroundings: Surroundings;
}

/** Who is told how a run goes. */
export interface Observers {
  readonly reports: Reports;
  readonly counters: Counters;
  readonly log: Log;
}

/**
 * Collects all sources until `surroundings.stop`, or with `once` until everything is delivered. Resolves when all that was begun is finished or given
 * up, and committed as far as it was delivered. Throws OUTPUT_…, LEDGER_…, MODULE_… failures, and what `once` left undone.
 */
export async function collect(config: Config, surroundings: Surroundings, { reports, counters, log }: Observers): Promise<void> {
  const { clock, stop, programFolder, stdout } = surroundings;
  const { collector } = config;
  const module = await loadModule(programFolder, log);
  setMaxListeners(0, stop);
  const open: { close(): Promise<void> }[] = [];
  const opened = <Room extends { close(): Promise<void> }>(room: Room): Room => {
    open.unshift(room);
    return room;
  };
  let missing: AuditError | undefined;
  try {
    const network = opened(await openNetwork(collector, surroundings, log));
    const ledger = opened(await openLedger({ directory: collector.stateDir }, clock, log));
    const standing = join(collector.stateDir, STANDING_FILE);
    opened(await keepStanding(counters, { read: () => readKeptText(standing), keep: (text) => keepText(standing, text) }, clock, log));
    if (collector.metrics !== undefined) opened(await openEndpoint({ address: collector.metrics, log, ...figuresOf(counters, collector, clock) }));
    const output = opened(openOutput({ url: collector.output, stdout, closeTimeoutMs: CLOSE_MS, ...forwardOptions(collector) }, log, clock));
    const rooms: Rooms = {
      config, module, ledger, network, output, reports, counters, log, surroundings, orderTakers: [], budgets: new Map(), positions: await openFilePositions(collector.stateDir, log),
      bytesInFlight: createBytesInFlight(collector.bytesInFlight), gathering: createGathering(collector.bytesInFlight / 2),
    };
    const collectors = await Promise.all(config.sources.flatMap((source) => source.input.kind === 'files'
      ? [Promise.resolve(filesOf(source, source.input.paths, rooms))] : source.tenants.map((tenant) => tenantOf(tenant, source, rooms))));
    reports.opened(collectors);
    const desk = createOrderDesk({ takeOrders: (take) => takeOrders(collector.stateDir, take, log), takers: rooms.orderTakers, clock, log });
    await desk.look();
    const over = new AbortController();
    const following = desk.follow(over.signal);
    missing = await runCollectors(collectors, { clock, stop, graceMs: GRACE_MS, abandoned: () => void output.close() }).finally(() => over.abort());
    await following;
    counters.end(stop.aborted ? reasonOf(stop.reason) : missing?.message ?? 'everything is delivered', collector.once && missing === undefined && !stop.aborted);
  } catch (error) {
    counters.end(reasonOf(error), false);
    throw error;
  } finally {
    // the output first, so that what it still takes can be committed
    for (const room of open) await room.close();
  }
  if (missing !== undefined) throw missing;
}

/** The collector of one tenant of a source. */
async function tenantOf(tenant: Tenant, source: Source, rooms: Rooms): Promise<Collector> {
  const { config: { collector }, network: { request }, output, bytesInFlight, orderTakers, reports, log, surroundings: { clock } } = rooms;
  const { applicationId, credential, authenticationEndpoint, resource, contentTypes, maxRetentionMs, maxQuerySizeMs, pollIntervalMs, errorRetryIntervalMs } = source;
  if (credential === undefined) throw new Error(`the source ${source.name} has no credential`);
  const name = tenant.name ?? tenant.id;
  const tokens = createTokenSource({ tenant, applicationId, credential, authenticationEndpoint, resource }, request, clock, log);
  const budget = budgetOf(tenant, source, rooms);
  const concurrency = createConcurrency(collector.contentConcurrency);
  const api = createManagementApi({ ...apiRoot(resource, tokens, collector), throttled: () => concurrency.throttled() }, request, tokens, budget, clock, log);
  const ledger = await rooms.ledger.tenant(tenant.id);
  const serviceClock = new ServiceClock(() => api.clockSkewMs, source, name, clock, log);
  const report = reports.tenant(name);
  const counts = rooms.counters.tenant(tenant.id, name);
  const counting = countTenant(
    {
      ...ledger, consequenceOf,
      subscriptions: (signal) => api.subscriptions(signal),
      start: (type, signal) => api.start(type, signal),
      list: (type, window, signal, rank) => api.list(type, window, signal, rank),
    },
    {
      tenant: name, output, bytesInFlight, clock, log, random: Math.random, nowMs: () => serviceClock.nowMs(),
      open: (blob, signal) => api.open(blob, signal),
      splitter: ({ contentType, contentId }) => splitterOf(source, rooms, { blob: `The blob ${contentId} of ${contentType} of tenant ${name}`, contentType, tenant: { ...tenant, id: tokens.identity?.tenantId ?? tenant.id } }),
      commit: (blob) => ledger.commit(blob),
      lose: (blob, reason) => ledger.lose(blob, reason),
      isHopeless: (error) => consequenceOf(error) === 'skip',
    },
    contentTypes, counts,
  );
  counts.watch(() => ({ owed: counting.owed(ledger.owing()), quota: quotaOf(budget, source) }), contentTypes);
  const tenantCollector = createTenantCollector(
    counting.listing, counting.carrier, () => ledger.owed(),
    {
      ...report, tenant: name, contentTypes, maxRetentionMs, maxQuerySizeMs, pollIntervalMs, errorRetryIntervalMs, overlapMs: collector.overlapMs,
      concurrency, once: collector.once, nowMs: () => serviceClock.nowMs(), clock, log,
      relistIntervalMs: collector.relistIntervalMs, ...spanOf(collector, (text) => readMoment(text, clock.nowMs()), clock.nowMs()),
      parked: (blob) => counting.parked(blob),
      roundEnded: (failures, whole) => counting.round(failures, whole),
      delivered(events, type, leftOut) {
        counting.events(type, events, leftOut);
        report.delivered(events, type, leftOut);
      },
      lost(type, window, reason) {
        counting.lostWindow(type, window);
        report.lost(type, window, reason);
      },
    },
  );
  orderTakers.push({
    tenantId: tenant.id, contentTypes, oweAgain: (blobs) => ledger.oweAgain(blobs),
    takeUp: (blobs) => tenantCollector.takeUp(blobs), retryParked: (ids) => tenantCollector.retryParked(ids),
  });
  return tenantCollector;
}

/** The collector of a source of files. */
function filesOf(source: Source, paths: readonly string[], rooms: Rooms): Collector {
  const { config: { collector }, positions, output, bytesInFlight, reports, log, surroundings: { clock } } = rooms;
  const { firstRound, delivered, caughtUp } = reports.tenant(source.name);
  const [tenant] = source.tenants;
  return createFileCollector({
    paths, positions, output, bytesInFlight, clock, log, caughtUp, once: collector.once, errorRetryIntervalMs: source.errorRetryIntervalMs,
    started: () => firstRound(undefined),
    delivered: (events, leftOut) => delivered(events, undefined, leftOut),
    splitter: (file) => splitterOf(source, rooms, { blob: `The file ${file}`, ...(tenant === undefined || source.tenants.length > 1 ? {} : { tenant }), lines: true }),
  });
}

/** One budget a tenant, however many sources read from it. */
function budgetOf(tenant: Tenant, source: Source, { budgets, surroundings: { clock } }: Rooms): RequestBudget {
  const budget = budgets.get(tenant.id) ?? createRequestBudget({ requestsPerMinute: source.maxRequestsPerMinute }, clock);
  budgets.set(tenant.id, budget);
  return budget;
}

/** How much of the tenant's budget is used at this moment. */
function quotaOf(budget: RequestBudget, { maxRequestsPerMinute: limit }: Source): Quota {
  const { counting: used, waiting, pausedUntilMs } = budget.use;
  return { used, limit, waiting, ...(Number.isFinite(pausedUntilMs) ? { pausedUntilMs } : {}) };
}

/** What the endpoint says when it is asked. */
function figuresOf(counters: Counters, { lagLimitMs }: Config['collector'], clock: Clock): Pick<EndpointOptions, 'metrics' | 'problems'> {
  return {
    metrics() {
      const { user, system } = process.cpuUsage();
      return metricsText(counters.standing(), { residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 }, clock.nowMs());
    },
    problems: () => problemsOf(counters.standing(), { nowMs: clock.nowMs(), lagLimitMs, isRunning: true }),
  };
}

/** Where a tenant's API is, and in whose name it is asked. */
export function apiRoot(resource: URL, tokens: TokenSource, { publisherId }: Config['collector']): Parameters<typeof createManagementApi>[0] {
  return { root: resource, tenantId: (signal) => tokens.tenantId(signal), ...(publisherId === undefined ? {} : { publisherId }) };
}

/** What the options say of a Forward output, as the output takes it. */
export function forwardOptions(collector: Config['collector']): Omit<Parameters<typeof openOutput>[0], 'url' | 'stdout'> {
  const { eventTag, framesInFlight, ackTimeoutMs, ackSettleMs, forwardSharedKey, forwardCa, forwardServerName } = collector;
  return {
    tag: eventTag, framesInFlight, ackTimeoutMs, ackSettleMs,
    ...(forwardSharedKey === undefined ? {} : { sharedKey: forwardSharedKey }),
    ...(forwardCa === undefined ? {} : { caFile: forwardCa }),
    ...(forwardServerName === undefined ? {} : { serverName: forwardServerName }),
  };
}
