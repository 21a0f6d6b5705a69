/** What the report needs to know of one ECS document. Documents come from anybody: every field may be missing or of any type. */
import { matches, textsAt } from './filter.ts';
import { QUESTIONS } from './questions.table.ts';

export interface Facts {
  /** Absent when there is no time, or one before the service existed. */
  readonly atMs?: number;
  readonly tenant: string;
  readonly workload: string;
  readonly operation: string;
  readonly user: string;
  readonly address: string;
  readonly country: string;
  readonly network: string;
  readonly reason: string;
  readonly isFailure: boolean;
  readonly isSignIn: boolean;
  readonly isSharedOutside: boolean;
  readonly isAlert: boolean;
  readonly isMappingProblem: boolean;
}

/** All fields that the report reads: what to ask a store for. */
export const DOCUMENT_FIELDS: readonly string[] = [
  '@timestamp', 'organization.name', 'organization.id', 'user.id', 'user.email', 'user.name', 'user.target.id', 'source.ip', 'client.ip', 'source.geo.country_name', 'source.geo.country_iso_code',
  'source.as.organization.name', 'event.action', 'event.category', 'event.code', 'event.kind', 'event.outcome', 'event.provider', 'event.reason', 'event.severity', 'event.type', 'file.name', 'file.path',
  'message', 'rule.name', 'url.original', 'o365.audit.AlertDisplayName', 'o365.audit.CreationTime', 'o365.audit.Name', 'o365.audit.ObjectId', 'o365.audit.Operation', 'o365.audit.RiskEventType',
  'o365.audit.RiskLevel', 'o365.audit.TargetUserOrGroupName', 'o365.audit.TargetUserOrGroupType',
];

/** Longer texts are cut: they are names, and come from whoever sends a mail or fails to sign in. */
const TEXT_LIMIT = 512;
const EARLIEST_MS = Date.UTC(2000, 0, 1);
const LATEST_MS = Date.UTC(2200, 0, 1);

/** The facts; what is missing is an empty text. */
export function factsOf(document: unknown): Facts {
  const atMs = timeOf(document);
  return {
    ...(atMs === undefined ? {} : { atMs }),
    tenant: textAt(document, 'organization.name', 'organization.id'),
    workload: textAt(document, 'event.provider'),
    operation: textAt(document, 'event.action', 'o365.audit.Operation'),
    user: textAt(document, 'user.id', 'user.email', 'user.name'),
    address: textAt(document, 'source.ip', 'client.ip'),
    country: textAt(document, 'source.geo.country_name', 'source.geo.country_iso_code'),
    network: textAt(document, 'source.as.organization.name'),
    reason: textAt(document, 'event.reason'),
    isFailure: matches(QUESTIONS.failed, document),
    isSignIn: matches(QUESTIONS.signIn, document),
    isSharedOutside: matches(QUESTIONS.sharedOutside, document),
    isAlert: matches(QUESTIONS.alert, document),
    isMappingProblem: matches(QUESTIONS.mappingProblem, document),
  };
}

/** The first of these paths that has a text; several texts at one path are put together. */
export function textAt(document: unknown, ...paths: readonly string[]): string {
  for (const path of paths) {
    const text = textsAt(document, path).filter((each) => each !== '').join(', ');
    if (text !== '') return text.length > TEXT_LIMIT ? `${text.slice(0, TEXT_LIMIT - 1)}…` : text;
  }
  return '';
}

/** Documents that an agent wrote to a file have no @timestamp; the event's own time has no zone and is UTC. */
function timeOf(document: unknown): number | undefined {
  const [text = textsAt(document, 'o365.audit.CreationTime')[0] ?? ''] = textsAt(document, '@timestamp');
  const atMs = Date.parse(/^\d{4}-\d{2}-\d{2}T[\d:.]+$/.test(text) ? `${text}Z` : text);
  return atMs >= EARLIEST_MS && atMs < LATEST_MS ? atMs : undefined;
}
