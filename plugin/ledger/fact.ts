/** The facts of a tenant's journal, and how they look as JSON. A kind that this version does not know is passed over. */
import { CONTENT_TYPES, type ContentBlob, type ContentType } from '../types.ts';

/** Raised when an older program would misread what a newer one wrote. */
export const JOURNAL_VERSION = 1;

export type Fact =
  /** The first line of every journal. */
  | { readonly fact: 'journal'; readonly version: number; readonly tenant: string }
  /** A blob was listed and is still to be delivered; with `ordered` whatever became of it before. */
  | { readonly fact: 'owed'; readonly type: ContentType; readonly id: string; readonly uri: string; readonly created: string; readonly expires: string; readonly ordered?: boolean }
  /** A blob that is owed could not be delivered in its attempts; noted the first time. */
  | { readonly fact: 'parked'; readonly type: ContentType; readonly id: string; readonly reason: string; readonly atMs: number }
  /** All events of a blob were delivered. */
  | { readonly fact: 'committed'; readonly type: ContentType; readonly id: string; readonly expires: string }
  /** A blob was given up. */
  | { readonly fact: 'lost'; readonly type: ContentType; readonly id: string; readonly expires: string; readonly reason: string; readonly atMs: number }
  /** All blobs of a type that became available before `untilMs` were listed. */
  | { readonly fact: 'listed'; readonly type: ContentType; readonly untilMs: number }
  /** What became available from `fromMs` (inclusive) to `untilMs` (exclusive) was never listed, and can no longer be. */
  | { readonly fact: 'lost-window'; readonly type: ContentType; readonly fromMs: number; readonly untilMs: number; readonly reason: string; readonly atMs: number }
  /** All was listed once more; what became available before `fromMs` was never this ledger's business. */
  | { readonly fact: 'relisted'; readonly type: ContentType; readonly fromMs: number; readonly atMs: number }
  /** A subscription was off until it was started at `untilMs`; what that has cost is to be named when it is listed again. */
  | { readonly fact: 'off'; readonly type: ContentType; readonly untilMs: number }
  /** The start of a subscription was asked for. */
  | { readonly fact: 'started'; readonly type: ContentType; readonly atMs: number }
  /** Snapshots only: blobs that are done, as the index packs them, in base64. */
  | { readonly fact: 'done'; readonly blobs: string }
  /** Snapshots only: how many blobs were committed and lost before it. */
  | { readonly fact: 'totals'; readonly committed: number; readonly lost: number };

type Shape = Readonly<Record<string, 'string' | 'number' | 'type'>>;

const BLOB = { type: 'type', id: 'string', expires: 'string' } as const;
const SHAPES: Readonly<Record<Fact['fact'], Shape>> = {
  journal: { version: 'number', tenant: 'string' },
  owed: { ...BLOB, uri: 'string', created: 'string' },
  parked: { type: 'type', id: 'string', reason: 'string', atMs: 'number' },
  committed: BLOB,
  lost: { ...BLOB, reason: 'string', atMs: 'number' },
  listed: { type: 'type', untilMs: 'number' },
  'lost-window': { type: 'type', fromMs: 'number', untilMs: 'number', reason: 'string', atMs: 'number' },
  relisted: { type: 'type', fromMs: 'number', atMs: 'number' },
  off: { type: 'type', untilMs: 'number' },
  started: { type: 'type', atMs: 'number' },
  done: { blobs: 'string' },
  totals: { committed: 'number', lost: 'number' },
};

/** Makes a fact of what a line held; undefined if it is of no kind known here, or lacks something. */
export function readFact(value: Readonly<Record<string, unknown>>): Fact | undefined {
  const { fact } = value;
  if (typeof fact !== 'string' || !Object.hasOwn(SHAPES, fact)) return undefined;
  const fits = Object.entries(SHAPES[fact as Fact['fact']]).every(([name, kind]) => kind === 'type' ? CONTENT_TYPES.includes(value[name] as ContentType) : typeof value[name] === kind);
  return fits ? value as unknown as Fact : undefined;
}

export function owedFact(blob: ContentBlob): Fact {
  const { contentType: type, contentId: id, contentUri: uri, contentCreated: created, contentExpiration: expires, isOrdered } = blob;
  return { fact: 'owed', type, id, uri, created, expires, ...(isOrdered === true ? { ordered: true } : {}) };
}

export function blobOf(fact: Extract<Fact, { fact: 'owed' }>): ContentBlob {
  const { type: contentType, id: contentId, uri: contentUri, created: contentCreated, expires: contentExpiration, ordered } = fact;
  return { contentType, contentId, contentUri, contentCreated, contentExpiration, ...(ordered === true ? { isOrdered: true } : {}) };
}
