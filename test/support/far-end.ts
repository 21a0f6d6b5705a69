/** Far ends for tests: small HTTP and TCP servers on loopback that answer exactly what a test tells them to, and remember what they were asked. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';

export interface SeenRequest {
  readonly method: string;
  /** Path and query, as they stood on the wire. */
  readonly target: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
  /** Which connection it came on, counted from 1. */
  readonly connection: number;
}

export interface FarEnd {
  readonly url: URL;
  readonly requests: SeenRequest[];
  readonly connectionCount: () => number;
  close(): Promise<void>;
}

/** An HTTP server; `answer` is called with each request after its body has come in. */
export async function startFarEnd(answer: (request: SeenRequest, response: ServerResponse) => unknown): Promise<FarEnd> {
  const requests: SeenRequest[] = [];
  const connections = new Map<Socket, number>();
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
    incoming.on('end', () => {
      const request = {
        method: incoming.method ?? '',
        target: incoming.url ?? '',
        headers: incoming.headers,
        body: Buffer.concat(chunks).toString(),
        connection: connections.get(incoming.socket) ?? 0,
      };
      requests.push(request);
      void answer(request, response);
    });
  });
  server.on('connection', (socket) => connections.set(socket, connections.size + 1));
  const url = await listening(server);
  return {
    url,
    requests,
    connectionCount: () => connections.size,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    }),
  };
}

/** A TCP server, for answers that no HTTP library would write. */
export async function startRawFarEnd(onConnection: (socket: Socket, count: number) => void): Promise<{ readonly url: URL; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  let count = 0;
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    count += 1;
    onConnection(socket, count);
  });
  const url = await listening(server);
  return {
    url,
    close: () => new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    }),
  };
}

/** Answers with JSON. */
export function json(response: ServerResponse, status: number, value: unknown, headers: Record<string, string> = {}): void {
  const body = JSON.stringify(value);
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8', 'content-length': String(Buffer.byteLength(body)), ...headers });
  response.end(body);
}

async function listening(server: Server): Promise<URL> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
}
