/**
 * The certificate that proves who the application is: read from files or from the configuration itself, and checked before anything is sent.
 * https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { failure, reasonOf } from '../errors.ts';
import type { Clock, Credential } from '../types.ts';

/** Entra takes no smaller RSA keys. */
const KEY_BITS_MIN = 2048;
const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const KEY_BLOCK = /-----BEGIN (?:RSA |EC |ENCRYPTED )?PRIVATE KEY-----[\s\S]+?-----END (?:RSA |EC |ENCRYPTED )?PRIVATE KEY-----/;

export interface ApplicationCertificate {
  /** SHA-256 of the certificate in hex, as msal-node wants it. */
  readonly thumbprintSha256: string;
  /** PKCS#8 PEM, without a passphrase. */
  readonly privateKey: string;
  readonly expiresAtMs: number;
}

/**
 * Reads certificate and key (each a path, or PEM text; the key may stand in the certificate's file) and checks that they fit, are strong enough
 * and valid now.
 *
 * Throws AUTH_CERTIFICATE_UNREADABLE, AUTH_KEY_PASSPHRASE, AUTH_KEY_FOREIGN, AUTH_KEY_UNSUITABLE, AUTH_CERTIFICATE_EXPIRED or AUTH_CERTIFICATE_EARLY.
 */
export async function readCertificate(credential: Extract<Credential, { kind: 'certificate' }>, clock: Clock): Promise<ApplicationCertificate> {
  const place = placeOf(credential.certificate);
  const text = await readPem(credential.certificate, 'certificate');
  const blocks = text.match(CERTIFICATE_BLOCK);
  if (blocks === null) throw failure('AUTH_CERTIFICATE_UNREADABLE', { part: 'certificate', place, reason: 'it holds no BEGIN CERTIFICATE block' });
  const key = await readKey(credential, text);
  // A file may hold a whole chain: the application's own certificate is the one that the key belongs to.
  // If it was renewed with the same key, the newest counts.
  const [certificate] = blocks.map((block) => parseCertificate(block, place)).filter((candidate) => candidate.checkPrivateKey(key))
    .sort((left, right) => Date.parse(right.validTo) - Date.parse(left.validTo));
  if (certificate === undefined) throw failure('AUTH_KEY_FOREIGN', { place });
  checkTime(certificate, place, clock.nowMs());
  return {
    thumbprintSha256: certificate.fingerprint256.replaceAll(':', ''),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    expiresAtMs: Date.parse(certificate.validTo),
  };
}

async function readKey({ certificate, key, passphrase }: Extract<Credential, { kind: 'certificate' }>, certificateText: string): Promise<KeyObject> {
  const place = placeOf(key ?? certificate);
  const text = key === undefined ? certificateText : await readPem(key, 'private key');
  const block = KEY_BLOCK.exec(text)?.[0];
  if (block === undefined) throw failure('AUTH_CERTIFICATE_UNREADABLE', { part: 'private key', place, reason: 'it holds no BEGIN PRIVATE KEY block' });
  const object = parseKey(block, passphrase, place);
  const bits = object.asymmetricKeyDetails?.modulusLength ?? 0;
  if (object.asymmetricKeyType !== 'rsa' || bits < KEY_BITS_MIN) {
    throw failure('AUTH_KEY_UNSUITABLE', { place, kind: object.asymmetricKeyType ?? 'unknown', bits, bitsMin: KEY_BITS_MIN });
  }
  return object;
}

function parseKey(block: string, passphrase: string | undefined, place: string): KeyObject {
  try {
    return createPrivateKey(passphrase === undefined ? block : { key: block, passphrase });
  } catch (error) {
    const encrypted = block.includes('ENCRYPTED');
    // OpenSSL's own words differ from version to version, so what is wrong is told from what was given.
    if (encrypted) throw failure('AUTH_KEY_PASSPHRASE', { place, reason: passphrase === undefined ? 'no passphrase is configured' : 'the passphrase does not open it' });
    throw failure('AUTH_CERTIFICATE_UNREADABLE', { part: 'private key', place, reason: reasonOf(error) });
  }
}

function parseCertificate(block: string, place: string): X509Certificate {
  try {
    return new X509Certificate(block);
  } catch (error) {
    throw failure('AUTH_CERTIFICATE_UNREADABLE', { part: 'certificate', place, reason: reasonOf(error) });
  }
}

function checkTime(certificate: X509Certificate, place: string, nowMs: number): void {
  const startMs = Date.parse(certificate.validFrom);
  const endMs = Date.parse(certificate.validTo);
  if (nowMs >= endMs) throw failure('AUTH_CERTIFICATE_EXPIRED', { place, at: new Date(endMs).toISOString() });
  if (nowMs < startMs) throw failure('AUTH_CERTIFICATE_EARLY', { place, at: new Date(startMs).toISOString() });
}

async function readPem(source: string, part: string): Promise<string> {
  if (isText(source)) return source;
  try {
    return await readFile(source, 'utf8');
  } catch (error) {
    throw failure('AUTH_CERTIFICATE_UNREADABLE', { part, place: placeOf(source), reason: systemReason(error) });
  }
}

/** The system's name for what went wrong; its message would repeat the path, and what was meant as a path may be a key pasted without its frame. */
function systemReason(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'it cannot be opened';
}

function isText(source: string): boolean {
  return source.includes('-----BEGIN ');
}

/** How to name a source to the operator without ever quoting a key. */
function placeOf(source: string): string {
  return isText(source) || source.includes('\n') || source.length > 512 ? 'the text in the configuration' : source;
}
