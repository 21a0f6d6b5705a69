/**
 * Audit events as people have them in files: one JSON object a line, a JSON array, or the CSV of a search in Microsoft Purview, whose column AuditData holds the
 * event. https://learn.microsoft.com/purview/audit-log-export-records
 */
import { CsvError, parse } from 'csv-parse';
import { Readable } from 'node:stream';
import { TextDecoder } from 'node:util';
import { failure } from '../errors.ts';

const COLUMN = 'AuditData';
/** The header of an export is much shorter. */
const HEADER_LIMIT_BYTES = 64 * 1024;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;

/** The text of the events in a stream of bytes, in UTF-8: JSON as it is, rows of a CSV as lines. Throws MAP_CSV. */
export async function* exportedEvents(bytes: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  const source = decoded(bytes)[Symbol.asyncIterator]();
  const { head, isEnd } = await headOf(source);
  const rest = { [Symbol.asyncIterator]: () => source };
  async function* whole(): AsyncGenerator<Uint8Array> {
    if (head.length > 0) yield head;
    if (!isEnd) yield* rest;
  }
  if (isCsv(head)) yield* rowsOf(whole(), file);
  else yield* whole();
}

/** Windows PowerShell writes UTF-16 with a byte order mark. */
async function* decoded(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let decoder: TextDecoder | undefined;
  let isFirst = true;
  for await (const chunk of bytes) {
    if (isFirst && chunk[0] === 0xff && chunk[1] === 0xfe) decoder = new TextDecoder('utf-16le');
    isFirst = false;
    yield decoder === undefined ? chunk : Buffer.from(decoder.decode(chunk, { stream: true }));
  }
}

/** The beginning of a stream, at least its first line if that is short. */
async function headOf(source: AsyncIterator<Uint8Array>): Promise<{ readonly head: Buffer; readonly isEnd: boolean }> {
  let head: Buffer = Buffer.alloc(0);
  while (head.length < HEADER_LIMIT_BYTES && !head.includes('\n')) {
    const next = await source.next();
    if (next.done === true) return { head, isEnd: true };
    head = Buffer.concat([head, next.value]);
  }
  return { head, isEnd: false };
}

function isCsv(head: Buffer): boolean {
  const text = head.toString().replace(/^\uFEFF/, '').trimStart();
  const first = text.charCodeAt(0);
  return first !== OPEN_BRACE && first !== OPEN_BRACKET && (text.split('\n')[0] ?? '').split(/[,;\t]/).some((name) => name.trim().replaceAll('"', '') === COLUMN);
}

async function* rowsOf(bytes: AsyncIterable<Uint8Array>, file: string): AsyncGenerator<Uint8Array> {
  const rows = Readable.from(bytes, { objectMode: false }).pipe(parse({ bom: true, columns: true, delimiter: [',', ';', '\t'], relax_column_count: true, skip_empty_lines: true, info: true }));
  try {
    for await (const { record } of rows as AsyncIterable<{ record: Record<string, string | undefined> }>) {
      const event = record[COLUMN]?.trim() ?? '';
      // between two tokens of JSON a line feed is a blank; a row without an event travels on as text
      yield Buffer.from(`${event === '' ? JSON.stringify(JSON.stringify(record)) : event.replaceAll(/[\r\n]+/g, ' ')}\n`);
    }
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw failure('MAP_CSV', { file, line: Number((error as { lines?: unknown }).lines ?? 0), reason: error.message.replace(/\.$/, '') }, error);
  }
}
