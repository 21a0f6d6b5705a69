/**
 * The pipeline: plan, list, fetch, split, deliver, commit. This file hands each room (rooms.ts opens them) what it needs of the others; the journey of an event is in
 * round.ts (found and owed) and carry.ts (fetched, split, delivered, committed).
 */
import { setMaxListeners } from 'node:events';
import { createRequestBudget, type RequestBudget } from '../api/budget.ts';
import { consequenceOf } from '../api/classifier.ts';
import { createManagementApi } from '../api/management-api.ts';
import { createTokenSource, type TokenSource } from '../auth/token-source.ts';
import type { Config, Source } from '../config/config.ts';
import { readMoment } from '../config/moment.ts';
import { reasonOf, type AuditError } from '../errors.ts';
import { takeOrders } from '../ledger/orders.ts';
import type { Quota } from '../telemetry/standing.ts';
import type { Surroundings, Tenant } from '../types.ts';
import { readWithin } from './bytes-in-flight.ts';
import { createConcurrency } from './concurrency.ts';
import { countTenant } from './counting.ts';
import { createFileCollector } from './files.ts';
import { giveMemoryBack, processMemory } from './idle-memory.ts';
import { requestWithin } from './open-blobs.ts';
import { createOrderDesk } from './order-desk.ts';
import { splitterOf } from './records.ts';
import { leaveOut, openRooms, type Observers, type Rooms } from './rooms.ts';
import { runCollectors, type Collector } from './run.ts';
import { ServiceClock } from './service-clock.ts';
import { spanOf } from './span.ts';
import { createTenantCollector } from './tenant.ts';

/** After a stop what is in flight has so long to be finished; its acknowledgements have CLOSE_MS more. */
const GRACE_MS = 3_400;

/**
 * Collects all sources until `surroundings.stop`, or with `once` until everything is delivered. Resolves when all that was begun is finished or given
 * up, and committed as far as it was delivered. Throws OUTPUT_…, LEDGER_…, MODULE_… failures, and what `once` left undone.
 */
