/** eDiscovery: cases, searches, holds and exports. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#ediscovery-events */
import { record, timeText, type Family } from './family.ts';

export const eDiscovery: Family = {
  recordTypes: { 24: 4, 31: 1 },
  make: (scene, recordType) => {
    const { random, company, timeMs } = scene;
    const person = random.pick(company.people);
    const search = `Case ${random.integer(1, 99)} mailboxes`;
    return record(scene, {
      recordType, operation: random.pick(['SearchCreated', 'SearchStarted', 'SearchExportDownloaded', 'HoldCreated', 'CaseAdded', 'ViewedSearchPreviewed']), workload: 'SecurityComplianceCenter', userId: person.userPrincipalName, userKey: person.userPrincipalName,
      resultStatus: 'Succeeded', objectId: search, clientIp: person.address,
    }, {
      Case: 'Merger',
      CaseId: random.guid(),
      CaseName: 'Merger',
      CmdletVersion: '...',
      EndTime: timeText(timeMs),
      ExchangeLocations: `${person.userPrincipalName}, ${random.pick(company.people).userPrincipalName}`,
      ExportName: `${search}_Export`,
      ExtendedProperties: [{ Name: 'ItemName', Value: search }, { Name: 'ItemSize', Value: '31885' }],
      JobId: random.guid(),
      ObjectType: 'ComplianceSearch',
      Parameters: `-Name "${search}" -ExchangeLocation ("${person.userPrincipalName}")`,
      PublicFolderLocations: '',
      Query: '(subject:merger) AND (sent>=2026-01-01)',
      QueryText: 'subject:merger',
      RecordNumber: '1',
      SharepointLocations: company.sites[0]?.url ?? '',
      StartTime: timeText(timeMs - 90_000),
    });
  },
};
