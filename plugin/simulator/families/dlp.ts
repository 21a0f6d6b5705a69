/** Data loss prevention in SharePoint, Exchange and on devices. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#dlp-schema */
import { SENSITIVE_TYPES } from '../sensitive-types.ts';
import { FILE_EXTENSIONS, FILE_NAMES, messageId, outsideAddress, pairs, record, SUBJECTS, timeText, type AuditEvent, type Envelope, type Family, type Scene } from './family.ts';
import { pickPlace } from './sharepoint.ts';

const ENDPOINT_OPERATIONS = ['FileCopiedToRemovableMedia', 'FileUploadedToCloud', 'FilePrinted', 'FileCopiedToClipboard', 'FileAccessedByUnallowedApp', 'FileCreatedOnNetworkShare', 'DLPRuleMatch'] as const;

export const dataLossPrevention: Family = {
  recordTypes: { 11: 10, 13: 10, 63: 8, 33: 2, 107: 2 },
  make: (scene, recordType) => {
    switch (recordType) {
      case 63: return endpointRecord(scene);
      case 13: case 107: return exchangeRecord(scene, recordType);
      default: return sharePointRecord(scene, recordType);
    }
  },
};

function sharePointRecord(scene: Scene, recordType: number): AuditEvent {
  const { random, timeMs } = scene;
  const { workload, person, site, url, library } = pickPlace(scene);
  const name = `${random.pick(FILE_NAMES)}.${random.pick(FILE_EXTENSIONS)}`;
  const agent = workload === 'OneDrive' ? 'DlpPolicyEventBasedAssistantOneDriveForBusiness' : 'DlpAgent';
  return dlpRecord(scene, { recordType, operation: recordType === 33 ? 'DLPInfo' : random.pick(['DLPRuleMatch', 'DLPRuleMatch', 'DLPRuleUndo']), workload, userId: agent, userKey: agent, userType: 4, objectId: `${url}/${library}/${name}` }, {
    SharePointMetaData: {
      FileID: random.guid(), FileName: name, FileOwner: person.displayName, FilePathUrl: `${url}/${encodeURIComponent(library)}/${encodeURIComponent(name)}`, FileSize: random.integer(1000, 9_000_000), From: person.userPrincipalName.toUpperCase(),
      IsViewableByExternalUsers: random.chance(0.2), IsVisibleOnlyToOdbOwner: false, ItemCreationTime: timeText(timeMs - 86_400_000), ItemLastModifiedTime: timeText(timeMs - 60_000), LastModifiedBy: person.displayName,
      SensitivityLabelIds: [], SiteAdmin: [], SiteCollectionGuid: site.id, SiteCollectionUrl: url, UniqueID: random.guid(),
    },
  });
}

function exchangeRecord(scene: Scene, recordType: number): AuditEvent {
  const { random, company, timeMs } = scene;
  const sender = random.pick(company.people);
  const id = messageId(random);
  const to = Array.from({ length: random.integer(1, 3) }, () => outsideAddress(random));
  return dlpRecord(scene, { recordType, operation: random.pick(['DlpRuleMatch', 'DlpRuleMatch', 'DlpInfo']), workload: 'Exchange', userId: 'DlpAgent', userKey: sender.puid, userType: 4, objectId: id }, {
    ExchangeMetaData: {
      BCC: [], CC: random.chance(0.4) ? [random.pick(company.people).userPrincipalName] : [], FileSize: random.integer(4000, 900_000), From: sender.userPrincipalName, MessageID: id, RecipientCount: to.length,
      Sent: timeText(timeMs - 2000), Subject: random.pick(SUBJECTS), To: to, UniqueID: random.guid(),
    },
    ...(random.chance(0.3) ? { ExceptionInfo: '{ "Justification": "The customer asked for it", "FalsePositive": false }' } : {}),
  });
}

