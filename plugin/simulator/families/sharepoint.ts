/** Sites, pages, lists, list items, columns and comments in SharePoint and OneDrive. Source: https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#sharepoint-base-schema */
import type { Person, Site } from '../company.ts';
import { accessContext, APPLICATIONS, clientAddress, membershipKey, record, type AuditEvent, type Envelope, type Family, type Scene } from './family.ts';

const OPERATIONS: Readonly<Record<number, readonly string[]>> = {
  4: ['PageViewed', 'PageViewedExtended', 'ClientViewSignaled', 'SearchQueryPerformed', 'SiteCollectionCreated', 'SharingPolicyChanged', 'SiteRenamed', 'PagePrefetched', 'SiteCollectionAdminAdded'],
  36: ['ListViewed', 'ListCreated', 'ListUpdated', 'ListDeleted', 'ListItemCreated', 'ListItemViewed'],
  37: ['CommentCreated', 'CommentDeleted'],
  54: ['ListItemUpdated', 'ListItemDeleted', 'ListItemRecycled'],
  56: ['ListColumnCreated', 'ListColumnUpdated'],
};

/** Where something happened and by whom: a site of the company, or the person's own OneDrive. */
export interface Place {
  readonly workload: 'SharePoint' | 'OneDrive';
  readonly person: Person;
  readonly site: Site;
  /** The site's URL without a slash at the end. */
  readonly url: string;
  readonly library: string;
}

/** Picks a place for an event. */
export function pickPlace({ random, company }: Scene): Place {
  const person = random.pick(company.people);
  const site = random.pick(company.sites);
  if (random.chance(0.55)) return { workload: 'SharePoint', person, site, url: site.url, library: 'Shared Documents' };
  const personal = person.userPrincipalName.replace(/[^a-z0-9]/g, '_');
  return { workload: 'OneDrive', person, site, url: `https://${company.hostLabel}-my.sharepoint.com/personal/${personal}`, library: 'Documents' };
}

/** The members that every SharePoint record shares. */
export function sharePointBase(scene: Scene, { person, site }: Place, itemType: string): AuditEvent {
  const { random } = scene;
  const application = random.pick(APPLICATIONS);
  return {
    AppAccessContext: accessContext(scene),
    ApplicationId: application.id,
    ApplicationDisplayName: application.name,
    AuthenticationType: random.pick(['FormsCookieAuth', 'OAuth', 'FBA']),
    BrowserName: 'Edge',
    BrowserVersion: '141.0.0.0',
    CorrelationId: random.guid(),
    DeviceDisplayName: person.deviceName,
    EventSource: 'SharePoint',
    GeoLocation: random.pick(['EUR', 'NAM', 'APC']),
    IsManagedDevice: random.chance(0.6),
    ItemType: itemType,
    ListId: site.listId,
    ListItemUniqueId: random.guid(),
    Platform: random.pick(['WinDesktop', 'MacDesktop', 'WebBrowser', 'Mobile']),
    Site: site.id,
    UserAgent: person.userAgent,
    WebId: site.webId,
  };
}

/** The envelope of a SharePoint record. */
export function sharePointEnvelope(scene: Scene, { workload, person }: Place, recordType: number, operation: string, objectId: string): Envelope {
  return { recordType, operation, workload, userId: person.userPrincipalName, userKey: membershipKey(person), clientIp: clientAddress(scene, person), objectId };
}

export const sharePoint: Family = {
  recordTypes: { 4: 10, 36: 6, 37: 2, 54: 4, 56: 2 },
  make: (scene, recordType) => {
    const { random } = scene;
    const place = pickPlace(scene);
    const operation = random.pick(OPERATIONS[recordType] ?? ['PageViewed']);
    const listTitle = random.pick(['Documents', 'Site Pages', 'Aufgaben', 'Style Library']);
    const isPage = recordType === 4;
    const object = isPage ? `${place.url}/SitePages/Home.aspx` : `${place.url}/${place.site.listId}/${random.integer(1, 999)}_.000`;
    const base = sharePointBase(scene, place, isPage ? 'Page' : recordType === 36 ? 'List' : recordType === 56 ? 'Field' : 'ListItem');
    return record(scene, sharePointEnvelope(scene, place, recordType, operation, object), {
      ...base,
      ...(operation === 'SearchQueryPerformed' ? { SearchQueryText: random.pick(['salary', 'password list', 'Umsatz 2026']), QuerySource: 'SharePoint' } : {}),
      ...(operation === 'SharingPolicyChanged' ? { ModifiedProperties: [{ Name: 'ShareUsingAnonymousLinks', NewValue: 'True', OldValue: 'False' }, { Name: 'AllowGuestUser', NewValue: 'Enabled', OldValue: 'Disabled' }] } : {}),
      ...(operation === 'SiteCollectionAdminAdded' ? { ModifiedProperties: [{ Name: 'SiteAdmin', NewValue: place.person.userPrincipalName, OldValue: '' }], TargetUserOrGroupName: place.person.userPrincipalName, TargetUserOrGroupType: 'Member' } : {}),
      ...(isPage ? { CustomUniqueId: false } : {
        CustomizedDoclib: false, DoNotDistributeEvent: true, FromApp: false, IsDocLib: listTitle === 'Documents', ItemCount: random.integer(1, 40), ListBaseTemplateType: random.pick(['100', '101', '119']),
        ListBaseType: 'DocumentLibrary', ListColor: '', ListIcon: '', ListTitle: listTitle, ListUrl: `${place.url}/Lists/${listTitle}`, Source: 'Unknown', TemplateTypeId: '',
      }),
    });
  },
};
