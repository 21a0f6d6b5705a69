/**
 * A prepared record is the document itself under a mark, which the filter takes off: of golden pairs, of the simulator's and of real events, and of those of the fuzz run it is the
 * document of the event as it came. A record that an agent has changed on the way still becomes one.
 */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { baseEvents } from '../fuzz/base-events.ts';
import { createInputs } from '../fuzz/inputs.ts';
import { realEvents, simulatedEvents, type NamedEvent } from '../support/events.ts';
import { goldenCases } from '../support/golden.ts';
import { readJson } from '../support/json.ts';
import { openModule } from '../support/module.ts';
import { ENVELOPE, entriesOf, joined, linesOf, splitBatches, testModule, type SplitTest } from '../support/splitting.ts';
import { runWamr, wamrIsMissing } from '../support/wamr.ts';

const collector = await testModule();
const agent = openModule();
const SEED = 20260902;
const INPUTS = 12_000;
const ESCAPED_KEY = /\\[^"]*"\s*:/;
const MARK = /^\{"o365audit_document":"(\d{8})",/;

type Document = Readonly<Record<string, unknown>> & { readonly event: Readonly<Record<string, unknown>>; readonly error?: unknown };

const recordOf = (event: string | Buffer, format: 'raw' | 'prepared' | 'ecs', options: SplitTest = {}): string => linesOf(joined(splitBatches(collector, ['[', event, ']'], { format, timestamp: false, ...options })))[0] ?? assert.fail('no record');
const mapped = (record: string): string => agent.map(Buffer.from(record));
const documentOf = (record: string): Document => JSON.parse(mapped(record)) as Document;
const withoutMark = (record: string): string => record.replace(MARK, '{');

/** Throws when the prepared event gives another document than the event as it came. */
function comparePrepared({ name, text }: NamedEvent): void {
  const prepared = recordOf(text, 'prepared');
  assert.equal(Number(MARK.exec(prepared)?.[1]), Buffer.byteLength(prepared), name);
  assert.equal(withoutMark(prepared), recordOf(text, 'ecs'), name);
  assert.equal(mapped(prepared), withoutMark(prepared), name);
  // in a raw record the collector does not look for the id behind escapes
  if (ESCAPED_KEY.test(text.toString())) return;
  // of an event that cannot be mapped whole the collector keeps the very bytes, a filter what the agent made of them
  const [{ event: { original, ...event }, ...rest }, { event: { original: printed, ...rawEvent }, ...rawRest }] = [documentOf(prepared), documentOf(recordOf(text, 'raw'))];
  assert.deepEqual([rest, event, typeof original], [rawRest, rawEvent, typeof printed], name);
  if (original !== undefined) assert.equal(original, text.toString().trim(), name);
}

/** An event of the text, or of the record that it is, when it is one JSON object. */
function eventIn(text: Buffer): string | undefined {
  try {
    const event = JSON.parse(text.toString()) as Record<string, unknown> | null;
    if (typeof event !== 'object' || event === null || Array.isArray(event) || readJson(text.toString()).duplicates.length > 0) return undefined;
    const inside = event.o365audit;
    if (inside === undefined) return text.toString();
    return typeof inside === 'object' && inside !== null && !Array.isArray(inside) ? JSON.stringify(inside) : undefined;
  } catch {
    return undefined;
  }
}

describe('a prepared event gives the document of the event as it came', () => {
  test('of the golden pairs', () => {
    const events = goldenCases().flatMap(({ name, input }) => {
      const event = eventIn(input);
      return event === undefined ? [] : [{ name, text: Buffer.from(event) }];
    });
    assert.ok(events.length > 700);
    events.forEach(comparePrepared);
  });

  test('of the simulator, as many of each record type', () => simulatedEvents().forEach(comparePrepared));

  const real = realEvents();
  if (real.length > 0) test('of real tenants', () => real.forEach(comparePrepared));

  test(`of ${INPUTS} inputs of the fuzz run`, () => {
    const inputs = createInputs(baseEvents(), SEED);
    let compared = 0;
    for (let number = 0; number < INPUTS; number++) {
      const event = eventIn(inputs.next().bytes);
      if (event === undefined) continue;
      comparePrepared({ name: event.slice(0, 500), text: Buffer.from(event) });
      compared++;
    }
    assert.ok(compared > INPUTS / 4, `${compared}`);
  });

  test('under WAMR, byte for byte as in V8', { skip: wamrIsMissing() }, async () => {
    const records = simulatedEvents().map(({ text }) => recordOf(text, 'prepared'));
    const { answers } = await runWamr(records.map((record) => Buffer.from(record)));
    assert.equal(answers.length, records.length);
    assert.deepEqual(answers.flatMap(({ outcome, bytes }, call) => (outcome === 'document' && bytes.toString() === withoutMark(records[call] ?? '') ? [] : [`${outcome}: ${bytes.toString()}`])), []);
  });

  test('with what the records ask of the mapping', () => {
    const event = JSON.stringify({ Id: '1', CreationTime: '2026-09-01T08:15:30', RecordType: 8, UserType: 0 });
    const envelope = { ...ENVELOPE, mappingSwitches: ['user_roles' as const] };
    const prepared = recordOf(event, 'prepared', { envelope });
    assert.deepEqual((documentOf(prepared).user as { roles: unknown }).roles, ['Regular']);
    assert.equal(mapped(prepared), mapped(recordOf(event, 'raw', { envelope })));
  });

  test('in MessagePack with the event\'s time, and without a time of its own on any output', () => {
    const [entry] = entriesOf(joined(splitBatches(collector, [`[${EVENT}]`], { format: 'prepared', encoding: 'msgpack', timestamp: true })));
    assert.deepEqual(entry?.record, JSON.parse(RECORD));
    assert.equal(entry?.time.seconds, Date.UTC(2026, 8, 1, 8, 15, 30) / 1000);
    assert.equal(recordOf(EVENT, 'prepared', { timestamp: true }), RECORD);
  });
});

const EVENT = JSON.stringify({
  Id: '4c1d', CreationTime: '2026-09-01T08:15:30', RecordType: 8, Operation: 'Add member to role.', UserId: 'ada.quill@brackwater.example', UserType: 0, ResultStatus: 'Success', ClientIP: '198.51.100.7:443',
  ModifiedProperties: [{ Name: 'Role.DisplayName', NewValue: 'Öresund\nAdmins', OldValue: '' }], Target: [{ ID: 'ben@brackwater.example', Type: 5 }],
});
const RECORD = recordOf(EVENT, 'prepared');
const DOCUMENT = documentOf(RECORD);
const added = (members: string): string => RECORD.replace(/\}$/, `,${members}}`);

describe('a prepared record that an agent has changed', () => {
  const same: Readonly<Record<string, string>> = {
    'with escapes for what is not ASCII': RECORD.replace('Ö', '\\u00d6'),
    'without its mark, as of --format ecs': withoutMark(RECORD),
    'with blanks': RECORD.replaceAll(',"', ' ,\t"').replace('{', '{ '),
    'with its members in another order': `{${[/^\{("o365audit_document":"\d+")/.exec(RECORD)?.[1] ?? '', ...Object.entries(DOCUMENT).reverse().map(([key, value]) => `"${key}":${JSON.stringify(value)}`)].join(',')}}`,
    'with a name of the mapping that is no object': added('"host":"collector-7","user":[1]'),
    'with a name of the mapping once more': added('"event":{"id":"another"},"tags":["another"]'),
    'with a time of the agent\'s': added('"@timestamp":"2030-01-01T00:00:00Z"'),
    'with members of a raw record': added('"o365audit":{"Id":"another"},"o365audit_options":{"user_roles":true},"event.original":"x"'),
    'with empty things': added('"nothing":null,"empty":{"text":""}'),
  };
  for (const [what, text] of Object.entries(same)) {
    test(`${what} gives the same document`, () => {
      assert.notEqual(text, RECORD);
      assert.deepEqual(documentOf(text), DOCUMENT);
    });
  }

  test('keeps what was added, as any record does', () => {
    assert.deepEqual(documentOf(added('"labels":{"site":7},"cluster":{"name":"north","spare":null}')), { ...DOCUMENT, labels: { site: '7' }, cluster: { name: 'north' } });
  });

  test('of an error, which has no event in it, stays what it is without its mark, too', () => {
    const record = recordOf('{"Id":"4c1d","Operation":7}', 'prepared');
    const error = recordOf('7', 'prepared');
    for (const text of [record, error]) {
      for (const changed of [withoutMark(text), text.replace('{', '{ ')]) assert.deepEqual(documentOf(changed), JSON.parse(withoutMark(text)), changed);
    }
  });

  test('keeps what was added under a name that a cluster would refuse', () => {
    for (const [name, made] of [['', '_'], [' ', '_'], ['a.b', 'a_b'], ['\\u0000', '_'], ['"'.replace('"', '\\"'), '_']] as const) {
      assert.deepEqual(documentOf(added(`"${name}":7`)), { ...DOCUMENT, [made]: 7 });
      assert.deepEqual(documentOf(withoutMark(RECORD).replace('{', `{"${name}":7,`)), { ...DOCUMENT, [made]: 7 });
    }
  });

  test('has the time of its event where the collector maps it', () => {
    assert.deepEqual(JSON.parse(agent.mapRecord(Buffer.from(RECORD))), { '@timestamp': '2026-09-01T08:15:30.000Z', ...DOCUMENT });
    assert.deepEqual(JSON.parse(agent.mapRecord(Buffer.from(RECORD.replaceAll('CreationTime', 'CreatedTime')), 1, 0)), { '@timestamp': '1970-01-01T00:00:01.000Z', ...JSON.parse(mapped(RECORD).replaceAll('CreationTime', 'CreatedTime')) as object });
  });

  test('is an error, and never anything but JSON, wherever it is cut', () => {
    const bytes = Buffer.from(RECORD);
    for (let length = 0; length < bytes.length; length++) {
      const document = JSON.parse(agent.map(bytes.subarray(0, length))) as Document;
      assert.equal(document.event.kind, 'pipeline_error', `${length}`);
    }
  });

  test('is one JSON object with any other character in it, of which the mark does not tell the same length', () => {
    const longer = Buffer.from(added('"more":"x"'));
    for (let at = 0; at < longer.length; at++) {
      for (const other of ['0', '"', '{', '}', '\\', ',', '\u0001']) {
        const document = JSON.parse(agent.map(Buffer.concat([longer.subarray(0, at), Buffer.from(other), longer.subarray(at + 1)]))) as unknown;
        assert.ok(typeof document === 'object' && document !== null && !Array.isArray(document));
      }
    }
  });
});

describe('a mark alone makes no document of an event', () => {
  const mapping = (record: string): Document => JSON.parse(agent.mapRecord(Buffer.from(record))) as Document;
  const MARKS = ['"o365audit_document":"00000031"', '"o365audit_document":7', '"o365audit_document":null', '"o365audit\\u005fdocument":{}'];
  const raw = recordOf(EVENT, 'raw');

  for (const mark of MARKS) {
    test(`${mark} in a raw record leaves the document as it is`, () => {
      for (const marked of [raw.replace('{', `{${mark},`), raw.replace(/\}$/, `,${mark}}`)]) {
        assert.deepEqual(documentOf(marked), DOCUMENT);
        assert.equal(agent.mapRecord(Buffer.from(marked)), agent.mapRecord(Buffer.from(raw)));
      }
    });

    test(`${mark} in a bare event is a property of the event`, () => {
      const { o365, event } = mapping(EVENT.replace('{', `{${mark},`)) as unknown as { o365: { audit: { Id: string } }; event: { action: string } };
      assert.deepEqual([o365.audit.Id, event.action], ['4c1d', 'Add member to role.']);
    });
  }

  test('nor does a property that has the name of documents', () => {
    for (const other of ['"o365":{"x":1}', '"o365":{}', '"o365":{"audit":"x"}', '"event":{"module":"o365"}', '"event":{"kind":"pipeline_error"}', '"event":{"module":"another","kind":"pipeline_error"}']) {
      const { o365 } = mapping(EVENT.replace('{', `{${other},`)) as unknown as { o365: { audit: { Id: string } } };
      assert.equal(o365.audit.Id, '4c1d', other);
    }
  });

  test('a record with nothing of a document in it is an object, marked or not', () => {
    for (const record of [...MARKS.map((mark) => `{${mark}}`), ...MARKS.map((mark) => `{${mark},"labels":{"site":"7"}}`), '{}']) {
      assert.equal((documentOf(record).event as { kind?: unknown }).kind, 'pipeline_error', record);
    }
  });
});
