/** The panels of the Kibana dashboard, row by row. The dashboard, and the searches by which tests ask the same of a store, are made of this. */
import type { Filter } from './filter.ts';
import { QUESTIONS } from './questions.table.ts';

/** Values of a field, the most frequent first. */
export interface Split {
  readonly field: string;
  readonly label: string;
  readonly size: number;
}

export interface Panel {
  /** Unique, and kept for ever: links and reports refer to it. */
  readonly id: string;
  readonly title: string;
  /** A number; bars over time; parts of a whole; a table of values; a map of places; the documents themselves. */
  readonly kind: 'number' | 'bars' | 'pie' | 'table' | 'map' | 'documents';
  /** In Kibana's grid of 48 columns. */
  readonly width: number;
  readonly height: number;
  readonly filter?: Filter;
  /** Counted are documents, or different values of this field. */
  readonly countedField?: string;
  /** Of bars and pies the first one alone is shown. */
  readonly splits?: readonly Split[];
  /** Of a map: where the places are. */
  readonly geoField?: string;
  /** Of documents: what is shown of them. */
  readonly columns?: readonly string[];
}

const by = (field: string, label: string, size = 10): Split => ({ field, label, size });
const both = (...filters: readonly Filter[]): Filter => ({ all: filters });
const { signIn, failed, sharedOutside, alert, dataLossPrevention, mail, file } = QUESTIONS;

export const PANELS: readonly Panel[] = [
  { id: 'events', title: 'Events', kind: 'number', width: 8, height: 6 },
  { id: 'users', title: 'Users', kind: 'number', width: 8, height: 6, countedField: 'user.id' },
  { id: 'sign-ins', title: 'Sign-ins', kind: 'number', width: 8, height: 6, filter: signIn },
  { id: 'failed-sign-ins', title: 'Failed sign-ins', kind: 'number', width: 8, height: 6, filter: both(signIn, failed) },
  { id: 'shared-outside', title: 'Shared outside', kind: 'number', width: 8, height: 6, filter: sharedOutside },
  { id: 'alerts', title: 'Alerts', kind: 'number', width: 8, height: 6, filter: alert },

  { id: 'events-over-time', title: 'Events over time, by workload', kind: 'bars', width: 48, height: 13, splits: [by('event.provider', 'Workload', 12)] },
  { id: 'event-types', title: 'Event types', kind: 'pie', width: 16, height: 14, splits: [by('event.category', 'Category')] },
  { id: 'operations', title: 'Operations', kind: 'table', width: 16, height: 14, splits: [by('event.action', 'Operation', 50), by('event.provider', 'Workload', 3)] },
  { id: 'active-users', title: 'Most active users', kind: 'table', width: 16, height: 14, splits: [by('user.id', 'User', 50)] },

  { id: 'sign-ins-over-time', title: 'Sign-ins over time, by outcome', kind: 'bars', width: 24, height: 13, filter: signIn, splits: [by('event.outcome', 'Outcome', 3)] },
  { id: 'authentication-failures', title: 'Top authentication failures', kind: 'table', width: 24, height: 13, filter: both(signIn, failed), splits: [by('user.id', 'User', 25), by('event.reason', 'Reason', 5)] },
  { id: 'failing-addresses', title: 'Addresses of failed sign-ins', kind: 'table', width: 24, height: 13, filter: both(signIn, failed), splits: [by('source.ip', 'Address', 25), by('source.as.organization.name', 'Network', 1)] },
  { id: 'sign-in-applications', title: 'What was signed in with', kind: 'table', width: 24, height: 13, filter: signIn, splits: [by('user_agent.original', 'User agent', 25), by('event.outcome', 'Outcome', 3)] },

  { id: 'client-map', title: 'Where clients are', kind: 'map', width: 32, height: 18, geoField: 'source.geo.location' },
  { id: 'countries', title: 'Countries', kind: 'table', width: 16, height: 18, splits: [by('source.geo.country_name', 'Country', 50)] },

  { id: 'mail-operations', title: 'Exchange: operations over time', kind: 'bars', width: 24, height: 13, filter: mail, splits: [by('event.action', 'Operation')] },
  { id: 'mailbox-access', title: 'Exchange: who acts on whose mailbox', kind: 'table', width: 24, height: 13, filter: both(mail, { field: 'user.target.id', exists: true }), splits: [by('user.id', 'User', 25), by('user.target.id', 'Mailbox', 5)] },
  { id: 'mail-administration', title: 'Exchange: administration', kind: 'table', width: 24, height: 13, filter: { field: 'event.code', is: ['ExchangeAdmin'] }, splits: [by('event.action', 'Cmdlet', 50), by('user.id', 'User', 5)] },
  { id: 'file-operations', title: 'Files: operations over time', kind: 'bars', width: 24, height: 13, filter: file, splits: [by('event.action', 'Operation')] },
  { id: 'file-users', title: 'Files: who does what', kind: 'table', width: 24, height: 13, filter: file, splits: [by('user.id', 'User', 25), by('event.action', 'Operation', 5)] },
  { id: 'shares', title: 'Files shared outside', kind: 'table', width: 24, height: 13, filter: sharedOutside, splits: [by('file.name', 'File', 25), by('user.id', 'By', 3), by('o365.audit.TargetUserOrGroupName', 'With', 3)] },

  { id: 'alerts-over-time', title: 'Alerts over time, by severity (1 informational to 4 high)', kind: 'bars', width: 24, height: 13, filter: alert, splits: [by('event.severity', 'Severity', 4)] },
  { id: 'alert-names', title: 'Alerts', kind: 'table', width: 24, height: 13, filter: alert, splits: [by('rule.name', 'Alert', 50), by('event.provider', 'Workload', 3)] },
  {
    id: 'data-loss-prevention', title: 'Data loss prevention', kind: 'documents', width: 48, height: 14, filter: dataLossPrevention,
    columns: ['event.action', 'rule.name', 'event.severity', 'user.id', 'file.name', 'email.subject', 'event.outcome'],
  },
  {
    id: 'all-events', title: 'Events of Microsoft 365', kind: 'documents', width: 48, height: 18,
    columns: ['event.provider', 'event.action', 'event.outcome', 'user.id', 'source.ip', 'file.name', 'email.subject', 'rule.name'],
  },
];

/** Every field that a panel reads. */
export function fieldsOf({ filter, countedField, splits = [], geoField, columns = [] }: Panel): readonly string[] {
  return [...new Set(['@timestamp', ...filter === undefined ? [] : fieldsIn(filter), ...splits.map(({ field }) => field), ...columns, ...[countedField, geoField].filter((field) => field !== undefined)])];
}

function fieldsIn(filter: Filter): readonly string[] {
  if ('all' in filter) return filter.all.flatMap(fieldsIn);
  if ('any' in filter) return filter.any.flatMap(fieldsIn);
  return 'not' in filter ? fieldsIn(filter.not) : [filter.field];
}
