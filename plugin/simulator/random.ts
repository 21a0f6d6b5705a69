/** Numbers that look random and repeat with their seed: a fixed seed makes a fixed tenant, fixed events and fixed chaos. */
export interface Random {
  /** A number from 0 up to, not including, 1. */
  next(): number;
  /** A whole number from `low` to `high`, both included. */
  integer(low: number, high: number): number;
  pick<T>(items: readonly T[]): T;
  /** `count` different items, or all of them where there are fewer. */
  sample<T>(items: readonly T[], count: number): T[];
  /** True with this probability. */
  chance(probability: number): boolean;
  guid(): string;
  /** `length` lower-case hexadecimal digits. */
  hex(length: number): string;
  /** `length` decimal digits, the first one not 0. */
  digits(length: number): string;
}

/** A generator whose numbers depend on the parts of the seed and on nothing else (sfc32 behind a string hash; not for secrets). */
export function seededRandom(...seed: readonly (string | number)[]): Random {
  const next32 = sfc32(hash128(seed.join('\u0000')));
  const next = (): number => next32() / 2 ** 32;
  const integer = (low: number, high: number): number => low + Math.floor(next() * (high - low + 1));
  const hex = (length: number): string => {
    let text = '';
    while (text.length < length) text += hex32(next32());
    return text.slice(0, length);
  };
  const pick = <T>(items: readonly T[]): T => {
    const index = integer(0, items.length - 1);
    if (index >= items.length) throw new RangeError('Nothing to pick from.');
    return items[index] as T;
  };
  return {
    next,
    integer,
    pick,
    hex,
    chance: (probability) => next() < probability,
    sample: (items, count) => {
      const rest = [...items];
      const chosen = [];
      while (chosen.length < count && rest.length > 0) chosen.push(...rest.splice(integer(0, rest.length - 1), 1));
      return chosen;
    },
    guid: () => {
      const text = hex(32);
      return `${text.slice(0, 8)}-${text.slice(8, 12)}-4${text.slice(13, 16)}-${'89ab'.charAt(integer(0, 3))}${text.slice(17, 20)}-${text.slice(20)}`;
    },
    digits: (length) => {
      let text = String(integer(1, 9));
      while (text.length < length) text += String(integer(0, 9));
      return text;
    },
  };
}

/** Ids are most of what is made here: their digits come from a table. */
const BYTES_AS_HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

function hex32(number: number): string {
  return `${BYTES_AS_HEX[number >>> 24] ?? ''}${BYTES_AS_HEX[(number >>> 16) & 255] ?? ''}${BYTES_AS_HEX[(number >>> 8) & 255] ?? ''}${BYTES_AS_HEX[number & 255] ?? ''}`;
}

type Words = [number, number, number, number];

function hash128(text: string): Words {
  const words: Words = [1779033703, 3144134277, 1013904242, 2773480762];
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    words[0] = words[1] ^ Math.imul(words[0] ^ unit, 597399067);
    words[1] = words[2] ^ Math.imul(words[1] ^ unit, 2869860233);
    words[2] = words[3] ^ Math.imul(words[2] ^ unit, 951274213);
    words[3] = words[0] ^ Math.imul(words[3] ^ unit, 2716044179);
  }
  return words;
}

function sfc32([a, b, c, counter]: Words): () => number {
  const step = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + sum | 0;
    return sum >>> 0;
  };
  // The first numbers still show the seed's bits.
  for (let round = 0; round < 12; round++) step();
  return step;
}
