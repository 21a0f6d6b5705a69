/** SHA-256, for texts that may be compared but not read (dlp_detections: hash). https://csrc.nist.gov/pubs/fips/180-4/upd1/final */
import { byte } from '../json/write';

const K: usize = memory.data<u32>([
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
  0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
  0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
  0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
]);
const START: usize = memory.data<u32>([
  0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19,
]);
const STATE: usize = memory.data(32, 16);
const SCHEDULE: usize = memory.data(256, 16);
const LAST: usize = memory.data(128, 16);

/** Writes the hash of the bytes from `start` to `finish` as 64 hexadecimal digits. */
export function writeSha256(start: usize, finish: usize): void {
  memory.copy(STATE, START, 32);
  let at = start;
  for (; at + 64 <= finish; at += 64) compress(at);
  const rest = finish - at;
  memory.fill(LAST, 0, 128);
  memory.copy(LAST, at, rest);
  store<u8>(LAST + rest, 0x80);
  const length: usize = rest < 56 ? 64 : 128;
  store<u64>(LAST + length - 8, bswap<u64>(<u64>(finish - start) << 3));
  compress(LAST);
  if (length == 128) compress(LAST + 64);
  for (let i: usize = 0; i < 32; i++) {
    const value = <u32>load<u8>(STATE + (i ^ 3));
    hexDigit(value >> 4);
    hexDigit(value & 15);
  }
}

function hexDigit(value: u32): void {
  byte(value < 10 ? 0x30 + value : 0x57 + value);
}

function compress(block: usize): void {
  for (let i: usize = 0; i < 16; i++) store<u32>(SCHEDULE + (i << 2), bswap<u32>(load<u32>(block + (i << 2))));
  for (let i: usize = 16; i < 64; i++) {
    const at = SCHEDULE + (i << 2);
    const w15 = load<u32>(at - 60);
    const w2 = load<u32>(at - 8);
    const s0 = rotr<u32>(w15, 7) ^ rotr<u32>(w15, 18) ^ (w15 >> 3);
    const s1 = rotr<u32>(w2, 17) ^ rotr<u32>(w2, 19) ^ (w2 >> 10);
    store<u32>(at, load<u32>(at - 64) + s0 + load<u32>(at - 28) + s1);
  }
  let a = load<u32>(STATE);
  let b = load<u32>(STATE, 4);
  let c = load<u32>(STATE, 8);
  let d = load<u32>(STATE, 12);
  let e = load<u32>(STATE, 16);
  let f = load<u32>(STATE, 20);
  let g = load<u32>(STATE, 24);
  let h = load<u32>(STATE, 28);
  for (let i: usize = 0; i < 256; i += 4) {
    const first = h + (rotr<u32>(e, 6) ^ rotr<u32>(e, 11) ^ rotr<u32>(e, 25)) + ((e & f) ^ (~e & g)) + load<u32>(K + i) + load<u32>(SCHEDULE + i);
    const second = (rotr<u32>(a, 2) ^ rotr<u32>(a, 13) ^ rotr<u32>(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
    h = g;
    g = f;
    f = e;
    e = d + first;
    d = c;
    c = b;
    b = a;
    a = first + second;
  }
  add(0, a);
  add(4, b);
  add(8, c);
  add(12, d);
  add(16, e);
  add(20, f);
  add(24, g);
  add(28, h);
}

function add(offset: usize, value: u32): void {
  store<u32>(STATE + offset, load<u32>(STATE + offset) + value);
}
