/**
 * What the collector has prepared gives the document that the event itself gives: of golden pairs, of the simulator's and of real events, and of those of the fuzz
 * run. And an index that does not hold for the text it comes with is not used.
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
import { runWamr } from '../support/wamr.ts';

const collector = await testModule();
const agent = openModule();
const SEED = 20260902;
const INPUTS = 12_000;
const INDEX = /^\{"o365audit_index":"([^"]+)",/;

const recordOf = (event: string | Buffer, format: 'raw' | 'prepared', options: SplitTest = {}): string => linesOf(joined(splitBatches(collector, ['[', event, ']'], { format, ...options })))[0] ?? assert.fail('no record');
const documentOf = (record: string): unknown => JSON.parse(agent.map(Buffer.from(record)));
const isPrepared = (record: string): boolean => INDEX.test(record);
const withoutIndex = (record: string): string => record.replace(INDEX, '{');

/** Whether the event was prepared. Throws when its document then is another one, with its index or without it. */
function comparePrepared(event: string | Buffer, name: string): boolean {
  const [raw, prepared] = [recordOf(event, 'raw'), recordOf(event, 'prepared')];
  if (!isPrepared(prepared)) {
    assert.equal(prepared, raw, name);
    return false;
  }
  const document = agent.map(Buffer.from(prepared));
  assert.deepEqual(JSON.parse(document), documentOf(raw), name);
  assert.equal(agent.map(Buffer.from(withoutIndex(prepared))), document, name);
  return true;
}

/** How many of the events were prepared, of a hundred. */
function comparedShare(events: readonly NamedEvent[]): number {
  return 100 * events.filter(({ name, text }) => comparePrepared(text, name)).length / events.length;
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
    assert.ok(comparedShare(events) > 60);
  });

  test('of the simulator, as many of each record type', () => {
    const share = comparedShare(simulatedEvents());
    assert.ok(share > 75, `${share}`);
  });

  const real = realEvents();
  if (real.length > 0) test('of real tenants, of which nearly all can be prepared', () => assert.ok(comparedShare(real) > 98));

  test(`of ${INPUTS} inputs of the fuzz run`, () => {
    const inputs = createInputs(baseEvents(), SEED);
    let prepared = 0;
    for (let number = 0; number < INPUTS; number++) {
      const event = eventIn(inputs.next().bytes);
      if (event !== undefined && comparePrepared(event, event.slice(0, 500))) prepared++;
    }
    assert.ok(prepared > INPUTS / 6, `${prepared}`);
  });

  test('under WAMR, byte for byte as in V8', async () => {
    const records = simulatedEvents().map(({ text }) => Buffer.from(recordOf(text, 'prepared')));
    const { answers } = await runWamr(records);
    assert.deepEqual(answers.flatMap(({ outcome, bytes }, call) => (outcome === 'document' && bytes.toString() === agent.map(records[call] ?? assert.fail()) ? [] : [`${outcome}: ${bytes.toString()}`])), []);
  });
});

const EVENT = JSON.stringify({
  Id: '4c1d', CreationTime: '2026-09-01T08:15:30', RecordType: 8, Operation: 'Add member to role.', UserId: 'ada.quill@brackwater.example', UserType: 0, ResultStatus: 'Success', ClientIP: '198.51.100.7:443',
  AppAccessContext: {}, ModifiedProperties: [{ Name: 'Role.DisplayName', NewValue: 'Öresund\nAdmins', OldValue: '' }], Target: [{ ID: 'ben@brackwater.example', Type: 5 }],
});

