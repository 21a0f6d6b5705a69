/** From a content blob to batches of records: the product's module, real blobs, every boundary. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Unpackr } from 'msgpackr';
import { createGathering } from '../../../plugin/module/gathering.ts';
import { envelopeTexts } from '../../../plugin/module/envelope.ts';
import { createSplitter } from '../../../plugin/module/splitter.ts';
import { seededRandom } from '../../../plugin/simulator/random.ts';
import type { ContentType } from '../../../plugin/types.ts';
import { simulatedEvents } from '../../support/events.ts';
import { goldenCases } from '../../support/golden.ts';
import { strangeEvents } from '../../support/hostile.ts';
import { type Json, NumberText, readJson } from '../../support/json.ts';
import { ENVELOPE, FETCHED_MS, type SplitTest, entriesOf, joined, linesOf, splitBatches, testModule } from '../../support/splitting.ts';

const module = await testModule();
/** The host's time, where an event has none. */
const NOW_MS = Date.UTC(2026, 8, 1, 8, 21, 8);
const MODES = (['raw', 'prepared', 'ecs'] as const).flatMap((format) => (['ndjson', 'msgpack'] as const).map((encoding) => ({ format, encoding })));

const bytesOf = (chunks: readonly (string | Uint8Array)[], options?: SplitTest): Buffer => joined(splitBatches(module, chunks, options));
const rawEvents = (chunks: readonly (string | Uint8Array)[], options?: SplitTest): unknown[] => linesOf(bytesOf(chunks, options)).map((line) => (JSON.parse(line) as { o365audit: unknown }).o365audit);
const documents = (chunks: readonly (string | Uint8Array)[], options?: SplitTest) => linesOf(bytesOf(chunks, options)).map((line) => JSON.parse(line) as { event: { id: string; original?: string }; tags: string[] });

/** Small, but with everything that a boundary can fall into. */
const BLOB = Buffer.from(`\ufeff [ {"Id":"5b0e","CreationTime":"2026-09-01T08:15:30.5","Operation":"Öppna \\ud83d\\udea2 🚢 \\"x\\" \\\\","RecordType":6,"a":[1,-2.50,1e3,true,false,null,[],{}]},
 null,{ "Id" : "5b0f" , "UserId":"ada.quill@brackwater.example","Data":"{\\"etype\\":\\"User\\"}","n":18446744073709551615},{"CreationTime":"2026-09-01T08:15:31","Parameters":[{"Name":"a b","Value":"c"}]}\t]\r\n`);

/** A few hundred events of all kinds, in the form in which they come. */
const goldenTexts = goldenCases().filter(({ name, input }) => !name.startsWith('errors/') && input[0] === 0x7b && !input.includes('"o365audit"')).map(({ input }) => input.toString());
const allTexts = [...goldenTexts, ...simulatedEvents().filter((_, index) => index % 5 === 0).map(({ text }) => text.toString())];
const largeBlob = Buffer.from(`[${allTexts.join(',')}]`);

describe('a blob gives the same bytes', () => {
  for (const mode of MODES) {
    test(`wherever one boundary lies, and byte by byte: ${mode.format} as ${mode.encoding}`, () => {
      const whole = bytesOf([BLOB], mode);
      assert.ok(whole.length > 300);
      for (let at = 0; at <= BLOB.length; at++) assert.deepEqual(bytesOf([BLOB.subarray(0, at), BLOB.subarray(at)], mode), whole, `boundary at ${at}`);
      assert.deepEqual(bytesOf([...BLOB].map((byte) => Uint8Array.of(byte)), mode), whole);
    });

    test(`in chunks of any size: ${mode.format} as ${mode.encoding}`, () => {
      const whole = bytesOf([largeBlob], mode);
      for (const size of [333, 4096, 65_536]) {
        const chunks = Array.from({ length: Math.ceil(largeBlob.length / size) }, (_, index) => largeBlob.subarray(index * size, (index + 1) * size));
        assert.ok(bytesOf(chunks, mode).equals(whole), `chunks of ${size}`);
        assert.ok(bytesOf(chunks, { ...mode, gathering: createGathering(100_000) }).equals(whole), `gathered chunks of ${size}`);
      }
    });

    test(`with batches of any size, each within its limit but for one event alone: ${mode.format} as ${mode.encoding}`, () => {
      const whole = bytesOf([largeBlob], mode);
      for (const batchBytes of [1, 700, 10_000, 1 << 20]) {
        const batches = splitBatches(module, [largeBlob], { ...mode, batchBytes });
        assert.ok(joined(batches).equals(whole), `batches of ${batchBytes}`);
        for (const { bytes, eventCount } of batches) assert.ok(bytes.length <= batchBytes || eventCount === 1, `${bytes.length} bytes, ${eventCount} events`);
        assert.equal(batches.reduce((sum, { eventCount }) => sum + eventCount, 0), allTexts.length);
      }
    });
  }
});

