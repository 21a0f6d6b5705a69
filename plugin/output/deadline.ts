import type { Clock } from '../types.ts';

/** Made once: an abort without a reason makes an error with a stack each time, which costs more than sending a small frame. */
const MET = new Error('the deadline was met');

/**
 * Calls `late` once `ms` have passed, unless the returned function is called before. Every step of an output that depends on the far side
 * stands under one of these.
 */
export function startDeadline(clock: Clock, ms: number, late: () => void): () => void {
  const cancelled = new AbortController();
  // The wait rejects only because it was cancelled, and it may be cancelled in the very moment in which it ends: then there is nothing to do.
  clock.wait(ms, cancelled.signal).then(() => {
    if (!cancelled.signal.aborted) late();
  }, () => undefined);
  return () => cancelled.abort(MET);
}
