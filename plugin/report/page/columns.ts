/** The columns that the tables of the report have in common. */
import { PARTNERS_LIMIT, type Alert, type RankedRow, type Ranking, type Share } from '../picture.ts';
import { breakable, element } from './element.ts';
import type { Column } from './sorted-table.ts';
import { counted, numberText, timeText } from './words.ts';

type Columns = readonly Column<RankedRow>[];

/** The name, with a bar under it as long as its part of the largest. */
function named(label: string, { rows }: Ranking, measure: 'events' | 'failures' = 'events', look = ''): Column<RankedRow> {
  const largest = rows.reduce((max, row) => Math.max(max, row[measure]), 1);
  return {
    label, kind: 'text', value: ({ name }) => name,
    cell: (row) => {
      const bar = element('span', { class: `share ${look}`, 'aria-hidden': 'true' });
      bar.style.width = `${(100 * row[measure] / largest).toFixed(1)}%`;
      bar.hidden = row[measure] === 0;
      return element('span', {}, breakable(row.name), bar);
    },
  };
}

const detail = (label: string): Column<RankedRow> => ({ label, kind: 'text', value: (row) => row.detail, look: () => 'detail' });
const events = (label = 'Events'): Column<RankedRow> => ({ label, kind: 'number', value: (row) => row.events });
const bad = (value: number): string => value === 0 ? 'zero' : 'bad';
const failures = (label = 'Failed'): Column<RankedRow> => ({ label, kind: 'number', value: (row) => row.failures, look: (row) => bad(row.failures) });
const failedSignIns: Column<RankedRow> = { label: 'Failed sign-ins', kind: 'number', value: (row) => row.failedSignIns, look: (row) => bad(row.failedSignIns) };
const partners = (label: string): Column<RankedRow> => ({
  label, kind: 'number', value: (row) => row.partners, cell: (row) => row.partners >= PARTNERS_LIMIT ? `${numberText(PARTNERS_LIMIT)}+` : numberText(row.partners),
});
const last: Column<RankedRow> = { label: 'Last', kind: 'time', value: ({ lastMs }) => lastMs, cell: ({ lastMs }) => timeText(lastMs) };

export const userColumns = (ranking: Ranking): Columns => [named('User', ranking), events(), failures(), failedSignIns, partners('Addresses'), last];
export const operationColumns = (ranking: Ranking): Columns => [named('Operation', ranking), detail('Workload'), events(), failures(), partners('Users'), last];
export const workloadColumns = (ranking: Ranking): Columns => [named('Workload', ranking), events(), failures(), partners('Users'), last];
export const signInColumns = (ranking: Ranking): Columns => [named('User', ranking, 'failures', 'failed'), failures(), events('Sign-ins'), partners('Addresses'), last];
export const reasonColumns = (ranking: Ranking): Columns => [named('Reason', ranking, 'failures', 'failed'), events('Failed'), partners('Users')];
export const addressColumns = (ranking: Ranking): Columns => [
  named('Address', ranking), ...ranking.rows.some((row) => row.detail !== '') ? [detail('Place and network')] : [], events(), failedSignIns, partners('Users'), last,
];
export const alertNameColumns = (ranking: Ranking): Columns => [named('Alert', ranking), events('Alerts'), partners('Users'), last];
export const countryColumns = (ranking: Ranking): Columns => [named('Country', ranking), events(), failedSignIns, partners('Users')];

export const shareColumns: readonly Column<Share>[] = [
  { label: 'File or site', kind: 'text', value: ({ item }) => item },
  { label: 'Shared with', kind: 'text', value: ({ sharedWith }) => sharedWith },
  { label: 'By', kind: 'text', value: ({ user }) => user, look: () => 'detail' },
  { label: 'Operation', kind: 'text', value: ({ operation }) => operation, look: () => 'detail' },
  { label: 'Time', kind: 'time', value: ({ atMs }) => atMs, cell: ({ atMs }) => timeText(atMs) },
];

const SEVERITIES = ['not said', 'informational', 'low', 'medium', 'high'];

export const alertColumns: readonly Column<Alert>[] = [
  { label: 'Alert', kind: 'text', value: ({ name }) => name },
  {
    label: 'Severity', kind: 'number', value: ({ severity }) => severity,
    cell: ({ severity }) => element('span', { class: `severity ${SEVERITIES[severity] ?? ''}` }, SEVERITIES[severity] ?? ''),
  },
  { label: 'User', kind: 'text', value: ({ user }) => user, look: () => 'detail' },
  { label: 'Operation', kind: 'text', value: ({ operation }) => operation, look: () => 'detail' },
  { label: 'Workload', kind: 'text', value: ({ workload }) => workload, look: () => 'detail' },
  { label: 'Time', kind: 'time', value: ({ atMs }) => atMs, cell: ({ atMs }) => timeText(atMs) },
];

/** What a ranking does not show; undefined when it shows all. */
export function leftOutOf({ rows, rowCount, isLowerBound, otherEvents }: Ranking, nouns: string): string | undefined {
  if (rowCount <= rows.length) return undefined;
  const others = isLowerBound ? `There are more than ${numberText(rowCount)} ${nouns}, too many to count each exactly;` : `Others: ${numberText(rowCount - rows.length)} ${nouns} more`;
  return isLowerBound ? `${others} the rarest, with ${counted(otherEvents, 'event')}, are not in this table.` : `${others}, with ${counted(otherEvents, 'event')}.`;
}
