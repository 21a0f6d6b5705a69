/** `o365audit map`: audit events from files or stdin to ECS documents on stdout, one a line. */
import { createReadStream } from 'node:fs';
import { addAbortSignal } from 'node:stream';
import { exportedEvents } from '../collect/exported.ts';
import type { ArgumentsOf } from '../config/options.ts';
import { AuditError, failure, reasonOf } from '../errors.ts';
import { envelopeTexts } from '../module/envelope.ts';
import { loadModule } from '../module/instance.ts';
import { createSplitter } from '../module/splitter.ts';
import { openOutput } from '../output/output.ts';
import { createLog } from '../telemetry/log.ts';
import type { Surroundings } from '../types.ts';

const BATCH_BYTES = 1024 * 1024;
const CLOSE_MS = 4_000;

/** Maps all files, also behind one that cannot be read. Throws MAP_…, BLOB_…, MODULE_… and OUTPUT_… failures, the first one at the end. */
export async function map({ files, namespace, mappingSwitches, dlpDetections, logLevel, logFormat }: ArgumentsOf<'map'>, surroundings: Surroundings): Promise<number> {
  const { clock, programFolder, stderr, stdin, stdout, stop } = surroundings;
  const log = createLog({ level: logLevel, format: logFormat, nowMs: () => clock.nowMs(), write: (text) => void stderr.write(text) });
  const module = await loadModule(programFolder, log);
  const output = openOutput({ url: 'stdout', stdout, closeTimeoutMs: CLOSE_MS }, log, clock);
  const envelope = envelopeTexts({ namespace, mappingSwitches, dlpDetections, tags: ['forwarded'] });
  const failures: AuditError[] = [];

  async function mapFile(file: string): Promise<void> {
    const isStdin = file === '-';
    const name = isStdin ? 'standard input' : file;
    const splitter = createSplitter(module, envelope, {
      format: 'ecs', encoding: 'ndjson', preserveOriginalEvent: false, timestamp: true, batchBytes: BATCH_BYTES, lines: true,
    }, `The file ${name}`, () => clock.nowMs());
    // who waits for a terminal or a pipe must hear of the stop, too
    const bytes = addAbortSignal(stop, isStdin ? stdin : createReadStream(file));
    try {
      for await (const chunk of exportedEvents(bytes as AsyncIterable<Buffer>, name)) {
        stop.throwIfAborted();
        for (const batch of splitter.push(chunk)) await output.deliver(batch);
      }
      for (const batch of splitter.end()) await output.deliver(batch);
    } catch (error) {
      if (stop.aborted) throw failure('MAP_STOPPED', { file: name, reason: reasonOf(stop.reason) });
      if (!(error instanceof Error && 'syscall' in error)) throw error;
      throw failure('MAP_FILE', { file: name, reason: reasonOf(error) }, error);
    } finally {
      splitter.close();
    }
  }

  for (const file of files.length === 0 ? ['-'] : files) {
    try {
      await mapFile(file);
    } catch (error) {
      if (!(error instanceof AuditError) || error.code.startsWith('OUTPUT_') || error.code === 'MAP_STOPPED') throw error;
      log('map.failed', { code: error.code, reason: error.message });
      failures.push(error);
    }
  }
  await output.close();
  if (failures[0] !== undefined) throw failures[0];
  return 0;
}
