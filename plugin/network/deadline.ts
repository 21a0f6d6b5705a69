/**
 * The longest time that one exchange may wait for the network, from connecting to the last byte of the body. The clock stands still while
 * the reader of the body is busy, so that a slow output is not mistaken for a slow server.
 */
import { setMaxListeners } from 'node:events';

export interface Deadline {
  /** Aborted with TIME_IS_UP when the time is used up, or with the caller's reason when the caller gives up. */
  readonly signal: AbortSignal;
  /** Lets the clock run: the network is being waited for. */
  run(): void;
  /** Stops the clock: the reader is busy. */
  pause(): void;
  /** Ends the watch; must be called once for each deadline, or the caller's signal keeps a listener. */
  end(): void;
}

/** The abort reason of a deadline that has passed. */
export const TIME_IS_UP = new Error('the whole exchange took too long');

/** Starts a deadline of `limitMs`; the caller's signal aborts it too. */
export function startDeadline(limitMs: number, callerSignal: AbortSignal | undefined): Deadline {
  const controller = new AbortController();
  let leftMs = limitMs;
  let startedAt = 0;
  let timer: NodeJS.Timeout | undefined;

  const giveUp = (): void => controller.abort(callerSignal?.reason);
  if (callerSignal?.aborted === true) giveUp();
  else if (callerSignal !== undefined) {
    // One long-lived signal stops all requests of the program: many listeners are no leak here.
    setMaxListeners(0, callerSignal);
    callerSignal.addEventListener('abort', giveUp);
  }

  const pause = (): void => {
    if (timer === undefined) return;
    clearTimeout(timer);
    timer = undefined;
    leftMs -= performance.now() - startedAt;
  };
  return {
    signal: controller.signal,
    run() {
      if (timer !== undefined) return;
      startedAt = performance.now();
      timer = setTimeout(() => controller.abort(TIME_IS_UP), Math.max(0, leftMs));
    },
    pause,
    end() {
      pause();
      callerSignal?.removeEventListener('abort', giveUp);
    },
  };
}
