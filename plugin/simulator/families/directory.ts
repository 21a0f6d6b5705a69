/** Changes in Entra ID: users, groups, roles, applications, policies. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#azure-active-directory-base-schema */
import type { Person } from '../company.ts';
import type { Random } from '../random.ts';
import { outsideAddress, pairs, record, type AuditEvent, type Family, type Scene } from './family.ts';

interface Change {
  readonly NewValue: string;
  readonly OldValue: string;
}
type Changes = Readonly<Record<string, Change>>;

/** An operation, what kind of object it changes, and which of its properties. */
const OPERATIONS: readonly (readonly [string, 'User' | 'Group' | 'Application' | 'ServicePrincipal' | 'Policy' | 'Device' | 'Directory', (scene: Scene, target: Person) => Changes])[] = [
  ['Add user.', 'User', (_, target) => ({
    AccountEnabled: list('', true), DisplayName: list('', target.displayName), UserPrincipalName: list('', target.userPrincipalName), UserType: list('', 'Member'), StsRefreshTokensValidFrom: list('', '2026-09-01T06:00:00Z'),
  })],
  ['Update user.', 'User', ({ random }, target) => ({
    'Included Updated Properties': text('', 'JobTitle, Department'), JobTitle: list('Clerk', 'Team lead'), Department: list(random.pick(['Sales', 'Works']), random.pick(['Finance', 'Legal'])), 'TargetId.UserType': text('', 'Member'),
    StrongAuthenticationMethod: methods(random), StrongAuthenticationUserDetails: list('', target.userPrincipalName),
  })],
  ['Delete user.', 'User', (_, target) => ({ UserPrincipalName: list(target.userPrincipalName, `${target.objectId.replaceAll('-', '')}${target.userPrincipalName}`), 'Is Hard Deleted': text('', 'False') })],
  ['Reset user password.', 'User', () => ({ 'Included Updated Properties': text('', '') })],
  ['Change user license.', 'User', ({ random }) => ({ AssignedLicense: licenses(random), AssignedPlan: plans(random), 'Included Updated Properties': text('', 'AssignedLicense, AssignedPlan') })],
  ['Add member to role.', 'User', ({ random }) => ({
    'Role.ObjectID': text('', random.guid()), 'Role.DisplayName': text('', random.pick(['Global Administrator', 'Security Reader', 'Exchange Administrator', 'Helpdesk Administrator'])),
    'Role.TemplateId': text('', random.guid()), 'Role.WellKnownObjectName': text('', random.pick(['TenantAdmins', 'SecurityReaders', 'ExchangeServiceAdmins'])),
  })],
  ['Add member to group.', 'User', ({ random, company }) => { const team = random.pick(company.teams); return { 'Group.ObjectID': text('', team.groupId), 'Group.DisplayName': text('', team.name), 'Group.WellKnownObjectName': text('', '') }; }],
  ['Add group.', 'Group', ({ random, company }) => ({ DisplayName: list('', random.pick(company.teams).name), GroupType: list('', 'Unified'), MailEnabled: list('', true), SecurityEnabled: list('', false), IsPublic: list('', false) })],
  ['Consent to application.', 'ServicePrincipal', ({ random }) => ({
    'ConsentContext.IsAdminConsent': text('', random.pick(['True', 'False'])), 'ConsentContext.IsAppOnly': text('', 'False'), 'ConsentContext.OnBehalfOfAll': text('', 'True'), 'ConsentContext.Tags': text('', 'WindowsAzureActiveDirectoryIntegratedApp'),
    'ConsentAction.Permissions': text('', `[] => [[Id: ${random.hex(22)}, ClientId: ${random.guid()}, PrincipalId: , ResourceId: ${random.guid()}, ConsentType: AllPrincipals, Scope: Mail.Read Files.ReadWrite.All offline_access, CreatedDateTime: , LastModifiedDateTime ]]; `),
    'ConsentAction.Reason': text('', 'Risky application detected'), 'TargetId.ServicePrincipalNames': text('', random.guid()),
  })],
  ['Add application.', 'Application', ({ random }) => ({ AppAddress: addresses(1), AppId: list('', random.guid()), AvailableToOtherTenants: list('', false), DisplayName: list('', 'Report export'), RequiredResourceAccess: resourceAccess(random), 'Included Updated Properties': text('', 'AppAddress, AppId, AvailableToOtherTenants, DisplayName, RequiredResourceAccess') })],
  ['Update application – Certificates and secrets management ', 'Application', ({ random }) => ({ KeyDescription: { OldValue: '[]', NewValue: `[\r\n  "[KeyIdentifier=${random.guid()},KeyType=Password,KeyUsage=Verify,DisplayName=collector]"\r\n]` }, 'Included Updated Properties': text('', 'KeyDescription') })],
  ['Update service principal.', 'ServicePrincipal', ({ random }) => ({ AppAddress: addresses(9), RequiredResourceAccess: resourceAccess(random), 'Included Updated Properties': text('', 'AppAddress, RequiredResourceAccess'), 'TargetId.ServicePrincipalNames': text('', random.guid()) })],
  ['Update application.', 'Application', ({ random }) => ({ AppAddress: addresses(5), RequiredResourceAccess: resourceAccess(random), 'Included Updated Properties': text('', 'AppAddress, RequiredResourceAccess') })],
  ['Add service principal.', 'ServicePrincipal', ({ random }) => ({ AccountEnabled: list('', true), AppPrincipalId: list('', random.guid()), DisplayName: list('', 'Report export'), ServicePrincipalName: list('', random.guid()), Credential: list('', 'Symmetric') })],
  ['Add app role assignment to service principal.', 'ServicePrincipal', ({ random }) => ({
    'AppRole.Id': text('', random.guid()), 'AppRole.Value': text('', 'ActivityFeed.Read'), 'AppRole.DisplayName': text('', 'Read activity data for your organization'), 'ServicePrincipal.ObjectID': text('', random.guid()),
    'ServicePrincipal.DisplayName': text('', 'Report export'), 'ServicePrincipal.AppId': text('', random.guid()), 'TargetId.ServicePrincipalNames': text('', 'https://manage.office.com;https://manage.office365.us'),
  })],
  ['Add delegated permission grant.', 'ServicePrincipal', ({ random }) => ({ 'DelegatedPermissionGrant.Scope': text('', ' User.Read Mail.Send'), 'DelegatedPermissionGrant.ConsentType': text('', 'AllPrincipals'), 'ServicePrincipal.ObjectID': text('', random.guid()) })],
  ['Update conditional access policy.', 'Policy', ({ random }) => ({ ConditionalAccessPolicy: accessPolicy(random) })],
  ['Add registered owner to device.', 'Device', ({ random }, target) => ({ 'Device.ObjectID': text('', random.guid()), 'Device.DisplayName': text('', target.deviceName), 'Device.DeviceOSType': text('', 'Windows') })],
  ['Set federation settings on domain.', 'Directory', ({ company }) => ({ FederationSettings: list('', company.domain), LiveType: list('Managed', 'Federated') })],
  ['Disable Strong Authentication.', 'User', () => ({ StrongAuthenticationRequirement: list('Enabled', ''), 'Included Updated Properties': text('', 'StrongAuthenticationRequirement') })],
];

