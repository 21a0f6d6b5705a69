/** `o365audit report`: one HTML page of the events in files, on stdin, or in a store. */
import { writeFile } from 'node:fs/promises';
import type { ArgumentsOf } from '../config/options.ts';
import { durationText } from '../config/value.ts';
import { AuditError, failure, reasonOf } from '../errors.ts';
import { envelopeTexts } from '../module/envelope.ts';
import { loadModule } from '../module/instance.ts';
import { createAggregation, type Aggregation } from '../report/aggregation.ts';
import { readDocuments } from '../report/documents.ts';
import { DOCUMENT_FIELDS } from '../report/facts.ts';
import { pageOf } from '../report/page.ts';
import type { Picture } from '../report/picture.ts';
import { counted } from '../telemetry/counted.ts';
import type { Log } from '../telemetry/log.ts';
import type { Search } from '../store/search.ts';
import { eventStreamOf } from '../store/streams.ts';
import type { Surroundings } from '../types.ts';
import { eventFiles, readEventFile } from './event-file.ts';
import { openLog } from './log.ts';
import { withStore } from './store.ts';

const STREAMS = eventStreamOf('*');

/**
 * Reads all files, one after the other, or the store where none is named, and writes the page. Throws MAP_…, BLOB_…, MODULE_…, STORE_…, NETWORK_… and
 * REPORT_… failures; then there is no page.
 */
export async function report(options: ArgumentsOf<'report'>, surroundings: Surroundings): Promise<number> {
  const { files, elasticsearch, reportFile } = options;
  const log = openLog(options, surroundings);
  const aggregation = createAggregation();
  const isFromStore = files.length === 0 && elasticsearch !== undefined;
  const sources = isFromStore ? [await readStore(options, surroundings, log, aggregation)] : await readFiles(options, surroundings, log, aggregation);
  const picture = await writeReport(aggregation, sources, reportFile, surroundings);
  surroundings.stderr.write(`${counted(picture.counts.events, 'event')} in ${reportFile}\n`);
  return 0;
}

/** Counts what the data streams of audit events have, all namespaces together; resolves with what to call it. */
async function readStore(options: ArgumentsOf<'report'>, surroundings: Surroundings, log: Log, aggregation: Aggregation): Promise<string> {
  const { clock, stop } = surroundings;
  return withStore(options, surroundings, log, async (store) => {
    let count = 0;
    const query = { range: { '@timestamp': { gte: new Date(clock.nowMs() - options.lastMs).toISOString() } } };
    const read = async (how: Pick<Search, 'passesClosed'> = {}): Promise<void> => {
      for await (const hits of store.search(STREAMS, { query, source: DOCUMENT_FIELDS, ...how }, stop)) {
        count += hits.length;
        for (const { source } of hits) aggregation.add(source);
      }
    };
    let isWhole = true;
    try {
      await read();
    } catch (error) {
      // each page asks all indices: what is closed shows with the first, unless it was closed meanwhile
      if (!(error instanceof AuditError) || error.code !== 'STORE_CLOSED' || count > 0) throw error;
      isWhole = false;
      surroundings.stderr.write(`! ${error.message} The report leaves out what lies in closed indices. ${error.repair}\n`);
      await read({ passesClosed: true });
    }
    if (count === 0) {
      surroundings.stderr.write(`! ${store.name} shows no document of the last ${durationText(options.lastMs)} in ${STREAMS}: there is none, --last is too short, the log agent writes elsewhere, or this user may not read them (read for ${STREAMS}).\n`);
    }
    return `${STREAMS} on ${store.name}${isWhole ? '' : ', without closed indices'}`;
  });
}

/** Counts the documents of all files; resolves with what to call them. */
async function readFiles({ files, mappingSwitches }: ArgumentsOf<'report'>, surroundings: Surroundings, log: Log, aggregation: Aggregation): Promise<string[]> {
  const module = await loadModule(surroundings.programFolder, log);
  const envelope = envelopeTexts({ namespace: 'default', mappingSwitches, tags: [] });
  const sources = eventFiles(files);
  for (const source of sources) {
    await readEventFile(source, { module, envelope, surroundings }, async (events, splitter) => {
      for await (const reading of readDocuments(events, () => splitter)) {
        if ('document' in reading) aggregation.add(reading.document);
        else aggregation.addUnreadable();
      }
    });
  }
  return sources.map(({ name }) => name);
}

/** Writes the page of what was counted, and resolves with what it shows. Throws REPORT_… failures. */
export async function writeReport(aggregation: Aggregation, sources: readonly string[], file: string, { clock, programFolder, version }: Surroundings): Promise<Picture> {
  const picture = aggregation.picture({ version, madeAtMs: clock.nowMs(), sources });
  const page = await pageOf(picture, programFolder);
  // who may read the events is for their owner to say: nobody else, until he does
  await writeFile(file, page, { mode: 0o600 }).catch((error: unknown) => {
    throw failure('REPORT_WRITE', { file, reason: reasonOf(error) }, error);
  });
  return picture;
}
