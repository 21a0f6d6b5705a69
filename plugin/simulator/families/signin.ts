/** Sign-ins through the token service of Entra ID. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#azure-active-directory-secure-token-service-sts-logon-schema */
import { makeAddress } from '../company.ts';
import { APPLICATIONS, pairs, record, type Family } from './family.ts';

/** Why sign-ins fail: the AADSTS number and its name. Interrupts among them are recorded on sign-ins that succeeded later. */
const ERRORS = [['50126', 'InvalidUserNameOrPassword'], ['50053', 'IdsLocked'], ['50076', 'UserStrongAuthClientAuthNRequired'], ['53003', 'BlockedByConditionalAccess'], ['65001', 'DelegationDoesNotExist'],
  ['50140', 'KmsiInterrupt'], ['50034', 'UserAccountNotFound'], ['50057', 'UserDisabled'], ['500121', 'AuthenticationFailedSasError']] as const;

export const signIn: Family = {
  recordTypes: { 15: 34 },
  make: (scene) => {
    const { random, company } = scene;
    const person = random.pick(company.people);
    const failed = random.chance(0.25);
    const [number, name] = random.pick(ERRORS);
    const application = random.pick(APPLICATIONS);
    const resource = random.pick(['00000003-0000-0000-c000-000000000000', '00000002-0000-0ff1-ce00-000000000000', 'Unknown', '5f09333a-842c-47da-a157-57da27fcbca5']);
    const address = failed && random.chance(0.5) ? makeAddress(random) : person.address;
    // An unknown user has nothing but the name that was typed.
    const isUnknown = failed && name === 'UserAccountNotFound';
    return record(scene, {
      recordType: 15, operation: failed ? 'UserLoginFailed' : 'UserLoggedIn', workload: 'AzureActiveDirectory', userId: isUnknown ? 'Not Available' : person.userPrincipalName,
      userKey: isUnknown ? 'Not Available' : person.objectId, userType: random.pick([0, 0, 0, 5]), resultStatus: failed ? random.pick(['Success', 'Failed']) : 'Success', clientIp: address, objectId: resource,
    }, {
      AzureActiveDirectoryEventType: 1,
      ExtendedProperties: pairs({
        ResultStatusDetail: failed ? random.pick(['Success', 'UserError']) : random.pick(['Success', 'Redirect']),
        KeepMeSignedIn: random.pick(['True', 'False', undefined]),
        UserAgent: person.userAgent,
        UserAuthenticationMethod: random.pick(['1', '9', '16', '272', undefined]),
        RequestType: random.pick(['Login:login', 'OAuth2:Authorize', 'OAuth2:Token', 'SAS:ProcessAuth', 'Kmsi:kmsi', 'Saml2:processrequest']),
        FlowTokenScenario: random.pick(['RequestFlowTokenRefresh', undefined]),
      }),
      ModifiedProperties: [],
      Actor: isUnknown ? [{ ID: 'Not Available', Type: 5 }] : [{ ID: person.objectId, Type: 0 }, { ID: person.userPrincipalName, Type: 5 }, { ID: person.puid, Type: 3 }],
      ActorContextId: company.id,
      ActorIpAddress: address,
      InterSystemsId: random.guid(),
      IntraSystemId: random.guid(),
      SupportTicketId: '',
      Target: [{ ID: resource, Type: 0 }],
      TargetContextId: company.id,
      ApplicationId: application.id,
      DeviceProperties: pairs({
        Id: random.chance(0.6) ? person.deviceId : undefined,
        DisplayName: random.chance(0.6) ? person.deviceName : undefined,
        OS: random.pick(['Windows10', 'Windows 11', 'MacOs', 'Linux', 'Ios 18.5', 'Android']),
        BrowserType: random.pick(['Edge', 'Chrome', 'Firefox', 'Safari', 'Other']),
        IsCompliant: random.chance(0.5) ? 'True' : undefined,
        IsCompliantAndManaged: random.pick(['True', 'False']),
        SessionId: random.guid(),
        TrustType: random.pick(['0', '1', '2', undefined]),
      }),
      ErrorNumber: failed ? number : random.pick(['0', '0', '0', '50140']),
      ...(failed ? { LogonError: name } : {}),
      ...(random.chance(0.4) ? { AppAccessContext: { AADSessionId: random.guid(), CorrelationId: random.guid(), UniqueTokenId: random.hex(22), IssuedAtTime: '1601-01-01T00:00:00' } } : {}),
    });
  },
};