export const directory: Family = {
  recordTypes: { 8: 34 },
  make: (scene) => {
    const { random, company } = scene;
    const [operation, category, changesOf] = random.pick(OPERATIONS);
    const [admin, target] = [random.pick(company.people), random.pick(company.people)];
    const isService = random.chance(0.25);
    const isGuest = category === 'User' && random.chance(0.1);
    const targetName = isGuest ? `${outsideAddress(random).replace('@', '_')}#EXT#@${company.domain}` : target.userPrincipalName;
    const actorId = isService ? `ServicePrincipal_${random.guid()}` : admin.userPrincipalName;
    const address = isService ? '<null>' : admin.address;
    return record(scene, {
      recordType: 8, operation, workload: 'AzureActiveDirectory', userId: actorId, userKey: isService ? 'Not Available' : `${admin.puid}@${company.domain}`, userType: isService ? 4 : 0,
      resultStatus: random.chance(0.93) ? 'Success' : 'Failure', objectId: category === 'User' ? targetName : category === 'Policy' ? 'Not Available' : `${category}_${random.guid()}`, clientIp: address,
    }, {
      AzureActiveDirectoryEventType: 1,
      ExtendedProperties: pairs({
        additionalDetails: JSON.stringify({ 'User-Agent': admin.userAgent, ...(category === 'User' ? { UserType: isGuest ? 'Guest' : 'Member' } : { AppId: random.guid(), DeviceId: admin.deviceId }) }),
        extendedAuditEventCategory: category,
      }),
      ModifiedProperties: Object.entries(changesOf(scene, target)).map(([Name, { NewValue, OldValue }]) => ({ Name, NewValue, OldValue })),
      Actor: isService ? serviceActor(random, actorId) : personActor(random, admin),
      ActorContextId: company.id,
      ...(isService ? {} : { ActorIpAddress: address }),
      InterSystemsId: random.guid(),
      IntraSystemId: random.guid(),
      SupportTicketId: '',
      Target: targetOf(random, category, target, targetName),
      TargetContextId: company.id,
    });
  },
};

function personActor(random: Random, { userPrincipalName, puid, objectId }: Person): AuditEvent[] {
  return [{ ID: userPrincipalName, Type: 5 }, { ID: puid, Type: 3 }, { ID: random.guid(), Type: 2 }, { ID: `User_${objectId}`, Type: 2 }, { ID: objectId, Type: 2 }, { ID: 'User', Type: 2 }];
}

