import type { AuditError } from '../../errors.ts';
import type { Batch } from '../../types.ts';

/** A batch under way to the log agent, under the id by which the agent acknowledges it; a frame that is sent again keeps its id. */
export interface Frame {
  readonly chunk: string;
  readonly batch: Batch;
  readonly resolve: () => void;
  readonly reject: (reason: AuditError) => void;
  /** How often it may be found to blame before it is given up. */
  readonly attempts: number;
  /** How often it was sent and found to blame for a missing acknowledgement. */
  failedAttempts: number;
}

/**
 * The frames that wait and the frames that are on their way, oldest first. At most `limit` are on their way at once. After a connection that
 * left frames unanswered only one is, until one is acknowledged: so the frame that a host stumbles over is soon alone, and the blame exact.
 */
export class FrameWindow {
  readonly #limit: number;
  #allowed: number;
  #waiting: Frame[] = [];
  readonly #sent = new Map<string, Frame>();

  constructor(limit: number) {
    this.#limit = limit;
    this.#allowed = limit;
  }

  /** Frames that are not settled. */
  get size(): number {
    return this.#waiting.length + this.#sent.size;
  }

  get waitingCount(): number {
    return this.#waiting.length;
  }

  get sentCount(): number {
    return this.#sent.size;
  }

  add(frame: Frame): void {
    this.#waiting.push(frame);
  }

  /** The next frame to send, now counted as on its way. */
  next(): Frame | undefined {
    if (this.#sent.size >= this.#allowed) return undefined;
    const frame = this.#waiting.shift();
    if (frame !== undefined) this.#sent.set(frame.chunk, frame);
    return frame;
  }

  /** Takes out the frame that was acknowledged, if it is on its way. */
  acknowledge(chunk: string): Frame | undefined {
    const frame = this.#sent.get(chunk);
    if (frame === undefined) return undefined;
    this.#sent.delete(chunk);
    this.#allowed = this.#limit;
    return frame;
  }

  /**
   * The connection is gone: what was on its way waits again, in its order, before what was never sent. Returns the frame to blame, the oldest
   * unanswered one, for hosts work in order. When it was alone, there is no doubt, and it goes behind all others, so that it holds up nobody.
   */
  rewind(): Frame | undefined {
    const sent = [...this.#sent.values()];
    this.#sent.clear();
    const [blamed] = sent;
    if (blamed === undefined) return undefined;
    this.#allowed = 1;
    this.#waiting = sent.length === 1 ? [...this.#waiting, blamed] : [...sent, ...this.#waiting];
    return blamed;
  }

  remove(frame: Frame): void {
    this.#sent.delete(frame.chunk);
    this.#waiting = this.#waiting.filter((other) => other !== frame);
  }

  /** Takes out everything. */
  clear(): Frame[] {
    const all = [...this.#sent.values(), ...this.#waiting];
    this.#sent.clear();
    this.#waiting = [];
    return all;
  }
}
