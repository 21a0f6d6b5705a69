/** The rooms of one run, opened in the order in which they need each other: a corridor like collect.ts. */
import { join } from 'node:path';
import type { RequestBudget } from '../api/budget.ts';
import type { Config } from '../config/config.ts';
import type { AuditError } from '../errors.ts';
import { createDeadLetters, type DeadLetters, type LetterAbout } from '../ledger/dead-letters.ts';
import { openDeliveredIds, type DeliveredIds } from '../ledger/delivered-ids.ts';
import { openFilePositions, type FilePositions } from '../ledger/file-positions.ts';
import { keepLongText, readKeptText } from '../ledger/kept-text.ts';
import { openLedger, tenantsIn, type Ledger } from '../ledger/ledger.ts';
import { createGathering, type Gathering } from '../module/gathering.ts';
import { loadModule, type EcsModule } from '../module/instance.ts';
import { openNetwork, type Network } from '../network/network.ts';
import { openOutput } from '../output/output.ts';
import type { Counters } from '../telemetry/counters.ts';
import { openEndpoint, type EndpointOptions } from '../telemetry/endpoint.ts';
import type { Log } from '../telemetry/log.ts';
import { metricsText } from '../telemetry/metrics.ts';
import { keepStanding, type StandingKeeper } from '../telemetry/standing-keeper.ts';
import { problemsOf, type Letters } from '../telemetry/verdict.ts';
import type { Batch, Clock, Surroundings } from '../types.ts';
import { createBytesInFlight, type SharedBytes } from './bytes-in-flight.ts';
import type { DeliveryRooms } from './deliveries.ts';
import { createEntrance, type Entrance } from './entrance.ts';
import { openBlobsLimit } from './open-blobs.ts';
import type { OrderTaker } from './order-desk.ts';
import type { Reports } from './reports.ts';
import { ServiceClocks } from './service-clock.ts';
import { Suspicions } from './suspicions.ts';

/** In the state directory: what o365audit status reads. */
export const STANDING_FILE = 'status.json';
/** After a stop, so long acknowledgements are waited for. */
const CLOSE_MS = 1_200;
/** So many tenants that are not configured are named. */
const OTHERS_NAMED = 5;
/** How much longer ids of delivered events are kept than the service lists their blobs. */
const REMEMBER_MS = 86_400_000;

