import { readFileSync } from 'node:fs';
import { failure, reasonOf } from '../errors.ts';
import type { Log } from '../telemetry/log.ts';
import type { Clock, Output } from '../types.ts';
import { readForwardAddress } from './forward/address.ts';
import { openForward } from './forward/forward.ts';
import { FORWARD_DEFAULTS, type ForwardOptions } from './forward/options.ts';
import { openStdout } from './stdout.ts';

/** What an output may be told; what is left out is as in FORWARD_DEFAULTS. */
export interface OutputOptions extends Partial<ForwardOptions> {
  /** `stdout`, `forward://host:port`, `forward+tls://host:port` or `forward+unix:///path/of/the.sock`. */
  readonly url: string;
  /** Where `stdout` writes. */
  readonly stdout: NodeJS.WritableStream;
}

/**
 * Opens the output that `url` names. On stdout a batch is a run of whole lines or msgpack entries and is delivered when the operating system's
 * pipe has taken it; towards a log agent a batch is a run of msgpack entries `[EventTime, map]` and is delivered when the agent has
 * acknowledged it. The bytes of a batch are never copied: leave them alone until `deliver` has settled.
 *
 * Throws OUTPUT_URL and OUTPUT_CA_FILE. `deliver` rejects with OUTPUT_CLOSED and OUTPUT_WRITE (stdout), OUTPUT_CLOSED, OUTPUT_REFUSED,
 * OUTPUT_BATCH_TOO_LARGE, OUTPUT_QUEUE_FULL and OUTPUT_ANSWER_JSON (Forward); an unreachable log agent is no failure, it is waited for.
 */
export function openOutput(options: OutputOptions, log: Log, clock: Clock): Output {
  const { url, stdout, ...given } = options;
  const forward = { ...FORWARD_DEFAULTS, ...given };
  if (url === 'stdout') return openStdout(stdout, forward.closeTimeoutMs, clock);
  const address = readForwardAddress(url);
  if (forward.caFile !== undefined) checkReadable(forward.caFile);
  return openForward(address, url, forward, log, clock);
}

/** The file is read again for each connection, so that a renewed certificate counts; a wrong path should be said at the start. */
function checkReadable(file: string): void {
  try {
    readFileSync(file);
  } catch (error) {
    throw failure('OUTPUT_CA_FILE', { file, reason: reasonOf(error) }, error);
  }
}
