/** The WebAssembly module as Fluent Bit calls it, without the product's own host code around it. */
import { readFileSync } from 'node:fs';
import type { Exports } from '../../plugin/module/instance.ts';
import { GOLDEN_SECONDS } from './golden.ts';

type MapRecord = (record: Uint8Array, sec?: number, nsec?: number) => string;

export interface RawModule {
  /** The document of a record from `o365_to_ecs`, as text. Throws when it is no valid UTF-8. The record itself stays as it is: the module changes its own copy. */
  readonly map: MapRecord;
  /** The document of a record from `mapRecord`, as text; otherwise the same. */
  readonly mapRecord: MapRecord;
  readonly exports: Exports;
  /** The size of the module's memory now. */
  memoryBytes(): number;
}

/** The file that the build makes. */
export const MODULE_FILE = 'dist/o365_ecs.wasm';
const TAG = Buffer.from('o365.audit');

/** A new instance of the module. */
export function openModule(file = MODULE_FILE): RawModule {
  const exports = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), {}).exports as unknown as Exports;
  const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  const memory = (): Buffer => Buffer.from(exports.memory.buffer);
  // As the host does: every argument that is bytes is allocated, filled, and freed when the answer has been copied.
  const place = (bytes: Uint8Array): number => {
    const start = exports.malloc(bytes.byteLength + 1) >>> 0;
    if (start === 0) throw new Error(`the module has no memory for ${bytes.byteLength} bytes`);
    memory().set(bytes, start);
    memory()[start + bytes.byteLength] = 0;
    return start;
  };
  return {
    exports,
    memoryBytes: () => exports.memory.buffer.byteLength,
    map(record, sec = GOLDEN_SECONDS, nsec = 0) {
      const tag = place(TAG);
      const start = place(record);
      const from = exports.o365_to_ecs(tag, TAG.byteLength, sec, nsec, start, record.byteLength) >>> 0;
      const text = decoder.decode(memory().subarray(from, memory().indexOf(0, from)));
      exports.free(start);
      exports.free(tag);
      return text;
    },
    mapRecord(record, sec = GOLDEN_SECONDS, nsec = 0) {
      const start = place(record);
      const from = exports.mapRecord(start, record.byteLength, sec, nsec) >>> 0;
      const text = decoder.decode(memory().subarray(from, from + exports.resultLength()));
      exports.free(start);
      return text;
    },
  };
}
