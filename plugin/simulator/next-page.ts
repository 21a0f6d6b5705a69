/**
 * Where a listing goes on: the token of NextPageUri and the header itself. A token names the last blob before the next page, so that blobs
 * which appear between two pages neither hide nor repeat others. It looks like the service's own, `2015101900R022885001761`: an hour, then
 * here one digit for the direction, four that make the URLs of empty pages differ, and seven for the blob's number (0 = before the first).
 */
import { serviceTime, type Blob } from './blob.ts';
import { indexFrom } from './feed-store.ts';
import type { FaultBoard, FaultTarget } from './faults.ts';
import type { ListingWindow } from './window.ts';

export interface Position {
  /** The last blob before the page; undefined at the beginning. */
  readonly after: Blob | undefined;
  readonly newestFirst: boolean;
  readonly emptyPages: number;
}

export interface NextPageRequest {
  /** `<origin>/api/v1.0/<tenant>/activity/feed` */
  readonly root: string;
  readonly contentType: string;
  readonly window: ListingWindow;
  /** The request's own URL, for a next page that leads nowhere. */
  readonly url: string;
  readonly publisher: string | undefined;
  readonly target: FaultTarget;
}

export interface NextPages {
  /** The header with the URL of the page at this position. */
  header(position: Position, request: NextPageRequest): Readonly<Record<string, string>>;
  /** The position that a token means, or undefined when it means none. */
  read(token: string, blobs: readonly Blob[]): Position | undefined;
  /** The window of a next page whose URL did not carry it. */
  windowOf(token: string): ListingWindow | undefined;
}

const HOUR_MS = 3_600_000;
/** How many windows are remembered for URLs without times. */
const REMEMBERED_WINDOWS = 10_000;

/** Makes the writer and reader of next pages. */
export function createNextPages(faults: FaultBoard): NextPages {
  const windows = new Map<string, ListingWindow>();
  return {
    header: (position, { root, contentType, window, url, publisher, target }) => {
      const name = faults.take('next-page-header', target)?.name ?? 'NextPageUri';
      if (faults.take('next-page-loops', target) !== undefined) return { [name]: url };
      const token = tokenOf(position);
      const query = [`contentType=${contentType}`];
      if (faults.take('next-page-without-times', target) === undefined) {
        query.push(`startTime=${encodeURIComponent(window.startText)}`, `endTime=${encodeURIComponent(window.endText)}`);
      } else {
        windows.set(token, window);
        for (const oldest of windows.keys()) {
          if (windows.size <= REMEMBERED_WINDOWS) break;
          windows.delete(oldest);
        }
      }
      query.push(`${faults.take('next-page-lower-case', target) === undefined ? 'nextPage' : 'nextpage'}=${token}`);
      if (publisher !== undefined && faults.take('next-page-publisher', target) !== undefined) query.push(`PublisherIdentifier=${publisher}`);
      const elsewhere = faults.take('next-page-other-host', target);
      const base = elsewhere === undefined ? root : root.replace(/^\w+:\/\/[^/]+/, elsewhere.origin);
      return { [name]: `${base}/subscriptions/content?${query.join('&')}` };
    },
    read: readToken,
    windowOf: (token) => windows.get(token),
  };
}

function tokenOf({ after, newestFirst, emptyPages }: Position): string {
  const hour = serviceTime(after?.createdMs ?? 0).slice(0, 13).replace(/\D/g, '');
  return `${hour}R${newestFirst ? 1 : 0}${String(emptyPages % 10_000).padStart(4, '0')}${String(after?.sequence ?? 0).padStart(7, '0')}`;
}

function readToken(token: string, blobs: readonly Blob[]): Position | undefined {
  const [, hour, direction, empty, digits] = /^(\d{10})R([01])(\d{4})(\d{7})$/.exec(token) ?? [];
  if (hour === undefined) return undefined;
  const sequence = Number(digits);
  const [newestFirst, emptyPages] = [direction === '1', Number(empty)];
  if (sequence === 0) return { after: undefined, newestFirst, emptyPages };
  const fromMs = Date.parse(`${hour.slice(0, 4)}-${hour.slice(4, 6)}-${hour.slice(6, 8)}T${hour.slice(8)}:00:00Z`);
  const after = blobs.slice(indexFrom(blobs, fromMs), indexFrom(blobs, fromMs + HOUR_MS)).find((blob) => blob.sequence === sequence);
  return after === undefined ? undefined : { after, newestFirst, emptyPages };
}
