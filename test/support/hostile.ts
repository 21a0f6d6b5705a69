/** Events that no service sends: well-formed ones with every shape at every place, and good ones whose bytes were broken. The same seed makes the same ones. */
import { readFields } from '../../mapping/generate/fields.ts';
import type { Random } from '../../plugin/simulator/random.ts';

const NUMBERS = ['0', '-0', '7', '50', '1.0', '1e9', '-1', '0.25', '1.5E-3', '1156492.0', '9007199254740993', '-9223372036854775808', '9223372036854775808', '18446744073709551615',
  '12345678901234567890123456789', '1e400', '1e-400', '0.1234567890123456789', '1234567890123456789012345678901234567890123.5'];
const TEXTS = ['', ' ', 'x', 'True', 'FALSE', 'null', '<null>', '7', '1156492.0', '1e9', '203.0.113.7', '203.0.113.900', '[203.0.113.7]:80', '2001:DB8::9', '::ffff:203.0.113.7', 'fe80::1%eth0',
  '2026-09-01T08:15:30', '2026-09-01T08:15:30.1234567Z', '2026-02-30T00:00:00Z', '2026-09-01 08:15:30Z', '9/1/2026 8:15:30 AM', 'ada.quill@brackwater.example', 'a@b@c', 'i:0#.f|membership|bo@brackwater.example',
  'https://brackwater.example/a b/ü.docx?x=1#y', 'http://[::1', 'name (12b); other.txt (3b)', '<ada@brackwater.example>', 'Ship 🚢', 'quote " and \\ and /', 'line\r\nbreak\tand \u0007', 'half \ud83d of one',
  '\udea2', 'zero \u0000 inside', '{"a":1,"b":{"c":["d",2]}}', '{"a":1,"a":2}', '["x",{"y":"z"}]', '[{"y":"z"}]', '[]', '{}', '{"a":', '"x"', '-Identity "abc"', '-Name "x" -Other ("a","b")'];
const KEYS = ['Sluice', 'Gate', 'Name', 'Value', 'NewValue', 'OldValue', 'AlertLinkHref', 'UPN', 'a.b', 'a_b', '', ' ', 'Tab\tkey', 'quote"key', 'x_raw', 'x_object', '_raw', 'flattened', 'k'.repeat(300)];

/** Makes well-formed events by the names of mapping/fields.yml. */
export function strangeEvents(random: Random): { next(): string } {
  const paths = readFields('mapping/fields.yml').map(({ name }) => name).filter((name) => name.startsWith('o365.audit.')).map((name) => name.slice('o365.audit.'.length).split('.'));
  const roots = [...new Set(paths.map(([root = '']) => root))].filter((name) => !name.startsWith('*'));
  const inner = [...new Set(paths.flatMap((path) => path.slice(1)))].filter((name) => name !== '*');
  const key = (): string => {
    const name = random.chance(0.7) ? random.pick(inner) : random.pick(KEYS);
    return random.chance(0.05) ? name + random.pick(['_raw', '_object']) : name;
  };
  const object = (names: () => string, depth: number, size: number): string => {
    const members = new Map(Array.from({ length: size }, () => [names(), value(depth + 1)]));
    return `{${[...members].map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(',')}}`;
  };
  const value = (depth: number): string => {
    const kind = random.integer(0, depth > 4 ? 6 : 10);
    if (kind <= 3) return JSON.stringify(random.pick(TEXTS));
    if (kind <= 5) return random.pick(NUMBERS);
    if (kind === 6) return random.pick(['true', 'false', 'null']);
    if (kind <= 8) return `[${Array.from({ length: random.integer(0, 4) }, () => value(depth + 1)).join(',')}]`;
    return object(key, depth, random.integer(0, 4));
  };
  const root = (): string => random.pick(roots) + (random.chance(0.05) ? random.pick(['_raw', '_object']) : '');
  const usual = ['"CreationTime":"2026-09-01T08:15:30"', '"Id":"b2e3"', '"Operation":"Sluice"', '"UserId":"ada.quill@brackwater.example"'];
  return {
    next: () => {
      const members = [...random.sample(usual, random.integer(0, 4)), ...(random.chance(0.5) ? [`"RecordType":${random.integer(1, 120)}`] : [])];
      const names = new Set(members.map((member) => JSON.parse(member.slice(0, member.indexOf(':'))) as string));
      for (let count = random.integer(1, 8); count > 0; count--) {
        const name = random.chance(0.9) ? root() : random.pick(KEYS);
        if (!names.has(name)) members.push(`${JSON.stringify(name)}:${value(0)}`);
        names.add(name);
      }
      return `{${members.join(',')}}`;
    },
  };
}

