/** Alerts: of Security & Compliance, Defender for Endpoint and Defender for Cloud Apps. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#security-and-compliance-alerts-schema */
import type { Person } from '../company.ts';
import { messageId, outsideAddress, record, SUBJECTS, type AuditEvent, type Family, type Scene } from './family.ts';

const ALERTS = [
  ['Creation of forwarding/redirect rule', 'ThreatManagement', 'Informational', 'MailRedirect'],
  ['Potential ransomware activity', 'ThreatManagement', 'High', 'ThreatRansomware'],
  ['Email reported by user as malware or phish', 'ThreatManagement', 'Low', 'UserSubmission'],
  ['Elevation of Exchange admin privilege', 'AccessGovernance', 'Low', 'GrantAdminPermission'],
  ['Unusual volume of external file sharing', 'DataGovernance', 'Medium', 'FileShared'],
  ['DLP policy match for document', 'DataLossPrevention', 'Medium', 'DLPRuleMatch'],
  ['Messages have been delayed', 'MailFlow', 'High', 'MailFlowDelay'],
  ['Suspicious connector activity', 'Other', 'High', 'SuspiciousConnector'],
] as const;

export const alerts: Family = {
  recordTypes: { 40: 20, 78: 2, 98: 2 },
  make: (scene, recordType) => {
    const { random, company } = scene;
    const [name, category, severity, operation] = random.pick(ALERTS);
    const person = random.pick(company.people);
    const alertId = random.guid();
    const isEntity = recordType === 40 && random.chance(0.5);
    const entityType = random.pick(['User', 'Recipients', 'Sender', 'MalwareFamily', 'File']);
    return record(scene, {
      recordType, operation: isEntity ? 'AlertEntityGenerated' : random.pick(['AlertTriggered', 'AlertTriggered', 'AlertUpdated']), workload: recordType === 40 ? 'SecurityComplianceCenter' : recordType === 78 ? 'MicrosoftDefenderForEndpoint' : 'MicrosoftCloudAppSecurity',
      userId: 'SecurityComplianceAlerts', userKey: 'SecurityComplianceAlerts', userType: 4, resultStatus: 'Succeeded', objectId: isEntity ? person.userPrincipalName : alertId,
    }, {
      ...(isEntity ? { AlertEntityId: entityOf(entityType, person, scene), EntityType: entityType } : {}),
      AlertId: alertId,
      AlertLinks: [{ AlertLinkHref: random.chance(0.6) ? `https://security.microsoft.com/viewalerts?id=${alertId}` : '' }],
      AlertType: random.pick(['System', 'Custom']),
      Category: category,
      Comments: 'New alert',
      Data: data(scene, person, { name, severity, operation, entityType }),
      Name: name,
      PolicyId: random.guid(),
      Severity: severity,
      Source: recordType === 40 ? 'Office 365 Security & Compliance' : 'Microsoft Defender',
      Status: random.pick(['Active', 'Investigating', 'Resolved']),
    });
  },
};

function entityOf(entityType: string, person: Person, { random }: Scene): string {
  switch (entityType) {
    case 'Sender': return outsideAddress(random);
    case 'MalwareFamily': return 'Win32/Example.A';
    case 'File': return 'https://files.example/Invoice.zip';
    default: return person.userPrincipalName;
  }
}

/** The text in `Data`: a JSON object with short keys. */
function data({ random, company, timeMs }: Scene, person: Person, alert: { name: string; severity: string; operation: string; entityType: string }): string {
  const time = (offset: number): string => new Date(timeMs + offset).toISOString().replace('Z', '0000Z');
  const mail: AuditEvent = random.chance(0.4) ? { imsgid: messageId(random), ms: random.pick(SUBJECTS), tsd: outsideAddress(random), trc: person.userPrincipalName, sip: person.address, md: time(-90_000), aii: random.guid() } : {};
  return JSON.stringify({
    etype: alert.entityType, eid: person.userPrincipalName, f3u: person.userPrincipalName, tid: company.id, tdc: '1', ts: time(-180_000), te: time(-120_000), op: alert.operation, wl: 'Exchange', reid: random.guid(), rid: random.guid(),
    cid: random.guid(), ad: `${alert.name} - this alert is triggered when the rule of the same name finds something. -V1.0.0.2`, lon: alert.operation, an: alert.name, sev: alert.severity, at: time(0), dm: 'Default', ...mail,
  });
}
