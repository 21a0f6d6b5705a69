/** What goes wrong in the chaos: faults of the service, content that comes in awkward ways, and a log agent that misbehaves, each at random moments. */
import type { ForwardHost, Misbehaviour, MisbehaviourOptions } from '../support/forward-host.ts';
import type { Random } from '../../plugin/simulator/random.ts';
import type { FaultName } from '../../plugin/simulator/faults.table.ts';
import type { FaultSetting } from '../../plugin/simulator/faults.ts';
import type { Simulator } from '../../plugin/simulator/simulator.ts';
import { simulatedEvents } from '../support/events.ts';
import { realClock } from '../support/simulation.ts';

type Setting = (random: Random) => FaultSetting;

const once: Setting = () => ({ count: 1 });
const few: Setting = (random) => ({ count: random.integer(1, 3) });
/** For switches: a moment. */
const awhile: Setting = (random) => ({ forMs: random.integer(200, 1500) });

/** Each fault of the service with how it is switched on, or why it is left out. */
const SERVICE: Readonly<Record<FaultName, Setting | string>> = {
  'duplicate-record': few, 'record-in-two-blobs': once, 'dlp-in-both-feeds': once, 'event-without-id': once, 'reversed-members': few, 'null-fields': once, 'huge-event': () => ({ mebibytes: 1 }),

  'big-blob': () => ({ mebibytes: 1 }),
  'late-blob': (random) => ({ ageMs: random.integer(60_000, 7_200_000) }),
  'short-lived-blob': (random) => ({ seconds: random.integer(1, 8) }),
  'blob-missing': once, 'blob-unknown': once, 'blob-expired': once, 'blob-invalid': once,

  'listed-though-expired': once,
  'blob-on-two-pages': few, 'shuffled-page': few, 'newest-first': few, 'empty-page': few, 'next-page-loops': once, 'next-page-refused': few,
  'next-page-header': (random) => ({ name: random.pick(['nextpageuri', 'NextPageUrl']), ...few(random) }),
  'next-page-lower-case': few, 'next-page-publisher': few, 'next-page-without-times': few, 'next-page-other-host': once,
  'partial-blob': awhile, 'wide-window-answered': awhile, 'full-day-refused': awhile, 'window-refused': once, 'retention-grace': awhile,

  'content-uri-localhost': few, 'content-uri-other-tenant': few, 'content-uri-other-host': few, 'content-uri-nowhere': few,

  'bare-object': once, 'error-as-blob': few, 'blob-not-json': once, 'byte-order-mark': few, 'wrong-content-type': few, 'gzip-unasked': few,
  'truncated-body': (random) => ({ ...few(random), share: random.next(), of: random.pick(['blob', 'any']) }),
  'truncated-body-no-length': (random) => ({ ...few(random), share: random.next(), of: random.pick(['blob', 'any']) }),
  'connection-reset-in-body': (random) => ({ ...few(random), share: random.next(), of: random.pick(['blob', 'any']) }),
  'slow-drip': (random) => ({ ...few(random), bytes: 512, everyMs: 20 }),
  'stalled-body': (random) => ({ count: 1, share: random.next() }),

  'subscription-forgotten': 'a second start has to wait for a quarter of an hour',
  'subscription-disabled': 'a second start has to wait for a quarter of an hour',
  'subscription-stays-disabled': 'needs a disabled one',
  'subscription-without-status': once, 'start-limit': awhile,

  'no-permission': once, 'no-dlp-permission': once, 'strict-tenant': awhile, 'auditing-off': awhile,

  'expired-token': once, 'short-token': () => ({ count: 1, seconds: 2 }),
  'token-error': (random) => ({ count: 1, aadsts: random.pick([7000215, 90033]) }),
  'token-error-body': once,
  'assertion-once': 'there is no certificate', 'sha1-only': 'there is no certificate',

  'api-error': (random) => ({ ...few(random), form: random.pick(['json', 'single-quoted', 'html', 'empty', 'cut-off']) }),
  throttled: (random) => ({ count: 1, retryAfter: '1', form: random.pick(['json', 'single-quoted']) }),
  'throttle-answer': 'the quota is not reached',
  unavailable: few, 'request-timeout': once, 'empty-error': (random) => ({ count: 1, status: random.pick([401, 500]) }), redirect: once,

  'connection-reset': few, 'no-answer': once, delay: (random) => ({ ...few(random), ms: random.integer(100, 700) }),
  'clock-skew': (random) => ({ ...awhile(random), ms: random.integer(-600_000, 600_000) }),
};

