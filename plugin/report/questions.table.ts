/** What the report and the dashboard ask of audit events: each question is defined once, here. */
import type { Filter } from './filter.ts';

/** Operations by which a person or a group is let in. https://learn.microsoft.com/purview/audit-log-sharing */
const GRANTS = ['AddedToSecureLink', 'AddedToSharingLink', 'SecureLinkCreated', 'SecureLinkUpdated', 'SharingInvitationCreated', 'SharingInvitationUpdated', 'SharingSet'];
/** Operations by which everybody who has the link is let in. */
const ANONYMOUS_LINKS = ['AnonymousLinkCreated', 'AnonymousLinkUpdated'];

export const QUESTIONS = {
  /** Somebody signs in, or tries to: into Entra, a mailbox, the web client. */
  signIn: { all: [{ field: 'event.category', is: ['authentication'] }, { field: 'event.type', is: ['start'] }, { not: { field: 'event.type', is: ['end'] } }] },
  failed: { field: 'event.outcome', is: ['failure'] },
  /** A file or a site is opened to a guest, to a partner, or to everybody who has a link. */
  sharedOutside: {
    any: [
      { field: 'event.action', is: ANONYMOUS_LINKS },
      {
        all: [
          { field: 'event.action', is: GRANTS },
          { any: [{ field: 'o365.audit.TargetUserOrGroupType', is: ['Guest', 'Partner'] }, { field: 'o365.audit.TargetUserOrGroupName', like: 'SharingLinks.*.Anonymous*' }] },
        ],
      },
    ],
  },
  alert: { field: 'event.kind', is: ['alert'] },
  /** Events that the mapping could not understand whole. */
  mappingProblem: { field: 'event.kind', is: ['pipeline_error'] },
  dataLossPrevention: { field: 'event.code', like: 'ComplianceDLP*' },
  mail: { field: 'event.provider', is: ['Exchange'] },
  file: { field: 'event.provider', is: ['SharePoint', 'OneDrive'] },
} as const satisfies Record<string, Filter>;