function serviceActor(random: Random, actorId: string): AuditEvent[] {
  return [{ ID: random.pick(['Device Registration Service', 'Microsoft Teams Services', 'Report export']), Type: 1 }, { ID: random.guid(), Type: 2 }, { ID: actorId, Type: 2 }, { ID: actorId.slice(17), Type: 2 }, { ID: 'ServicePrincipal', Type: 2 }];
}

function targetOf(random: Random, category: string, target: Person, targetName: string): AuditEvent[] {
  const id = category === 'User' ? target.objectId : random.guid();
  const identity = [{ ID: `${category}_${id}`, Type: 2 }, { ID: id, Type: 2 }, { ID: category, Type: 2 }];
  return category === 'User' ? [...identity, { ID: targetName, Type: 5 }, { ID: target.puid, Type: 3 }] : [...identity, { ID: 'Report export', Type: 1 }];
}

function text(OldValue: string, NewValue: string): Change {
  return { OldValue, NewValue };
}

/** Values as the directory writes them: a JSON array, broken over lines. */
function list(old: string, now: string | boolean): Change {
  const write = (value: string | boolean): string => value === '' ? '[]' : JSON.stringify([value], undefined, 2).replaceAll('\n', '\r\n');
  return { OldValue: write(old), NewValue: write(now) };
}

function lines(value: unknown): string {
  return JSON.stringify(value, undefined, 2).replaceAll('\n', '\r\n');
}

function methods(random: Random): Change {
  return { OldValue: lines([{ MethodType: 6, Default: true }]), NewValue: lines([{ MethodType: 6, Default: true }, { MethodType: random.integer(0, 7), Default: false }]) };
}

function licenses(random: Random): Change {
  const license = (name: string): string => `[SkuName=${name}, AccountId=${random.guid()}, SkuId=${random.guid()}, DisabledPlans=[]]`;
  return { OldValue: lines([license('SPE_E3')]), NewValue: lines([license('SPE_E3'), license('SPE_E5'), license('POWER_BI_PRO')]) };
}

function plans(random: Random): Change {
  const services = ['exchange/EURP194-002', 'SharePoint/SPOS1216', 'MicrosoftCommunicationsOnline/EMEA-1E-S5', 'WindowsDefenderATP/SCMAppProduction', 'YammerEnterprise/NA001', 'MicrosoftStream/NA001', 'To-Do/NA001', 'ProjectWorkManagement/PROD_EU_Org_Ring_75'];
  const plan = (name: string): AuditEvent => ({ SubscribedPlanId: random.guid(), ServiceInstance: name, CapabilityStatus: 0, AssignedTimestamp: '2026-09-01T06:12:44.1290373Z', InitialState: null, ServicePlanId: random.guid() });
  return { OldValue: lines(services.slice(0, 3).map(plan)), NewValue: lines(services.map(plan)) };
}

function addresses(count: number): Change {
  const address = (_: unknown, index: number): AuditEvent => ({ AddressType: 0, Address: `https://reports${index}.example/signin-oidc`, ReplyAddressClientType: 1, ReplyAddressIndex: null, IsReplyAddressDefault: false });
  return { OldValue: lines(Array.from({ length: count - 1 }, address)), NewValue: lines(Array.from({ length: count }, address)) };
}

function resourceAccess(random: Random): Change {
  const access = { ResourceAppId: 'c5393580-f805-4401-95e8-94b7a6ef2fc2', RequiredAppPermissions: Array.from({ length: 5 }, () => random.guid()).map((EntitlementId) => ({ EntitlementId, DirectAccessGrant: true, ImpersonationAccessGrants: [] })), EncodingVersion: 1 };
  const graph = { ...access, ResourceAppId: '00000003-0000-0000-c000-000000000000' };
  return { OldValue: lines([access]), NewValue: lines([access, graph]) };
}

function accessPolicy(random: Random): Change {
  const policy = (state: string): string => JSON.stringify({
    id: random.guid(), displayName: 'Require MFA for admins', createdDateTime: '2026-02-11T09:30:01.0027+00:00', state,
    conditions: { applications: { includeApplications: ['All'], excludeApplications: [], includeUserActions: [] }, users: { includeUsers: [], excludeUsers: [random.guid()], includeRoles: [random.guid(), random.guid()] }, clientAppTypes: ['all'], locations: { includeLocations: ['All'], excludeLocations: ['AllTrusted'] } },
    grantControls: { operator: 'OR', builtInControls: ['mfa'], customAuthenticationFactors: [], termsOfUse: [] },
  });
  return { OldValue: policy('enabledForReportingButNotEnforced'), NewValue: policy('enabled') };
}
