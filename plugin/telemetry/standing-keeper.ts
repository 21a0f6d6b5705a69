/** Keeps the standing of a run in its state directory, replaced as a whole every few seconds. */
import { reasonOf } from '../errors.ts';
import type { Clock } from '../types.ts';
import type { Counters } from './counters.ts';
import type { Log } from './log.ts';
import { readStanding } from './standing.ts';

/** What was counted since the last time is all that a kill makes forgotten, and what the status does not know yet. */
const SAVE_INTERVAL_MS = 5_000;
/** Of many tenants the text is long, and a disk may be slow: it takes at most this share of the time. */
const SAVE_SHARE = 0.01;
/** A machine that sleeps while it writes, or a clock that is set, seems to have taken hours for it. */
const SAVE_INTERVAL_MAX_MS = 60_000;

export interface KeptStanding {
  /** The text that was kept last; undefined if there is none. */
  readonly read: () => Promise<string | undefined>;
  /** Durable when it resolves; the text comes in pieces. */
  readonly keep: (text: Iterable<string>) => Promise<void>;
  /** Learns each time why it could not be kept; undefined when it was. */
  readonly kept: (unwritten: string | undefined) => void;
}

export interface StandingKeeper {
  /** Why nothing can be kept at the moment: nothing else in the state directory can be written then either. Undefined when all is well. */
  readonly unwritten: string | undefined;
  close(): Promise<void>;
}

/** Takes up what the last run kept, and keeps it up to date until it is closed. That it cannot be read or written is said once, and stops nobody. */
export async function keepStanding(counters: Counters, { read, keep, kept }: KeptStanding, clock: Clock, log: Log): Promise<StandingKeeper> {
  try {
    const text = await read();
    const earlier = text === undefined ? undefined : readStanding(text);
    if (text !== undefined && earlier === undefined) log('status.unreadable', { reason: 'it is damaged, or of a newer version' });
    counters.resume(earlier);
  } catch (error) {
    log('status.unreadable', { reason: reasonOf(error) });
  }
  const closing = new AbortController();
  let broken: string | undefined;

  async function save(): Promise<void> {
    try {
      await keep(counters.text());
      broken = undefined;
    } catch (error) {
      if (broken === undefined) log('status.unwritten', { reason: reasonOf(error) });
      broken = reasonOf(error);
    }
    kept(broken);
  }

  async function saveAgainAndAgain(): Promise<void> {
    while (!closing.signal.aborted) {
      const startMs = clock.nowMs();
      await save();
      const waitMs = Math.min(SAVE_INTERVAL_MAX_MS, Math.max(SAVE_INTERVAL_MS, (clock.nowMs() - startMs) / SAVE_SHARE));
      await clock.wait(waitMs, closing.signal).catch(() => undefined /* only closing ends it early */);
    }
  }

  // the tenants are not there yet: the first time comes when the run has begun
  const saving = clock.wait(SAVE_INTERVAL_MS / 5, closing.signal).then(saveAgainAndAgain, () => undefined);
  return {
    get unwritten() { return broken; },
    async close() {
      closing.abort();
      await saving;
      await save();
    },
  };
}
