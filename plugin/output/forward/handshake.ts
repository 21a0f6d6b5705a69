/**
 * The handshake of Fluent Forward, by which both sides prove that they know the shared key: HELO from the host, PING from us, PONG from the
 * host. https://github.com/fluent/fluentd/wiki/Forward-Protocol-Specification-v1#handshake-messages
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto';
import { encodeMessage, type Message, splitMessages } from './message.ts';

export interface SharedKey {
  readonly sharedKey: string;
  /** What this side calls itself. Fluentd refuses a client of its own name. */
  readonly selfHostname: string;
}

/** The two directions of a connection, as far as the handshake needs them. */
export interface Exchange {
  readonly messages: AsyncIterator<Message, void>;
  send(parts: readonly Uint8Array[]): void;
}

/** Resolves when the host has shown that it knows the key; rejects with the reason, never with the key. */
export async function shakeHands(exchange: Exchange, key: SharedKey, salt = randomBytes(16).toString('hex')): Promise<void> {
  const nonce = readNonce(await nextMessage(exchange));
  exchange.send([encodePing(nonce, key, salt)]);
  checkPong(await nextMessage(exchange), nonce, key, salt);
}

async function nextMessage(exchange: Exchange): Promise<Message> {
  const next = await exchange.messages.next();
  if (next.done === true) throw new Error('it closed the connection during the handshake: is the shared key the same on both sides?');
  return next.value;
}

/** `["HELO", {"nonce": …, "auth": …, "keepalive": …}]`. */
function readNonce(helo: Message): Uint8Array {
  const [word, options] = Array.isArray(helo.value) ? splitMessages(content(helo.bytes)) : [];
  if (word?.value !== 'HELO' || options === undefined) throw new Error('it did not begin the handshake with HELO');
  const members = splitMessages(content(options.bytes));
  const position = members.findIndex((member, index) => index % 2 === 0 && member.value === 'nonce');
  const nonce = members[position + 1];
  if (position < 0 || nonce === undefined) throw new Error('its HELO has no nonce');
  return content(nonce.bytes);
}

/** `["PING", hostname, salt, digest, user name, password digest]`; no user is sent, a host that wants one says so in its PONG. */
export function encodePing(nonce: Uint8Array, { sharedKey, selfHostname }: SharedKey, salt: string): Uint8Array {
  return encodeMessage(['PING', selfHostname, salt, digest(salt, selfHostname, nonce, sharedKey), '', '']);
}

/** `["PONG", accepted, reason, hostname, digest]`. */
function checkPong(pong: Message, nonce: Uint8Array, { sharedKey }: SharedKey, salt: string): void {
  const [word, accepted, reason, hostname, proof] = Array.isArray(pong.value) ? pong.value as unknown[] : [];
  if (word !== 'PONG') throw new Error('it did not answer PING with PONG');
  if (accepted !== true) throw new Error(`it refused the handshake: ${typeof reason === 'string' ? reason.slice(0, 200) : 'no reason given'}`);
  const expected = digest(salt, String(hostname), nonce, sharedKey);
  if (typeof proof !== 'string' || proof.length !== expected.length || !timingSafeEqual(Buffer.from(proof, 'latin1'), Buffer.from(expected, 'latin1'))) {
    throw new Error('it does not know the shared key');
  }
}

function digest(salt: string, hostname: string, nonce: Uint8Array, sharedKey: string): string {
  return createHash('sha512').update(salt).update(hostname).update(nonce).update(sharedKey).digest('hex');
}

/**
 * What stands behind the header of a value. The nonce is read this way and not as msgpackr decodes it, for it is text in Fluent Bit, binary in
 * Fluentd, and random bytes in both.
 */
function content(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(LONG_HEADERS.get(bytes[0] ?? 0) ?? 1);
}

/** Texts, binaries, arrays and maps whose length does not fit into their first byte: from that byte to the header's length. */
const LONG_HEADERS = new Map([[0xc4, 2], [0xd9, 2], [0xc5, 3], [0xda, 3], [0xdc, 3], [0xde, 3], [0xc6, 5], [0xdb, 5], [0xdd, 5], [0xdf, 5]]);