export async function collect(config: Config, surroundings: Surroundings, observers: Observers): Promise<void> {
  const { clock, stop } = surroundings;
  const { collector } = config;
  const { reports, counters, log } = observers;
  setMaxListeners(0, stop);
  const open: { close(): Promise<void> }[] = [];
  const opened = <Room extends { close(): Promise<void> }>(room: Room): Room => {
    open.unshift(room);
    return room;
  };
  let missing: AuditError | undefined;
  try {
    const rooms = await openRooms(config, surroundings, observers, opened);
    const collectors = await Promise.all(config.sources.flatMap((source) => source.input.kind === 'files'
      ? [Promise.resolve(filesOf(source, source.input.paths, rooms))] : source.tenants.map((tenant) => tenantOf(tenant, source, rooms))));
    counters.begun();
    reports.opened(collectors);
    const desk = createOrderDesk({ takeOrders: (take) => takeOrders(collector.stateDir, take, log), takers: rooms.orderTakers, clock, log });
    await desk.look();
    const over = new AbortController();
    const following = Promise.all([desk.follow(over.signal), giveMemoryBack({ ...processMemory(), clock }, over.signal)]);
    missing = await runCollectors(collectors, { clock, stop, graceMs: GRACE_MS, abandoned: () => void rooms.deliveries.output.close() }).finally(() => over.abort());
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
  const { config: { collector }, network: { request }, deliveries, entrance, ids, orderTakers, serviceClocks, reports, log, surroundings: { clock } } = rooms;
  const { applicationId, credential, authenticationEndpoint, resource, contentTypes, maxRetentionMs, maxQuerySizeMs, pollIntervalMs, errorRetryIntervalMs } = source;
  if (credential === undefined) throw new Error(`the source ${source.name} has no credential`);
  const name = tenant.name ?? tenant.id;
  const tokens = createTokenSource({ tenant, applicationId, credential, authenticationEndpoint, resource }, request, clock, log);
  const budget = budgetOf(tenant, source, rooms);
  const concurrency = createConcurrency(collector.contentConcurrency);
  const api = createManagementApi({ ...apiRoot(resource, tokens, collector), throttled: () => concurrency.throttled(), requestBlob: requestWithin(rooms.openBlobs.share(), request) }, request, tokens, budget, clock, log);
  const ledger = await rooms.ledger.tenant(tenant.id);
  const serviceClock = new ServiceClock(api, source, name, clock, log);
  serviceClocks.add(serviceClock);
  const bodies = rooms.bytesOfBodies.share();
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
      ...deliveries, bytesInFlight: rooms.bytesInFlight.share(), tenant: name, log, random: Math.random, nowMs: () => serviceClock.nowMs(),
      isOver: (ms) => serviceClock.isOver(ms),
      open: async (blob, signal) => readWithin(await api.open(blob, signal), bodies, signal),
      splitter: ({ contentType, contentId }) => splitterOf(source, rooms, { blob: `The blob ${contentId} of ${contentType} of tenant ${name}`, contentType, tenant: { ...tenant, id: tokens.identity?.tenantId ?? tenant.id }, idKey: ids?.keyOf(tenant.id) }),
      async commit(blob) {
        await ids?.written();
        await ledger.commit(blob);
      },
      leaveOut: (blob, event, reason) => leaveOut({ tenant: name, contentType: blob.contentType, contentId: blob.contentId }, event, reason, rooms),
      lose: (blob, reason) => ledger.lose(blob, reason),
      isHopeless: (error) => consequenceOf(error) === 'skip',
    },
    contentTypes, counts,
  );
  counts.watch(() => ({ owed: counting.owed(ledger.owing(), (blob) => ledger.isParked(blob)), quota: quotaOf(budget, source) }), contentTypes);
  const tenantCollector = createTenantCollector(
    counting.listing, counting.carrier, () => ledger.owed(),
    {
      ...report, turn: entrance.turn(), tenant: name, contentTypes, maxRetentionMs, maxQuerySizeMs, pollIntervalMs, errorRetryIntervalMs, overlapMs: collector.overlapMs,
      concurrency, once: collector.once, nowMs: () => serviceClock.nowMs(), serviceNowMs: () => serviceClock.knownMs(), clock, log,
      relistIntervalMs: collector.relistIntervalMs, ...spanOf(collector, (text) => readMoment(text, clock.nowMs()), clock.nowMs()),
      parked(blob, reason) {
        ledger.park(blob, reason);
        counting.parked(blob);
      },
      roundEnded: (failures, whole) => counting.round(failures, whole),
      delivered(events, type, leftOut, duplicates) {
        counting.events(type, { delivered: events, leftOut, duplicates });
        report.delivered(events, type, leftOut, duplicates);
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
  const { config: { collector }, positions, bytesInFlight, deliveries: { output, suspicions, remembersParts, clock }, reports, log } = rooms;
  const { firstRound, delivered, caughtUp } = reports.tenant(source.name);
  const [tenant] = source.tenants;
  return createFileCollector({
    paths, positions, output, bytesInFlight: bytesInFlight.share(), suspicions, remembersParts, clock, log, caughtUp, once: collector.once, errorRetryIntervalMs: source.errorRetryIntervalMs,
    started: () => firstRound(undefined),
    delivered: (events, leftOut) => delivered(events, undefined, leftOut, 0),
    leaveOut: (file, event, reason) => leaveOut({ tenant: source.name, file }, event, reason, rooms),
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

/** Where a tenant's API is, and in whose name it is asked. */
export function apiRoot(resource: URL, tokens: TokenSource, { publisherId }: Config['collector']): Parameters<typeof createManagementApi>[0] {
  return { root: resource, tenantId: (signal) => tokens.tenantId(signal), ...(publisherId === undefined ? {} : { publisherId }) };
}
