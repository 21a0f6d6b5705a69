/** Documents from a stream of text: ECS documents one a line, or audit events in any form that is mapped first. */
import { StringDecoder } from 'node:string_decoder';

/** What turns text of audit events into lines of ECS documents: `push` takes the next stretch, `end` says that there is no more. */
export interface Mapper {
  push(chunk: Uint8Array): Iterable<{ readonly bytes: Uint8Array }>;
  end(): Iterable<{ readonly bytes: Uint8Array }>;
}

/** A parsed document, or what is to be said of a line that is none. */
export type Reading = { readonly document: unknown } | { readonly isUnreadable: true };

/** So much of a file is looked at to see which of the two it is; a first document larger than this counts as an event. */
const HEAD_LIMIT_BYTES = 16 * 1024 * 1024;
/** A longer line is no document; it is read past. */
const LINE_LIMIT_CHARACTERS = 256 * 1024 * 1024;

/** Reads documents; what the stream holds is seen by its first line. Throws what the stream and the mapper throw. */
export async function* readDocuments(bytes: AsyncIterable<Uint8Array>, openMapper: () => Mapper): AsyncGenerator<Reading> {
  const source = bytes[Symbol.asyncIterator]();
  let head: Buffer = Buffer.alloc(0);
  let isEnd = false;
  while (!isEnd && head.length < HEAD_LIMIT_BYTES && !hasLine(head)) {
    const next = await source.next();
    if (next.done === true) isEnd = true;
    else head = Buffer.concat([head, next.value]);
  }
  const whole = async function* (): AsyncGenerator<Uint8Array> {
    yield head;
    for (let next = await source.next(); next.done !== true; next = await source.next()) yield next.value;
  };
  yield* isDocuments(head) ? documentsOf(whole()) : mapped(whole(), openMapper());
}

/** Whether a line that is not blank stands here whole. */
function hasLine(head: Buffer): boolean {
  let from = head.indexOf('\ufeff') === 0 ? 3 : 0;
  while (from < head.length && (head[from] ?? 0) <= 0x20) from += 1;
  return head.includes('\n', from);
}

/** Whether the first line is an ECS document. */
function isDocuments(head: Buffer): boolean {
  const [line = ''] = head.toString().replace(/^\uFEFF/, '').trimStart().split('\n');
  const document = parsed(line);
  if (document === undefined || !isObject(document)) return false;
  return isObject(document.event) && ('ecs' in document || isObject(document.o365) || '@timestamp' in document);
}

async function* documentsOf(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Reading> {
  const lines = new Lines();
  for await (const chunk of bytes) yield* lines.push(chunk);
  yield* lines.end();
}

async function* mapped(bytes: AsyncIterable<Uint8Array>, mapper: Mapper): AsyncGenerator<Reading> {
  const lines = new Lines();
  for await (const chunk of bytes) for (const batch of mapper.push(chunk)) yield* lines.push(batch.bytes);
  for (const batch of mapper.end()) yield* lines.push(batch.bytes);
  yield* lines.end();
}

class Lines {
  readonly #decoder = new StringDecoder('utf8');
  /** What has come of the line that has not ended; put together once, at its end. */
  #pieces: string[] = [];
  #characters = 0;

  * push(bytes: Uint8Array): Generator<Reading> {
    const [first = '', ...others] = this.#decoder.write(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)).split('\n');
    this.#add(first);
    for (const piece of others) {
      yield* this.#line();
      this.#add(piece);
    }
  }

  * end(): Generator<Reading> {
    this.#add(this.#decoder.end());
    yield* this.#line();
  }

  #add(piece: string): void {
    this.#characters += piece.length;
    if (this.#characters > LINE_LIMIT_CHARACTERS) this.#pieces = [];
    else if (piece !== '') this.#pieces.push(piece);
  }

  * #line(): Generator<Reading> {
    if (this.#characters > LINE_LIMIT_CHARACTERS) yield { isUnreadable: true };
    else yield* readingOf(this.#pieces.join(''));
    this.#pieces = [];
    this.#characters = 0;
  }
}

function* readingOf(line: string): Generator<Reading> {
  const text = line.replace(/^\uFEFF/, '').trim();
  if (text === '') return;
  const document = parsed(text);
  yield isObject(document) ? { document } : { isUnreadable: true };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    // the caller says so of the line
    return undefined;
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
