/** Draws the report from the picture that stands in the page. */
import type { Newest, Picture, Ranking } from '../picture.ts';
import { timeChart, type TimeChart } from './chart.ts';
import { addressColumns, alertColumns, alertNameColumns, countryColumns, leftOutOf, operationColumns, reasonColumns, shareColumns, signInColumns, userColumns, workloadColumns } from './columns.ts';
import { byId, element } from './element.ts';
import { sortedTable } from './sorted-table.ts';
import { followTheme } from './theme.ts';
import { counted, numberText, percentText, timeText } from './words.ts';

/** A number with more needs a smaller print: millions of events a week are nothing unusual. */
const TILE_CHARACTERS = 7;

const picture = JSON.parse(byId('picture').textContent) as Picture;
const charts: TimeChart[] = [];
const { counts } = picture;

function heading(): void {
  const [first, ...others] = picture.tenants;
  byId('title').textContent = first === undefined ? 'Microsoft 365' : others.length === 0 ? first.name : others.length < 3 ? picture.tenants.map(({ name }) => name).join(', ') : `${first.name} and ${others.length} more tenants`;
  byId('span').textContent = picture.span === undefined ? counted(counts.events, 'event') : `${timeText(picture.span.fromMs)} to ${timeText(picture.span.toMs)} UTC`;
  document.title = `${byId('title').textContent} – Microsoft 365 audit report`;
}

function tiles(): void {
  const atLeast = ({ rowCount, isLowerBound }: Ranking): string => `${numberText(rowCount)}${isLowerBound ? '+' : ''}`;
  const tile = (id: string, label: string, value: string, more: string, look = ''): HTMLElement => element('div', { 'data-tile': id }, element('dt', {}, label), element('dd', { class: value.length > TILE_CHARACTERS ? 'long' : '' }, value), element('dd', { class: `more ${look}` }, more));
  byId('tiles').append(
    tile('events', 'Events', numberText(counts.events), `${counted(picture.workloads.rowCount, 'workload')}, ${numberText(counts.failures)} failed`),
    tile('users', 'Users', atLeast(picture.users), 'people, applications, systems'),
    tile('sign-ins', 'Sign-ins', numberText(counts.signIns), `${numberText(counts.failedSignIns)} failed, ${percentText(counts.failedSignIns, counts.signIns)}`, counts.failedSignIns > 0 ? 'bad' : ''),
    tile('addresses', 'Addresses', atLeast(picture.addresses), picture.countries.rowCount > 0 ? counted(picture.countries.rowCount, 'country', 'countries') : 'places are not known'),
    tile('shared', 'Shared outside', numberText(counts.sharedOutside), 'with guests or by open links'),
    tile('alerts', 'Alerts', numberText(counts.alerts), counts.highAlerts === 0 ? 'none of them high' : `${numberText(counts.highAlerts)} high`, counts.alerts > 0 ? 'bad' : ''),
  );
}

function notes(): void {
  const said = [
    counts.events === 0 ? 'There are no events here.' : '',
    counts.mappingProblems > 0 ? `${counted(counts.mappingProblems, 'event')} could not be understood whole; they are counted, and carry event.kind: pipeline_error.` : '',
    counts.withoutTime > 0 ? `${counted(counts.withoutTime, 'event')} without a usable time: in the tables, but not in the charts.` : '',
    counts.unreadableLines > 0 ? `${counted(counts.unreadableLines, 'line')} of the input could not be read and are not counted.` : '',
  ];
  for (const text of said) if (text !== '') byId('notes').append(element('p', { class: 'note' }, text));
}

function part(id: string, title: string, said: string, ...content: readonly HTMLElement[]): void {
  byId('sections').append(element('a', { href: `#${id}` }, title));
  byId('report').append(element('section', { class: 'part', id, 'aria-labelledby': `${id}-title` }, element('header', {}, element('h2', { id: `${id}-title` }, title), element('p', {}, said)), ...content));
}

function card(title: string, chart: TimeChart): HTMLElement {
  charts.push(chart);
  return element('div', { class: 'card' }, element('div', { class: 'head' }, element('h3', {}, title)), chart.element);
}

