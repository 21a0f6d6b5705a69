/** Counts what a run does, tenant by tenant and type by type, going on from where the last run ended. */
import type { Clock, ContentType } from '../types.ts';
import { noCounts, type CountName, type FeedCounts } from './counts.table.ts';
import { feedsOf, STANDING_VERSION, type Ending, type FeedStanding, type Quota, type Standing, type TenantStanding, type Trouble } from './standing.ts';

/** What is not counted but looked at when somebody asks. */
export interface Gauges {
  /** Blobs that are listed and not delivered, by type, with the `contentCreated` of the oldest. */
  readonly owed: ReadonlyMap<ContentType, { readonly blobs: number; readonly parked: number; readonly oldest: string }>;
  readonly quota: Quota;
}

export interface CountersOptions {
  readonly program: string;
  readonly processId: number;
  readonly clock: Clock;
}

type Mutable<Type> = { -readonly [Name in keyof Type]: Type[Name] };
type Feed = Mutable<FeedStanding> & { readonly counts: FeedCounts };

/** The counters of one tenant. */
export class TenantCounters {
  readonly name: string;
  readonly #clock: Clock;
  readonly #feeds = new Map<ContentType, Feed>();
  readonly #gauges: (() => Gauges)[] = [];
  readonly #types = new Set<ContentType>();
  #trouble: Trouble | undefined;

  constructor(name: string, earlier: TenantStanding | undefined, clock: Clock) {
    this.name = name;
    this.#clock = clock;
    this.#trouble = earlier?.trouble;
    for (const [type, feed] of earlier === undefined ? [] : feedsOf(earlier)) this.#feeds.set(type, { ...feed, counts: { ...feed.counts } });
  }

  add(type: ContentType, name: CountName, count = 1): void {
    this.#feed(type).counts[name] += count;
  }

  /** A listing of the type came to its end; all up to then is listed. */
  listedUntil(type: ContentType, untilMs: number): void {
    Object.assign(this.#feed(type), { lastListedMs: this.#clock.nowMs(), listedUntilMs: untilMs });
  }

  delivered(type: ContentType): void {
    this.#feed(type).lastDeliveredMs = this.#clock.nowMs();
    this.add(type, 'blobsDelivered');
  }

  lost(type: ContentType, name: 'blobsExpired' | 'blobsUnavailable' | 'windowsLost'): void {
    this.#feed(type).lastLostMs = this.#clock.nowMs();
    this.add(type, name);
  }

  /** What keeps a type, or with none the whole tenant, from being collected; undefined when nothing does any more. */
  trouble(type: ContentType | undefined, trouble: Omit<Trouble, 'sinceMs'> | undefined): void {
    const before = type === undefined ? this.#trouble : this.#feed(type).trouble;
    const now = trouble === undefined ? undefined : { ...trouble, sinceMs: before?.code === trouble.code ? before.sinceMs : this.#clock.nowMs() };
    if (type === undefined) this.#trouble = now;
    else if (now === undefined) delete this.#feed(type).trouble;
    else this.#feed(type).trouble = now;
  }

  /** Which types are collected, and where to look for what is not counted; once for each source that reads from the tenant. */
  watch(gauges: () => Gauges, types: readonly ContentType[]): void {
    this.#gauges.push(gauges);
    for (const type of types) this.#types.add(type);
  }

  standing(credentialExpiresMs: number | undefined): TenantStanding {
    const gauges = this.#gauges.map((look) => look());
    const feeds = [...this.#types].map((type): [ContentType, FeedStanding] => {
      const { blobs = 0, parked = 0, oldest = '' } = gauges.flatMap((each) => each.owed.get(type) ?? [])[0] ?? {};
      const kept = this.#feed(type);
      const feed: Feed = { ...kept, counts: { ...kept.counts }, owed: blobs, parked, oldestOwedMs: Date.parse(oldest) };
      if (Number.isNaN(feed.oldestOwedMs)) delete feed.oldestOwedMs;
      return [type, feed];
    });
    const quota = gauges[0]?.quota;
    return {
      name: this.name, feeds: Object.fromEntries(feeds), ...(quota === undefined ? {} : { quota }),
      ...(credentialExpiresMs === undefined ? {} : { credentialExpiresMs }), ...(this.#trouble === undefined ? {} : { trouble: this.#trouble }),
    };
  }

  #feed(type: ContentType): Feed {
    const feed = this.#feeds.get(type) ?? { counts: noCounts(), owed: 0, parked: 0 };
    this.#feeds.set(type, feed);
    return feed;
  }
}

/** The counters of a run; once all tenants are there, those that are not configured any more are dropped. */
export class Counters {
  readonly #options: CountersOptions;
  readonly #startedMs: number;
  readonly #tenants = new Map<string, TenantCounters>();
  readonly #credentialsExpireMs = new Map<string, number>();
  #earlier: Standing | undefined;
  #ending: Ending | undefined;

  constructor(options: CountersOptions) {
    this.#options = options;
    this.#startedMs = options.clock.nowMs();
  }

  /** Goes on from where the last run ended; to be called before the first tenant is asked for. */
  resume(earlier: Standing | undefined): void {
    this.#earlier = earlier;
  }

  /** Notes that all tenants of this run were asked for. A run that ends before, such as one that cannot start, keeps what it found. */
  begun(): void {
    this.#earlier = undefined;
  }

  /** Notes that the run is over, and why. */
  end(reason: string, isComplete: boolean): void {
    this.#ending = { atMs: this.#options.clock.nowMs(), reason, isComplete };
  }

  /** Notes when the credential that a tenant is signed in to with expires. */
  credentialExpires(tenantId: string, atMs: number): void {
    this.#credentialsExpireMs.set(tenantId, atMs);
  }

  /** The counters of a tenant, by its id in the configuration; the same ones each time. */
  tenant(id: string, name = id): TenantCounters {
    const counters = this.#tenants.get(id) ?? new TenantCounters(name, this.#earlier?.tenants[id], this.#options.clock);
    this.#tenants.set(id, counters);
    return counters;
  }

  standing(): Standing {
    return { ...this.#run(), tenants: Object.fromEntries(this.#tenantsNow()) };
  }

  /** The standing as JSON text, in pieces: of hundreds of tenants it is long, and each is only looked at when its piece is asked for. */
  * text(): Generator<string> {
    yield `${JSON.stringify(this.#run()).slice(0, -1)},"tenants":{`;
    let comma = '';
    for (const [id, tenant] of this.#tenantsNow()) {
      yield `${comma}${JSON.stringify(id)}:${JSON.stringify(tenant)}`;
      comma = ',';
    }
    yield '}}\n';
  }

  #run(): Omit<Standing, 'tenants'> {
    const { program, processId, clock } = this.#options;
    return { version: STANDING_VERSION, program, processId, startedMs: this.#startedMs, writtenMs: clock.nowMs(), ...(this.#ending === undefined ? {} : { ending: this.#ending }) };
  }

  /** Each tenant as it stands: those of the last run that nobody has asked for yet as that left them. */
  * #tenantsNow(): Generator<readonly [string, TenantStanding]> {
    for (const [id, tenant] of Object.entries(this.#earlier?.tenants ?? {})) if (!this.#tenants.has(id)) yield [id, tenant];
    for (const [id, counters] of this.#tenants) yield [id, counters.standing(this.#credentialsExpireMs.get(id))];
  }
}
