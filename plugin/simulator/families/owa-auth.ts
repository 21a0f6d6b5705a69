/** Sign-ins that Outlook on the web records by itself (OWAAuth). Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#auditlogrecordtype */
import { accessContext, bareAddress, record, type Family } from './family.ts';

export const owaAuth: Family = {
  recordTypes: { 275: 4 },
  make: (scene) => {
    const { random, company } = scene;
    const person = random.pick(company.people);
    const address = bareAddress(scene, person);
    return record(scene, {
      recordType: 275, operation: random.pick(['PasswordLogonInitialAuthUsingPassword', 'ForeignRealmIndexLogonInitialAuthUsingADFSFederatedToken', 'PasswordLogonCookieCopyUsingDAToken', 'UserLoggedOff']),
      workload: 'Exchange', userId: person.userPrincipalName, userKey: person.puid, userType: 0, resultStatus: 'Succeeded', clientIp: address,
    }, {
      ActorIP: address,
      AppAccessContext: accessContext(scene),
      AuthType: random.pick(['Cookie', 'BearerToken', 'PreAuth']),
      ClientInfoString: `Client=OWA;${person.userAgent}`,
      DeviceId: person.deviceId,
      MailboxGuid: person.mailboxGuid,
      MailboxOwnerUPN: person.userPrincipalName,
      SessionId: random.guid(),
      TokenTenantId: company.id,
      UniqueTokenIdentifier: random.hex(22),
      UserAgent: person.userAgent,
    });
  },
};
