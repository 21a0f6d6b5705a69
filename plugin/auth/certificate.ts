/**
 * The certificates that prove who the application is: read from files or from the configuration itself, and checked before anything is sent.
 * https://learn.microsoft.com/entra/identity-platform/certificate-credentials
 */
import { createPrivateKey, X509Certificate, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { failure, reasonOf, systemCodeOf } from '../errors.ts';
import type { CertificateCredential, Clock } from '../types.ts';
import { pemOfPfx } from './pfx.ts';
import { readSecret } from './secret.ts';

/** Entra takes no smaller RSA keys. */
const KEY_BITS_MIN = 2048;
const CERTIFICATE_BLOCKS = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;
const KEY_BLOCKS = /-----BEGIN (?:RSA |EC |ENCRYPTED )?PRIVATE KEY-----[\s\S]+?-----END (?:RSA |EC |ENCRYPTED )?PRIVATE KEY-----/g;
/** Every file in DER, such as PFX, begins with the tag of a sequence. */
const DER_SEQUENCE = 0x30;

export interface ApplicationCertificate {
  /** SHA-256 and SHA-1 of the certificate in hex, as msal-node wants them and Entra shows them. */
  readonly thumbprintSha256: string;
  readonly thumbprintSha1: string;
  /** PKCS#8 PEM, without a passphrase. */
  readonly privateKey: string;
  /** PEM of the certificate, and behind it of the authorities which came with it. */
  readonly chain: string;
  readonly expiresAtMs: number;
}

/**
 * Reads certificates and keys (each a path, or PEM text; keys may stand in the certificates' file, which may be a PFX) and checks that they fit, are
 * strong enough and valid now. Usually there is one; during a rollover the file may hold the old and the new one, each with its key, and
 * the one that is valid longest comes first.
 *
 * Throws AUTH_CERTIFICATE_UNREADABLE, AUTH_KEY_PASSPHRASE, AUTH_KEY_FOREIGN, AUTH_KEY_UNSUITABLE, AUTH_CERTIFICATE_EXPIRED, AUTH_CERTIFICATE_EARLY, or
 * what reading the passphrase throws.
 */
export async function readCertificates(credential: CertificateCredential, clock: Clock, signal?: AbortSignal): Promise<readonly [ApplicationCertificate, ...ApplicationCertificate[]]> {
  const place = placeOf(credential.certificate);
  const passphrase = credential.passphrase === undefined ? undefined : await readSecret(credential.passphrase, 'passphrase of the private key', signal);
  const text = await readPem(credential.certificate, 'certificate', passphrase);
  const blocks = text.match(CERTIFICATE_BLOCKS);
  if (blocks === null) throw failure('AUTH_CERTIFICATE_UNREADABLE', { part: 'certificate', place, reason: 'it holds no BEGIN CERTIFICATE block' });
  const keys = await readKeys(credential, text, passphrase);
  const certificates = blocks.map((block) => parseCertificate(block, place));
  const pairs = certificates.flatMap((certificate) => {
    const key = keys.find((candidate) => certificate.checkPrivateKey(candidate));
    return key === undefined ? [] : [{ certificate, key }];
  }).sort((left, right) => Date.parse(right.certificate.validTo) - Date.parse(left.certificate.validTo));
  const [newest] = pairs;
  if (newest === undefined) throw failure('AUTH_KEY_FOREIGN', { place });
  const authorities = certificates.filter((certificate) => !pairs.some((pair) => pair.certificate === certificate));
  const nowMs = clock.nowMs();
  const [first, ...others] = pairs.filter(({ certificate }) => isValid(certificate, nowMs)).map(({ certificate, key }) => ({
    thumbprintSha256: certificate.fingerprint256.replaceAll(':', ''),
    thumbprintSha1: certificate.fingerprint.replaceAll(':', ''),
    privateKey: key.export({ type: 'pkcs8', format: 'pem' }).toString(),
    chain: [certificate, ...authorities].map((one) => one.toString()).join(''),
    expiresAtMs: Date.parse(certificate.validTo),
  }));
  if (first === undefined) throw outsideItsTime(newest.certificate, place, nowMs);
  return [first, ...others];
}

async function readKeys({ certificate, key }: CertificateCredential, certificateText: string, passphrase: string | undefined): Promise<readonly KeyObject[]> {
  const place = placeOf(key ?? certificate);
  const text = key === undefined ? certificateText : await readPem(key, 'private key', passphrase);
  const blocks = text.match(KEY_BLOCKS);
  if (blocks === null) throw failure('AUTH_CERTIFICATE_UNREADABLE', { part: 'private key', place, reason: 'it holds no BEGIN PRIVATE KEY block' });
  return blocks.map((block) => {
    const object = parseKey(block, passphrase, place);
    const bits = object.asymmetricKeyDetails?.modulusLength ?? 0;
    if (object.asymmetricKeyType !== 'rsa' || bits < KEY_BITS_MIN) {
      throw failure('AUTH_KEY_UNSUITABLE', { place, kind: object.asymmetricKeyType ?? 'unknown', bits, bitsMin: KEY_BITS_MIN });
    }
    return object;
  });
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

function isValid({ validFrom, validTo }: X509Certificate, nowMs: number): boolean {
  return nowMs >= Date.parse(validFrom) && nowMs < Date.parse(validTo);
}

function outsideItsTime({ validFrom, validTo }: X509Certificate, place: string, nowMs: number): Error {
  const hasEnded = nowMs >= Date.parse(validTo);
  return failure(hasEnded ? 'AUTH_CERTIFICATE_EXPIRED' : 'AUTH_CERTIFICATE_EARLY', { place, at: new Date(hasEnded ? validTo : validFrom).toISOString() });
}

async function readPem(source: string, part: string, passphrase: string | undefined): Promise<string> {
  if (isPemText(source)) return source;
  let bytes: Buffer;
  try {
    bytes = await readFile(source);
  } catch (error) {
    // The system's message would repeat the path, and what was meant as a path may be a key pasted without its frame.
    throw failure('AUTH_CERTIFICATE_UNREADABLE', { part, place: placeOf(source), reason: systemCodeOf(error) ?? 'it cannot be opened' });
  }
  return bytes[0] === DER_SEQUENCE ? pemOfPfx(bytes, passphrase, placeOf(source)) : bytes.toString();
}

/** Whether a setting is the text itself, and not the path of a file. */
export function isPemText(source: string): boolean {
  return source.includes('-----BEGIN ');
}

/** How to name a source to the operator without ever quoting a key. */
function placeOf(source: string): string {
  return isPemText(source) || source.includes('\n') || source.length > 512 ? 'the text in the configuration' : source;
}
