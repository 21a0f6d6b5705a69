/** What the report shows: everything that the page is made of, as plain JSON. Times are milliseconds since 1970, UTC. */
export interface Picture {
  readonly version: string;
  readonly madeAtMs: number;
  /** Where the documents came from: names of files, or a store's address. */
  readonly sources: readonly string[];
  readonly tenants: readonly { readonly name: string; readonly events: number }[];
  /** Absent when no event has a time. */
  readonly span?: { readonly fromMs: number; readonly toMs: number };
  readonly counts: PictureCounts;
  readonly timeline: Timeline;
  readonly signInTimeline: Timeline;
  readonly workloads: Ranking;
  readonly users: Ranking;
  readonly operations: Ranking;
  readonly signIns: Ranking;
  readonly signInFailures: Ranking;
  readonly addresses: Ranking;
  readonly countries: Ranking;
  readonly alertNames: Ranking;
  readonly shares: Newest<Share>;
  readonly alerts: Newest<Alert>;
}

export interface PictureCounts {
  readonly events: number;
  readonly failures: number;
  readonly signIns: number;
  readonly failedSignIns: number;
  readonly sharedOutside: number;
  readonly alerts: number;
  /** Those of the highest severity. */
  readonly highAlerts: number;
  /** Events that the mapping could not understand whole. */
  readonly mappingProblems: number;
  /** Events without a time, or with one that cannot be; they are in all tables, and not in the timelines. */
  readonly withoutTime: number;
  /** Lines of a file that are no document. */
  readonly unreadableLines: number;
}

/** Bars of equal length, from the first on without a gap. */
export interface Timeline {
  readonly startMs: number;
  readonly stepMs: number;
  /** The largest first; the values are one for each bar. */
  readonly series: readonly { readonly name: string; readonly events: number; readonly values: readonly number[] }[];
}

/** The rows with the most events. */
export interface Ranking {
  readonly rows: readonly RankedRow[];
  /** How many there are in all, and whether that is only a lower bound. */
  readonly rowCount: number;
  readonly isLowerBound: boolean;
  /** Events of what is not in the rows. */
  readonly otherEvents: number;
}

export interface RankedRow {
  readonly name: string;
  /** What the name belongs to: the workload of an operation, the country of an address. */
  readonly detail: string;
  readonly events: number;
  readonly failures: number;
  readonly failedSignIns: number;
  /** How many different ones: addresses of a user, users of everything else; at most PARTNERS_LIMIT are counted. */
  readonly partners: number;
  /** 0 when none of its events has a time. */
  readonly lastMs: number;
}

/** The latest of a kind, and how many there are in all. */
export interface Newest<T> {
  readonly rows: readonly T[];
  readonly count: number;
}

export interface Share {
  readonly atMs: number;
  readonly user: string;
  readonly operation: string;
  readonly item: string;
  readonly sharedWith: string;
}

export interface Alert {
  readonly atMs: number;
  /** 1 (informational) to 4 (high); 0 when it has none. */
  readonly severity: number;
  readonly name: string;
  readonly operation: string;
  readonly workload: string;
  readonly user: string;
}

/** A ranking shows so many rows at most, a list of the latest as well. */
export const ROWS_LIMIT = 1000;
/** Different partners of a row are counted up to this. */
export const PARTNERS_LIMIT = 100;
