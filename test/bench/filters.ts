/**
 * What a filter costs at least in Fluent Bit, to compare the mapping with: one that answers with a copy of its input, and one that looks at every byte of the record, eight
 * at a time, and answers with one and the same document.
 */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const ASSEMBLYSCRIPT = join(import.meta.dirname, '../../../node_modules/assemblyscript/bin/asc.js');
const ALLOCATOR = `
  let top: usize = 0;
  let held: i32 = 0;
  function reserve(size: usize): usize {
    if (top == 0) top = __heap_base;
    const start = (top + 15) & ~<usize>15;
    top = start + size + 32;
    const missing = <i32>((top + 0xffff) >>> 16) - memory.size();
    if (missing > 0) memory.grow(missing);
    return start;
  }
  export function malloc(size: usize): usize { held++; return reserve(size); }
  export function free(start: usize): void { if (--held == 0) top = __heap_base; }
`;
const SIGNATURE = 'export function o365_to_ecs(tag: usize, tagLength: u32, sec: u32, nsec: u32, record: usize, recordLength: u32): usize';

/** Compiles the filter that answers with a copy of its input, into a file in `folder`. */
export function copyingFilter(folder: string): string {
  return compile(folder, 'copying', `${ALLOCATOR} ${SIGNATURE} {
    const answer = reserve(recordLength + 1);
    memory.copy(answer, record, recordLength);
    store<u8>(answer + recordLength, 0);
    return answer;
  }`);
}

/** Compiles the filter that scans the record once and answers with the document. */
export function scanningFilter(folder: string, document: Buffer): string {
  return compile(folder, 'scanning', `${ALLOCATOR}
    const DOCUMENT: usize = memory.data<u8>([${[...document].join(',')},0]);
    let seen: u64 = 0;
    ${SIGNATURE} {
      for (let at = record; at < record + recordLength; at += 8) {
        const eight = load<u64>(at) ^ 0x2222222222222222;
        if (((eight - 0x0101010101010101) & ~eight & 0x8080808080808080) != 0) seen++;
      }
      return DOCUMENT;
    }`);
}

function compile(folder: string, name: string, source: string): string {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.ts`), source);
  const flags = ['-O3', '--noAssert', '--runtime', 'stub', '--use', 'abort=', '--enable', 'bulk-memory', '--disable', 'simd'];
  execFileSync(process.execPath, [ASSEMBLYSCRIPT, `${name}.ts`, '--outFile', `${name}.wasm`, ...flags], { cwd: folder });
  return join(folder, `${name}.wasm`);
}
