/**
 * A store for tests: a real HTTP server that speaks the `_bulk` API's `create`, as Elasticsearch and OpenSearch do, keeps every document as it came, and
 * misbehaves by name. https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk
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
    /** Documents that were there already, and so were answered with 409. */
    readonly duplicates: number;
    /** Documents answered with 400 or 429, and requests with a fault's status. */
    readonly refused: number;
  };
  /** What no client of this test may do: another action than create, no id, no data stream's name, a body that is not NDJSON. */
  readonly complaints: readonly string[];
  /** From now on, for the next `times` requests or until the next call; without a fault it behaves well. */
  behave(fault?: StoreFault, times?: number): void;
  /** Nobody listens on the port until `listen`. */
  leave(): Promise<void>;
  listen(): Promise<void>;
  close(): Promise<void>;
}

/** Starts a store on a free port of 127.0.0.1. */
export async function startBulkEndpoint(): Promise<BulkEndpoint> {
  const endpoint = new Endpoint();
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
  #server: Server | undefined;
  #fault: StoreFault | undefined;
  #times = 0;

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
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part)).on('end', () => {
      this.counts.requests += 1;
      const fault = this.#fault;
      this.#times -= 1;
      if (this.#times <= 0) this.behave();
      if (request.method !== 'POST' || request.url !== '/_bulk' || request.headers['content-type'] !== 'application/x-ndjson') {
        this.complaints.push(`${String(request.method)} ${String(request.url)} ${String(request.headers['content-type'])}`);
      }
      if (fault?.kind === 'status') {
        this.counts.refused += 1;
        response.writeHead(fault.status, { 'content-type': 'application/json' }).end(JSON.stringify({ error: { type: 'test' }, status: fault.status }));
        return;
      }
      const items = this.#store(Buffer.concat(parts).toString(), fault);
      const answer = JSON.stringify({ took: 1, errors: items.some(({ create: { status } }) => status !== 201), items });
      if (fault?.kind === 'lose-answer') request.socket.destroy();
      else if (fault?.kind === 'slow') setTimeout(() => response.end(answer), fault.ms);
      else response.setHeader('content-type', 'application/json').end(answer);
    });
  }

  #store(body: string, fault: StoreFault | undefined): { readonly create: Action & { readonly status: number } }[] {
    const lines = body.split('\n');
    if (lines.pop() !== '' || lines.length % 2 !== 0) this.complaints.push(`a body of ${lines.length} lines, the last of them without end`);
    return Array.from({ length: lines.length / 2 }, (_, number) => {
      const action = this.#readAction(lines[number * 2] ?? '');
      return { create: { ...action, status: this.#create(action, lines[number * 2 + 1] ?? '', number, fault) } };
    });
  }

  #readAction(line: string): Action {
    const action = JSON.parse(line) as { readonly create?: Partial<Action> };
    const { _id = '', _index = '' } = action.create ?? {};
    if (Object.keys(action).length !== 1 || _id === '' || !/^logs-o365\.(audit|status)-[a-z0-9_.]+$/.test(_index)) this.complaints.push(`the action ${line}`);
    return { _id, _index };
  }

  #create({ _id: id, _index: index }: Action, text: string, number: number, fault: StoreFault | undefined): number {
    if (this.documents.has(id)) {
      this.counts.duplicates += 1;
      return 409;
    }
    const status = fault?.kind === 'throttle-some' && number % fault.nth === 0 ? 429 : fault?.kind === 'refuse' && fault.id === id ? 400 : 201;
    if (status === 201) this.documents.set(id, { id, index, text });
    else this.counts.refused += 1;
    return status;
  }
}
