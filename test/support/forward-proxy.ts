/**
 * A forward proxy in a process of its own, which knows names that nobody else does: CONNECT only, as company proxies have it. Started with one argument, JSON:
 * `hosts` from "name:port" to a port of this machine, and the `authorization` that it asks for. It says where it listens and whom it was asked for, a line of JSON each.
 */
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';
import { after } from 'node:test';
import { until } from './manual-clock.ts';

export interface ProxySetting {
  readonly hosts?: Readonly<Record<string, number>>;
  readonly authorization?: string;
  /** The status for all CONNECTs; 0 ends the connection without a word. */
  readonly status?: number;
}

export interface ForwardProxy {
  readonly url: URL;
  /** What it was asked to connect to, in order. */
  readonly asked: readonly string[];
}

/** Starts one that ends with the test file. */
export async function startForwardProxy(setting: ProxySetting): Promise<ForwardProxy> {
  const child = spawn(process.execPath, [fileURLToPath(import.meta.url), JSON.stringify(setting)], { stdio: ['pipe', 'pipe', 'inherit'] });
  after(() => void child.kill('SIGKILL'));
  const asked: string[] = [];
  let port: number | undefined;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line) as { readonly port?: number; readonly asked?: string };
    port ??= said.port;
    if (said.asked !== undefined) asked.push(said.asked);
  });
  await until(() => port !== undefined, 'the proxy to listen');
  return { url: new URL(`http://127.0.0.1:${port ?? 0}`), asked };
}

function serve({ hosts = {}, authorization, status }: ProxySetting): void {
  const say = (value: object): void => void process.stdout.write(`${JSON.stringify(value)}\n`);
  const server = createServer((_request, response) => response.writeHead(405).end());
  server.on('connect', (request, client, head) => {
    const target = request.url ?? '';
    say({ asked: target });
    client.on('error', () => undefined);
    const refuse = (code: number): void => void client.end(`HTTP/1.1 ${code} No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    if (status === 0) client.destroy();
    else if (authorization !== undefined && request.headers['proxy-authorization'] !== authorization) refuse(407);
    else if (status !== undefined) refuse(status);
    else if (hosts[target] === undefined) refuse(502);
    else {
      const server = connect(hosts[target], '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        server.write(head);
        client.pipe(server).pipe(client);
      });
      server.on('error', () => void client.destroy());
      server.on('close', () => void client.destroy());
      client.on('close', () => void server.destroy());
    }
  });
  server.listen(0, '127.0.0.1', () => say({ port: (server.address() as AddressInfo).port }));
  // whoever started it has gone
  process.stdin.on('end', () => process.exit()).resume();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve(JSON.parse(process.argv[2] ?? '{}') as ProxySetting);
