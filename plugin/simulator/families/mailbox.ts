/** Mailbox audit: one item, several items, and MailItemsAccessed. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#exchange-mailbox-schema */
import type { Person } from '../company.ts';
import type { Random } from '../random.ts';
import { bareAddress, exchangeServer, itemId, messageId, pairs, record, SUBJECTS, type AuditEvent, type Family, type Scene } from './family.ts';

const OPERATIONS: Readonly<Record<number, readonly string[]>> = {
  2: ['Create', 'Send', 'SendAs', 'SendOnBehalf', 'Update', 'ModifyFolderPermissions', 'UpdateInboxRules', 'MailboxLogin'],
  3: ['SoftDelete', 'HardDelete', 'MoveToDeletedItems', 'Move'],
  50: ['MailItemsAccessed'],
};
const CLIENTS = ['Client=OWA;Action=ViaProxy', 'Client=OutlookService;Outlook-Android/2.0;', 'Client=MSExchangeRPC', 'Client=REST;Client=RESTSystem;;', 'Client=POP3/IMAP4;Protocol=IMAP4', 'Client=Microsoft.Exchange.ActiveSync'] as const;
const FOLDERS = ['\\Inbox', '\\Sent Items', '\\Deleted Items', '\\Drafts', '\\Archive', '\\Calendar', '\\Inbox\\Projekte'] as const;

export const mailbox: Family = {
  recordTypes: { 2: 12, 3: 10, 50: 26 },
  make: (scene, recordType) => {
    const { random, company } = scene;
    const owner = random.pick(company.people);
    const isDelegate = random.chance(0.25);
    const actor = isDelegate ? random.pick(company.people) : owner;
    const address = bareAddress(scene, actor);
    return record(scene, {
      recordType, operation: random.pick(OPERATIONS[recordType] ?? ['Update']), workload: 'Exchange', userId: actor.userPrincipalName, userKey: actor.puid, userType: 0,
      resultStatus: random.pick(['Succeeded', 'Succeeded', 'Succeeded', 'PartiallySucceeded', 'Failed']), ...(recordType === 50 ? {} : { clientIp: address }),
    }, {
      AppId: random.pick(['00000002-0000-0ff1-ce00-000000000000', '27922004-5251-4030-b22d-91ecd9a37ea4', '']),
      ...(recordType === 50 ? { AppAccessContext: { AADSessionId: random.guid(), IssuedAtTime: '1601-01-01T00:00:00', UniqueTokenId: random.hex(22) } } : {}),
      ClientIPAddress: address,
      ClientInfoString: `${random.pick(CLIENTS)};${actor.userAgent};`,
      ...(random.chance(0.4) ? { ClientProcessName: 'OUTLOOK.EXE', ClientVersion: '16.0.19127.20222', ClientMachineName: actor.deviceName } : {}),
      ExternalAccess: false,
      InternalLogonType: 0,
      LogonType: isDelegate ? 2 : 0,
      LogonUserDisplayName: actor.displayName,
      LogonUserSid: actor.sid,
      MailboxGuid: owner.mailboxGuid,
      MailboxOwnerSid: owner.sid,
      MailboxOwnerUPN: owner.userPrincipalName,
      OrganizationName: company.domain,
      OriginatingServer: exchangeServer(random),
      SessionId: random.guid(),
      ...(recordType === 2 ? oneItem(scene) : recordType === 3 ? manyItems(scene, owner) : accessedItems(random)),
    });
  },
};

function oneItem({ random }: Scene): AuditEvent {
  const attachments = random.chance(0.4) ? `Rechnung (Kopie).pdf (${random.integer(1000, 900_000)}b); logo.png (${random.integer(500, 9000)}b)` : undefined;
  return {
    Item: {
      Id: itemId(random),
      InternetMessageId: messageId(random),
      IsRecord: false,
      ParentFolder: folder(random),
      SizeInBytes: random.integer(2000, 3_000_000),
      Subject: random.pick(SUBJECTS),
      ...(attachments === undefined ? {} : { Attachments: attachments }),
    },
    ...(random.chance(0.3) ? { ModifiedProperties: ['RecipientCollection', 'Subject', 'ReminderSet'] } : {}),
  };
}

function manyItems({ random }: Scene, owner: Person): AuditEvent {
  const items = Array.from({ length: random.integer(1, 6) }, () => ({
    Id: itemId(random), InternetMessageId: messageId(random), ParentFolder: folder(random), Subject: random.pick(SUBJECTS),
    ...(random.chance(0.2) ? { Attachments: `scan.pdf (${random.integer(10_000, 90_000)}b)` } : {}),
  }));
  return { AffectedItems: items, CrossMailboxOperation: false, DestFolder: { Id: itemId(random, 34), Path: '\\Deleted Items' }, Folder: folder(random), DestMailboxOwnerUPN: owner.userPrincipalName };
}

function accessedItems(random: Random): AuditEvent {
  const isSync = random.chance(0.3);
  const folders = Array.from({ length: random.integer(1, 3) }, () => ({
    ...folder(random),
    FolderItems: Array.from({ length: isSync ? 1 : random.integer(1, 14) }, () => ({
      ClientRequestId: random.guid(), Id: itemId(random, 33), ImmutableId: itemId(random, 24), InternetMessageId: messageId(random), SizeInBytes: random.integer(2000, 400_000),
    })),
  }));
  return {
    OperationProperties: pairs({ MailAccessType: isSync ? 'Sync' : 'Bind', IsThrottled: random.pick(['False', 'False', 'False', 'True']) }),
    Folders: folders,
    OperationCount: folders.reduce((sum, { FolderItems }) => sum + FolderItems.length, 0),
  };
}

function folder(random: Random): { Id: string; Path: string } {
  return { Id: itemId(random, 34), Path: random.pick(FOLDERS) };
}
