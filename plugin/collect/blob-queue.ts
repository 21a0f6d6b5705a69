/** Content blobs of one tenant that wait to be fetched: the oldest of all types first, for the oldest expire first. */
import type { ContentBlob, ContentType } from '../types.ts';

export interface BlobQueue {
  /** Adds blobs of one type, oldest first among themselves. */
  push(blobs: readonly ContentBlob[]): void;
  /** The next blob, or undefined when there is none now. */
  shift(): ContentBlob | undefined;
  /** Resolves when there may be a blob to shift, or the signal is aborted. */
  changed(signal: AbortSignal): Promise<void>;
  readonly size: number;
}

export function createBlobQueue(): BlobQueue {
  const byType = new Map<ContentType, { readonly blobs: ContentBlob[]; next: number }>();
  let size = 0;
  let wake: (() => void)[] = [];

  function oldest(): { readonly blobs: ContentBlob[]; next: number } | undefined {
    let found: { readonly blobs: ContentBlob[]; next: number } | undefined;
    for (const line of byType.values()) {
      const head = line.blobs[line.next];
      const best = found?.blobs[found.next];
      if (head !== undefined && (best === undefined || head.contentCreated < best.contentCreated)) found = line;
    }
    return found;
  }

  return {
    get size() { return size; },
    push(blobs) {
      for (const blob of blobs) {
        const line = byType.get(blob.contentType) ?? { blobs: [], next: 0 };
        byType.set(blob.contentType, line);
        line.blobs.push(blob);
      }
      size += blobs.length;
      for (const resolve of wake.splice(0)) resolve();
    },
    shift() {
      const line = oldest();
      if (line === undefined) return undefined;
      const blob = line.blobs[line.next++];
      size -= 1;
      // what was shifted is let go of in large pieces, so that a long queue costs no copy a blob
      if (line.next > 1024 && line.next * 2 > line.blobs.length) {
        line.blobs.splice(0, line.next);
        line.next = 0;
      }
      return blob;
    },
    changed(signal) {
      return new Promise((resolve) => {
        const done = (): void => {
          signal.removeEventListener('abort', done);
          wake = wake.filter((other) => other !== done);
          resolve();
        };
        if (signal.aborted) resolve();
        else {
          wake.push(done);
          signal.addEventListener('abort', done, { once: true });
        }
      });
    },
  };
}
