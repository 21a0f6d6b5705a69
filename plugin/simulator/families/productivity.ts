/** Forms, Planner and Stream. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#microsoft-forms-schema */
import { bareAddress, record, type Family } from './family.ts';

export const productivity: Family = {
  recordTypes: { 66: 5, 188: 2, 32: 1 },
  make: (scene, recordType) => {
    const { random, company } = scene;
    const person = random.pick(company.people);
    const envelope = { recordType, userId: person.userPrincipalName, userKey: person.objectId, clientIp: bareAddress(scene, person) };
    if (recordType === 188) {
      return record(scene, { ...envelope, operation: random.pick(['PlanRead', 'PlanModified', 'TaskAssigned']), workload: 'Planner', resultStatus: String(random.integer(1, 3)), objectId: random.hex(28) }, {
        ContainerId: random.guid(), ContainerType: 1, PlanIdList: random.hex(28), RequestClientTenantId: company.id,
      });
    }
    if (recordType === 32) {
      return record(scene, { ...envelope, operation: random.pick(['StreamInvokeVideoView', 'StreamEditVideo']), workload: 'MicrosoftStream', resultStatus: 'Success' }, {
        EntityPath: `/video/${random.guid()}`, OperationDetails: JSON.stringify({ title: 'All hands' }), ResourceTitle: 'All hands', ResourceUrl: 'https://web.microsoftstream.com/video/1',
      });
    }
    return record(scene, { ...envelope, operation: random.pick(['CreateForm', 'EditForm', 'SubmitResponse', 'ViewForm', 'ExportForm', 'AllowAnonymousResponse']), workload: 'MicrosoftForms', objectId: random.hex(60) }, {
      ActivityParameters: JSON.stringify({ CollaboratorCount: random.integer(0, 3), FormLocale: 'en-us' }),
      FormId: random.hex(60),
      FormName: random.pick(['Canteen survey', 'Umfrage Betriebsrat', 'Quiz: fire drill']),
      FormTypes: [random.integer(0, 2)],
      FormsUserTypes: [random.integer(0, 3)],
      SourceApp: random.pick(['Form', 'Sway', 'Teams']),
      UserAgent: person.userAgent,
    });
  },
};
