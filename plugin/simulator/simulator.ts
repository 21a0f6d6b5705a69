/**
 * A local Management Activity API and token endpoint over real HTTP, on loopback: for the demo, for tests, and for users without a tenant.
 * It keeps books of what it served and of what should have arrived, and does wrong what it is told to (faults.table.ts).
 */
import { setMaxListeners } from 'node:events';
import { reasonOf } from '../errors.ts';
import type { Clock } from '../types.ts';
import type { Log } from '../telemetry/log.ts';
import { createTokenMint, type TokenClaims } from './access-token.ts';
import type { FederatedCredential } from './application.ts';
import type { Books } from './books.ts';
import { addByHand, type AddedEvents, type EventsByHand } from './by-hand.ts';
import { createControl } from './control.ts';
import { createDiscovery } from './discovery.ts';
import type { Faults } from './faults.ts';
import { createFeed } from './feed.ts';
import { createNextPages } from './next-page.ts';
import { createQuota } from './quota.ts';
import { originOf, startServer } from './server.ts';
import { createTokenEndpoint } from './token-endpoint.ts';
import { createTransmit } from './transmit.ts';
import { makeWorld } from './world.ts';

export interface SimulatorOptions {
  readonly clock: Clock;
  readonly log: Log;
  /** 0, the default, takes any free port; always on 127.0.0.1. */
  readonly port?: number | undefined;
  /** 1 by default. */
  readonly tenants?: number | undefined;
  /** Events to start with over all tenants, 1000 by default; with a file as many as it has, or round and round up to this number. */
  readonly eventCount?: number | undefined;
  /** Serve these events, one JSON object a line, in place of the simulator's own: their text as it is but for Id, CreationTime and OrganizationId. */
  readonly eventsFile?: string | undefined;
  /** Serve the file's Ids as they are. */
  readonly keepIds?: boolean | undefined;
  /** Exactly so many events in a blob; by default from 1 to 100, around 50. */
  readonly eventsPerBlob?: number | undefined;
  /** Events added while it runs; none by default. */
  readonly ratePerSecond?: number | undefined;
  /** The quota of a tenant, 2000 by default. */
  readonly requestsPerMinute?: number | undefined;
  /** Blobs on a page of a listing, 200 by default. */
  readonly pageSize?: number | undefined;
  /** How long an answer takes at least. */
  readonly latencyMs?: number | undefined;
  /** A fixed seed makes fixed tenants, credentials and, with a fixed clock, events. */
  readonly seed?: number | undefined;
  /** Compress answers of the API for clients that accept gzip; off by default. */
  readonly gzip?: boolean | undefined;
  /** Further resources for which tokens are issued and accepted: the origin of a front with TLS, say. */
  readonly resources?: readonly string[] | undefined;
}

export interface SimulatedTenant {
  readonly id: string;
  readonly name: string;
  readonly domain: string;
}

export interface Simulator {
  /** `http://127.0.0.1:port/`: the login host, the API's root and, without the slash, the resource. */
  readonly url: URL;
  readonly applicationId: string;
  readonly clientSecret: string;
  readonly tenants: readonly SimulatedTenant[];
  readonly faults: Faults;
  readonly books: Books;
  /** Adds one blob of given events. Throws SIMULATOR_EVENT…. */
  addEvents(events: EventsByHand): AddedEvents;
  /** The credentials that count from now on, each in place of all others of its kind. Throws SIMULATOR_CERTIFICATE. */
  setSecrets(secrets: readonly string[]): void;
  setCertificates(pems: readonly string[]): void;
  setFederated(credentials: readonly FederatedCredential[]): void;
  close(): Promise<void>;
}

const DEFAULTS = { port: 0, tenants: 1, requestsPerMinute: 2000, pageSize: 200, latencyMs: 0, seed: 1, ratePerSecond: 0 };
/** The real API hosts: a configuration that still names one of them as resource gets its token. */
const REAL_RESOURCES = ['https://manage.office.com', 'https://manage-gcc.office.com', 'https://manage.office365.us', 'https://manage.protection.apps.mil', 'https://manage.office365.cn'];

