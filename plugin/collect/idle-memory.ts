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
/** When the heap has so much more than what lives in it, that is worth collections, which take some tens of milliseconds each. */
const SLACK_BYTES_MIN = 16 * 1024 * 1024;
/**
 * So many are made then, one at a look. What the first leaves stands scattered over nearly all the pages that V8 has, so it gives hardly one back; each later one moves
 * some of it together (V8 moves a few megabytes at a time) and gives back what that empties.
 */
const COLLECTIONS = 4;
/** Looks between the last of them and the next first one: where they change nothing, they do not go on for ever. */
const REST_LOOKS = 12;

export interface IdleMemoryOptions {
  readonly clock: Clock;
  /** Bytes in use, garbage included, and bytes of memory that the process has for its heap. */
  readonly heap: () => { readonly usedBytes: number; readonly heldBytes: number };
  /** Which share of the time since the last call was used. */
  readonly utilization: () => number;
  readonly collectGarbage: () => void;
}

/** Looks until the signal is aborted. */
export async function giveMemoryBack({ clock, heap, utilization, collectGarbage }: IdleMemoryOptions, signal: AbortSignal): Promise<void> {
  /** What was in use after the last collection. */
  let aliveBytes = 0;
  let due = 0;
  let rest = 0;
  const isOver = (): boolean => signal.aborted;
  for (; !isOver(); rest -= 1) {
    await quietly(clock.wait(INTERVAL_MS, signal), signal);
    const isIdle = utilization() <= IDLE_UTILIZATION;
    if (isOver() || !isIdle) continue;
    if (due === 0 && rest <= 0 && heap().heldBytes >= aliveBytes + SLACK_BYTES_MIN) due = COLLECTIONS;
    if (due === 0) continue;
    collectGarbage();
    aliveBytes = heap().usedBytes;
    due -= 1;
    if (due === 0) rest = REST_LOOKS;
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
    heap() {
      const { used_heap_size: usedBytes, total_physical_size: heldBytes } = getHeapStatistics();
      return { usedBytes, heldBytes };
    },
    utilization() {
      const now = performance.eventLoopUtilization();
      const { utilization } = performance.eventLoopUtilization(now, last);
      last = now;
      return utilization;
    },
  };
}
