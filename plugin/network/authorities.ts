/** The certificate authorities that are trusted beside the usual ones, such as that of a company's proxy which looks into TLS. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import { failure, reasonOf } from '../errors.ts';

const CERTIFICATE_BLOCKS = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** All that is trusted together with the certificates of the file (PEM). Throws NETWORK_CA_FILE. */
export async function trustedWith(file: string): Promise<readonly string[]> {
  let blocks: readonly string[];
  try {
    blocks = (await readFile(file, 'utf8')).match(CERTIFICATE_BLOCKS) ?? [];
    for (const block of blocks) new X509Certificate(block);
  } catch (error) {
    throw failure('NETWORK_CA_FILE', { file, reason: reasonOf(error) }, error);
  }
  if (blocks.length === 0) throw failure('NETWORK_CA_FILE', { file, reason: 'it holds no BEGIN CERTIFICATE block' });
  // Newer versions of Node say what they trust, NODE_EXTRA_CA_CERTS and the system's store included.
  const { getCACertificates } = tls as { readonly getCACertificates?: (kind: 'default') => readonly string[] };
  return [...getCACertificates?.('default') ?? tls.rootCertificates, ...blocks];
}
