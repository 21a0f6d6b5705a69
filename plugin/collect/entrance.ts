/**
 * Where tenants go in when a run starts. Each begins with a token, a look at all of the last days, and the blobs that are found there. If hundreds did so at once,
 * none would be through soon, and what they hold meanwhile would be several times what they need later on. So a few go in at a time, and who takes long keeps nobody
 * else out. Later rounds lie as far apart as the first ones did.
 */
import { setMaxListeners } from 'node:events';
import type { Clock } from '../types.ts';

/** So many tenants begin at once; a run with fewer has no need of an entrance. */
const PLACES = 16;
/** Who has not caught up after so long makes way for the next: a hundred tenants have begun after six seconds at most, five hundred after half a minute. */
const STAY_MS = 1_000;
/** However many there are, all have begun after so long. */
const ALL_WITHIN_MS = 60_000;

/** One tenant's turn to begin. */
export interface Turn {
  /** Resolves when it may begin. Rejects with the signal's reason. */
  begin(signal: AbortSignal): Promise<void>;
  /** It has caught up, has failed or is over: the next may begin. Whoever calls it again, or without having begun, does no harm. */
  end(): void;
}

export interface Entrance {
  /** One more tenant's turn. */
  turn(): Turn;
}

/** An entrance for so many tenants. */
export function createEntrance(tenants: number, clock: Clock): Entrance {
  const stayMs = Math.min(STAY_MS, ALL_WITHIN_MS * PLACES / Math.max(1, tenants));
  const waiting = new Set<() => void>();
  let inside = 0;

  /** Takes a place; answers how to leave it. */
  function goIn(): () => void {
    const stay = new AbortController();
    const leave = (): void => {
      if (stay.signal.aborted) return;
      stay.abort(new Error('the tenant has gone in'));
      inside -= 1;
      const [next] = waiting;
      next?.();
    };
    inside += 1;
    // only leaving ends this wait before its time
    clock.wait(stayMs, stay.signal).then(leave, () => undefined);
    return leave;
  }

  function open(): Turn {
    let leave: (() => void) | undefined;
    return {
      begin(signal) {
        return new Promise((resolve, reject) => {
          signal.throwIfAborted();
          const take = (): void => {
            waiting.delete(take);
            signal.removeEventListener('abort', giveUp);
            leave = goIn();
            resolve();
          };
          const giveUp = (): void => {
            waiting.delete(take);
            reject(signal.reason as Error);
          };
          if (inside < PLACES) {
            take();
            return;
          }
          setMaxListeners(0, signal);
          signal.addEventListener('abort', giveUp, { once: true });
          waiting.add(take);
        });
      },
      end: () => leave?.(),
    };
  }
  return { turn: tenants <= PLACES ? () => AT_ONCE : open };
}

const AT_ONCE: Turn = { begin: () => Promise.resolve(), end: () => undefined };
