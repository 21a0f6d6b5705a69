/** Detections of data loss prevention are real secrets: hashed or dropped on request wherever an event has them, and in every form in which they come (R540). */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createFieldCheck } from '../support/fields.ts';
import { openModule } from '../support/module.ts';

const module = openModule();
const check = createFieldCheck();
const SECRET = 'FAKE-4929-0000';
const DETECTIONS = { DetectedValues: [{ Name: SECRET, Value: `card ${SECRET} of Ada — "hers"\n` }], ResultsTruncated: false };
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
  'the second context, and links': { RecordType: 11, AppAccessContext: [{ APIId: 'x' }, DETECTIONS], AlertLinks: [{ AlertLinkHref: 'https://x', ...DETECTIONS }] },
};

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

test('nor does one of a text or an array in an event\'s place', () => {
  for (const event of [TEXT, [DETECTIONS], `${TEXT}}`]) {
    for (const choice of ['hash', 'drop']) {
      const record = Buffer.from(JSON.stringify({ o365audit: event, o365audit_options: { dlp_detections: choice } }));
      for (const document of [module.mapRecord(record), module.map(record)]) assert.ok(!document.includes(SECRET), document);
    }
  }
});

test('the word alone is none of them', () => {
  const { o365 } = JSON.parse(module.mapRecord(recordOf({ RecordType: 11, Comments: 'what DetectedValues are' }, 'drop'))) as { o365: { audit: { Comments: string } } };
  assert.equal(o365.audit.Comments, 'what DetectedValues are');
});
