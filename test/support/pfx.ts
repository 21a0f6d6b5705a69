/** PFX files for tests, made on the spot from a test certificate; Node's own OpenSSL confirms that it is one. */
import { createSecureContext } from 'node:tls';
import forge from 'node-forge/lib/forge.js';
import 'node-forge/lib/pki.js';
import 'node-forge/lib/sha256.js';
import type { TestCertificate } from './certificate.ts';

interface Writing {
  readonly pkcs12: { toPkcs12Asn1(key: object, certificates: readonly object[], passphrase: string, options: { readonly algorithm: string }): Parameters<typeof forge.asn1.toDer>[0] };
  readonly pki: { certificateFromPem(pem: string): object; privateKeyFromPem(pem: string): object };
}

/** The bytes of a PFX with the certificate, its key, and further certificates; AES-256 as OpenSSL 3 writes it, or 3DES as Windows does. */
export function makePfx({ certificate, keyPem }: TestCertificate, passphrase: string, { algorithm = 'aes256', others = [] }: { readonly algorithm?: 'aes256' | '3des'; readonly others?: readonly string[] } = {}): Buffer {
  const { pkcs12, pki } = forge as unknown as Writing;
  const asn1 = pkcs12.toPkcs12Asn1(pki.privateKeyFromPem(keyPem('pkcs1')), [certificate, ...others].map((pem) => pki.certificateFromPem(pem)), passphrase, { algorithm });
  const pfx = Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1');
  createSecureContext({ pfx, passphrase });
  return pfx;
}
