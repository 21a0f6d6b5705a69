/**
 * Of each record of a call, for a host that wants to take records apart and to know again those that it has sent: where it ends, and 96 bits for its id, by
 * SipHash-2-4 with 128 bits of output (https://github.com/veorq/SipHash) under a key of the host's: nobody can make up ids that share a hash.
 */
import { reserve } from '../memory';

/** Records of one call at most. */
export const RECORDS_LIMIT: u32 = 16384;
const ENTRY_BYTES: usize = 16;

/** Where the entries are: the record's end behind the output's beginning, and three words of hash, each a u32; 0 when the host wants none. */
export let identifiers: usize = 0;

let key0: u64 = 0;
let key1: u64 = 0;
let first: u64 = 0;
let second: u64 = 0;

/** Makes room for the entries of a call and takes the key, 16 bytes at `key`; false when the host gives no memory for it. */
export function prepareIdentifiers(key: usize): bool {
  key0 = load<u64>(key);
  key1 = load<u64>(key, 8);
  identifiers = reserve(<usize>RECORDS_LIMIT * ENTRY_BYTES);
  return identifiers != 0;
}

export function withoutIdentifiers(): void {
  identifiers = 0;
}

/** Enters record `number` of the call, whose id was identified last. */
export function enter(number: u32, end: usize): void {
  const entry = identifiers + <usize>number * ENTRY_BYTES;
  store<u32>(entry, <u32>end);
  store<u64>(entry, first, 4);
  store<u32>(entry, <u32>second, 12);
}

/** Hashes the id of the next record, as JSON has it between its quotes. */
export function identify(start: usize, finish: usize): void {
  if (identifiers == 0) return;
  v0 = key0 ^ 0x736f6d6570736575;
  v1 = key1 ^ 0x646f72616e646f6d ^ 0xee;
  v2 = key0 ^ 0x6c7967656e657261;
  v3 = key1 ^ 0x7465646279746573;
  let at = start;
  for (; at + 8 <= finish; at += 8) compress(load<u64>(at));
  let last = <u64>(finish - start) << 56;
  for (let shift: u64 = 0; at < finish; at++, shift += 8) last |= <u64>load<u8>(at) << shift;
  compress(last);
  v2 ^= 0xee;
  rounds(4);
  first = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xdd;
  rounds(4);
  second = v0 ^ v1 ^ v2 ^ v3;
}

let v0: u64 = 0;
let v1: u64 = 0;
let v2: u64 = 0;
let v3: u64 = 0;

function compress(word: u64): void {
  v3 ^= word;
  rounds(2);
  v0 ^= word;
}

function rounds(count: i32): void {
  let a = v0;
  let b = v1;
  let c = v2;
  let d = v3;
  while (count-- > 0) {
    a += b;
    b = rotl<u64>(b, 13) ^ a;
    a = rotl<u64>(a, 32);
    c += d;
    d = rotl<u64>(d, 16) ^ c;
    a += d;
    d = rotl<u64>(d, 21) ^ a;
    c += b;
    b = rotl<u64>(b, 17) ^ c;
    c = rotl<u64>(c, 32);
  }
  v0 = a;
  v1 = b;
  v2 = c;
  v3 = d;
}
