/**
 * PFX files (PKCS#12), which is how Windows and Azure Key Vault hand out a certificate with its key. Node reads them for TLS only and never gives the key
 * out, so node-forge opens them; everything after that is the same as with PEM.
 */
import { failure } from '../errors.ts';

/**
 * What is in the file, as PEM.
 *
 * Throws AUTH_KEY_PASSPHRASE when the passphrase does not open it, AUTH_CERTIFICATE_UNREADABLE when it is no PFX.
 */
export async function pemOfPfx(bytes: Buffer, passphrase: string | undefined, place: string): Promise<string> {
  // Loaded when it is needed: hardly anybody does.
  const [{ default: forge }] = await Promise.all([import('node-forge/lib/forge.js'), import('node-forge/lib/pkcs12.js'), import('node-forge/lib/sha256.js'), import('node-forge/lib/sha512.js')]);
  try {
    const { safeContents } = forge.pkcs12.pkcs12FromAsn1(forge.asn1.fromDer(bytes.toString('latin1')), false, passphrase ?? '');
    const pem = (label: string, asn1: Parameters<typeof forge.asn1.toDer>[0]): string =>
      `-----BEGIN ${label}-----\n${Buffer.from(forge.asn1.toDer(asn1).getBytes(), 'latin1').toString('base64')}\n-----END ${label}-----\n`;
    return safeContents.flatMap(({ safeBags }) => safeBags).map(({ key, cert, asn1 }) => {
      if (cert !== undefined && cert !== null) return pem('CERTIFICATE', forge.pki.certificateToAsn1(cert));
      if (key !== undefined && key !== null) return pem('RSA PRIVATE KEY', forge.pki.privateKeyToAsn1(key));
      if (asn1 === undefined) return '';
      return pem(cert === null ? 'CERTIFICATE' : 'PRIVATE KEY', asn1);
    }).join('');
  } catch (error) {
    // A missing or wrong passphrase shows by the file's own checksum, or by what the decrypted part then looks like.
    if (error instanceof Error && /password|decrypt|MAC could not be verified/i.test(error.message)) {
      throw failure('AUTH_KEY_PASSPHRASE', { place, reason: passphrase === undefined ? 'no passphrase is configured' : 'the passphrase does not open it' });
    }
    throw failure('AUTH_CERTIFICATE_UNREADABLE', { part: 'certificate', place, reason: 'it is neither PEM nor a PFX file that can be understood' });
  }
}
