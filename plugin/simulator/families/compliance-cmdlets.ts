/** Cmdlets and searches of the security and compliance portals. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#security-and-compliance-center-schema */
import { record, timeText, type AuditEvent, type Family, type Scene } from './family.ts';

const CMDLETS: readonly (readonly [string, string])[] = [
  ['Get-DlpSiDetectionsReport', '-StartDate "09/01/2026 00:00:00" -EndDate "09/08/2026 00:00:00" -PageSize "100"'],
  ['New-ComplianceSearch', '-Name "Case 12 mailboxes" -ExchangeLocation ("All") -ContentMatchQuery "subject:\\"merger\\"" -AllowNotFoundExchangeLocationsEnabled:$true'],
  ['New-ComplianceSearchAction', '-SearchName "Case 12 mailboxes" -Export:$true -Format "FxStream"'],
  ['Set-DlpCompliancePolicy', '-Identity "Financial data" -Mode "Enable" -Comment "agreed with works council"'],
  ['Remove-RetentionCompliancePolicy', '-Identity "Keep seven years" -Confirm:$false'],
  ['Get-ProtectionAlert', ''],
];
const SEARCHES = ['SearchDataInsightsSubscription', 'SearchAlert', 'AggregateThreatProfileDetails', 'SearchMtpStatus', 'ValidaterbacAccessCheck'] as const;

export const complianceCmdlets: Family = {
  recordTypes: { 18: 10, 52: 5, 87: 1 },
  make: (scene, recordType) => recordType === 52 ? dataInsights(scene) : cmdlet(scene, recordType),
};

function cmdlet(scene: Scene, recordType: number): AuditEvent {
  const { random, company, timeMs } = scene;
  const admin = random.pick(company.people);
  const [operation, parameters] = recordType === 87 ? ['Add-RoleGroupMember', '-Identity "eDiscovery Manager" -Member "collector"'] as const : random.pick(CMDLETS);
  return record(scene, {
    recordType, operation, workload: 'SecurityComplianceCenter', userId: admin.userPrincipalName, userKey: admin.userPrincipalName, userType: 2, resultStatus: random.pick(['Success', 'Success', 'Failed']), objectId: '', clientIp: admin.address,
  }, {
    SecurityComplianceCenterEventType: 0,
    ClientApplication: 'EMC',
    ClientRequestId: random.guid(),
    CmdletVersion: '...',
    EffectiveOrganization: company.domain,
    NonPIIParameters: parameters.replace(/"[^"]*"/g, '"<redacted>"'),
    Parameters: parameters,
    StartTime: timeText(timeMs - 1500),
    UserServicePlan: '',
  });
}

function dataInsights(scene: Scene): AuditEvent {
  const { random, company, timeMs } = scene;
  const admin = random.pick(company.people);
  const day = new Date(timeMs).toISOString();
  return record(scene, { recordType: 52, operation: random.pick(SEARCHES), workload: 'SecurityComplianceCenter', userId: admin.objectId, userKey: admin.objectId }, {
    AadAppId: '80ccca67-54bd-44ab-8625-4b79c4dc7775',
    DataType: 'Alert',
    DatabaseType: 'DataInsights',
    RelativeUrl: `/DataInsights/DataInsightsService.svc/Find/Alert?tenantid=${company.id}&PageSize=100&Filter=StartDate+eq+${encodeURIComponent(day)}+and+AlertSource+eq+%27Office+365+Security+%26+Compliance%27`,
    ResultCount: String(random.integer(0, 40)),
  });
}
