/** Counts by name in bounded memory. Up to a named number of names everything is exact; beyond it the rarest are put together, and the result says so. */
import { PARTNERS_LIMIT, ROWS_LIMIT, type RankedRow, type Ranking } from './picture.ts';

/** So many names are kept at least, and twice as many at most. */
const NAMES_LIMIT = 100_000;

export interface Occurrence {
  readonly name: string;
  /** Names of different groups are different rows; it is their detail. */
  readonly group?: string;
  /** What is known of the name by now; the last that says something counts. */
  readonly detail?: string;
  readonly partner?: string;
  readonly atMs?: number | undefined;
  readonly isFailure: boolean;
  readonly isFailedSignIn: boolean;
}

interface Row {
  readonly name: string;
  detail: string;
  events: number;
  failures: number;
  failedSignIns: number;
  lastMs: number;
  /** One partner is the usual case, and needs no set. */
  partners: string | Set<string>;
}

export class NameCounts {
  #rows = new Map<string, Row>();
  #otherEvents = 0;
  #otherRows = 0;
  readonly #namesLimit: number;

  constructor(namesLimit = NAMES_LIMIT) {
    this.#namesLimit = namesLimit;
  }

  /** Counts one event; an empty name is none. */
  add({ name, group = '', detail = '', partner = '', atMs, isFailure, isFailedSignIn }: Occurrence): void {
    if (name === '') return;
    const key = group === '' ? name : `${name}\n${group}`;
    let row = this.#rows.get(key);
    if (row === undefined) this.#rows.set(key, row = { name, detail: group, events: 0, failures: 0, failedSignIns: 0, lastMs: 0, partners: '' });
    if (detail !== '') row.detail = detail;
    row.events += 1;
    if (isFailure) row.failures += 1;
    if (isFailedSignIn) row.failedSignIns += 1;
    if (atMs !== undefined && atMs > row.lastMs) row.lastMs = atMs;
    if (partner !== '') addPartner(row, partner);
    if (this.#rows.size > this.#namesLimit * 2) this.#prune();
  }

  /** The rows in order of `weightOf`, the number of events where nothing else is said. */
  ranking(weightOf: (row: RankedRow) => number = ({ events }) => events, rowsLimit = ROWS_LIMIT): Ranking {
    const rows = [...this.#rows.values()].map((row) => ({ ...row, partners: typeof row.partners === 'string' ? Number(row.partners !== '') : row.partners.size }));
    rows.sort((left, right) => weightOf(right) - weightOf(left) || right.events - left.events || inOrder(left.name, right.name) || inOrder(left.detail, right.detail));
    const shown = rows.slice(0, rowsLimit);
    return {
      rows: shown,
      rowCount: rows.length + this.#otherRows,
      isLowerBound: this.#otherRows > 0,
      otherEvents: this.#otherEvents + rows.slice(rowsLimit).reduce((sum, { events }) => sum + events, 0),
    };
  }

  /** Puts the rarest names together; what comes again afterwards begins at nothing. */
  #prune(): void {
    const rows = [...this.#rows].sort(([, left], [, right]) => right.events - left.events);
    for (const [, { events }] of rows.slice(this.#namesLimit)) this.#otherEvents += events;
    this.#otherRows = Math.max(this.#otherRows, rows.length - this.#namesLimit);
    this.#rows = new Map(rows.slice(0, this.#namesLimit));
  }
}

function inOrder(left: string, right: string): number {
  return left < right ? -1 : Number(left > right);
}

function addPartner(row: Row, partner: string): void {
  if (row.partners === '') row.partners = partner;
  else if (typeof row.partners === 'object') {
    if (row.partners.size < PARTNERS_LIMIT) row.partners.add(partner);
  } else if (row.partners !== partner) row.partners = new Set([row.partners, partner]);
}
