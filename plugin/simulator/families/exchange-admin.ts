/** Exchange cmdlets from the admin audit log. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#exchange-admin-schema */
import type { Person } from '../company.ts';
import { clientAddress, exchangeServer, outsideAddress, pairs, record, type AuditEvent, type Family, type Scene } from './family.ts';

const SERVICE_HOST = 'NT AUTHORITY\\SYSTEM (Microsoft.Exchange.ServiceHost)';

/** Each cmdlet and the parameters it is called with. */
const CMDLETS: readonly (readonly [string, (target: Person, scene: Scene) => Record<string, string>])[] = [
  ['Set-Mailbox', ({ userPrincipalName }, { random }) => ({
    Identity: userPrincipalName, ForwardingSmtpAddress: `smtp:${outsideAddress(random)}`, DeliverToMailboxAndForward: random.pick(['True', 'False']), AuditEnabled: 'True',
    ProhibitSendQuota: '49 GB (52,613,349,376 bytes)', ProhibitSendReceiveQuota: '50 GB (53,687,091,200 bytes)', IssueWarningQuota: '48 GB (51,539,607,552 bytes)', RetainDeletedItemsFor: '14.00:00:00',
  })],
  ['New-InboxRule', (_, { random }) => ({
    Name: random.pick(['..', 'Newsletters', 'Rechnungen']), SubjectOrBodyContainsWords: 'invoice;payment;bank', MoveToFolder: 'RSS Subscriptions', MarkAsRead: 'True', StopProcessingRules: 'True',
    DeleteMessage: random.pick(['True', 'False']), ForwardTo: random.chance(0.3) ? outsideAddress(random) : '', AlwaysDeleteOutlookRulesBlob: 'False', Force: 'False',
  })],
  ['Add-MailboxPermission', ({ userPrincipalName }, { random, company }) => ({
    Identity: userPrincipalName, User: random.pick(company.people).userPrincipalName, AccessRights: 'FullAccess', InheritanceType: 'All', AutoMapping: 'True',
  })],
  ['Add-RecipientPermission', ({ userPrincipalName }, { random, company }) => ({ Identity: userPrincipalName, Trustee: random.pick(company.people).userPrincipalName, AccessRights: 'SendAs', Confirm: 'False' })],
  ['New-TransportRule', (_, { random, company }) => ({
    Name: 'External mail banner', FromScope: 'NotInOrganization', SentToScope: 'InOrganization', ApplyHtmlDisclaimerLocation: 'Prepend', ApplyHtmlDisclaimerFallbackAction: 'Wrap',
    ApplyHtmlDisclaimerText: `<div style="border:1px solid #c00">This message came from outside ${company.name}. Check the sender before you open links or attachments.</div>`,
    Priority: String(random.integer(0, 9)), Mode: 'Enforce', StopRuleProcessing: 'False',
  })],
  ['Set-AntiPhishPolicy', () => ({ Identity: 'Office365 AntiPhish Default', EnableMailboxIntelligence: 'True', EnableSpoofIntelligence: 'True', PhishThresholdLevel: '2', TargetedUserProtectionAction: 'Quarantine', EnableFirstContactSafetyTips: 'True' })],
  ['Disable-SafeLinksRule', () => ({ Identity: 'Safe links for everybody', Confirm: 'False' })],
  ['Remove-MailboxFolderPermission', ({ userPrincipalName }, { random, company }) => ({ Identity: `${userPrincipalName}:\\Calendar`, User: random.pick(company.people).userPrincipalName, Confirm: 'False' })],
  ['Set-OwaMailboxPolicy', ({ displayName }) => ({ Identity: 'OwaMailboxPolicy-Default', ExternalImageProxyEnabled: 'True', ConditionalAccessPolicy: 'ReadOnly', OutlookBetaToggleEnabled: 'False', LastModifiedBy: displayName })],
  ['New-ManagementRoleAssignment', ({ userPrincipalName }) => ({ Name: 'ApplicationImpersonation-App', Role: 'ApplicationImpersonation', User: userPrincipalName })],
];

export const exchangeAdmin: Family = {
  recordTypes: { 1: 20 },
  make: (scene) => {
    const { random, company } = scene;
    const [operation, parametersFor] = random.pick(CMDLETS);
    const [admin, target] = [random.pick(company.people), random.pick(company.people)];
    const isSystem = random.chance(0.3);
    const actor = isSystem ? SERVICE_HOST : admin.userPrincipalName;
    const container = `EURPR0${random.integer(1, 9)}A00${random.integer(1, 9)}.PROD.OUTLOOK.COM/Microsoft Exchange Hosted Organizations/${company.domain}`;
    return record(scene, {
      recordType: 1, operation, workload: 'Exchange', userId: actor, userKey: actor, userType: isSystem ? 3 : 2,
      resultStatus: random.chance(0.95) ? 'True' : 'False', clientIp: isSystem ? '' : clientAddress(scene, admin), objectId: `${container}/${target.objectId}`,
    }, {
      AppId: isSystem ? '' : random.pick(['', 'fb78d390-0c51-40cd-8e17-fdbfab77341b']),
      ClientAppId: '',
      ExternalAccess: isSystem,
      OrganizationName: company.domain,
      OriginatingServer: exchangeServer(random),
      Parameters: pairs(parametersFor(target, scene)),
      ...identity(scene, isSystem, operation),
    } satisfies AuditEvent);
  },
};

function identity({ random, company }: Scene, isSystem: boolean, operation: string): AuditEvent {
  if (isSystem) return {};
  return {
    SessionId: random.guid(),
    RequestId: random.guid(),
    TokenObjectId: random.guid(),
    TokenTenantId: company.id,
    AppPoolName: 'MSExchangeAdminApiNetCore',
    CorrelationID: '',
    ...(operation === 'Set-Mailbox' ? { ModifiedObjectResolvedName: random.pick(company.people).displayName } : {}),
  };
}