/** The rooms of one run. */
export interface Rooms {
  readonly config: Config;
  readonly module: EcsModule;
  readonly ledger: Ledger;
  readonly positions: FilePositions;
  readonly network: Network;
  readonly deliveries: Omit<DeliveryRooms, 'bytesInFlight'>;
  /** Of batches, and of blobs that are being read; and how many blobs are open, each counting as one byte: each tenant has its shares. */
  readonly bytesInFlight: SharedBytes;
  readonly bytesOfBodies: SharedBytes;
  readonly openBlobs: SharedBytes;
  readonly ids: DeliveredIds | undefined;
  /** Each tenant adds its own. */
  readonly serviceClocks: ServiceClocks;
  readonly letters: DeadLetters;
  readonly gathering: Gathering;
  readonly budgets: Map<string, RequestBudget>;
  readonly entrance: Entrance;
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

/** Opens a room that is to be closed at the end, and hands it on. */
type Opened = <Room extends { close(): Promise<void> }>(room: Room) => Room;

/** Opens them all; `opened` learns of each that has to be closed. Throws NETWORK_…, LEDGER_…, OUTPUT_… and MODULE_… failures. */
export async function openRooms(config: Config, surroundings: Surroundings, { reports, counters, log }: Observers, opened: Opened): Promise<Rooms> {
  const { clock, programFolder, stdout } = surroundings;
  const { collector, sources } = config;
  const module = await loadModule(programFolder, log);
  const network = opened(await openNetwork(collector, surroundings, log));
  const serviceClocks = new ServiceClocks();
  const serviceNowMs = (): number | undefined => serviceClocks.knownMs();
  const ledger = opened(await openLedger({ directory: collector.stateDir, serviceNowMs }, clock, log));
  await compareTenants(config, log);
  const standing = join(collector.stateDir, STANDING_FILE);
  const keeper = opened(await keepStanding(counters, { read: () => readKeptText(standing), keep: (text) => keepLongText(standing, text), kept: (unwritten) => ledger.tell(unwritten) }, clock, log));
  const letters = createDeadLetters({ directory: collector.stateDir, countLimit: collector.deadLettersLimit, bytesLimit: collector.deadLettersBytes, nowMs: () => clock.nowMs(), log });
  if (collector.metrics !== undefined) opened(await openEndpoint({ address: collector.metrics, log, ...figuresOf(counters, keeper, letters, collector, clock) }));
  const ids = collector.dedupe ? opened(await openDeliveredIds({ ...memoryOf(config), serviceNowMs, clock, log })) : undefined;
  const output = opened(openOutput({ url: collector.output, stdout, closeTimeoutMs: CLOSE_MS, ...forwardOptions(collector) }, log, clock));
  return {
    config, module, ledger, network, ids, serviceClocks, reports, counters, log, surroundings, orderTakers: [], budgets: new Map(), positions: await openFilePositions(collector.stateDir, log),
    entrance: createEntrance(sources.reduce((sum, { input, tenants }) => sum + (input.kind === 'files' ? 0 : tenants.length), 0), clock),
    letters,
    deliveries: {
      output, clock, suspicions: new Suspicions(), ...(ids === undefined ? {} : { claims: ids }),
      // a pipe has taken what its reader may never read
      remembersParts: collector.output !== 'stdout',
    },
    bytesInFlight: createBytesInFlight(collector.bytesInFlight / 2), bytesOfBodies: createBytesInFlight(collector.bytesInFlight / 4), openBlobs: createBytesInFlight(openBlobsLimit(collector.contentConcurrency)),
    gathering: createGathering(collector.bytesInFlight / 4),
  };
}

/** A state goes by the id that the configuration has for its tenant: the same tenant under its GUID in place of a domain is another one, which the operator may not expect. */
async function compareTenants({ collector, sources }: Config, log: Log): Promise<void> {
  const { unknown: [begins], others } = await tenantsIn(collector.stateDir, sources.flatMap(({ input, tenants }) => input.kind === 'files' ? [] : tenants.map(({ id }) => id)));
  if (begins !== undefined && others.length > 0) log('ledger.other_tenants', { begins, known: others.slice(0, OTHERS_NAMED).join(' ') });
}

/** Where and how long delivered events are remembered. */
function memoryOf({ collector, sources }: Config): Omit<Parameters<typeof openDeliveredIds>[0], 'serviceNowMs' | 'clock' | 'log'> {
  const retentionMs = Math.max(0, ...sources.map(({ maxRetentionMs }) => maxRetentionMs)) + REMEMBER_MS;
  return { directory: collector.stateDir, retentionMs, memoryLimitBytes: collector.dedupeMemory, diskLimitBytes: collector.dedupeDisk };
}

/** Puts an event that the output does not take to the dead letters, and says so. */
export async function leaveOut(whence: Pick<LetterAbout, 'tenant' | 'contentType' | 'contentId' | 'file'>, { bytes }: Batch, reason: AuditError, { config: { collector: { output, format } }, letters, log }: Rooms): Promise<void> {
  await letters.put({ ...whence, reason: reason.message, output, format }, bytes);
  log('event.dead_lettered', { ...whence, reason: reason.message });
}

/** What the endpoint says when it is asked. */
function figuresOf(counters: Counters, keeper: StandingKeeper, letters: DeadLetters, { lagLimitMs, deadLettersLimit: countLimit, deadLettersBytes: bytesLimit }: Config['collector'], clock: Clock): Pick<EndpointOptions, 'metrics' | 'problems'> {
  const lettersNow = async (): Promise<Letters> => ({ ...await letters.use(), countLimit, bytesLimit });
  return {
    async metrics() {
      const { user, system } = process.cpuUsage();
      return metricsText(counters.standing(), { residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6, letters: await lettersNow() }, clock.nowMs());
    },
    problems: async () => problemsOf(counters.standing(), { nowMs: clock.nowMs(), lagLimitMs, isRunning: true, unwritten: keeper.unwritten, letters: await lettersNow() }),
  };
}

/** What the options say of a Forward output, as the output takes it. */
export function forwardOptions(collector: Config['collector']): Omit<Parameters<typeof openOutput>[0], 'url' | 'stdout'> {
  const { eventTag, framesInFlight, frameAttempts, eventLimitBytes, ackTimeoutMs, ackSettleMs, forwardSharedKey, forwardCa, forwardServerName } = collector;
  return {
    tag: eventTag, framesInFlight, attempts: frameAttempts, batchLimitBytes: eventLimitBytes, ackTimeoutMs, ackSettleMs,
    ...(forwardSharedKey === undefined ? {} : { sharedKey: forwardSharedKey }),
    ...(forwardCa === undefined ? {} : { caFile: forwardCa }),
    ...(forwardServerName === undefined ? {} : { serverName: forwardServerName }),
  };
}
