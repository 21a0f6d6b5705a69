/** Detections of data loss prevention are real secrets: hashed or dropped on request wherever an event has them, and in every form in which they come (R540). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFieldCheck } from '../support/fields.ts';
import { openModule } from '../support/module.ts';

const module = openModule();
const check = createFieldCheck();
const SECRET = 'FAKE-4929-0000';
/** With all at which rules cut a text: no piece of it shows what the others name. */
const AROUND = `card ${SECRET} of Ada — "hers"\n; ${SECRET}@${SECRET}.example, https://${SECRET}.example/${SECRET}/${SECRET}.docx?${SECRET}#${SECRET} (3b); -Identity "${SECRET}" 203.0.113.7`;
const DETECTIONS = { DetectedValues: [{ Name: SECRET, Value: AROUND }], ResultsTruncated: false };
const TEXT = JSON.stringify(DETECTIONS);
const nested = (depth: number): object => (depth === 0 ? DETECTIONS : { inner: nested(depth - 1) });

/** Where an event may have them: where Microsoft documents them, where its events have them, and where they would come as a text or lie too deep. */
const PLACES: Readonly<Record<string, object>> = {
  'a rule of SharePoint': { RecordType: 11, PolicyDetails: [{ Rules: [{ ConditionsMatched: { SensitiveInformation: [{ SensitiveInformationDetections: DETECTIONS }] } }] }] },
  'a rule that is no array': { RecordType: 13, PolicyDetails: { Rules: { ConditionsMatched: { SensitiveInformation: { SensitiveInformationDetections: DETECTIONS } } } } },
  'another condition': { RecordType: 11, PolicyDetails: [{ Rules: [{ ConditionsMatched: { OtherConditions: [{ Info: DETECTIONS }] } }] }] },
  'a device': { RecordType: 63, EndpointMetaData: { SensitiveInfoTypeData: [{ Count: 1, SensitiveInformationDetectionsInfo: DETECTIONS }] } },
  'a scanned file': { RecordType: 99, SensitiveInfoTypeData: [{ SensitiveInformationDetectionsInfo: DETECTIONS }] },
  'the event itself': { RecordType: 63, ...DETECTIONS },
  'one value alone': { RecordType: 63, DetectedValues: SECRET, EndpointMetaData: { DetectedValues: [SECRET, 7] }, ExceptionInfo: { DetectedValues: SECRET } },
  'an object with a type of its own': { RecordType: 63, ModifiedProperties: DETECTIONS, Parameters: DETECTIONS, Members: [DETECTIONS], Actor: [DETECTIONS] },
  'a text': { RecordType: 11, PolicyDetails: JSON.stringify([{ Rules: [DETECTIONS] }]), EndpointMetaData: TEXT, Unheard: TEXT, Comments: TEXT, OperationCount: TEXT },
  'a text that a rule takes': { RecordType: TEXT, Workload: TEXT, UserId: TEXT, ClientIP: TEXT, Recipients: [TEXT, 'x'], Subject: TEXT, DeviceName: TEXT, UserAgent: TEXT, Item: { Attachments: TEXT, Subject: TEXT } },
  'a text that a rule takes of Teams': { RecordType: 25, Members: [{ UPN: TEXT }], TeamName: TEXT, ObjectId: TEXT },
  'a text that a rule takes of an alert': { RecordType: 40, Name: TEXT, AlertEntityId: TEXT, EntityType: 'Recipients', AlertLinks: [TEXT, { AlertLinkHref: TEXT }], Data: JSON.stringify({ f3u: TEXT, ms: TEXT, Entities: [{ Subject: TEXT, OriginalDeliveryLocation: TEXT, ThreatDetectionMethods: [TEXT] }] }) },
  'a text in an array': { RecordType: 11, Unheard: ['x', TEXT], Members: [TEXT] },
  'a text that is read': { RecordType: 40, Data: JSON.stringify({ Entities: [DETECTIONS], f3u: TEXT }), AdditionalInfo: TEXT, Actions: [TEXT], ReportMetadata: TEXT },
  'a text in a text': { RecordType: 40, Data: JSON.stringify({ inner: TEXT }), AdditionalInfo: JSON.stringify({ inner: TEXT }) },
  'a text that should have been JSON': { RecordType: 40, Data: `${TEXT}}`, AdditionalInfo: `[${TEXT}`, ExceptionInfo: `{${TEXT}` },
  'pairs': { RecordType: 1, Parameters: [{ Name: 'a', Value: TEXT }, { Name: 'b', Value: DETECTIONS }, DETECTIONS], ExtendedProperties: [{ Name: 'additionalDetails', Value: TEXT }, { Name: 'c', Value: TEXT }], ModifiedProperties: [{ Name: 'd', NewValue: TEXT, OldValue: [DETECTIONS] }] },
  'the name of a pair': { RecordType: 1, Parameters: [{ Name: TEXT, Value: 'x' }], ExtendedProperties: [{ Name: TEXT, Value: 'x' }], ModifiedProperties: [{ Name: TEXT, NewValue: 'x' }] },
  'a text of parameters': { RecordType: 18, Parameters: TEXT, ExtendedProperties: TEXT, ModifiedProperties: TEXT },
  'great depth': { RecordType: 11, PolicyDetails: [nested(20)], Unheard: nested(20) },
  'a pair with their name': {
    RecordType: 1, Parameters: [{ Name: 'DetectedValues', Value: SECRET }], ExtendedProperties: [{ Value: [SECRET], Name: ' detectedValues ' }], ModifiedProperties: [{ Name: 'DetectedValues', NewValue: SECRET, OldValue: SECRET }],
    DeviceProperties: [{ Name: 'DetectedValues', Value: SECRET }], Unheard: [{ Key: 'DetectedValues', Value: SECRET }, { name: 'DETECTEDVALUES', value: { x: SECRET } }], Members: [{ Name: 'DetectedValues', Role: 1, Value: SECRET }],
  },
  'a name in other letters': { RecordType: 63, detectedValues: [SECRET], Unheard: { DETECTEDVALUES: { Name: SECRET }, detectedvalues: SECRET }, Comments: TEXT.replace('Detected', 'detected') },
  'a name that was made of theirs': { RecordType: 63, 'Info.DetectedValues': SECRET, 'DetectedValues[0].Name': SECRET, Unheard: { DetectedValues_raw: [SECRET], DetectedValues_object: [DETECTIONS], ' DetectedValues ': SECRET, [`${'k'.repeat(2000)}DetectedValues`]: SECRET } },
  'the keys of an object': { RecordType: 63, DetectedValues: [{ [SECRET]: 'x' }], Unheard: { DetectedValues: { Name: { [SECRET]: 1 } } }, PolicyDetails: [{ Rules: [{ ConditionsMatched: { SensitiveInformation: [{ SensitiveInformationDetections: { DetectedValues: { [SECRET]: 2 } } }] } }] }] },
  'a key that is a text of them': { RecordType: 63, [TEXT]: 1, Unheard: { [TEXT]: [1] }, ModifiedProperties: { [TEXT]: { NewValue: '1' } } },
  'a cmdlet': { RecordType: 1, Parameters: `-Filter {"DetectedValues":1 -Other "${SECRET}"` },
  'quotes that go': { RecordType: 1, ModifiedProperties: [{ Name: 'a', NewValue: `"${TEXT}"`, OldValue: `"DetectedValues":"${SECRET}"` }] },
  'a text that is cut': { RecordType: 40, Comments: TEXT.slice(0, -30), Data: TEXT.slice(0, -30), UserId: TEXT.slice(0, -20), Subject: TEXT.slice(1, -20) },
  'a text within texts': { RecordType: 63, Comments: JSON.stringify(JSON.stringify({ a: JSON.stringify({ b: TEXT }) })) },
  'the second context, and links': { RecordType: 11, AppAccessContext: [{ APIId: 'x' }, DETECTIONS], AlertLinks: [{ AlertLinkHref: 'https://x', ...DETECTIONS }] },
};

