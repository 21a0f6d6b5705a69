/** Self-signed certificates for tests, made on the spot: no key lies in the repository, and none of them expires with time. */
import { createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

export interface TestCertificate {
  readonly certificate: string;
  readonly key: KeyObject;
  /** PEM of the key in the form asked for. */
  readonly keyPem: (form: 'pkcs1' | 'pkcs8', passphrase?: string) => string;
}

const SHA256_WITH_RSA = Buffer.from('300d06092a864886f70d01010b0500', 'hex');
const SHA256_WITH_EC = Buffer.from('300a06082a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('0603550403', 'hex');

/** Makes a certificate valid between two times; RSA with 2048 bits, and a new key, unless told otherwise. */
export function makeCertificate({ fromMs = Date.now() - 86_400_000, untilMs = Date.now() + 86_400_000, bits = 2048, curve, key, commonName = 'o365audit test' }: { readonly fromMs?: number; readonly untilMs?: number; readonly bits?: number; readonly curve?: string; readonly key?: KeyObject; readonly commonName?: string } = {}): TestCertificate {
  const privateKey = key ?? (curve === undefined ? generateKeyPairSync('rsa', { modulusLength: bits }) : generateKeyPairSync('ec', { namedCurve: curve })).privateKey;
  const publicKey = createPublicKey(privateKey);
  const algorithm = curve === undefined ? SHA256_WITH_RSA : SHA256_WITH_EC;
  const name = sequence(der(0x31, sequence(COMMON_NAME, der(0x0c, Buffer.from(commonName)))));
  const body = sequence(
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    sequence(time(fromMs), time(untilMs)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  const signature = sign('sha256', body, privateKey);
  const certificate = sequence(body, algorithm, der(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    certificate: `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64').replace(/.{64}/g, '$&\n').trimEnd()}\n-----END CERTIFICATE-----\n`,
    key: privateKey,
    keyPem: (form, passphrase) => privateKey.export({
      type: form,
      format: 'pem',
      ...(passphrase === undefined ? {} : { cipher: 'aes-256-cbc', passphrase }),
    }).toString(),
  };
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, Buffer.concat(parts));
}

function der(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const head = length < 0x80 ? [tag, length] : length < 0x100 ? [tag, 0x81, length] : [tag, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), content]);
}

function time(ms: number): Buffer {
  return der(0x18, Buffer.from(`${new Date(ms).toISOString().replace(/[-:T]|\..*/g, '')}Z`));
}
