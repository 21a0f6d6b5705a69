import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { Clock } from '../../types.ts';
import { startDeadline } from '../deadline.ts';
import type { ForwardAddress } from './address.ts';
import { type Message, readMessages } from './message.ts';

export interface ConnectionOptions {
  readonly connectTimeoutMs: number;
  readonly writeTimeoutMs: number;
  /** PEM file of the authorities to trust over TLS instead of the system's. */
  readonly caFile?: string;
  /** The name that the host's certificate must carry, where it is not the one in the address. */
  readonly serverName?: string;
}

/** After this long without traffic the operating system checks that a TCP peer is still there. */
const KEEP_ALIVE_AFTER_MS = 60_000;

/** Opens a connection; rejects with the reason when it is not up within `connectTimeoutMs`, or when `signal` is aborted. */
export async function openConnection(address: ForwardAddress, options: ConnectionOptions, clock: Clock, signal: AbortSignal): Promise<Connection> {
  const socket = await openSocket(address, options);
  // The reason of an error reaches the reader of `messages`; here it only must not be thrown into the program.
  socket.on('error', () => undefined);
  const cancel = startDeadline(clock, options.connectTimeoutMs, () => socket.destroy(new Error(`no connection within ${options.connectTimeoutMs} ms`)));
  try {
    await once(socket, address.kind === 'tls' ? 'secureConnect' : 'connect', { signal });
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    cancel();
  }
  return new Connection(socket, options.writeTimeoutMs, clock);
}

async function openSocket(address: ForwardAddress, { caFile, serverName }: ConnectionOptions): Promise<Socket> {
  if (address.kind === 'unix') return connectPlain({ path: address.path });
  const { host, port } = address;
  const tcp = { host, port, noDelay: true, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS };
  if (address.kind === 'tcp') return connectPlain(tcp);
  const name = serverName ?? (isIP(host) === 0 ? host : undefined);
  return connectTls({
    ...tcp,
    minVersion: 'TLSv1.2',
    ...(caFile === undefined ? {} : { ca: await readFile(caFile) }),
    ...(name === undefined ? {} : { servername: name }),
  });
}

/** A connection that is up: frames out, messages in. It ends, once, by the host, by an error or by `destroy`; then `messages` ends. */
export class Connection {
  /** What the host sends. Throws the reason when the connection did not end by the host's own close. */
  readonly messages: AsyncGenerator<Message, void, undefined>;
  readonly #socket: Socket;
  readonly #writeTimeoutMs: number;
  readonly #clock: Clock;

  constructor(socket: Socket, writeTimeoutMs: number, clock: Clock) {
    this.#socket = socket;
    this.#writeTimeoutMs = writeTimeoutMs;
    this.#clock = clock;
    this.messages = readMessages(socket as AsyncIterable<Uint8Array>);
  }

  /** Writes the parts in one go and without copying them. The operating system must take them within `writeTimeoutMs`. */
  send(parts: readonly Uint8Array[]): void {
    const cancel = startDeadline(this.#clock, this.#writeTimeoutMs, () => this.destroy(new Error(`it did not read for ${this.#writeTimeoutMs} ms`)));
    this.#socket.cork();
    parts.forEach((part, index) => {
      // An error of a write is an error of the socket, which ends `messages`; and parts are written in order.
      this.#socket.write(part, index === parts.length - 1 ? cancel : undefined);
    });
    this.#socket.uncork();
  }

  /** Waits for `work` on this connection, but no longer than `ms`: then the connection is destroyed for `reason`, and the work fails with it. */
  async within(ms: number, reason: string, work: Promise<void>): Promise<void> {
    const cancel = startDeadline(this.#clock, ms, () => this.destroy(new Error(reason)));
    try {
      await work;
    } finally {
      cancel();
    }
  }

  destroy(reason: Error): void {
    this.#socket.destroy(reason);
  }

  /** Whether the process has to stay for this connection's sake: only while an answer is awaited. */
  holdProcess(hold: boolean): void {
    if (hold) this.#socket.ref();
    else this.#socket.unref();
  }
}
