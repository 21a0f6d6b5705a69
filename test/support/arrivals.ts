/** What a Forward host took, run by run: a run's frames are those of its own connections, however late the host came to read them. */
import type { ForwardHost } from './forward-host.ts';

/** The ids of the events in frames that were taken on connections after the first so many, in their order. */
export function idsAfter(host: ForwardHost, connections: number): string[] {
  const ids = host.events.map(({ id }) => id ?? '');
  let at = 0;
  return host.frames.filter(({ taken }) => taken).flatMap(({ connection, size }) => {
    at += size;
    return connection > connections ? ids.slice(at - size, at) : [];
  });
}