describe('a raw record', () => {
  test('holds the event as it came, character by character, where the event is plain', () => {
    const lines = linesOf(bytesOf([largeBlob]));
    assert.equal(lines.length, allTexts.length);
    for (const [index, text] of allTexts.entries()) {
      const { value } = readJson(lines[index] ?? '');
      assert.deepEqual(texted((value as Map<string, Json>).get('o365audit')), texted(readJson(text).value));
      if (text.length > 100) assert.ok(lines[index]?.includes(text.slice(1, 60)), text);
    }
  });

  test('has the envelope\'s members in their places', () => {
    const [line = ''] = linesOf(bytesOf(['[{"Id":"5b0e"}]']));
    assert.deepEqual(JSON.parse(line), {
      o365audit: { Id: '5b0e' },
      event: { id: '5b0e', created: '2026-09-01T08:21:07.118Z' },
      organization: { id: ENVELOPE.organizationId, name: 'Brackwater Mills' },
      data_stream: { type: 'logs', dataset: 'o365.audit', namespace: 'default' },
      tags: ['forwarded'],
    });
  });

  test('maps to the same document as the event itself does, so that both formats mean the same', () => {
    for (const [index, line] of linesOf(bytesOf([largeBlob])).entries()) {
      const document = JSON.parse(module.map(Buffer.from(line), NOW_MS).toString()) as object;
      assert.deepEqual(document, documents([`[${allTexts[index] ?? ''}]`], { format: 'ecs', nowMs: NOW_MS })[0]);
    }
  });
});

