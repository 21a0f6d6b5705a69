/** Microsoft Teams: teams, channels, chats, messages, settings, administration. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#microsoft-teams-schema */
import type { Person } from '../company.ts';
import { bareAddress, outsideAddress, pairs, record, timeText, type AuditEvent, type Family, type Scene } from './family.ts';

const OPERATIONS: readonly (readonly [string, (scene: Scene) => AuditEvent])[] = [
  ['TeamCreated', (scene) => ({ ...team(scene), Members: members(scene, 4) })],
  ['MemberAdded', (scene) => ({ ...team(scene), Members: members(scene, 2) })],
  ['MemberRemoved', (scene) => ({ ...team(scene), Members: members(scene, 1) })],
  ['MemberRoleChanged', (scene) => ({ ...team(scene), Members: members(scene, 1) })],
  ['ChannelAdded', (scene) => ({ ...team(scene), ...channel(scene), ChannelType: scene.random.pick(['Standard', 'Private', 'Shared']) })],
  ['MessageSent', message],
  ['MessageEditedHasLink', message],
  ['ChatCreated', chat],
  ['MeetingParticipantDetail', meeting],
  ['TeamsSessionStarted', ({ random }) => ({ Name: 'SessionStarted', SessionId: random.guid() })],
  ['TeamSettingChanged', (scene) => ({ ...team(scene), Name: 'Privacy', OldValue: 'Private', NewValue: 'Public' })],
  ['TeamsTenantSettingChanged', () => ({ Name: 'AllowGuestUser', OldValue: 'False', NewValue: 'True', AddOnGuid: '' })],
  ['AppInstalled', ({ random, ...scene }) => ({ ...team({ random, ...scene }), AddOnName: random.pick(['Polls', 'Jira Cloud', 'Whiteboard']), AddOnGuid: random.guid(), AddOnType: random.integer(1, 3), AppDistributionMode: 'Store', TargetUserId: random.guid() })],
];
const CMDLETS = ['Set-CsTenantFederationConfiguration', 'Set-CsTeamsClientConfiguration', 'Grant-CsTeamsMeetingPolicy', 'New-CsTeamsAppPermissionPolicy'] as const;

export const teams: Family = {
  recordTypes: { 25: 26, 57: 4, 23: 2 },
  make: (scene, recordType) => {
    const { random, company } = scene;
    const person = random.pick(company.people);
    if (recordType !== 25) return administration(scene, recordType, person);
    const [operation, more] = random.pick(OPERATIONS);
    return record(scene, { recordType, operation, workload: 'MicrosoftTeams', userId: person.userPrincipalName, userKey: person.objectId, clientIp: bareAddress(scene, person) }, {
      ExtraProperties: [{ Key: 'TimeZone', Value: 'Europe/Berlin' }, { Key: 'OsName', Value: 'windows' }, { Key: 'OsVersion', Value: '11' }, { Key: 'Country', Value: 'de' }, { Key: 'ClientName', Value: 'skypeteams' }, { Key: 'ClientVersion', Value: '27/1.0.0.2026' }, { Key: 'ClientUtcOffsetSeconds', Value: '7200' }],
      AppAccessContext: { UniqueTokenId: random.hex(22), IssuedAtTime: timeText(scene.timeMs - 600_000) },
      UserAgent: person.userAgent,
      ...more(scene),
    });
  },
};

function administration(scene: Scene, recordType: number, admin: Person): AuditEvent {
  const { random, company } = scene;
  const workload = recordType === 57 ? 'MicrosoftTeams' : 'SkypeForBusiness';
  return record(scene, { recordType, operation: random.pick(CMDLETS), workload, userId: admin.userPrincipalName, userKey: admin.sid, userType: 2, resultStatus: 'Succeeded', objectId: 'Global' }, {
    CmdletVersion: '7.0.2823.1',
    ExternalAccess: false,
    ObjectName: 'Global',
    Parameters: pairs({ Identity: 'Global', AllowFederatedUsers: 'True', AllowTeamsConsumer: 'True', AllowDropBox: 'False', BlockedDomains: 'parcel-notice.example' }),
    SkypeForBusinessEventType: 2,
    TenantName: company.id,
  });
}

function team({ random, company }: Scene): AuditEvent {
  const { name, guid, groupId } = random.pick(company.teams);
  return { AADGroupId: groupId, CommunicationType: 'Team', ItemName: name, TeamGuid: guid, TeamName: name };
}

function channel({ random, company }: Scene): AuditEvent {
  const { channel: name, channelGuid } = random.pick(company.teams);
  return { ChannelGuid: channelGuid, ChannelName: name };
}

function members({ random, company }: Scene, most: number): AuditEvent[] {
  return random.sample(company.people, random.integer(1, most)).map(({ displayName, userPrincipalName }) => ({ DisplayName: displayName, Role: random.integer(0, 2), UPN: userPrincipalName }));
}

function message(scene: Scene): AuditEvent {
  const { random, timeMs } = scene;
  return { ...team(scene), ...channel(scene), MessageId: String(timeMs), MessageVersion: String(timeMs + 4711), MessageSizeInBytes: random.integer(20, 4000), MessageURLs: random.chance(0.5) ? ['https://wiki.example/page?id=7', 'https://intranet.example/a'] : [], ParentMessageId: String(timeMs - 60_000), SubscriptionId: random.guid() };
}

function chat({ random, company, ...scene }: Scene): AuditEvent {
  const isOneOnOne = random.chance(0.6);
  const people = members({ random, company, ...scene }, isOneOnOne ? 1 : 5);
  const outsider = outsideAddress(random);
  return {
    ChatThreadId: `19:${random.hex(32)}@thread.v2`,
    ChatName: isOneOnOne ? '' : 'Planning',
    CommunicationType: isOneOnOne ? 'OneOnOne' : 'GroupChat',
    Members: [...people, { DisplayName: random.pick(['Help Desk', 'IT Support', 'A. Novák']), Role: 0, UPN: outsider, OrganizationId: random.guid() }],
    OperationScope: 'Internal',
    ParticipantInfo: { HasForeignTenantUsers: true, HasGuestUsers: false, HasOtherGuestUsers: false, HasUnauthenticatedUsers: false, ParticipatingDomains: [outsider.split('@')[1]], ParticipatingSIPDomains: [], ParticipatingTenantIds: [company.id, random.guid()] },
    ResourceTenantId: company.id,
  };
}

function meeting({ random, company, timeMs }: Scene): AuditEvent {
  return {
    Attendees: random.sample(company.people, random.integer(1, 4)).map(({ objectId, displayName, userPrincipalName }) => ({ OrganizationId: company.id, RecipientType: 'User', UserObjectId: objectId, DisplayName: displayName, UPN: userPrincipalName })),
    ArtifactsShared: [{ ArtifactSharedName: random.pick(['videoShared', 'screenShared', 'audioShared']) }],
    DeviceInformation: 'Teams Desktop Client',
    IsJoinedFromLobby: false,
    JoinTime: timeText(timeMs - 1_800_000),
    LeaveTime: timeText(timeMs),
    MeetingDetailId: random.guid(),
    MeetingURL: `https://teams.microsoft.com/l/meetup-join/19%3ameeting_${random.hex(32)}%40thread.v2/0`,
    OperationScope: 'Internal',
  };
}
