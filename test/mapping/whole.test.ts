/** Nothing is lost: every value of a raw event is found again in its document below o365.audit, digits of large numbers included. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type NamedEvent, realEvents, simulatedEvents } from '../support/events.ts';
import { goldenCases } from '../support/golden.ts';
import { readJson } from '../support/json.ts';
import { openModule } from '../support/module.ts';
import { missingValues } from '../support/whole.ts';

const module = openModule();
/** These pairs ask for values to be changed or left out, or are no JSON at all. */
const CHANGED = /^(dlp\/R540-.*detections.*(hashed|dropped).*|dlp\/R540-a-record-that-is-cut-shows-no-detections|normalising\/R010-quotes-are-stripped-on-request|errors\/R925-(broken-text|nothing|a-record-that-is-cut-behind-its-event))$/;
const goldenEvents = goldenCases().filter(({ name }) => !CHANGED.test(name)).map(({ name, input }) => ({ name, text: input }));
const real = realEvents();

function assertWhole(events: readonly NamedEvent[]): void {
  assert.ok(events.length > 0);
  const missing = events.flatMap(({ name, text }) => missingValues(text.toString(), module.mapRecord(text)).map((value) => `${name}: ${value}`));
  assert.equal(missing.length, 0, `\n${missing.slice(0, 40).join('\n')}`);
}

describe('every value of the event is in the document', () => {
  test('of the golden pairs', () => assertWhole(goldenEvents));

  test('of the simulator\'s events', () => assertWhole(simulatedEvents()));

  test('of the body of an alert, as a text or an object, however deep it lies', () => {
    assertWhole([...Array(20).keys()].flatMap((depth) => ['{"sev":"Low"}', '"{\\"sev\\":\\"Low\\"}"'].map((body) => (
      { name: `in ${depth} arrays`, text: Buffer.from(`{"RecordType":40,"Data":${'['.repeat(depth)}${body}${']'.repeat(depth)}}`) }))));
  });

  if (real.length > 0) test('of real events', () => assertWhole(real));
});

