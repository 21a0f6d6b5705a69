/**
 * Addresses of the API, made by us or handed out by the service. The bearer token goes to the configured origin and tenant only: other links
 * are made anew from the blob's id, or refused.
 * https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-reference
 */
import type { ContentBlob, ContentType, Window } from '../types.ts';

const PUBLISHER = 'PublisherIdentifier';
/** The tenant in a link of the service; some documents print `v1` where the service has `v1.0`. */
const TENANT_IN_PATH = /\/api\/v\d+(?:\.\d+)?\/([^/]+)\/activity\/feed\//i;

export interface Links {
  readonly subscriptions: URL;
  readonly start: (type: ContentType) => URL;
  /** Both times always, in whole seconds UTC without zone; the documents disagree on what is listed without them. */
  readonly list: (type: ContentType, window: Window) => URL;
  /** The link that came with the blob; undefined if it leads elsewhere. */
  readonly given: (blob: ContentBlob) => URL | undefined;
  /** The blob's link made from its id. */
  readonly made: (blob: ContentBlob) => URL;
  /** The service's link to the next page, as it is; undefined if it leads elsewhere. */
  readonly nextPage: (link: string) => URL | undefined;
  /** The next page of a listing made from the token in a link that leads elsewhere; undefined if there is none in it. */
  readonly madePage: (link: string, type: ContentType, window: Window) => URL | undefined;
}

/** Makes the addresses for one tenant (its GUID) below `root`, with the publisher on each of them. */
export function createLinks(root: URL, tenantId: string, publisherId: string): Links {
  const feed = `${root.origin}${root.pathname.replace(/\/+$/, '')}/api/v1.0/${tenantId}/activity/feed`;

  function operation(path: string): URL {
    return withPublisher(new URL(`${feed}/${path}`));
  }

  /** Adds the publisher unless the service has put it in already. The link is opaque: nothing else of it is touched. */
  function withPublisher(url: URL): URL {
    const named = [...url.searchParams.keys()].some((name) => name.toLowerCase() === PUBLISHER.toLowerCase());
    if (!named) url.search += `${url.search === '' ? '?' : '&'}${PUBLISHER}=${encodeURIComponent(publisherId)}`;
    return url;
  }

  function ours(link: string): URL | undefined {
    if (!URL.canParse(link)) return undefined;
    const url = new URL(link);
    if (url.origin !== root.origin) return undefined;
    const tenant = TENANT_IN_PATH.exec(url.pathname)?.[1];
    if (tenant !== undefined && tenant.toLowerCase() !== tenantId.toLowerCase()) return undefined;
    return withPublisher(url);
  }

  const trimmed = (link: string): string => link.replace(/^[\s<"']+|[\s>"']+$/g, '');
  const list: Links['list'] = (type, { startMs, endMs }) => operation(`subscriptions/content?contentType=${type}&startTime=${wholeSeconds(startMs)}&endTime=${wholeSeconds(endMs)}`);

  return {
    subscriptions: operation('subscriptions/list'),
    start: (type) => operation(`subscriptions/start?contentType=${type}`),
    list,
    given: ({ contentUri }) => ours(contentUri),
    made: ({ contentId }) => operation(`audit/${contentId.replace(/[^\w$.~!'()*+,;=:@-]/g, encodeURIComponent)}`),
    nextPage: (link) => ours(trimmed(link)),
    madePage(link, type, window) {
      const text = trimmed(link);
      const [, token] = [...(URL.canParse(text) ? new URL(text).searchParams : [])].find(([name]) => name.toLowerCase() === 'nextpage') ?? [];
      if (token === undefined || token === '') return undefined;
      const url = list(type, window);
      url.search += `&nextPage=${encodeURIComponent(token)}`;
      return url;
    },
  };
}

function wholeSeconds(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toISOString().slice(0, 19);
}