/** Starts a simulator. Throws SIMULATOR_PORT_TAKEN, SIMULATOR_EVENTS_UNREADABLE, SIMULATOR_EVENT_BROKEN. */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const { clock, log, eventCount, eventsFile, eventsPerBlob, keepIds = false, gzip = false } = options;
  const { port, tenants: tenantCount, requestsPerMinute, pageSize, latencyMs, seed, ratePerSecond } = withDefaults(options);
  const stop = new AbortController();
  // Every answer that is made to wait listens to it.
  setMaxListeners(0, stop.signal);
  const mint = createTokenMint();
  const { companies, application, store, faults, books, notes, subscriptions, writer, live, random, nowMs } = makeWorld({ clock, seed, tenants: tenantCount, eventCount, eventsFile, keepIds, eventsPerBlob });
  const resources = new Set([...REAL_RESOURCES, ...options.resources ?? []]);
  const isOwnResource = (resource: string): boolean => resources.has(resource.replace(/\/+$/, ''));
  const readToken = (token: string): TokenClaims | undefined => {
    const claims = mint.read(token);
    return claims !== undefined && claims.exp * 1000 > nowMs() && claims.nbf * 1000 <= nowMs() && isOwnResource(claims.aud) ? claims : undefined;
  };
  const addEvents = (events: EventsByHand): AddedEvents => addByHand(events, { companies, writer, random, nowMs });
  const tenants = companies.map(({ id, name, domain }) => ({ id, name, domain }));
  const [clientSecret = ''] = application.secrets;

  const server = await startServer({
    port, latencyMs, clock, log, faults, notes, stop: stop.signal,
    transmit: createTransmit({ faults, clock, nowMs, compresses: gzip, stop: stop.signal }),
    tokens: createTokenEndpoint({ application, companies, mint, faults, notes, random, nowMs, isOwnResource }),
    discovery: createDiscovery(companies, mint),
    feed: createFeed({
      store, faults, notes, random, nowMs, readToken, originOf, pageSize, subscriptions,
      revokeToken: (token) => mint.revoke(token),
      nextPages: createNextPages(faults),
      quotas: new Map(companies.map(({ id }) => [id, createQuota(requestsPerMinute)])),
    }),
    control: createControl({ describe: () => ({ url, applicationId: application.id, clientSecret, tenants }), books, faults, application, addEvents }),
  });
  const url = new URL(`http://127.0.0.1:${server.port}/`);
  for (const host of ['127.0.0.1', 'localhost']) resources.add(`http://${host}:${server.port}`).add(`https://${host}:${server.port}`);
  log('simulator.listening', { url: url.href });

  const liveEnded = ratePerSecond <= 0 ? Promise.resolve() : writer.addLive(live, companies, ratePerSecond, { clock, log, stop: stop.signal }).catch((error: unknown) => {
    // Closing interrupts the wait for the next live blob.
    if (!stop.signal.aborted) log('simulator.failed', { path: 'live events', reason: reasonOf(error) });
  });

  return {
    url, applicationId: application.id, clientSecret, tenants, faults, books, addEvents,
    setSecrets: (secrets) => application.setSecrets(secrets),
    setCertificates: (pems) => application.setCertificates(pems),
    setFederated: (credentials) => application.setFederated(credentials),
    close: async () => {
      stop.abort();
      await server.close();
      await liveEnded;
    },
  };
}

function withDefaults(options: SimulatorOptions): typeof DEFAULTS {
  const given = Object.entries(options).filter(([key, value]) => key in DEFAULTS && value !== undefined);
  return { ...DEFAULTS, ...Object.fromEntries(given) as Partial<typeof DEFAULTS> };
}
