/** Sensitivity labels on mail, files and in the labelling clients. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#sensitivity-label-schema */
import { FILE_NAMES, outsideAddress, record, timeText, type AuditEvent, type Family, type Scene } from './family.ts';
import { pickPlace } from './sharepoint.ts';

export const labels: Family = {
  recordTypes: { 83: 4, 84: 2, 94: 2 },
  make: (scene, recordType) => recordType === 94 ? clientLabel(scene) : fileLabel(scene, recordType),
};
/** Labels that Exchange saw on mail in transport. */
export const mailLabels: Family = { recordTypes: { 43: 3 }, make: mailLabel };

function mailLabel(scene: Scene): AuditEvent {
  const { random, company } = scene;
  const sender = random.pick(company.people);
  return record(scene, { recordType: 43, operation: 'MipLabel', workload: 'Exchange', userId: sender.userPrincipalName, userKey: sender.puid, objectId: random.guid() }, {
    ApplicationMode: random.pick(['Standard', 'Privileged']),
    ItemName: 'Quarterly figures',
    LabelAction: random.pick(['None', 'LabelUpgraded', 'LabelDowngraded', 'LabelRemoved']),
    LabelAppliedDateTime: timeText(scene.timeMs - 5000),
    LabelId: random.guid(),
    LabelName: random.pick(['Confidential', 'Internal', 'Öffentlich']),
    Receivers: [outsideAddress(random), random.pick(company.people).userPrincipalName],
    Sender: sender.userPrincipalName,
  });
}

function fileLabel(scene: Scene, recordType: number): AuditEvent {
  const { random } = scene;
  const { person, url, library } = pickPlace(scene);
  const name = `${random.pick(FILE_NAMES)}.docx`;
  const operation = recordType === 84 ? random.pick(['SensitivityLabeledFileOpened', 'SensitivityLabeledFileRenamed']) : random.pick(['SensitivityLabelApplied', 'SensitivityLabelUpdated', 'SensitivityLabelRemoved', 'FileSensitivityLabelApplied']);
  return record(scene, { recordType, operation, workload: 'PublicEndpoint', userId: person.userPrincipalName, userKey: person.objectId, clientIp: person.address, objectId: `${url}/${library}/${name}` }, {
    Application: random.pick(['Word', 'Excel', 'Outlook']),
    DeviceName: person.deviceName,
    DestinationFileName: name,
    Platform: random.integer(1, 5),
    SensitivityLabelEventData: { ActionSource: random.integer(1, 5), ActionSourceDetail: random.integer(0, 6), JustificationText: 'Agreed with legal', LabelEventType: random.integer(1, 6), OldSensitivityLabelId: random.guid(), OldSensitivityLabelOwnerEmail: person.userPrincipalName, SensitivityLabelId: random.guid(), SensitivityLabelOwnerEmail: person.userPrincipalName, SensitivityLabelPolicyId: random.guid(), SensitivityLabelJustificationText: 'Agreed with legal' },
    TargetLocation: random.integer(1, 4),
    UserAgent: person.userAgent,
  });
}

function clientLabel(scene: Scene): AuditEvent {
  const { random, company } = scene;
  const person = random.pick(company.people);
  return record(scene, { recordType: 94, operation: 'SensitivityLabelApplied', workload: 'Aip', userId: person.userPrincipalName, userKey: person.objectId, clientIp: person.address, objectId: `C:\\Data\\${random.pick(FILE_NAMES)}.pdf` }, {
    Common: { ApplicationId: random.guid(), ApplicationName: 'Microsoft Azure Information Protection Explorer Extension', DeviceName: `${person.deviceName}.${company.domain}`, Location: 'On-premises file shares', Platform: 1, ProcessName: 'MSIP.App', ProductVersion: '2.18.50' },
    DataState: 'Use',
    ProtectionEventData: { IsProtected: true, IsProtectedBefore: false, ProtectionEventType: 'Added', ProtectionOwner: person.userPrincipalName, ProtectionType: 'Template', TemplateId: random.guid() },
    SensitiveInfoTypeData: [],
    SensitivityLabelEventData: { ActionSource: 3, LabelEventType: 4, SensitivityLabelId: random.guid() },
  });
}
