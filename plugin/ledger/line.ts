/**
 * The grammar of a journal: a line a fact, written as the CRC-32 of its JSON in eight hexadecimal digits, a blank, the JSON, and a newline. A line
 * that was cut, flipped or overwritten does not pass its own check.
 */
import { crc32 } from 'node:zlib';

/** Longer lines are not facts of ours, and are never kept in memory while reading. */
export const LINE_BYTES_MAX = 64 * 1024;

const CHECK_DIGITS = 8;
const BLANK = 0x20;

/** Writes one fact as a line, its newline included. */
export function encodeLine(fact: object): string {
  const json = JSON.stringify(fact);
  return `${crc32(json).toString(16).padStart(CHECK_DIGITS, '0')} ${json}\n`;
}

/** Reads a line without its newline; undefined if it does not pass its check. */
export function decodeLine(line: Buffer): Readonly<Record<string, unknown>> | undefined {
  if (line.length <= CHECK_DIGITS + 1 || line[CHECK_DIGITS] !== BLANK) return undefined;
  const check = line.toString('latin1', 0, CHECK_DIGITS);
  const json = line.subarray(CHECK_DIGITS + 1);
  if (crc32(json).toString(16).padStart(CHECK_DIGITS, '0') !== check) return undefined;
  try {
    const fact: unknown = JSON.parse(json.toString());
    return typeof fact === 'object' && fact !== null ? fact as Record<string, unknown> : undefined;
  } catch {
    // A check that fits by chance, or a line that another program wrote.
    return undefined;
  }
}
