/** The ledger of one tenant: what was listed and is owed, what is delivered, what was given up, how far listings reach. */
import { failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, ContentBlob, ContentType, Window } from '../types.ts';
import { JOURNAL_VERSION, owedFact, readFact, type Fact } from './fact.ts';
import type { JournalFiles } from './files.ts';
import { readJournal, type JournalReading } from './journal-reader.ts';
import { Journal } from './journal.ts';
import { encodeLine } from './line.ts';
import { TenantState, type Loss, type LostWindow } from './tenant-state.ts';

/** So many bad lines are named one by one. */
const BAD_LINES_NAMED = 10;
/** More of why a blob is parked is not kept. */
const REASON_LIMIT = 500;

export interface TenantLedger {
  /** Notes blobs of a listing as owed, and returns those that were not known: neither owed nor done before. */
  owe(blobs: readonly ContentBlob[]): readonly ContentBlob[];
  /**
   * Notes blobs as owed once more, whatever became of them before; durable, and rejecting, as commit. Resolves with those that were not owed already, as they are
   * owed now.
   */
  oweAgain(blobs: readonly ContentBlob[]): Promise<readonly ContentBlob[]>;
  /** All blobs that are owed now, oldest first; right after opening, what earlier runs left. */
  owed(): readonly ContentBlob[];
  /** The same in no order, for whoever only counts them. */
  owing(): Iterable<ContentBlob>;
  /** Notes that a blob that is owed could not be delivered in its attempts, and why; once, however often it happens. */
  park(blob: ContentBlob, reason: string): void;
  /** Whether a blob is owed and has failed so. */
  isParked(blob: ContentBlob): boolean;
  /**
   * Notes that all events of a blob were delivered; durable when it resolves. Rejects with LEDGER_DISK_FULL or LEDGER_WRITE when it could not be
   * written: the blob is delivered even so, and only the commit is to be made again. Rejects with LEDGER_CLOSED after close.
   */
  commit(blob: ContentBlob): Promise<void>;
  /** Notes that a blob was given up, and why; durable and rejecting as commit. */
  lose(blob: ContentBlob, reason: string): Promise<void>;
  /** Notes that all blobs of a type that became available before `untilMs` were handed to `owe`. */
  listed(type: ContentType, untilMs: number): void;
  /** Up to when a type was listed; undefined if never, or if the journal was damaged and it is safer to list all again. */
  listedUntilMs(type: ContentType): number | undefined;
  /** Notes that a span of a type was never listed and can no longer be, and why; what is noted after it is never durable without it. */
  loseWindow(type: ContentType, window: Window, reason: string): void;
  /** Spans that are lost, the latest thousand, in the order in which they were found to be. */
  lostWindows(): readonly LostWindow[];
  /** Notes that all of a type was listed once more at `atMs`; what became available before `fromMs` was never this ledger's business. */
  relisted(type: ContentType, fromMs: number, atMs: number): void;
  relistedOf(type: ContentType): { readonly fromMs: number; readonly atMs: number } | undefined;
  /** Notes that the subscription of a type was off until `untilMs`, which stands until a window is lost that reaches so far. */
  off(type: ContentType, untilMs: number): void;
  offUntilMs(type: ContentType): number | undefined;
  /** Notes that the subscription of a type was started: it may be started once in 15 minutes. */
  started(type: ContentType, atMs: number): void;
  startedAtMs(type: ContentType): number | undefined;
  /** Blobs that were given up, the latest thousand, oldest first. */
  losses(): readonly Loss[];
  /** `owed` now; `committed` and `lost` since the journal began; `remembered` done blobs of the last days, in `indexBytes` of memory. */
  readonly counts: { readonly owed: number; readonly committed: number; readonly lost: number; readonly remembered: number; readonly indexBytes: number };
}

export interface TenantLedgerOptions {
  readonly tenantId: string;
  readonly path: string;
  readonly files: JournalFiles;
  readonly clock: Clock;
  /** The time by the service's clock, by which blobs that are done are forgotten when they have expired; undefined while nobody knows it. */
  readonly serviceNowMs: () => number | undefined;
  readonly log: Log;
  /** For tests: write the journal anew when it is larger than this. */
  readonly snapshotBytesMin?: number;
}