const columns = (look: string, ...cards: readonly HTMLElement[]): HTMLElement => element('div', { class: `columns ${look}` }, ...cards);

function ranked(title: string, [noun, nouns]: readonly [string, string], ranking: Ranking, of: (ranking: Ranking) => Parameters<typeof sortedTable<Ranking['rows'][number]>>[0]['columns'], sortedBy: string, empty: string, firstRows = 10): HTMLElement {
  const leftOut = leftOutOf(ranking, nouns);
  return sortedTable({ title, noun, nouns, columns: of(ranking), rows: ranking.rows, sortedBy, empty, firstRows, ...(leftOut === undefined ? {} : { leftOut }) });
}

function leftOutOfLatest({ rows, count }: Newest<unknown>): { readonly leftOut?: string } {
  return count > rows.length ? { leftOut: `These are the latest ${numberText(rows.length)} of ${numberText(count)}.` } : {};
}

function parts(): void {
  const { workloads, users, operations, signIns, signInFailures, addresses, countries, shares, alerts } = picture;
  const hasPlaces = countries.rows.length > 0;
  part('activity', 'Activity', 'what happened when, by workload',
    card('Events over time', timeChart(picture.timeline, 'Events over time by workload', (_, index) => `series-${index + 1}`)),
    ranked('Workloads', ['workload', 'workloads'], workloads, workloadColumns, 'Events', 'No events.', 5));
  part('sign-ins', 'Sign-ins', `${numberText(counts.signIns - counts.failedSignIns)} succeeded, ${numberText(counts.failedSignIns)} failed`,
    columns('', card('Outcome over time', timeChart(picture.signInTimeline, 'Sign-ins over time by outcome', (name) => name === 'Failed' ? 'failed' : 'succeeded', 'low')),
      ranked('Why they failed', ['reason', 'reasons'], signInFailures, reasonColumns, 'Failed', 'No sign-in failed.', 5)),
    ranked('Sign-ins by user', ['user', 'users'], signIns, signInColumns, 'Failed', 'Nobody signed in.'));
  part('places', 'Where from', hasPlaces ? 'countries and addresses' : 'addresses; documents that pass through the ingest pipeline of Elasticsearch or OpenSearch know countries, too',
    ...hasPlaces ? [ranked('Countries', ['country', 'countries'], countries, countryColumns, 'Events', '')] : [],
    ranked('Addresses', ['address', 'addresses'], addresses, addressColumns, 'Events', 'No event has an address.'));
  part('users', 'Users', 'who did the most', ranked('Most active users', ['user', 'users'], users, userColumns, 'Events', 'No event has a user.'));
  part('operations', 'Operations', 'what was done', ranked('Most frequent operations', ['operation', 'operations'], operations, operationColumns, 'Events', 'No events.'));
  part('sharing', 'Shared outside', 'files and sites opened to guests, to partners, or to everybody who has the link',
    sortedTable({ title: 'Latest shares', noun: 'share', nouns: 'shares', columns: shareColumns, rows: shares.rows, sortedBy: 'Time', empty: 'Nothing was shared outside.', ...leftOutOfLatest(shares) }));
  part('alerts', 'Alerts', 'from Microsoft’s detections and data loss prevention',
    ranked('By name', ['alert', 'alerts'], picture.alertNames, alertNameColumns, 'Alerts', 'There was no alert.', 5),
    sortedTable({ title: 'Latest alerts', noun: 'alert', nouns: 'alerts', columns: alertColumns, rows: alerts.rows, sortedBy: 'Time', empty: 'There was no alert.', ...leftOutOfLatest(alerts) }));
}

function about(): void {
  byId('about').append(
    element('p', {}, `Made ${timeText(picture.madeAtMs)} UTC by o365audit ${picture.version} from ${picture.sources.join(', ')}. All times are UTC.`),
    element('p', {}, 'Sign-ins are events of category authentication and type start. Failed is what has the outcome failure. This page is complete in itself: it loads nothing, and sends nothing.'),
  );
}

heading();
tiles();
notes();
parts();
about();
followTheme(() => {
  for (const chart of charts) chart.draw();
});
