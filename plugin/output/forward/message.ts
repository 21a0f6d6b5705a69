/**
 * The grammar of Fluent Forward, version 1: bytes in and out, no sockets.
 * https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1
 *
 * A frame is a PackedForward message: `[tag, bin(entries), {"chunk": …, "size": …}]`. It is the one mode in which every version of every
 * host says truthfully whether it took the events. The host answers each frame with `{"ack": chunk}`; Vector says no with an empty map,
 * the others by closing the connection.
 */
import { Packr } from 'msgpackr';
import type { Batch } from '../../types.ts';

/** The longest message that a host has any reason to send; more without an end is not this protocol. */
export const MESSAGE_LIMIT_BYTES = 16 * 1024;

/** One whole msgpack value, decoded, beside its very bytes: a text may hold bytes that are no UTF-8 (Fluent Bit's nonce does). */
export interface Message {
  readonly value: unknown;
  readonly bytes: Uint8Array;
}

/** What a message of the host means once frames are on their way. */
export type Answer =
  | { readonly kind: 'acknowledged'; readonly chunk: string }
  | { readonly kind: 'refused'; readonly reason: string }
  /** The host wants the handshake first. */
  | { readonly kind: 'handshake' }
  /** The host is a Vector before 0.31. */
  | { readonly kind: 'json' };

const ARRAY_OF_3 = 0x93;
const BIN_32 = 0xc6;
/** The first byte of an acknowledgement in JSON, which read as msgpack is a small integer. */
const OPENING_BRACE = 0x7b;

// Records and fixed-size maps are msgpackr's own ways; hosts read plain msgpack.
const packr = new Packr({ useRecords: false, variableMapSize: true, mapsAsObjects: true });

/** Encodes a handshake message. */
export function encodeMessage(value: unknown): Uint8Array {
  return packr.pack(value);
}

/**
 * A frame as the parts to write one behind the other; the middle part is the batch itself, not a copy. Only the two headers for which
 * msgpackr has no words (an array of three, and binary data without the data) are put together by hand.
 */
export function encodeFrame(tag: string, batch: Batch, chunk: string): readonly Uint8Array[] {
  const packedTag = packr.pack(tag);
  const header = Buffer.allocUnsafe(packedTag.length + 6);
  header[0] = ARRAY_OF_3;
  header.set(packedTag, 1);
  header[packedTag.length + 1] = BIN_32;
  header.writeUInt32BE(batch.bytes.byteLength, packedTag.length + 2);
  return [header, batch.bytes, packr.pack({ chunk, size: batch.eventCount })];
}

/** Cuts what a host sends into whole messages, wherever the reads were cut. Throws when something comes that is not msgpack. */
export async function* readMessages(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Message, void, undefined> {
  let rest: Uint8Array = new Uint8Array(0);
  for await (const read of stream) {
    const bytes = rest.length === 0 ? read : Buffer.concat([rest, read]);
    const messages = splitMessages(bytes);
    const taken = messages.reduce((sum, message) => sum + message.bytes.length, 0);
    yield* messages;
    rest = bytes.subarray(taken);
    if (rest.length > MESSAGE_LIMIT_BYTES) throw new Error(`it sent ${MESSAGE_LIMIT_BYTES} bytes that are no whole message`);
  }
}

/** The whole messages at the start of `bytes`; what is left belongs to a message of which the end is still to come. */
export function splitMessages(bytes: Uint8Array): Message[] {
  const messages: Message[] = [];
  try {
    packr.unpackMultiple(bytes, (value: unknown, start = 0, end = 0) => {
      messages.push({ value, bytes: bytes.subarray(start, end) });
    });
  } catch (error) {
    if (!(error instanceof Error && 'incomplete' in error && error.incomplete === true)) throw new Error('it sent something that is not msgpack', { cause: error });
  }
  return messages;
}

/** Reads what the host says about frames. Only an acknowledgement that names a chunk is one; everything else is a refusal. */
export function readAnswer(value: unknown): Answer {
  if (value === OPENING_BRACE) return { kind: 'json' };
  if (Array.isArray(value) && value[0] === 'HELO') return { kind: 'handshake' };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return { kind: 'refused', reason: 'it sent something that is no acknowledgement' };
  if ('ack' in value && typeof value.ack === 'string') return { kind: 'acknowledged', chunk: value.ack };
  return { kind: 'refused', reason: Object.keys(value).length === 0 ? 'it refused a frame' : 'it sent a map without an acknowledgement' };
}