describe('the index', () => {
  const record = recordOf(EVENT, 'prepared');
  const index = INDEX.exec(record)?.[1] ?? assert.fail('not prepared');
  /** The record with other values in the event, which only a filter that trusts the index does not see: they have no type of ours. */
  const withMark = record.replace('"UserType":"0"', '"UserType":[0]');

  test('stands before the event, which is normalised and comes last, in JSON and in MessagePack', () => {
    assert.match(record, /,"o365audit":\{"Id":"4c1d",.*"ModifiedProperties":\{"Role_DisplayName":\{"NewValue":"Öresund\\nAdmins"\}\},"Target":\[\{"ID":"ben@brackwater\.example","Type":"5"\}\]\}\}$/);
    const [entry] = entriesOf(joined(splitBatches(collector, [`[${EVENT}]`], { format: 'prepared', encoding: 'msgpack' })));
    assert.deepEqual(entry?.record, JSON.parse(record));
    assert.equal(Object.keys(entry?.record ?? {}).at(-1), 'o365audit');
    assert.equal(entry?.time.seconds, Date.UTC(2026, 8, 1, 8, 15, 30) / 1000);
  });

  test('is used: the event is taken over unread', () => {
    assert.equal(withMark.length, record.length);
    assert.deepEqual((documentOf(withMark) as { o365: { audit: { UserType: unknown } } }).o365.audit.UserType, [0]);
  });

  test('has no backslash and no quote, and is not in the document', () => {
    assert.match(index, /^[0-[\]-p]+$/);
    assert.equal(index.length % 8, 0);
    assert.doesNotMatch(JSON.stringify(documentOf(record)), /o365audit_index/);
  });

  const document = documentOf(record);
  const others: Readonly<Record<string, string>> = {
    'an escape that makes the event longer': record.replace('ada.quill', '\\u0061da.quill'),
    'a blank behind the event': record.replace(/\}$/, ' }'),
    'a blank in the event': record.replace('{"Id":', '{ "Id":'),
    'the event before other members': record.replace(/,("o365audit":.*)\}$/, '').replace('{', `{${/"o365audit":.*(?=\}$)/.exec(record)?.[0] ?? ''},`).concat('}'),
    'a member behind the event': record.replace(/\}$/, ',"tags":["forwarded"]}'),
    'another version of the mapping': record.replace(index, (index.startsWith('0') ? '1' : '0') + index.slice(1)),
    'an index that is cut': record.replace(index, index.slice(0, -8)),
    'an index that is cut within a group': record.replace(index, index.slice(0, -3)),
    'half of an index': record.replace(index, index.slice(0, 13)),
    'an empty index': record.replace(index, ''),
    'an index that is no text': record.replace(`"${index}"`, '[7]'),
  };
  for (const [what, text] of Object.entries(others)) {
    test(`does not hold, and is not used: ${what}`, () => {
      assert.notEqual(text, record);
      assert.deepEqual(documentOf(text), document);
    });
  }

  test('does not hold with any other character in it', () => {
    for (let at = 0; at < index.length; at++) {
      for (const other of ['0', 'p', 'a', '!', '~', 'é']) {
        if (index[at] !== other) assert.deepEqual(documentOf(record.replace(index, index.slice(0, at) + other + index.slice(at + 1))), document, `${at} ${other}`);
      }
    }
  });

  test('is not used for records that ask something of the mapping, and not made for them', () => {
    const asked = record.replace('"data_stream":', '"o365audit_options":{"user_roles":true},"data_stream":');
    assert.deepEqual((documentOf(asked) as { user: { roles: unknown } }).user.roles, ['Regular']);
    for (const envelope of [{ ...ENVELOPE, dlpDetections: 'hash' as const }, { ...ENVELOPE, mappingSwitches: ['user_roles' as const] }]) {
      assert.equal(recordOf(EVENT, 'prepared', { envelope }), recordOf(EVENT, 'raw', { envelope }));
    }
  });
});

describe('an event goes as it came', () => {
  const cases: Readonly<Record<string, Record<string, unknown>>> = {
    'without id': { Id: undefined },
    'with an id that is no text': { Id: 7 },
    'without time': { CreationTime: undefined },
    'with a time that is none': { CreationTime: 'yesterday' },
    'with a value of another type than its path\'s': { OperationCount: 'many' },
    'with a text that should be JSON and is none': { AdditionalInfo: 'none' },
    'with the body of an investigation that says a time twice': { Data: '{"QueryTime":"2026-09-01T08:00:00","QueryTime":"9/1/2026 8:00:00 AM"}' },
    'with an exception as JSON in a text': { ExceptionInfo: '{"Justification":"known"}' },
    'above the limit': { Sluice: 'x'.repeat(300_000) },
  };
  for (const [what, change] of Object.entries(cases)) {
    test(what, () => {
      assert.ok(isPrepared(recordOf(EVENT, 'prepared')));
      assert.equal(comparePrepared(JSON.stringify({ ...JSON.parse(EVENT) as object, ...change }), what), false);
    });
  }

  test('with a key that stands twice, or with escapes', () => {
    for (const change of ['"Sluice":1,"Sluice":2,', '"\\u0053luice":1,']) assert.equal(comparePrepared(EVENT.replace('{', `{${change}`), change), false, change);
  });
});
