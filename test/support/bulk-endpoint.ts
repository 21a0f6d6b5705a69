/**
 * A store for tests: a real HTTP server that speaks the `_bulk` API as Elasticsearch and OpenSearch do, keeps every document as it came, and misbehaves
 * by name. https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a store can do wrong; it stores nothing then, unless it says otherwise. */
export type StoreFault =
  | { readonly kind: 'status'; readonly status: 429 | 500 | 503 }
  /** Every `nth` new document is answered with 429, the others are stored: a full write queue. */
  | { readonly kind: 'throttle-some'; readonly nth: number }
  /** The document with this id is answered with 400, the others are stored: a mapping conflict. */
  | { readonly kind: 'refuse'; readonly id: string }
  /** Everything is stored, and the connection ends in place of the answer. */
  | { readonly kind: 'lose-answer' }
  /** Everything is stored, and answered so much later. */
  | { readonly kind: 'slow'; readonly ms: number };

export interface StoredDocument {
  readonly id: string;
  readonly index: string;
  /** The JSON text, as it came. */
  readonly text: string;
}

export interface BulkEndpoint {
  readonly port: number;
  /** By `_id`. */
  readonly documents: ReadonlyMap<string, StoredDocument>;
  readonly counts: {
    readonly requests: number;
    /** Documents that were there already: `create` is answered with 409, `index` replaces them. */
    readonly duplicates: number;
    /** Documents answered with 400 or 429, and requests with a fault's status. */
    readonly refused: number;
  };
  /** What no client of this test may do: another action or index than it should use, no id, a body that is not NDJSON. */
  readonly complaints: readonly string[];
  /** From now on, for the next `times` requests or until the next call; without a fault it behaves well. */
  behave(fault?: StoreFault, times?: number): void;
  /** Nobody listens on the port until `listen`. */
  leave(): Promise<void>;
  listen(): Promise<void>;
  close(): Promise<void>;
}

/** How its client should write. */
export interface Usage {
  readonly action: 'create' | 'index';
  readonly indices: RegExp;
}

/** Into data streams, which take no other action. */
const DATA_STREAMS: Usage = { action: 'create', indices: /^logs-o365\.(audit|status)-[a-z0-9_.]+$/ };

/** Starts a store on a free port of 127.0.0.1. */
export async function startBulkEndpoint(usage = DATA_STREAMS): Promise<BulkEndpoint> {
  const endpoint = new Endpoint(usage);
  await endpoint.listen();
  return endpoint;
}

interface Action {
  readonly _id: string;
  readonly _index: string;
}

class Endpoint implements BulkEndpoint {
  readonly documents = new Map<string, StoredDocument>();
  readonly counts = { requests: 0, duplicates: 0, refused: 0 };
  readonly complaints: string[] = [];
  port = 0;
  readonly #usage: Usage;
  #server: Server | undefined;
  #fault: StoreFault | undefined;
  #times = 0;

  constructor(usage: Usage) {
    this.#usage = usage;
  }

  async listen(): Promise<void> {
    this.#server = createServer((request, response) => this.#receive(request, response)).listen(this.port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.port = (this.#server.address() as AddressInfo).port;
  }

  async leave(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (server === undefined) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  close(): Promise<void> {
    return this.leave();
  }

  behave(fault?: StoreFault, times = Infinity): void {
    this.#fault = fault;
    this.#times = times;
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader('content-type', 'application/json');
    if (request.method === 'GET') {
      // what clients ask before they begin
      response.end(JSON.stringify({ version: { number: '9.0.0' }, status: 'green' }));
      return;
    }
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      this.counts.requests += 1;
      const fault = this.#fault;
      this.#times -= 1;
      if (this.#times <= 0) this.behave();
      if (request.method !== 'POST' || !/^\/_bulk(\?|$)/.test(request.url ?? '') || request.headers['content-type'] !== 'application/x-ndjson') {
        this.complaints.push(`${String(request.method)} ${String(request.url)} ${String(request.headers['content-type'])}`);
      }
      if (fault?.kind === 'status') {
        this.counts.refused += 1;
        response.writeHead(fault.status).end(JSON.stringify({ error: { type: 'test' }, status: fault.status }));
        return;
      }
      const items = this.#store(Buffer.concat(parts).toString(), fault);
      const answer = JSON.stringify({ took: 1, errors: items.some((item) => Object.values(item).some(({ status }) => status > 201)), items });
      if (fault?.kind === 'lose-answer') request.socket.destroy();
      else if (fault?.kind === 'slow') setTimeout(() => response.end(answer), fault.ms);
      else response.end(answer);
    });
  }

  #store(body: string, fault: StoreFault | undefined): Readonly<Record<string, Action & { readonly status: number }>>[] {
    const lines = body.split('\n');
    if (lines.pop() !== '' || lines.length % 2 !== 0) this.complaints.push(`a body of ${lines.length} lines, the last of them without end`);
    return Array.from({ length: lines.length / 2 }, (_, number) => {
      const action = this.#readAction(lines[number * 2] ?? '');
      return { [this.#usage.action]: { ...action, status: this.#write(action, lines[number * 2 + 1] ?? '', number, fault) } };
    });
  }

  #readAction(line: string): Action {
    const action = JSON.parse(line) as Readonly<Record<string, Partial<Action>>>;
    const { _id = '', _index = '' } = action[this.#usage.action] ?? {};
    if (Object.keys(action).length !== 1 || _id === '' || !this.#usage.indices.test(_index)) this.complaints.push(`the action ${line}`);
    return { _id, _index };
  }

  #write({ _id: id, _index: index }: Action, text: string, number: number, fault: StoreFault | undefined): number {
    const isThere = this.documents.has(id);
    if (isThere) this.counts.duplicates += 1;
    if (isThere && this.#usage.action === 'create') return 409;
    const status = fault?.kind === 'throttle-some' && number % fault.nth === 0 ? 429 : fault?.kind === 'refuse' && fault.id === id ? 400 : isThere ? 200 : 201;
    if (status <= 201) this.documents.set(id, { id, index, text });
    else this.counts.refused += 1;
    return status;
  }
}