describe('MessagePack', () => {
  for (const format of ['raw', 'ecs'] as const) {
    test(`says the same as JSON: ${format}`, () => {
      const random = seededRandom(7, format);
      const strange = strangeEvents(random);
      const texts = [...allTexts, ...Array.from({ length: 1500 }, () => strange.next())];
      for (const text of texts) {
        const [entry] = entriesOf(bytesOf([`[${text}]`], { format, encoding: 'msgpack' }));
        const [line = ''] = linesOf(bytesOf([`[${text}]`], { format, encoding: 'ndjson' }));
        assert.deepEqual(plain(entry?.record), plain(readJson(line).value), text);
      }
    });
  }

  test('keeps the digits of integers, and writes what no host could hold as a text', () => {
    const exact = ['0', '-1', '127', '128', '255', '256', '65535', '65536', '4294967295', '4294967296', '9007199254740993', '9223372036854775807', '9223372036854775808', '18446744073709551615', '-32', '-33', '-128', '-129',
      '-32768', '-32769', '-2147483648', '-2147483649', '-9007199254740993', '-9223372036854775808'];
    const texts = ['18446744073709551616', '-9223372036854775809', '12345678901234567890123456789', '1e400', '0.1234567890123456789', '1e23'];
    const [entry] = entriesOf(bytesOf([`[{"exact":[${exact.join(',')}],"texts":[${texts.join(',')}]}]`], { encoding: 'msgpack' }));
    const event = entry?.record.o365audit as { exact: (number | bigint)[]; texts: string[] };
    assert.deepEqual(event.exact.map(String), exact);
    for (const [index, text] of event.texts.entries()) assert.equal(typeof text, 'string', texts[index]);
    assert.deepEqual(event.texts.slice(0, 3), texts.slice(0, 3));
    assert.equal(event.texts[4], '0.1234567890123456789');
  });

  test('writes a decimal that a double holds as one', () => {
    const numbers = ['0.5', '-2.25', '1.0', '1e3', '1.5E-3', '123456.789', '0.1', '1e22', '123456789012345e-5'];
    const [entry] = entriesOf(bytesOf([`[{"n":[${numbers.join(',')}]}]`], { encoding: 'msgpack' }));
    assert.deepEqual((entry?.record.o365audit as { n: number[] }).n, numbers.map(Number));
  });

  test('is of a form that every host reads: strings as text, keys as text, no other extension than the time', () => {
    const strict = new Unpackr({ useRecords: false, mapsAsObjects: false, int64AsType: 'bigint' });
    const visit = (value: unknown): void => {
      if (value instanceof Map) {
        for (const [key, member] of value) {
          assert.equal(typeof key, 'string');
          visit(member);
        }
      } else if (Array.isArray(value)) value.forEach(visit);
      else assert.ok(['string', 'number', 'bigint', 'boolean'].includes(typeof value) || value === null, String(value));
    };
    for (const format of ['raw', 'ecs'] as const) {
      for (const [, record] of strict.unpackMultiple(bytesOf([largeBlob], { format, encoding: 'msgpack' })) as [unknown, unknown][]) visit(record);
    }
  });

  test('of a record with any number of own fields is whole', () => {
    for (const count of [0, 1, 9, 10, 11, 12, 13, 14, 30, 300]) {
      const fields = Object.fromEntries(Array.from({ length: count }, (_, index) => [`field${index}`, index]));
      const [entry] = entriesOf(bytesOf(['[{"Id":"5b0e"}]'], { encoding: 'msgpack', envelope: { ...ENVELOPE, fields } }));
      assert.equal(Object.keys(entry?.record ?? {}).length, 5 + count);
      assert.equal(entry?.record[`field${count - 1}`], count === 0 ? undefined : count - 1);
    }
  });

  test('has the event\'s time in front, and the host\'s where there is none', () => {
    const timeOf = (event: object): [number, number] => {
      const times = (['raw', 'ecs'] as const).map((format) => entriesOf(bytesOf([JSON.stringify([event])], { format, encoding: 'msgpack', nowMs: FETCHED_MS }))[0]?.time);
      assert.deepEqual(times[0], times[1]);
      return [times[0]?.seconds ?? -1, times[0]?.nanoseconds ?? -1];
    };
    const seconds = Date.UTC(2026, 8, 1, 8, 15, 30) / 1000;
    assert.deepEqual(timeOf({ CreationTime: '2026-09-01T08:15:30' }), [seconds, 0]);
    assert.deepEqual(timeOf({ CreationTime: '2026-09-01T08:15:30Z' }), [seconds, 0]);
    assert.deepEqual(timeOf({ CreationTime: '2026-09-01T08:15:30.1234567' }), [seconds, 123_456_700]);
    assert.deepEqual(timeOf({ CreationTime: '2026-09-01T10:15:30+02:00' }), [seconds, 0]);
    const now = Math.floor(FETCHED_MS / 1000);
    for (const event of [{}, { CreationTime: 'soon' }, { CreationTime: 7 }, { CreationTime: '' }, { Other: { CreationTime: '2026-09-01T08:15:30' } }]) assert.equal(timeOf(event)[0], now, JSON.stringify(event));
  });

  test('is the host\'s to the millisecond where the event has none, in the entry and in the document', () => {
    for (const format of ['raw', 'ecs'] as const) {
      const [entry] = entriesOf(bytesOf(['[{"Id":"5b0e"}]'], { format, encoding: 'msgpack', nowMs: FETCHED_MS }));
      assert.equal(entry?.time.nanoseconds, FETCHED_MS % 1000 * 1e6);
    }
    const [document] = documents(['[{"Id":"5b0e"}]'], { format: 'ecs', nowMs: FETCHED_MS });
    assert.equal((document as unknown as Record<string, string>)['@timestamp'], new Date(FETCHED_MS).toISOString());
  });

  test('does not turn a time that 32 bits cannot hold into one of another century', () => {
    for (const text of ['1969-12-31T23:59:59', '0001-01-01T00:00:00', '2106-02-07T06:28:16', '9999-12-31T23:59:59']) {
      const [entry] = entriesOf(bytesOf([JSON.stringify([{ CreationTime: text }])], { encoding: 'msgpack' }));
      assert.ok([0, 2 ** 32 - 1, Math.floor(FETCHED_MS / 1000)].includes(entry?.time.seconds ?? -1), `${text} became ${new Date((entry?.time.seconds ?? 0) * 1000).toISOString()}`);
    }
  });
});

