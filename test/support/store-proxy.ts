/** Between an agent and a real store: an HTTP proxy that lets everything through, and now and then does with a bulk request what a real store does on a bad day. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type ProxyFault =
  /** Every second item is answered with 429 and does not reach the store, as when its write queue is full. */
  | 'throttle-half'
  /** Every second item is answered with 500 and does not reach the store, as when the store takes too long to learn new names. */
  | 'give-up-half'
  /** The store takes the request, and the connection ends in place of its answer. */
  | 'lose-answer';

export interface StoreProxy {
  readonly port: number;
  readonly counts: {
    /** Bulk requests. */
    readonly requests: number;
    /** Items that were answered with 429 or 500 in place of the store. */
    readonly putOff: number;
    /** Items by the status with which the store itself has answered, also where nobody was told. */
    readonly statuses: Readonly<Record<string, number>>;
  };
  /** From now on, for the next `times` bulk requests or until the next call; without a fault it behaves well. */
  behave(fault?: ProxyFault, times?: number): void;
  close(): Promise<void>;
}

/** How both stores say it: https://www.elastic.co/docs/reference/elasticsearch/index-settings/pressure, and what Elasticsearch answers after indices.mapping.dynamic_timeout. */
const REFUSALS: Readonly<Partial<Record<ProxyFault, object>>> = {
  'throttle-half': { status: 429, error: { type: 'es_rejected_execution_exception', reason: 'rejected execution of coordinating operation' } },
  'give-up-half': { status: 500, error: { type: 'mapper_exception', reason: 'timed out while waiting for a dynamic mapping update' } },
};

interface BulkAnswer {
  readonly errors: boolean;
  readonly items: readonly Readonly<Record<string, { readonly status: number }>>[];
}

/** Starts a proxy in front of the store at `url`, on a free port of 127.0.0.1. */
export async function startStoreProxy(url: string): Promise<StoreProxy> {
  const statuses: Record<string, number> = {};
  const counts = { requests: 0, putOff: 0, statuses };
  let fault: ProxyFault | undefined;
  let timesLeft = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray() as Buffer[]);
    const isBulk = new URL(request.url ?? '', url).pathname.endsWith('/_bulk');
    const now = isBulk && timesLeft-- > 0 ? fault : undefined;
    if (isBulk) counts.requests += 1;
    const lines = body.toString().split('\n');
    const refusal = now === undefined ? undefined : REFUSALS[now];
    const isKept = (item: number): boolean => refusal === undefined || item % 2 === 1;
    const sent = isBulk ? lines.filter((_, number) => isKept(Math.floor(number / 2)) || number === lines.length - 1).join('\n') : body;
    const passed = sent.length === 0 && isBulk ? undefined : await fetch(new URL(request.url ?? '', url), {
      method: request.method ?? 'GET', ...(request.method === 'GET' || request.method === 'HEAD' ? {} : { body: sent }), headers: { 'content-type': request.headers['content-type'] ?? 'application/json' },
    });
    const text = await passed?.text() ?? '';
    if (now === 'lose-answer') response.socket?.destroy();
    response.writeHead(passed?.status ?? 200, { 'content-type': 'application/json' }).end(isBulk && (passed?.ok ?? true) ? withRefused(text, lines, isKept, refusal) : text);
  }

  function withRefused(text: string, lines: readonly string[], isKept: (item: number) => boolean, refusal: object | undefined): string {
    const { items: taken, errors } = text === '' ? { items: [], errors: false } : JSON.parse(text) as BulkAnswer;
    for (const item of taken) for (const { status } of Object.values(item)) statuses[status] = (statuses[status] ?? 0) + 1;
    const left = [...taken];
    const items = Array.from({ length: Math.floor(lines.length / 2) }, (_, number) => isKept(number) ? left.shift() : refused(lines[number * 2] ?? '', refusal));
    const count = items.length - taken.length;
    counts.putOff += count;
    return JSON.stringify({ took: 1, errors: errors || count > 0, items });
  }

  const server = createServer((request, response) => {
    // a store that cannot be reached is one that does not answer
    answer(request, response).catch(() => response.socket?.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    counts,
    behave(next, times = Infinity) {
      fault = next;
      timesLeft = next === undefined ? 0 : times;
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refused(line: string, refusal: object | undefined): object {
  const [[action, target] = ['create', {}]] = Object.entries(JSON.parse(line) as Record<string, object>);
  return { [action]: { ...target, ...refusal } };
}
