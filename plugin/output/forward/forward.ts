import { randomUUID } from 'node:crypto';
import { type AuditError, failure, reasonOf } from '../../errors.ts';
import type { Log } from '../../telemetry/log.ts';
import type { Batch, Clock, DeliveryWatch, Output } from '../../types.ts';
import { startDeadline } from '../deadline.ts';
import type { ForwardAddress } from './address.ts';
import { Condition } from './condition.ts';
import { type Connection, openConnection } from './connection.ts';
import { shakeHands } from './handshake.ts';
import { encodeFrame, readAnswer } from './message.ts';
import type { ForwardOptions } from './options.ts';
import { Settlement } from './settlement.ts';
import { type Frame, FrameWindow } from './window.ts';

/**
 * An output to a log agent that speaks Fluent Forward. It connects at once, and again whenever it has something to deliver; frames that were
 * not acknowledged are sent again under the same ids. A host that cannot be reached is tried for ever; a frame that the host leaves
 * unanswered is tried `attempts` times and then rejected with OUTPUT_REFUSED. `name` is what failures and log lines call the output.
 */
export function openForward(address: ForwardAddress, name: string, options: ForwardOptions, log: Log, clock: Clock): Output {
  return new ForwardOutput(address, name, options, log, clock);
}

/** A reason for the end of a connection which no frame is to blame for. */
class Blameless extends Error {}

class ForwardOutput implements Output {
  readonly #address: ForwardAddress;
  readonly #name: string;
  readonly #options: ForwardOptions;
  readonly #log: Log;
  readonly #clock: Clock;
  readonly #condition: Condition;
  readonly #window: FrameWindow;
  readonly #settlement: Settlement;
  readonly #running: Promise<void>;
  readonly #ending = new AbortController();
  #connection: Connection | undefined;
  /** Whether the present or the latest connection got as far as taking frames. */
  #ready = false;
  acknowledged = 0;
  #saidUnknownChunk = false;
  #cancelAckDeadline: () => void = () => undefined;
  /** Set when no batch is taken any more: makes the failure of any batch. */
  #refusal: ((batch: Batch) => AuditError) | undefined;
  #closed: Promise<void> | undefined;
  /** Ends the rest of a connection loop that has nothing to do. */
  #wake: () => void = () => undefined;
  /** Ends the wait of `close`. */
  #settled: () => void = () => undefined;

  constructor(address: ForwardAddress, name: string, options: ForwardOptions, log: Log, clock: Clock) {
    this.#address = address;
    this.#name = name;
    this.#options = options;
    this.#log = log;
    this.#clock = clock;
    this.#condition = new Condition(name, log);
    this.#window = new FrameWindow(options.framesInFlight);
    this.#settlement = new Settlement(name, options.ackSettleMs, clock);
    this.#running = this.#run();
  }

