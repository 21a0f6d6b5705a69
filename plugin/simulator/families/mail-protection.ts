/** Quarantine, restricted senders, and messages submitted to Microsoft. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#quarantine-schema */
import { makeAddress } from '../company.ts';
import { messageId, outsideAddress, record, SUBJECTS, timeText, type AuditEvent, type Family, type Scene } from './family.ts';

export const mailProtection: Family = {
  recordTypes: { 65: 6, 29: 6 },
  make: (scene, recordType) => recordType === 65 ? quarantine(scene) : submission(scene),
};
/** Users whose mail is held back because of spam. */
export const restrictedSenders: Family = { recordTypes: { 51: 1 }, make: hygiene };

function quarantine(scene: Scene): AuditEvent {
  const { random, company } = scene;
  const admin = random.pick(company.people);
  const requestType = random.integer(0, 5);
  const operation = ['QuarantinePreview', 'QuarantineDelete', 'QuarantineReleaseMessage', 'QuarantineExport', 'QuarantineViewHeader', 'QuarantineReleaseRequestMessage'][requestType] ?? 'QuarantinePreview';
  const network = random.guid();
  return record(scene, { recordType: 65, operation, workload: 'Quarantine', userId: admin.userPrincipalName, userKey: admin.puid, userType: random.pick([0, 2]), resultStatus: 'Successful', objectId: `${network}\\${random.guid()}`, clientIp: admin.address }, {
    NetworkMessageId: network,
    ReleaseTo: requestType === 2 ? random.pick(company.people).userPrincipalName : '',
    RequestSource: random.integer(0, 2),
    RequestType: requestType,
  });
}

function hygiene(scene: Scene): AuditEvent {
  const { random, company, timeMs } = scene;
  const person = random.pick(company.people);
  return record(scene, { recordType: 51, operation: 'HygieneTenantEvents', workload: 'Exchange', userId: person.userPrincipalName, userKey: 'HygieneEvent', userType: 4 }, {
    Audit: `[OutboundSpamLast24Hours=${random.integer(50, 900)};OutboundMailLast24Hours=${random.integer(900, 4000)}]`,
    Event: random.pick(['Listed', 'Delisted']),
    EventId: random.integer(100_000_000, 4_000_000_000),
    EventValue: person.userPrincipalName,
    Reason: `OutboundSpamLast24Hours at ${timeText(timeMs)}`,
  });
}

function submission(scene: Scene): AuditEvent {
  const { random, company, timeMs } = scene;
  const reporter = random.pick(company.people);
  const isUser = random.chance(0.7);
  const sender = outsideAddress(random);
  return record(scene, {
    recordType: 29, operation: isUser ? random.pick(['UserSubmission', 'UserSubmissionTriage']) : random.pick(['AdminSubmission', 'AdminSubmissionRegistration']), workload: 'SecurityComplianceCenter', userId: reporter.userPrincipalName, userKey: reporter.puid, objectId: random.guid(),
  }, {
    BCLValue: 1,
    DeliveryMessageInfo: 'OriginalMessage',
    ExtendedProperties: '[]',
    FilteringDate: timeText(timeMs - 3_600_000),
    KesMailId: random.guid(),
    Language: random.pick(['en', 'de', 'fr']),
    MessageDate: timeText(timeMs - 7_200_000),
    MessageId: messageId(random),
    NetworkMessageId: random.guid(),
    P1Sender: sender,
    P1SenderDomain: sender.split('@')[1],
    P2Sender: sender,
    Recipients: [reporter.userPrincipalName],
    ReportedReason: random.pick(['Phish', 'Junk', 'NotJunk']),
    RescanResult: { RescanVerdict: random.pick(['Phish', 'Spam', 'NotSpam']), Timestamp: timeText(timeMs) },
    SenderIP: makeAddress(random),
    Subject: random.pick(SUBJECTS),
    SubmissionConfidenceLevel: 'High',
    SubmissionId: random.guid(),
    SubmissionState: random.pick(['Succeeded', 'Deferred']),
    SubmissionType: random.pick(['Phish', 'Malware', 'Junk']),
    Submitter: reporter.userPrincipalName,
    SubmitterId: reporter.objectId,
    SubmissionContentSubType: 'Email',
    VerdictSource: 'Filter',
  });
}