/** What stands in JSON, and what breaks it. */
const PIECES = ['{', '}', '[', ']', '"', ',', ':', '\\', '\\u', '\\ud83d', '\\u0000', 'null', 'true', '-', '0', '1e', '1e999999999', '9'.repeat(400), '[[[[[[[[[[[[[[[[[[[[', '{"a":{"a":{"a":', '"Id":7,',
  '"o365audit":{', '"o365audit":', ' '.repeat(40), '"'.repeat(9), '\u0000', '\u001f', '\ufeff', '🚢'].map((text) => Buffer.from(text));
const BYTES = [0xff, 0xc0, 0xc3, 0x80, 0xed, 0xf4, 0x00, 0x22, 0x5c, 0x7f];

/** A copy of one of the texts with one to four faults. */
export function mutated(texts: readonly Buffer[], random: Random): Buffer {
  let text = Buffer.from(random.pick(texts));
  for (let faults = random.integer(1, 4); faults > 0; faults--) text = Buffer.from(random.pick(FAULTS)(text, random, texts));
  return text;
}

type Fault = (text: Buffer, random: Random, texts: readonly Buffer[]) => Buffer;

const place = (text: Buffer, random: Random): number => random.integer(0, text.length);
const splice = (text: Buffer, from: number, to: number, piece: Buffer): Buffer => Buffer.concat([text.subarray(0, from), piece, text.subarray(Math.max(from, to))]);
/** Where a member begins, or the text's end. */
const member = (text: Buffer, random: Random): number => {
  const at = text.indexOf(',"', place(text, random));
  return at < 0 ? text.length : at;
};

const cut: Fault = (text, random) => text.subarray(0, place(text, random));
const flip: Fault = (text, random) => {
  if (text.length > 0) text[random.integer(0, text.length - 1)] = random.chance(0.5) ? random.pick(BYTES) : random.integer(0, 255);
  return text;
};
const insert: Fault = (text, random) => {
  const at = place(text, random);
  return splice(text, at, at, random.pick(PIECES));
};
const remove: Fault = (text, random) => {
  const at = place(text, random);
  return splice(text, at, at + random.integer(1, 30), Buffer.alloc(0));
};
const join: Fault = (text, random, texts) => {
  const other = random.pick(texts);
  return Buffer.concat([text.subarray(0, place(text, random)), other.subarray(place(other, random))]);
};
const repeatMember: Fault = (text, random) => {
  const from = member(text, random);
  return splice(text, from, from, text.subarray(from, member(text, random)));
};
const nest: Fault = (text, random) => {
  const depth = random.pick([14, 15, 16, 17, 40, 3000, 4094, 4095, 4096, 4097]);
  const at = text.indexOf(':', place(text, random)) + 1;
  const [open, close] = random.chance(0.5) ? ['[', ']'] : ['{"k":', '}'];
  return splice(text, at, at, Buffer.from(`${open.repeat(depth)}1${close.repeat(depth)}${random.chance(0.8) ? ',"z":' : ''}`));
};

const FAULTS: readonly Fault[] = [cut, flip, flip, insert, insert, remove, join, repeatMember, repeatMember, nest];