function endpointRecord(scene: Scene): AuditEvent {
  const { random, company } = scene;
  const person = random.pick(company.people);
  const [name, extension] = [random.pick(FILE_NAMES), random.pick(FILE_EXTENSIONS)];
  const path = `C:\\Users\\${person.userPrincipalName.split('@')[0] ?? ''}\\Documents\\${name}.${extension}`;
  return dlpRecord(scene, { recordType: 63, operation: random.pick(ENDPOINT_OPERATIONS), workload: 'Endpoint', userId: person.userPrincipalName, userKey: person.objectId, clientIp: person.address, objectId: path }, {
    Application: random.pick(['chrome.exe', 'explorer.exe', 'outlook.exe']),
    DeviceName: `${person.deviceName.toLowerCase()}.${company.domain}`,
    DlpAuditEventMetadata: { DlpPolicyMatchId: random.guid(), EvaluationTime: timeText(scene.timeMs) },
    EnforcementMode: random.integer(1, 5),
    EndpointMetaData: {
      DeviceName: person.deviceName, EndpointOperation: 'FileUploadedToCloud', EnforcementMode: random.integer(1, 5), FileExtension: extension, FileType: 'Office', MDATPDeviceId: random.hex(40), OriginatingDomain: '', RMSEncrypted: false,
      Sha1: random.hex(40), Sha256: random.hex(64), TargetDomain: 'drive.example', TargetPrinterName: '', EvidenceFile: { FullUrl: '', StorageName: '' },
    },
    FileExtension: extension,
    FileSize: random.integer(1000, 90_000_000),
    FileType: 'Document',
    Hidden: false,
    JitTriggered: false,
    MDATPDeviceId: random.hex(40),
    OriginatingDomain: '',
    Platform: random.integer(1, 2),
    RMSEncrypted: false,
    SensitiveInfoTypeData: [],
    Sha1: random.hex(40),
    Sha256: random.hex(64),
    SourceLocationType: 1,
    TargetDomain: 'drive.example',
  });
}

function dlpRecord(scene: Scene, envelope: Envelope, more: AuditEvent): AuditEvent {
  const { random } = scene;
  return record(scene, envelope, {
    ...more,
    IncidentId: random.guid(),
    PolicyDetails: [{
      PolicyId: random.guid(),
      PolicyName: random.pick(['Financial data', 'Personal data (EU)', 'Internal only']),
      Rules: Array.from({ length: random.integer(1, 2) }, () => rule(scene)),
    }],
    SensitiveInfoDetectionIsIncluded: true,
  });
}

function rule({ random, company }: Scene): AuditEvent {
  const actions = random.pick([['BlockAccess', 'NotifyUser', 'GenerateIncidentReport'], ['NotifyUser'], ['GenerateAlert'], []]);
  const found = random.sample(SENSITIVE_TYPES, random.integer(1, 2));
  return {
    ActionParameters: actions.includes('GenerateIncidentReport') ? [`GenerateIncidentReport:${random.pick(company.people).userPrincipalName}`] : [],
    Actions: actions,
    ConditionsMatched: {
      ConditionMatchedInNewScheme: true,
      OtherConditions: pairs({ AccessScope: 'IncludeExternalUsers' }),
      SensitiveInformation: found.map(({ id, name }) => ({
        Confidence: random.pick([65, 75, 85]),
        Count: random.integer(1, 60),
        Location: random.pick(['Message Body', 'Attachment', '']),
        SensitiveInformationDetections: { DetectedValues: [{ Name: `4${random.digits(3)} **** **** ${random.digits(4)}`, Value: 'card, expires, holder' }], ResultsTruncated: false },
        SensitiveInformationTypeName: name,
        SensitiveType: id,
        UniqueCount: random.integer(1, 20),
      })),
    },
    ManagementRuleId: random.guid(),
    RuleId: random.guid(),
    RuleMode: random.pick(['Enable', 'TestWithNotifications']),
    RuleName: random.pick(['High volume of content detected', 'Low volume of content detected', 'Shared with people outside']),
    Severity: random.pick(['Low', 'Medium', 'High']),
  };
}
