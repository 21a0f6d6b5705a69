/** `o365audit map`: audit events from files or stdin to ECS documents on stdout, one a line. */
import type { ArgumentsOf } from '../config/options.ts';
import { AuditError } from '../errors.ts';
import { envelopeTexts } from '../module/envelope.ts';
import { loadModule } from '../module/instance.ts';
import { openOutput } from '../output/output.ts';
import type { Surroundings } from '../types.ts';
import { eventFiles, readEventFile } from './event-file.ts';
import { openLog } from './log.ts';

const CLOSE_MS = 4_000;

/** Maps all files, also behind one that cannot be read. Throws MAP_…, BLOB_…, MODULE_… and OUTPUT_… failures, the first one at the end. */
export async function map(options: ArgumentsOf<'map'>, surroundings: Surroundings): Promise<number> {
  const { files, namespace, mappingSwitches, dlpDetections } = options;
  const { clock, programFolder, stdout, stop } = surroundings;
  const log = openLog(options, surroundings);
  const module = await loadModule(programFolder, log);
  const output = openOutput({ url: 'stdout', stdout, closeTimeoutMs: CLOSE_MS }, log, clock);
  const envelope = envelopeTexts({ namespace, mappingSwitches, dlpDetections, tags: ['forwarded'] });
  const failures: AuditError[] = [];

  for (const file of eventFiles(files)) {
    try {
      await readEventFile(file, { module, envelope, surroundings }, async (events, splitter) => {
        for await (const chunk of events) {
          stop.throwIfAborted();
          for (const batch of splitter.push(chunk)) await output.deliver(batch);
        }
        for (const batch of splitter.end()) await output.deliver(batch);
      });
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
