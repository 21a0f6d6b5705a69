/** Risk detections of Entra ID and alerts of insider risk management. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#auditlogrecordtype */
import { record, timeText, type AuditEvent, type Family, type Scene } from './family.ts';

const PLACES = [['London', 'England', 'GB', 51.5142, -0.0931], ['Linköping', 'Östergötland', 'SE', 58.4167, 15.6167], ['Milton', 'Washington', 'US', 47.2513, -122.3149]] as const;

export const riskDetection: Family = { recordTypes: { 294: 2 }, make: detection };
export const insiderRisk: Family = { recordTypes: { 307: 2 }, make: insiderAlert };

function detection(scene: Scene): AuditEvent {
  const { random, company, timeMs } = scene;
  const person = random.pick(company.people);
  const [city, state, country, latitude, longitude] = random.pick(PLACES);
  return record(scene, { recordType: 294, operation: 'RiskDetection', workload: 'AzureActiveDirectory', userId: person.userPrincipalName, userKey: person.objectId, userType: 0, resultStatus: 'Success', clientIp: person.address, objectId: person.objectId }, {
    Activity: random.pick(['SignIn', 'User']),
    ActivityDateTime: timeText(timeMs - 120_000),
    AdditionalInfo: JSON.stringify([{ Key: 'userAgent', Value: person.userAgent }]),
    CorrelationId: random.guid(),
    DetectedDateTime: timeText(timeMs),
    DetectionTimingType: random.pick(['RealTime', 'NearRealTime', 'Offline']),
    IPAddress: person.address,
    Location: { City: city, CountryOrRegion: country, GeoCoordinates: { Altitude: 0, Latitude: latitude, Longitude: longitude }, State: state },
    RequestId: random.guid(),
    RiskDetail: 'None',
    RiskEventType: random.pick(['unfamiliarFeatures', 'anonymizedIPAddress', 'passwordSpray', 'leakedCredentials', 'unlikelyTravel']),
    RiskId: random.hex(64),
    RiskLevel: random.pick(['low', 'medium', 'high']),
    RiskState: random.pick(['atRisk', 'remediated', 'dismissed']),
    Source: 'IdentityProtection',
    TokenIssuerType: 'AzureAD',
    UserDisplayName: person.displayName,
  });
}

function insiderAlert(scene: Scene): AuditEvent {
  const { random, company } = scene;
  const person = random.pick(company.people);
  return record(scene, { recordType: 307, operation: 'InsiderRiskAlertCreated', workload: 'PurviewInsiderRiskManagement', userId: 'IRM', userKey: 'IRM', userType: 4, objectId: random.guid() }, {
    AlertSeverity: random.pick(['Low', 'Medium', 'High']),
    CaseName: '',
    PolicyName: 'Data theft by departing users',
    RiskScore: random.integer(10, 99),
    Status: 'NeedsReview',
    TargetUser: person.userPrincipalName,
  });
}
