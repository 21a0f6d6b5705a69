/** The application registration that may ask the simulated Entra ID for tokens: its secrets, certificates and federated issuers. */
import { createHash, createPublicKey, X509Certificate, type KeyObject } from 'node:crypto';
import { failure, reasonOf } from '../errors.ts';
import type { Random } from './random.ts';

/** A certificate on the application, found by either of its thumbprints (base64url of the SHA-1 or SHA-256 of the DER). */
export interface RegisteredCertificate {
  readonly sha1: string;
  readonly sha256: string;
  readonly publicKey: KeyObject;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** An issuer whose tokens stand for the application (workload identity federation). */
export interface FederatedCredential {
  readonly issuer: string;
  readonly subject: string;
  readonly audience?: string;
  /** The issuer's public key, PEM. */
  readonly publicKey: string;
}

export interface Application {
  readonly id: string;
  readonly objectId: string;
  /** Several secrets are valid side by side, as during a rollover. */
  readonly secrets: readonly string[];
  readonly certificates: readonly RegisteredCertificate[];
  readonly federated: readonly (FederatedCredential & { readonly key: KeyObject })[];
  setSecrets(secrets: readonly string[]): void;
  /** Registers these certificates (each text may hold several, PEM) in place of all others. Throws SIMULATOR_CERTIFICATE. */
  setCertificates(pems: readonly string[]): void;
  setFederated(credentials: readonly FederatedCredential[]): void;
}

const LEAST_KEY_BITS = 2048;
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

/** An application with an id and one secret, made from the seed; the secret has every character that clients forget to encode. */
export function makeApplication(random: Random): Application {
  let secrets: readonly string[] = [`${random.hex(6)}~${random.hex(8)}.${random.hex(4)}+${random.hex(4)}/&=${random.hex(8)}`];
  let certificates: readonly RegisteredCertificate[] = [];
  let federated: Application['federated'] = [];
  return {
    id: random.guid(),
    objectId: random.guid(),
    get secrets() { return secrets; },
    get certificates() { return certificates; },
    get federated() { return federated; },
    setSecrets: (given) => void (secrets = [...given]),
    setCertificates: (pems) => void (certificates = pems.flatMap(readCertificates)),
    setFederated: (given) => void (federated = given.map((credential) => ({ ...credential, key: createPublicKey(credential.publicKey) }))),
  };
}

function readCertificates(pem: string): RegisteredCertificate[] {
  const texts = pem.match(PEM_CERTIFICATE);
  if (texts === null) throw failure('SIMULATOR_CERTIFICATE', { reason: 'there is no PEM certificate in it' });
  return texts.map((text) => {
    let certificate;
    try {
      certificate = new X509Certificate(text);
    } catch (error) {
      throw failure('SIMULATOR_CERTIFICATE', { reason: reasonOf(error) }, error);
    }
    const { publicKey, raw, validFrom, validTo } = certificate;
    const bits = publicKey.asymmetricKeyDetails?.modulusLength ?? 0;
    if (publicKey.asymmetricKeyType !== 'rsa' || bits < LEAST_KEY_BITS) {
      throw failure('SIMULATOR_CERTIFICATE', { reason: `its key is ${publicKey.asymmetricKeyType ?? 'of no known kind'} of ${bits} bits` });
    }
    const thumbprint = (hash: string): string => createHash(hash).update(raw).digest('base64url');
    return { sha1: thumbprint('sha1'), sha256: thumbprint('sha256'), publicKey, notBeforeMs: Date.parse(validFrom), notAfterMs: Date.parse(validTo) };
  });
}
