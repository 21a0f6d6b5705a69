/** Automated investigation and response. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#automated-investigation-and-response-events-in-office-365 */
import { makeAddress } from '../company.ts';
import { messageId, outsideAddress, record, SUBJECTS, type AuditEvent, type Family, type Scene } from './family.ts';

export const investigation: Family = {
  recordTypes: { 64: 5, 86: 1 },
  make: (scene, recordType) => {
    const { random, timeMs } = scene;
    const id = `urn:${random.pick(['ZappedUrlInvestigation', 'SubmissionInvestigation', 'ZappedFileInvestigation'])}:${random.hex(32)}`;
    const time = (offset: number): string => new Date(timeMs + offset).toISOString().slice(0, 19);
    return record(scene, { recordType, operation: recordType === 64 ? 'AirInvestigationData' : 'AirManualInvestigation', workload: 'AirInvestigation', userId: 'AirInvestigation', userKey: 'AirInvestigation', userType: 4, objectId: id }, {
      Actions: [JSON.stringify(action(scene)), JSON.stringify({ ActionId: id, ActionStatus: 'Pending', ActionType: 'EmailRemediation' })],
      Data: data(scene, id),
      DeepLinkUrl: `https://security.microsoft.com/airinvestigation/${encodeURIComponent(id)}`,
      EndTimeUtc: time(0),
      InvestigationId: id,
      InvestigationName: 'Mail with malicious urls - investigation',
      InvestigationType: id.split(':')[1],
      LastUpdateTimeUtc: time(-5000),
      RunningTime: random.integer(30, 7200),
      StartTimeUtc: time(-3_600_000),
      Status: random.pick(['Investigation Started', 'Running', 'Remediated', 'No Threats Found', 'Pending Action']),
    });
  },
};

function action({ random, timeMs }: Scene): AuditEvent {
  return {
    ActionApproval: 'None', ActionId: random.guid(), ActionStatus: 'Completed', ActionType: 'MailItemSearch', EndTime: new Date(timeMs).toISOString(), Entities: [{ $id: '1', ClusterBy: 'BodyFingerprintBin1;P2SenderDomain', MailCount: random.integer(1, 40), Source: 'UrlThreatIndicator', Type: 'mailCluster' }],
    LogCreationTime: new Date(timeMs).toISOString(), MachineName: 'DB5EUR03BG401', PendingType: 'User', RelatedAlertIds: [random.guid()], StartTime: new Date(timeMs - 60_000).toISOString(),
  };
}

/** The text in `Data`; the service writes QueryTime twice into a cluster, in two forms, so this is put together by hand. */
function data({ random, company, timeMs }: Scene, id: string): string {
  const recipient = random.pick(company.people).userPrincipalName;
  const time = new Date(timeMs).toISOString();
  const american = new Date(timeMs).toLocaleString('en-US', { timeZone: 'UTC' }).replace(',', '').replaceAll('\u202f', ' ');
  const mail = JSON.stringify({
    $id: '3', Type: 'mailMessage', Recipient: recipient, InternetMessageId: messageId(random), NetworkMessageId: random.guid(), P1Sender: outsideAddress(random), P2Sender: outsideAddress(random), SenderIP: makeAddress(random), Subject: random.pick(SUBJECTS),
    DeliveryAction: 'Blocked', OriginalDeliveryLocation: 'Quarantine', PhishConfidenceLevel: 'High', ThreatDetectionMethods: ['Urldetonation'], Urls: ['https://login.parcel-notice.example/verify'], ReceivedDate: time,
  });
  const cluster = `{"$id":"2","Type":"mailCluster","QueryTime":"${time}","Query":"(NormalizedUrl:\\"https://login.parcel-notice.example\\")","QueryTime":"${american}","MailCount":${random.integer(1, 40)},"Threats":["Phish"]}`;
  const user = JSON.stringify({ $id: '4', Type: 'mailbox', MailboxPrimaryAddress: recipient, Upn: recipient, RiskLevel: 'None' });
  return `{"Version":"3.0","VendorName":"Microsoft","ProviderName":"OATP","AlertType":"${random.guid()}","StartTimeUtc":"${time}","EndTimeUtc":"${time}","TimeGenerated":"${time}","ProcessingEndTime":"${time}","Status":"InProgress","Severity":"Medium",`
    + `"ConfidenceLevel":"Unknown","ConfidenceScore":1.0,"IsIncident":false,"ProviderAlertId":"${random.guid()}","InvestigationId":"${id}","Intent":"Probing","ResourceIdentifiers":[{"$id":"1","AadTenantId":"${company.id}","Type":"AAD"}],`
    + `"AlertDisplayName":"Email messages containing malicious URL removed after delivery","Description":"Emails with malicious URL that were delivered and later removed","Entities":[${cluster},${mail},${user}],"LogCreationTime":"${time}"}`;
}
