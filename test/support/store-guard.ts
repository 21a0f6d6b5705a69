/** Between a command and a real store that has neither TLS nor users: a proxy which has both, as the distributions of the stores do. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { TEST_CERTIFICATE_FILE, TEST_KEY_FILE } from './forward-host.ts';

export type Right = 'read' | 'write';

export interface Guard {
  /** Without a slash at the end. */
  readonly url: string;
  /** How many requests have come through TLS. */
  requestCount(): number;
  close(): Promise<void>;
}

/** Starts a guard of the store at `url`; `rights` are by the header `authorization`. */
export async function startGuard(url: string, rights: Readonly<Record<string, Right>>): Promise<Guard> {
  let count = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    count += 1;
    const { method = 'GET', url: target = '/', headers } = request;
    const body = Buffer.concat(await request.toArray() as Buffer[]);
    const right = rights[headers.authorization ?? ''];
    // what a user may not do is refused by both in these forms
    if (right === undefined) { refuse(response, 401, 'unable to authenticate'); return; }
    if (right === 'read' && (method !== 'GET' || target.startsWith('/_index_template') || target.startsWith('/_ingest'))) { refuse(response, 403, `action is unauthorized for this user: ${method} ${target}`); return; }
    const passed = await fetch(url + target, { method, ...(method === 'GET' ? {} : { body }), headers: { 'content-type': headers['content-type'] ?? 'application/json' } });
    const product = passed.headers.get('x-elastic-product');
    response.writeHead(passed.status, { 'content-type': 'application/json', ...(product === null ? {} : { 'x-elastic-product': product }) }).end(await passed.text());
  }

  const server = createServer({ cert: readFileSync(TEST_CERTIFICATE_FILE), key: readFileSync(TEST_KEY_FILE) }, (request, response) => {
    // a store that cannot be reached is one that does not answer
    answer(request, response).catch(() => response.socket?.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requestCount: () => count,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function refuse(response: ServerResponse, status: number, reason: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { type: 'security_exception', reason }, status }));
}
