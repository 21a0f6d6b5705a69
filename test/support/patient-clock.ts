/**
 * A clock for a collector and a simulator in one process: it stands still until the first request, and while requests are on their way, and goes on to the next moment
 * that somebody waits for when there is nothing else to do. So minutes pass in seconds, and it makes no difference how busy the machine is.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Clock } from '../../plugin/types.ts';
import { createManualClock, settled } from './manual-clock.ts';

export interface PatientClock extends Clock {
  /** The same time for the far end, whose waits are those of requests: the ones that it makes wait are not on their way. */
  readonly ofFarEnd: Clock;
  /** When the last request began or ended. */
  readonly lastRequestMs: number;
  /** Stops it for good. */
  stop(): Promise<void>;
}

/** The clock begins at a whole one. */
const MINUTE_MS = 60_000;
/** So long nothing may have happened. */
const QUIET_MS = 2;

export function createPatientClock(): PatientClock {
  const clock = createManualClock(Math.ceil(Date.now() / MINUTE_MS) * MINUTE_MS);
  const stopped = new AbortController();
  const dueMs = new Set<{ readonly atMs: number }>();
  let lastRequestMs: number | undefined;
  let onTheirWay = 0;
  let happenings = 0;
  const happened = (change: number) => (): void => {
    lastRequestMs = clock.nowMs();
    onTheirWay += change;
    happenings += 1;
  };
  const channels = [['undici:request:create', happened(1)], ['undici:request:trailers', happened(-1)], ['undici:request:error', happened(-1)]] as const;
  for (const [channel, note] of channels) subscribe(channel, note);

  async function wait(ms: number, signal?: AbortSignal): Promise<void> {
    const due = { atMs: clock.nowMs() + ms };
    dueMs.add(due);
    happenings += 1;
    try {
      await clock.wait(ms, signal);
    } finally {
      dueMs.delete(due);
      happenings += 1;
    }
  }

  async function run(): Promise<void> {
    while (!stopped.signal.aborted) {
      const before = happenings;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      await settled();
      if (lastRequestMs === undefined || happenings !== before || onTheirWay > 0 || dueMs.size === 0) continue;
      await clock.advance(Math.max(0, Math.min(...[...dueMs].map(({ atMs }) => atMs)) - clock.nowMs()));
    }
  }

  const running = run();
  return {
    get lastRequestMs() { return lastRequestMs ?? clock.nowMs(); },
    nowMs: () => clock.nowMs(),
    wait,
    ofFarEnd: {
      nowMs: () => clock.nowMs(),
      async wait(ms, signal) {
        onTheirWay -= 1;
        try {
          await wait(ms, signal);
        } finally {
          onTheirWay += 1;
        }
      },
    },
    async stop() {
      stopped.abort();
      await running;
      for (const [channel, note] of channels) unsubscribe(channel, note);
    },
  };
}