/** Other ways to write the name of a member, also of one in a text in a text: there the escape is escaped, too. */
const SPELLINGS: Readonly<Record<string, (record: string) => string>> = {
  'one letter escaped': (record) => withName(record, (escape) => `Detected${escape}u0056alues`),
  'all letters escaped': (record) => withName(record, (escape) => Array.from('DetectedValues', (letter) => `${escape}u00${letter.charCodeAt(0).toString(16).toUpperCase()}`).join('')),
  'every backslash escaped': (record) => withName(record, (escape) => `Detected${escape.length < 2 ? '\\' : '\\u005c'.repeat(escape.length / 2)}u0056alues`),
};
const withName = (record: string, name: (escape: string) => string): string => record.replace(/(\\*)"DetectedValues/g, (_name, before: string) => `${before}"${name('\\'.repeat(before.length + 1))}`);

const recordOf = (place: object, choice: string, more: object = {}): Buffer => Buffer.from(JSON.stringify({
  o365audit: { Id: '1', CreationTime: '2026-09-01T08:15:30', Operation: 'DLPRuleMatch', ...place }, o365audit_options: { dlp_detections: choice, parse_parameters: true, strip_quotes: true, dlp_message: true }, ...more,
}));

for (const choice of ['hash', 'drop']) {
  describe(`with dlp_detections: ${choice}, no document shows them`, () => {
    for (const [name, place] of Object.entries(PLACES)) {
      test(`from ${name}`, () => {
        assert.ok(module.mapRecord(recordOf(place, 'keep')).includes(SECRET));
        for (const more of [{}, { event: { original: JSON.stringify(place) } }]) {
          const record = recordOf(place, choice, more);
          const document = module.mapRecord(record);
          assert.ok(!document.includes(SECRET), document);
          assert.deepEqual(check(JSON.parse(document) as object), []);
          assert.equal(module.map(record), document.replace(/^\{"@timestamp":"[^"]+",/, '{'));
          // another host prints what is not ASCII as escapes, and its hashes are the same
          assert.equal(module.mapRecord(Buffer.from(record.toString().replaceAll('—', '\\u2014'))), document);
        }
      });
    }
  });
}

for (const [name, spell] of Object.entries(SPELLINGS)) {
  describe(`with ${name} in their name, no document shows them`, () => {
    for (const [place, event] of Object.entries(PLACES)) {
      test(`from ${place}`, () => {
        for (const choice of ['hash', 'drop']) {
          for (const more of [{}, { event: { original: JSON.stringify(event) } }, { 'event.original': JSON.stringify(event) }]) assertUnseen(Buffer.from(spell(recordOf(event, choice, more).toString())));
        }
      });
    }
  });
}

describe('nor does one', () => {
  const spellings = [(record: string): string => record, ...Object.values(SPELLINGS)];
  const assertNone = (record: object, changed = (text: string): string => text): void => {
    for (const choice of ['hash', 'drop']) {
      for (const spell of spellings) assertUnseen(Buffer.from(changed(spell(JSON.stringify({ o365audit_options: { dlp_detections: choice }, ...record })))));
    }
  };
  test('of a text or an array in an event\'s place', () => {
    for (const event of [TEXT, [DETECTIONS], `${TEXT}}`]) assertNone({ o365audit: event });
  });
  test('of an event with an error, or of one that has a key twice', () => {
    assertNone({ o365audit: { ...DETECTIONS, CreationTime: 'x', Data: 'x', Actions: TEXT } });
    assertNone({ o365audit: { Id: '1', Comments: 7, ...DETECTIONS } }, (record) => record.replace('"Id":"1"', '"Id":"1","Id":"2"'));
  });
  test('of a record that is no JSON, as long as it says what is asked for', () => {
    for (const event of [DETECTIONS, { Comments: TEXT }]) {
      assertNone({ o365audit: event }, (record) => record.slice(0, -1));
      assertNone({ o365audit: event }, (record) => `${record}}`);
      assertNone({ o365audit: event }, (record) => `[${record}]`);
    }
  });
  test('of what stands around an event', () => {
    assertNone({ o365audit: { Id: '1', Comments: TEXT }, event: { id: TEXT, created: TEXT }, organization: { id: TEXT, name: TEXT }, data_stream: { namespace: TEXT }, tags: [TEXT] });
    assertNone({ o365audit: { Id: '1', ...DETECTIONS }, log: TEXT, exec: DETECTIONS, labels: { line: TEXT }, kept: [{ a: TEXT }] });
  });
  test('of an event in which every character of a text is escaped, or half of one is broken', () => {
    const hidden = (record: string): string => record.replace(/(?<="Comments":")(?:[^"\\]|\\.)*/, (text) => Array.from(JSON.parse(`"${text}"`) as string, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`).join(''));
    assertNone({ o365audit: { Id: '1', Comments: TEXT } }, hidden);
    assertNone({ o365audit: { Id: '1', UserId: '\ud800', Comments: TEXT } }, hidden);
    assertNone({ o365audit: { Id: '1', Comments: TEXT } }, (record) => record.replace('"Comments":"', '"Comments":"\\x\u0001\\ud800'));
  });
  test('in which the escapes are stacked too high to be looked through', () => {
    const stacked = (depth: number): string => `\\${'u005c'.repeat(depth)}u0056`;
    for (const depth of [1, 2, 5, 20]) assertNone({ o365audit: { Id: '1', Comments: 7 } }, (record) => record.replace('7', `"{\\"Detected${stacked(depth)}alues\\":\\"${SECRET}\\"}"`));
  });
});

/** Of the record neither host's function shows them, and what they answer conforms to fields.yml. */
function assertUnseen(record: Buffer): void {
  for (const document of [module.mapRecord(record), module.map(record)]) {
    assert.ok(!document.includes(SECRET), document);
    assert.deepEqual(check(JSON.parse(document) as object), []);
  }
}

test('the word alone is none of them', () => {
  const sentence = { RecordType: 11, Comments: 'what DetectedValues are', Unheard: { Name: 'what DetectedValues are', Value: 'C:\\u005cusers' } };
  for (const record of [recordOf(sentence, 'drop').toString(), recordOf(sentence, 'drop').toString().replaceAll('Values', '\\u0056alues')]) {
    const { o365 } = JSON.parse(module.mapRecord(Buffer.from(record))) as { o365: { audit: Record<string, unknown> } };
    assert.equal(o365.audit.Comments, sentence.Comments);
    assert.deepEqual(o365.audit.Unheard_object, sentence.Unheard);
  }
});
