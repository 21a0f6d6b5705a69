/** Files and folders in SharePoint and OneDrive, and their sharing. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#sharepoint-file-operations */
import { FILE_EXTENSIONS, FILE_NAMES, outsideAddress, record, type AuditEvent, type Family, type Scene } from './family.ts';
import { pickPlace, sharePointBase, sharePointEnvelope, type Place } from './sharepoint.ts';

const FILE_OPERATIONS = ['FileAccessed', 'FileAccessed', 'FileDownloaded', 'FileDownloaded', 'FileModified', 'FileUploaded', 'FileDeleted', 'FileRenamed', 'FileMoved', 'FileCopied', 'FilePreviewed', 'FileSyncDownloadedFull',
  'FileRecycled', 'FileCheckedOut', 'FileSensitivityLabelApplied', 'FileMalwareDetected', 'FolderCreated', 'FolderModified', 'FileVersionsAllDeleted'] as const;
const SHARING_OPERATIONS = ['SharingSet', 'AnonymousLinkCreated', 'SecureLinkCreated', 'AddedToSecureLink', 'SharingInvitationCreated', 'AddedToGroup', 'SharingRevoked', 'CompanyLinkUsed', 'SharingInheritanceBroken'] as const;

interface FileOnSite {
  readonly directory: string;
  readonly name: string;
  readonly extension: string;
  readonly url: string;
}

export const sharePointFile: Family = {
  recordTypes: { 6: 34, 14: 12 },
  make: (scene, recordType) => {
    const place = pickPlace(scene);
    return recordType === 14 ? sharing(scene, place) : fileOperation(scene, place);
  },
};

function fileOperation(scene: Scene, place: Place): AuditEvent {
  const { random } = scene;
  const operation = random.pick(FILE_OPERATIONS);
  const { directory, name, extension, url } = makeFile(scene, place);
  const isFolder = operation.startsWith('Folder');
  const moved = operation === 'FileMoved' || operation === 'FileCopied' || operation === 'FileRenamed';
  return record(scene, sharePointEnvelope(scene, place, 6, operation, isFolder ? `${place.url}/${directory}` : url), {
    ...sharePointBase(scene, place, isFolder ? 'Folder' : 'File'),
    HighPriorityMediaProcessing: false,
    SiteUrl: `${place.url}/`,
    SourceRelativeUrl: directory,
    SourceFileName: isFolder ? directory.split('/').at(-1) : name,
    SourceFileExtension: isFolder ? '' : extension,
    ...(isFolder ? {} : { FileSizeBytes: random.integer(900, 40_000_000) }),
    ...(moved ? { DestinationFileExtension: extension, DestinationFileName: `${name.slice(0, -extension.length - 1)} (2).${extension}`, DestinationRelativeUrl: `${place.library}/Archive` } : {}),
    ...(operation === 'FileSensitivityLabelApplied' ? { SensitivityLabelId: random.guid(), SensitivityLabelOwnerEmail: place.person.userPrincipalName, DestinationLabel: random.guid() } : {}),
    ...(operation === 'FileMalwareDetected' ? { VirusInfo: 'DOS/EICAR_Test_File', VirusVendor: 'Default' } : {}),
    ...(operation === 'FileDownloaded' ? { IsViewableByExternalUsers: random.chance(0.2) } : {}),
  });
}

function sharing(scene: Scene, place: Place): AuditEvent {
  const { random, company } = scene;
  const operation = random.pick(SHARING_OPERATIONS);
  const { directory, name, extension, url } = makeFile(scene, place);
  const guest = outsideAddress(random);
  const [targetName, targetType] = random.pick([
    [`${guest.replace('@', '_')}#ext#@${company.domain}`, 'Guest'],
    [random.pick(company.people).userPrincipalName, 'Member'],
    [`SharingLinks.${random.guid()}.AnonymousEdit.${random.guid()}`, 'SharePointGroup'],
    [`${place.site.name} Owners`, 'SecurityGroup'],
  ] as const);
  return record(scene, sharePointEnvelope(scene, place, 14, operation, url), {
    ...sharePointBase(scene, place, 'File'),
    EventData: `<Permissions granted>${random.pick(['Contribute', 'Read', 'Limited Access'])}</Permissions granted><MembersCanShareApplied>False</MembersCanShareApplied>`,
    SiteUrl: place.url,
    SourceFileExtension: extension,
    SourceFileName: name,
    SourceRelativeUrl: directory,
    TargetUserOrGroupName: targetName,
    TargetUserOrGroupType: targetType,
    UniqueSharingId: random.guid(),
  });
}

/** A file somewhere in the place's library; its URL has the spaces and letters that SharePoint leaves in. */
function makeFile({ random }: Scene, place: Place): FileOnSite {
  const extension = random.pick(FILE_EXTENSIONS);
  const name = `${random.pick(FILE_NAMES)} ${random.integer(1, 99)}.${extension}`;
  const directory = `${place.library}/${random.pick(['General', 'Archive 2025', 'Für alle', 'Quarter 3/Drafts'])}`;
  return { extension, name, directory, url: `${place.url}/${directory}/${name}` };
}
