import { hostname } from 'node:os';
import type { ConnectionOptions } from './connection.ts';

/** Everything about a Forward output but its address. */
export interface ForwardOptions extends ConnectionOptions {
  /** The tag of every frame, by which the log agent's filters and outputs choose. */
  readonly tag: string;
  /** Frames that may be on their way without an answer. */
  readonly framesInFlight: number;
  /** The largest batch; hosts close the connection on a larger frame. */
  readonly batchLimitBytes: number;
  /** Batches that may be handed over and not settled. */
  readonly queueLimit: number;
  /** How often a frame may be to blame for a missing acknowledgement before it is given up. */
  readonly attempts: number;
  readonly handshakeTimeoutMs: number;
  /** After this long without any acknowledgement while frames wait for one the operator is told, and the connection goes on. */
  readonly ackWarningMs: number;
  /** After this long the connection is given up. */
  readonly ackTimeoutMs: number;
  /**
   * How long the connection has to live on after an acknowledgement before what was acknowledged counts as settled. For hosts that acknowledge what they hold
   * in memory and write down a moment later: when such a host dies, its connections end at once.
   */
  readonly ackSettleMs: number;
  /** The longest time that `close` waits for acknowledgements. */
  readonly closeTimeoutMs: number;
  /** The first wait before connecting again; each further one is twice as long, up to the cap. */
  readonly backoffStartMs: number;
  readonly backoffCapMs: number;
  /** Asks for the handshake; without it a host that demands one is reported. */
  readonly sharedKey?: string;
  /** What this side calls itself in the handshake. */
  readonly selfHostname: string;
  /** A number from 0 to 1, for the jitter of waits. */
  readonly random: () => number;
}

export const FORWARD_DEFAULTS: ForwardOptions = {
  tag: 'o365.audit',
  framesInFlight: 4,
  // Fluent Bit's Buffer_Max_Size is 6,144,000 bytes, of which the envelope takes less than 400.
  batchLimitBytes: 6_000_000,
  queueLimit: 4096,
  // With the waits between them about a minute, in which a host may restart or the store behind it come back.
  attempts: 8,
  connectTimeoutMs: 10_000,
  handshakeTimeoutMs: 10_000,
  // Vector reads and acknowledges at the pace of the store behind it, and sending again only adds to its load. Fluentd waits as long.
  writeTimeoutMs: 190_000,
  ackWarningMs: 30_000,
  ackTimeoutMs: 190_000,
  ackSettleMs: 0,
  closeTimeoutMs: 4_000,
  backoffStartMs: 500,
  backoffCapMs: 30_000,
  selfHostname: hostname(),
  random: Math.random,
};