/** Faults after which a blob is rightly given up, or that name one which never was. */
export const LOSING: readonly FaultName[] = ['blob-missing', 'blob-unknown', 'blob-expired', 'blob-invalid', 'listed-though-expired'];

const AGENT: readonly (readonly [Misbehaviour, ((random: Random) => MisbehaviourOptions)?])[] = [
  // more often than others: there must be something to forget
  ['die-and-forget'], ['die-and-forget'], ['die-and-forget'],
  ['refuse-connections'], ['stall'], ['never-acknowledge'], ['acknowledge-late'], ['acknowledge-in-reverse'], ['acknowledge-together'], ['acknowledge-in-pieces'],
  ...(['close-on-connect', 'close-in-mid-frame', 'close-after-frame', 'refuse', 'answer-garbage', 'lose-acknowledgement', 'acknowledge-other-chunk', 'acknowledge-twice'] as const)
    .map((name) => [name, (random: Random) => ({ times: random.integer(1, 3) })] as const),
];

/** How late new content can be; the collector lists the last three hours again and again. */
const LATE_MS = 2 * 3_600_000;
const STEP_MS = [30, 350] as const;
const AGENT_MS = [100, 1200] as const;

export interface Mischief {
  /** How often the log agent began to misbehave in which way. */
  readonly agent: ReadonlyMap<string, number>;
  /** Ends it: everybody behaves well from now on. */
  end(): Promise<void>;
}

/** Begins to do mischief to `simulator` and, if it is one of ours, the log agent. */
export function makeMischief(simulator: Simulator, host: ForwardHost | undefined, random: Random): Mischief {
  const texts = simulatedEvents().map(({ text }) => text.toString('latin1'));
  const settings = (Object.entries(SERVICE) as [FaultName, Setting | string][]).filter((entry): entry is [FaultName, Setting] => typeof entry[1] !== 'string');
  const agent = new Map<string, number>();
  const stop = new AbortController();

  const addBlob = (): void => {
    const ageMs = random.chance(0.3) ? random.integer(0, LATE_MS) : random.integer(0, 3_000);
    const ndjson = Array.from({ length: random.integer(1, 15) }, () => random.pick(texts)).join('\n');
    simulator.addEvents({ ndjson, ageMs, tenant: random.pick(simulator.tenants).id });
  };
  const service = async (): Promise<void> => {
    for (;;) {
      await realClock.wait(random.integer(...STEP_MS), stop.signal);
      if (random.chance(0.5)) addBlob();
      if (random.chance(0.1)) simulator.faults.clear();
      if (random.chance(0.4)) {
        const [name, setting] = random.pick(settings);
        simulator.faults.set(name, setting(random));
      }
    }
  };
  const misbehave = async (host: ForwardHost): Promise<void> => {
    for (;;) {
      await realClock.wait(random.integer(...AGENT_MS), stop.signal);
      const [name, options] = random.pick(AGENT);
      agent.set(name, (agent.get(name) ?? 0) + 1);
      host.misbehave(name, options?.(random));
      await realClock.wait(random.integer(...AGENT_MS), stop.signal);
      await host.behave();
    }
  };
  const untilStopped = async (work: Promise<void>): Promise<void> => {
    try {
      await work;
    } catch (error) {
      if (!stop.signal.aborted) throw error;
    }
  };
  const ended = Promise.all([untilStopped(service()), ...(host === undefined ? [] : [untilStopped(misbehave(host))])]);
  // whoever calls end() learns of it
  ended.catch(() => undefined);
  return {
    agent,
    async end() {
      stop.abort();
      await ended;
      simulator.faults.clear();
      await host?.behave();
    },
  };
}