describe('texts', () => {
  test('that are broken are repaired the same way in every form: halves of surrogate pairs, control characters, bytes that are no UTF-8', () => {
    const event = Buffer.concat([Buffer.from('[{"Id":"5b0e","CreationTime":"2026-09-01T08:15:30","half":"a\\ud83db","other":"\\udea2","whole":"\\ud83d\\udea2","control":"a\u0001b","bytes":"'), Buffer.from([0xff, 0xc3, 0x28, 0xed, 0xa0, 0x80]), Buffer.from('"}]')]);
    const expected = { half: 'a\ufffdb', other: '\ufffd', whole: '🚢', control: 'a\u0001b' };
    for (const mode of MODES) {
      const bytes = bytesOf([event], mode);
      const record = mode.encoding === 'msgpack' ? entriesOf(bytes)[0]?.record : JSON.parse(linesOf(bytes)[0] ?? '') as Record<string, unknown>;
      const audit = (mode.format === 'raw' ? record?.o365audit : (record?.o365 as { audit: unknown }).audit) as Record<string, string>;
      for (const [name, text] of Object.entries(expected)) assert.equal(audit[name], text, `${name}: ${mode.format} as ${mode.encoding}`);
      assert.match(audit.bytes ?? '', /^\ufffd+\(\ufffd+$/);
      new TextDecoder('utf-8', { fatal: true }).decode(mode.encoding === 'ndjson' ? bytes : Buffer.from(JSON.stringify(record)));
    }
  });
});

describe('event.original', () => {
  const event = '{ "Id" : "5b0e",\n"Sluice":"\\u00d6 \\/ \\ud83d 🚢","n":1.50e2, "a":1,"a":2,"e":[ ] }';

  test('is the event\'s own text, byte by byte, when it was asked for', () => {
    for (const mode of MODES) {
      const bytes = bytesOf([`[${event}]`], { ...mode, preserveOriginalEvent: true });
      const record = mode.encoding === 'msgpack' ? entriesOf(bytes)[0]?.record : JSON.parse(linesOf(bytes)[0] ?? '') as Record<string, unknown>;
      assert.equal((record?.event as { original: string }).original, event, `${mode.format} as ${mode.encoding}`);
    }
  });

  test('is left out when it was not asked for', () => {
    for (const format of ['raw', 'ecs'] as const) assert.equal(documents(['[{"Id":"5b0e","CreationTime":"2026-09-01T08:15:30"}]'], { format })[0]?.event.original, undefined);
  });

  test('of events that are split at any place is whole', () => {
    const blob = Buffer.from(`[${event},${event}]`);
    for (let at = 0; at <= blob.length; at++) {
      for (const { event: { original } } of documents([blob.subarray(0, at), blob.subarray(at)], { preserveOriginalEvent: true })) assert.equal(original, event);
    }
  });
});

describe('the id', () => {
  const idsOf = (event: string, contentType: ContentType): string[] => MODES.map((mode) => {
    const bytes = bytesOf([`[${event}]`], { ...mode, envelope: { ...ENVELOPE, contentType } });
    const record = mode.encoding === 'msgpack' ? entriesOf(bytes)[0]?.record : JSON.parse(linesOf(bytes)[0] ?? '') as Record<string, unknown>;
    return (record?.event as { id: string }).id;
  });
  const idOf = (event: string, contentType: ContentType = 'Audit.General'): string => {
    const [id = '', ...others] = idsOf(event, contentType);
    for (const other of others) assert.equal(other, id, `${event}: the forms differ`);
    return id;
  };

  test('is the event\'s own, wherever it stands among its members, and not that of something inside', () => {
    assert.equal(idOf('{"Id":"5b0e"}'), '5b0e');
    assert.equal(idOf('{"Item":{"Id":"inner"},"Actor":[{"Id":"inner"}],"Id":"5b0e"}'), '5b0e');
    assert.equal(idOf('{"Id":"5b0\\u0065 é"}'), '5b0e é');
    assert.match(idOf('{"Item":{"Id":"inner"}}'), /^[0-9a-f]{32}$/);
  });

  test('has :dlp behind it in the feed of data loss prevention, and only there', () => {
    assert.equal(idOf('{"Id":"5b0e"}', 'DLP.All'), '5b0e:dlp');
    assert.equal(idOf('{"Id":"5b0e"}', 'Audit.Exchange'), '5b0e');
  });

  test('is a hash where a store would refuse the event\'s own, or a log agent leave it out', () => {
    const long = 'x'.repeat(500);
    for (const id of [long, 'é'.repeat(250), '\\u0041'.repeat(500)]) assert.equal(idOf(`{"Id":"${id}"}`), JSON.parse(`"${id}"`));
    assert.equal(idOf(`{"Id":"${long}"}`, 'DLP.All'), `${long}:dlp`);
    const odd = [`${long}x`, `${'é'.repeat(250)}x`, '\\u0041'.repeat(501), 'a\\"b', 'a\\\\b', 'a\\nb', 'a\\u0000b', 'a\u0001b'].map((id) => `{"Id":"${id}"}`);
    for (const event of [...odd, `{"Id":${'7'.repeat(501)}}`]) for (const contentType of ['Audit.General', 'DLP.All'] as const) assert.match(idOf(event, contentType), /^[0-9a-f]{32}$/, event);
    assert.equal(new Set(odd.map((event) => idOf(event))).size, odd.length);
  });

  test('of an event without one is a hash of all its values that does not depend on the order of keys, on blanks, or on how a value is written', () => {
    const same = ['{"a":1,"b":{"c":"x","d":[1,2]},"e":"é"}', '{"e":"\\u00e9","b":{"d":[1,2],"c":"x"},"a":1}', ' { "a" : 1.0 , "b" : { "c" : "x" , "d" : [ 1 , 2 ] } , "e" : "é" } '];
    const id = idOf(same[0] ?? '');
    assert.match(id, /^[0-9a-f]{32}$/);
    for (const event of same) assert.equal(idOf(event), id, event);
    const others = ['{"a":2,"b":{"c":"x","d":[1,2]},"e":"é"}', '{"a":1,"b":{"c":"x","d":[2,1]},"e":"é"}', '{"a":1,"b":{"c":"x"},"d":[1,2],"e":"é"}', '{"a":1,"b":{"c":"é","d":[1,2]},"e":"x"}', '{"b":1,"a":{"c":"x","d":[1,2]},"e":"é"}',
      '{"a":1,"b":{"c":"x","d":[1,2]},"e":"é","f":0}', '{"a":1,"b":{"c":"x","d":[[1],2]},"e":"é"}', '{"a":1,"b":[{"c":"x"},{"d":[1,2]}],"e":"é"}'];
    assert.equal(new Set([id, ...others.map((event) => idOf(event))]).size, others.length + 1);
  });

  test('is one that a text cannot be, whatever the event has in its place', () => {
    for (const event of ['{}', '{"Id":null}', '{"Id":7,"x":1}', '{"Id":["5b0e"],"x":2}', '{"Id":"","x":3}', '{"Id":{"a":1},"x":4}', '{"a_b":[],"a.b":{"c":"x"}}', '{"a":1,"a":2}']) assert.notEqual(idOf(event), '', event);
  });

  test('is different for each of a thousand different events', () => {
    const strange = strangeEvents(seededRandom(3));
    const texts = new Set(Array.from({ length: 1000 }, () => strange.next().replaceAll('"Id":', '"NoId":')));
    const different = new Set([...texts].map((text) => JSON.stringify(plain(readJson(text).value))));
    const ids = new Set(documents([`[${[...different].join(',')}]`]).map(({ event }) => event.id));
    assert.equal(ids.size, different.size);
  });
});

describe('an array', () => {
  test('may be empty, and have blanks and nulls in it', () => {
    for (const blob of ['[]', ' [ ] ', '\r\n[\t]\n', '\ufeff[]', '[null]', '[ null , null ]']) assert.deepEqual(splitBatches(module, [blob]), [], blob);
    assert.deepEqual(rawEvents(['[null,{"a":1},null]\n']), [{ a: 1 }]);
  });

  test('of values that are no events lets each travel alone, and the mapping says what it is', () => {
    const values = ['5', '"x"', 'true', '[1,[2]]', '-1.5', '""', '[]'];
    const blob = `[{"Id":"5b0e"},${values.join(',')},{"Id":"5b0f"}]`;
    assert.deepEqual(rawEvents([blob]), [{ Id: '5b0e' }, ...values.map((value) => JSON.parse(value) as unknown), { Id: '5b0f' }]);
    const kinds = linesOf(bytesOf([blob], { format: 'ecs' })).map((line) => (JSON.parse(line) as { error?: { message: string[] } }).error?.message.at(-1));
    assert.deepEqual(kinds.slice(1, -1), values.map(() => 'o365audit: not an object'));
  });

  test('that is cut off anywhere is told, and what was whole has been yielded', () => {
    const blob = '[{"Id":"5b0e","a":[1]},{"Id":"5b0f","b":"]}"}]';
    for (const mode of MODES) {
      for (let at = 0; at < blob.length; at++) {
        const splitter = createSplitter(module, envelopeTexts(ENVELOPE), { ...mode, preserveOriginalEvent: false, timestamp: true, batchBytes: 1 << 20 }, 'The blob', () => FETCHED_MS);
        const batches = [...splitter.push(Buffer.from(blob.slice(0, at)))];
        assert.throws(() => { for (const batch of splitter.end()) batches.push(batch); }, { code: 'BLOB_TRUNCATED' }, blob.slice(0, at));
        const whole = Number(at >= blob.indexOf('},{') + 1) + Number(at >= blob.length - 1);
        assert.equal(batches.reduce((sum, { eventCount }) => sum + eventCount, 0), whole, `${blob.slice(0, at)}, ${mode.format} as ${mode.encoding}`);
      }
    }
  });

  test('that is no array, or has something wrong in it, is told with the number of the event', () => {
    const wrong: Readonly<Record<string, number>> = { '<html>': 1, '[,]': 1, '[{"a":1},]': 2, '[{"a":1} {"b":2}]': 2, '[{"a":1}]x': 2, '[{"a":1}][]': 2, '[{"a"}]': 1, '[{"a":}]': 1, '[{"a":01}]': 1, '[{"a":1},{"b":1,}]': 2, '[{]}]': 1, '[nul]': 1, '[{a:1}]': 1, '[{"a":1}}': 2, '{"a":1}]': 2 };
    for (const [blob, event] of Object.entries(wrong)) {
      for (const mode of MODES) assert.throws(() => splitBatches(module, [blob], mode), (error: Error & { code?: string }) => error.code === 'BLOB_MALFORMED' && error.message.includes(`from event ${event} on`), `${blob}, ${mode.format} as ${mode.encoding}`);
    }
  });

  test('is nothing when it has not begun', () => {
    for (const blob of ['', ' ', '\ufeff']) assert.throws(() => splitBatches(module, [blob]), { code: 'BLOB_TRUNCATED' });
  });
});

describe('rows of events without an array', () => {
  test('are taken one after the other, with or without commas and blank lines', () => {
    for (const text of ['{"a":1}\n{"b":2}\n', '{"a":1}\r\n\r\n{"b":2}', '{"a":1},\n{"b":2},\n', '{"a":1}{"b":2}', '\ufeff{"a":1}\n{"b":2}']) assert.deepEqual(rawEvents([text]), [{ a: 1 }, { b: 2 }], text);
  });

  test('are cut off when the last one is', () => {
    assert.throws(() => splitBatches(module, ['{"a":1}\n{"b":']), { code: 'BLOB_TRUNCATED' });
  });

  test('that were said to be lines let a bad line travel as its text, and the others go on', () => {
    const text = '{"Id":"5b0e"}\nnot json\n{"Id":"5b0f","a":\n\n7\n  {"Id":"5b10"}  \n{"Id":"5b11"';
    for (const size of [text.length, 1, 7]) {
      const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, index) => text.slice(index * size, (index + 1) * size));
      assert.deepEqual(rawEvents(chunks, { lines: true }), [{ Id: '5b0e' }, 'not json', '{"Id":"5b0f","a":', 7, { Id: '5b10' }, '{"Id":"5b11"'], `chunks of ${size}`);
    }
    assert.deepEqual(splitBatches(module, ['\n\n'], { lines: true }), []);
    assert.throws(() => splitBatches(module, ['[{"a":1},\n{"b":2}'], { lines: true }), { code: 'BLOB_TRUNCATED' });
  });
});

