/**
 * A log agent for tests: a real server that speaks Fluent Forward over TCP, TLS or a unix socket, as strict as Fluent Bit and the OpenTelemetry
 * Collector are, keeps the events of every frame that it took, and misbehaves by name. It shares no code with the output that it tests.
 */
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { addExtension, Packr } from 'msgpackr';

/** The certificate which a TLS host shows, and which a client must be told to trust. */
export const TEST_CERTIFICATE_FILE = join(import.meta.dirname, '../../../test/support/tls/tests-only.cert.pem');
export const TEST_KEY_FILE = join(import.meta.dirname, '../../../test/support/tls/tests-only.key.pem');

/** The largest frame, as in Fluent Bit's Buffer_Max_Size. */
const FRAME_LIMIT_BYTES = 6_144_000;

/** What a host can do wrong. */
export type Misbehaviour =
  // on connections
  | 'refuse-connections' // listens no more and ends all connections
  | 'die-and-forget' // the same, and what it acknowledged and has not written is gone (see writeAfter)
  | 'close-on-connect'
  | 'stall' // reads nothing
  | 'close-in-mid-frame'
  // on a frame that it does not take
  | 'close-after-frame'
  | 'never-acknowledge'
  | 'refuse' // answers with an empty map, as Vector does
  | 'refuse-event' // closes the connection upon a frame with the event whose id is `id`
  | 'answer-garbage'
  // on a frame that it takes
  | 'lose-acknowledgement' // closes the connection in its stead
  | 'acknowledge-late' // only when release() is called
  | 'acknowledge-in-reverse' // `count` at once, the last first
  | 'acknowledge-together' // `count` in one write
  | 'acknowledge-in-pieces' // a byte a write
  | 'acknowledge-other-chunk' // a chunk that nobody sent
  | 'acknowledge-twice'
  | 'acknowledge-in-json' // as Vector before 0.31 did
  // in the handshake
  | 'send-no-helo'
  | 'answer-no-ping'
  | 'know-another-key' // closes the connection upon PING, as Fluent Bit does
  | 'prove-nothing' // sends a wrong digest in PONG
  | 'refuse-user';

export interface MisbehaviourOptions {
  /** How often; until behave() is called by default. */
  readonly times?: number;
  readonly count?: number;
  readonly id?: string;
}

export interface ForwardHostOptions {
  /** TCP by default. */
  readonly transport?: 'tcp' | 'tls' | 'unix';
  /** Asks clients for the handshake. */
  readonly sharedKey?: string;
  /** Fluent Bit sends its nonce as text, though it is random bytes (the default), Fluentd as binary. */
  readonly nonceAs?: 'text' | 'binary';
  /** Whether events are decoded and kept (the default), or only frames are counted. */
  readonly keepEvents?: boolean;
  /** Sees each event that is taken, kept or not. */
  readonly onEvent?: (event: ReceivedEvent) => void;
}

/** An event as the host holds it: with its time to the nanosecond. */
export interface ReceivedEvent {
  readonly tag: string;
  readonly seconds: number;
  readonly nanoseconds: number;
  /** The record's event.id. */
  readonly id: string | undefined;
  readonly record: Readonly<Record<string, unknown>>;
}

/** A whole frame, taken or not. */
export interface ReceivedFrame {
  /** Which connection it came on, counted from 1. */
  readonly connection: number;
  readonly tag: string;
  readonly chunk: string;
  /** Its `size` option: how many events the sender says it holds. */
  readonly size: number;
  readonly entries: Uint8Array;
  taken: boolean;
}

export interface ForwardHost {
  readonly url: string;
  /** The events of frames that were taken, in the order of their arrival; a frame that was sent again is there twice. */
  readonly events: ReceivedEvent[];
  /** How often each event.id was taken. */
  readonly received: Map<string, number>;
  /** Every whole frame, taken or not. With `keepEvents: false` their entries are empty. */
  readonly frames: ReceivedFrame[];
  /** Why the host closed connections of its own accord: what it could not read. */
  readonly complaints: string[];
  readonly connectionCount: () => number;
  /** How many events it had acknowledged when it forgot them. */
  readonly forgotten: number;
  /** From now on it acknowledges what it holds in memory, and writes that `ms` later: only then an event counts as taken. */
  writeAfter(ms: number): void;
  /** From now on it closes the connection upon each frame with such an event in it, whatever `behave` says; nothing of the kind by default. */
  refuseAlways(refuses: (id: string) => boolean): void;
  misbehave(name: Misbehaviour, options?: MisbehaviourOptions): void;
  /** Sends the acknowledgements that were held back. */
  release(): void;
  /** Behaves well from now on: listens, reads, and sends what it held back. */
  behave(): Promise<void>;
  close(): Promise<void>;
}

