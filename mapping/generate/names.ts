/**
 * The hash table by which the module recognises names (properties, operations, words) without comparing strings. A key is a context and a name; the
 * hash takes the first and the last 8 bytes and the length, which also decide equality for names of up to 16 bytes.
 * mapping/assembly/names.ts holds the same arithmetic.
 */

export interface Name {
  readonly context: number;
  readonly name: string;
  readonly value: number;
}

const MASK = (1n << 64n) - 1n;
const FACTOR = 0x9e3779b97f4a7c15n;

/** What the module loads: `slots` (u16, 1-based entry or 0), `entries` (32 bytes each), `text` (the names behind each other). */
export interface NameTable {
  readonly slots: readonly number[];
  readonly entries: readonly number[];
  readonly text: readonly number[];
  readonly shift: number;
}

/** Builds the table, at most half full. Throws when two names of a context are equal. */
export function nameTable(names: readonly Name[]): NameTable {
  let bits = 6;
  while (1 << bits < names.length * 2) bits++;
  const slots = new Array<number>(1 << bits).fill(0);
  const entries: number[] = [];
  const text: number[] = [];
  const known = new Set<string>();
  names.forEach(({ context, name, value }, index) => {
    const key = `${context} ${name}`;
    if (known.has(key)) throw new Error(`the name ${name} stands twice in context ${context}`);
    known.add(key);
    const bytes = Buffer.from(name, 'utf8');
    const { first, last } = ends(bytes);
    let slot = Number(hash(context, first, last, bytes.length) >> BigInt(64 - bits));
    while (slots[slot] !== 0) slot = (slot + 1) % slots.length;
    slots[slot] = index + 1;
    entries.push(...little(first, 8), ...little(last, 8), ...little(BigInt(text.length), 4), ...little(BigInt(bytes.length), 2),
      ...little(BigInt(context), 2), ...little(BigInt(value), 4), 0, 0, 0, 0);
    text.push(...bytes);
  });
  return { slots, entries, text, shift: 64 - bits };
}

/** The first and the last 8 bytes as little-endian integers; of a shorter name what there is, twice. */
function ends(bytes: Buffer): { first: bigint; last: bigint } {
  const word = (from: number, to: number): bigint => bytes.subarray(from, to).reduceRight((value, byte) => (value << 8n) | BigInt(byte), 0n);
  const first = word(0, Math.min(8, bytes.length));
  return { first, last: bytes.length > 8 ? word(bytes.length - 8, bytes.length) : first };
}

function hash(context: number, first: bigint, last: bigint, length: number): bigint {
  const turned = ((last << 29n) | (last >> 35n)) & MASK;
  return ((first ^ turned ^ BigInt((context << 8) | (length & 0xff))) * FACTOR) & MASK;
}

function little(value: bigint, count: number): number[] {
  return Array.from({ length: count }, (_, index) => Number((value >> BigInt(8 * index)) & 0xffn));
}
