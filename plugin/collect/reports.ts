/** What a run tells the operator and the pipeline about itself, tenant by tenant. */
import type { AuditError } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, ContentBlob, ContentType, Window } from '../types.ts';
import type { Collector } from './run.ts';

/** The status records that a run writes; telemetry/status.ts describes them. */
export interface RunStatus {
  caughtUp(fields: { readonly tenant: string; readonly events: number; readonly blobs: number }): void;
  lag(fields: { readonly tenant: string; readonly content_type: string; readonly lag_seconds: number; readonly waiting_blobs: number }): void;
  lostWindow(fields: { readonly tenant: string; readonly content_type: string; readonly from: string; readonly to: string; readonly reason: string }): void;
}

export interface TenantReports {
  /** Throws when every tenant was refused: then the run cannot start. */
  readonly firstRound: (refusal: AuditError | undefined) => void;
  /** A blob, or a stretch of a file, is delivered and committed but for `leftOut` events, which the output does not take, and `duplicates`, which it had before. */
  readonly delivered: (events: number, type: ContentType | undefined, leftOut: number, duplicates: number) => void;
  readonly caughtUp: () => void;
  readonly listed: (waiting: readonly ContentBlob[]) => void;
  readonly lost: (type: ContentType, window: Window, reason: string) => void;
}

export interface Reports {
  /** Everything is open; what will be collected. */
  opened(collectors: readonly Collector[]): void;
  /** The reports of one tenant, or of one source of files. */
  tenant(name: string): TenantReports;
  readonly totals: Totals;
}

export interface Totals {
  readonly events: number;
  readonly blobs: number;
  /** Events that the output does not take: they are dead letters. */
  readonly leftOut: number;
  /** Events that were not sent, because they were delivered before. */
  readonly duplicates: number;
  /** Delivered events; what came from files is not in it. */
  readonly contentTypes: ReadonlyMap<ContentType, number>;
  /** Nothing is waiting to be delivered. */
  readonly isIdle: boolean;
}

export interface ReportOptions {
  readonly status: RunStatus;
  readonly log: Log;
  readonly clock: Clock;
  /** The first tenant was not refused: the run has started. */
  readonly started: () => void;
  /** Called whenever totals have changed. */
  readonly changed: (totals: Totals) => void;
}

export function createReports({ status, log, clock, started, changed }: ReportOptions): Reports {
  let collectors: readonly Collector[] = [];
  let isStarted = false;
  let refused = 0;
  const totals = {
    events: 0,
    blobs: 0,
    leftOut: 0,
    duplicates: 0,
    contentTypes: new Map<ContentType, number>(),
    get isIdle() { return collectors.every(({ isIdle }) => isIdle); },
  };

  function firstRound(refusal: AuditError | undefined): void {
    if (refusal !== undefined) {
      refused += 1;
      if (refused === collectors.length) throw refusal;
    } else if (!isStarted) {
      isStarted = true;
      started();
    }
  }

  return {
    totals,
    opened(opened) { collectors = opened; },
    tenant(tenant) {
      const own = { events: 0, blobs: 0 };
      return {
        firstRound,
        delivered(events, type, leftOut, duplicates) {
          totals.leftOut += leftOut;
          totals.duplicates += duplicates;
          if (type !== undefined) totals.contentTypes.set(type, (totals.contentTypes.get(type) ?? 0) + events);
          for (const counts of [own, totals]) {
            counts.events += events;
            counts.blobs += 1;
          }
          changed(totals);
        },
        caughtUp() {
          log('collect.caught_up', { tenant, ...own });
          status.caughtUp({ tenant, ...own });
          changed(totals);
        },
        listed(waiting) {
          for (const [type, blobs] of byType(waiting)) {
            const oldestMs = Date.parse(blobs[0]?.contentCreated ?? '');
            const lagMs = Number.isNaN(oldestMs) ? 0 : Math.max(0, clock.nowMs() - oldestMs);
            status.lag({ tenant, content_type: type, lag_seconds: Math.round(lagMs / 1000), waiting_blobs: blobs.length });
          }
        },
        lost(type, { startMs, endMs }, reason) {
          const span = { from: new Date(startMs).toISOString(), to: new Date(endMs).toISOString() };
          log('tenant.lost_window', { tenant, contentType: type, ...span, reason });
          status.lostWindow({ tenant, content_type: type, ...span, reason });
        },
      };
    },
  };
}

/** What waits, oldest first, by content type. */
function byType(blobs: readonly ContentBlob[]): ReadonlyMap<ContentType, readonly ContentBlob[]> {
  const types = new Map<ContentType, ContentBlob[]>();
  for (const blob of blobs) {
    const line = types.get(blob.contentType) ?? [];
    types.set(blob.contentType, line);
    line.push(blob);
  }
  return types;
}
