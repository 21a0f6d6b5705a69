/**
 * Audit events as people have them in files: one JSON object a line, a JSON array, or the CSV of a search in Microsoft Purview, whose column AuditData holds the
 * event. https://learn.microsoft.com/purview/audit-log-export-records
 */
import { CsvError, parse } from 'csv-parse';
import { TextDecoder } from 'node:util';
import { failure } from '../errors.ts';

const COLUMN = 'AuditData';
/** The header of an export is much shorter. */
const HEADER_LIMIT_BYTES = 64 * 1024;
/** A row as large as this is none: a quote that is never closed would make the rest of the file one row. */
const ROW_LIMIT_BYTES = 64 * 1024 * 1024;

/** The text of the events in a stream of bytes, in UTF-8: JSON as it is, rows of a CSV as lines. Throws MAP_CSV, and what the stream throws. */
export async function* exportedEvents(bytes: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  const source = decoded(bytes);
  try {
    const { head, isEnd } = await headOf(source);
    const whole = async function* (): AsyncGenerator<Uint8Array> {
      if (head.length > 0) yield head;
      if (!isEnd) yield* source;
    };
    const delimiter = csvDelimiter(head);
    if (delimiter === undefined) yield* whole();
    else yield* rowsOf(whole(), delimiter, file);
  } finally {
    await source.return(undefined);
  }
}

/** Windows PowerShell writes UTF-16 with a byte order mark. */
async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void> {
  let decoder: TextDecoder | undefined;
  let begun: Uint8Array | undefined = new Uint8Array(0);
  for await (const bytesRead of bytes) {
    let chunk = bytesRead;
    if (begun !== undefined) {
      chunk = begun.length === 0 ? chunk : Buffer.concat([begun, chunk]);
      begun = chunk;
      // the mark is two bytes, and a pipe may bring them one by one
      if (chunk.length < 2) continue;
      begun = undefined;
      if (chunk[0] === 0xff && chunk[1] === 0xfe) decoder = new TextDecoder('utf-16le');
    }
    yield decoder === undefined ? chunk : Buffer.from(decoder.decode(chunk, { stream: true }));
  }
  if (begun !== undefined && begun.length > 0) yield begun;
}

/** The beginning of a stream, at least its first line if that is short. */
async function headOf(source: AsyncGenerator<Uint8Array, void>): Promise<{ readonly head: Buffer; readonly isEnd: boolean }> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < HEADER_LIMIT_BYTES && !head.includes('\n')) {
    const next = await source.next();
    if (next.done === true) return { head, isEnd: true };
    head = Buffer.concat([head, next.value]);
  }
  return { head, isEnd: false };
}

/** What stands between the names of a CSV's header; undefined for a text that is no export. */
function csvDelimiter(head: Buffer): string | undefined {
  const [line = ''] = head.toString().replace(/^\uFEFF/, '').split('\n');
  if (/^\s*[{[]/.test(line)) return undefined;
  return [',', ';', '\t'].find((delimiter) => line.split(delimiter).some((name) => name.trim().replace(/^"(.*)"$/, '$1') === COLUMN));
}

async function* rowsOf(bytes: AsyncIterable<Uint8Array>, delimiter: string, file: string): AsyncGenerator<Uint8Array> {
  let rows: Row[] = [];
  const parser = parse({
    bom: true, columns: true, delimiter, trim: true, relax_column_count: true, skip_empty_lines: true, max_record_size: ROW_LIMIT_BYTES,
    on_record: (row: Row) => {
      rows.push(row);
      return null;
    },
  });
  // every write tells of its own error
  parser.on('error', () => undefined);
  const parsed = async function* (step: (done: (error?: Error | null) => void) => void): AsyncGenerator<Uint8Array> {
    const error = await new Promise<Error | undefined>((resolve) => step((thrown) => resolve(thrown ?? undefined)));
    const lines = rows.map(lineOf);
    rows = [];
    yield* lines;
    if (error instanceof CsvError) throw failure('MAP_CSV', { file, line: Number((error as { lines?: unknown }).lines ?? 0), reason: error.message.replace(/\.$/, '') }, error);
    if (error !== undefined) throw error;
  };
  for await (const chunk of bytes) yield* parsed((done) => parser.write(chunk, done));
  yield* parsed((done) => parser.end(done));
}

type Row = Readonly<Record<string, string | undefined>>;

/** The event of a row; a row without one travels on as text, of which the mapping tells. */
function lineOf(row: Row): Buffer {
  const event = row[COLUMN] ?? '';
  // between two tokens of JSON a line feed is a blank
  return Buffer.from(`${event === '' ? JSON.stringify(JSON.stringify(row)) : event.replaceAll(/[\r\n]+/g, ' ')}\n`);
}
