/** IP addresses by their text: only what is one, in its canonical form, may reach a field of type ip. https://www.rfc-editor.org/rfc/rfc5952 */
import { Text, endOf, lengthOf, startOf, textOf } from '../json/span';
import { byte, decimal } from '../json/write';

const COLON: u32 = 0x3a;
const DOT: u32 = 0x2e;
const ZERO: u32 = 0x30;
const ADDRESS_LIMIT_BYTES: usize = 64;
/** The eight groups of an IPv6 address, as u16. */
const GROUPS: usize = memory.data(32, 16);

/** The IPv4 address at the text, or -1: four numbers up to 255, none with a zero in front. */
export function readIpv4(text: Text): i64 {
  let at = startOf(text);
  const finish = endOf(text);
  if (finish - at > 15 || finish - at < 7) return -1;
  let address: i64 = 0;
  for (let i = 0; i < 4; i++) {
    const first = <u32>load<u8>(at) - ZERO;
    if (at >= finish || first > 9) return -1;
    let number = first;
    at++;
    while (at < finish && <u32>load<u8>(at) - ZERO < 10) {
      if (number == 0) return -1;
      number = number * 10 + (<u32>load<u8>(at++) - ZERO);
    }
    if (number > 255) return -1;
    address = (address << 8) | number;
    if (i < 3 && (at >= finish || <u32>load<u8>(at++) != DOT)) return -1;
  }
  return at == finish ? address : -1;
}

/**
 * Writes the canonical form of the address that the text is: IPv4 as it is, IPv6 shortened and in lower case and without zone, an IPv4 address that is
 * wrapped in IPv6 as IPv4. False, and nothing written, when it is no address.
 */
export function writeAddress(text: Text): bool {
  if (lengthOf(text) > ADDRESS_LIMIT_BYTES) return false;
  const version4 = readIpv4(text);
  if (version4 >= 0) {
    writeIpv4(<u32>version4);
    return true;
  }
  if (!readIpv6(text)) return false;
  if (load<u64>(GROUPS) == 0 && load<u16>(GROUPS, 8) == 0 && load<u16>(GROUPS, 10) == 0xffff) {
    writeIpv4((<u32>load<u16>(GROUPS, 12) << 16) | load<u16>(GROUPS, 14));
  } else {
    writeIpv6();
  }
  return true;
}

function writeIpv4(address: u32): void {
  decimal(<u64>(address >> 24));
  byte(DOT);
  decimal(<u64>((address >> 16) & 255));
  byte(DOT);
  decimal(<u64>((address >> 8) & 255));
  byte(DOT);
  decimal(<u64>(address & 255));
}

/** Reads an IPv6 address into GROUPS. */
function readIpv6(text: Text): bool {
  let at = startOf(text);
  let finish = endOf(text);
  // a zone belongs to the machine that wrote it
  for (let i = at; i < finish; i++) if (load<u8>(i) == 0x25) finish = i;
  if (finish - at < 2) return false;
  memory.fill(GROUPS, 0, 16);
  let count: usize = 0;
  let gap: i32 = -1;
  if (<u32>load<u8>(at) == COLON) {
    if (<u32>load<u8>(at, 1) != COLON) return false;
    gap = 0;
    at += 2;
  }
  while (at < finish) {
    if (count == 8) return false;
    const end = hexEnd(at, finish);
    if (end < finish && <u32>load<u8>(end) == DOT) {
      const tail = readIpv4(textOf(at, finish));
      if (tail < 0 || count > 6) return false;
      store<u16>(GROUPS + (count << 1), <u16>(tail >> 16));
      store<u16>(GROUPS + (count << 1), <u16>tail, 2);
      count += 2;
      break;
    }
    if (end == at || end - at > 4) return false;
    store<u16>(GROUPS + (count++ << 1), hex(at, end));
    at = end;
    if (at == finish) break;
    if (<u32>load<u8>(at++) != COLON || at == finish) return false;
    if (<u32>load<u8>(at) == COLON) {
      if (gap >= 0) return false;
      gap = <i32>count;
      at++;
    }
  }
  return spread(count, gap);
}

/** Moves the groups behind `::` to the end. */
function spread(count: usize, gap: i32): bool {
  if (gap < 0) return count == 8;
  if (count > 7) return false;
  const start = GROUPS + (<usize>gap << 1);
  const moved = (count - <usize>gap) << 1;
  memory.copy(GROUPS + 16 - moved, start, moved);
  memory.fill(start, 0, 16 - (<usize>gap << 1) - moved);
  return true;
}

function hexEnd(at: usize, finish: usize): usize {
  while (at < finish && digit(<u32>load<u8>(at)) < 16) at++;
  return at;
}

function digit(letter: u32): u32 {
  if (letter - ZERO < 10) return letter - ZERO;
  return (letter | 0x20) - 0x61 < 6 ? (letter | 0x20) - 0x57 : 16;
}

function hex(at: usize, end: usize): u16 {
  let value: u32 = 0;
  for (; at < end; at++) value = (value << 4) | digit(<u32>load<u8>(at));
  return <u16>value;
}

/** Writes GROUPS, the longest row of at least two zeros as `::`. */
function writeIpv6(): void {
  let gap: usize = 8;
  let gapLength: usize = 1;
  for (let i: usize = 0; i < 8; i++) {
    let length: usize = 0;
    while (i + length < 8 && load<u16>(GROUPS + ((i + length) << 1)) == 0) length++;
    if (length > gapLength) {
      gap = i;
      gapLength = length;
    }
  }
  for (let i: usize = 0; i < 8; i++) {
    if (i == gap) {
      byte(COLON);
      byte(COLON);
      i += gapLength - 1;
      continue;
    }
    if (i > 0 && i != gap + gapLength) byte(COLON);
    writeHex(load<u16>(GROUPS + (i << 1)));
  }
}

function writeHex(value: u32): void {
  if (value >= 16) writeHex(value >> 4);
  const low = value & 15;
  byte(low < 10 ? ZERO + low : 0x57 + low);
}

/** Whether a canonical address is of version 6. */
export function isIpv6(address: Text): bool {
  for (let at = startOf(address), finish = endOf(address); at < finish; at++) if (<u32>load<u8>(at) == COLON) return true;
  return false;
}