describe('an event nested deeper than the mapping follows', () => {
  const nested = (levels: number): string => `{"Id":"5b0f","Sluice":${'['.repeat(levels - 1)}"]\\"{"${']'.repeat(levels - 1)}}`;
  const around = (text: string): string => `[{"Id":"5b0e"}, ${text} ,{"Id":"5b10"}]`;

  test('travels as its text, and the mapping says what is wrong; those around it travel as always', () => {
    const [deep, blob] = [nested(4_097), around(nested(4_097))];
    assert.deepEqual(rawEvents([around(nested(4_096))]).map((event) => typeof event), ['object', 'object', 'object']);
    for (const size of [blob.length, 3_000, 700]) {
      const chunks = Array.from({ length: Math.ceil(blob.length / size) }, (_, index) => blob.slice(index * size, (index + 1) * size));
      assert.deepEqual(rawEvents(chunks), [{ Id: '5b0e' }, deep, { Id: '5b10' }]);
      for (const mode of MODES) assert.equal(splitBatches(module, chunks, mode).reduce((sum, { eventCount }) => sum + eventCount, 0), 3);
      const [, document] = documents(chunks, { format: 'ecs' }) as unknown as readonly { readonly error?: { readonly message: unknown }; readonly event: { readonly original?: string } }[];
      assert.ok(document?.error?.message !== undefined, JSON.stringify(document).slice(0, 500));
      assert.equal(document.event.original, deep);
    }
    assert.deepEqual(rawEvents([`${deep}{"Id":"5b10"}`]), [deep, { Id: '5b10' }]);
  });

  test('is no excuse for what is no JSON, or is cut off, or stands where no event can', () => {
    const deep = nested(5_000);
    assert.throws(() => rawEvents([around(deep.replace('"]', '"x":]'))]), { code: 'BLOB_MALFORMED' });
    assert.throws(() => rawEvents([around(deep.slice(0, -1).replace('"Sluice"', 'Sluice'))]), { code: 'BLOB_MALFORMED' });
    assert.throws(() => rawEvents([around(deep).slice(0, 5_000)]), { code: 'BLOB_TRUNCATED' });
    assert.throws(() => rawEvents([around(`{"Id":"5b11"} ${deep}`)]), { code: 'BLOB_MALFORMED' });
    assert.throws(() => rawEvents([`[] ${deep}`]), { code: 'BLOB_MALFORMED' });
  });
});

