/** One file of audit events, or standard input, on its way through the mapping: what `map` and `report` have in common. */
import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { exportedEvents } from '../collect/exported.ts';
import { failure, reasonOf } from '../errors.ts';
import type { EnvelopeTexts } from '../module/envelope.ts';
import type { EcsModule } from '../module/instance.ts';
import { createSplitter, type Splitter } from '../module/splitter.ts';
import type { Surroundings } from '../types.ts';

const BATCH_BYTES = 1024 * 1024;

export interface Mapping {
  readonly module: EcsModule;
  readonly envelope: EnvelopeTexts;
  readonly surroundings: Pick<Surroundings, 'clock' | 'stdin' | 'stderr' | 'stop'>;
}

/** The files of a command line, `-` for standard input, with what each is called. */
export function eventFiles(files: readonly string[]): readonly { readonly file: string; readonly name: string }[] {
  return (files.length === 0 ? ['-'] : files).map((file) => ({ file, name: file === '-' ? 'standard input' : file }));
}

/**
 * Hands the text of a file's events to `use`, with a splitter that makes ECS documents of it, one a line. Rejects with MAP_FILE, MAP_STOPPED, MAP_CSV, and as
 * `use` does.
 */
export async function readEventFile({ file, name }: ReturnType<typeof eventFiles>[number], { module, envelope, surroundings: { clock, stdin, stderr, stop } }: Mapping,
  use: (events: AsyncIterable<Uint8Array>, splitter: Splitter) => Promise<void>): Promise<void> {
  const splitter = createSplitter(module, envelope, {
    format: 'ecs', encoding: 'ndjson', preserveOriginalEvent: false, timestamp: true, batchBytes: BATCH_BYTES, lines: true,
  }, `The file ${name}`, () => clock.nowMs());
  if (file === '-' && stdin.isTTY === true) stderr.write('Events are read from the terminal, until Ctrl-D. Name a file to read that one.\n');
  // who waits for a terminal or a pipe must hear of the stop, too
  const bytes = addAbortSignal(stop, file === '-' ? stdin : createReadStream(file));
  try {
    await use(exportedEvents(bytes as AsyncIterable<Buffer>, name), splitter);
  } catch (error) {
    if (stop.aborted) throw failure('MAP_STOPPED', { file: name, reason: reasonOf(stop.reason) });
    if (!(error instanceof Error && 'syscall' in error)) throw error;
    throw failure('MAP_FILE', { file: name, reason: reasonOf(error) }, error);
  } finally {
    splitter.close();
  }
}
