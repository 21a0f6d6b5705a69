/** A window of time listed to its end: all pages, each link checked, begun anew when the service forgets where it was. */
import { AuditError, failure } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { ContentBlob, ContentType, HttpResponse, Window } from '../types.ts';
import type { RequestRank } from './budget.ts';
import type { Links } from './links.ts';
import { nextPageLink, PAGE_BYTES_MAX, readPage, type Page } from './page.ts';
import type { Caller } from './retry.ts';
import { readJson } from './json-body.ts';

/** The service may answer a wider span with a part of it and no error, so it is never asked for one. */
const WINDOW_MS_MAX = 86_400_000;
/** The size of a page is the service's affair; a listing that never ends is a mistake. */
const PAGES_MAX = 100_000;
/** So many pages in a row which are empty, or as one before, mean that it never ends; until then it takes requests from the tenant's other content types. */
const PAGES_WITHOUT_NEWS_MAX = 1_000;
/** How often a listing begins anew when the service does not know its own link to the next page any more. */
const RESTARTS_MAX = 1;

export interface ListingSurroundings {
  readonly rank: RequestRank;
  readonly call: Caller;
  readonly links: Links;
  readonly tenant: string;
  readonly log: Log;
  readonly counts: { relinked: number; refusedLinks: number; unusableElements: number };
}

/**
 * The blobs of `type` that became available in `window`, page by page. Throws API_WINDOW for a span that the API does not allow, API_LINK for a
 * link that leads elsewhere or back, and whatever a call throws.
 */
export async function* listWindow(type: ContentType, window: Window, signal: AbortSignal | undefined, around: ListingSurroundings): AsyncGenerator<readonly ContentBlob[], void, undefined> {
  const what = `listing ${type}`;
  const { tenant, log } = around;
  const lengthMs = window.endMs - window.startMs;
  if (lengthMs < 0 || lengthMs > WINDOW_MS_MAX) throw failure('API_WINDOW', { tenant, what, detail: `a span of ${lengthMs / 1000} s was asked for` });
  // Less than a second: the next window begins in the same second and lists it.
  if (Math.floor(window.startMs / 1000) === Math.floor(window.endMs / 1000)) return;
  for (let restarts = 0; ; restarts += 1) {
    try {
      yield* listPages(type, window, signal, around);
      return;
    } catch (error) {
      if (!(error instanceof AuditError) || error.code !== 'API_PAGE' || restarts >= RESTARTS_MAX) throw error;
      log('api.listing_again', { tenant, contentType: type, reason: error.message });
    }
  }
}

async function* listPages(type: ContentType, window: Window, signal: AbortSignal | undefined, around: ListingSurroundings): AsyncGenerator<readonly ContentBlob[], void, undefined> {
  const { call, links, tenant, log, counts, rank } = around;
  const what = `listing ${type}`;
  const visited = new Set<string>();
  const seen = new Set<string>();
  let withoutNews = 0;
  const read = async (response: HttpResponse): Promise<{ readonly page: Page; readonly link: string | undefined }> => ({
    page: await readJson(response, PAGE_BYTES_MAX, { tenant, what }, (text) => readPage(text, type, window.startMs)),
    link: nextPageLink(response.headers),
  });
  let url = links.list(type, window);
  while (visited.size < PAGES_MAX) {
    visited.add(url.href);
    const { page, link } = await call({ operation: 'list', rank, what, url, signal, read });
    if (page.unusable > 0) {
      counts.unusableElements += page.unusable;
      log('api.element_unusable', { tenant, contentType: type, elements: page.unusable });
    }
    // An empty page may well have a next one.
    if (page.blobs.length > 0) yield page.blobs;
    if (link === undefined) return;
    const name = nameOf(page);
    withoutNews = name === undefined || seen.has(name) ? withoutNews + 1 : 0;
    if (withoutNews >= PAGES_WITHOUT_NEWS_MAX) throw refused(what, `${PAGES_WITHOUT_NEWS_MAX} pages in a row held nothing new`, around);
    if (name !== undefined) seen.add(name);
    const given = links.nextPage(link);
    const next = given ?? links.madePage(link, type, window);
    if (given === undefined && next !== undefined) {
      counts.relinked += 1;
      log('api.page_relinked', { tenant, contentType: type });
    }
    if (next === undefined) throw refused(what, 'it leads elsewhere', around);
    if (visited.has(next.href)) throw refused(what, 'it leads back', around);
    url = next;
  }
  throw refused(what, `there are more than ${PAGES_MAX} pages`, around);
}

/** By which a page is known again; undefined for one that is empty. */
function nameOf({ blobs }: Page): string | undefined {
  const [first, last] = [blobs[0], blobs.at(-1)];
  return first === undefined || last === undefined ? undefined : `${first.contentId}\n${last.contentId}\n${blobs.length}`;
}

function refused(what: string, detail: string, { tenant, log, counts }: ListingSurroundings): AuditError {
  counts.refusedLinks += 1;
  log('api.link_refused', { tenant, what, detail });
  return failure('API_LINK', { tenant, what, detail });
}