  deliver(batch: Batch, attempts = this.#options.attempts): Promise<void> {
    const { batchLimitBytes, queueLimit } = this.#options;
    const bytes = batch.bytes.byteLength;
    if (this.#refusal !== undefined) return Promise.reject(this.#refusal(batch));
    if (bytes === 0) return Promise.resolve();
    if (bytes > batchLimitBytes) return Promise.reject(failure('OUTPUT_BATCH_TOO_LARGE', { output: this.#name, bytes, limitBytes: batchLimitBytes }));
    if (this.#window.size >= queueLimit) return Promise.reject(failure('OUTPUT_QUEUE_FULL', { output: this.#name, limit: queueLimit }));
    return new Promise((resolve, reject) => {
      const chunk = Buffer.from(randomUUID().replaceAll('-', ''), 'hex').toString('base64');
      this.#window.add({ chunk, batch, resolve, reject, attempts, failedAttempts: 0 });
      this.#wake();
      this.#send();
    });
  }

  watch(): DeliveryWatch { return this.#settlement.watch(); }

  close(): Promise<void> {
    this.#closed ??= this.#finish();
    return this.#closed;
  }

  async #finish(): Promise<void> {
    this.#refusal ??= (batch) => failure('OUTPUT_CLOSED', { output: this.#name, events: batch.eventCount });
    if (this.#window.size > 0 && !this.#condition.inTrouble) await this.#allSettled();
    const reason = new Error('this side is closing');
    this.#ending.abort(reason);
    this.#connection?.destroy(reason);
    this.#wake();
    await this.#running;
    this.#rejectAll(this.#refusal);
  }

  /** Resolves when every frame is settled, when the host is in trouble, or after `closeTimeoutMs`. */
  #allSettled(): Promise<void> {
    return new Promise((resolve) => {
      const cancel = startDeadline(this.#clock, this.#options.closeTimeoutMs, resolve);
      this.#settled = () => {
        cancel();
        resolve();
      };
    });
  }

  /** One connection after the other, until the end. */
  async #run(): Promise<void> {
    let failures = 0;
    for (;;) {
      const acknowledgedBefore = this.acknowledged;
      const reason = await this.#useConnection();
      if (this.#ending.signal.aborted) return;
      this.#takeBack(reason);
      const hasAcknowledged = this.acknowledged > acknowledgedBefore;
      if (hasAcknowledged) this.#settlement.connectionEnded();
      failures = hasAcknowledged ? 0 : failures + 1;
      if (this.#window.size === 0) await this.#rest();
      else if (failures > 0) await this.#backOff(failures);
    }
  }

  /** From connect to disconnect; resolves with the reason of the end, and never rejects. */
  async #useConnection(): Promise<unknown> {
    this.#ready = false;
    try {
      this.#connection = await openConnection(this.#address, this.#options, this.#clock, this.#ending.signal);
      await this.#shakeHands(this.#connection);
      this.#ready = true;
      this.#saidUnknownChunk = false;
      this.#condition.connected();
      this.#connection.holdProcess(false);
      this.#send();
      for await (const { value } of this.#connection.messages) this.#receive(value);
      return new Error('it closed the connection');
    } catch (error) {
      return error;
    } finally {
      this.#cancelAckDeadline();
      this.#connection?.destroy(new Error('the connection has ended'));
      this.#connection = undefined;
    }
  }

  async #shakeHands(connection: Connection): Promise<void> {
    const { sharedKey, selfHostname, handshakeTimeoutMs } = this.#options;
    if (sharedKey === undefined) return;
    const reason = `it did not shake hands within ${handshakeTimeoutMs} ms: is a shared key configured there?`;
    await connection.within(handshakeTimeoutMs, reason, shakeHands(connection, { sharedKey, selfHostname }));
  }

  /** Sends what the window lets through. */
  #send(): void {
    const connection = this.#connection;
    if (connection === undefined || !this.#ready) return;
    const sentBefore = this.#window.sentCount;
    for (let frame = this.#window.next(); frame !== undefined; frame = this.#window.next()) {
      connection.send(encodeFrame(this.#options.tag, frame.batch, frame.chunk));
    }
    if (sentBefore > 0 || this.#window.sentCount === 0) return;
    connection.holdProcess(true);
    this.#restartAckDeadline(connection);
  }

  #restartAckDeadline(connection: Connection): void {
    const { ackTimeoutMs } = this.#options;
    const warningMs = Math.min(this.#options.ackWarningMs, ackTimeoutMs);
    this.#cancelAckDeadline();
    this.#cancelAckDeadline = startDeadline(this.#clock, warningMs, () => {
      this.#condition.slow(warningMs / 1000);
      this.#cancelAckDeadline = startDeadline(this.#clock, ackTimeoutMs - warningMs, () => connection.destroy(new Error(`it acknowledged nothing for ${ackTimeoutMs} ms`)));
    });
  }

  /** Reads one message of the host; what is thrown ends the connection. */
  #receive(value: unknown): void {
    const answer = readAnswer(value);
    switch (answer.kind) {
      case 'acknowledged':
        this.#acknowledge(answer.chunk);
        break;
      case 'refused':
        throw new Error(answer.reason);
      case 'handshake':
        throw new Blameless('it asks for a shared key, and none is configured');
      case 'json':
        // Trying again would only hand over the same events once more: such a host does take them.
        this.#refusal ??= () => failure('OUTPUT_ANSWER_JSON', { output: this.#name });
        this.#rejectAll(this.#refusal);
        throw new Blameless('it acknowledges in JSON');
    }
  }

  #acknowledge(chunk: string): void {
    const frame = this.#window.acknowledge(chunk);
    if (frame === undefined) {
      if (!this.#saidUnknownChunk) this.#log('output.unknown_chunk', { output: this.#name, chunk: chunk.slice(0, 64) });
      this.#saidUnknownChunk = true;
      return;
    }
    this.acknowledged += 1;
    this.#condition.acknowledged();
    this.#cancelAckDeadline();
    frame.resolve();
    if (this.#window.size === 0) {
      this.#connection?.holdProcess(false);
      this.#settled();
    } else {
      if (this.#window.sentCount > 0 && this.#connection !== undefined) this.#restartAckDeadline(this.#connection);
      this.#send();
    }
  }

  /** The connection is gone: frames that were on their way wait again, and one of them may have been tried for the last time. */
  #takeBack(reason: unknown): void {
    const blamed = this.#window.rewind();
    if (this.#ready && this.#window.size === 0 && !(reason instanceof Blameless)) {
      this.#condition.ended(reason);
      return;
    }
    this.#condition.failed(reason, this.#window.size);
    if (blamed !== undefined && !(reason instanceof Blameless)) this.#blame(blamed, reason);
    this.#settled();
  }

  #blame(frame: Frame, reason: unknown): void {
    const { attempts } = frame;
    frame.failedAttempts += 1;
    if (frame.failedAttempts < attempts) return;
    this.#window.remove(frame);
    frame.reject(failure('OUTPUT_REFUSED', { output: this.#name, events: frame.batch.eventCount, attempts, reason: reasonOf(reason) }, reason));
  }

  #rejectAll(refusal: (batch: Batch) => AuditError): void {
    for (const frame of this.#window.clear()) frame.reject(refusal(frame.batch));
  }

  /** Resolves when there is something to deliver, or at the end. */
  #rest(): Promise<void> {
    return new Promise((resolve) => void (this.#wake = resolve));
  }

  /** Waits, longer each time, and not all senders alike; the end cuts it short. */
  #backOff(failures: number): Promise<void> {
    const { backoffStartMs, backoffCapMs, random } = this.#options;
    const ms = Math.min(backoffCapMs, backoffStartMs * 2 ** (failures - 1));
    return this.#clock.wait(ms * (0.5 + random() / 2), this.#ending.signal).catch(() => undefined);
  }
}