class EventTime {
  readonly seconds: number;
  readonly nanoseconds: number;
  constructor(bytes: Uint8Array) {
    if (bytes.byteLength !== 8) throw new Error(`an EventTime of ${bytes.byteLength} bytes`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, 8);
    this.seconds = view.getUint32(0);
    this.nanoseconds = view.getUint32(4);
  }
}

addExtension({ type: 0, unpack: (bytes) => new EventTime(bytes) });
const packr = new Packr({ useRecords: false, mapsAsObjects: true, variableMapSize: true });

/** Starts a host on a free port, or on a socket in a folder of its own. */
export async function startForwardHost(options: ForwardHostOptions = {}): Promise<ForwardHost> {
  const host = new Host(options);
  await host.listen();
  return host;
}

class Host implements ForwardHost {
  readonly events: ReceivedEvent[] = [];
  readonly received = new Map<string, number>();
  readonly frames: ReceivedFrame[] = [];
  readonly complaints: string[] = [];
  readonly options: ForwardHostOptions;
  readonly #faults = new Map<Misbehaviour, MisbehaviourOptions & { left: number }>();
  readonly #sockets = new Set<Socket>();
  readonly #folder: string | undefined;
  forgotten = 0;
  #writeAfterMs = 0;
  /** What is acknowledged and not written, in the order of its arrival. */
  #unwritten: { readonly event: ReceivedEvent; readonly dueMs: number }[] = [];
  #refuses: (id: string) => boolean = () => false;
  #connections = 0;
  #port = 0;
  #server: Server | undefined;
  #held: (() => void)[] = [];
  #pieces: Promise<void> = Promise.resolve();

  constructor(options: ForwardHostOptions) {
    this.options = options;
    this.#folder = options.transport === 'unix' ? mkdtempSync(join(tmpdir(), 'forward-host-')) : undefined;
  }

