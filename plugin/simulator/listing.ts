/** Content listings: which blobs a window holds, page by page, with everything that can be wrong about them. */
import { apiError, json, type Answer } from './answer.ts';
import { keyTimeMs, listingElement, makeBlob, partOfBlob, type Blob } from './blob.ts';
import type { Notes } from './counts.ts';
import { indexFrom, indexOfBlob, type FeedStore, type Shelf } from './feed-store.ts';
import type { FaultBoard, FaultTarget } from './faults.ts';
import type { NextPages, Position } from './next-page.ts';
import type { Random } from './random.ts';
import type { ListingWindow } from './window.ts';

export interface ListingOptions {
  readonly store: FeedStore;
  readonly faults: FaultBoard;
  readonly notes: Notes;
  readonly nextPages: NextPages;
  readonly random: Random;
  readonly nowMs: () => number;
  readonly pageSize: number;
}

export interface ListingRequest {
  readonly shelf: Shelf;
  readonly window: ListingWindow;
  /** The token of a next page. */
  readonly nextPage: string | undefined;
  /** Content created before this is not seen (a subscription that was stopped). */
  readonly visibleFromMs: number;
  /** Scheme, host and port by which the client called. */
  readonly origin: string;
  /** The request's own URL. */
  readonly url: string;
  readonly publisher: string | undefined;
  readonly target: FaultTarget;
}

interface Page {
  readonly blobs: readonly Blob[];
  /** Where the next page begins; undefined when this is the last one. */
  readonly next: Position | undefined;
}

const BEGINNING: Position = { after: undefined, newestFirst: false, emptyPages: 0 };

/** Answers one request for a page of a listing. */
export function listContent(request: ListingRequest, options: ListingOptions): Answer {
  const { shelf, window, nextPage, origin, url, publisher, target } = request;
  const { store, faults, notes, nextPages, random } = options;
  const position = nextPage === undefined ? BEGINNING : nextPages.read(nextPage, shelf.blobs);
  if (position === undefined || (nextPage !== undefined && faults.take('next-page-refused', target) !== undefined)) return apiError('AF20031', nextPage ?? '');
  const isFirst = nextPage === undefined;
  const start = isFirst && faults.take('newest-first', target) !== undefined ? { ...position, newestFirst: true } : position;
  const page = faults.take('empty-page', target) === undefined ? cutPage(request, start, options)
    : { blobs: [], next: { ...start, emptyPages: start.emptyPages + 1 } };
  const blobs = [...page.blobs];
  if (start.after !== undefined && faults.take('blob-on-two-pages', target) !== undefined) blobs.unshift(start.after);
  if (isFirst) blobs.unshift(...partialBlobs(request, options));
  if (faults.take('listed-though-expired', target) !== undefined) blobs.unshift(expiredBlob(shelf, window, options));
  const ordered = faults.take('shuffled-page', target) === undefined ? blobs : random.sample(blobs, blobs.length);
  for (const blob of ordered) {
    if (store.find(blob.contentId) === undefined) store.addUnlisted(blob);
    notes.noteListed(blob);
  }
  const root = feedRoot(origin, shelf.tenantId);
  const answer = json(200, `[${ordered.map((blob) => element(blob, request, faults)).join(',')}]`);
  const next = page.next ?? (faults.isOn('next-page-loops') ? start : undefined);
  return next === undefined ? answer : { ...answer, headers: nextPages.header(next, { root, contentType: shelf.contentType, window, url, publisher, target }) };
}

function cutPage({ shelf, window, visibleFromMs, target }: ListingRequest, position: Position, { faults, nowMs, pageSize }: ListingOptions): Page {
  const { after, newestFirst } = position;
  const now = nowMs();
  const hasParts = faults.peek('partial-blob', target) !== undefined;
  const low = indexFrom(shelf.blobs, Math.max(window.startMs, visibleFromMs));
  const high = indexFrom(shelf.blobs, Math.min(window.endMs, Math.floor(now) + 1));
  // A window that is too wide is answered with its first half, as if that were all.
  const inWindow = shelf.blobs.slice(low, window.isWide ? Math.floor((low + high) / 2) : Math.max(low, high))
    .filter((blob) => blob.expiresMs > now && !(hasParts && blob.createdMs === window.startMs && blob.ids.length > 1));
  if (newestFirst) inWindow.reverse();
  const place = after === undefined ? 0 : newestFirst ? inWindow.length - indexOfBlob([...inWindow].reverse(), after) : indexOfBlob(inWindow, after);
  const begin = inWindow[place] === after && after !== undefined ? place + 1 : place;
  const blobs = inWindow.slice(begin, begin + pageSize);
  return { blobs, next: begin + pageSize < inWindow.length ? { after: blobs.at(-1), newestFirst, emptyPages: 0 } : undefined };
}

/** What a window sees of the blobs in whose range of keys it starts: the part from its start on. */
function partialBlobs({ shelf, window, target }: ListingRequest, { faults, nowMs }: ListingOptions): Blob[] {
  if (faults.peek('partial-blob', target) === undefined) return [];
  const begunBefore = shelf.blobs.slice(0, indexFrom(shelf.blobs, window.startMs + 1));
  return begunBefore.filter(({ lastKeyMs, expiresMs, ids }) => ids.length > 1 && lastKeyMs >= window.startMs && expiresMs > nowMs()).map((blob) => {
    const from = blob.ids.findIndex((_, index) => index > 0 && keyTimeMs(blob, index) >= window.startMs);
    return partOfBlob(blob, from, String(from).padStart(6, '0'));
  });
}

/** A blob that should not be listed any more. */
function expiredBlob({ tenantId, contentType }: Shelf, { startMs }: ListingWindow, { random, nowMs }: ListingOptions): Blob {
  const createdMs = Math.floor(startMs);
  return makeBlob({ sequence: 0, tenantId, contentType, createdMs, lastKeyMs: createdMs, expiresMs: nowMs() - 3_600_000, keyDigits: random.digits(6), stamp: 'emea0000' }, []);
}

function element(blob: Blob, { origin, shelf, target }: ListingRequest, faults: FaultBoard): string {
  const one = { ...target, path: blob.contentId };
  const elsewhere = faults.take('content-uri-other-host', one);
  if (elsewhere !== undefined) return listingElement(feedRoot(elsewhere.origin, shelf.tenantId), blob.elementTail);
  if (faults.take('content-uri-localhost', one) !== undefined) return listingElement(`http://localhost/${otherTenant(shelf.tenantId)}/activity/feed`, blob.elementTail);
  if (faults.take('content-uri-nowhere', one) !== undefined) return listingElement(`${feedRoot(origin, shelf.tenantId)}/nowhere`, blob.elementTail);
  const tenantId = faults.take('content-uri-other-tenant', one) === undefined ? shelf.tenantId : otherTenant(shelf.tenantId);
  return listingElement(feedRoot(origin, tenantId), blob.elementTail);
}

function feedRoot(origin: string, tenantId: string): string {
  return `${origin}/api/v1.0/${tenantId}/activity/feed`;
}

/** A tenant that is not this one, and not one of the simulator's. */
function otherTenant(tenantId: string): string {
  return tenantId.replace(/^./, (digit) => digit === 'f' ? '0' : 'f');
}
