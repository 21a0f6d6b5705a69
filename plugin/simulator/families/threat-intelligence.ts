/** Defender for Office 365: mail, links and files judged. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#microsoft-defender-for-office-365-and-threat-investigation-and-response-schema */
import { makeAddress } from '../company.ts';
import { FILE_NAMES, messageId, outsideAddress, record, SUBJECTS, timeText, type AuditEvent, type Family, type Scene } from './family.ts';
import { pickPlace } from './sharepoint.ts';

export const threatIntelligence: Family = {
  recordTypes: { 28: 14, 41: 6, 47: 3 },
  make: (scene, recordType) => recordType === 28 ? mail(scene) : recordType === 41 ? click(scene) : file(scene),
};

function mail(scene: Scene): AuditEvent {
  const { random, company, timeMs } = scene;
  const [network, sender] = [random.guid(), outsideAddress(random)];
  const verdict = random.pick(['Phish', 'Spam', 'Malware']);
  const recipient = random.pick(company.people).userPrincipalName;
  const envelope = { recordType: 28, operation: 'TIMailData', workload: 'ThreatIntelligence', userId: 'ThreatIntel', userKey: 'ThreatIntel', userType: 4, objectId: network + random.digits(19) };
  return record(scene, envelope, {
    AdditionalActionsAndResults: ['OriginalDelivery: [N/A]'],
    AttachmentData: Array.from({ length: random.integer(0, 3) }, () => ({
      FileName: `${random.pick(FILE_NAMES)}.zip`, FileType: 'zip', FileVerdict: verdict === 'Malware' ? 1 : 0, MalwareFamily: verdict === 'Malware' ? 'Trojan:Win32/Example.A' : '', SHA256: random.hex(64).toUpperCase(),
    })),
    AuthDetails: [{ Name: 'SPF', Value: random.pick(['Pass', 'Fail', 'SoftFail']) }, { Name: 'DKIM', Value: random.pick(['Pass', 'None']) }, { Name: 'DMARC', Value: random.pick(['Pass', 'Fail', 'Best guess pass']) }, { Name: 'Comp Auth', Value: 'fail' }],
    BulkComplaintLevel: '1',
    Connectors: '',
    DeliveryAction: random.pick(['Blocked', 'DeliveredAsSpam', 'Delivered']),
    DetectionMethod: random.pick(['Advanced filter', 'URL detonation', 'Impersonation user', 'File detonation reputation']),
    DetectionType: 'Inline',
    Directionality: random.pick(['Inbound', 'Outbound', 'Intra-org']),
    EventDeepLink: `https://security.microsoft.com/?hash=/threatexplorer?messageParams=${network},${network}-${random.digits(19)}-1,${timeText(timeMs)},${timeText(timeMs)}&view=${verdict}`,
    InternetMessageId: messageId(random),
    LatestDeliveryLocation: random.pick(['Quarantine', 'JunkFolder', 'Inbox']),
    MessageTime: timeText(timeMs - 45_000),
    NetworkMessageId: network,
    OriginalDeliveryLocation: 'Quarantine',
    P1Sender: sender,
    P1SenderDisplayName: 'Accounts',
    P1SenderDomain: sender.split('@')[1],
    P2Sender: sender,
    P2SenderDisplayName: 'Accounts',
    P2SenderDomain: sender.split('@')[1],
    PhishConfidenceLevel: random.pick(['Normal', 'High']),
    Policy: random.pick(['HighConfidencePhish', 'AntiMalware', 'Spam']),
    PolicyAction: random.pick(['Quarantine', 'MoveToJMF', 'Delete']),
    Recipients: [recipient, ...random.chance(0.3) ? [random.pick(company.people).userPrincipalName] : []],
    SenderIp: makeAddress(random),
    Subject: random.pick(SUBJECTS),
    SystemOverrides: [{ Details: 'Antispam policy-block', FinalOverride: 'No', Result: 'Block', Source: 'Tenant' }],
    ThreatsAndDetectionTech: [`${verdict}: [Advanced filter,URL detonation reputation]`],
    Urls: [{ Url: 'https://login.parcel-notice.example/verify', UrlVerdict: 'Phish' }],
    Verdict: verdict,
  });
}

function click(scene: Scene): AuditEvent {
  const { random, company, timeMs } = scene;
  const person = random.pick(company.people);
  return record(scene, { recordType: 41, operation: 'TIUrlClickData', workload: 'ThreatIntelligence', userId: person.userPrincipalName, userKey: 'ThreatIntel', userType: 4 }, {
    AppName: random.pick(['Mail', 'Teams', 'Word']),
    AppVersion: '16.0',
    EventDeepLink: `https://security.microsoft.com/url?id=${random.guid()}`,
    SourceId: random.guid(),
    TimeOfClick: timeText(timeMs - 30_000),
    URLClickAction: random.pick([2, 3, 4, 5]),
    Url: `https://login.parcel-notice.example/verify?session=${random.hex(24)}`,
    UserIp: person.address,
  });
}

function file(scene: Scene): AuditEvent {
  const { random, timeMs } = scene;
  const { person, url, library } = pickPlace(scene);
  const name = `${random.pick(FILE_NAMES)}.xlsm`;
  return record(scene, { recordType: 47, operation: 'AtpDetection', workload: 'ThreatIntelligence', userId: 'ThreatIntel', userKey: 'ThreatIntel', userType: 4, objectId: `${url}/${library}/${name}` }, {
    DetectionDate: timeText(timeMs),
    DetectionMethod: random.pick(['ATP Safe Attachments', 'Antimalware']),
    EventDeepLink: `https://security.microsoft.com/content?id=${random.guid()}`,
    FileData: { DocumentId: random.guid(), FileName: name, FilePath: `${url}/${library}`, FileSize: String(random.integer(1000, 900_000)), FileVerdict: 1, MalwareFamily: 'Trojan:O97M/Example.B', SHA256: random.hex(64) },
    LastModifiedBy: person.userPrincipalName,
    LastModifiedDate: timeText(timeMs - 86_400_000),
    SourceWorkload: random.integer(0, 2),
  });
}
