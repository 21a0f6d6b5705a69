/**
 * The WebAssembly module (mapping/) in this process. Nothing but bytes goes in and out, and no call leaves anything behind, so an instance can be replaced at
 * any time: it is when its memory, which never shrinks, has passed a limit.
 */
import { instantiateSync } from '@assemblyscript/loader';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { failure } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';

/** After a call that left more memory than this behind, the next one gets a fresh instance. */
export const INSTANCE_MEMORY_LIMIT_BYTES = 96 * 1024 * 1024;
const FILE = 'o365_ecs.wasm';
const LESSON_BYTES = 16 * 1024 * 1024;

/** The module's exports; mapping/assembly/index.ts lists them. */
interface Exports extends Record<string, unknown> {
  readonly memory: WebAssembly.Memory;
  malloc(byteCount: number): number;
  free(start: number): void;
  o365_to_ecs(tag: number, tagLength: number, sec: number, nsec: number, record: number, recordLength: number): number;
  mapRecord(record: number, recordLength: number, sec: number, nsec: number): number;
  resultLength(): number;
  split(): void;
  splitSettings(): number;
}

/** A module that works: calls go to the current instance. */
export interface EcsModule {
  /** The document of one record (or bare event), as JSON text in UTF-8 with `@timestamp`; `nowMs` is its time where the event has none. */
  map(record: Uint8Array, nowMs: number): Buffer;
  /** Lends out the current instance for one call; what `use` returns must hold no view of its memory. Throws MODULE_NO_MEMORY and MODULE_TRAPPED. */
  use<Result>(use: (exports: Exports) => Result): Result;
}

export type { Exports };

/** Loads the module that lies in `folder`. Throws MODULE_UNREADABLE when it is not there or is no such module. */
export async function loadModule(folder: string, log: Log): Promise<EcsModule> {
  teachAllocator();
  const file = join(folder, FILE);
  let compiled: WebAssembly.Module;
  let exports: Exports;
  try {
    compiled = await WebAssembly.compile(await readFile(file));
    exports = instantiate(compiled);
    if (!('mapRecord' in exports)) throw new Error('it is another module');
  } catch (error) {
    throw failure('MODULE_UNREADABLE', { file, reason: error instanceof Error ? error.message : String(error) }, error);
  }
  const use = <Result>(call: (exports: Exports) => Result): Result => {
    let result: Result;
    try {
      result = call(exports);
    } catch (error) {
      // whatever it was doing is half done
      exports = instantiate(compiled);
      throw error instanceof WebAssembly.RuntimeError ? failure('MODULE_TRAPPED', { reason: error.message }, error) : error;
    }
    const bytes = exports.memory.buffer.byteLength;
    if (bytes > INSTANCE_MEMORY_LIMIT_BYTES) {
      log('module.replaced', { bytes });
      exports = instantiate(compiled);
    }
    return result;
  };
  return {
    use,
    map: (record, nowMs) => use((current) => {
      const start = place(current, [record]);
      const { sec, nsec } = epoch(nowMs);
      const at = current.mapRecord(start, record.byteLength, sec, nsec);
      const document = Buffer.from(new Uint8Array(current.memory.buffer, at, current.resultLength()));
      current.free(start);
      return document;
    }),
  };
}

/**
 * Batches of documents are taken from glibc and freed all the time, and it gives free pages back to the system at once: a seventh of the time of mapping went into
 * getting them anew. It keeps up to twice the size of the largest block that it has seen freed, which this one will be, as garbage. Nobody writes to it, so it takes
 * no memory. Other allocators learn nothing from it. https://man7.org/linux/man-pages/man3/mallopt.3.html (M_MMAP_THRESHOLD)
 */
function teachAllocator(): void {
  Buffer.alloc(LESSON_BYTES);
}

function instantiate(compiled: WebAssembly.Module): Exports {
  return instantiateSync<Exports>(compiled, {}).exports;
}

/** Puts pieces behind each other into the module's memory; answers where. Throws MODULE_NO_MEMORY when there is no more. */
export function place(exports: Exports, pieces: readonly Uint8Array[]): number {
  const byteCount = pieces.reduce((sum, piece) => sum + piece.byteLength, 0);
  // the module takes 32 bits
  const start = byteCount > 0xffff_ffff ? 0 : exports.malloc(byteCount) >>> 0;
  if (start === 0) throw failure('MODULE_NO_MEMORY', { bytes: byteCount });
  const memory = new Uint8Array(exports.memory.buffer);
  let at = start;
  for (const piece of pieces) {
    memory.set(piece, at);
    at += piece.byteLength;
  }
  return start;
}

/** A time as whole seconds since 1970 and nanoseconds. */
export function epoch(ms: number): { sec: number; nsec: number } {
  const sec = Math.floor(ms / 1000);
  return { sec, nsec: Math.round((ms - sec * 1000) * 1e6) };
}
