/**
 * Gives memory back when there is little to do. V8 lets garbage grow to several times of what lives before it looks, which for hundreds of tenants, who all look
 * for new content every few minutes and then rest, is most of the process.
 */
import { performance } from 'node:perf_hooks';
import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Clock } from '../types.ts';
import { quietly } from './run.ts';

/** How often to look, and up to which share of the time in use the process counts as idle. */
const INTERVAL_MS = 5_000;
const IDLE_UTILIZATION = 0.25;
/** So much garbage is worth the collection, which takes some tens of milliseconds. */
const GARBAGE_BYTES_MIN = 16 * 1024 * 1024;

export interface IdleMemoryOptions {
  readonly clock: Clock;
  /** Bytes of the heap that are in use, garbage included. */
  readonly heapBytes: () => number;
  /** Which share of the time since the last call was used. */
  readonly utilization: () => number;
  readonly collectGarbage: () => void;
}

/** Looks until the signal is aborted. */
export async function giveMemoryBack({ clock, heapBytes, utilization, collectGarbage }: IdleMemoryOptions, signal: AbortSignal): Promise<void> {
  let aliveBytes = 0;
  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    await quietly(clock.wait(INTERVAL_MS, signal), signal);
    const isIdle = utilization() <= IDLE_UTILIZATION;
    if (isOver() || !isIdle || heapBytes() < aliveBytes + GARBAGE_BYTES_MIN) continue;
    collectGarbage();
    aliveBytes = heapBytes();
  }
}

/** The same for this process. */
export function processMemory(): Omit<IdleMemoryOptions, 'clock'> {
  setFlagsFromString('--expose-gc');
  const collectGarbage = runInNewContext('gc') as () => void;
  let last = performance.eventLoopUtilization();
  return {
    // without options, of which not every V8 knows all
    collectGarbage: () => collectGarbage(),
    heapBytes: () => getHeapStatistics().used_heap_size,
    utilization() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
  };
}