/** Opens the journal of a tenant, or begins one. Throws LEDGER_DIRECTORY if the file is there but cannot be read. */
export async function openTenantLedger(options: TenantLedgerOptions): Promise<TenantLedger & { close(): Promise<void> }> {
  const { clock, serviceNowMs } = options;
  const { state, bytes, line: cutLine } = await readState(options);
  const journal = new Journal({ ...options, snapshot: () => state.lines(serviceNowMs()) });
  await journal.open(bytes);
  if (cutLine !== undefined) journal.append(cutLine);

  function note(fact: Fact): void {
    state.take(fact, clock.nowMs());
    journal.append(encodeLine(fact));
  }

  async function finish(fact: Extract<Fact, { fact: 'committed' | 'lost' }>): Promise<void> {
    if (state.isDone(fact.type, fact.id)) return;
    await journal.commit(encodeLine(fact), () => state.take(fact, clock.nowMs()));
  }

  return {
    owe: (blobs) => blobs.filter((blob) => {
      if (state.isKnown(blob.contentType, blob.contentId)) return false;
      note(owedFact(blob));
      return true;
    }),
    async oweAgain(blobs) {
      const ordered = blobs.filter(({ contentType, contentId }) => !state.isOwed(contentType, contentId)).map((blob): ContentBlob => ({ ...blob, isOrdered: true }));
      await Promise.all(ordered.map((blob) => {
        const fact = owedFact(blob);
        return journal.commit(encodeLine(fact), () => state.take(fact, clock.nowMs()));
      }));
      return ordered;
    },
    owed: () => [...state.owed.values()].sort((left, right) => timeOf(left) - timeOf(right)),
    owing: () => state.owed.values(),
    park(blob, reason) {
      const { contentType: type, contentId: id } = blob;
      if (state.isOwed(type, id) && state.parkedOf(blob) === undefined) note({ fact: 'parked', type, id, reason: reason.slice(0, REASON_LIMIT), atMs: clock.nowMs() });
    },
    isParked: (blob) => state.parkedOf(blob) !== undefined,
    commit: ({ contentType: type, contentId: id, contentExpiration: expires }) => finish({ fact: 'committed', type, id, expires }),
    lose: ({ contentType: type, contentId: id, contentExpiration: expires }, reason) => finish({ fact: 'lost', type, id, expires, reason, atMs: clock.nowMs() }),
    listed: (type, untilMs) => note({ fact: 'listed', type, untilMs }),
    listedUntilMs: (type) => state.listedUntilMs.get(type),
    loseWindow: (type, { startMs, endMs }, reason) => note({ fact: 'lost-window', type, fromMs: startMs, untilMs: endMs, reason, atMs: clock.nowMs() }),
    lostWindows: () => state.lostWindows,
    relisted: (type, fromMs, atMs) => note({ fact: 'relisted', type, fromMs, atMs }),
    relistedOf: (type) => state.relisted.get(type),
    off: (type, untilMs) => note({ fact: 'off', type, untilMs }),
    offUntilMs: (type) => state.offUntilMs.get(type),
    started: (type, atMs) => note({ fact: 'started', type, atMs }),
    startedAtMs: (type) => state.startedAtMs.get(type),
    losses: () => state.losses,
    get counts() {
      return { owed: state.owed.size, committed: state.committed, lost: state.lost, remembered: state.done.size, indexBytes: state.done.bytes };
    },
    close: () => journal.close(),
  };
}

interface Reading {
  readonly state: TenantState;
  /** Where to go on writing; undefined if a new file must be written. */
  readonly bytes: number | undefined;
  /** A last line that only lacked its newline, to be written again. */
  readonly line?: string;
}

async function readState({ tenantId, path, files, clock, log }: TenantLedgerOptions): Promise<Reading> {
  const state = new TenantState(tenantId);
  const nowMs = clock.nowMs();
  let badLines = 0;
  let newerVersion: number | undefined;
  let reading: JournalReading;
  try {
    reading = await readJournal(path, {
      good: (value) => {
        const fact = readFact(value);
        if (fact?.fact === 'journal' && fact.version > JOURNAL_VERSION) newerVersion = fact.version;
        else if (fact !== undefined) state.take(fact, nowMs);
        return newerVersion === undefined;
      },
      bad: (line) => {
        badLines += 1;
        if (badLines <= BAD_LINES_NAMED) log('ledger.bad_line', { file: path, line });
      },
    });
    if (newerVersion !== undefined) {
      const aside = `${path}.version${newerVersion}-${new Date(nowMs).toISOString().replace(/\W/g, '')}`;
      await files.rename(path, aside);
      log('ledger.newer', { file: path, version: newerVersion, aside });
      return { state: new TenantState(tenantId), bytes: undefined };
    }
    if (badLines > 0) return await mend(state, badLines, path, { files, log });
    return await cut(state, reading, path, { files, log, nowMs });
  } catch (error) {
    throw failure('LEDGER_DIRECTORY', { directory: path, reason: reasonOf(error) }, error);
  }
}

/** Bad lines may have held blobs that are owed, so nothing counts as listed any more: what was delivered is known and not fetched again. */
async function mend(state: TenantState, badLines: number, path: string, { files, log }: Pick<TenantLedgerOptions, 'files' | 'log'>): Promise<Reading> {
  state.listedUntilMs.clear();
  const copy = `${path}.damaged`;
  try {
    await files.copy(path, copy);
    log('ledger.mending', { file: path, badLines, copy });
  } catch (error) {
    // The copy is for a curious human only.
    log('ledger.mending', { file: path, badLines, copyFailed: reasonOf(error) });
  }
  return { state, bytes: undefined };
}

/** A kill may cut the last line off, which was promised to nobody. */
async function cut(state: TenantState, { wholeBytes, cutBytes, cutLine }: JournalReading, path: string, { files, log, nowMs }: Pick<TenantLedgerOptions, 'files' | 'log'> & { readonly nowMs: number }): Promise<Reading> {
  if (wholeBytes === 0) return { state, bytes: undefined };
  if (cutBytes === 0) return { state, bytes: wholeBytes };
  log('ledger.cut_line', { file: path, bytes: cutBytes });
  await files.truncate(path, wholeBytes);
  const fact = cutLine === undefined ? undefined : readFact(cutLine);
  if (fact === undefined) return { state, bytes: wholeBytes };
  state.take(fact, nowMs);
  return { state, bytes: wholeBytes, line: encodeLine(fact) };
}

function timeOf({ contentCreated }: ContentBlob): number {
  const ms = Date.parse(contentCreated);
  return Number.isNaN(ms) ? 0 : ms;
}
