/**
 * The body of a content blob. A program between the service and us, or the service itself, may say an error with a status of 200: such an answer must not count
 * as the blob, for its events would be taken for delivered.
 */
import { failure } from '../errors.ts';
import { textOfRefusal } from './refusal.ts';

/** A longer body is no refusal. */
const REFUSAL_BYTES_MAX = 16 * 1024;
/** Blanks, and the bytes of a byte order mark. */
const BEFORE_JSON: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d, 0xef, 0xbb, 0xbf]);
const ARRAY_BEGINS = 0x5b;
/** What every audit event has, and no error of the service. https://learn.microsoft.com/office/office-365-management-api/office-365-management-activity-api-schema#common-schema */
const MEMBERS_OF_EVENTS = ['Id', 'CreationTime', 'RecordType', 'Operation'] as const;

/**
 * The same bytes as they come in: nearly always an array of events, some say also one event alone. Rejects with API_UNREADABLE before the first byte when the
 * whole of it is JSON, but no event.
 */
export async function* blobBody(body: AsyncIterable<Uint8Array>, { tenant, what }: { readonly tenant: string; readonly what: string }): AsyncGenerator<Uint8Array, void, undefined> {
  let doubtful: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of body) {
    if (doubtful === undefined) {
      yield chunk;
      continue;
    }
    doubtful = doubtful.byteLength === 0 ? Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength) : Buffer.concat([doubtful, chunk]);
    if (firstOf(doubtful) !== ARRAY_BEGINS && doubtful.byteLength <= REFUSAL_BYTES_MAX) continue;
    yield doubtful;
    doubtful = undefined;
  }
  if (doubtful === undefined) return;
  const text = doubtful.toString();
  if (isWholeButNoEvent(text)) throw failure('API_UNREADABLE', { tenant, what, detail: `${textOfRefusal(text)} (in place of events)` });
  yield doubtful;
}

function firstOf(bytes: Buffer): number | undefined {
  return bytes.find((byte) => !BEFORE_JSON.has(byte));
}

function isWholeButNoEvent(text: string): boolean {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ''));
  } catch {
    // cut off, or several events: whoever splits it knows
    return false;
  }
  return typeof value !== 'object' || value === null || !MEMBERS_OF_EVENTS.some((name) => Object.hasOwn(value, name));
}
