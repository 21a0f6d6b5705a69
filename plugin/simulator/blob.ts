/**
 * A content blob as the simulated service holds it: its body is ready bytes, made once, so that serving it costs no more than writing it.
 * The contentId has the shape of today's wire: `<key>$<key>$audit_general$Audit_General$<stamp>`, a range of keys that are times.
 */
import type { ContentType } from '../types.ts';

/** An audit event as it is served: its exact bytes, and the Id in them. */
export interface ServedEvent {
  readonly bytes: Buffer;
  readonly id: string | undefined;
}

export interface Blob {
  /** Its number in the simulator, in order of making; a next page is found by it. */
  readonly sequence: number;
  readonly tenantId: string;
  readonly contentType: ContentType;
  readonly contentId: string;
  readonly createdMs: number;
  /** The time of its last key; the records' keys are spread evenly from `createdMs` to here. */
  readonly lastKeyMs: number;
  readonly expiresMs: number;
  readonly ids: readonly (string | undefined)[];
  /** The body, in pieces of about a mebibyte. */
  readonly pieces: readonly Buffer[];
  readonly length: number;
  /** Where each event begins in the body. */
  readonly offsets: Uint32Array;
  /** The rest of its listing element, from the contentId on: see `listingElement`. */
  readonly elementTail: string;
}

export interface BlobDescription {
  readonly sequence: number;
  readonly tenantId: string;
  readonly contentType: ContentType;
  readonly createdMs: number;
  readonly lastKeyMs: number;
  readonly expiresMs: number;
  /** Six digits behind each key's milliseconds, and the stamp of the data centre. */
  readonly keyDigits: string;
  readonly stamp: string;
  /** Without the array around its only event. */
  readonly bare?: boolean;
}

/** How long content can be had after it was created. */
export const RETENTION_MS = 7 * 24 * 3_600_000;

const PIECE_BYTES = 1024 * 1024;
const [COMMA, OPEN, CLOSE] = [Buffer.from(','), Buffer.from('['), Buffer.from(']')];

/** Builds a blob from its events. */
export function makeBlob(description: BlobDescription, events: readonly ServedEvent[]): Blob {
  const { sequence, tenantId, contentType, createdMs, lastKeyMs, expiresMs, bare = false } = description;
  const offsets = new Uint32Array(events.length);
  const pieces: Buffer[] = [];
  let pending: Buffer[] = bare ? [] : [OPEN];
  let pendingBytes = pending.length;
  let length = pendingBytes;
  for (const [index, { bytes }] of events.entries()) {
    if (index > 0) {
      pending.push(COMMA);
      length++;
      pendingBytes++;
    }
    offsets[index] = length;
    pending.push(bytes);
    length += bytes.length;
    pendingBytes += bytes.length;
    if (pendingBytes >= PIECE_BYTES) {
      pieces.push(Buffer.concat(pending));
      pending = [];
      pendingBytes = 0;
    }
  }
  if (!bare) {
    pending.push(CLOSE);
    length++;
  }
  if (pending.length > 0) pieces.push(Buffer.concat(pending));
  const contentId = contentIdOf(description);
  return {
    sequence, tenantId, contentType, contentId, createdMs, lastKeyMs, expiresMs, ids: events.map(({ id }) => id), pieces, length, offsets,
    elementTail: elementTail(contentId, contentType, createdMs, expiresMs),
  };
}

/** The part of a blob from event `from` on: what BEATS saw when a window started inside a blob's range of keys. */
export function partOfBlob(whole: Blob, from: number, keyDigits: string): Blob {
  const firstKeyMs = keyTimeMs(whole, from);
  const body = Buffer.concat([OPEN, Buffer.concat(whole.pieces).subarray(whole.offsets[from])]);
  const contentId = whole.contentId.replace(/^\d+/, keyText(firstKeyMs) + keyDigits);
  return {
    ...whole, contentId, createdMs: firstKeyMs, ids: whole.ids.slice(from), pieces: [body], length: body.length,
    offsets: whole.offsets.subarray(from), elementTail: elementTail(contentId, whole.contentType, firstKeyMs, whole.expiresMs),
  };
}

/** The time in the key of event `index` of a blob. */
export function keyTimeMs({ createdMs, lastKeyMs, ids }: Blob, index: number): number {
  return ids.length < 2 ? createdMs : Math.floor(createdMs + (lastKeyMs - createdMs) * index / (ids.length - 1));
}

/** One element of a content listing, compact as on the wire; `root` is everything before `/audit/` in the contentUri. */
export function listingElement(root: string, tail: string): string {
  return `{"contentUri":"${root}/audit/${tail}`;
}

/** True for what has the shape of a contentId of today or of 2015. */
export function looksLikeContentId(text: string): boolean {
  return /^\d{12,23}\$\d{12,23}\$[\w.-]+(\$[\w.-]+){1,3}$/.test(text);
}

/** A time as the service writes it in listings: milliseconds, UTC. */
export function serviceTime(ms: number): string {
  return new Date(ms).toISOString();
}

function elementTail(contentId: string, contentType: ContentType, createdMs: number, expiresMs: number): string {
  return `${contentId}","contentId":"${contentId}","contentType":"${contentType}","contentCreated":"${serviceTime(createdMs)}","contentExpiration":"${serviceTime(expiresMs)}"}`;
}

function contentIdOf({ contentType, createdMs, lastKeyMs, keyDigits, stamp }: BlobDescription): string {
  const name = contentType.replace('.', '_');
  return `${keyText(createdMs)}${keyDigits}$${keyText(lastKeyMs)}${keyDigits}$${name.toLowerCase()}$${name}$${stamp}`;
}

function keyText(ms: number): string {
  return new Date(ms).toISOString().replace(/\D/g, '');
}
