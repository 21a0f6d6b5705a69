/** Power BI, Power Automate, Power Apps and Dynamics 365. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#power-bi-schema */
import type { Person } from '../company.ts';
import { bareAddress, record, type AuditEvent, type Family, type Scene } from './family.ts';

export const powerPlatform: Family = {
  recordTypes: { 20: 8, 30: 5, 45: 5, 21: 4 },
  make: (scene, recordType) => {
    const person = scene.random.pick(scene.company.people);
    switch (recordType) {
      case 20: return powerBi(scene, person);
      case 30: return powerAutomate(scene, person);
      case 45: return powerApps(scene, person);
      default: return dynamics(scene, person);
    }
  },
};

function powerBi(scene: Scene, person: Person): AuditEvent {
  const { random } = scene;
  const operation = random.pick(['ViewReport', 'ExportReport', 'ShareReport', 'CreateDataset', 'RefreshDataset', 'DeleteDashboard', 'GenerateDataflowSasToken']);
  return record(scene, { recordType: 20, operation, workload: 'PowerBI', userId: person.userPrincipalName, userKey: person.puid, clientIp: bareAddress(scene, person), objectId: 'Sales by region' }, {
    Activity: operation,
    ActivityId: random.guid(),
    CapacityId: random.guid(),
    CapacityName: 'Shared on Premium - Reserved',
    ConsumptionMethod: 'Power BI Web',
    DatasetId: random.guid(),
    DatasetName: 'Sales',
    DistributionMethod: 'Workspace',
    IsSuccess: random.chance(0.95),
    ItemName: 'Sales by region',
    ReportId: random.guid(),
    ReportName: 'Sales by region',
    ReportType: 'PowerBIReport',
    RequestId: random.guid(),
    ...(operation === 'ShareReport' ? { SharingInformation: [{ RecipientEmail: random.pick(scene.company.people).userPrincipalName, ResharePermission: 'ReadReshare' }] } : {}),
    UserAgent: person.userAgent,
    WorkSpaceName: 'Finance',
    WorkspaceId: random.guid(),
  });
}

function powerAutomate(scene: Scene, person: Person): AuditEvent {
  const { random, company } = scene;
  const flow = random.guid();
  return record(scene, { recordType: 30, operation: random.pick(['CreateFlow', 'EditFlow', 'DeleteFlow', 'PutPermissions']), workload: 'MicrosoftFlow', userId: person.userPrincipalName, userKey: person.objectId, resultStatus: 'Success', clientIp: bareAddress(scene, person) }, {
    FlowConnectorNames: 'Office 365 Outlook,HTTP,SharePoint',
    FlowDetailsUrl: `https://admin.flow.microsoft.com/environments/Default-${company.id}/flows/${flow}/details`,
    LicenseDisplayName: 'Microsoft Power Automate Free',
    RecipientUPN: '',
    SharingPermission: random.integer(1, 3),
    UserTypeInitiated: 1,
    UserUPN: person.userPrincipalName,
  });
}

function powerApps(scene: Scene, person: Person): AuditEvent {
  const { random, company } = scene;
  return record(scene, { recordType: 45, operation: random.pick(['LaunchPowerApp', 'CreatePowerApp', 'PublishPowerApp', 'DeletePowerApp']), workload: 'PowerApps', userId: person.userPrincipalName, userKey: person.objectId, resultStatus: 'Success', clientIp: bareAddress(scene, person) }, {
    AdditionalInfo: JSON.stringify({ environmentName: `Default-${company.id}`, appType: 'CanvasApp', deviceId: person.deviceId }),
    AppName: random.guid(),
    EnvironmentName: `Default-${company.id}`,
    ExtraProperties: [],
  });
}

function dynamics(scene: Scene, person: Person): AuditEvent {
  const { random, company } = scene;
  const instance = `https://${company.hostLabel}.crm4.dynamics.com/`;
  const entity = random.guid();
  return record(scene, { recordType: 21, operation: 'CrmDefaultActivity', workload: 'CRM', userId: person.userPrincipalName, userKey: person.puid, resultStatus: 'Success', clientIp: bareAddress(scene, person), objectId: 'account' }, {
    CRMOrganizationUniqueName: `unq${random.hex(24)}`,
    CorrelationId: random.guid(),
    EntityId: entity,
    EntityName: 'account',
    Fields: [{ Name: 'creditlimit', Value: String(random.integer(1000, 90_000)) }, { Name: 'modifiedby', Value: person.displayName }],
    InstanceUrl: instance,
    ItemType: 'account',
    ItemUrl: `${instance}main.aspx?etn=account&id=${entity}`,
    Message: random.pick(['Update', 'Retrieve', 'Delete', 'ExportToExcel']),
    PrimaryFieldValue: 'Paper Supply',
    Query: '<fetch version="1.0"><entity name="account"><attribute name="name"/></entity></fetch>',
    ServiceContextId: random.guid(),
    ServiceContextIdType: 'SessionId',
    ServiceName: 'CRM',
    SystemUserId: random.guid(),
    UserAgent: person.userAgent,
    UserUpn: person.userPrincipalName,
  });
}