describe('the check misses', () => {
  const audit = (members: object): object => ({ o365: { audit: members } });
  const wrong: Readonly<Record<string, readonly [event: string, members: object, missing: string]>> = {
    'a property that is not there': ['{"Sluice":"x","Gate":"y"}', { Gate: 'y' }, 'Sluice: x'],
    'a text that lost a character': ['{"Sluice":"Öresund"}', { Sluice: 'Oresund' }, 'Sluice: Öresund'],
    'a text in another case': ['{"Sluice":"True"}', { Sluice: 'true' }, 'Sluice: True'],
    'a digit of a large number': ['{"Sluice":9007199254740993}', { Sluice: '9007199254740992' }, 'Sluice: 9007199254740993'],
    'a digit of a large integer': ['{"ItemCount":9007199254740993}', { ItemCount: 9007199254740992 }, 'ItemCount: 9007199254740993'],
    'a number with its exponent': ['{"Sluice":1e9}', { Sluice: '1e9' }, 'Sluice: 1000000000'],
    'an integer that stayed a text': ['{"ItemCount":"many"}', { ItemCount: 'many' }, 'ItemCount_raw: many'],
    'an element of an array': ['{"Sluice":["x","y","x"]}', { Sluice: ['x', 'y'] }, 'Sluice: x'],
    'a member of an object in an array': ['{"Actor":[{"ID":"a","Type":0},{"ID":"b","Type":5}]}', { Actor: [{ ID: 'a', Type: '0' }, { ID: 'b' }] }, 'Actor.Type: 5'],
    'an object that did not move aside': ['{"Sluice":{"Width":4}}', { Sluice: { Width: '4' } }, 'Sluice_object.Width: 4'],
    'a date that stayed as it was': ['{"StartTime":"2026-09-01T08:15:29"}', { StartTime: '2026-09-01T08:15:29' }, 'StartTime: 2026-09-01T08:15:29.000Z'],
    'a date whose zone was forgotten': ['{"StartTime":"2026-09-01T10:15:29+02:00"}', { StartTime: '2026-09-01T10:15:29.000Z' }, 'StartTime: 2026-09-01T08:15:29.000Z'],
    'a boolean that stayed a text': ['{"ExternalAccess":"maybe"}', { ExternalAccess: true }, 'ExternalAccess_raw: maybe'],
    'the first of two values with one name': ['{"Parameters":[{"Name":"a","Value":"x"},{"Name":"a","Value":"y"}]}', { Parameters: { a: 'y' } }, 'Parameters.a: x'],
    'a side of a change': ['{"ModifiedProperties":[{"Name":"a b","NewValue":"x","OldValue":"y"}]}', { ModifiedProperties: { a_b: { NewValue: 'x' } } }, 'ModifiedProperties.a_b.OldValue: y'],
    'what is no pair': ['{"Parameters":[{"Name":"a","Value":"x"},{"Value":"y"}]}', { Parameters: { a: 'x' } }, 'Parameters._raw: {"Value":"y"}'],
    'what a pair has besides': ['{"Parameters":[{"Name":"a","Value":"x","Type":"y"}]}', { Parameters: { a: 'x' } }, 'Parameters._raw: {"Name":"a","Value":"x","Type":"y"}'],
    'a value inside a text of JSON': ['{"AdditionalInfo":"{\\"a\\":{\\"b\\":1}}"}', { AdditionalInfo: { a_object: {} } }, 'AdditionalInfo.a_object.b: 1'],
    'a text that is no JSON': ['{"AdditionalInfo":"{\\"a"}', {}, 'AdditionalInfo_raw: {"a'],
    'the body of an alert': ['{"Data":"{\\"etype\\":\\"User\\"}"}', { Data: { etype: 'User' } }, 'Data.flattened.etype: User'],
    'a key that was not made harmless': ['{"Lock.Gate":"x"}', { 'Lock.Gate': 'x' }, 'Lock_Gate: x'],
  };
  for (const [title, [event, members, missing]] of Object.entries(wrong)) {
    test(title, () => assert.deepEqual(missingValues(event, audit(members)), [missing]));
  }

  test('no time of a query but one in the form of the United States: anything else that stands twice has to be said', () => {
    const ruleFor = (other: string): string[] => {
      const rules: string[] = [];
      assert.deepEqual(missingValues(`{"QueryTime":${other},"QueryTime":"2026-09-01T08:15:30Z"}`, audit({ QueryTime: '2026-09-01T08:15:30Z' }), ({ rule, isSaid }) => rules.push(`${rule} ${isSaid}`)), []);
      return rules;
    };
    assert.deepEqual(ruleFor('"9/1/2026 8:15:30 AM"'), ['R015 false']);
    for (const other of ['"on Tuesday"', '7', '{"a":1}', '"9/1/2026"', '"2026-09-02T08:15:30Z"']) assert.deepEqual(ruleFor(other), ['R004 true'], other);
  });

  test('any one value that is taken out of a document', () => {
    // of an alert's body and of parameters in one text the mapping writes parts a second time
    const events = goldenEvents.filter(({ text }, index) => index % 3 === 0 && !/"Data":|"Parameters":"/.test(text.toString()));
    let taken = 0;
    for (const { name, text } of events) {
      const document = module.mapRecord(text);
      for (const without of withoutOneLeaf(readAudit(document))) {
        assert.equal(missingValues(text.toString(), audit(without)).length, 1, `${name}: ${JSON.stringify(without)}`);
        taken++;
      }
    }
    assert.ok(taken > 500);
  });

  test('nothing where only the form is another one', () => {
    assert.deepEqual(missingValues('{"a":1.50,"b":[{}],"c":null,"d":"","e":"\\ud83d","f":1e-3,"g":-0.0,"h":12e1}', audit({ a: '1.5', e: '\ufffd', f: '0.001', g: '0', h: '120' })), []);
    assert.deepEqual(missingValues('{"o365audit":{"a":1},"event":{"id":"x"}}', audit({ a: '1' })), []);
    assert.deepEqual(missingValues('{"ModifiedProperties":[{"Name":"\\\\u","NewValue":1},{"Name":"a\\u0001","NewValue":2}]}', audit({ ModifiedProperties: { _u: { NewValue: '1' }, a_: { NewValue: '2' } } })), []);
  });
});

describe('the reader of JSON', () => {
  test('keeps the digits of numbers, and tells keys that stand twice', () => {
    const { value, duplicates } = readJson('{"a":18446744073709551616,"b":{"c":1,"c":[{"d":1,"d":2}]},"a":-0.10e+2}');
    assert.deepEqual(duplicates, ['b.c.d', 'b.c', 'a']);
    assert.deepEqual(JSON.stringify([...(value as Map<string, { text: string }>).entries()].map(([key, member]) => [key, member.text])), '[["a","-0.10e+2"],["b",null]]');
  });

  test('refuses what is no JSON, as JSON.parse does', () => {
    const texts = ['', '{', '{"a"}', '{"a":1,}', '[1,]', '01', '1.', '.5', '+1', '1e', 'nul', '"\n"', '"\\x"', '"\\u12"', '"', '{} {}', '[1 2]', '{a:1}', '\ufeff{}', '{"a":1}', ' [ 1 , { } ] ', '-0', '"\\u00e9\\ud83d"', 'null'];
    for (const text of texts) {
      const parse = (): unknown => JSON.parse(text);
      let isJson = true;
      try {
        parse();
      } catch {
        isJson = false; // then the other reader has to refuse it, too
      }
      if (isJson) readJson(text);
      else assert.throws(() => readJson(text), SyntaxError, text);
    }
  });
});

function readAudit(document: string): object {
  // of what is no event there is nothing
  return (JSON.parse(document) as { o365?: { audit: object } }).o365?.audit ?? {};
}

/** Copies of a value, each without one of its scalars. */
function* withoutOneLeaf(value: object): Generator<object> {
  for (const [key, member] of Object.entries(value) as [string, unknown][]) {
    if (typeof member === 'object' && member !== null) {
      for (const smaller of withoutOneLeaf(member)) yield Object.assign(structuredClone(value), { [key]: smaller });
    } else if (Array.isArray(value)) {
      yield value.toSpliced(Number(key), 1);
    } else {
      yield Object.fromEntries(Object.entries(value).filter(([name]) => name !== key));
    }
  }
}
