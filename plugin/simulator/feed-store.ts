/** Every blob of every tenant, in the order that listings have: by contentCreated, then by making. */
import type { ContentType } from '../types.ts';
import type { Blob } from './blob.ts';

/** The blobs of one tenant and content type, oldest first. */
export interface Shelf {
  readonly tenantId: string;
  readonly contentType: ContentType;
  readonly blobs: readonly Blob[];
}

export interface FeedStore {
  add(blob: Blob): void;
  /** Makes a blob known by its id alone: it can be fetched, and no listing finds it by itself. */
  addUnlisted(blob: Blob): void;
  find(contentId: string): Blob | undefined;
  shelf(tenantId: string, contentType: ContentType): Shelf;
  shelves(): readonly Shelf[];
  /** The bytes of all bodies that are held. */
  heldBytes(): number;
  /** Lets the bodies of blobs go that expired before this time; the blobs stay known, so that they are refused as expired. */
  dropBodies(expiredBeforeMs: number): void;
}

/** How many unlisted blobs (parts of blobs) are known at once; the oldest are forgotten first. */
const UNLISTED_LIMIT = 1000;

/** Makes an empty store. */
export function createFeedStore(): FeedStore {
  const shelves = new Map<string, Shelf & { readonly blobs: Blob[] }>();
  const byId = new Map<string, Blob>();
  const unlisted = new Map<string, Blob>();
  let bytes = 0;

  const shelfOf = (tenantId: string, contentType: ContentType): Shelf & { readonly blobs: Blob[] } => {
    const key = `${tenantId}|${contentType}`;
    const known = shelves.get(key);
    if (known !== undefined) return known;
    const shelf = { tenantId, contentType, blobs: [] };
    shelves.set(key, shelf);
    return shelf;
  };

  return {
    add: (blob) => {
      const { blobs } = shelfOf(blob.tenantId, blob.contentType);
      blobs.splice(positionAfter(blobs, blob), 0, blob);
      byId.set(blob.contentId, blob);
      bytes += blob.length;
    },
    addUnlisted: (blob) => {
      unlisted.set(blob.contentId, blob);
      for (const id of unlisted.keys()) {
        if (unlisted.size <= UNLISTED_LIMIT) break;
        unlisted.delete(id);
      }
    },
    find: (contentId) => byId.get(contentId) ?? unlisted.get(contentId),
    shelf: shelfOf,
    shelves: () => [...shelves.values()],
    heldBytes: () => bytes,
    dropBodies: (expiredBeforeMs) => {
      for (const { blobs } of shelves.values()) {
        for (const [index, blob] of blobs.entries()) {
          if (blob.expiresMs >= expiredBeforeMs) continue;
          if (blob.pieces.length === 0) continue;
          bytes -= blob.length;
          const emptied = { ...blob, pieces: [], length: 0 };
          blobs[index] = emptied;
          byId.set(blob.contentId, emptied);
        }
      }
    },
  };
}

/** The first index whose blob was created at or after this time. */
export function indexFrom(blobs: readonly Blob[], timeMs: number): number {
  return firstIndex(blobs, (blob) => blob.createdMs >= timeMs);
}

function positionAfter(blobs: readonly Blob[], { createdMs, sequence }: Blob): number {
  return firstIndex(blobs, (other) => other.createdMs > createdMs || (other.createdMs === createdMs && other.sequence > sequence));
}

/** The position of the blob with this place in the order, or the one where it would stand. */
export function indexOfBlob(blobs: readonly Blob[], blob: Blob): number {
  return firstIndex(blobs, (other) => other.createdMs > blob.createdMs || (other.createdMs === blob.createdMs && other.sequence >= blob.sequence));
}

function firstIndex(blobs: readonly Blob[], holds: (blob: Blob) => boolean): number {
  let low = 0;
  let high = blobs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const blob = blobs[middle];
    if (blob === undefined || holds(blob)) high = middle;
    else low = middle + 1;
  }
  return low;
}