test('an event that is larger than a batch is a batch of its own, and those around it are not delayed', () => {
  const large = 'x'.repeat(20 << 20);
  const blob = Buffer.from(`[{"Id":"5b0e"},{"Id":"5b0f","Sluice":"${large}"},{"Id":"5b10"}]`);
  const chunks = Array.from({ length: Math.ceil(blob.length / 65_536) }, (_, index) => blob.subarray(index * 65_536, (index + 1) * 65_536));
  for (const mode of [{ format: 'raw', encoding: 'msgpack' }, { format: 'ecs', encoding: 'ndjson' }] as const) {
    const batches = splitBatches(module, chunks, { ...mode, batchBytes: 1 << 20 });
    assert.deepEqual(batches.map(({ eventCount, bytes }) => [eventCount, bytes.length > large.length]), [[1, false], [1, true], [1, false]]);
    assert.ok(Buffer.from(batches[1]?.bytes ?? []).includes(large));
  }
});

describe('chunks that wait for the next one', () => {
  const open = (gathering: ReturnType<typeof createGathering>, batchBytes = 1 << 20) => createSplitter(module, envelopeTexts(ENVELOPE), { format: 'raw', encoding: 'ndjson', preserveOriginalEvent: false, timestamp: true, batchBytes, gathering }, 'The blob', () => FETCHED_MS);
  const count = (batches: Iterable<{ eventCount: number }>): number => [...batches].reduce((sum, { eventCount }) => sum + eventCount, 0);

  test('become one batch, or come at once when somebody asks', () => {
    const splitter = open(createGathering(10_000));
    assert.equal(count(splitter.push(Buffer.from('[{"a":1},{"b"'))), 0);
    assert.equal(splitter.waitingBytes, 13);
    assert.equal(count(splitter.flush()), 1);
    assert.equal(splitter.waitingBytes, 4);
    assert.equal(count(splitter.push(Buffer.from(':2}]'))), 0);
    assert.equal(count(splitter.end()), 1);
    assert.equal(splitter.eventCount, 2);
    assert.equal(splitter.waitingBytes, 0);
  });

  test('do so within the limit of all splitters, which a closed one gives back', () => {
    const gathering = createGathering(20);
    const [first, second] = [open(gathering), open(gathering)];
    assert.equal(count(first.push(Buffer.from('[{"a":1},{"a":2},'))), 0);
    assert.equal(count(second.push(Buffer.from('[{"a":1},'))), 1, 'the limit is reached');
    first.close();
    assert.equal(count(second.push(Buffer.from('{"b":2},'))), 0, 'there is room again');
    assert.equal(count(second.push(Buffer.from('{"c":3}]'))), 0);
    assert.equal(count(second.end()), 2);
  });
});

/** A value with its numbers by their digits: those that no host could hold are texts of them. */
function texted(value: Json | undefined): unknown {
  if (value instanceof NumberText) return value.text;
  if (Array.isArray(value)) return value.map(texted);
  if (value instanceof Map) return Object.fromEntries([...value].map(([key, member]) => [key, texted(member)]));
  // half a surrogate pair is no character
  return typeof value === 'string' ? Buffer.from(value).toString() : value;
}

/** A value of either reader with numbers as their value: digits only count as far as a double has them. */
function plain(value: unknown): unknown {
  if (value instanceof NumberText) return Number(value.text) + 0;
  if (typeof value === 'bigint' || typeof value === 'number') return Number(value) + 0;
  if (Array.isArray(value)) return value.map(plain);
  const entries = value instanceof Map ? [...(value as Map<string, unknown>)] : typeof value === 'object' && value !== null ? Object.entries(value) : undefined;
  return entries === undefined ? value : Object.fromEntries(entries.map(([key, member]) => [key, plain(member)]));
}
