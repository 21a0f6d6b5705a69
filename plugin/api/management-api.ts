/**
 * The Office 365 Management Activity API of one tenant: subscriptions, listings, blobs. What it cannot heal by itself it throws as a failure
 * whose meaning `consequenceOf` (classifier.ts) tells.
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference
 */
import type { Log } from '../telemetry/log.ts';
import type { Clock, ContentBlob, ContentType, HttpRequest, HttpResponse, Window } from '../types.ts';
import type { RequestBudget, RequestRank } from './budget.ts';
import { blobBody } from './blob-body.ts';
import { createLinks, type Links } from './links.ts';
import { listWindow } from './listing.ts';
import { nextPageLink, PAGE_BYTES_MAX, readSubscriptions } from './page.ts';
import { createCaller, type BearerTokens } from './retry.ts';
import { readJson } from './json-body.ts';

export interface ManagementApiOptions {
  /** The API host, as `https://manage.office.com`; a path before `/api` is kept. */
  readonly root: URL;
  /** The tenant's GUID, known once there is a token. */
  readonly tenantId: (signal?: AbortSignal) => Promise<string>;
  /** The GUID of whoever wrote the caller; the tenant's own if undefined. Quota is counted by it. */
  readonly publisherId?: string;
  /** Learns when the service throttles. */
  readonly throttled?: () => void;
  /** How blobs are asked for, where that is another way than everything else. */
  readonly requestBlob?: HttpRequest;
  /** Between 0 and 1, for the spread of waits. */
  readonly random?: () => number;
}

export interface ManagementApi {
  /** All subscriptions of the application in this tenant; one that is missing was never started. */
  subscriptions(signal?: AbortSignal): Promise<ReadonlyMap<ContentType, 'enabled' | 'disabled'>>;
  /** Starts the subscription of a type, for polling; resolves with whether it was off. It being on already is a success. At most every 15 minutes: API_START_LIMIT. */
  start(type: ContentType, signal?: AbortSignal): Promise<boolean>;
  /**
   * The blobs that became available in a window of at most 24 hours, cut to whole seconds, page by page, in the order of the service. A blob may
   * come twice. All of the window is listed only when the iteration ends without a failure. `rank` is that of its requests among the tenant's.
   */
  list(type: ContentType, window: Window, signal?: AbortSignal, rank?: RequestRank): AsyncIterable<readonly ContentBlob[]>;
  /** The JSON of a blob, decoded, as it comes in; must be read to its end or left by `break`. It may fail on the way with a NETWORK_ failure, or with API_UNREADABLE when it is an error in place of events. */
  open(blob: ContentBlob, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
  /** How far the service's clock is ahead of ours, to about a second; undefined before the first answer. */
  readonly clockSkewMs: number | undefined;
  /** When, by our clock, it was learned. */
  readonly clockSeenMs: number | undefined;
  readonly counts: ApiCounts;
}

export interface ApiCounts {
  /** Answers of the service, whatever they were. */
  readonly answers: number;
  /** Links that led elsewhere and were made anew: of blobs from their ids, to next pages from their tokens. */
  readonly relinked: number;
  /** Links to a next page that led elsewhere or back, and were not followed. */
  readonly refusedLinks: number;
  /** Elements of listings that could not be used. */
  readonly unusableElements: number;
}

/** Makes the client of one tenant; nothing is sent before the first call. */
export function createManagementApi(options: ManagementApiOptions, request: HttpRequest, tokens: BearerTokens, budget: RequestBudget, clock: Clock, log: Log): ManagementApi {
  const { root } = options;
  const counts = { answers: 0, relinked: 0, refusedLinks: 0, unusableElements: 0 };
  let clockSkewMs: number | undefined;
  let clockSeenMs: number | undefined;
  let tenant = '(not known yet)';
  let links: Links | undefined;

  const noteAnswer = ({ headers }: HttpResponse): void => {
    counts.answers += 1;
    const serverMs = Date.parse(headers.date ?? '');
    if (Number.isNaN(serverMs)) return;
    clockSeenMs = clock.nowMs();
    clockSkewMs = serverMs - clockSeenMs;
  };
  const call = createCaller({ tenant: () => tenant, origin: root.origin, request, tokens, budget, clock, log, random: options.random ?? Math.random, noteAnswer, throttled: options.throttled ?? (() => undefined) });

  async function linksOfTenant(signal: AbortSignal | undefined): Promise<Links> {
    const tenantId = await options.tenantId(signal);
    if (links === undefined || tenantId !== tenant) {
      tenant = tenantId;
      links = createLinks(root, tenantId, options.publisherId ?? tenantId);
    }
    return links;
  }

  return {
    async subscriptions(signal) {
      const what = 'asking for the subscriptions';
      const { subscriptions: url } = await linksOfTenant(signal);
      return call({ operation: 'subscriptions', rank: 'first', what, url, signal, read: (response) => readJson(response, PAGE_BYTES_MAX, { tenant, what }, readSubscriptions) });
    },

    async start(type, signal) {
      const { start } = await linksOfTenant(signal);
      return call({ operation: 'start', rank: 'first', what: `starting the subscription of ${type}`, url: start(type), signal, read: (response) => response.dump().then(() => true), accepted: { result: false } });
    },

    async* list(type, window, signal, rank = 'first') {
      yield* listWindow(type, window, signal, { rank, call, links: await linksOfTenant(signal), tenant, log, counts });
    },

    async open(blob, signal) {
      const { given, made } = await linksOfTenant(signal);
      const otherUrl = made(blob);
      const url = given(blob) ?? otherUrl;
      if (url === otherUrl) {
        counts.relinked += 1;
        log('api.relinked', { tenant, contentType: blob.contentType, contentId: blob.contentId });
      }
      const what = `reading a blob of ${blob.contentType}`;
      const response = await call({ operation: 'blob', request: options.requestBlob ?? request, rank: 'usual', what, url, otherUrl, signal, read: (answer) => Promise.resolve(answer) });
      if (nextPageLink(response.headers) !== undefined) log('api.blob_has_pages', { tenant, contentId: blob.contentId });
      return blobBody(response.body, { tenant, what });
    },

    get clockSkewMs() {
      return clockSkewMs;
    },
    get clockSeenMs() {
      return clockSeenMs;
    },
    counts,
  };
}
