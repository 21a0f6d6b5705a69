/** Records that a mapping may stumble over: large ones, and ones that are broken, deep or of the wrong shape. They are the same in every run. */
import { seededRandom } from '../../plugin/simulator/random.ts';

/** What makes an event large: one text, many pairs of names and values, or JSON within a text. */
export const LARGE_SHAPES = ['text', 'pairs', 'json'] as const;

/** Event number `number`, of about `size` bytes, of one property that takes most of it. */
export function largeEvent(number: number, size: number, shape: typeof LARGE_SHAPES[number]): Buffer {
  const random = seededRandom('large', number);
  const words = ['Grüße', '世界', '😀', 'C:\\Users\\brenna', '"quoted"', 'line\none', '/sites/Finance/Budget 2027.xlsx', '\u0001', '\u2028', '203.0.113.7', '{"a":1}'];
  const textOf = (length: number): string => {
    const parts: string[] = [];
    for (let have = 0; have < length;) {
      const word = `${random.pick(words)}${random.integer(0, 1_000_000)} `;
      parts.push(word);
      have += word.length;
    }
    return parts.join('');
  };
  const pairs = (bytes: number): { Name: string; Value: string }[] => Array.from({ length: bytes / 105 }, (_, index) => ({ Name: `Property ${index}`, Value: textOf(50) }));
  const large = {
    text: () => ({ Subject: textOf(size * 0.88) }),
    pairs: () => ({ ExtendedProperties: pairs(size) }),
    json: () => ({ Data: JSON.stringify({ etype: 'User', eid: 'brenna@brackwater.example', list: pairs(size * 0.9) }) }),
  }[shape]();
  return Buffer.from(JSON.stringify({
    CreationTime: '2026-09-01T08:15:30', Id: `a0b1c2d3-0000-4000-8000-${String(number).padStart(12, '0')}`, Operation: 'FileDownloaded', RecordType: 6,
    Workload: 'OneDrive', UserId: 'brenna@brackwater.example', ClientIP: '203.0.113.7', ...large, ResultStatus: 'Succeeded',
  }));
}

/** Input that is broken, deep, long or of the wrong shape. */
export function awkwardRecords(): Map<string, Buffer> {
  const event = { CreationTime: '2026-09-01T08:15:30', Id: 'a', Operation: 'FileDownloaded', RecordType: 6, Workload: 'OneDrive', UserId: 'brenna@brackwater.example' };
  const start = JSON.stringify(event).slice(0, -1);
  const inObject = (member: string | Buffer): Buffer => Buffer.concat([Buffer.from(`${start},`), Buffer.from(member), Buffer.from('}')]);
  const deepArray = '['.repeat(10_000) + ']'.repeat(10_000);
  const deepObject = '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000);
  const inputs: Record<string, string | Buffer> = {
    'nothing': '', 'a blank': ' ', 'a zero byte': Buffer.from([0]), 'one brace': '{', 'one quote': '"', 'an empty object': '{}', 'an empty array': '[]', 'null': 'null', 'a number': '17',
    'a string': '"text"', 'two objects': '{}{}', 'a comma too many': inObject('"a":1,'), 'a lone backslash': '{"a":"\\', 'a cut escape': '{"a":"\\u12', 'a byte order mark': '\ufeff{}',
    'a lone byte of UTF-8': inObject(Buffer.from('"Subject":"a\xff\xfeb"', 'latin1')),
    'an overlong form': inObject(Buffer.from('"Subject":"\xc0\xaf\xe0\x80\xaf"', 'latin1')),
    'a surrogate as UTF-8': inObject(Buffer.from('"Subject":"\xed\xa0\x80"', 'latin1')),
    'UTF-8 cut by the end': Buffer.concat([Buffer.from(`${start},"Subject":"`), Buffer.from([0xf0, 0x9f, 0x98])]),
    'a broken key': inObject(Buffer.from('"Sub\xffject":"a"', 'latin1')),
    'a lone surrogate as escape': inObject('"Subject":"\\ud800 \\udc00"'),
    'a line break behind the brace': `{\n${start.slice(1)}}`, 'a line break before the brace': `${start}\n}`,
    'a zero byte in a string': inObject(Buffer.from('"Subject":"a\0b"')),
    'a zero byte in a key': inObject(Buffer.from('"a\0b":"c"')),
    'a zero byte between tokens': inObject(Buffer.from('\0"a":"b"')),
    'a zero as escape': inObject('"Subject":"a\\u0000b"'),
    'control characters': inObject(Buffer.from('"Subject":"a\n\r\t\x01\x7fb"')),
    '400 digits': inObject(`"Size":${'9'.repeat(400)}`), '400 digits of a fraction': inObject(`"Size":0.${'3'.repeat(400)}`),
    'a large exponent': inObject('"Size":1e999999999999,"a":-1E-999999999999'), 'numbers that are none': inObject('"Size":01,"a":1.,"b":+1'),
    ...Object.fromEntries(['-1', '-17.5e3', '476', '811', '2520', '65536', '123456789', '4294967302', '9223372036854775808'].map((number) => [`record type ${number}`, JSON.stringify({ ...event, RecordType: 0 }).replace(':0', `:${number}`)])),
    'a record type of 400 digits': inObject(`"RecordType":${'1'.repeat(400)}`),
    'arrays 10,000 deep': deepArray, 'objects 10,000 deep': deepObject,
    'arrays 10,000 deep in an event': inObject(`"ExtendedProperties":${deepArray}`), 'objects 10,000 deep in an event': inObject(`"Parameters":${deepObject}`),
    'objects 10,000 deep in a text': inObject(`"Data":${JSON.stringify(deepObject)}`), 'arrays 10,000 deep in a text': inObject(`"Actions":[${JSON.stringify(deepArray)}]`),
    'arrays 10,000 deep in a record': `{"o365audit":${start}},"labels":${deepArray}}`, '10,000 brackets that stay open': '['.repeat(10_000), '10,000 braces that stay open': '{"a":'.repeat(10_000),
    ...Object.fromEntries(['null', '17', '"text"', '[]', '[{}]', 'true', '{}', '"\\ud800"'].map((value) => [`a record whose event is ${value}`, `{"o365audit":${value},"event":{"id":"a"}}`])),
    ...Object.fromEntries(['event', 'organization', 'data_stream', 'tags', 'o365audit_options', 'error', 'o365'].flatMap((name) => (
      ['null', '17', '"text"', '[[]]', '{}'].map((value) => [`${name} that is ${value}`, `{"o365audit":${start}},"${name}":${value}}`])))),
    ...Object.fromEntries(['CreationTime', 'Id', 'Operation', 'RecordType', 'Workload', 'UserId', 'ClientIP', 'ExtendedProperties', 'ModifiedProperties', 'Parameters', 'Data', 'Actions', 'Actor', 'Target']
      .flatMap((name) => ['null', '-17.5e3', 'false', '"\\"{"', '[{"Name":[],"Value":{}},"x",null,[1]]', '{"":{".":[]}}'].map((value) => [`${name} that is ${value}`, inObject(`"${name}":${value}`)]))),
    'a key of 100,000 characters': inObject(`"${'k'.repeat(100_000)}":1`), '100,000 backslashes': inObject(`"Subject":"${'\\\\'.repeat(50_000)}"`),
  };
  return new Map(Object.entries(inputs).map(([name, input]) => [name, typeof input === 'string' ? Buffer.from(input) : input]));
}
