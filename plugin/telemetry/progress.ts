import type { Clock } from '../types.ts';
import { counted, numberText } from './counted.ts';

/** A terminal's line is rewritten at most ten times a second; a file or a pipe gets a new line at most every ten seconds. */
const TERMINAL_INTERVAL_MS = 100;
const LINE_INTERVAL_MS = 10_000;
/** The rate is that of the last so many milliseconds, or of the whole time when there were fewer. */
const RATE_SPAN_MS = 5_000;

const CLEAR_LINE = '\r\u001b[K';

/** How far the work has come since the start. */
export interface ProgressCounts {
  readonly events: number;
  readonly blobs: number;
  /** What is being waited for at this moment, `the log agent` say; empty when nothing is. */
  readonly waitingFor: string;
}

export interface Progress {
  /** Takes the newest counts; they are shown when it is time. Call it as often as you like. */
  update(counts: ProgressCounts): void;
  /** Writes other text to the same stream, log lines say, without mixing it with the progress line. */
  write(text: string): void;
  /** Shows the last counts and leaves the cursor on a fresh line. Nothing is shown afterwards, but `write` still works. */
  end(): void;
}

type Terminal = NodeJS.WritableStream & { readonly isTTY?: boolean; readonly columns?: number };

/** A progress line on `stream`, rewritten in place on a terminal. */
export function createProgress(stream: Terminal, clock: Clock): Progress {
  return new ProgressLine(stream, clock);
}

class ProgressLine implements Progress {
  readonly #stream: Terminal;
  readonly #clock: Clock;
  readonly #ending = new AbortController();
  readonly #intervalMs: number;
  readonly #samples: { readonly atMs: number; readonly events: number }[];
  #counts: ProgressCounts | undefined;
  #shown: ProgressCounts | undefined;
  #waiting = false;
  #lineIsOpen = false;

  constructor(stream: Terminal, clock: Clock) {
    this.#stream = stream;
    this.#clock = clock;
    this.#intervalMs = stream.isTTY === true ? TERMINAL_INTERVAL_MS : LINE_INTERVAL_MS;
    this.#samples = [{ atMs: clock.nowMs(), events: 0 }];
  }

  update(counts: ProgressCounts): void {
    this.#counts = counts;
    if (this.#waiting || this.#ending.signal.aborted) return;
    this.#show();
    this.#waiting = true;
    // Only the end cuts the wait short, and it shows the last counts itself.
    this.#clock.wait(this.#intervalMs, this.#ending.signal).then(() => this.#afterInterval(), () => undefined);
  }

  write(text: string): void {
    const open = this.#lineIsOpen;
    this.#stream.write(open ? CLEAR_LINE + text : text);
    this.#lineIsOpen = false;
    if (open) this.#draw();
  }

  end(): void {
    if (this.#ending.signal.aborted) return;
    this.#ending.abort();
    this.#show();
    if (this.#lineIsOpen) this.#stream.write('\n');
    this.#lineIsOpen = false;
  }

  #afterInterval(): void {
    this.#waiting = false;
    if (this.#counts !== undefined && this.#counts !== this.#shown) this.update(this.#counts);
  }

  #show(): void {
    if (this.#counts === undefined || this.#counts === this.#shown) return;
    this.#shown = this.#counts;
    this.#sample(this.#counts.events);
    this.#draw();
  }

  #draw(): void {
    if (this.#shown === undefined) return;
    const { events, blobs, waitingFor } = this.#shown;
    const line = [counted(events, 'event'), `${numberText(this.#rate())}/s`, counted(blobs, 'blob'), ...(waitingFor === '' ? [] : [`waiting for ${waitingFor}`])].join('   ');
    if (this.#stream.isTTY === true) {
      // A line that reaches the last column would wrap, and could not be rewritten any more.
      this.#stream.write(CLEAR_LINE + line.slice(0, (this.#stream.columns ?? 80) - 1));
      this.#lineIsOpen = true;
    } else {
      this.#stream.write(`${line}\n`);
    }
  }

  #sample(events: number): void {
    const atMs = this.#clock.nowMs();
    this.#samples.push({ atMs, events });
    while (this.#samples.length > 2 && (this.#samples[1]?.atMs ?? atMs) < atMs - RATE_SPAN_MS) this.#samples.shift();
  }

  #rate(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (first === undefined || last === undefined || last.atMs <= first.atMs) return 0;
    return Math.round((last.events - first.events) * 1000 / (last.atMs - first.atMs));
  }
}
