/**
 * The mapper cannot fail: any bytes in, one JSON object out, from both functions of the module. What is tried here is the same on every run; a failure
 * prints the input, which fails alone, too.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { seededRandom } from '../../plugin/simulator/random.ts';
import { createFieldCheck } from '../support/fields.ts';
import { GOLDEN_SECONDS, compareGolden, goldenCases } from '../support/golden.ts';
import { mutated, strangeEvents } from '../support/hostile.ts';
import { readJson } from '../support/json.ts';
import { openModule } from '../support/module.ts';
import { missingValues } from '../support/whole.ts';

const SEED = 20260901;
const MUTATIONS = 6000;
const STRANGE_EVENTS = 6000;
/** At most so many times the largest input, and as much as an instance has before, is the module's memory. */
const MEMORY_FACTOR = 12;

const cases = goldenCases();
const inputs = cases.map(({ input }) => input);
const check = createFieldCheck();

/** What is wrong with the documents of an input, whatever it is. */
function faults(module: ReturnType<typeof openModule>, input: Uint8Array): string[] {
  const found: string[] = [];
  for (const [name, map] of [['o365_to_ecs', module.map], ['mapRecord', module.mapRecord]] as const) {
    try {
      const document = map(input);
      const { value, duplicates } = readJson(document);
      if (!(value instanceof Map)) found.push(`${name}: no object`);
      if (/[\r\n]/.test(document)) found.push(`${name}: more than one line`);
      found.push(...duplicates.map((path) => `${name}: ${path} stands twice`));
    } catch (error) {
      found.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}

/** An input for a message: what repeats itself once, and not more than a few lines. */
function shown(input: Buffer): string {
  return JSON.stringify(input.toString('latin1').replace(/(.{1,6}?)\1{20,}/g, '$1…')).slice(0, 600);
}

/** Maps every input and fails with all that went wrong; a module that trapped is not used again. */
function assertUnharmed(count: number, next: () => Buffer, more: (input: Buffer, document: string) => readonly string[] = () => []): void {
  let module = openModule();
  const wrong: string[] = [];
  for (let index = 0; index < count; index++) {
    const input = next();
    let found = faults(module, input);
    if (found.length === 0) found = [...more(input, module.mapRecord(input))];
    else module = openModule();
    if (found.length > 0) wrong.push(`${found.slice(0, 3).join('; ').slice(0, 300)} of ${shown(input)}`);
  }
  assert.equal(wrong.length, 0, `${wrong.length} of ${count}:\n${wrong.toSorted((a, b) => a.length - b.length).slice(0, 12).join('\n')}`);
}

test('good records whose bytes were cut, flipped, joined, repeated or nested become one JSON object each, without a key twice', () => {
  const random = seededRandom(SEED, 'mutations');
  assertUnharmed(MUTATIONS, () => mutated(inputs, random));
});

test('events with any shape at any place become documents with listed fields only, and lose nothing', () => {
  const events = strangeEvents(seededRandom(SEED, 'strange'));
  assertUnharmed(STRANGE_EVENTS, () => Buffer.from(events.next()), (input, document) => [...check(JSON.parse(document) as object), ...missingValues(input.toString(), document)]);
});

describe('a document, and not a trap, comes of', () => {
  const bare = (member: string): string => `{"Id":"a","CreationTime":"2026-09-01T08:15:30",${member}}`;
  const wrapped = (member: string): string => `{"o365audit":{"Id":"a","CreationTime":"2026-09-01T08:15:30"},${member}}`;
  const nested = (depth: number, open: string, close: string): string => `${open.repeat(depth)}1${close.repeat(depth)}`;
  const inputsOf: Readonly<Record<string, readonly (string | Buffer)[]>> = {
    'nothing, blanks, and what is no JSON': ['', ' ', '\n', '\0', 'x', '{', '}', '[', ']', '"', ',', ':', '\\', '-', 'nul', '{}x', '{},', '\ufeff{}', '{"', '{"a', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{a:1}', '{"a":01}'],
    'a value that is no object': ['null', 'true', '0', '-1.5e3', '""', '"x"', '[]', '[{}]', '[[[]]]', '{}', ' {} '],
    'bytes that are no UTF-8, in keys and in values': [[0x80], [0xff], [0xc0, 0xaf], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0xf0, 0x9f, 0x9a]].flatMap((bytes) => [
      Buffer.concat([Buffer.from('{"Sluice":"'), Buffer.from(bytes), Buffer.from('"}')]), Buffer.concat([Buffer.from('{"'), Buffer.from(bytes), Buffer.from('":"x"}')]),
      Buffer.concat([Buffer.from('{"o365audit":{"UserId":"'), Buffer.from(bytes), Buffer.from('"},"x":"'), Buffer.from(bytes), Buffer.from('"}')]), Buffer.from(bytes)]),
    'halves of surrogate pairs and escapes that end early': ['\\ud83d', '\\udea2', '\\udea2\\ud83d', '\\ud83d\\ud83d\\udea2', '\\u', '\\u12', '\\x', '\\'].flatMap((text) => [bare(`"UserId":"${text}"`), bare(`"${text}":"x"`), bare(`"ObjectId":"http://${text}"`)]),
    'zero bytes and control characters': [bare('"Sluice":"a\0b"'), bare('"a\0b":"x"'), bare('"Sluice":"\\u0000"'), bare('"UserId":"\\u0000@\\u0000"'), '\0{"a":1}', '{"a":1}\0', bare('"Subject":"a\nb\tc"')],
    'numbers of any size': ['1e400', '-1e400', '1e-400', '1e99999999999', '9'.repeat(5000), `0.${'3'.repeat(5000)}`, `${'9'.repeat(5000)}e-5000`, '-0', '-0.0', '1E+2'].flatMap((number) => [
      bare(`"Sluice":${number}`), bare(`"ItemCount":${number}`), bare(`"RecordType":${number}`), bare(`"Platform":${number}`), bare(`"FileSize":${number}`), bare(`"CreationTime":${number}`), bare(`"Severity":${number}`),
      bare(`"ItemCount":"${number}"`), bare(`"RecordType":"${number}"`)]),
    'a record type without name': [-1, -5, 1_156_492, 2 ** 31, 2 ** 32 + 1, 2 ** 53].flatMap((number) => [bare(`"RecordType":${number}`), bare(`"RecordType":"${number}"`), bare(`"RecordType":${number}.0`)]),
    'keys that stand twice, also by what they are made to': [bare('"a":1,"a":2,"a":3'), bare('"a.b":1,"a_b":2,"a\\u002eb":3,"a\\tb":4'), bare('"Item":{"a":1,"a":{"a":1,"a":2}}'), bare('"Id":"b","Id":"c"'), '{"o365audit":{"a":1},"o365audit":{"a":2}}',
      wrapped('"x":1,"x":2'), wrapped('"event":{"id":"x"},"event":{"id":"y"}'), wrapped('"labels":{"a":1,"a":2}'), bare('"AdditionalInfo":"{\\"a\\":1,\\"a\\":2}"')],
    'names that the mapping makes, when the event has them, too': ['"Sluice":{"a":1},"Sluice_object":"x"', '"Sluice_object":"x","Sluice":{"a":1}', '"StartTime":"soon","StartTime_raw":"x"', '"StartTime_raw":"x","StartTime":"soon"', '"Sender":{"a":"1"},"SenderEntity":{"b":"2"}',
      '"SenderEntity":{"b":"2"},"Sender":{"a":"1"}', '"Message":{"a":"1"},"MessageObject":{"b":"2"}', '"ModifiedProperties":["x"],"ModifiedPropertyNames":["y"]', '"ModifiedPropertyNames":["y"],"ModifiedProperties":["x"]', '"Item":{"ParentFolder":"x","ParentFolder_raw":"y"}',
      '"Parameters":[{"Name":"_raw","Value":"v"},"stray"]', '"RecordType":50,"Folders":[{"Id":"1"}],"ExchangeAggregatedFolders":[{"Id":"2"}]', '"Data":"{\\"sip\\":\\"x\\",\\"sip_raw\\":\\"y\\"}"', '"Parameters":"-Identity \\"abc\\"","NetworkMessageId":""'].map(bare),
    'records whose other members are broken': ['"x":{"y', '"x":{"y"}', '"x":"y', '"x":tru', '"x":[1,', '"x":{"y":1}}', '"event":{"id":', '"tags":["a"', '"labels":{"a":"b"'].map((member) => wrapped(member).slice(0, -1)),
    'records whose members have other shapes': ['"event":7', '"event":[]', '"event":{"id":{"a":1},"created":[],"original":{}}', '"organization":"x"', '"organization":{"id":[],"name":{}}', '"data_stream":["logs"]', '"data_stream":{"namespace":{"a":1}}', '"tags":"x"', '"tags":{"a":1}', '"tags":[{"a":1},[["x"]],null,7]',
      '"o365audit_options":7', '"o365audit_options":{"alerts":{},"dlp_detections":[1],"user_roles":"true"}', '"host":"x"', '"o365":{"audit":7}', '"@timestamp":7', '"error":{"message":"x"}'].map(wrapped).concat('{"o365audit":7}', '{"o365audit":null}', '{"o365audit":[{}]}', '{"o365audit":"{}"}', '{"o365audit":{"o365audit":{}}}'),
    'deep nesting': [14, 15, 16, 17, 100, 4094, 4095, 4096, 4097, 4100, 4112, 20_000].flatMap((depth) => ([['[', ']'], ['{"k":', '}']] as const).flatMap(([open, close]) => ['Sluice', 'Item', 'Members', 'ItemCount', 'Parameters', 'Data', 'Id'].flatMap((name) => [
      bare(`"${name}":${nested(depth, open, close)},"b":[1,[2]],"c":{"d":"x"},"c":{"d":"y"}`), `{"o365audit":{"${name}":${nested(depth, open, close)},"b":1,"b":2}}`, open.repeat(depth)]))),
    'deep nesting inside of texts': [20, 4096, 5000].flatMap((depth) => ['Data', 'AdditionalInfo', 'Actions', 'OperationProperties', 'ExceptionInfo'].map((name) => bare(`"${name}":${JSON.stringify(nested(depth, '{"k":[', ']}'))}`))),
    'texts inside of texts inside of texts': [2, 6, 12].map((levels) => bare(`"Data":${Array.from({ length: levels }).reduce<string>((text) => JSON.stringify(`{"Data":${text}}`), '"{}"')}`)),
    'very many keys, elements and pairs': [bare(Array.from({ length: 20_000 }, (_, index) => `"key${index}":${index}`).join(',')), bare(`"Sluice":[${'1,'.repeat(50_000)}1]`),
      bare(`"Parameters":[${Array.from({ length: 3000 }, (_, index) => `{"Name":"name${index % 100}","Value":"${index}"}`).join(',')}]`), bare(`"Sluice":[${'["a",{"b":[1]}],'.repeat(3000)}1]`)],
    'long texts': [bare(`"UserId":"${'a@'.repeat(50_000)}"`), bare(`"${'k'.repeat(100_000)}":"x"`), bare(`"${'.'.repeat(100_000)}":"x"`), bare(`"ObjectId":"https://${'a/'.repeat(100_000)}"`), bare(`"ClientIP":"${'['.repeat(100_000)}"`), bare(`"ClientIP":"${'1.2.3.4,'.repeat(20_000)}"`),
      bare(`"Item":{"Attachments":"${'a (1b); '.repeat(20_000)}"}`), bare(`"Recipients":[${'"a@b.example",'.repeat(20_000)}"x"]`), bare(`"Sluice":"${'\\u0000'.repeat(50_000)}"`)],
  };
  for (const [title, texts] of Object.entries(inputsOf)) {
    test(title, () => {
      const list = texts.map((text) => Buffer.from(text as string));
      let at = 0;
      assertUnharmed(list.length, () => list[at++] ?? Buffer.alloc(0));
    });
  }
});

test('what cannot be mapped says so and keeps its text', () => {
  const module = openModule();
  for (const text of ['', 'x', '{"Id":"a"', '[{"Id":"a"}]', '{"o365audit":7}', '{"Id":"a"} {}']) {
    const { event, error, tags } = JSON.parse(module.map(Buffer.from(text))) as { event: { kind: string; original?: string }; error: { message: string[] }; tags: string[] };
    assert.equal(event.kind, 'pipeline_error');
    assert.match(error.message[0] ?? '', /^(record: not JSON|record: not an object|o365audit: not an object)$/);
    assert.deepEqual(tags, ['forwarded', 'preserve_original_event']);
    if (text !== '' && !text.includes('o365audit')) assert.equal(event.original, text);
  }
});

test('events without id and without any value have ids of their own, the same each time', () => {
  const module = openModule();
  const texts = ['{}', '{"Sluice":{}}', '{"Sluice":[]}', '{"Sluice":[{},{}]}', '{"Sluice":[{}]}', '{"Gate":{}}', '{"Sluice":{"Gate":{}}}'];
  const idsOf = (variants: readonly string[]): string[] => variants.map((text) => (JSON.parse(module.mapRecord(Buffer.from(text))) as { event: { id: string } }).event.id);
  assert.equal(new Set(idsOf(texts)).size, texts.length);
  assert.deepEqual(idsOf(texts), idsOf(texts.map((text) => text.replaceAll('{', '{ ').replaceAll('[', '[\n'))));
});

test('no record shows anything of the one before it, whatever stands in the place of its event', () => {
  const module = openModule();
  const mark = 'weir-keeper';
  const person = `${mark}@brackwater.example`;
  const data = { f3u: person, suid: person, tsd: person, trc: person, ms: mark, aii: mark, sip: '203.0.113.77', Entities: [{ Upn: person, SenderIP: '203.0.113.78', Recipient: person, Subject: mark, OriginalDeliveryLocation: mark }] };
  const event = {
    Id: mark, CreationTime: '2026-09-01T08:15:30', Operation: mark, Workload: mark, UserId: person, OrganizationId: mark, OrganizationName: mark, ClientIP: '203.0.113.79', ActorIpAddress: '203.0.113.80, 203.0.113.81', SenderIp: '203.0.113.82',
    OriginatingServer: `${mark} (203.0.113.83)`, DeviceName: mark, UserAgent: mark, Subject: mark, Recipients: [person], Members: [{ UPN: person }], Name: mark, EntityType: 'User', AlertEntityId: person, MailboxOwnerUPN: person, Data: JSON.stringify(data),
    Item: { Attachments: `${mark}.txt (3b)` }, Parameters: `-Identity "${mark}"`, ExtendedProperties: [{ Name: 'additionalDetails', Value: `{"DeviceId":"${mark}"}` }], ModifiedProperties: [{ Name: mark, NewValue: mark }],
  };
  const record = JSON.stringify({ o365audit: event, event: { id: mark, original: mark }, organization: { id: mark, name: mark }, tags: [mark], labels: { kept: mark } });
  const later = ['{"o365audit":"x"}', '{"o365audit":7,"event":{"id":"1"}}', '{"o365audit":null}', '{"o365audit":[{}]}', '{"o365audit":{}}', '{"o365audit":{"RecordType":25}}', '{}', '{"RecordType":40}', '{"RecordType":64,"Data":"x"}', '{"RecordType":64,"Data":"[]"}', '', 'x', '[]', '{"a', '{} {}'];
  for (const recordType of [1, 2, 8, 11, 14, 22, 25, 40, 47, 50, 64]) {
    for (const text of later) {
      for (const map of [module.map, module.mapRecord]) {
        const before = map(Buffer.from(record.replace('{"Id"', `{"RecordType":${recordType},"Id"`)));
        assert.ok(before.includes(mark) && before.includes('203.0.113.78'), before);
        const document = map(Buffer.from(text));
        assert.doesNotMatch(document, /weir-keeper|203\.0\.113/, `${text} behind type ${recordType}`);
      }
    }
  }
});

test('a hostile record harms no later one', () => {
  const module = openModule();
  const random = seededRandom(SEED, 'later');
  const events = strangeEvents(random);
  for (const { name, input, expected } of cases) {
    try {
      module.map(mutated(inputs, random));
      module.mapRecord(Buffer.from(events.next()));
    } catch (error) {
      assert.fail(`${name}: ${String(error)}`);
    }
    compareGolden(JSON.parse(module.map(input)) as object, expected);
  }
});

test('what the memory cannot hold is refused: near 4 GB no size wraps around', () => {
  const { exports } = openModule();
  for (const size of [0xffff_ffff, 0xffff_fff0, 0xffff_ffe0, 0xffff_f000]) assert.equal(exports.malloc(size), 0);
  assert.notEqual(exports.malloc(16), 0);
});

test('the codec says that it has no memory for its output, and writes nothing', () => {
  const { exports } = openModule();
  const blob = Buffer.from('[{"Id":"a"}]');
  const start = exports.malloc(blob.length);
  Buffer.from(exports.memory.buffer).set(blob, start);
  const settings = (): Uint32Array => new Uint32Array(exports.memory.buffer, exports.splitSettings(), 24);
  const [INPUT, INPUT_LENGTH, OUTPUT_LIMIT, OUTPUT_LENGTH, CONSUMED, STATUS, EXHAUSTED] = [0, 1, 4, 17, 19, 20, 3];
  settings()[INPUT] = start;
  settings()[INPUT_LENGTH] = blob.length;
  settings()[OUTPUT_LIMIT] = 0xffff_ff00;
  exports.split();
  assert.deepEqual([STATUS, OUTPUT_LENGTH, CONSUMED].map((index) => settings()[index]), [EXHAUSTED, 0, 0]);
});

test('the time of the host may be any', () => {
  const module = openModule();
  for (const seconds of [0, 1, GOLDEN_SECONDS, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1]) {
    const document = JSON.parse(module.mapRecord(Buffer.from('{"Id":"a"}'), seconds, 999_999_999)) as Record<string, string>;
    assert.equal(document['@timestamp']?.slice(0, 19), new Date(seconds * 1000).toISOString().slice(0, 19));
  }
});

test('memory stays within a factor of the largest record, however many there are', () => {
  const module = openModule();
  const before = module.memoryBytes();
  const large = Buffer.from(`{"Id":"a","CreationTime":"2026-09-01T08:15:30","Data":${JSON.stringify(JSON.stringify({ a: 'x"\u0007'.repeat(80_000) }))},"Sluice":"${'\\u0001'.repeat(50_000)}"}`);
  for (let round = 0; round < 20; round++) {
    for (const input of [large, ...inputs.slice(round, round + 20)]) module.map(input);
  }
  const after = module.memoryBytes();
  assert.ok(after <= before + MEMORY_FACTOR * large.length, `${after} bytes for ${large.length}`);
  for (let round = 0; round < 20; round++) module.mapRecord(large);
  assert.equal(module.memoryBytes(), after);
});