  get url(): string {
    if (this.#folder !== undefined) return `forward+unix://${this.#socketPath}`;
    return `${this.options.transport === 'tls' ? 'forward+tls' : 'forward'}://127.0.0.1:${this.#port}`;
  }

  get #socketPath(): string {
    return join(this.#folder ?? '', 'forward.sock');
  }

  connectionCount = (): number => this.#connections;

  async listen(): Promise<void> {
    const server = this.options.transport === 'tls'
      ? createTlsServer({ key: readFileSync(TEST_KEY_FILE), cert: readFileSync(TEST_CERTIFICATE_FILE) }, (socket) => this.#connected(socket))
      : createServer((socket) => this.#connected(socket));
    // A client that does not trust the certificate is that client's affair.
    server.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      if (this.#folder !== undefined) server.listen(this.#socketPath, resolve);
      else server.listen(this.#port, '127.0.0.1', resolve);
    });
    if (this.#folder === undefined) this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
  }

  misbehave(name: Misbehaviour, options: MisbehaviourOptions = {}): void {
    this.#faults.set(name, { ...options, left: options.times ?? Infinity });
    if (name !== 'refuse-connections' && name !== 'die-and-forget') return;
    if (name === 'die-and-forget') this.#forget();
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  writeAfter(ms: number): void {
    this.#writeAfterMs = ms;
  }

  refuseAlways(refuses: (id: string) => boolean): void {
    this.#refuses = refuses;
  }

  release(): void {
    for (const send of this.#held.splice(0)) send();
  }

  async behave(): Promise<void> {
    this.#faults.clear();
    this.release();
    for (const socket of this.#sockets) socket.resume();
    if (this.#server === undefined) await this.listen();
  }

  async close(): Promise<void> {
    const server = this.#server;
    const closed = server === undefined ? undefined : new Promise((resolve) => server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    if (this.#folder !== undefined) rmSync(this.#folder, { recursive: true, force: true });
  }

  /** The options of a fault that is switched on, counting this use of it. */
  fault(name: Misbehaviour): MisbehaviourOptions | undefined {
    const fault = this.#faults.get(name);
    if (fault === undefined || fault.left <= 0) return undefined;
    fault.left -= 1;
    return fault;
  }

  #connected(socket: Socket): void {
    this.#connections += 1;
    const number = this.#connections;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('error', () => undefined);
    if (this.fault('close-on-connect') !== undefined) {
      socket.destroy();
      return;
    }
    const reader = new Reader();
    const handshake = this.options.sharedKey === undefined ? undefined : new Handshake(this, socket, this.options.sharedKey);
    socket.on('data', (bytes: Buffer) => {
      try {
        for (const message of reader.read(bytes)) {
          if (socket.destroyed) return;
          if (handshake?.done === false) handshake.receive(message);
          else this.#frame(message, number, socket);
        }
        if (reader.isMidway && this.fault('close-in-mid-frame') !== undefined) socket.destroy();
        if (this.fault('stall') !== undefined) socket.pause();
      } catch (error) {
        this.complaints.push(String(error));
        socket.destroy();
      }
    });
  }

  #frame(message: unknown, connection: number, socket: Socket): void {
    const { keepEvents = true, onEvent } = this.options;
    const { tag, chunk, size, entries } = readFrame(message);
    const frame: ReceivedFrame = { connection, tag, chunk, size, entries: keepEvents ? entries : new Uint8Array(0), taken: false };
    this.frames.push(frame);
    const events = keepEvents || onEvent !== undefined ? readEntries(tag, entries) : [];
    const poison = this.#faults.get('refuse-event');
    if (events.some(({ id = '' }) => this.#refuses(id) || id === poison?.id)) return void socket.destroy();
    if (this.fault('close-after-frame') !== undefined) return void socket.destroy();
    if (this.fault('never-acknowledge') !== undefined) return;
    if (this.fault('refuse') !== undefined) return void socket.write(packr.pack({}));
    if (this.fault('answer-garbage') !== undefined) return void socket.write('HTTP/1.1 400 Bad Request\r\n\r\n');
    frame.taken = true;
    this.#take(events);
    this.#acknowledge(chunk, socket);
  }

  #take(events: readonly ReceivedEvent[]): void {
    const afterMs = this.#writeAfterMs;
    if (afterMs === 0) {
      for (const event of events) this.#write(event);
      return;
    }
    for (const event of events) this.#unwritten.push({ event, dueMs: performance.now() + afterMs });
    setTimeout(() => this.#writeDue(), afterMs).unref();
  }

  #write(event: ReceivedEvent): void {
    const { keepEvents = true, onEvent } = this.options;
    onEvent?.(event);
    if (!keepEvents) return;
    this.events.push(event);
    if (event.id !== undefined) this.received.set(event.id, (this.received.get(event.id) ?? 0) + 1);
  }

  #writeDue(): void {
    const nowMs = performance.now();
    const due = this.#unwritten.filter(({ dueMs }) => dueMs <= nowMs);
    this.#unwritten = this.#unwritten.filter(({ dueMs }) => dueMs > nowMs);
    for (const { event } of due) this.#write(event);
  }

  /** What was to be written by now is written, however late a busy machine calls. */
  #forget(): void {
    this.#writeDue();
    this.forgotten += this.#unwritten.length;
    this.#unwritten = [];
  }

  #acknowledge(chunk: string, socket: Socket): void {
    const answer = packr.pack({ ack: chunk });
    if (this.fault('lose-acknowledgement') !== undefined) return void socket.destroy();
    if (this.fault('acknowledge-in-json') !== undefined) return void socket.write(JSON.stringify({ ack: chunk }));
    if (this.fault('acknowledge-late') !== undefined) return void this.#held.push(() => socket.write(answer));
    const reverse = this.fault('acknowledge-in-reverse');
    const together = reverse ?? this.fault('acknowledge-together');
    if (together !== undefined) {
      this.#held.push(() => socket.write(answer));
      if (this.#held.length < (together.count ?? 2)) return;
      if (reverse !== undefined) this.#held.reverse();
      socket.cork();
      this.release();
      socket.uncork();
      return;
    }
    if (this.fault('acknowledge-in-pieces') !== undefined) {
      this.#pieces = this.#pieces.then(() => writeInPieces(socket, answer));
      return;
    }
    if (this.fault('acknowledge-other-chunk') !== undefined) return void socket.write(packr.pack({ ack: 'bm90IHlvdXJz' }));
    socket.write(answer);
    if (this.fault('acknowledge-twice') !== undefined) socket.write(answer);
  }
}

/** The host's side of HELO, PING, PONG; its digests are computed as Fluent Bit's in_forward does. */
class Handshake {
  done = false;
  readonly #host: Host;
  readonly #socket: Socket;
  readonly #sharedKey: string;
  readonly #nonce = randomBytes(16);

  constructor(host: Host, socket: Socket, sharedKey: string) {
    this.#host = host;
    this.#socket = socket;
    this.#sharedKey = sharedKey;
    if (host.fault('send-no-helo') !== undefined) return;
    const asBytes = (value: Buffer) => (host.options.nonceAs === 'binary' ? packr.pack(value) : Buffer.concat([Buffer.from([0xa0 | value.length]), value]));
    socket.write(Buffer.concat([
      Buffer.from([0x92]), packr.pack('HELO'), Buffer.from([0x83]),
      packr.pack('auth'), asBytes(randomBytes(16)), packr.pack('nonce'), asBytes(this.#nonce), packr.pack('keepalive'), packr.pack(true),
    ]));
  }

  receive(message: unknown): void {
    if (!Array.isArray(message) || message.length !== 6 || message.some((member) => typeof member !== 'string')) throw new Error('PING expected');
    const [word, hostname, salt, proof] = message as string[];
    if (word !== 'PING' || hostname === undefined || salt === undefined) throw new Error('PING expected');
    if (this.#host.fault('answer-no-ping') !== undefined) return;
    const key = this.#host.fault('know-another-key') === undefined ? this.#sharedKey : `${this.#sharedKey}, another`;
    if (proof !== this.#digest(salt, hostname, key)) throw new Error('shared_key mismatch');
    if (this.#host.fault('refuse-user') !== undefined) {
      this.#socket.end(packr.pack(['PONG', false, 'username/password mismatch', '', '']));
      return;
    }
    const shown = this.#host.fault('prove-nothing') === undefined ? key : 'nothing';
    this.#socket.write(packr.pack(['PONG', true, '', 'host.test', this.#digest(salt, 'host.test', shown)]));
    this.done = true;
  }

  #digest(salt: string, hostname: string, key: string): string {
    return createHash('sha512').update(Buffer.concat([Buffer.from(salt), Buffer.from(hostname), this.#nonce, Buffer.from(key)])).digest('hex');
  }
}

/** Puts reads together until whole messages are there. */
class Reader {
  #reads: Buffer[] = [];
  #length = 0;
  /** No message can end before this many bytes have come. */
  #atLeast = 1;

  get isMidway(): boolean {
    return this.#length > 0;
  }

  read(bytes: Buffer): unknown[] {
    this.#reads.push(bytes);
    this.#length += bytes.length;
    if (this.#length > FRAME_LIMIT_BYTES + bytes.length) throw new Error('incoming data exceed limit');
    if (this.#length < this.#atLeast) return [];
    const all = Buffer.concat(this.#reads, this.#length);
    const messages: unknown[] = [];
    let end = 0;
    try {
      packr.unpackMultiple(all, (value: unknown, _start, valueEnd = 0) => {
        messages.push(value);
        end = valueEnd;
      });
    } catch (error) {
      if (!(error instanceof Error && 'incomplete' in error && error.incomplete === true)) throw error;
    }
    const rest = all.subarray(end);
    this.#reads = rest.length === 0 ? [] : [rest];
    this.#length = rest.length;
    this.#atLeast = frameBytesAtLeast(rest);
    return messages;
  }
}

/** How long a frame must be of which `start` is the start, so that it is not decoded anew with each read. */
function frameBytesAtLeast(start: Buffer): number {
  const binAt = 2 + ((start[1] ?? 0) & 0x1f);
  if (start.length < binAt + 5 || start[binAt] !== 0xc6) return 1;
  return binAt + 5 + start.readUInt32BE(binAt + 1) + 1;
}

function readFrame(message: unknown): { tag: string; chunk: string; size: number; entries: Uint8Array } {
  if (!Array.isArray(message) || message.length !== 3) throw new Error('a frame of three expected');
  const [tag, entries, options] = message as unknown[];
  if (typeof tag !== 'string' || !(entries instanceof Uint8Array)) throw new Error('PackedForward expected');
  if (entries.byteLength > FRAME_LIMIT_BYTES) throw new Error('packedforward payload too large');
  const { chunk, size } = (options ?? {}) as { chunk?: unknown; size?: unknown };
  if (typeof chunk !== 'string' || typeof size !== 'number') throw new Error('options with chunk and size expected');
  return { tag, chunk, size, entries };
}

function readEntries(tag: string, entries: Uint8Array): ReceivedEvent[] {
  return (packr.unpackMultiple(entries) as unknown[]).map((entry) => {
    const [time, record] = (Array.isArray(entry) ? entry : []) as unknown[];
    if (!(time instanceof EventTime) || typeof record !== 'object' || record === null) throw new Error('an entry of [EventTime, map] expected');
    const { id } = (record as { event?: { id?: string } }).event ?? {};
    return { tag, seconds: time.seconds, nanoseconds: time.nanoseconds, id, record: record as Record<string, unknown> };
  });
}

async function writeInPieces(socket: Socket, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length && !socket.destroyed; at += 1) {
    socket.write(bytes.subarray(at, at + 1));
    await new Promise((resolve) => setImmediate(resolve));
  }
}
