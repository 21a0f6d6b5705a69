/** What the service lists: subscriptions, and content blobs page by page. Bodies are read by shape, tolerantly; only what cannot be used is dropped, loudly. */
import { CONTENT_TYPES, type ContentBlob, type ContentType, type HttpResponse } from '../types.ts';

/** A page of a listing is not limited by any document; this is some hundred thousand blobs. */
export const PAGE_BYTES_MAX = 64 * 1024 * 1024;
/** Blobs live this long from when they became available; used when the service does not say. */
const LIFE_MS = 7 * 86_400_000;

export interface Page {
  readonly blobs: readonly ContentBlob[];
  /** How many elements could not be used at all. */
  readonly unusable: number;
}

/** Reads one page of blobs of `type`; `startedAtMs` stands in for a time that is missing. Throws SyntaxError if the text is no JSON array. */
export function readPage(text: string, type: ContentType, startedAtMs: number): Page {
  const blobs: ContentBlob[] = [];
  let unusable = 0;
  for (const element of readArray(text)) {
    const blob = readBlob(element, type, startedAtMs);
    if (blob === undefined) unusable += 1;
    else blobs.push(blob);
  }
  return { blobs, unusable };
}

/** Reads the list of subscriptions, ignoring types that this program does not know; one without a status is not enabled. */
export function readSubscriptions(text: string): ReadonlyMap<ContentType, 'enabled' | 'disabled'> {
  const found = new Map<ContentType, 'enabled' | 'disabled'>();
  for (const element of readArray(text)) {
    const type = CONTENT_TYPES.find((known) => known.toLowerCase() === textOf(element, 'contentType').toLowerCase());
    if (type !== undefined) found.set(type, textOf(element, 'status').toLowerCase() === 'enabled' ? 'enabled' : 'disabled');
  }
  return found;
}

/** The link to the next page, under any of the names that the documents and the wire have for it. */
export function nextPageLink(headers: HttpResponse['headers']): string | undefined {
  const link = headers.nextpageuri ?? headers.nextpageurl;
  return link === undefined || link.trim() === '' ? undefined : link;
}

function readArray(text: string): readonly Readonly<Record<string, unknown>>[] {
  const value: unknown = JSON.parse(text);
  if (!Array.isArray(value)) throw new SyntaxError('not an array');
  return value.map((element: unknown) => typeof element === 'object' && element !== null ? element as Record<string, unknown> : {});
}

function readBlob(element: Readonly<Record<string, unknown>>, type: ContentType, startedAtMs: number): ContentBlob | undefined {
  const contentUri = textOf(element, 'contentUri');
  const contentId = textOf(element, 'contentId') || (contentUri.split(/[?#]/)[0]?.split('/').at(-1) ?? '');
  if (contentId === '') return undefined;
  const contentCreated = timeOf(element, 'contentCreated') ?? new Date(startedAtMs).toISOString();
  const contentExpiration = timeOf(element, 'contentExpiration') ?? new Date(Date.parse(contentCreated) + LIFE_MS).toISOString();
  return { contentId, contentUri, contentType: type, contentCreated, contentExpiration };
}

function timeOf(element: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const text = textOf(element, name);
  return Number.isNaN(Date.parse(text)) ? undefined : text;
}

function textOf(element: Readonly<Record<string, unknown>>, name: string): string {
  const value = element[name];
  return typeof value === 'string' ? value : '';
}
