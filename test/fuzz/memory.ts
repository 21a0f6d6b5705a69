/** Memory of one instance over very many records: after the first thousand it does not grow, however many come. */
import type { Exports } from '../../plugin/module/instance.ts';
import { openModule } from '../support/module.ts';
import { createInputs } from './inputs.ts';

/** At most so many times the largest record, besides what an instance has from the start, is an instance's memory. */
export const MEMORY_FACTOR = 12;
const WARM_UP = 1000;
const POOL = 20_000;

/** Maps a record as a host does, without a look at the answer. */
function call(exports: Exports, record: Uint8Array, inFluentBit: boolean): void {
  const start = exports.malloc(record.byteLength + 1) >>> 0;
  new Uint8Array(exports.memory.buffer).set(record, start);
  if (inFluentBit) exports.o365_to_ecs(start, 0, 0, 0, start, record.byteLength);
  else exports.mapRecord(start, record.byteLength, 0, 0);
  exports.free(start);
}

export interface MemoryReport {
  readonly complaints: readonly string[];
  readonly figures: readonly string[];
}

/**
 * Maps `count` records with one instance, the largest among the first thousand, taken over and over from 20,000 different ones; both functions of the
 * module take turns.
 */
export function watchMemory(events: readonly Buffer[], seed: number, count: number, file?: string): MemoryReport {
  const inputs = createInputs(events, seed);
  const pool = Array.from({ length: Math.min(POOL, count) }, () => inputs.next().bytes).toSorted((a, b) => b.length - a.length);
  const largest = pool[0]?.length ?? 0;
  const module = openModule(file);
  const fresh = module.memoryBytes();
  let [reached, bytes] = [0, 0];
  const complaints: string[] = [];
  const startMs = performance.now();
  for (let number = 0; number < count && complaints.length === 0; number++) {
    const input = pool[number % pool.length] ?? Buffer.alloc(0);
    bytes += input.length;
    call(module.exports, input, number % 2 === 0);
    if (number + 1 === Math.min(WARM_UP, count)) reached = module.memoryBytes();
    else if (number >= WARM_UP && module.memoryBytes() > reached) complaints.push(`after ${number + 1} records the memory grew from ${reached} to ${module.memoryBytes()} bytes`);
  }
  if (reached > fresh + MEMORY_FACTOR * largest) complaints.push(`${reached} bytes of memory are more than ${MEMORY_FACTOR} times the largest record, ${largest} bytes, and the ${fresh} bytes of a fresh instance`);
  const seconds = (performance.now() - startMs) / 1000;
  return {
    complaints,
    figures: [
      `${count} records, ${(bytes / 1e6).toFixed(0)} MB, in ${seconds.toFixed(1)} s: ${Math.round(count / seconds)} a second`,
      `memory of the instance: ${fresh} bytes at first, ${reached} after ${Math.min(WARM_UP, count)} records, ${module.memoryBytes()} at the end; the largest record has ${largest} bytes`,
    ],
  };
}
