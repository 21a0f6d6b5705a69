/** Viva Engage, Yammer on the wire. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#viva-engage-schema */
import { clientAddress, FILE_NAMES, record, type Family } from './family.ts';

const OPERATIONS = ['GroupCreation', 'GroupDeletion', 'FileCreated', 'FileDownloaded', 'FileShared', 'FileUpdateName', 'MessageCreation', 'ThreadViewed', 'NetworkConfigurationUpdated', 'UserSuspension', 'SupervisorAdminToggled'] as const;
/** Ids of this service pass 32 bits; in exports they have been seen with an exponent. */
const FIRST_ID = 30_000_000_000;

export const engage: Family = {
  recordTypes: { 22: 6 },
  make: (scene) => {
    const { random, company } = scene;
    const [actor, target] = [random.pick(company.people), random.pick(company.people)];
    const operation = random.pick(OPERATIONS);
    const id = (): number => FIRST_ID + random.integer(0, 9_000_000_000);
    return record(scene, {
      recordType: 22, operation, workload: 'Yammer', userId: actor.userPrincipalName, userKey: actor.puid.toLowerCase(), resultStatus: random.pick(['TRUE', 'TRUE', 'FALSE']), clientIp: clientAddress(scene, actor), objectId: operation.startsWith('Group') ? 'Sales' : String(id()),
    }, {
      ActorUserId: actor.userPrincipalName,
      ActorYammerUserId: id(),
      DataExportType: '',
      ...(operation.startsWith('File') ? { FileId: id(), FileName: `${random.pick(FILE_NAMES)}.pdf`, VersionId: id() } : {}),
      ...(operation.startsWith('Group') ? { GroupName: random.pick(company.teams).name, IsSoftDelete: false } : {}),
      ...(operation.startsWith('Message') || operation.startsWith('Thread') ? { MessageId: id(), ThreadId: id() } : {}),
      ...(operation === 'UserSuspension' ? { TargetUserId: target.userPrincipalName, TargetYammerUserId: id() } : {}),
      YammerNetworkId: id(),
    });
  },
};
