/** Several collectors as one run: they go on independently, and end together. */
import { setMaxListeners } from 'node:events';
import type { AuditError } from '../errors.ts';
import type { Clock } from '../types.ts';

export interface Signals {
  /** No new work is begun after this. */
  readonly stop: AbortSignal;
  /** What is in flight is given up after this. */
  readonly abandon: AbortSignal;
}

export interface Collector {
  /**
   * Goes on until `stop`, or until everything there is has been delivered, if that is its task; resolves with what is missing then. Throws what
   * concerns the whole run.
   */
  run(signals: Signals): Promise<AuditError | undefined>;
  /** Whether it only waits for something new. */
  readonly isIdle: boolean;
}

export interface RunOptions {
  readonly clock: Clock;
  readonly stop: AbortSignal;
  /** So long after `stop` what is in flight is given up. */
  readonly graceMs: number;
  /** Called when it is given up: closes the output, so that nobody waits for it any more. */
  readonly abandoned: () => void;
}

/** Runs them all; resolves with what the first incomplete one said. Throws what ended the run before its time. */
export async function runCollectors(collectors: readonly Collector[], options: RunOptions): Promise<AuditError | undefined> {
  const { clock, stop, graceMs, abandoned } = options;
  const failed = new AbortController();
  const abandon = new AbortController();
  const over = new AbortController();
  const signals = { stop: AbortSignal.any([stop, failed.signal]), abandon: abandon.signal };
  // every worker of every tenant listens
  setMaxListeners(0, signals.stop, signals.abandon);
  signals.stop.addEventListener('abort', () => {
    clock.wait(graceMs, over.signal).then(() => {
      abandon.abort(signals.stop.reason);
      abandoned();
    }, () => undefined /* the run was over before */);
  });
  try {
    const results = await Promise.allSettled(collectors.map((collector) => collector.run(signals).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    })));
    if (failed.signal.aborted) throw failed.signal.reason;
    return results.flatMap((result) => (result.status === 'fulfilled' && result.value !== undefined ? [result.value] : []))[0];
  } finally {
    over.abort();
  }
}

/** A wait that the stop has ended has done its work. */
export async function quietly(wait: ReturnType<Clock['wait']>, stop: AbortSignal): Promise<void> {
  try {
    await wait;
  } catch (error) {
    if (!stop.aborted) throw error;
  }
}
